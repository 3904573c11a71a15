"""What people read in a terminal, and the JSON document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hermetic.audit import leaks
from hermetic.audit.fixes import fixes, harmless
from hermetic.audit.schedule import shares_of
from hermetic.audit.triage import CLASSES, COLLECTION, FLAKY, ORDER, PARALLEL, PLAIN, UNDECIDED
from hermetic.finding import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermetic.audit.audit import Audited
    from hermetic.audit.collection import Broken
    from hermetic.audit.fixes import Fix
    from hermetic.audit.known import Counts, Known
    from hermetic.audit.record import Run
    from hermetic.audit.triage import Verdict
    from hermetic.finding import Finding

SHOWN = 10  # fixes, and tests of one class, that a terminal shows
NAMES = 4  # tests of one fix
SAID = 2  # lines of evidence
PAGE = "https://hermetic.readthedocs.io/en/stable/audit/"
STATE = ("path", "line", "line_reason")  # what a record says of the place where the state was changed
CODES = {ORDER: "HRM702", COLLECTION: "HRM703"}  # classes that are rules of their own
TITLES = {
    COLLECTION: ("file that cannot be collected", "files that cannot be collected"),
    ORDER: ("order-dependent test", "order-dependent tests"),
    PARALLEL: ("test that fails only in parallel", "tests that fail only in parallel"),
    FLAKY: ("flaky test", "flaky tests"),
    PLAIN: ("test that fails by itself", "tests that fail by themselves"),
    UNDECIDED: ("test that failed, not known yet for what", "tests that failed, not known yet for what"),
}


def is_anything(found: Audited) -> bool:
    """Tell whether anything was found."""
    return bool(found.known.broken or found.verdicts or found.known.guard or found.known.lint)


def lines(found: Audited) -> list[str]:
    """Return the lines for a terminal: what hides tests, what to repair first, what else there is."""
    first = fixes(found, found.verdicts)
    made = [*collected(found), *repairs(first), *tests(found.verdicts), *rest(found, first)]
    made += [f"note: {note}" for note in found.known.notes]
    if found.known.notes:
        made.append("")
    return [*made, total(found)]


def collected(found: Audited) -> Iterator[str]:
    """Yield the story of what cannot be collected."""
    known = found.known
    if not known.broken:
        return
    counts = known.counts()
    lost = counts.declared - counts.collected
    yield f"{count(len(known.broken), COLLECTION)}, with {lost} declared tests that never run:"
    kinds: dict[str, list[Broken]] = {}
    for broken in known.broken:
        kinds.setdefault(broken.kind, []).append(broken)
    for kind, files in sorted(kinds.items(), key=lambda item: -sum(len(one.tests) for one in item[1])):
        yield f"  {kind} ({len(files)})"
        for broken in files[:SHOWN]:
            where = f"{broken.where}:{broken.line}" if broken.line else broken.where
            yield f"    {broken.path}: {plural(len(broken.tests))}; {broken.message} ({where})"
            yield f"      repair: {broken.repair}"
        if len(files) > SHOWN:
            yield f"    and {len(files) - SHOWN} more"
    yield ""


def passed(known: Known) -> str:
    """Return how many tests passed in the plain order, as far as it took place."""
    counts, plain = known.counts(), known.plain
    if plain is None or not (plain.is_whole or plain.order):
        return "no test was collected before the audit was stopped"
    if plain.is_whole:
        return f"{rates(counts)} pass in the plain order"
    ran = f"{len(plain.ends)} of {counts.collected} collected ran before the plain order was stopped"
    return f"{ran}, {counts.passed} passed"


def nothing(found: Audited) -> str:
    """Return what is said where no test failed."""
    return "no test fails in any of the runs" if found.is_whole else "no test failed in what took place"


def rates(counts: Counts) -> str:
    """Return the pass rate over the tests that were collected and over those that are declared."""
    shown = f"{share(counts.passed, counts.collected)} of {counts.collected} collected"
    if counts.declared != counts.collected:
        shown += f", {share(counts.passed, counts.declared)} of {counts.declared} declared"
    return shown


def share(part: int, whole: int) -> str:
    """Return a share in per cent; rounded down, so that 100 % means all."""
    return f"{100 * part // whole} %" if whole else "none"


def repairs(first: list[Fix]) -> Iterator[str]:
    """Yield what to repair first."""
    shown = [fix for fix in first if fix.kind != COLLECTION]
    if shown:
        yield "What to repair first:"
    for number, fix in enumerate(shown[:SHOWN], 1):
        yield f"  {number}. {fix.where}: {fix.what} [{fix.kind}, {plural(len(fix.tests))}]"
        if fix.repair:
            yield f"     repair: {fix.repair}"
        more = f" and {len(fix.tests) - NAMES} more" if len(fix.tests) > NAMES else ""
        yield f"     harms: {', '.join(fix.tests[:NAMES])}{more}"
    if len(shown) > SHOWN:
        yield f"  and {len(shown) - SHOWN} more"
    if shown:
        yield ""


def tests(verdicts: list[Verdict]) -> Iterator[str]:
    """Yield each failing test, by class."""
    for kind in CLASSES:
        mine = [verdict for verdict in verdicts if verdict.kind == kind]
        if mine:
            yield f"{count(len(mine), kind)}:"
        for verdict in mine[:SHOWN]:
            yield f"  {verdict.test}: {verdict.message} [cause: {verdict.cause}]"
            yield from (f"    {line}" for line in verdict.evidence[:SAID])
            yield f"    reproduce: {verdict.command}"
        if len(mine) > SHOWN:
            yield f"  and {len(mine) - SHOWN} more; --json or --html has all"
        if mine:
            yield ""


def rest(found: Audited, first: list[Fix]) -> Iterator[str]:
    """Yield what harms no test so far."""
    items = harmless(found, first)
    if not items:
        return
    which = ", to which no failure goes back" if found.is_whole else "; not known yet whether failures go back to them"
    yield f"{len(items)} more finding{'s' * (len(items) != 1)} of guard and linter{which}:"
    for item in items[:SHOWN]:
        where = f"{item.path}:{item.line}" if item.line else item.path
        yield f"  {where}: {item.code} {item.message}"
    if len(items) > SHOWN:
        yield f"  and {len(items) - SHOWN} more; --json or --html has all"
    yield ""


def total(found: Audited) -> str:
    """Return the last line."""
    parts = [count(len(found.known.broken), COLLECTION)] if found.known.broken else []
    for kind in CLASSES:
        number = sum(verdict.kind == kind for verdict in found.verdicts)
        if number:
            parts.append(count(number, kind))
    told = f"{passed(found.known)}; {', '.join(parts) or nothing(found)}"
    return told if found.is_whole else f"{told}; the audit did not end"


def plural(number: int) -> str:
    """Return a number of tests."""
    return f"{number} test{'s' * (number != 1)}"


def count(number: int, kind: str) -> str:
    """Return how many there are of a class."""
    return f"{number} {TITLES[kind][number != 1]}"


def document(found: Audited, as_dict: Callable[[Finding], dict[str, Any]]) -> str:
    """Return the JSON document; `as_dict` is how other findings are written."""
    known = found.known
    findings: list[dict[str, Any]] = [broken_dict(broken) for broken in known.broken]
    for verdict in found.verdicts:
        findings += verdict_dicts(verdict, found.known.place(verdict.test))
    findings += [as_dict(item) for item in leaks.together(known.guard, known.lint)]
    content = {
        "version": 1,
        "tool": "hermetic",
        "findings": findings,
        "tests": known.counts()._asdict(),
        "fix_first": [fix._asdict() for fix in fixes(found, found.verdicts)],
        "runs": [run_dict(run) for run in known.runs],
        "schedule": [one._asdict() for one in shares_of(known.runs)],
        "notes": known.notes,
        "complete": found.is_whole,
    }
    return json.dumps(content, indent=2) + "\n"


def broken_dict(broken: Broken) -> dict[str, Any]:
    """Return a file that cannot be collected as the document has it."""
    line = broken.line or None
    return {
        "code": CODES[COLLECTION], "name": COLLECTION, "class": COLLECTION, "cause": broken.kind,
        "message": broken.message,
        "path": broken.where, "line": line, "column": None, "end_line": line, "end_column": None, "layer": "audit",
        "url": f"{DOCS}{CODES[COLLECTION]}/", "file": broken.path, "declared": broken.tests, "repair": broken.repair,
        "command": f"python -m pytest {broken.path}",
        **({} if line else {"line_reason": "the error names no line of the project"}),
    }  # fmt: skip


def verdict_dicts(verdict: Verdict, place: tuple[str, int]) -> Iterator[dict[str, Any]]:
    """Yield a failing test as the document has it: once, or once for each list of culprits, with the hunt's fields.

    An order-dependent test is reported at its own `place`; where the state was changed stands beside that.
    """
    behind = verdict.rule.code if verdict.rule is not None else None
    code = CODES.get(verdict.kind, behind)
    path, line = place if verdict.kind == ORDER else (verdict.path, verdict.line)
    base = {
        "code": code, "rule": behind, "name": verdict.kind, "class": verdict.kind,
        "cause": verdict.cause, "message": verdict.message, "path": path, "line": line or None,
        "column": None, "end_line": line or None, "end_column": None, "layer": "audit",
        "url": f"{DOCS}{code}/" if code else PAGE, "test": verdict.test, "evidence": verdict.evidence,
        "command": verdict.command,
    }  # fmt: skip
    if not line:
        base["line_reason"] = "nothing tells the line"
    if not verdict.records:
        yield base
    for record in verdict.records:
        told = {f"state_{key}" if key in STATE else key: value for key, value in record.as_dict().items()}
        yield base | told


def run_dict(run: Run) -> dict[str, Any]:
    """Return a run as the document has it."""
    ways: dict[str, int] = {}
    for end in run.ends.values():
        ways[end.status] = ways.get(end.status, 0) + 1
    return {
        "name": run.spec.name, "order": run.spec.order, "workers": run.spec.workers, "guarded": run.spec.guarded,
        "seconds": round(run.seconds, 2), "complete": run.is_whole, "ends": ways, "failed": run.bad(),
    }  # fmt: skip
