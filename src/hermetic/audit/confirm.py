"""The proof: plain pytest in a new interpreter, on a fresh copy of the tree, with nothing but the named tests."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

from hermetic.audit import tree
from hermetic.audit.lab import BAD, OutOfBudgetError
from hermetic.audit.processes import attend, moved, read
from hermetic.audit.witness import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.lab import Lab


def words(lab: Lab, tests: Sequence[int]) -> list[str]:
    """Return the arguments of pytest for some tests, in this order, as for the folder of the call."""
    given = [word for word in lab.given if word not in lab.paths]
    return [*lab.plain, *given, *lab.extra, *(argument(lab, test) for test in tests)]


def argument(lab: Lab, test: int) -> str:
    """Return how a test is named on the command line: node ids are relative to pytest's root folder."""
    path, separator, rest = lab.tests[test].id.partition("::")
    return os.path.normpath(os.path.join(lab.root, path)).replace(os.sep, "/") + separator + rest


def command(lab: Lab, tests: Sequence[int]) -> str:
    """Return the command that runs tests in this order, quoted for the shell."""
    return shlex.join(["python", "-m", "pytest", *words(lab, tests)])


def fresh(lab: Lab, tests: Sequence[int]) -> str:
    """Run tests as a user would, and return how the last one ended, "" where it did not run."""
    key = json.dumps(["fresh", *tests])
    known = lab.journal.known.get(key) if lab.journal is not None else None
    if known is None:
        if lab.is_over():
            raise OutOfBudgetError
        known = run(lab, tests)
        if lab.journal is not None:
            lab.journal.add(key, known)
    return str(known)


def run(lab: Lab, tests: Sequence[int]) -> str:
    """Run tests in a fresh copy."""
    home = os.path.join(lab.home, "fresh")
    copy, temp, told = (os.path.join(home, name) for name in ("tree", "t", "told"))
    tree.remove(home)
    os.makedirs(temp)
    tree.copy(lab.place.top, lab.files, copy)
    tree.copy_compiled(lab.tree, copy)
    given = [moved(word, lab.place.top, copy) for word in words(lab, tests)]
    with open(os.path.join(home, "log"), "wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the user's own pytest
            [sys.executable, "-m", "pytest", "-p", "hermetic.audit.witness", *given],
            cwd=lab.place.within(copy),
            env=lab.surroundings(copy) | {"TMPDIR": temp, VARIABLE: told},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    code = attend(process, told, lab.patience)
    status = ended(read(told), lab.tests[tests[-1]].id, stopped=code is None)
    tree.remove(home)
    return status


def ended(told: str, test: str, *, stopped: bool) -> str:
    """Return how a test ended, by what the witness wrote."""
    seen = [what for nodeid, what in map(json.loads, told.splitlines()) if nodeid == test]
    if not seen:
        return ""
    if "end" not in seen:
        return "hang" if stopped else "crash"
    return "fail" if "failed" in seen else "skip" if "skipped" in seen else "pass"


def confirmed(lab: Lab, culprits: Sequence[int], victim: int, *, brittle: bool) -> bool:
    """Tell whether fresh runs show that a test ends otherwise after others than it does alone."""
    alone, after = fresh(lab, [victim]), fresh(lab, [*culprits, victim])
    if not alone or not after:
        return False
    return alone in BAD and after == "pass" if brittle else alone not in BAD and after in BAD
