"""HRM109: a test leaves a timer, which goes off while another test runs."""

import threading


def timers():
    return [one for one in threading.enumerate() if isinstance(one, threading.Timer) and not one.finished.is_set()]


def remind():
    timer = threading.Timer(30, print, ["your basket is still full"])
    timer.daemon = True
    timer.start()  # leak HRM109
    return timer


# pattern: a timer that ends with its test [HRM109]
def test_running_pattern():
    timer = remind()
    try:
        assert timer in timers()
    finally:
        timer.cancel()
        timer.join()


# end of pattern


def test_running_after_pattern():
    assert timers() == []


def test_running_polluter():
    assert remind() in timers()


def test_running_victim():
    assert timers() == []
