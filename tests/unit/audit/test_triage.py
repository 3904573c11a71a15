"""From how a test ended in several runs to its class and cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.audit import causes, fixes, graph, tree, triage
from hermetic.audit.arguments import Arguments, split
from hermetic.audit.audit import Audit, Audited, Wanted, covering, shares
from hermetic.audit.hunt import Record
from hermetic.audit.known import Known
from hermetic.audit.page import render
from hermetic.audit.record import End, Run, Spec, take
from hermetic.audit.runs import Workshop, is_strict
from hermetic.audit.schedule import document, find, load, shares_of
from hermetic.audit.summary import SAID, total
from hermetic.config import CannotRunError
from hermetic.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEST = "test_x.py::test_a"
PLAIN, GUARDED, REVERSED, SHUFFLED = Spec(), Spec(guarded=True), Spec("reversed"), Spec("shuffled-1")
BESIDE, AGAIN = Spec(workers=2), Spec(workers=2, number=2)
SERIAL = (PLAIN, GUARDED, REVERSED, SHUFFLED)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tree.Place(str(tmp_path), "."), Arguments([]), 1.0, 1.0)
    made.flags = ("-p", "no:randomly", "-p", "no:xdist")
    yield made
    made.close()


def run(spec: Spec, **ends: str | End) -> Run:
    """Make a run of tests of `test_x.py`, by name."""
    known = {f"test_x.py::{name}": end if isinstance(end, End) else End(end) for name, end in ends.items()}
    return Run(spec, list(known), known, dict.fromkeys(known, ("test_x.py", 1)), [], {}, [], 1.0, is_whole=True)


def record(victim: str, culprits: list[str], kind: str = "victim", line: int | None = None) -> Record:
    """Make a record of the hunt."""
    return Record(victim, kind, culprits, [], None, "test_p.py", line, "no", confirmed=True, command="python")


def known_of(*runs: Run) -> Known:
    known = Known()
    for one in runs:
        known.add(one)
    return known


@pytest.mark.parametrize(
    ("bad", "specs", "kind"),
    [
        (SERIAL, SERIAL, triage.PLAIN),
        ((PLAIN,), (PLAIN,), triage.PLAIN),
        ((REVERSED,), SERIAL, triage.ORDER),
        ((GUARDED,), SERIAL, triage.FLAKY),
        ((BESIDE, AGAIN), (*SERIAL, BESIDE, AGAIN), triage.PARALLEL),
        ((BESIDE,), (*SERIAL, BESIDE, AGAIN), triage.FLAKY),
        ((BESIDE,), (*SERIAL, BESIDE), triage.PARALLEL),
        ((REVERSED, BESIDE), (*SERIAL, BESIDE), triage.ORDER),
    ],
)
def test_the_class_follows_from_where_a_test_failed(
    workshop: Workshop, bad: tuple[Spec, ...], specs: tuple[Spec, ...], kind: str
) -> None:
    known = known_of(*(run(spec, test_a="fail" if spec in bad else "pass", test_b="pass") for spec in specs))

    (found,) = triage.triage(known, workshop)

    assert (found.test, found.kind) == (TEST, kind)


@pytest.mark.parametrize(
    ("bad", "specs", "hunted", "kind"),
    [
        ((PLAIN,), (PLAIN,), "", triage.UNDECIDED),
        (SERIAL, SERIAL, "", triage.UNDECIDED),
        (SERIAL, SERIAL, "part", triage.UNDECIDED),
        (SERIAL, SERIAL, "all", triage.PLAIN),
        ((REVERSED,), SERIAL, "", triage.ORDER),
        ((GUARDED,), (PLAIN, GUARDED), "", triage.FLAKY),
        ((BESIDE,), (*SERIAL, BESIDE), "", triage.UNDECIDED),
        ((BESIDE, AGAIN), (*SERIAL, BESIDE, AGAIN), "", triage.UNDECIDED),
        ((BESIDE,), (*SERIAL, BESIDE, AGAIN), "all", triage.UNDECIDED),
        ((BESIDE, AGAIN), (*SERIAL, BESIDE, AGAIN), "part", triage.PARALLEL),
    ],
)
def test_nothing_is_asserted_that_a_missing_run_would_have_shown(
    workshop: Workshop, bad: tuple[Spec, ...], specs: tuple[Spec, ...], hunted: str, kind: str
) -> None:
    known = known_of(*(run(spec, test_0="pass", test_a="fail" if spec in bad else "pass") for spec in specs))
    known.is_cut, known.hunted = True, hunted

    (found,) = triage.triage(known, workshop)

    assert found.kind == kind
    shown = found.evidence[:SAID]
    assert any("not known yet" in line for line in shown) is (kind in (triage.UNDECIDED, triage.ORDER)), shown
    assert "0 of 0" not in " ".join(found.evidence)
    assert kind == triage.PLAIN or not found.command.endswith(TEST)


def test_what_failed_with_no_test_before_it_fails_by_itself_even_where_runs_are_missing(workshop: Workshop) -> None:
    known = known_of(run(PLAIN, test_a="fail", test_b="fail"))
    known.is_cut = True

    first, second = triage.triage(known, workshop)

    assert (first.kind, first.command.endswith(TEST)) == (triage.PLAIN, True)
    assert "nobody has run it alone" not in first.evidence
    assert second.kind == triage.UNDECIDED


def test_a_run_that_was_stopped_is_not_said_to_have_passed_as_a_whole(workshop: Workshop) -> None:
    stopped = run(REVERSED, test_a="pass")._replace(is_whole=False)
    known = known_of(run(PLAIN, test_0="pass", test_a="fail"), stopped)
    known.is_cut = True

    verdicts = triage.triage(known, workshop)
    (part,) = known_of(run(PLAIN, test_a="pass")._replace(is_whole=False)).runs
    part.order.append("test_x.py::test_b")
    cut = known_of(part)

    assert "passed in the part of the reversed order that took place" in verdicts[0].evidence
    assert total(Audited(cut, [], is_whole=False)) == (
        "1 of 2 collected ran before the plain order was stopped, 1 passed; no test failed in what took place; "
        "the audit did not end"
    )
    assert total(Audited(Known(), [], is_whole=False)).startswith(
        "no test was collected before the audit was stopped; "
    )


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [("OSError: in use", "OSError: in use", triage.PARALLEL), ("OSError: in use", "assert 1 == 2", triage.FLAKY)],
)
def test_the_same_error_of_a_neighbour_counts_since_chance_decides_which_tests_meet(
    workshop: Workshop, first: str, second: str, kind: str
) -> None:
    serial = [run(spec, test_a="pass", test_b="pass") for spec in SERIAL]
    one = run(BESIDE, test_a=End("fail", first), test_b="pass")
    other = run(AGAIN, test_a="pass", test_b=End("fail", second))

    found = triage.triage(known_of(*serial, one, other), workshop)

    assert [verdict.kind for verdict in found] == [kind, kind]


def test_a_skipped_test_is_no_failure(workshop: Workshop) -> None:
    assert triage.triage(known_of(run(PLAIN, test_a="skip"), run(REVERSED, test_a="pass")), workshop) == []


def test_what_the_hunt_knows_wins_and_names_the_state_that_the_error_names(workshop: Workshop) -> None:
    known = known_of(run(PLAIN, test_a=End("fail", "assert REGION == 'eu'")), run(REVERSED, test_a="pass"))
    polluter = "test_x.py::test_p"
    known.records[TEST] = [record(TEST, [polluter])]
    for line, state in ((7, "the working directory"), (9, "os.environ['REGION']")):
        code = "HRM102" if line == 7 else "HRM101"
        known.guard.append(Finding(code, "name", "left it", "test_x.py", line, test=polluter, state=state))

    (found,) = triage.triage(known, workshop)
    (fix,) = fixes.fixes(Audited(known, [found], is_whole=True), [found])

    assert (found.kind, found.cause, found.line, found.command) == (triage.ORDER, causes.ENVIRONMENT, 9, "python")
    assert (fix.where, fix.tests) == ("test_x.py:9", [TEST])


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("OSError: [Errno 98] Address already in use", causes.PORT),
        ("sqlite3.OperationalError: database is locked", causes.DATABASE),
        ("FileExistsError: [Errno 17] File exists: 'out'", causes.FILE),
        ("assert 'A' in os.environ", causes.ENVIRONMENT),
        ("assert len(spans) == 1", causes.TELEMETRY),
        ("RuntimeError: Event loop is closed", causes.THREAD),
        ("assert settings.region == 'eu'", causes.SETTINGS),
        ("assert 1 == 2", causes.OTHER),
    ],
)
def test_an_error_may_tell_the_cause(text: str, cause: str) -> None:
    assert causes.of_text(text) == cause


def test_what_harms_most_comes_first_after_what_cannot_be_collected(workshop: Workshop) -> None:
    names = ("test_a", "test_b", "test_c")
    known = known_of(
        run(PLAIN, **dict.fromkeys(names, "fail")), run(REVERSED, test_a="fail", test_b="pass", test_c="pass")
    )
    for name in names[1:]:
        victim = f"test_x.py::{name}"
        known.records[victim] = [record(victim, ["test_x.py::test_p"], line=3)]

    found = triage.triage(known, workshop)
    made = fixes.fixes(Audited(known, found, is_whole=True), found)

    assert [(fix.kind, len(fix.tests)) for fix in made] == [(triage.ORDER, 2), (triage.PLAIN, 1)]


def test_few_repetitions_cover_all_that_nobody_explains() -> None:
    known = known_of(
        run(PLAIN, test_a="pass", test_b="pass"),
        run(REVERSED, test_a="fail", test_b="pass"),
        run(SHUFFLED, test_a="fail", test_b="fail"),
    )

    assert covering(known, [TEST, "test_x.py::test_b"]) == [SHUFFLED]


def test_the_share_of_a_worker_keeps_its_order_and_can_be_found_again(tmp_path: Path) -> None:
    ends = {
        "test_a": End("pass", worker="gw1", start=12.0, stop=13.0),
        "test_b": End("fail", worker="gw0", start=10.5, stop=11.0),
        "test_c": End("pass", worker="gw1", start=10.0, stop=12.0),
    }
    known = known_of(run(PLAIN, test_a="pass", test_b="pass", test_c="pass"), run(BESIDE, **ends))
    (tmp_path / "schedule.json").write_text(document(shares_of(known.runs)), encoding="utf-8")

    loaded = load(str(tmp_path / "schedule.json"), "")

    assert [slot.test for slot in find(loaded, "gw1").slots] == ["test_x.py::test_c", TEST]
    assert find(loaded, "1:gw0").slots[0][1:] == ("fail", 0.5, 1.0)
    assert shares(known, ["test_x.py::test_b"]) == [Spec(tests=("test_x.py::test_b",))]
    with pytest.raises(CannotRunError, match="no worker gw7 is recorded; there are 1:gw0, 1:gw1"):
        find(loaded, "gw7")


def test_node_ids_lose_the_suffix_of_their_group() -> None:
    known = known_of(run(PLAIN, test_a="pass"), run(BESIDE, **{"test_a@database": "fail"}))

    assert known.failing() == [TEST]


def test_a_test_that_did_not_come_to_its_end_is_told_from_one_that_was_interrupted() -> None:
    events = [["collected", [[TEST, "test_x.py", 1]]], ["start", TEST]]
    ended = {}
    for spec in (PLAIN, BESIDE):
        for unfinished in ("crash", "hang", ""):
            made = Run(spec, [], {}, {}, [], {}, [], 0.0, is_whole=True)
            take(events, made, unfinished)
            ended[spec.workers, unfinished] = [end.status for end in made.ends.values()]

    began = Run(PLAIN, [], {}, {}, [], {}, [], 0.0, is_whole=True)
    take([*events, ["phase", TEST, "setup", "passed", "", "", 0, "", 1.0, 2.0]], began, "")
    assert began.ends == {}

    # xdist itself tells which test ended a worker.
    assert ended == {
        (0, "crash"): ["crash"], (0, "hang"): ["hang"], (0, ""): [],
        (2, "crash"): [], (2, "hang"): ["hang"], (2, ""): [],
    }  # fmt: skip


def test_a_run_survives_the_journal() -> None:
    made = run(Spec(tests=("a", "b")), test_a=End("fail", "why", "test_x.py", 3, "call", "gw0", 1.0, 2.0))
    import json

    assert Run.of_json(json.loads(json.dumps(made.as_json()))) == made


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("tests", "-n", "4", "--dist=loadfile"), Arguments(["tests"], 4, ("--dist=loadfile",))),
        (("-n3", "-k", "a"), Arguments(["-k", "a"], 3)),
        (("--numprocesses=0",), Arguments([], 2)),
        (("--no-header",), Arguments(["--no-header"], 2)),
        (("-d", "--tx", "2*popen", "tests"), Arguments(["tests"], 2, ("-d", "--tx=2*popen"))),
    ],
)
def test_what_says_how_tests_are_spread_is_kept_for_parallel_runs(given: tuple[str, ...], expected: Arguments) -> None:
    assert split(given) == expected


def test_the_graph_has_an_edge_for_each_culprit_and_names_are_escaped() -> None:
    found = record("<v>", ["<a>", "b" * 90], "brittle")

    drawing, more = graph.harm([found])

    assert drawing.count('<path class="brittle"') == 2
    assert more == 0
    assert "<title>&lt;v&gt; passes only after &lt;a&gt;</title>" in drawing
    assert "<a>" not in drawing


def test_a_graph_that_is_too_large_says_so() -> None:
    records = [record(f"v{n}", ["p"]) for n in range(100)]

    drawing, more = graph.harm(records)

    assert drawing.count("<path") + more == 100
    assert more == 40


def test_the_page_draws_what_workers_did_when(workshop: Workshop) -> None:
    ends = {
        "test_a": End("fail", worker="gw0", start=1.0, stop=2.0),
        "test_b": End("pass", worker="gw1", start=1.0, stop=3.0),
    }
    known = known_of(run(PLAIN, test_a="pass", test_b="pass"), run(BESIDE, **ends))

    page = render(Audited(known, triage.triage(known, workshop), is_whole=False), "<project>")

    assert '<rect class="bad"' in page
    assert "test_x.py::test_a: fail, 0.00 s to 1.00 s" in page
    assert "hermetic audit: &lt;project&gt;" in page
    assert "The audit did not end." in page


def test_the_first_run_is_told_with_the_number_of_collected_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "test_x.py").write_text(
        "import time, pytest\n@pytest.mark.parametrize('n', range(5))\ndef test_n(n):\n    time.sleep(0.3)\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    said: list[tuple[int, int, float | None]] = []
    made = Audit(Wanted(), lambda _, done, total, left: said.append((done, total, left)))

    try:
        made.run(PLAIN)
    finally:
        made.close(done=True)

    begun = [(total, left) for done, total, left in said if done]
    assert {total for total, _ in begun} == {5}
    assert all(left is not None for _, left in begun)
    assert {left for done, _, left in said if not done} == {None}


@pytest.mark.parametrize(
    ("mode", "levels", "expected"),
    [
        ("error", "{}", True),
        ("warn", "{HRM101 = 'error'}", True),
        ("warn", "{HRM101 = 'off'}", False),
        ("off", "{HRM101 = 'error'}", False),
        ("", "{HRM101 = 'error'}", False),
        ("warn", "{HRM101 = 'loud'}", False),
    ],
)
def test_the_guard_fails_tests_by_its_mode_or_by_the_level_of_a_rule(
    tmp_path: Path, mode: str, levels: str, expected: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.hermetic.guard]\nlevels = {levels}\n", encoding="utf-8")

    assert is_strict(mode, str(tmp_path)) is expected


def test_commands_that_repeat_a_run_leave_the_guard_off_where_it_would_fail_tests(workshop: Workshop) -> None:
    workshop.quiet = ("--hermetic=off",)

    assert workshop.command(GUARDED).endswith(" --hermetic=off")
    assert workshop.alone([TEST]).endswith(f" --hermetic=off {TEST}")
