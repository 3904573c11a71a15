"""What people read of a hunt."""

from __future__ import annotations

from hermetic.audit.hunt import Hunted, Record
from hermetic.cli.hunt import text

POLLUTER = "test_x.py::test_p"


def record(victim: str, *culprits: str, kind: str = "victim", cleaners: tuple[str, ...] = ()) -> Record:
    command = f"python -m pytest {victim}"
    changed = ("app.ITEMS", "test_x.py", 5, None)
    return Record(victim, kind, list(culprits), [*cleaners], *changed, confirmed=True, command=command)


def read(*records: Record) -> str:
    return text(Hunted(list(records), [], 9, is_whole=True))


def test_many_victims_of_one_polluter_stand_below_it() -> None:
    victims = [f"test_y.py::test_{number}" for number in range(4)]
    records = [record(victim, POLLUTER, cleaners=("test_x.py::test_c",)) for victim in victims]
    other = record("test_z.py::test_other", POLLUTER, "test_x.py::test_q")
    records[1] = records[1]._replace(confirmed=False)

    assert read(*records, other) == (
        "4 tests fail after test_x.py::test_p\n"
        "  state: app.ITEMS (test_x.py:5)\n"
        "    test_y.py::test_0\n"
        "    test_y.py::test_1 (not confirmed: no run in a new interpreter has shown it)\n"
        "    test_y.py::test_2\n"
        "    test_y.py::test_3\n"
        "  hidden by: test_x.py::test_c\n"
        "  reproduce the first: python -m pytest test_y.py::test_0\n"
        "\n"
        "test_z.py::test_other fails after\n"
        "    test_x.py::test_p\n"
        "    test_x.py::test_q\n"
        "  state: app.ITEMS (test_x.py:5)\n"
        "  reproduce: python -m pytest test_z.py::test_other\n"
        "\n"
        "9 tests: 5 victims, 0 brittle tests\n"
    )


def test_what_hides_only_some_victims_is_said_so() -> None:
    records = [record(f"test_y.py::test_{number}", POLLUTER) for number in range(4)]
    records[3] = records[3]._replace(cleaners=["test_x.py::test_c"])

    assert "  hidden in part by: test_x.py::test_c\n" in read(*records)


def test_many_brittle_tests_of_one_state_setter_stand_below_it() -> None:
    records = [record(f"test_y.py::test_{number}", POLLUTER, kind="brittle") for number in range(4)]

    assert read(*records).startswith("4 tests fail alone, and pass after test_x.py::test_p\n")


def test_few_victims_have_a_block_each() -> None:
    records = [record(f"test_y.py::test_{number}", POLLUTER) for number in range(3)]
    elsewhere = record("test_y.py::test_3", POLLUTER)._replace(state="app.READY", line=9)

    assert read(*records, elsewhere).count(" fails after\n") == 4
