"""HRM601: a test changes a module's table, and the next one reads it."""

import shop


# pattern: another entry in a module's table for one test [HRM601]
def test_module_state_pattern(monkeypatch):
    monkeypatch.setitem(shop.PRICES, "milk", 0)
    assert shop.price("milk") == 0


# end of pattern


def test_module_state_after_pattern():
    assert shop.price("milk") == 2


def test_module_state_polluter():
    shop.enter("prices", "milk", 0)
    assert shop.price("milk") == 0


def test_module_state_victim():
    assert shop.price("milk") == 2
