"""HRM603: a test changes an attribute of a class, and the next one's objects have it."""

from shop import Basket


# pattern: another attribute of a class for one test [HRM603]
def test_class_state_pattern(monkeypatch):
    monkeypatch.setattr(Basket, "limit", 1)
    assert Basket().limit == 1


# end of pattern


def test_class_state_after_pattern():
    assert Basket().limit == 10


def test_class_state_polluter():
    Basket.limit = 1  # leak HRM603
    assert Basket().limit == 1


def test_class_state_victim():
    assert Basket().limit == 10
