"""What the suite's own hooks write: the books that a conftest keeps of its tests are nobody's leak.

pytest calls a hook for each test of each process, so what it writes is there whatever ran before. Only asked where
something of a file of tests has changed.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from hermetic.guard._words import is_in_tests
from hermetic.guard._written import Written, functions_from, written_by, written_by_test
from hermetic.guard.places import is_test_file
from hermetic.guard.probe import MOMENT

if TYPE_CHECKING:
    import pytest

    from hermetic.guard._holders import Holder

FOR_TESTS = ("pytest_runtest_", "pytest_fixture_", "pytest_pyfunc_call")  # how the names of those around a test begin


def is_kept_by_hooks(holder: Holder, name: str, *, filled: bool = False) -> bool:
    """Tell whether a hook of the suite writes a name of a file of tests, and the code of the test does not.

    `filled` says that a container behind the name has changed: whoever mentions it may have written to it.
    """
    item = MOMENT.item
    if item is None or not is_in_tests(holder):
        return False
    by_hooks = written_by_hooks(item.config)
    if not filled:
        return name in by_hooks.names and name not in written_by_test(item).names
    return name in by_hooks.mentioned and name not in written_by_test(item).mentioned


@functools.lru_cache(maxsize=1)
def written_by_hooks(config: pytest.Config) -> Written:
    """Return what the hooks of the suite write that run for each test, and what they mention."""
    return written_by(functions_from(hooks_of(config)))


def hooks_of(config: pytest.Config) -> list[object]:
    """Return the functions in files of tests that pytest calls around each test."""
    names = [name for name in vars(config.hook) if name.startswith(FOR_TESTS)]
    functions = [one.function for name in names for one in getattr(config.hook, name).get_hookimpls()]
    codes = [getattr(getattr(one, "__func__", one), "__code__", None) for one in functions]
    pairs = zip(functions, codes, strict=True)
    return [one for one, code in pairs if code is not None and is_test_file(code.co_filename)]
