"""HRM102."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._start import is_start
from hermetic.catalogue.process._stays import may_stay
from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, StateRule
from hermetic.source.certain import is_under_test
from hermetic.source.fake_disk import is_on_fake_disk
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.leaks import Leak


class WorkingDirectory(State):
    """The working directory."""

    def resets(self, node: ast.AST) -> bool:
        """Accept a step back: `os.chdir("../tests")` below `os.chdir("../plumbum")`."""
        given = node.args[0] if isinstance(node, ast.Call) and node.args else None
        return isinstance(given, ast.Constant) and str(given.value).startswith("..")


class CwdChange(StateRule):
    """A test changes the working directory, and nothing changes it back.

    Why it breaks:
    The working directory belongs to the process. Later tests in the same worker open relative paths in the wrong
    folder, write their files into somebody else's, or stop with `FileNotFoundError` once the folder has been deleted.
    Which tests those are depends on the order and on how xdist splits the suite.

    Do this instead:
    Use `monkeypatch.chdir(tmp_path)`, or `contextlib.chdir` where only a few lines need it. A `try`/`finally`, a
    fixture that changes back after its `yield`, `addCleanup(os.chdir, before)` and the folder managers of test
    libraries (`runner.isolated_filesystem()`, `tmpdir.as_cwd()`) are accepted too.

    Limits:
    A change to the root of the project, where pytest is started, counts only with the `project` preset, and so does
    one to what falls back to the current folder (`os.environ.get("SHOP_DIR") or os.getcwd()`). In the fake file system
    of pyfakefs no change is real. A change inside a third-party library, or inside a child process, is not seen here.
    In code under test only what certainly runs for the named test counts: not what stands below a condition that cannot
    be read from the call, nor what a call inside `pytest.raises` makes. The guard sees the rest.
    """

    code = "HRM102"
    name = "cwd-change"
    symptoms = (
        "FileNotFoundError for a relative path, only after another test",
        "files turn up in the wrong folder",
        "getcwd: no such file or directory, once a temporary folder is gone",
    )
    repair = "use monkeypatch.chdir, or contextlib.chdir in a with statement"
    fixed_by = "hermetic.repair.cwd"
    claims = (LINT, GUARD)
    message = "the working directory is changed {where} and not changed back"
    late_message = "the working directory is changed {where} and changed back only when nothing fails in between"
    tokens = (b"chdir",)
    related = ("HRM101", "HRM103")
    states = (
        WorkingDirectory(
            "working directory",
            calls=("os.chdir", "os.fchdir", "@tmpdir.chdir", "py.path.local().chdir", "path.Path().chdir"),
            restores=("@tmpdir.chdir().chdir",),
            saves=("os.getcwd", "os.getcwdb", "os.curdir", "pathlib.Path.cwd", "@tmpdir.chdir"),
            managers=(
                "contextlib.chdir",
                "@tmpdir.as_cwd",
                "py.path.local().as_cwd",
                "test.support.os_helper.change_cwd",
                "test.support.os_helper.temp_cwd",
            ),
            patches=("chdir",),
            fixtures=("pytester", "testdir"),
            words=("cwd", "chdir", "change_dir", "filesystem", "working_dir", "workdir", "curdir", "pushd", "in_dir"),
        ),
    )

    def keeps(self, leak: Leak) -> bool:
        """Leave alone a fake file system, the root of the project, and what stays or is ready for a missing folder."""
        change, root = leak.change, leak.root
        project, given = change.scope.module.project, getattr(change.node, "args", None)
        wide = project is not None and PROJECT in project.presets
        if given and not wide and (is_start(change.scope, given[0]) or may_stay(change.scope, given[0])):
            return False
        if root is not None and project is not None and is_on_fake_disk(root, project):
            return False
        return not is_under_test(change.scope.module) or not any(
            isinstance(parent, ast.Try) and parent.handlers and child in parent.body
            for child, parent in change.scope.ancestors(change.node)
        )

    bad = (
        Example(
            "a test works in its temporary folder and stays there",
            {
                "test_export.py": """
import os
from pathlib import Path


def test_export_writes_a_report(tmp_path):
    os.chdir(tmp_path)  # <- HRM102
    Path("report.csv").write_text("id,total")
    assert Path("report.csv").exists()


def test_there_is_no_report_yet():
    assert not Path("report.csv").exists()
"""
            },
        ),
        Example(
            "changed back below the assertion, which skips it when it fails",
            {
                "test_build.py": """
import os


def test_build_makes_a_manifest(tmp_path):
    before = os.getcwd()
    os.chdir(tmp_path)  # <- HRM102
    assert os.path.exists("manifest.json"), "the build is broken"
    os.chdir(before)


def test_tests_run_outside_of_temporary_folders(tmp_path_factory):
    assert not os.getcwd().startswith(str(tmp_path_factory.getbasetemp()))
"""
            },
        ),
        Example(
            "a fixture enters a folder through an alias and does not leave it",
            {
                "conftest.py": """
from os import chdir as cd

import pytest


@pytest.fixture
def workspace(tmp_path):
    cd(tmp_path)  # <- HRM102
    return tmp_path
""",
                "test_workspace.py": """
import os
from pathlib import Path


def test_workspace_is_empty(workspace):
    assert os.listdir() == []


def test_sources_are_found_from_the_root():
    assert Path("test_workspace.py").exists() or any(Path().rglob("test_workspace.py"))
""",
            },
        ),
        Example(
            "a context manager of the suite that changes back only when its block succeeds",
            {
                "test_cli.py": """
import os
from contextlib import contextmanager


@contextmanager
def inside(folder):
    before = os.getcwd()
    os.chdir(folder)  # <- HRM102
    yield
    os.chdir(before)


def test_cli_reads_its_configuration(tmp_path):
    with inside(tmp_path):
        assert os.path.exists("config.ini"), "not written"


def test_other_commands_start_elsewhere(tmp_path_factory):
    assert not os.getcwd().startswith(str(tmp_path_factory.getbasetemp()))
"""
            },
        ),
    )
    good = (
        Example(
            "monkeypatch changes back",
            {
                "test_export.py": """
from pathlib import Path


def test_export_writes_a_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("report.csv").write_text("id,total")
    assert Path("report.csv").exists()


def test_there_is_no_report_yet():
    assert not Path("report.csv").exists()
"""
            },
        ),
        Example(
            "contextlib.chdir, a try with a finally and unittest's addCleanup change back",
            {
                "test_build.py": """
import contextlib
import os
import unittest


def test_build_runs_in_its_folder(tmp_path):
    with contextlib.chdir(tmp_path):
        assert os.listdir() == []


def test_build_runs_in_another_folder(tmp_path):
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        assert os.listdir() == []
    finally:
        os.chdir(before)


class BuildTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(os.sep)

    def test_root(self):
        self.assertEqual(os.getcwd(), os.sep)
"""
            },
        ),
        Example(
            "the fixture changes back after its yield, for a file descriptor too",
            {
                "conftest.py": """
import os

import pytest


@pytest.fixture
def workspace(tmp_path):
    before = os.open(".", os.O_RDONLY)
    os.chdir(tmp_path)
    yield tmp_path
    os.fchdir(before)
    os.close(before)
""",
                "test_workspace.py": """
import os


def test_workspace_is_empty(workspace):
    assert os.listdir() == []


def test_somewhere_else(tmp_path):
    assert os.getcwd() != str(tmp_path)
""",
            },
        ),
    )
