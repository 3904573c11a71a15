"""One test may set a handler of a signal, and no other."""

import signal

import pytest


# pattern: one test may break one rule [human]
@pytest.mark.hermetic(allow=["HRM106"])
def test_allow_pattern():
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN


# end of pattern


def test_allow_stays():
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN


def test_allow_polluter():
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # leak HRM106
    assert signal.getsignal(signal.SIGUSR2) is signal.SIG_IGN


@pytest.mark.hermetic(allow=["HRM101"])
def test_allow_other():
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # leak HRM106
    assert signal.getsignal(signal.SIGUSR2) is signal.SIG_IGN
