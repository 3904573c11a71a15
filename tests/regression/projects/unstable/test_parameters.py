"""Parameters from a set: in another order in each process, since the hashes of strings are others in each."""

import pytest

NAMES = {"tea", "milk", "cake", "bread", "butter", "jam", "salt", "rice", "oil", "egg"}


@pytest.mark.parametrize("name", NAMES)  # leak HRM701
def test_price(name):
    assert name


@pytest.mark.parametrize("name", sorted(NAMES))
def test_sorted(name):
    assert name
