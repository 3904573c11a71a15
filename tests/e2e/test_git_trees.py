"""Which files of a git repository are checked, and that a git which fails never means none."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.utils.lint import write_files
from tests.utils.process import BAD, OK, SELECT, check, environment, findings, found_in, needs_root, places

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(project: Path) -> Path:
    """A git repository with one ignored folder."""
    write_files({".gitignore": "scratch/\n", "scratch/test_ignored.py": BAD}, project)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    return project


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, env=environment(folder), check=True, capture_output=True)


def test_what_git_ignores_is_checked_only_when_it_is_named(repository: Path) -> None:
    assert found_in(repository) == [OK]
    assert found_in(repository, "scratch") == [("HRM101", "scratch/test_ignored.py", 5)]


def test_a_folder_without_python_files_does_not_bring_in_ignored_ones(repository: Path) -> None:
    write_files({"docs/index.md": "", "docs/scratch/test_a.py": BAD}, repository)

    done = check(repository, "docs")

    assert done.returncode == 2
    assert done.stderr.startswith("hermetic: no file to check in docs; test files are those that match test_*.py")


def test_a_tracked_file_that_is_deleted_is_not_missed(repository: Path) -> None:
    write_files({"test_gone.py": BAD}, repository)
    git(repository, "add", "--all")
    (repository / "test_gone.py").unlink()

    assert found_in(repository) == [OK]


def test_a_submodule_is_checked_when_it_is_named(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_files({"test_other.py": BAD}, other)
    git(other, "init", "--quiet")
    git(other, "add", "--all")
    git(other, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "a")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "part")

    assert found_in(repository) == [OK]
    assert found_in(repository, "part") == [("HRM101", "part/test_other.py", 5)]


@needs_root
def test_a_repository_of_another_user_is_walked(repository: Path) -> None:
    for path in (repository, repository / ".git"):
        os.chown(path, 65534, 65534)
    status = subprocess.run(
        ["git", "status"], cwd=repository, env=environment(repository), check=False, capture_output=True
    )
    assert b"dubious ownership" in status.stderr

    assert OK in found_in(repository)


def test_without_git_a_repository_is_walked(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()

    found = findings(repository, *SELECT, extra={"PATH": str(tmp_path / "bin")})

    assert OK in places(found)


def test_what_a_git_hook_says_about_its_repository_does_not_mislead(repository: Path, tmp_path: Path) -> None:
    other = {
        "GIT_DIR": str(tmp_path / "gone"),
        "GIT_INDEX_FILE": str(tmp_path / "gone" / "index"),
        "GIT_WORK_TREE": "/",
    }

    assert places(findings(repository, *SELECT, extra=other)) == [OK]
