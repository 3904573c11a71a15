"""HRM403: a test changes what a module-scoped fixture gave, and the next one gets it so."""

import pytest


@pytest.fixture(scope="module")
def menu():
    return ["tea", "milk"]  # slow to make: once for all tests of the file


# pattern: a copy for each test of what is made once [HRM403]
@pytest.fixture
def own_menu(menu):
    return menu.copy()


def test_shared_fixtures_pattern(own_menu):
    own_menu.append("cake")
    assert len(own_menu) == 3


# end of pattern


def test_shared_fixtures_after_pattern(menu):
    assert menu == ["tea", "milk"]


def test_shared_fixtures_polluter(menu):
    menu.append("cake")  # leak HRM403
    assert len(menu) == 3


def test_shared_fixtures_victim(menu):
    assert menu == ["tea", "milk"]
