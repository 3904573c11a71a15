"""Start-up is a feature: what a one-file check imports is a short list, and this is it."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import write_files
from tests.utils.process import BAD, environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MODULE = "hermetic.catalogue.process.environ_write"
# Beyond what the interpreter itself has loaded. Each is built in or a few lines long.
ALWAYS = {"__future__", "_ast", "_bisect", "_warnings", "gc", "time"}
# What it takes to keep what was worked out about other files.
KEEPING = {"_blake2", "binascii"}
# `os` and what it needs are there in every interpreter that was started with its site module.
CODE = """\
import os
before = set(sys.modules)
from hermetic.cli import main
code = main(sys.argv[1:])
print([code, sorted(set(sys.modules) - before)], file=sys.stderr)
"""


def imported(files: Mapping[str, str], folder: Path, *arguments: str) -> tuple[int, set[str]]:
    """Return the exit code of a check in a fresh interpreter, and what it imported besides hermetic."""
    write_files(files, folder)
    done = subprocess.run(
        # Without the site module: what stands in site-packages may import anything.
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{CODE}", "check", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = ast.literal_eval(done.stderr.splitlines()[-1])
    return code, {name for name in modules if name.partition(".")[0] != "hermetic"}


GOOD = "def test_a():\n    assert 1 + 1 == 2\n"
FILES = {"pyproject.toml": '[project]\nname = "app"\n', "conftest.py": ""}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        pytest.param(GOOD, 0, id="clean"),
        pytest.param(BAD, 1, id="finding"),
        pytest.param("def (:\n", 1, id="unreadable"),
    ],
)
def test_lint_path_imports_only_the_allowed_modules(source: str, code: int, tmp_path: Path) -> None:
    found = imported({**FILES, "test_a.py": source}, tmp_path / "project", "test_a.py")
    alone = imported({"pytest.ini": "", "test_a.py": source}, tmp_path / "alone", "test_a.py")

    assert (found[0], alone[0]) == (code, code)
    assert found[1] - ALWAYS <= KEEPING
    assert alone[1] - ALWAYS <= {"_blake2"}


def test_a_configuration_that_was_read_before_needs_no_parser(tmp_path: Path) -> None:
    files = {**FILES, "pyproject.toml": '[tool.hermetic]\nselect = ["HRM101"]\n', "test_a.py": BAD}
    folder = tmp_path / "project"

    first = imported(files, folder, "test_a.py")[1]
    second = imported(files, folder, "test_a.py")[1]

    assert "tomllib" in first
    assert second - ALWAYS == KEEPING


HEAVY = {"json", "hashlib", "ast", "re", "typing", "urllib"}


def test_what_formats_and_a_baseline_need_is_imported_only_when_they_are_asked_for(tmp_path: Path) -> None:
    held = '[tool.hermetic]\nbaseline = "b.jsonl"\n'
    files = {
        **FILES,
        "pyproject.toml": held,
        "test_a.py": BAD,
        "b.jsonl": '{"version": 1, "tool": "hermetic", "paths": []}\n',
    }

    without = imported({**FILES, "test_a.py": BAD}, tmp_path / "without", "test_a.py")
    configured = imported(files, tmp_path / "with", "test_a.py")
    ignored = imported(files, tmp_path / "with", "test_a.py", "--no-baseline")

    assert (without[0], configured[0], ignored[0]) == (1, 1, 1)
    assert without[1] & HEAVY == set()
    assert {"json", "hashlib"} <= configured[1]
    assert {"json", "hashlib"} & ignored[1] == set()


def test_a_rule_is_imported_only_where_one_of_its_tokens_occurs(tmp_path: Path) -> None:
    write_files({**FILES, "test_a.py": GOOD, "test_b.py": BAD}, tmp_path)
    code = f"import sys; from hermetic.cli import main; main(sys.argv[1:]); print({MODULE!r} in sys.modules)"

    def is_imported(name: str) -> str:
        command = [sys.executable, "-c", code, "check", name]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()[-1]

    assert (is_imported("test_a.py"), is_imported("test_b.py")) == ("False", "True")


LAST = """\
import sys
from hermetic.cli import main
{before}
sys.argv = ["hermetic", "check", "test_a.py"]
code = main()
print("the caller goes on")
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        pytest.param("", [], id="nobody"),
        pytest.param("import atexit; atexit.register(print, 'told')", ["the caller goes on", "told"], id="told"),
        pytest.param("import threading", ["the caller goes on"], id="threads"),
        pytest.param("sys.setprofile(lambda *_: None)", ["the caller goes on"], id="a profile"),
    ],
)
def test_the_process_ends_at_once_where_nobody_is_to_be_told_of_its_end(
    before: str, said: list[str], tmp_path: Path
) -> None:
    write_files({"test_a.py": BAD}, tmp_path)
    path = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run(
        [sys.executable, "-S", "-c", path + LAST.format(before=before)],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "HRM101" in lines[0]
    assert lines[lines.index("Read more: hermetic explain HRM101") + 1 :] == said
