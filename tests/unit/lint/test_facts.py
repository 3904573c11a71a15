"""What was worked out about other files is taken up by later runs, and never says anything else than a look at them."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermetic.cli import main
from hermetic.lint.warm import KEPT
from hermetic.source import later
from hermetic.source.later import Source
from hermetic.source.project import Project
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Callable

CONFTEST = """\
import pytest

from tests.support import Server, reset


@pytest.fixture
def server():
    yield Server()
    reset()
"""
SUPPORT = """\
import os

from app import start


class Server:
    def __init__(self):
        self.name = "server"


def reset():
    os.environ.pop("PORT", None)


def call():
    return 1
"""
RUN = """\
import os


def start():
    os.environ["MODE"] = "test"
    return os.environ


def serve():
    os.environ["PORT"] = "80"
"""
SETTINGS = """\
import logging


def verbose():
    logging.getLogger().setLevel(logging.DEBUG)


def quiet():
    pass
"""
TEST = """\
from app import serve, start, work
from app.settings import quiet, verbose


def test_starts():
    start()


def test_with_a_server(server):
    serve()


def test_works():
    work()
    verbose()
    quiet()
"""
CLEAN = """\
import os

import pytest


@pytest.fixture(autouse=True)
def clean():
    yield
    os.environ.pop("MODE", None)
"""
HELPER = "import os\n\n\ndef helper():\n    os.umask(0)\n\n\n"
FILES = {
    "pyproject.toml": '[tool.hermetic]\nselect = ["ALL"]\n',
    "app/__init__.py": "from app.run import start\nfrom app.run import serve\nfrom app.threads import work\n",
    "app/run.py": RUN,
    "app/settings.py": SETTINGS,
    "app/threads.py": "import threading\n\n\ndef work():\n    threading.Thread(target=print).start()\n",
    "tests/__init__.py": "",
    "tests/conftest.py": CONFTEST,
    "tests/support.py": SUPPORT,
    "tests/test_app.py": TEST,
    "tests/test_calm.py": "from app.calm import rest\n\n\ndef test_calm():\n    rest()\n",
    "app/calm.py": "def rest():\n    return 1\n",
    "tests/test_call.py": "from tests.support import call\n\n\ndef test_call():\n    call()\n",
    "others/test_plain.py": "def test_plain():\n    assert 1 + 1 == 2\n",
}
CHANGED = "tests/test_app.py"
CALM = "tests/test_calm.py"


def rewrite(path: str, old: str, new: str) -> Callable[[], object]:
    def change() -> None:
        file = Path(path)
        text = file.read_text() if file.exists() else ""
        assert old in text
        write_files({path: text.replace(old, new) if old else new}, Path.cwd())

    return change


def rewrite_behind_its_back() -> None:
    """As many bytes as before, at the same time."""
    file = Path("app/run.py")
    before = file.stat()
    file.write_text(file.read_text().replace('os.environ["MODE"]', 'os_environ["MODE"]'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


# In this order, one upon the other: what a step says stays so for the next ones.
STEPS: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "the file itself": rewrite(CHANGED, "def test_works", "def test_works_well"),
    "the file itself calls something else": rewrite(CHANGED, "    start()\n", "    verbose()\n"),
    "and again what it called": rewrite(CHANGED, "    verbose()\n\n\ndef test_with", "    start()\n\n\ndef test_with"),
    "what is called changes nothing any more": rewrite("app/run.py", 'os.environ["MODE"] =', "mode ="),
    "and changes it again": rewrite("app/run.py", "mode =", 'os.environ["MODE"] ='),
    "with the same size and time": rewrite_behind_its_back,
    "back": rewrite("app/run.py", "os_environ", "os.environ"),
    "another function changes something": rewrite("app/settings.py", "    pass", "    logging.disable()"),
    "another file is called": rewrite(
        "app/settings.py", "    logging.disable()", "    from app.late import f\n\n    f()"
    ),
    "which is there": rewrite("app/late.py", "", "import os\n\n\ndef f():\n    os.umask(0)\n"),
    "what a package passes on": rewrite("app/__init__.py", "from app.run import start", "from app.fast import start"),
    "a file that the package now imports": rewrite("app/fast.py", "", "def start():\n    pass\n"),
    "that file changes something": rewrite("app/fast.py", "    pass", "    import os\n\n    os.chdir('/')"),
    "it is removed": lambda: Path("app/fast.py").unlink(),
    "what a package passes on, back": rewrite("app/__init__.py", "app.fast", "app.run"),
    "a conftest cleans up no more": rewrite("tests/conftest.py", "    reset()\n", "    print()\n"),
    "a conftest cleans up again": rewrite("tests/conftest.py", "    print()\n", "    reset()\n"),
    "a helper takes away something else": rewrite("tests/support.py", '"PORT"', '"OTHER"'),
    "a helper, back": rewrite("tests/support.py", '"OTHER"', '"PORT"'),
    "a conftest above": rewrite("conftest.py", "", CLEAN),
    "it does something else": rewrite("conftest.py", '"MODE"', '"OTHER"'),
    "it is gone": lambda: Path("conftest.py").unlink(),
    "a module in front of another": rewrite("tests/app.py", "", "def start():\n    pass\n\n\nwork = serve = start\n"),
    "it is gone too": lambda: Path("tests/app.py").unlink(),
    "its folder is gone": lambda: shutil.move("app", "other"),
    "its folder is back": lambda: shutil.move("other", "app"),
    "a package beside a module": rewrite("app/run/__init__.py", "", "def start():\n    pass\n"),
    "a package in place of a module": lambda: Path("app/run.py").unlink(),
    "the module again": rewrite("app/run.py", "", RUN),
    "code that imports a test": rewrite("app/threads.py", "import threading", "from tests.test_app import helper"),
    "the test that it imports": rewrite(CHANGED, "def test_starts", HELPER + "def test_starts"),
    "its call": rewrite("app/threads.py", "    threading.Thread(target=print).start()", "    helper()"),
    "another test that calls it": rewrite("tests/test_calm.py", "app.calm import", "tests.test_app import helper as"),
    "the test that both import": rewrite(CHANGED, "os.umask(0)", "pass"),
    "a helper that imports a test": rewrite(
        "tests/support.py", "import os\n", "import os\nfrom tests.test_app import helper\n"
    ),
    "and calls it": rewrite("tests/support.py", "    return 1\n", "    helper()\n"),
    "the test that the helper imports": rewrite(CHANGED, "    pass", "    os.umask(0)"),
    "what cannot be parsed": rewrite("app/run.py", "def serve", "def (serve"),
    "the configuration": rewrite("pyproject.toml", '"ALL"', '"HRM1", "HRM6"'),
    "what pytest collects": rewrite("pytest.ini", "", "[pytest]\npython_files = check_*.py\n"),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_files(FILES, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(later, "FEW", 0)  # the functions are short ones
    return tmp_path / "project"


@pytest.fixture
def found(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    del project

    def run(*arguments: str) -> str:
        capsys.readouterr()
        main(list(arguments))
        return capsys.readouterr().out

    return run


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were looked into, in order."""
    names: list[str] = []
    check = Project.open

    def noted(project: Project, path: str, data: bytes) -> object:
        names.append(os.path.relpath(path))
        return check(project, path, data)

    monkeypatch.setattr(Project, "open", noted)
    return names


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose functions were left for later, in order."""
    names: list[str] = []
    outside = Source.outside

    def noted(source: Source, insides: list[later.Inside]) -> object:
        names.append(os.path.relpath(source.path))
        return outside(source, insides)

    monkeypatch.setattr(Source, "outside", noted)
    return names


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "cache" / "hermetic").glob("facts-*"))


HOOK = ("hook", "validate-test-isolation")
RUNS = {
    "one file": (("check",), CHANGED),
    "another file": (("check",), CALM),
    "helpers and a test": (("check",), "tests/support.py", "tests/conftest.py", CALM),
    "a test behind a helper": (("check",), "tests/test_call.py"),
    "two files": (("check",), CHANGED, "others/test_plain.py"),
    "the project": (("check",), "."),
    "the project, in two processes": (("check", "--jobs=2"), "."),
    "a hook": (HOOK, CHANGED),
}


@pytest.mark.parametrize("name", RUNS)
def test_whatever_changes_the_findings_are_those_of_a_run_that_looks_at_everything(
    name: str, found: Callable[..., str]
) -> None:
    command, *paths = RUNS[name]
    differing = set()
    seen = set()
    for step, change in STEPS.items():
        change()
        complete = found(*command, "--no-cache", *paths)
        seen.add(complete)
        if [found(*command, *paths) for _ in range(2)] != [complete] * 2:
            differing.add(step)

    assert differing == set()
    assert len(seen) > 1  # the steps matter


def test_what_one_kind_of_run_has_worked_out_serves_the_others(found: Callable[..., str]) -> None:
    differing = set()
    for step, change in STEPS.items():
        change()
        for name, (command, *paths) in RUNS.items():
            if found(*command, *paths) != found(*command, "--no-cache", *paths):
                differing.add((step, name))

    assert differing == set()


def test_a_changed_file_is_looked_at_without_the_code_that_leads_nowhere(
    found: Callable[..., str], opened: list[str]
) -> None:
    found("check", CALM)
    first = set(opened)
    opened.clear()
    rewrite(CALM, "def test_calm", "def test_calmer")()
    found("check", CALM)

    assert "app/calm.py" in first
    assert "app/calm.py" not in opened


def test_a_run_over_the_whole_project_leaves_facts_for_one_file(found: Callable[..., str], opened: list[str]) -> None:
    found("check", "--jobs=2", ".")
    opened.clear()
    found("check", CALM)

    assert "app/calm.py" not in opened


def test_a_helper_that_is_checked_itself_leaves_facts_that_others_take_up(
    found: Callable[..., str], opened: list[str]
) -> None:
    found("check", "tests/support.py")
    found("check", CALM)
    found("check", "tests/support.py")
    opened.clear()
    found("check", CALM)

    assert "app/calm.py" not in opened


def test_of_a_file_that_a_test_leads_to_functions_are_parsed_when_they_are_looked_into(
    found: Callable[..., str], left: list[str]
) -> None:
    found("check", CHANGED)
    assert left == []

    found("check", CHANGED)
    assert set(left) == {"app/run.py", "tests/conftest.py"}


def test_that_holds_for_all_files_but_the_one_that_changes(found: Callable[..., str], left: list[str]) -> None:
    found("check", CHANGED)
    rewrite("app/run.py", 'os.environ["PORT"]', 'os.environ["OTHER"]')()
    found("check", CHANGED)
    assert set(left) == {"tests/conftest.py"}

    left.clear()
    found("check", CHANGED)
    assert set(left) == {"app/run.py", "tests/conftest.py"}


def test_facts_that_come_through_the_checked_file_itself_fall_with_it(found: Callable[..., str]) -> None:
    mutual = "from tests.support import call\n\n\ndef helper():\n    pass\n\n\ndef test_mutual():\n    call()\n"
    write_files({CHANGED: mutual}, Path.cwd())
    rewrite("tests/support.py", "import os\n", "import os\nfrom tests.test_app import helper\n")()
    rewrite("tests/support.py", "    return 1\n", "    helper()\n")()
    found("check", CHANGED)
    rewrite(CHANGED, "    pass", "    import os\n\n    os.umask(0)")()

    assert "HRM106" in found("check", "tests/test_call.py")


def test_helpers_that_are_checked_too_do_not_keep_facts_from_being_kept(
    found: Callable[..., str], opened: list[str]
) -> None:
    found(*HOOK, CHANGED)
    found(*HOOK, "tests/support.py", "tests/conftest.py", CALM)
    opened.clear()
    found(*HOOK, CALM)

    assert "app/calm.py" not in opened


def test_a_file_that_imports_nothing_asks_for_no_facts(found: Callable[..., str], project: Path) -> None:
    found("check", "others/test_plain.py")

    assert kept(project.parent) == []


def test_no_cache_leaves_no_facts_and_takes_none(found: Callable[..., str], project: Path, opened: list[str]) -> None:
    found("check", "--no-cache", CHANGED)
    assert kept(project.parent) == []

    first = opened[:]
    found("check", CHANGED)
    opened.clear()
    found("check", "--no-cache", CHANGED)
    assert opened == first


def given(shape: object, *_: object) -> object:
    return shape


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, None])
def test_damaged_facts_are_a_miss(damage: bytes | None, found: Callable[..., str], project: Path) -> None:
    first = found("check", CHANGED)
    (file,) = kept(project.parent)
    data = file.read_bytes()
    file.write_bytes(data[:-9] + b"?" + data[-8:] if damage is None else damage)

    assert found("check", CHANGED) == first
    assert len(file.read_bytes()) == len(data)


def test_facts_of_the_wrong_shape_are_a_miss(found: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = found("check", CHANGED)
    shapes: list[object] = [
        None,
        1,
        (1, 2),
        (0, [], {}, 3),
        (0, [], {"/x": 1}, {}),
        ("a", [], {"/x": (1, 1, 1, b"")}, {}),
    ]
    for shape in shapes:
        monkeypatch.setattr("hermetic.cache.load", partial(given, shape))
        assert found("check", CHANGED) == first


def test_only_the_facts_of_the_newest_selections_are_kept(found: Callable[..., str], project: Path) -> None:
    for number in range(KEPT + 2):
        found("check", f"--select=HRM{101 + number % 9}", f"--ignore=HRM{201 + number // 9}", CHANGED)

    assert len(kept(project.parent)) <= KEPT
