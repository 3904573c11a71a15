"""HRM502."""

from __future__ import annotations

from hermetic.catalogue.resources._paths import is_below, is_file
from hermetic.catalogue.resources._removed import Removed, is_handed_out, is_in_own_folder, is_moved, is_written_back
from hermetic.catalogue.resources._sqlite import OPENING, database_opened
from hermetic.catalogue.resources._users import is_wide, tests_of
from hermetic.catalogue.resources._writes import WRITING, WRITING_METHODS, is_on_request, is_there, path_written
from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule, node_id, one_per_line, reached_from
from hermetic.source.blocks import is_after_yield
from hermetic.source.interest import Interest
from hermetic.source.names import resolve
from hermetic.source.restore import is_undone, is_undone_late
from hermetic.source.visits import Visit, is_cleanup, roots, visits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

LEFT = "{path} is written {where} and left there: a second test, worker or run uses the same path"
SHARED = "{path} is written {where}, for several tests: in two workers, one reads or removes what the other wrote"
LATE = "{path} is written {where} and removed only when nothing fails in between"
REACHED = (
    b"open(", b".write_", b".touch(", b"mkdir", b"makedirs", b"shutil.", b"os.replace", b"os.rename", b"FileHandler",
    b"symlink", b".to_csv", b".to_json", b"savefig", b"ZipFile", b"sqlite3",
)  # fmt: skip
INTEREST = Interest("HRM502", REACHED, (*WRITING, *OPENING), WRITING_METHODS)


class Written:
    """One call that writes a fixed path."""

    __slots__ = ("is_database", "path", "visit")

    def __init__(self, path: str, visit: Visit, *, is_database: bool) -> None:
        self.path = path
        self.visit = visit
        self.is_database = is_database


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
    The linter sees paths that are written out, also through variables, fixtures, `__file__`, and
    `tempfile.gettempdir`, in what opens, makes, copies, moves and saves, in the tests and in the code that they
    certainly run. Left alone is what a test alone writes and removes, whatever happens; where it removes it only when
    nothing fails, the `project` preset reports that. To write back what was read there before
    (`path.write_text(before)`) counts as removing. A relative path is left alone where the test, or what is set up
    for it, changes the working folder, and in a function that a fixture hands to its tests, where a fixture beside it
    does; one in the user's folder where it sets `HOME` or patches `Path.home`; all of them on the fake disk of
    pyfakefs. A SQLite file that several tests open is the business of HRM503. The plugin sees, in the process of the
    test: opening for writing, new folders and links, renaming, and `sqlite3.connect`, by Python (audit events). A
    finding is a path that has changed when the test, or the wide fixture, has ended, or one that two tests write, in
    one worker or in several: the latter is known when all have ended, so it fails the run and no test. One that a
    single test writes and removes is left alone, although two runs collide there. Not reported are paths with the
    number of the process or worker or a UUID in them, caches, what was made by `tempfile` or lies in pytest's
    temporary folders, what is written while a library is imported, and what pytest and its plugins write. Of threads,
    those of executors are followed to the test that gave them the job; those of anyio are not.
    """

    code = "HRM502"
    name = "fixed-path"
    symptoms = (
        "FileExistsError, or a file of another test or run",
        "two workers write one file, and the contents are mixed",
        "files left in the repository",
    )
    message = LEFT
    fixed_by = "hermetic.repair.fixed_path"
    repair = "write below tmp_path, or change there with monkeypatch.chdir(tmp_path)"
    claims = (LINT, GUARD)
    no_claims = {"audit": "it names tests that harm each other, not what two workers may meet in"}  # noqa: RUF012 - a mapping that nobody changes
    follows = "calls"
    tokens = REACHED
    related = ("HRM102", "HRM503")

    @one_per_line
    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the writes of fixed paths that stay, or that several tests make."""
        found = [item for root in roots(module, INTEREST) for item in self.written_by(root, project)]
        folders = {item.path for item in found}
        users: dict[str, set[str]] = {}
        for item in found:
            if not is_wide(item.visit.root):
                users.setdefault(item.path, set()).update(tests_of(item.visit.root, project))
        for item in found:
            if any(is_below(item.path, folder) for folder in folders):
                continue
            several = len(users.get(item.path, ())) > 1
            if item.is_database and several:
                continue  # HRM503
            message = self.problem(item, project, several=several)
            scope, call = item.visit.scope, item.visit.call
            if message:
                where = reached_from(scope, item.visit.root)
                text = message.format(path=shown(item.path), where=where)
                yield self.finding(scope.module, call, text, test=node_id(item.visit.root))

    def written_by(self, root: Scope, project: Project) -> Iterator[Written]:
        """Yield the fixed paths that a test, fixture or setup writes."""
        for visit in visits(root, REACHED, interest=INTEREST):
            name = resolve(visit.scope, visit.call.func)
            database = database_opened(visit, name)
            path = database or path_written(visit, name)
            if path is None or not is_file(path) or is_after_yield(visit.scope, visit.call) or is_cleanup(visit):
                continue
            if is_there(visit, path) or is_on_request(visit) or is_handed_out(visit, path, project):
                continue
            if is_written_back(visit.scope, visit.call, path, visit.call.lineno):
                continue
            apart = is_in_own_folder(visit, path) or is_moved(root, path, project)
            if not apart and not visit.is_mocked(name, project):
                yield Written(path, visit, is_database=database is not None)

    def problem(self, item: Written, project: Project, *, several: bool) -> str:
        """Return the message for a write, "" where nothing is left and nobody else writes the same."""
        from hermetic.source.around import undone_around

        undo, root = Removed(item.path, item.visit), item.visit.root
        undone = any(is_undone(scope, node, undo) for scope, node in item.visit.places())
        if undone or undone_around(root, undo, project):
            made = resolve(item.visit.scope, item.visit.call.func)
            return SHARED if several and not made.endswith(("mkdir", "makedirs")) else ""
        if any(is_undone_late(scope, node, undo) for scope, node in item.visit.places()):
            return LATE if {PROJECT, self.code} & project.presets else SHARED if several else ""
        return LEFT

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
        Example(
            "a setup writes for several tests what a teardown removes",
            {
                "test_notes.py": """
import os
import unittest


class NotesTest(unittest.TestCase):
    def setUp(self):
        with open("notes.txt", "w") as file:  # <- HRM502
            file.write("one")

    def tearDown(self):
        os.remove("notes.txt")

    def test_a_note_is_there(self):
        with open("notes.txt") as file:
            self.assertEqual(file.read(), "one")

    def test_a_note_is_short(self):
        self.assertEqual(os.path.getsize("notes.txt"), 3)
"""
            },
            harm="none",
            why="tried: one worker makes and removes the file for one test at a time, so a run alone passes. In two "
            "workers, one removes the file, or writes it anew, while a test of the other reads it.",
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
        Example(
            "the test runs in a folder of its own, or on a file that a mock stands for",
            {
                "export.py": """
import os


def export(name="report.csv"):
    os.makedirs("out", exist_ok=True)
    with open(os.path.join("out", name), "w") as file:
        file.write(name)
""",
                "test_export.py": """
import os
import tempfile
from contextlib import chdir
from pathlib import Path
from unittest import mock

import pytest
from export import export


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_in_a_folder(folder):
    export()
    assert (folder / "out" / "report.csv").exists()


def test_in_a_block():
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        export("other.csv")
        assert os.listdir("out") == ["other.csv"]


def test_the_file_is_a_mock():
    with mock.patch("builtins.open", mock.mock_open()) as opened, mock.patch("os.makedirs"):
        export("never.csv")
    opened.assert_called_once()


def test_another_suffix():
    assert Path("report.csv").with_suffix(".txt").name == "report.csv".replace("csv", "txt")
""",
            },
        ),
    )


def shown(path: str) -> str:
    """Return how a message names a path."""
    return repr(path.replace("<file>/", "beside the file: ").replace("<home>", "~").replace("<temp>", "/tmp"))  # noqa: S108 - a text
