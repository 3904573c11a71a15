"""A variable that is not there is deleted, so that it is not there; then the code under test sets it."""

import os

import pytest
import settings


# pattern: a variable that must be absent while code runs that may set it [HRM101]
@pytest.fixture
def no_token(worker_environ):
    worker_environ.pop("SHOP_TOKEN", None)


# end of pattern


def test_absent(no_token):
    settings.log_in()
    assert os.environ["SHOP_TOKEN"] == "secret"


def test_recorded_by_setting_it_first(monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "")
    monkeypatch.delenv("SHOP_TOKEN")
    settings.log_in()
    assert os.environ["SHOP_TOKEN"] == "secret"


def test_trap(monkeypatch):
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    settings.log_in()
    assert os.environ["SHOP_TOKEN"] == "secret"


def test_after_the_trap():
    pass
