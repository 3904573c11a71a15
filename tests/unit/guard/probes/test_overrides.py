"""What counts as an override that its test left, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("fastapi")

MAIN = """
from fastapi import FastAPI

app = FastAPI()


def get_plan():
    return "free"


def get_rate():
    return 1
"""
LEAK = "    main.app.dependency_overrides[main.get_plan] = lambda: 'paid'\n"
TESTS = f"import main\n\ndef test_paid():\n{LEAK}\ndef test_other():\n    pass\n"


def test_what_is_left_is_put_back_and_named(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", files={"main.py": MAIN, "test_plan.py": TESTS})

    states = {(item["test"].rpartition("::")[2], item["state"]) for item in run.findings}
    assert states == {("test_paid", "main.app.dependency_overrides[main.get_plan]")}, run.output
    assert "1 error" in run.output


def test_an_application_of_a_subclass_that_a_function_makes_once_is_watched(tmp_path: Path) -> None:
    files = {
        "factory.py": """
import functools

import fastapi


class App(fastapi.FastAPI):
    pass


@functools.lru_cache
def app():
    return App()
""",
        "test_plan.py": """
from factory import app


def test_the_first_makes_it():
    app().dependency_overrides[print] = lambda: "its own affair"
    app().dependency_overrides.clear()


def test_paid():
    app().dependency_overrides[print] = lambda: "paid"
""",
    }

    run = guarded(tmp_path / "suite", files=files)

    assert run.found == {("HRM201", "test_plan.py", 11)}, run.output


@pytest.mark.parametrize(
    "emptied", ["main.app.dependency_overrides.clear()", "main.app.dependency_overrides = {}"], ids=["clear", "new"]
)
def test_a_table_that_is_emptied_before_each_test_may_be_left_full(tmp_path: Path, emptied: str) -> None:
    conftest = f"import main, pytest\n\n@pytest.fixture(autouse=True)\ndef clean():\n    {emptied}\n"

    run = guarded(tmp_path / "suite", files={"main.py": MAIN, "conftest.py": conftest, "test_plan.py": TESTS})

    assert (run.findings, run.exit) == ([], 0), run.output


def test_what_a_session_wide_autouse_fixture_of_the_conftest_overrides_is_configuration(tmp_path: Path) -> None:
    head = "import main, pytest\n\n@pytest.fixture(scope='session', autouse=True)\ndef configured():\n"
    for number, after in enumerate(("", "    yield\n    main.app.dependency_overrides.clear()\n")):
        files = {"main.py": MAIN, "conftest.py": head + LEAK + after, "test_plan.py": "def test_it():\n    pass\n"}

        run = guarded(tmp_path / f"suite{number}", files=files)

        assert (run.findings, run.exit) == ([], 0), run.output


def test_a_test_that_takes_such_an_override_out_is_the_leaker(tmp_path: Path) -> None:
    head = "import main, pytest\n\n@pytest.fixture(scope='session', autouse=True)\ndef configured():\n"
    clears = "import main\n\ndef test_it():\n    main.app.dependency_overrides.clear()\n"

    run = guarded(tmp_path / "suite", files={"main.py": MAIN, "conftest.py": head + LEAK, "test_plan.py": clears})

    assert [(item["code"], item["after"]) for item in run.findings] == [("HRM201", "absent")], run.output


def test_a_wide_fixture_that_leaves_its_override_is_the_owner(tmp_path: Path) -> None:
    files = {
        "main.py": MAIN,
        "test_plan.py": f"import main, pytest\n\n@pytest.fixture(scope='module')\ndef paid():\n{LEAK}\n"
        "def test_it(paid):\n    pass\n",
    }

    run = guarded(tmp_path / "suite", files=files)

    assert [(item["code"], item["owner"]) for item in run.findings] == [("HRM201", "paid")], run.output


def test_a_file_overrides_for_its_own_application_when_it_is_imported(tmp_path: Path) -> None:
    own = MAIN + "\n\napp.dependency_overrides[get_plan] = get_rate\n\n\ndef test_it():\n    pass\n"
    production = MAIN + "\n\napp.dependency_overrides[get_plan] = get_rate\n"
    user = "import wired\n\ndef test_it():\n    assert wired.app\n"

    run = guarded(tmp_path / "suite", files={"test_own.py": own, "wired.py": production, "test_wired.py": user})

    assert (run.findings, run.exit) == ([], 0), run.output
