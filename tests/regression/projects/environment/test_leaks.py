"""A test writes, and the next one finds it: in the same worker."""

import os

import settings


def test_writes(meet):
    if os.environ["PYTEST_XDIST_WORKER"] == "gw0":
        os.environ["WRITTEN"] = "yes"
    meet("written")


def test_after_writing():
    pass


def test_monkeypatch(monkeypatch):
    monkeypatch.setenv("WRITTEN_BY_MONKEYPATCH", "yes")


# pattern: an environment that the next test finds as it was [HRM101]
def test_worker_environ(worker_environ):
    worker_environ["WRITTEN_IN_FIXTURE"] = "yes"
    assert os.environ["WRITTEN_IN_FIXTURE"] == "yes"


# end of pattern


def test_code_under_test_is_lent_the_environment(worker_environ):
    settings.choose("south")


def test_code_under_test_writes():
    settings.choose("south")


def test_after_the_code_under_test():
    pass
