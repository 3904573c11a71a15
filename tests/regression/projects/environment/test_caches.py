"""A cached setting outlives the environment that it was read from."""

import pytest
import settings


# pattern: a setting that is read once, for a test that changes it [HRM602]
@pytest.fixture
def yen(worker_environ):
    worker_environ["CURRENCY"] = "yen"
    settings.currency.cache_clear()
    yield
    settings.currency.cache_clear()


# end of pattern


def test_cleared(yen, note):
    note(currency=settings.currency())


def test_after_cleared(note):
    note(currency=settings.currency())
    settings.currency.cache_clear()


def test_filled(monkeypatch, note):
    monkeypatch.setenv("CURRENCY", "yen")
    note(currency=settings.currency())  # fills the cache


def test_after_filled(note):
    note(currency=settings.currency())
