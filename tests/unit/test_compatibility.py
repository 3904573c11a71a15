"""Which interpreters are at hand: those that start, on the PATH or where pyenv has installed them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.utils.scripts import imported

if TYPE_CHECKING:
    from pathlib import Path

compatibility: Any = imported("scripts/compatibility.py")
MINE = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHER, LAST = [version for version in compatibility.VERSIONS if version != MINE][:2]


def command(path: Path, prints: str, *, code: int = 0, mode: int = 0o755) -> Path:
    """Write a command that prints a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\nexit {code}\n", encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but this interpreter: a PATH, and a folder for pyenv."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


@pytest.mark.usefixtures("root")
def test_this_interpreter_is_always_there() -> None:
    assert compatibility.at_hand() == {MINE: sys.executable}


def test_what_does_not_start_gives_way_to_what_pyenv_has_installed(root: Path) -> None:
    command(root / "bin" / f"python{OTHER}", "pyenv: command not found", code=127)
    found = command(root / "pyenv" / "versions" / f"{OTHER}.9" / "bin" / f"python{OTHER}", OTHER)
    command(root / "pyenv" / "versions" / f"{LAST}.0" / "bin" / f"python{LAST}", LAST, mode=0o644)

    assert compatibility.at_hand() == {MINE: sys.executable, OTHER: str(found)}


def test_what_the_path_has_goes_first(root: Path) -> None:
    found = command(root / "bin" / f"python{OTHER}", OTHER)
    command(root / "pyenv" / "versions" / f"{OTHER}.9" / "bin" / f"python{OTHER}", OTHER)

    assert compatibility.at_hand() == {MINE: sys.executable, OTHER: str(found)}
