"""Two fixtures of one name: the second takes the place of the first, and the till is never emptied."""

import pytest
import till


@pytest.fixture(autouse=True)
def prepared():
    till.TAKEN.clear()


def test_first_sale(note):
    till.TAKEN.append(4)
    note(taken=till.TAKEN)


@pytest.fixture(autouse=True)
def prepared():  # leak HRM401
    till.OPEN = True


def test_second_sale(note):
    till.TAKEN.append(2)
    note(taken=till.TAKEN)
