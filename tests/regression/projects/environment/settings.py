"""The code under test."""

import functools
import os


def choose(region):
    """Remember a region for all that follows."""
    os.environ["SHOP_REGION"] = region


def log_in():
    """Keep a token where other parts of the program look for it."""
    os.environ.setdefault("SHOP_TOKEN", "secret")


@functools.lru_cache
def currency():
    """Return the currency of this installation, whether its name is written small or large.

    Which variable that is, no linter reads off this: the guard has to say which line has filled the cache.
    """
    return {name.lower(): value for name, value in os.environ.items()}["currency"]
