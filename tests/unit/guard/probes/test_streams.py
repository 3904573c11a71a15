"""Standard streams that a test replaces: those that pytest's capture leaves as they are, and those that it loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
import contextlib
import io
import sys

import pytest


@pytest.fixture
def typed():
    sys.stdin = io.StringIO("y")  # <- HRM107


@pytest.fixture
def wrapped():
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="latin-1")  # <- HRM107


@pytest.fixture
def put_back():
    before = sys.stdin
    sys.stdin = io.StringIO("y")
    yield
    sys.stdin = before


def use_latin():
    sys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding="latin-1")  # <- HRM107


def test_a_fixture_replaces_stdin(typed):
    assert sys.stdin.read() == "y"


def test_a_fixture_wraps_the_buffer(wrapped):
    print("printed")


def test_a_helper_wraps_the_buffer():
    use_latin()


def test_a_function_wraps_the_buffer_and_the_run_goes_on(capsys):
    print("printed")
    assert capsys.readouterr().out == "printed\\n"


def test_stdin_is_put_back(put_back, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y"))


def test_a_wrapper_is_detached():
    before = sys.stdout
    sys.stdout = io.TextIOWrapper(before.buffer, encoding="latin-1")
    sys.stdout.detach()
    sys.stdout = before


def test_another_buffer_is_wrapped(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO()))
    sys.stderr = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        print("printed")
"""


@pytest.mark.parametrize("capture", ["fd", "sys"])
def test_streams_that_stay_replaced_are_caught_on_their_line(capture: str, tmp_path: Path) -> None:
    source = SUITE.lstrip("\n")
    run = guarded(tmp_path / "suite", f"--capture={capture}", files={"test_it.py": source})

    expected = {number for number, line in enumerate(source.splitlines(), 1) if "# <- HRM107" in line}
    assert {line for _, line in run.places("HRM107")} == expected, run.output
    assert {item["code"] for item in run.findings} == {"HRM107"}
    assert "7 passed" in run.output
    assert "ValueError" not in run.output
