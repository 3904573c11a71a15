"""HRM104: a test makes a module impossible to import, and the next one needs it."""

import sys

import pytest
import shop


# pattern: a module that is not installed, for one test [HRM104]
def test_modules_pattern(monkeypatch):
    monkeypatch.setitem(sys.modules, "tax", None)
    with pytest.raises(ImportError):
        shop.tax_rate()


# end of pattern


def test_modules_after_pattern():
    assert shop.tax_rate() == 7


def test_modules_polluter():
    sys.modules["tax"] = None  # leak HRM104
    with pytest.raises(ImportError):
        shop.tax_rate()


def test_modules_victim():
    assert shop.tax_rate() == 7
