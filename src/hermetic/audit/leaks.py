"""What the linter and the guard say about the suite, as findings of one kind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hermetic import config
from hermetic.catalogue import registry
from hermetic.finding import Finding
from hermetic.lint import discovery, selection
from hermetic.lint.engine import Engine
from hermetic.lint.incomplete import IncompleteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIELDS = (
    "code", "name", "message", "path", "line", "column", "end_line", "end_column", "layer", "test", "line_reason",
    "owner", "state", "before", "after",
)  # fmt: skip


def linted(arguments: Sequence[str]) -> tuple[list[Finding], list[str]]:
    """Return what the linter finds in the files that pytest is given, with notes on what could not be read."""
    named = [path for path in (word.partition("::")[0] for word in arguments) if is_code(path)]
    try:
        settings = config.load(named[0] if named else ".")
        engine = Engine(settings, selection.choose(registry.all_entries(), settings))
        paths = discovery.discover(named or ["."], settings)
        return engine.check(paths), []
    except IncompleteError as error:
        return error.findings, [f"left out: {failure}" for failure in error.failures]
    except config.CannotRunError as error:
        return [], [f"left out: the linter, since {error}"]


def is_code(word: str) -> bool:
    """Tell whether an argument names something to collect."""
    return not word.startswith("-") and (os.path.isdir(word) or (word.endswith(".py") and os.path.isfile(word)))


def guarded(records: Iterable[dict[str, Any]]) -> list[Finding]:
    """Return what the guard wrote into its report, as findings."""
    repairs: dict[str, str] = {}
    found = []
    for record in records:
        code = str(record["code"])
        if code not in repairs:
            repairs[code] = next((e.load().repair for e in registry.all_entries() if e.code == code), "")
        known = {name: record[name] for name in FIELDS if record.get(name) is not None}
        found.append(Finding(**{"line": 0, **known}, repair=repairs[code]))
    return found


def together(guard: list[Finding], lint: list[Finding]) -> list[Finding]:
    """Return all findings once: what the guard has seen need not be guessed from the source."""
    seen = {(item.code, item.path, item.line) for item in guard}
    return guard + [item for item in lint if (item.code, item.path, item.line) not in seen]
