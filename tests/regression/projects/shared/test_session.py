"""What is made once for a session is made by each worker; what is made once for a run is not."""

import uuid

import pytest


@pytest.fixture(scope="session")
def price_list():
    return uuid.uuid4().hex


# pattern: made once for a run, whatever the number of workers [human]
def print_price_list():
    return {"number": uuid.uuid4().hex}


@pytest.fixture(scope="session")
def only_price_list(once_per_run):
    return once_per_run("price list", print_price_list)


# end of pattern


def test_session(price_list, note):
    note(list=price_list)


def test_run(only_price_list, note, meet):
    note(list=only_price_list["number"])
    meet("has the list")
