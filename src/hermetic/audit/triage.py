"""Which class a failing test belongs to, why it fails, what shows that, and how to see it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermetic.audit import causes
from hermetic.audit.known import SURE
from hermetic.audit.lab import BAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.hunt import Record
    from hermetic.audit.known import Known
    from hermetic.audit.record import End, Run
    from hermetic.audit.runs import Workshop
    from hermetic.finding import Finding

COLLECTION, PLAIN, ORDER = "collection-error", "plain-failure", "order-dependent"
PARALLEL, FLAKY, UNDECIDED = "parallel-only", "flaky", "undecided"
CLASSES = (COLLECTION, ORDER, PARALLEL, FLAKY, PLAIN, UNDECIDED)
SHARED = ("HRM5", "HRM4", "HRM6")  # families of rules about what two workers can meet in, the likeliest first
LONGEST = 200  # characters of an error in one line
MOST = 3  # names in one line


class Verdict(NamedTuple):
    """One failing test: its class, its cause, and what shows that. `rule` is what saw the cause, if one did."""

    test: str
    kind: str
    cause: str
    message: str
    path: str
    line: int
    evidence: list[str]
    command: str
    rule: Finding | None = None
    records: tuple[Record, ...] = ()


def triage(known: Known, workshop: Workshop) -> list[Verdict]:
    """Return a verdict on each test that failed in any run, in the plain order."""
    return [verdict(known, workshop, test) for test in known.failing()]


def verdict(known: Known, workshop: Workshop, test: str) -> Verdict:
    """Return the verdict on one test."""
    if known.contradiction(test):
        return flaky(known, workshop, test)
    if known.records.get(test):
        return hunted(known, test)
    if known.is_open(test):
        return undecided(known, workshop, test)
    if known.is_mixed(test):
        return ordered(known, workshop, test)
    if known.is_serial(test):
        return plain(known, workshop, test)
    needed = min(SURE, len(known.ends(test, parallel=True)))
    return parallel(known, workshop, test) if known.times(test) >= needed else flaky(known, workshop, test)


def flaky(known: Known, workshop: Workshop, test: str) -> Verdict:
    """Return the verdict on a test that ends now so, now so."""
    pair = known.contradiction(test)
    failure = known.failure(test) or known.failure(test, parallel=True)
    assert failure is not None  # noqa: S101 - only failing tests get here
    run, end = failure
    rule = causes.best(known.leaks_of([test]), end.text)
    evidence = [told(run, end)]
    if pair:
        evidence.append(f"passed in {pair[1].name}, failed in {pair[0].name}: the tests ran in the same order")
        run = pair[0]
    else:
        evidence.append(counted(known, test))
    message = "ends differently in runs that are the same"
    return made(known, test, FLAKY, message, evidence, workshop.command(run.spec), end, rule)


def hunted(known: Known, test: str) -> Verdict:
    """Return the verdict on a test whose culprits are known."""
    records = known.records[test]
    failure = known.failure(test) or known.failure(test, parallel=True)
    end = failure[1] if failure else None
    first = next((record for record in records if record.confirmed), records[0])
    rule = causes.best(known.leaks_of(first.culprits), end.text if end else "")
    others = ", ".join(first.culprits[:MOST])
    verb = "fails after" if first.kind == "victim" else "fails alone, and passes after"
    evidence = [told(*failure)] if failure else []
    sure = (
        "a new interpreter, with these tests alone" if first.confirmed else "experiments, but no new interpreter so far"
    )
    evidence.append(f"shown in {sure}")
    if rule is not None:
        evidence.append(seen(rule))
    if first.cleaners:
        evidence.append(f"hidden where one of these runs in between: {', '.join(first.cleaners[:MOST])}")
    verdict = made(known, test, ORDER, f"{verb} {others}", evidence, first.command, end, rule)
    state = causes.of_state(first.state or "") if rule is None else verdict.cause
    verdict = verdict._replace(records=tuple(records), cause=state)
    if first.kind == "brittle":
        return verdict
    place = (rule.path, rule.line) if rule is not None and rule.line else (first.path, first.line or 0)
    return verdict._replace(path=place[0], line=place[1])


def ordered(known: Known, workshop: Workshop, test: str) -> Verdict:
    """Return the verdict on a test that depends on the order, nobody knows yet on which other test."""
    failure = known.failure(test)
    assert failure is not None  # noqa: S101 - only failing tests get here
    run, end = failure
    well = [other.name for other, way in known.ends(test, parallel=False) if way.status not in BAD]
    evidence = [told(run, end), f"passed in {', '.join(well[:MOST]) or 'no run'}"]
    evidence.insert(1 if known.is_cut else 2, open_question(known))  # few lines are shown, and this is one of them
    message = f"fails in {run.name}, and passes in another order"
    return made(known, test, ORDER, message, evidence, workshop.command(run.spec), end, None)


def open_question(known: Known) -> str:
    """Return why nobody is named."""
    if known.hunted == "all":
        return "the hunt found nobody whose absence changes that"
    why = "the hunt for the other test did not end" if known.hunted else "nobody has hunted for the other test"
    return f"not known yet: after which test, or whether by chance; {why}" if known.is_cut else why


def undecided(known: Known, workshop: Workshop, test: str) -> Verdict:
    """Return the verdict on a test that failed before the audit was stopped: what is known, and what is not."""
    failure = known.failure(test)
    what = "whether it fails by itself or after others: nobody has run it alone"
    if failure is None:
        failure = known.failure(test, parallel=True)
        what = "whether it fails again, and whether it does without workers, in the order of its worker"
    assert failure is not None  # noqa: S101 - only failing tests get here
    run, end = failure
    evidence = [told(run, end), f"not known yet: {what}", counted(known, test)]
    return made(known, test, UNDECIDED, first_line(end), evidence, workshop.command(run.spec), end, None)


def plain(known: Known, workshop: Workshop, test: str) -> Verdict:
    """Return the verdict on a test that fails in each order, with the command that has shown it."""
    failure = known.failure(test)
    assert failure is not None  # noqa: S101 - only failing tests get here
    run, end = failure
    count = len(known.ends(test, parallel=False))
    evidence = [
        told(run, end),
        f"failed in each of {count} runs without workers" if count > 1 else "failed in the only run",
    ]
    if not known.was_alone(test):
        evidence.append("nobody has run it alone")
    command = workshop.alone([test]) if known.was_alone(test) else workshop.command(run.spec)
    return made(known, test, PLAIN, first_line(end), evidence, command, end, None)


def parallel(known: Known, workshop: Workshop, test: str) -> Verdict:
    """Return the verdict on a test that fails only beside others."""
    failure = known.failure(test, parallel=True)
    assert failure is not None  # noqa: S101 - only failing tests get here
    run, end = failure
    evidence = [told(run, end), counted(known, test)]
    made_runs = len(known.ends(test, parallel=True))
    evidence.append(f"its file has this error in {known.times(test)} of {made_runs} runs with workers")
    beside = at_the_same_time(run, test)
    if beside:
        evidence.append(f"ran at the same time: {', '.join(beside[:MOST])}")
    rule = shared(known, test, end.text)
    if rule is not None:
        evidence.append(seen(rule))
    message = f"fails with {run.spec.workers} workers, and passes without"
    return made(known, test, PARALLEL, message, evidence, workshop.command(run.spec), end, rule)


def counted(known: Known, test: str) -> str:
    """Return in how many runs a test failed."""
    parts = []
    for word, way in (("with", True), ("without", False)):
        ends = known.ends(test, parallel=way)
        if ends:
            parts.append(f"{sum(end.status in BAD for _, end in ends)} of {plural(len(ends))} {word} workers")
    return f"failed in {' and '.join(parts)}"


def plural(number: int) -> str:
    """Return a number of runs."""
    return f"{number} run{'s' * (number != 1)}"


def at_the_same_time(run: Run, test: str) -> list[str]:
    """Return the tests that ran on other workers while a test ran."""
    own = run.ends[test]
    return [
        f"{name} ({end.worker})"
        for name, end in run.ends.items()
        if end.worker != own.worker and end.start < own.stop and own.start < end.stop
    ]


def shared(known: Known, test: str, text: str) -> Finding | None:
    """Return the finding about something shared in a test's file that fits its error best, and stands next to it."""
    path, line = known.place(test)
    found = [item for item in [*known.guard, *known.lint] if item.path == path and item.code.startswith(SHARED)]
    cause = causes.of_text(text)
    found = [item for item in found if cause in (causes.OTHER, causes.of_finding(item))]
    order = [(SHARED.index(item.code[:4]), item.test != test, abs(item.line - line)) for item in found]
    return found[order.index(min(order))] if found else None


def made(  # noqa: PLR0913, PLR0917 - a record: one argument for each thing that it says
    known: Known, test: str, kind: str, message: str, evidence: Sequence[str], command: str, end: End | None,
    rule: Finding | None,
) -> Verdict:  # fmt: skip
    """Return a verdict; where no rule saw the cause, the error may tell it."""
    cause = causes.of_finding(rule) if rule is not None else causes.OTHER
    if cause == causes.OTHER and end is not None:
        cause = causes.of_text(end.text)
    path, line = known.place(test)
    if end is not None and end.path == path:
        line = end.line
    return Verdict(test, kind, cause, message, path, line, list(evidence), command, rule)


def seen(item: Finding) -> str:
    """Return what a rule saw, with the place."""
    where = f"{item.path}:{item.line}" if item.line else item.path
    return f"{where}: {item.code} {item.message}"


def told(run: Run, end: End) -> str:
    """Return what a test said."""
    where = f" ({end.path}:{end.line})" if end.line else ""
    return f"in {run.name}: {first_line(end)}{where}"


def first_line(end: End) -> str:
    """Return the first line of an error, or how the test ended without one."""
    words = {"crash": "the process ended during the test", "hang": "the test did not end"}
    lines = [line for line in end.text.splitlines() if line.strip()]
    phase = f"{end.phase}: " if end.phase in ("setup", "teardown") else ""
    shown = lines[0].strip()[:LONGEST] if lines else words.get(end.status, "it failed without a message")
    return phase + shown
