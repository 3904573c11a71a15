"""One test leaks, and forty that run after it find what it left."""

import pytest
import shop


def test_forty_polluter():
    shop.STOCK["tea"] = 0  # leak HRM601
    assert not shop.STOCK["tea"]


@pytest.mark.parametrize("number", range(40))
def test_forty_victim(number):
    assert shop.STOCK["tea"] == 9
