"""The environment."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard.describe import ABSENT, Described, hidden
from hermetic.guard.places import getframe
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

CURRENT = "PYTEST_CURRENT_TEST"  # pytest writes it before each phase
OWN = frozenset({CURRENT, CURRENT.encode()})


class View(NamedTuple):
    """`os.environ` itself, a copy of what it holds, and where the environment of child processes differs from it."""

    environ: Any
    held: dict[Any, Any]
    apart: dict[str, str | None]


class EnvironProbe(Probe[View]):
    """`os.environ`, and what `os.putenv` and `os.unsetenv` change behind its back."""

    code = "HRM101"
    events = ("os.putenv", "os.unsetenv")
    at_import = True
    between = True

    def __init__(self) -> None:
        self.apart: dict[str, str | None] = {}  # for children only: name -> value, None for removed
        self.last: View | None = None

    def snapshot(self) -> View:
        """Copy the mapping behind `os.environ`, which holds encoded names and values on POSIX, if it was written to."""
        environ, last = os.environ, self.last
        if not self.stirred and last is not None and environ is last.environ and type(environ) is KIND:
            return last
        self.stirred = not self.hearing
        held = dict(getattr(environ, "_data", environ))
        for name in OWN:
            held.pop(name, None)
        if last is None or environ is not last.environ or held != last.held or self.apart != last.apart:
            self.last = last = View(environ, held, self.apart.copy())
        return last

    def changes(self, before: View, after: View) -> Iterator[Change]:
        """Compare variable by variable; a mapping of another kind in its place is one change: it hears no writes."""
        if type(before.environ) is not type(after.environ):
            undo = functools.partial(setattr, os, "environ", before.environ)
            yield Change("os.environ", kind_of(before.environ), kind_of(after.environ), undo)
            return
        if before.held != after.held:
            for name in sorted(before.held.keys() | after.held.keys()):
                old, new = (decoded(view.held.get(name)) for view in (before, after))
                if old != new:
                    key = str(decoded(name))
                    undo = functools.partial(put_back, key, old)
                    yield Change(f"os.environ[{key!r}]", shown(key, old), shown(key, new), undo, key)
        if before.apart != after.apart:
            yield from self.apart_changes(before.apart, after.apart)

    def apart_changes(self, before: dict[str, str | None], after: dict[str, str | None]) -> Iterator[Change]:
        """Compare what only child processes see."""
        for key in sorted(before.keys() | after.keys()):
            seen = decoded(os.environ.get(key))
            old, new = before.get(key, seen), after.get(key, seen)
            if old != new:
                undo = functools.partial(self.put_back_apart, key)
                yield Change(f"putenv({key!r})", shown(key, old), shown(key, new), undo, key)

    def heard(self, event: str, args: tuple[object, ...]) -> Hashable:
        """Note a write by the variable's name; learn whether it went past `os.environ`."""
        if args[0] in OWN:  # four times a test
            return None
        self.stirred = True
        key = str(decoded(args[0]))
        caller = getframe(3).f_code  # heard, hear and the hook are between
        if caller is SET or caller is DELETE:
            self.apart.pop(key, None)
        else:
            value = str(decoded(args[1])) if event == "os.putenv" else None
            self.apart[key] = value
            if os.environ.get(key) == value:
                del self.apart[key]
        return key

    def put_back_apart(self, key: str) -> None:
        """Let child processes see what `os.environ` says."""
        value = os.environ.get(key)
        if value is None:
            os.unsetenv(key)
        else:
            os.putenv(key, value)
        self.apart.pop(key, None)


KIND = type(os.environ)  # whose writes are heard; those of a plain dictionary in its place are not
SET = KIND.__setitem__.__code__
DELETE = KIND.__delitem__.__code__


def decoded(value: object) -> str | None:
    """Return a name or a value as text."""
    return os.fsdecode(value) if isinstance(value, bytes) else value if isinstance(value, str) else None


def kind_of(environ: object) -> Described:
    """Return what kind of mapping stands for the environment; what it holds may be secret, and is much."""
    return Described(f"a mapping of type {type(environ).__qualname__}")


def shown(key: str, value: str | None) -> object:
    """Return a value as it is reported."""
    return ABSENT if value is None else hidden(key, value)


def put_back(key: str, value: str | None) -> None:
    """Give a variable its old value."""
    if value is None:
        os.environ.pop(key, None)
    else:
        os.environ[key] = value
