"""HRM308: a test replaces a function, and the next one calls the stub."""

import shop


# pattern: another function for one test [HRM308]
def test_replaced_pattern(monkeypatch):
    monkeypatch.setattr(shop, "ship", lambda order: f"{order} by hand")
    assert shop.ship("tea") == "tea by hand"


# end of pattern


def test_replaced_after_pattern():
    assert shop.ship("tea") == "tea by mail"


def test_replaced_polluter():
    shop.ship = lambda order: f"{order} by hand"  # leak HRM308
    assert shop.ship("tea") == "tea by hand"


def test_replaced_victim():
    assert shop.ship("tea") == "tea by mail"
