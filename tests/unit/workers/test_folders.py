"""Folders, SQLite files and the environment: there for one worker, and gone afterwards."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.utils.holders import holding, say

from hermetic.workers import isolated_environment, sqlite_file

if TYPE_CHECKING:
    from collections.abc import MutableMapping

FOLDER = "path = workers.worker_tmp_path(); (path / 'file').touch(); said = str(path)"


@pytest.fixture
def tmp_env(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """As `env`, with temporary files in the test's own folder too."""
    return {**env, "TMPDIR": str(tmp_path)}


def test_two_processes_have_two_folders_and_one_process_has_one(tmp_env: dict[str, str]) -> None:
    code = f"{FOLDER}; said = [said, str(workers.worker_tmp_path())]"
    with holding(code, code, env=tmp_env) as holders:
        (one, again), (other, _) = (holder.said for holder in holders)

        assert one == again != other
        assert Path(one).stat().st_mode & 0o777 == 0o700


def test_the_folder_goes_with_the_process(tmp_env: dict[str, str]) -> None:
    assert not Path(say(FOLDER, tmp_env)).exists()


def test_what_a_killed_process_has_left_goes_when_the_slot_is_leased_again(tmp_env: dict[str, str]) -> None:
    with holding(FOLDER, env=tmp_env) as (holder,):
        left = Path(holder.said)
        holder.kill()
        assert (left / "file").exists()

        with holding(FOLDER, env=tmp_env) as (heir,):
            assert Path(heir.said).exists()
            assert not left.exists()


def test_a_folder_of_a_living_process_stays_also_when_leases_are_elsewhere(
    tmp_env: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with holding(FOLDER, env=tmp_env) as (holder,):
        assert holder.said
        # The same slot 0 and the same temporary folder, but other leases.
        say(FOLDER, {**tmp_env, "HERMETIC_LEASE_DIR": str(elsewhere)})

        assert Path(holder.said, "file").exists()


def test_a_forked_child_does_not_remove_the_folder_of_its_parent(tmp_env: dict[str, str]) -> None:
    code = f"""
        {FOLDER}
        if os.fork() == 0:
            workers.remove_worker_tmp_path()
            os._exit(0)
        os.wait()
        said = [said, path.exists()]
    """
    assert say(code, tmp_env)[1]


def test_a_removed_folder_is_made_again(tmp_env: dict[str, str]) -> None:
    code = f"{FOLDER}; workers.remove_worker_tmp_path(); said = [path.exists(), workers.worker_tmp_path().exists()]"

    assert say(code, tmp_env) == [False, True]


def test_the_folder_of_the_fixture_can_be_used(worker_tmp: Path) -> None:
    (worker_tmp / "file").write_text("x", encoding="utf-8")


def test_a_sqlite_file_goes_with_its_side_files(tmp_path: Path) -> None:
    with sqlite_file("name", tmp_path) as path:
        assert not path.exists()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute("CREATE TABLE some (x)")
            assert len(list(tmp_path.iterdir())) > 1

    assert list(tmp_path.iterdir()) == []


def test_two_sqlite_files_are_two(worker_sqlite: Path, worker_tmp: Path) -> None:
    with sqlite_file(folder=worker_tmp) as other:
        assert other != worker_sqlite
        assert other.parent == worker_sqlite.parent == worker_tmp


def test_the_environment_is_put_back_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "before")
    monkeypatch.setenv("REMOVED", "before")
    before = dict(os.environ)

    with isolated_environment(KEPT=None, ADDED="x") as environ:
        assert "KEPT" not in os.environ
        assert environ["ADDED"] == "x"
        environ.clear()
        environ["OTHER"] = "x"
    assert dict(os.environ) == before


def test_the_environment_is_put_back_when_the_test_fails() -> None:
    before = dict(os.environ)

    with pytest.raises(ZeroDivisionError), isolated_environment() as environ:
        environ["OTHER"] = str(1 / 0) if environ.pop("PATH") else ""

    assert dict(os.environ) == before


class TestEnvironFixture:
    """Two tests, each of which would see what the other has left, in either order."""

    @pytest.mark.parametrize("number", [1, 2])
    def test_leaves_nothing(self, worker_environ: MutableMapping[str, str], number: int) -> None:
        assert "HERMETIC_LEFT_BY" not in os.environ
        worker_environ["HERMETIC_LEFT_BY"] = str(number)
        assert os.environ["HERMETIC_LEFT_BY"] == str(number)
