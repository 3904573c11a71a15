"""A thing that a run has once: set up by the first, shared by all, torn down by the last one out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.utils.holders import holding

from hermetic.workers import OncePerRun, WorkerResourceError

if TYPE_CHECKING:
    from pathlib import Path

# Each process notes in a file what it does. `wait` is a line on standard input.
USE = """
    def note(text):
        with open(os.environ["NOTES"], "a") as file:
            file.write(text + "\\n")

    def setup():
        note("up")
        time.sleep(0.1)
        return {"made by": os.getpid(), "pair": [1, 2]}

    def teardown(value):
        note(f"down {value['made by']}")

    things = workers.OncePerRun("run")
    BEFORE
    said = [os.getpid(), things.get("thing", setup, teardown), things.get("thing", setup, teardown)]
    print(json.dumps(said), flush=True)
    sys.stdin.readline()
    AFTER
    sys.exit()
"""
PLAIN = USE.replace("BEFORE", "pass").replace("AFTER", "assert things.leave() == []")
TAKES_PART = USE.replace("BEFORE", "things.take_part()").replace("AFTER", "assert things.finish() == []")


@pytest.fixture
def notes(tmp_path: Path, env: dict[str, str]) -> Path:
    """Where processes note what they do; `env` names it."""
    env["NOTES"] = str(tmp_path / "notes")
    return tmp_path / "notes"


@pytest.fixture
def things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OncePerRun:
    """The things of a run that has this process only."""
    monkeypatch.setenv("HERMETIC_LEASE_DIR", str(tmp_path))
    return OncePerRun("run")


def lines(notes: Path) -> list[str]:
    return notes.read_text(encoding="utf-8").splitlines()


def files(tmp_path: Path) -> list[str]:
    return [path.name for path in tmp_path.rglob("run-*")]


def test_four_workers_set_up_once_and_the_last_one_out_tears_down(
    env: dict[str, str], notes: Path, tmp_path: Path
) -> None:
    with holding(*[PLAIN] * 4, env=env) as holders:
        values = [holder.said[1:] for holder in holders]
        (maker,) = {value["made by"] for pair in values for value in pair}
        assert maker in {holder.said[0] for holder in holders}
        assert values[0][0]["pair"] == [1, 2]

        for holder in holders[:3]:
            holder.end()
            assert lines(notes) == ["up"]
        holders[3].end()

    assert lines(notes) == ["up", f"down {maker}"]
    assert files(tmp_path) == []


def test_a_killed_user_does_not_count(env: dict[str, str], notes: Path, tmp_path: Path) -> None:
    with holding(*[PLAIN] * 3, env=env) as holders:
        maker = holders[0].said[1]["made by"]
        # The one that made it, among others.
        for holder in sorted(holders, key=lambda holder: holder.said[0] != maker)[:2]:
            holder.kill()
        assert lines(notes) == ["up"]

        sorted(holders, key=lambda holder: holder.said[0] != maker)[2].end()

    assert lines(notes) == ["up", f"down {maker}"]
    assert files(tmp_path) == []


def test_what_killed_users_have_left_is_torn_down_before_it_is_set_up_again(env: dict[str, str], notes: Path) -> None:
    with holding(PLAIN, env=env) as (first,):
        old = first.said[0]
        first.kill()

        with holding(PLAIN, env=env) as (second,):
            assert second.said[1]["made by"] == second.said[0]
            second.end()

        assert lines(notes) == ["up", f"down {old}", "up", f"down {second.said[0]}"]


def test_a_worker_that_is_still_at_work_keeps_the_thing_up(env: dict[str, str], notes: Path) -> None:
    # The second takes part from the start, but asks for the thing only after the first has done all of its tests.
    late = TAKES_PART.replace("said = [", "print(json.dumps('ready'), flush=True); sys.stdin.readline(); said = [", 1)
    with holding(late, TAKES_PART, env=env) as (second, first):
        assert second.said == "ready"
        assert first.said
        assert first.process.stdin is not None
        first.process.stdin.write("\n")
        first.process.stdin.flush()

        del second._said
        assert second.process.stdin is not None
        second.process.stdin.write("\n")
        second.process.stdin.flush()
        assert second.said[1]["made by"] == first.said[0]
        assert first.process.poll() is None  # it waits

        second.end()
        first.process.communicate()

    assert lines(notes) == ["up", f"down {first.said[0]}"]


def test_nobody_waits_for_a_killed_worker(env: dict[str, str], notes: Path) -> None:
    with holding(TAKES_PART, TAKES_PART, env=env) as (one, other):
        assert other.said
        one.kill()
        other.end()

    assert len(lines(notes)) == 2


def test_runs_and_names_are_kept_apart(env: dict[str, str]) -> None:
    code = """
        things = workers.OncePerRun(os.environ["RUN"])
        said = [things.get(name, os.getpid) for name in ("a", "b")]
    """
    with holding(code, env={**env, "RUN": "1"}) as (one,), holding(code, env={**env, "RUN": "2"}) as (other,):
        assert one.said == [one.process.pid] * 2
        assert other.said == [other.process.pid] * 2


def test_things_go_in_the_reverse_order(things: OncePerRun) -> None:
    gone: list[str] = []
    for name in ("server", "database", "tables"):
        assert things.get(name, lambda name=name: name, gone.append) == name  # type: ignore[misc]

    assert things.leave() == []
    assert gone == ["tables", "database", "server"]


def test_a_teardown_that_fails_does_not_stop_the_others(things: OncePerRun, tmp_path: Path) -> None:
    gone: list[str] = []
    things.get("first", lambda: "first", gone.append)
    things.get("second", lambda: "second", lambda _: 1 / 0)

    assert [type(problem) for problem in things.leave()] == [ZeroDivisionError]
    assert gone == ["first"]
    assert files(tmp_path) == []


def test_a_setup_that_fails_is_tried_again(things: OncePerRun) -> None:
    with pytest.raises(ZeroDivisionError):
        things.get("thing", lambda: 1 / 0)

    assert things.get("thing", lambda: 1) == 1
    assert things.leave() == []


def test_a_value_that_cannot_cross_processes_is_refused_and_torn_down(things: OncePerRun) -> None:
    gone: list[object] = []

    with pytest.raises(WorkerResourceError, match=r"'thing' .* cannot be handed to other workers.*return JSON"):
        things.get("thing", object, gone.append)

    assert len(gone) == 1


def test_a_forked_child_tears_nothing_down_and_waits_for_nobody(env: dict[str, str], notes: Path) -> None:
    fork = "if os.fork() == 0: things.finish(), things.leave(), os._exit(0)"
    forking = TAKES_PART.replace("    print(", f"    {fork}\n    os.wait()\n    print(")
    assert fork in forking
    with holding(forking, env=env) as (holder,):
        assert holder.said
        assert lines(notes) == ["up"]
        holder.end()

    assert len(lines(notes)) == 2
