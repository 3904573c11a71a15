"""A pytest plugin for the small projects: tests that must run at the same time wait for each other, and take notes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = float(os.environ.get("MEETING_PATIENCE", "30"))  # seconds
FOLDER = Path(os.environ["MEETING"])


@pytest.fixture(scope="session")
def meet() -> Callable[..., None]:
    """Wait until `count` processes have come to the point `name`: from then on all of them are at work."""

    def wait(name: str, count: int = 2) -> None:
        (FOLDER / f"{name}.{os.getpid()}.here").touch()
        until = time.monotonic() + PATIENCE
        while len(list(FOLDER.glob(f"{name}.*.here"))) < count:
            assert time.monotonic() < until, f"fewer than {count} processes came to {name}"
            time.sleep(0.01)

    return wait


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keep something for whoever started the run: `note(port=1)`; the test and the worker are noted with it."""

    def write(**facts: Any) -> None:
        about = {"test": request.node.name, "worker": os.environ.get("PYTEST_XDIST_WORKER", "master")}
        with (FOLDER / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**about, **facts}) + "\n")

    return write
