"""A brittle test: it passes only because of what another test has left."""

import pytest
import shop


def test_order_brittle_first():
    assert shop.price("cake") == 3


def test_order_setter():
    shop.PRICES["cake"] = 3  # leak HRM601
    assert shop.price("cake") == 3


def test_order_brittle_later():
    assert shop.price("cake") == 3


# pattern: a test that brings what it needs [human]
@pytest.fixture
def cake(monkeypatch):
    monkeypatch.setitem(shop.PRICES, "pie", 5)


def test_order_pattern(cake):
    assert shop.price("pie") == 5


# end of pattern
