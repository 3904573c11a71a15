"""The cache gives back exactly what was kept, and whatever is odd is a miss."""

from __future__ import annotations

import marshal
import os
from typing import TYPE_CHECKING

import pytest

from hermetic import cache

if TYPE_CHECKING:
    from pathlib import Path

VALUE = {"tool": {"hermetic": {"select": ["ALL"]}}}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that holds the caches of all programs."""
    folder = tmp_path / "home"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def kept_file(home: Path) -> Path:
    (file,) = (home / "hermetic").iterdir()
    return file


@pytest.mark.usefixtures("home")
def test_what_is_saved_is_loaded_for_the_same_key_alone() -> None:
    cache.save("/project", "pyproject", b"key", VALUE)

    assert cache.load("/project", "pyproject", b"key") == VALUE
    assert cache.load("/project", "pyproject", b"other") is None
    assert cache.load("/project", "other", b"key") is None
    assert cache.load("/other", "pyproject", b"key") is None


@pytest.mark.usefixtures("home")
def test_folders_whose_names_look_alike_are_kept_apart() -> None:
    cache.save("/a/b", "pyproject", b"key", 1)
    cache.save("/a%b", "pyproject", b"key", 2)

    assert cache.load("/a/b", "pyproject", b"key") == 1
    assert cache.load("/a%b", "pyproject", b"key") == 2


def test_nobody_else_may_read_it(home: Path) -> None:
    cache.save("/project", "pyproject", b"key", VALUE)

    assert (home / "hermetic").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda data: data[:3], id="shorter-than-the-sum"),
        pytest.param(lambda data: data[:-1], id="cut"),
        pytest.param(lambda data: data + b"\0", id="longer"),
        pytest.param(lambda data: data[:10] + bytes([data[10] ^ 1]) + data[11:], id="one-bit"),
        pytest.param(lambda _: b"\x00" * 100, id="zeros"),
        pytest.param(lambda _: bytes(range(256)), id="noise"),
        pytest.param(lambda _: summed(marshal.dumps(1)), id="no-pair"),
        pytest.param(lambda _: summed(marshal.dumps((1, 2, 3))), id="too-many"),
        pytest.param(lambda _: summed(b"("), id="no-marshal"),
    ],
)
def test_a_damaged_file_is_a_miss(home: Path, damage: object) -> None:
    cache.save("/project", "pyproject", b"key", VALUE)
    file = kept_file(home)

    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]

    assert cache.load("/project", "pyproject", b"key") is None


def summed(data: bytes) -> bytes:
    """Marshalled data with the checksum that makes it look whole."""
    return cache.crc32(data).to_bytes(cache.SUM, "big") + data


@pytest.mark.usefixtures("home")
def test_what_cannot_be_kept_is_not() -> None:
    cache.save("/project", "pyproject", b"key", object())

    assert cache.load("/project", "pyproject", b"key") is None


def test_a_folder_that_cannot_be_made_is_no_error(home: Path) -> None:
    home.write_bytes(b"")

    cache.save("/project", "pyproject", b"key", VALUE)

    assert cache.load("/project", "pyproject", b"key") is None


def test_a_pipe_in_the_place_of_the_file_does_not_block(home: Path) -> None:
    cache.save("/project", "pyproject", b"key", VALUE)
    file = kept_file(home)
    file.unlink()
    os.mkfifo(file)

    assert cache.load("/project", "pyproject", b"key") is None


@pytest.mark.parametrize("given", ["", "relative/cache"])
def test_without_a_folder_of_that_kind_the_home_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert cache.folder() == str(tmp_path / ".cache" / "hermetic")


def test_without_a_home_nothing_is_written_or_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.save("/project", "pyproject", b"key", VALUE)
    kept = kept_file(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    kept.rename(tmp_path / kept.name)  # a file that somebody committed into the current folder

    cache.save("/other", "pyproject", b"key", VALUE)

    assert cache.load("/project", "pyproject", b"key") is None
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [kept.name]
