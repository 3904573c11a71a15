"""What to repair first: places, each with the tests that it harms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermetic.audit.triage import CLASSES, COLLECTION, FLAKY, ORDER, PARALLEL, UNDECIDED, first_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.audit.audit import Audited
    from hermetic.audit.collection import Broken
    from hermetic.audit.hunt import Record
    from hermetic.audit.known import Known
    from hermetic.audit.triage import Verdict
    from hermetic.finding import Finding


ITSELF = "let the test set up what it needs itself"


class Fix(NamedTuple):
    """One thing to repair: where, what, how, which tests it harms, and the command that shows it."""

    kind: str
    what: str
    repair: str
    path: str
    line: int
    tests: list[str]
    command: str

    @property
    def where(self) -> str:
        """The place as people read it."""
        return f"{self.path}:{self.line}" if self.line else self.path


def fixes(found: Audited, verdicts: Iterable[Verdict]) -> list[Fix]:
    """Return what to repair: what cannot be collected, then what harms most."""
    made = [of_broken(broken) for broken in found.known.broken]
    places: dict[tuple[str, ...], list[Fix]] = {}
    for verdict in verdicts:
        for fix in of_verdict(found.known, verdict):
            is_setter = fix.repair.startswith(ITSELF)  # one repair for all tests that need the same other ones
            key = (fix.repair,) if is_setter else (fix.kind, fix.path, str(fix.line))
            places.setdefault(key, []).append(fix)
    for same in places.values():
        tests = list(dict.fromkeys(test for fix in same for test in fix.tests))
        made.append(same[0]._replace(tests=tests))
    return sorted(made, key=harm)


def harm(fix: Fix) -> tuple[bool, int, int, str, int]:
    """Return what fixes are sorted by."""
    return fix.kind != COLLECTION, -len(fix.tests), CLASSES.index(fix.kind), fix.path, fix.line


def of_broken(broken: Broken) -> Fix:
    """Return how to get a file collected."""
    return Fix(
        COLLECTION, f"{broken.kind}: {broken.message}", broken.repair, broken.where, broken.line, broken.tests, ""
    )


def of_verdict(known: Known, verdict: Verdict) -> list[Fix]:
    """Return what to repair for one test: for each list of culprits, or its own file."""
    if verdict.records:
        return [of_record(known, verdict, record) for record in verdict.records]
    rule = verdict.rule
    path, line = (rule.path, rule.line) if rule is not None else (verdict.path, verdict.line)
    what = rule.message if rule is not None else verdict.message
    advice = {
        PARALLEL: "give each worker a resource of its own: hermetic.workers has ports, paths and databases",
        ORDER: "`hermetic audit --resume`, or `hermetic hunt --victim` with this test, looks for the other one",
        UNDECIDED: "`hermetic audit --resume` goes on to find out what it fails for",
        FLAKY: "make the test independent of time, chance and what runs beside it",
    }
    repair = rule.repair if rule is not None and rule.repair else advice.get(verdict.kind, "")
    return [Fix(verdict.kind, what, repair, path, line, [verdict.test], verdict.command)]


def of_record(known: Known, verdict: Verdict, record: Record) -> Fix:
    """Return what to repair for one list of culprits."""
    rule = explained(known, verdict, record)
    names = ", ".join(culprit.rpartition("::")[2] for culprit in record.culprits)
    if record.kind == "brittle":
        repair = f"{ITSELF}; so far {names} does it"
        what = f"passes only after {names}" + (f", which leaves {rule.state} changed" if rule is not None else "")
        return Fix(ORDER, what, repair, verdict.path, verdict.line, [verdict.test], record.command)
    if rule is not None:
        return Fix(ORDER, rule.message, rule.repair, rule.path, rule.line, [verdict.test], record.command)
    what = f"{names} leaves something changed"
    repair = "put back what it changes, in a fixture after its yield or with monkeypatch"
    return Fix(ORDER, what, repair, record.path, record.line or 0, [verdict.test], record.command)


def explained(known: Known, verdict: Verdict, record: Record) -> Finding | None:
    """Return what the guard saw the culprits of a record leave, if it fits the victim's error."""
    from hermetic.audit import causes

    failure = known.failure(verdict.test) or known.failure(verdict.test, parallel=True)
    text = failure[1].text if failure else ""
    return causes.best(known.leaks_of(record.culprits), text)


def harmless(found: Audited, made: Iterable[Fix]) -> list[Finding]:
    """Return what the guard and the linter saw, and that harms no test so far."""
    from hermetic.audit.leaks import together

    known = {(fix.path, fix.line) for fix in made}
    return [item for item in together(found.known.guard, found.known.lint) if (item.path, item.line) not in known]


def shown_error(known: Known, test: str) -> str:
    """Return the error of a test in one line."""
    failure = known.failure(test) or known.failure(test, parallel=True)
    return first_line(failure[1]) if failure else ""
