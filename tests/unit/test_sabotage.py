"""A run of all sabotages that is stopped, or does not end."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.utils.scripts import imported
from tests.utils.signal_fixtures import interruptible

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["interruptible"]

sabotage: Any = imported("scripts/sabotage.py")


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_lets_what_is_under_way_finish_and_begins_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finished: list[str] = []

    def known(one: Any, *_: object, **__: object) -> str:
        time.sleep(0.3)  # until the main thread waits for this one
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.3)
        finished.append(one.name)
        return "test_01"

    monkeypatch.setattr(sabotage, "control", lambda *_: None)
    monkeypatch.setattr(sabotage, "known", known)
    monkeypatch.setattr("sys.argv", ["sabotage.py", "--jobs", "1"])

    assert sabotage.main() == 2
    assert len(finished) == 1
    assert "the next run goes on" in capsys.readouterr().err


def test_meta_tests_that_do_not_end_are_said_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def endless(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("pytest", 900)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sabotage.meta.Tree, "copied", lambda tree, *_: tree)
    monkeypatch.setattr(sabotage.meta.Tree, "pytest", endless)
    monkeypatch.setattr("sys.argv", ["sabotage.py", "--sample", "1"])

    assert sabotage.main() == 2
    assert "the untouched copy: the meta-tests took longer than 900 seconds; try again" in capsys.readouterr().err
