"""HRM107: a test sets the arguments of the program, and the next one runs with them."""

import sys

import shop


# pattern: arguments of the program for one test [HRM107]
def test_streams_pattern(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["shop", "--dry-run"])
    assert shop.options().dry_run


# end of pattern


def test_streams_after_pattern():
    assert not shop.options().dry_run


def test_streams_polluter():
    sys.argv = ["shop", "--dry-run"]  # leak HRM107
    assert shop.options().dry_run


def test_streams_victim():
    assert not shop.options().dry_run
