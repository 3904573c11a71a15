"""After an edit only what it can matter for is checked again, and the findings are those of a complete run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermetic.cli import main
from hermetic.lint.engine import Engine
from hermetic.lint.warm import KEPT
from tests.utils.lint import write_files
from tests.utils.process import BAD

if TYPE_CHECKING:
    from collections.abc import Callable

AUTOUSE = """\
import os

import pytest


@pytest.fixture(autouse=True)
def mode():
    os.environ["MODE"] = "test"
    yield
    os.environ.pop("MODE")


def test_mode():
    assert os.environ["MODE"] == "test"
"""
ALLOWED = """\
import os

import pytest


@pytest.mark.hermetic(allow=["HRM101"])
def test_allowed():
    os.environ["ALLOWED"] = "1"
"""
EXCUSED = """\
import os


def test_excused():
    os.environ["EXCUSED"] = "1"  # hermetic: ignore[HRM101] on purpose


def test_not_needed():
    assert 1 + 1 == 2  # hermetic: ignore[HRM101] no reason
"""
HELPER = 'import os\n\n\ndef use():\n    os.environ["USED"] = "1"\n'
USER = "from helpers import use\n\n\ndef test_use():\n    use()\n"
CHAIN = "from test_one import use\n" + USER
GOOD = "def test_good():\n    assert 1 + 1 == 2\n"
FILES = {
    "pyproject.toml": '[tool.hermetic]\nselect = ["ALL"]\n',
    "tests/helpers.py": HELPER,
    "tests/a/test_mode.py": AUTOUSE,
    "tests/test_allowed.py": ALLOWED,
    "tests/test_excused.py": EXCUSED,
    "tests/test_good.py": GOOD,
    "tests/test_one.py": USER,
    "tests/test_two.py": USER.replace("test_use", "test_use_too"),
    "tests/data/broken.py": "def (:\n",
}


def write(path: str, source: str) -> Callable[[], object]:
    return lambda: write_files({path: source}, Path.cwd())


# In this order, one upon the other; with each the files that it takes to see what it means, None for all.
STEPS: dict[str, tuple[Callable[[], object], set[str] | None]] = {
    "nothing": (lambda: None, set()),
    "a good file is bad": (write("tests/test_good.py", BAD), {"tests/test_good.py"}),
    "and has the same fixture": (write("tests/test_good.py", AUTOUSE), {"tests/test_good.py"}),
    "which is another one": (write("tests/test_good.py", AUTOUSE.replace('"test"', '"x"')), {"tests/test_good.py"}),
    "and good again": (write("tests/test_good.py", GOOD), {"tests/test_good.py"}),
    "the first of two users": (write("tests/test_one.py", GOOD), {"tests/test_one.py"}),
    "the first uses it again": (write("tests/test_one.py", "\n" + USER), {"tests/test_one.py"}),
    "an excuse goes": (write("tests/test_excused.py", EXCUSED.replace("# h", "# not h")), {"tests/test_excused.py"}),
    "an excuse is back": (write("tests/test_excused.py", EXCUSED), {"tests/test_excused.py"}),
    "two files at once": (
        lambda: write_files({"tests/test_good.py": BAD, "tests/test_two.py": BAD}, Path.cwd()),
        {"tests/test_good.py", "tests/test_two.py"},
    ),
    "what both use": (write("tests/helpers.py", HELPER.replace("os.environ", "given")), None),
    "a test that another one imports": (write("tests/test_two.py", CHAIN), {"tests/test_two.py"}),
    "the imported one": (write("tests/test_one.py", HELPER), None),
    "a new file": (write("tests/test_new.py", BAD), None),
    "it is gone, as it was before": (lambda: Path("tests/test_new.py").unlink(), set()),
    "a file that cannot be parsed": (write("tests/test_good.py", "def (:\n"), {"tests/test_good.py"}),
    "test data that a test imports": (write("tests/test_good.py", "from data import broken\n"), {"tests/test_good.py"}),
    "a conftest": (write("tests/conftest.py", AUTOUSE), None),
    "another one": (write("tests/a/conftest.py", AUTOUSE), None),
    "the configuration": (write("pyproject.toml", '[tool.hermetic]\nselect = ["HRM1", "HRM4"]\n'), None),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_files(FILES, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "project"


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The files whose own result was worked out."""
    names: set[str] = set()
    result = Engine.result

    def noted(engine: Engine, path: str, data: bytes | None = None) -> object:
        names.add(path)
        return result(engine, path, data)

    monkeypatch.setattr(Engine, "result", noted)
    return names


@pytest.fixture
def found(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    del project

    def run(*options: str) -> str:
        capsys.readouterr()
        main(["check", "--output-format=concise", *options, "."])
        captured = capsys.readouterr()
        return captured.out + captured.err

    return run


def test_after_each_step_the_findings_are_those_of_a_complete_run(
    found: Callable[..., str], looked_at: set[str]
) -> None:
    found("--jobs=1")
    seen = []
    for step, (change, files) in STEPS.items():
        change()
        complete = found("--no-cache", "--jobs=1")
        everything = looked_at.copy()
        looked_at.clear()
        assert found("--jobs=1") == complete, step
        assert looked_at == (everything if files is None else files), step
        looked_at.clear()
        seen.append(complete)

    assert len(set(seen)) > len(STEPS) / 2


@pytest.mark.parametrize("options", [("--jobs=2",), ("--jobs=1", "--output-format=full"), ("--ignore=HRM101",)])
def test_it_is_so_however_the_run_is_made(options: tuple[str, ...], found: Callable[..., str]) -> None:
    for step, (change, _) in STEPS.items():
        change()
        assert found(*options) == found("--no-cache", *options), step


def test_a_rule_that_fails_leaves_nothing(
    found: Callable[..., str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("hermetic.catalogue.process.environ_write.EnvironWrite.check", fails)
        assert "RuntimeError" in found("--jobs=1")

    assert kept(project) == []


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, None])
def test_damaged_results_are_a_miss(damage: bytes | None, found: Callable[..., str], project: Path) -> None:
    found()
    write("tests/test_good.py", BAD)()
    (file,) = kept(project)
    data = file.read_bytes()
    file.write_bytes(data[:-9] + b"?" + data[-8:] if damage is None else damage)

    assert found() == found("--no-cache")


def test_a_file_that_nobody_can_read_is_looked_at_each_time(found: Callable[..., str], looked_at: set[str]) -> None:
    Path("tests/test_gone.py").symlink_to("nowhere")
    found("--jobs=1")
    looked_at.clear()

    assert "tests/test_gone.py:0" in found("--jobs=1").replace("test_gone.py: ", "test_gone.py:0 ")
    assert "tests/test_gone.py" in looked_at


def test_only_the_newest_runs_are_kept(found: Callable[..., str], project: Path) -> None:
    for number in range(KEPT + 2):
        found(f"--select=HRM{101 + number % 9}", f"--ignore=HRM{201 + number // 9}")

    assert len(kept(project)) == KEPT


def kept(project: Path) -> list[Path]:
    return sorted((project.parent / "cache" / "hermetic").glob("files-*"))


def test_what_is_kept_is_for_its_owner_alone(found: Callable[..., str], project: Path) -> None:
    found()

    assert kept(project)[0].parent.stat().st_mode & 0o077 == 0
