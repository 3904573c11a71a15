"""HRM106: a test sets how long sockets wait, and the next one's do not wait long enough."""

import socket

import pytest


def patience():
    with socket.socket() as connection:
        return connection.gettimeout()


# pattern: a setting of the interpreter for one test [HRM106]
@pytest.fixture
def impatient():
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(0.5)
    yield
    socket.setdefaulttimeout(before)


def test_settings_pattern(impatient):
    assert patience() == 0.5


# end of pattern


def test_settings_after_pattern():
    assert patience() is None


def test_settings_polluter():
    socket.setdefaulttimeout(0.5)  # leak HRM106
    assert patience() == 0.5


def test_settings_victim():
    assert patience() is None
