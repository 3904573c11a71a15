"""The runs of the small suite about signing in, which two files of regression tests look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.utils.inner import InnerRun

AUTH = ("auth", "-n2", "--dist=loadfile")


@pytest.fixture(scope="session")
def unguarded(inner: Callable[..., InnerRun]) -> InnerRun:
    """The suite as most people run theirs: nobody looks at what its tests leave."""
    return inner(*AUTH, "--hermetic=off")


@pytest.fixture(scope="session")
def guarded(inner: Callable[..., InnerRun]) -> InnerRun:
    """The same suite under the guard, which fails who leaves something and puts it back."""
    return inner(*AUTH, "--hermetic=error")


def noted(run: InnerRun, test: str) -> list[dict[str, Any]]:
    """Return what a test noted, without who noted it."""
    notes = [note for note in run["notes"] if note["test"] == test]
    return [{key: value for key, value in note.items() if key not in ("test", "worker")} for note in notes]
