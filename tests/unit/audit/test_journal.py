"""Known results are read again only when they are about the same tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermetic.audit.journal import Journal


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def interrupted() -> Journal:
    made = Journal("/project", ["tests", 1], resume=False)
    made.add("key", [["events"], "bye", 0.5])
    made.close(done=False)
    return made


def test_an_interrupted_hunt_goes_on_with_what_is_known() -> None:
    interrupted()
    again = Journal("/project", ["tests", 1], resume=True)
    again.close(done=False)

    assert again.resumed
    assert again.known == {"key": [["events"], "bye", 0.5]}


@pytest.mark.parametrize(("about", "resume"), [(["tests", 2], True), (["tests", 1], False)])
def test_other_files_or_no_wish_to_resume_start_anew(about: list[object], *, resume: bool) -> None:
    interrupted()
    again = Journal("/project", about, resume=resume)
    again.close(done=False)

    assert (again.resumed, again.known) == (False, {})


def test_a_hunt_that_is_done_leaves_nothing_to_resume() -> None:
    Journal("/project", [], resume=False).close(done=True)
    again = Journal("/project", [], resume=True)
    again.close(done=False)

    assert not again.resumed


def test_a_line_that_was_cut_off_is_left_out() -> None:
    path = interrupted().path
    with Path(path).open("a", encoding="utf-8") as file:
        file.write('["half", [')
    again = Journal("/project", ["tests", 1], resume=True)
    again.close(done=False)

    assert set(again.known) == {"key"}
