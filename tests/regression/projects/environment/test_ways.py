"""Four ways to write, beside the usual one. The last one runs last: it leaves nothing."""

import os

from hermetic.workers import isolated_environment


# pattern: code that does anything to the environment [HRM101]
def test_lent():
    with isolated_environment():
        os.environ.pop("POPPED", None)
        os.environ.clear()
        os.environ.update(UPDATED="new")
        os.environ |= {"ADDED": "new"}
        assert dict(os.environ) == {"UPDATED": "new", "ADDED": "new"}


# end of pattern


def test_pops():
    os.environ.pop("POPPED")


def test_updates():
    os.environ.update(UPDATED="new")


def test_adds():
    os.environ |= {"ADDED": "new"}


def test_clears():
    os.environ.clear()


def test_at_the_end():
    pass
