"""What the meta-tests start with: the folder of the kept results, and two processes to run in."""

from __future__ import annotations

import pytest
from tests.utils import meta

WORKERS = 2


@pytest.hookimpl(tryfirst=True)  # before xdist reads it
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run in two processes unless told otherwise: what waits for a single child of its own leaves a processor idle.

    What two of these tests need, one of them produces, and the other waits for it: `meta.kept` sees to that.
    """
    option = config.option
    alone = option.usepdb or option.collectonly or hasattr(config, "workerinput")
    if option.numprocesses is None and not alone:
        # One after the other, in the order in which they stand: the last are quick once the others have been.
        option.numprocesses, option.dist, option.maxschedchunk = WORKERS, "load", 1


def pytest_collection_finish() -> None:
    """Make the folder before a test begins: one that made it would leave a path behind."""
    meta.cache_folder().mkdir(parents=True, exist_ok=True)
