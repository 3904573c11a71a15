"""The right place, and two names."""

import pytest
import till


# pattern: fixtures for all tests of a folder, in its conftest.py [HRM402]
@pytest.fixture(scope="session", autouse=True)
def good_currency():
    till.CURRENCY[:] = ["EUR"]


@pytest.fixture(autouse=True)
def empty_till():
    till.TAKEN.clear()


@pytest.fixture(autouse=True)
def open_till():
    till.OPEN = True


# end of pattern
