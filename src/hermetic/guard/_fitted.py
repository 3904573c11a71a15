"""A repair for the place where it has to stand: a test, a method of unittest, a fixture of wider scope, an import."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from hermetic.guard.describe import ABSENT

if TYPE_CHECKING:
    import pytest

    from hermetic.guard.probe import Change

PATCHER = "monkeypatch."  # what a repair begins with that asks for the fixture of that name
CONTEXT = "pytest.MonkeyPatch.context()"
KINDS = (list, set)
SETUPS = {
    "setup_module": "teardown_module",
    "setup_class": "teardown_class",
    "setUpClass": "tearDownClass",
    "setUpModule": "tearDownModule",
}


def fitted(line: str, item: pytest.Item | None, owner: str, *, at_import: bool) -> str:
    """Return a repair as the test or fixture can use it that changed the state; most lines stay as they are.

    `monkeypatch` belongs to one test: a fixture of wider scope, or the import of a file, cannot have it.
    """
    if not line.startswith(PATCHER):
        return line
    call = seen_from(line.removeprefix(PATCHER), item)
    if at_import:
        return f"in a fixture: {PATCHER}{call}"
    if owner in SETUPS:
        return f"patch = pytest.MonkeyPatch(); patch.{call}, and patch.undo() in {SETUPS[owner]}"
    if owner:
        return f"with {CONTEXT} as patch: patch.{call}; yield"
    if isinstance(getattr(item, "instance", None), unittest_case()):
        return f"self.enterContext({CONTEXT}).{call}"
    return f"{PATCHER}{call}"


def seen_from(call: str, item: pytest.Item | None) -> str:
    """Write names of the file of the test as that file itself knows them."""
    name = re.escape(getattr(getattr(item, "module", None), "__name__", ""))
    if not name:
        return call
    call = re.sub(rf"(?<![\w.\"']){name}(?=, )", "sys.modules[__name__]", call)
    return re.sub(rf"(?<![\w.\"']){name}\.", "", call)


def in_place(change: Change, item: pytest.Item | None) -> str:
    """Return how a list or set gets its old content back where the file of the test holds it under a name of its own.

    To give the module a copy would leave the test with the old one. "" where the file has no such name.
    """
    holder, _, name = change.state.rpartition(".")
    module = getattr(item, "module", None)
    if module is None or holder == module.__name__:
        return ""
    held = vars(module).get(name)
    sides = [one for one in (change.before, change.after) if one is not ABSENT]
    if type(held) not in KINDS or not sides or any(type(one) not in KINDS for one in sides):
        return ""
    back = f"{name}[:] = before" if type(held) is list else f"{name}.clear(); {name}.update(before)"
    return f"in a fixture: before = {name}.copy(); yield; {back}"


def unittest_case() -> type | tuple[()]:
    """Return the class of the tests of unittest; nothing where that is not imported."""
    return getattr(sys.modules.get("unittest"), "TestCase", ())
