"""Paths of a test's own choice: what counts as leaving them as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
import aiofiles.os, os, tempfile
import pytest
from pathlib import Path
PROFILE = Path("profile.txt")
"""
PUT_BACK = {
    "in a finally": """
def test_it():
    before = PROFILE.read_text()
    try:
        PROFILE.write_text("blue")
        assert PROFILE.read_text()
    finally:
        PROFILE.write_text(before)
""",
    "by a fixture, where there was a file": """
@pytest.fixture
def profile():
    before = PROFILE.read_bytes() if PROFILE.exists() else b""
    PROFILE.write_bytes(b"blue")
    yield
    PROFILE.write_bytes(before)

def test_it(profile):
    pass
""",
    "what a child has written": """
def test_it(run):
    text = ""
    if PROFILE.is_file():
        text = PROFILE.read_text()
    run("install")
    PROFILE.write_text(text)
    assert text
""",
    "in a folder that a helper of a fixture changes to": """
import contextlib, os
@contextlib.contextmanager
def entering(folder):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)

@pytest.fixture
def runner(tmp_path):
    with entering(tmp_path):
        yield

@pytest.fixture
def profile(runner):
    PROFILE.write_text("blue")

def test_it(profile): ...
""",
    "a pattern of names": """
def test_it(frame):
    frame.to_csv("profile*.csv")
""",
    "an address, and no path": """
def test_it(frame):
    frame.to_parquet("s3://bucket/profile.parquet")
    frame.to_csv("memory://profile.csv")
""",
    "in a home that a fixture puts a folder in the place of": """
@pytest.fixture
def home(mocker, tmp_path):
    mocker.patch("test_it.Path.home", return_value=tmp_path)

def test_it(home):
    Path.home().joinpath(".profile").write_text("blue")

def test_more(home):
    Path.home().joinpath(".profile").write_text("green")
""",
    "below a name that is given another value": """
import shutil, tempfile, unittest

class TestTag(unittest.TestCase):
    def __init__(self, name):
        super().__init__(name)
        self.file = "/tmp/tag.mp3"
        handle, self.file = tempfile.mkstemp()

    def setUp(self):
        shutil.copy(__file__, self.file)

    def test_it(self): ...

    def test_more(self): ...
""",
    "in a home that the test sets": """
def test_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (Path.home() / ".profile").write_text("blue")
""",
    "in the folder of a mixin's heirs": """
import os
import unittest

class Writes:
    def test_it(self):
        Path("own.txt").write_text("blue")

    def test_more(self):
        Path("own.txt").write_text("red")

class InFolder(unittest.TestCase):
    def setUp(self):
        self.enter()

    def enter(self):
        os.chdir(self.enterContext(tempfile.TemporaryDirectory()))

class TestWrites(Writes, InFolder):
    pass
""",
    "by the removal of another library": """
async def test_it():
    PROFILE.write_text("blue")
    try:
        assert PROFILE.exists()
    finally:
        await aiofiles.os.remove(str(PROFILE))
""",
    "by a function in the test, which removes it": """
def test_it():
    name = "profile.mp4"

    def write(text):
        with open(name, "w") as file:
            file.write(text)

    write("blue")
    os.unlink(name)
""",
    "at an address that holds its data itself": """
from upath import UPath

def test_it():
    UPath("data:text/plain,blue").touch()
""",
    "on a fake disk that the base class sets up": """
import unittest
from pyfakefs import fake_filesystem_unittest

class OnFakeDisk(fake_filesystem_unittest.TestCase):
    def setUp(self):
        self.setUpPyfakefs()

class TestProfile(OnFakeDisk):
    def test_it(self):
        Path("/profile.txt").write_text("blue")
""",
    "in a folder that replaces the one for who gives none": """
HERE = Path()

def made(folder=None):
    if folder is None:
        folder = HERE
    return folder / "data"

def test_it():
    (made(tempfile.mkdtemp()) / "blue.txt").write_text("blue")
""",
}
LEFT = {
    "before there is a fake disk": """
import unittest
from pyfakefs import fake_filesystem_unittest

class OnFakeDisk(fake_filesystem_unittest.TestCase):
    def setUp(self):
        self.setUpPyfakefs()

class TestProfile(unittest.TestCase):
    def test_it(self):
        Path("/profile.txt").write_text("blue")  # <-
""",
    "by a function in the test, for which nobody removes it": """
def test_it():
    name = "profile.mp4"

    def write(text):
        with open(name, "w") as file:  # <-
            file.write(text)

    write("blue")
    os.unlink("other.mp4")
""",
    "in the folder for who gives none": """
def made(folder=None):
    if folder is None:
        folder = Path()
    return folder / "data"

def test_it():
    (made() / "blue.txt").write_text("blue")  # <-
""",
    "in a folder that is never the one that is given": """
def made(folder=None):
    if folder is not None:
        folder = Path()
    return folder / "data"

def test_it():
    (made(tempfile.mkdtemp()) / "blue.txt").write_text("blue")  # <-
""",
    "read after it was written": """
def test_it():
    PROFILE.write_text("blue")  # <-
    before = PROFILE.read_text()
    assert before
    PROFILE.write_text(before)
""",
    "what another file holds": """
def test_it():
    before = Path("other.txt").read_text()
    PROFILE.write_text(before)  # <-
""",
    "in the home of whoever runs the tests": """
def test_it(mocker):
    mocker.patch("test_it.Path.cwd", return_value=Path("/srv"))
    Path.home().joinpath(".profile").write_text("blue")  # <-
""",
    "by a mixin whose heirs have no folder": """
import unittest

class Writes:
    def test_it(self):
        Path("own.txt").write_text("blue")  # <-

class TestWrites(Writes, unittest.TestCase):
    def setUp(self):
        self.addCleanup(print)
""",
    "a text of its own": """
def test_it():
    before = PROFILE.read_text()
    PROFILE.write_text("blue")  # <-
    assert before
""",
}


def lines(folder: Path, body: str) -> list[int | None]:
    return [item.line for item in lint_files({"test_it.py": HEAD + body}, folder, select=["HRM502"])]


@pytest.mark.parametrize("body", PUT_BACK.values(), ids=PUT_BACK)
def test_a_file_that_is_as_it_was_is_left_alone(tmp_path: Path, body: str) -> None:
    assert lines(tmp_path, body) == []


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_a_file_that_is_not_as_it_was_is_reported(tmp_path: Path, body: str) -> None:
    expected = [number for number, line in enumerate((HEAD + body).splitlines(), 1) if line.endswith("# <-")]

    assert lines(tmp_path, body) == expected


BASE = """
from pyfakefs import fake_filesystem_unittest


class OnFakeDisk(fake_filesystem_unittest.TestCase):
    def setUp(self):
        {set_up}
"""
ON_IT = """
import os
from pathlib import Path

from base import OnFakeDisk


class TestShop(OnFakeDisk):
    def test_it(self):
        os.chdir("/shop")
        Path("/shop/profile.txt").write_text("blue")
"""


@pytest.mark.parametrize(("set_up", "found"), [("self.setUpPyfakefs()", []), ("pass", ["HRM102", "HRM502"])])
def test_nothing_is_real_on_a_fake_disk_that_another_file_sets_up(
    set_up: str, found: list[str], tmp_path: Path
) -> None:
    files = {"base.py": BASE.format(set_up=set_up), "test_it.py": ON_IT}

    assert [item.code for item in lint_files(files, tmp_path, select=["HRM102", "HRM502"])] == found
