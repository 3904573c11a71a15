"""The copy holds what git would hold, and nothing of it leads back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hermetic.config import CannotRunError
from hermetic.verify import scratch as scratches
from hermetic.verify.scratch import Scratch
from tests.utils.lint import write_files
from tests.utils.verifying import repository


def copied(folder: Path) -> set[str]:
    with Scratch(str(folder)) as scratch:
        top = Path(scratch.path)
        return {
            path.relative_to(top).as_posix()
            for path in top.rglob("*")
            if ".git/" not in f"{path.relative_to(top).as_posix()}/" and not path.is_dir()
        }


def test_it_holds_what_git_tracks_or_would_track_as_it_is_on_disk(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", {".gitignore": "*.log\n", "a.py": "", "gone.py": ""})
    write_files({"new.py": "", "x.log": "", "sub/deep.py": ""}, folder)
    (folder / "gone.py").unlink()

    assert copied(folder) == {".gitignore", "a.py", "new.py", "sub/deep.py"}


def test_links_that_leave_the_repository_are_not_followed(tmp_path: Path) -> None:
    write_files({"secret/key": "secret"}, tmp_path / "outside")
    folder = repository(tmp_path / "repository", {"a.py": "", "sub/key": ""})
    (folder / "inside").symlink_to("a.py")
    (folder / "outside").symlink_to(tmp_path / "outside/secret/key")
    (folder / "relative").symlink_to("../outside/secret/key")
    (folder / "sub/key").unlink()
    (folder / "sub").rmdir()
    (folder / "sub").symlink_to(tmp_path / "outside/secret")  # git still tracks sub/key

    assert copied(folder) == {"a.py", "inside"}


def test_a_virtual_environment_is_linked_and_not_committed(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", {".gitignore": ".venv\n", "a.py": ""})
    write_files({".venv/pyvenv.cfg": "", ".venv/bin/tool": ""}, folder)

    with Scratch(str(folder)) as scratch:
        assert Path(scratch.path, ".venv/bin/tool").is_file()
        assert scratch.must("git", "ls-files").split() == [".gitignore", "a.py"]
        assert scratch.must("git", "status", "--porcelain") == ""
    assert (folder / ".venv/bin/tool").is_file()


def test_the_copy_is_private_and_gone_at_the_end_even_after_an_error(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", {"a.py": ""})
    homes = []

    def fail() -> None:
        with Scratch(str(folder)) as scratch:
            homes.append(Path(scratch.home))
            Path(scratch.path, "locked").mkdir()
            Path(scratch.path, "locked/file").touch()
            Path(scratch.path, "locked").chmod(0o500)
            assert homes[0].stat().st_mode & 0o077 == 0
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not homes[0].exists()


def test_a_folder_inside_a_repository_is_the_project_in_the_copy(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", {"a.py": "", "part/pyproject.toml": ""})

    with Scratch(str(folder / "part")) as scratch:
        assert scratch.project == str(Path(scratch.path, "part"))
        assert Path(scratch.path, "a.py").exists()


def test_what_is_said_to_git_and_pytest_does_not_reach_the_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "PYTEST_ADDOPTS", "HERMETIC_POSTGRES_URL", "SKIP", "GIT_CONFIG_COUNT"):
        monkeypatch.setenv(name, "1")

    clean = scratches.clean_environment()

    assert {name for name in ("GIT_DIR", "PYTEST_ADDOPTS", "HERMETIC_POSTGRES_URL", "SKIP") if name in clean} == set()
    assert "GIT_CONFIG_COUNT" not in clean
    assert clean["GIT_CONFIG_GLOBAL"] == os.devnull


def test_a_command_that_takes_too_long_ends_with_what_it_started(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", {"a.py": ""})
    with Scratch(str(folder)) as scratch:
        done = scratch.run("sh", "-c", "sleep 60 & echo $! > pid; sleep 60", patience=2.0)
        process = int(Path(scratch.path, "pid").read_text(encoding="utf-8"))

    assert done.code == -1
    until = time.monotonic() + 10
    while is_running(process) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(process)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files({f"{number}.txt": "" for number in range(5)}, tmp_path)
    monkeypatch.setattr(scratches, "MOST", 3)

    with pytest.raises(CannotRunError, match="run `git init` in it"), Scratch(str(tmp_path)):
        pass
