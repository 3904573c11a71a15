"""Ledger entries in, findings out: which of them count, where they belong, and what they say."""

from __future__ import annotations

import functools
import linecache
import os
import re
from typing import TYPE_CHECKING, Any

from hermetic.finding import Finding
from hermetic.guard import options as choices
from hermetic.guard._filled import is_for_its_own, is_set_up_for_each
from hermetic.guard._fitted import fitted, in_place
from hermetic.guard._imports import Imports
from hermetic.guard._repairs import repair_as_code
from hermetic.guard.containers import Part
from hermetic.guard.describe import ABSENT, short
from hermetic.guard.places import USER, Place, whose
from hermetic.guard.probe import MOMENT
from hermetic.lint.suppressions import EXCUSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

    from hermetic.guard.chain import Entry, Owner
    from hermetic.guard.linted import Linted
    from hermetic.guard.options import Options
    from hermetic.guard.probe import Change, Probe

CARRIED = "_hermetic"  # the attribute of a report that carries the records; xdist sends it along
GUARD, COLLECTION = "guard", "collection"
MANY = 4  # so many changes of one rule on one line are one finding
SUPPRESSION = re.compile(rf"#.*?{EXCUSE}", re.IGNORECASE)
FIELDS = ("code", "name", "message", "line", "test", "repair", "line_reason", "owner", "state", "before", "after")
UNKNOWN = "nothing that the guard hears tells who changed it"
UNGUARDED = "the guard"  # the state of a record which says that a probe gave up
AS_CODE = "as_code"  # of a record alone: reports have the repair of the rule
Record = dict[str, Any]


class Judge:
    """Turns what is left in ledgers into records: `Finding`s as plain data, with the level at which they count."""

    def __init__(self, options: Options, folder: str, root: str) -> None:
        self.options = options
        self.folder = folder  # the directory of the call: paths are relative to it
        self.root = root  # node ids are relative to it
        self.imports = Imports()

    @functools.cached_property
    def linted(self) -> Linted:
        """The linter, asked where nothing else tells the line; made when something leaked."""
        from hermetic.guard.linted import Linted

        return Linted(self.options)

    def counting(self, owner: Owner, item: pytest.Item | None) -> list[Entry]:
        """Return the entries of a ledger that are findings."""
        if not owner.ledger or (owner.path and whose(owner.path) != USER):
            return []  # nothing is left, or it is a fixture of a plugin
        if owner.configures and "project" not in self.options.selection.presets:
            return []
        allow = choices.allowed(item) if item is not None else frozenset()
        with self.imports.as_at_first():
            return [
                entry
                for entry in owner.ledger.values()
                if entry.code not in allow
                and self.options.level(entry.code) != "off"
                and not is_for_its_own(owner.serves, entry)
                and not is_set_up_for_each(item, entry)
                and not self.suppressed(entry)
            ]

    def suppressed(self, entry: Entry) -> bool:
        """Tell whether the line carries a comment for this rule, or the file is one where the rule is ignored."""
        return entry.place is not None and self.excused(entry.code, entry.place.path, entry.place.line)

    def excused(self, code: str, path: str, line: int) -> bool:
        """Tell whether a rule is ignored on a line or in a file."""
        found = filter(None, map(SUPPRESSION.search, lines_about(path, line)))
        if any(code in comment[1].replace(" ", "").split(",") for comment in found):
            return True
        from hermetic.lint import discovery

        below = discovery.below(path, self.options.settings.root)
        ignored = self.options.selection.ignored
        return any(code in codes and discovery.covers(pattern, below) for pattern, codes in ignored)

    def reports(self, item: Finding) -> bool:
        """Tell whether a finding of a check counts."""
        return self.options.level(item.code) != "off" and not self.excused(item.code, item.path, item.line)

    def from_finding(self, item: Finding, layer: str) -> Record:
        """Return the record of a finding that a check made."""
        record = {name: getattr(item, name) for name in FIELDS}
        return {**record, "path": self.shown(item.path), "layer": layer, "level": self.options.level(item.code)}

    def records(
        self, entries: Iterable[Entry], item: pytest.Item | None, test: str, owner: str = "", layer: str = GUARD
    ) -> list[Record]:
        """Return the records of entries, those of one rule on one line joined where they are many."""
        with self.imports.as_at_first():
            return self.joined(entries, item, test, owner, layer)

    def joined(
        self, entries: Iterable[Entry], item: pytest.Item | None, test: str, owner: str, layer: str
    ) -> list[Record]:
        """Return them, with the linter asked for lines that nothing else tells."""
        groups: dict[tuple[str, Place | None], list[Entry]] = {}
        for entry in without_doubles(entries):
            place = entry.place
            if place is None:
                place = (
                    self.linted.of_test(entry.code, item)
                    if item is not None
                    else self.linted.of_import(entry.code, self.file_of(test))
                )
            groups.setdefault((entry.code, place), []).append(entry)
        found = []
        for (code, place), group in groups.items():
            parts = [group] if len(group) >= MANY else [[entry] for entry in group]
            for part in parts:
                changes = [entry.change for entry in part]
                found.append(self.record(code, place, changes, item, test, owner, layer))
        return found

    def record(  # noqa: PLR0913, PLR0917 - a record: one argument for each thing that it says
        self,
        code: str,
        place: Place | None,
        group: list[Change],
        item: pytest.Item | None,
        test: str,
        owner: str,
        layer: str,
    ) -> Record:
        """Return one record."""
        change = group[0]
        state = change.state if len(group) == 1 else f"{change.state} and {len(group) - 1} more"
        before, after = short(change.before), short(change.after)
        who = f"fixture {owner}" if owner else (test.rpartition("::")[2] if layer == GUARD else "importing this file")
        more = f", and {len(group) - 1} more" if len(group) > 1 else ""
        message = f"{who} {change.text}{more}" if change.text else f"{who} left {state} changed: {told(change)}"
        entry = self.options.entries.get(code)
        path = place.path if place is not None else str(getattr(item, "path", "") or self.file_of(test))
        return {
            "code": code,
            "name": entry.name if entry is not None else code.lower(),
            "message": message,
            "path": self.shown(path),
            "line": place.line if place is not None else 0,
            "layer": layer,
            "test": test,
            "repair": entry.repair if entry is not None else "",
            AS_CODE: in_place(change, item)
            or fitted(repair_as_code(code, change), item, owner, at_import=layer == COLLECTION),
            "line_reason": "" if place is not None else UNKNOWN,
            "owner": owner,
            "state": state,
            "before": before,
            "after": after,
            "level": self.options.level(code),
        }

    def unguarded(self, probe: Probe[Any], error: BaseException) -> Record:
        """Return the record that says that a probe gave up, and during which test."""
        item, entry = MOMENT.item, self.options.entries.get(probe.code)
        what = f"{type(probe).__module__}.{type(probe).__qualname__}"
        during = f", in {item.nodeid}" if item is not None else ""
        why = f"{type(error).__name__}: {error}".partition("\n")[0]
        nothing = dict.fromkeys(("test", AS_CODE, "owner", "before", "after"), "")
        return {
            **nothing,
            "code": probe.code,
            "name": entry.name if entry is not None else probe.code.lower(),
            "message": f"is not guarded from here on{during}: its probe {what} raised {why}",
            "path": self.shown(str(item.path) if item is not None else self.root),
            "line": 0,
            "line_reason": "the guard itself failed",
            "layer": GUARD,
            "state": UNGUARDED,
            "repair": f'report this to who wrote the probe; levels = {{{probe.code} = "off"}} leaves it out until then',
            "level": self.options.level(probe.code),
        }

    def file_of(self, test: str) -> str:
        """Return the file that a node id names."""
        return os.path.join(self.root, test.partition("::")[0])

    def shown(self, path: str) -> str:
        """Return a path as a report shows it: relative where it lies below the directory of the call."""
        full = os.path.abspath(path)
        below = (
            os.path.relpath(full, self.folder)
            if os.path.splitdrive(full)[0] == os.path.splitdrive(self.folder)[0]
            else full
        )
        return full if below.startswith("..") else below.replace(os.sep, "/")


def told(change: Change) -> str:
    """Return how a state was and is, or what was taken out of a list or set and what was put in."""
    before, after = short(change.before), short(change.after)
    if change.whole is None or change.before is change.whole[0]:
        return f"{before} -> {after}"
    sides = (("removed", change.before, before), ("added", change.after, after))
    return ", ".join(f"{what} {shown}" for what, value, shown in sides if value is not ABSENT)


def without_doubles(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries without those that tell of one change again, of what modules and classes both lead to.

    The shortest name is the one to tell of; what stands behind any of them is put back all the same.
    """
    found: list[Entry] = []
    places: dict[tuple[int, ...], int] = {}
    for entry in entries:
        where = written_to(entry.change)
        again = places.setdefault(where, len(found)) if where else len(found)
        if again == len(found):
            found.append(entry)
        elif len(entry.change.state) < len(found[again].change.state):
            found[again] = entry
    return found


def written_to(change: Change) -> tuple[int, ...]:
    """Return what tells the place within a container or object that was written to; nothing where it is not known.

    It is told by addresses: a key may be an object of the project, and its `==` anything.
    """
    part = getattr(getattr(change.undo, "func", None), "__self__", None)
    if not isinstance(part, Part):
        return ()
    undo: Any = change.undo
    return id(part.itself), part.attributes, *map(id, undo.args[:-1])


def lines_about(path: str, line: int) -> Iterator[str]:
    """Yield a line and the comments that stand alone above it, which speak for it, too."""
    yield linecache.getline(path, line)
    while line > 1 and (text := linecache.getline(path, line := line - 1)).lstrip()[:1] in {"", "#"}:
        yield text


def finding(record: Record) -> Finding:
    """Return the finding that a record is."""
    fields = {name: value for name, value in record.items() if name not in {"level", AS_CODE}}
    return Finding(**fields)


def read_on(record: Record) -> list[str]:
    """Return the line that shows the repair as code for this very state, where it can be written, and what explains it.

    A rule that a plugin brings without a page has no repair either, and nothing explains it.
    """
    written = record.get(AS_CODE)
    parts = [f"for example: {written}"] if written else []
    parts += [f"see hermetic explain {record['code']}"] if record["repair"] else []
    return [f"    {'; '.join(parts)}"] if parts else []


def text(records: Iterable[Record]) -> str:
    """Return what the report of a failed test says."""
    lines = []
    for record in records:
        where = f"{record['path']}:{record['line']}" if record["line"] else record["path"]
        lines += [f"{where}: {record['code']} {record['message']}"]
        if not record["line"] and record["state"] != UNGUARDED:
            lines += [f"    line not known here: {record['line_reason']}; the list at the end of the run may have it"]
        if record["repair"]:
            lines += [f"    repair: {record['repair']}"]
        lines += read_on(record)
    return "\n".join(lines)
