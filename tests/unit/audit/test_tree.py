"""What experiments do to the disk is undone, and nothing but the project is copied."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hermetic.audit import tree
from hermetic.audit.tree import Disk
from hermetic.config import CannotRunError
from tests.utils.lint import write_files


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Disk]:
    """A folder with two files and an empty folder, whose content is remembered."""
    folder = tmp_path / "tree"
    write_files({"a.txt": "a", "sub/b.txt": "b"}, folder)
    (folder / "empty").mkdir()
    disk = Disk([str(folder)], str(tmp_path / "store"))
    disk.keep()
    return folder, disk


def held(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") if path.is_file() else ""
        for path in folder.rglob("*")
    }


def test_an_untouched_folder_is_not_restored(kept: tuple[Path, Disk]) -> None:
    _, disk = kept

    assert not disk.changed()
    assert not disk.restore()


@pytest.mark.parametrize("what", ["changed", "removed", "added", "folder removed", "folder added", "replaced", "link"])
def test_whatever_an_experiment_did_is_undone(kept: tuple[Path, Disk], what: str, tmp_path: Path) -> None:
    folder, disk = kept
    before = held(folder)
    match what:
        case "changed":
            (folder / "a.txt").write_text("other", encoding="utf-8")
        case "removed":
            (folder / "a.txt").unlink()
        case "added":
            (folder / "sub" / "c.txt").write_text("c", encoding="utf-8")
        case "folder removed":
            (folder / "empty").rmdir()
        case "folder added":
            write_files({"new/deep/d.txt": "d"}, folder)
        case "replaced":
            (folder / "a.txt").unlink()
            (folder / "a.txt").mkdir()
        case _:
            (folder / "a.txt").unlink()
            (folder / "a.txt").symlink_to(tmp_path)

    assert disk.changed()
    assert disk.restore()
    assert held(folder) == before
    assert not (folder / "a.txt").is_symlink()
    assert not disk.restore()


def test_what_python_compiles_counts_as_no_change(kept: tuple[Path, Disk]) -> None:
    folder, disk = kept
    write_files({"__pycache__/a.pyc": ""}, folder)

    assert not disk.changed()


def test_a_copy_leaves_out_version_control_caches_and_environments(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    names = ("a.py", "sub/b.txt", "build/c.txt")
    left = (".git/config", "__pycache__/a.pyc", "env/pyvenv.cfg", "env/x.py", ".pytest_cache/x", "node_modules/x.js")
    write_files(dict.fromkeys((*names, *left), "x"), folder)

    files = tree.files_in(str(folder))
    tree.copy(str(folder), files, str(tmp_path / "copy"))

    assert sorted(files) == sorted(names)
    assert sorted(name for name in held(tmp_path / "copy") if "." in name) == sorted(names)


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST", 1)
    write_files({"a.py": "", "b.py": ""}, tmp_path)

    with pytest.raises(CannotRunError, match="in the folder of one project"):
        tree.files_in(str(tmp_path))


def test_the_place_of_a_folder_is_below_the_top_of_its_repository(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    alone = tree.place_of(str(tmp_path / "sub"))
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    below = tree.place_of(str(tmp_path / "sub"))

    assert (alone.top, alone.inside) == (os.path.realpath(tmp_path / "sub"), ".")
    assert (below.top, below.inside) == (os.path.realpath(tmp_path), "sub")
    assert below.within("/copy") == str(Path("/copy", "sub"))


def test_the_fingerprint_changes_with_a_file(tmp_path: Path) -> None:
    write_files({"a.py": "1"}, tmp_path)
    before = tree.fingerprint(str(tmp_path), ["a.py"])
    same = tree.fingerprint(str(tmp_path), ["a.py"])
    write_files({"a.py": "12"}, tmp_path)

    assert same == before
    assert tree.fingerprint(str(tmp_path), ["a.py"]) != before
