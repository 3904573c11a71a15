"""HRM502."""

from __future__ import annotations

from hermetic.catalogue.rule import GUARD, Example, Rule


class FixedPath(Rule):
    """A test writes a file or folder in a place of its own choice and leaves it there.

    Why it breaks:
    What lies in the working folder, beside the tests or in `/tmp/app` is the same file for every test, worker and run.
    The next test finds what it did not write, a test that expects an empty folder fails, two workers write the same
    file at once, and a file of last week makes a test pass that should fail. Another user's run may not even be
    allowed to write it.

    Do this instead:
    Write below `tmp_path` (or `tmp_path_factory` in wider fixtures), and hand the path to the code under test. Where
    the code insists on a relative path, use `monkeypatch.chdir(tmp_path)`. For what a worker keeps for all its tests
    there are `worker_tmp` and `worker_sqlite`.

    Limits:
    Seen in the process of the test: opening for writing, new folders and links, renaming, and `sqlite3.connect`, by
    Python (audit events). A finding is a path that has changed when the test, or the wide fixture, has ended, or one
    that two tests of the same process write. One that a single test writes and removes is left alone, although two
    runs collide there. Not reported are paths with the number of the process or worker or a UUID in them, caches,
    what was made by `tempfile` or lies in pytest's temporary folders, what is written while a library is imported,
    and what pytest and its plugins write. Of threads, those of executors are followed to the test that gave them the
    job; those of anyio are not.
    """

    code = "HRM502"
    name = "fixed-path"
    symptoms = (
        "FileExistsError, or a file of another test or run",
        "two workers write one file, and the contents are mixed",
        "files are left in the repository after a test run",
    )
    message = "a file is written in a fixed place and left there: a second test, worker or run uses the same path"
    repair = "write below tmp_path, or change there with monkeypatch.chdir(tmp_path)"
    claims = (GUARD,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "lint": "the static check comes later",
        "audit": "there is no audit yet",
    }
    related = ("HRM102",)
    bad = (
        Example(
            "a report in the working folder, and a test that expects none",
            {
                "test_report.py": """
from pathlib import Path


def test_write_report():
    Path("report.csv").write_text("id,total")  # <- HRM502
    assert Path("report.csv").exists()


def test_there_is_no_report_yet():
    assert not Path("report.csv").exists()
"""
            },
        ),
        Example(
            "the code under test makes a folder beside itself and fills it",
            {
                "export.py": """
import os

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exported")


def export(name):
    os.makedirs(FOLDER, exist_ok=True)  # <- HRM502
    with open(os.path.join(FOLDER, name), "w") as file:
        file.write(name)
    return os.listdir(FOLDER)
""",
                "test_export.py": """
import export


def test_export():
    assert "first" in export.export("first")


def test_nothing_is_exported_yet():
    import os

    assert not os.path.exists(export.FOLDER)
""",
            },
        ),
        Example(
            "a database file with a fixed name keeps the rows of the test before",
            {
                "test_rows.py": """
import sqlite3


def add(name):
    connection = sqlite3.connect("people.db")  # <- HRM502
    with connection:
        connection.execute("create table if not exists person (name)")
        connection.execute("insert into person values (?)", [name])
    found = connection.execute("select name from person").fetchall()
    connection.close()
    return found


def test_ada():
    assert ("ada",) in add("ada")


def test_nobody_else_is_there():
    try:
        with open("people.db", "rb") as file:
            assert b"ada" not in file.read()
    except FileNotFoundError:
        pass
"""
            },
        ),
        Example(
            "written under another name and renamed, in a module-scoped fixture",
            {
                "test_settings.py": """
import os

import pytest


@pytest.fixture(scope="module")
def settings():
    with open("settings.new", "w") as file:
        file.write("debug = true")
    os.replace("settings.new", "settings.ini")  # <- HRM502
    return "settings.ini"


def test_settings(settings):
    assert os.path.exists(settings)
""",
                "test_without_settings.py": """
import os


def test_defaults_apply_without_settings():
    assert not os.path.exists("settings.ini")
""",
            },
        ),
    )
    good = (
        Example(
            "in the temporary folder of the test, by its path or as the working folder",
            {
                "test_folder.py": """
import os
from pathlib import Path


def test_by_path(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "report.csv").write_text("id")
    assert os.listdir(tmp_path) == ["data"]


def test_as_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("report.csv").write_text("id")
    assert os.listdir() == ["report.csv"]
"""
            },
        ),
        Example(
            "tempfile announces what it makes",
            {
                "test_tempfile.py": """
import os
import tempfile


def test_folder():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "new"))
        with open(os.path.join(folder, "new", "file"), "w") as file:
            file.write("x")
        assert os.listdir(folder) == ["new"]


def test_file():
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("x")
        file.seek(0)
        assert file.read() == "x"
"""
            },
        ),
        Example(
            "one test writes a file and removes it",
            {
                "test_removed.py": """
from pathlib import Path

import pytest


@pytest.fixture
def marker():
    path = Path("marker.txt")
    path.write_text("here")
    yield path
    path.unlink()


def test_marker(marker):
    assert marker.read_text() == "here"


def test_nothing_is_left():
    assert True
"""
            },
        ),
        Example(
            "files are read, and a database is in memory",
            {
                "test_read.py": """
import os
import sqlite3


def test_own_source():
    with open(__file__) as file:
        assert "own_source" in file.read()


def test_memory():
    connection = sqlite3.connect(":memory:")
    assert connection.execute("select 1").fetchone() == (1,)
    connection.close()


def test_nothing():
    with open(os.devnull, "w") as file:
        assert file.write("x") == 1
"""
            },
        ),
    )
