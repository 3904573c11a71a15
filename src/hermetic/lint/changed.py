"""What changed files bring in: the findings in them, and those that come from comparing them with the other files."""

from __future__ import annotations

import os

from hermetic.catalogue.registry import is_foreign
from hermetic.lint import discovery
from hermetic.lint.engine import COMPARING, Engine
from hermetic.lint.keeping import Keeping
from hermetic.lint.selection import Selection
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.catalogue.registry import Entry
    from hermetic.config import Settings
    from hermetic.finding import Finding


def check(paths: list[str], settings: Settings, selection: Selection, *, cached: bool = False) -> list[Finding]:
    """Return what a check of the current folder finds because of these files.

    `cached`: with what earlier runs have worked out about other files, and for later ones.
    """
    engine = Engine(settings, selection)
    keeping = Keeping(engine, paths) if cached and not is_foreign(selection.entries) else None
    findings = engine.check(paths)
    if keeping is not None:
        keeping.keep(findings)
    found = {item.place: item for item in findings}
    for item in by_comparison(paths, settings, selection):
        found.setdefault(item.place, item)
    return sorted(found.values(), key=lambda item: item.place)


def by_comparison(paths: list[str], settings: Settings, selection: Selection) -> list[Finding]:
    """Return what the comparing rules find in these files or, only since these files are there, in others."""
    entries = [entry for entry in selection.entries if entry.code in COMPARING]
    codes = frozenset(entry.code for entry in entries)
    narrowed = Selection(entries, selection.presets, codes, selection.ignored, selection.known)
    without, complete = Engine(settings, narrowed), Engine(settings, narrowed)
    changed = holding(paths, entries, complete)
    if not changed:
        return []
    mine = {os.path.abspath(path) for path in paths}
    unchanged = [path for path in discovery.discover(["."], settings) if os.path.abspath(path) not in mine]
    others = holding(unchanged, entries, complete)
    before = {item.place for item in without.check(others)}
    after = complete.check(sorted([*others, *changed]))
    return [item for item in after if item.path in changed or item.place not in before]


def holding(paths: list[str], entries: list[Entry], engine: Engine) -> list[str]:
    """Return the files that hold a token of one of the rules."""
    found = []
    for path in paths:
        named = [entry for entry in entries if COMPARING[entry.code] in ("", os.path.basename(path))]
        data = engine.project.read(path) if named else None
        if data is not None and any(contains(data, entry.tokens) for entry in named):
            found.append(path)
    return found
