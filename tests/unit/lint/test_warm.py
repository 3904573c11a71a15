"""A run that read the same before gives the same findings without looking again; whatever has changed is seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hermetic
from hermetic.catalogue import registry
from hermetic.cli import main
from hermetic.lint.engine import Engine
from hermetic.lint.warm import KEPT
from hermetic.source.witness import list_folder, read_file, renewed
from tests.utils.lint import write_files
from tests.utils.process import BAD, environment

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURE = """\
import os

import pytest


@pytest.fixture
def clean():
    yield
    os.environ.pop("A", None)
"""
HELPER = 'import os\n\n\ndef use():\n    os.environ["B"] = "1"\n'
GOOD = "def test_c():\n    assert 1 + 1 == 2\n"
FILES = {
    "pyproject.toml": '[tool.hermetic]\nselect = ["HRM101", "HRM001"]\n',
    "conftest.py": FIXTURE,
    "helpers.py": HELPER,
    "sub/test_clean.py": 'import os\n\n\ndef test_a(clean):\n    os.environ["A"] = "1"\n',
    "sub/test_helper.py": "from helpers import use\n\n\ndef test_b():\n    use()\n",
    "test_plain.py": GOOD,
}
DEEP = ["helpers.py:5:5: HRM101"]


class Check:
    """Runs `hermetic check .`, and knows whether that looked at the files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.looked = False
        self.capsys = capsys
        check = Engine.check

        def noted(engine: Engine, *arguments: object) -> object:
            self.looked = True
            return check(engine, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(Engine, "check", noted)

    def __call__(self, *options: str) -> list[str]:
        """Return the place and code of each finding."""
        self.looked = False
        self.capsys.readouterr()
        main(["check", "--output-format=concise", *options])
        lines = self.capsys.readouterr().out.splitlines()
        return [" ".join(line.split(" ")[:2]) for line in lines if ": HRM" in line]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    write_files(FILES, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Check(monkeypatch, capsys)


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "cache" / "hermetic").glob("lint-*"))


def test_a_second_run_finds_the_same_and_looks_at_nothing(check: Check) -> None:
    assert (check(), check.looked) == (DEEP, True)
    assert (check(), check.looked) == (DEEP, False)


def test_no_cache_looks_at_the_files_and_keeps_nothing(check: Check, tmp_path: Path) -> None:
    assert (check("--no-cache"), check.looked, kept(tmp_path)) == (DEEP, True, [])
    check()
    assert (check("--no-cache"), check.looked) == (DEEP, True)


def rewrite(path: str, source: str) -> Callable[[], None]:
    return lambda: write_files({path: source}, Path.cwd()) and None


def rewrite_behind_its_back() -> None:
    """As many bytes as before, at the same time."""
    before = Path("helpers.py").stat()
    Path("helpers.py").write_text(HELPER.replace("    os.environ", "    os_environ"))
    os.utime("helpers.py", ns=(before.st_atime_ns, before.st_mtime_ns))


NOT_CLEANED = FIXTURE.replace('os.environ.pop("A", None)', "pass")
CHANGES = {
    "a checked file": (rewrite("test_plain.py", BAD), [*DEEP, "test_plain.py:5:5: HRM101"]),
    "a conftest": (rewrite("conftest.py", NOT_CLEANED), [*DEEP, "sub/test_clean.py:5:5: HRM101"]),
    "a new conftest": (rewrite("sub/conftest.py", NOT_CLEANED), [*DEEP, "sub/test_clean.py:5:5: HRM101"]),
    "a helper": (rewrite("helpers.py", HELPER.replace("os.environ", "given")), []),
    "a helper, with the same size and time": (rewrite_behind_its_back, []),
    "a new file that is imported instead": (rewrite("sub/helpers.py", "def use():\n    pass\n"), []),
    "the configuration": (rewrite("pyproject.toml", '[tool.hermetic]\nselect = ["HRM102"]\n'), []),
    "what a file is excused from": (
        rewrite("pyproject.toml", FILES["pyproject.toml"] + 'per-file-ignores = {"helpers.py" = ["HRM101"]}\n'),
        [],
    ),
    "what pytest collects": (rewrite("pytest.ini", "[pytest]\npython_files = check_*.py\n"), []),
    "a helper is deleted": (lambda: Path("helpers.py").unlink(), []),
    "a checked file is deleted": (lambda: Path("sub/test_helper.py").unlink(), []),
    "a checked file cannot be parsed": (rewrite("test_plain.py", "def (:\n"), [*DEEP, "test_plain.py:1:5: HRM001"]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_has_changed_is_seen(what: str, check: Check) -> None:
    change, expected = CHANGES[what]
    check()

    change()

    assert sorted(check()) == sorted(expected)
    assert sorted(check()) == sorted(expected)


def test_a_change_of_a_helper_is_seen_where_other_processes_have_read_it(check: Check) -> None:
    write_files({f"sub/test_{number}.py": FILES["sub/test_helper.py"] for number in range(5)}, Path.cwd())
    assert (check("--jobs=3"), check.looked) == (DEEP, True)
    assert (check("--jobs=3"), check.looked) == (DEEP, False)

    write_files({"helpers.py": HELPER.replace("os.environ", "given")}, Path.cwd())

    assert check("--jobs=3") == []


@pytest.mark.parametrize("options", [["--select=HRM102"], ["--ignore=HRM101"], ["test_plain.py", "conftest.py"]])
def test_another_run_is_not_mistaken_for_it(options: list[str], check: Check) -> None:
    check()

    assert (check(*options), check.looked) == ([], True)
    assert (check(*options), check.looked) == ([], False)
    assert (check(), check.looked) == (DEEP, False)


def test_what_the_engine_itself_reports_is_part_of_the_run(check: Check) -> None:
    write_files({"test_plain.py": "def (:\n"}, Path.cwd())

    assert check() == [*DEEP, "test_plain.py:1:5: HRM001"]
    assert check("--ignore=HRM001") == DEEP


def test_a_file_that_is_written_again_with_the_same_content_changes_nothing(check: Check) -> None:
    check()

    Path("helpers.py").write_text(HELPER)

    assert (check(), check.looked) == (DEEP, False)


def test_a_file_that_nobody_can_read_is_looked_at_each_time(check: Check) -> None:
    Path("test_gone.py").symlink_to("nowhere")

    assert [(len(check()), check.looked) for _ in range(2)] == [(2, True), (2, True)]


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, None])
def test_a_damaged_cache_is_a_miss(damage: bytes | None, check: Check, tmp_path: Path) -> None:
    check()
    (file,) = kept(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[:-9] + b"?" + data[-8:] if damage is None else damage)

    assert (check(), check.looked) == (DEEP, True)
    assert (check(), check.looked) == (DEEP, False)


def test_a_cache_that_cannot_be_written_is_no_error_and_leaves_nothing_behind(check: Check, tmp_path: Path) -> None:
    check()
    (file,) = kept(tmp_path)
    file.unlink()
    file.mkdir()  # nothing can be moved into its place

    assert [(check(), check.looked) for _ in range(2)] == [(DEEP, True), (DEEP, True)]
    assert kept(tmp_path) == [file]


def test_only_the_newest_runs_are_kept(check: Check, tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        check(f"--select=HRM{101 + number % 9}", f"--ignore=HRM{201 + number // 9}")

    assert len(kept(tmp_path)) == KEPT


def test_two_runs_at_once_find_the_same(check: Check, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hermetic", "check", "--output-format=concise"]
    extra = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    runs = [
        subprocess.Popen(command, env=environment(Path.cwd()) | extra, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    outputs = [run.communicate()[0] for run in runs]

    assert outputs[0] == outputs[1]
    assert outputs[0].startswith(DEEP[0])
    assert (check(), check.looked) == (DEEP, False)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("catalogue/process/environ_write.py", 'code = "HRM101"', 'code = "HRM101"  # as ever'),
        ("source/roles.py", '"""Return `test`,', '"""Give `test`,'),
        ("__init__.py", '__version__ = "', '__version__ = "9.'),
    ],
)
def test_a_change_of_our_own_code_is_a_miss(file: str, old: str, new: str, check: Check, tmp_path: Path) -> None:
    del check
    package = tmp_path / "other" / "hermetic"
    shutil.copytree(Path(hermetic.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import sys; from hermetic.cli import main; main(['check']); print('hermetic.lint.engine' in sys.modules)"
    extra = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(package.parent)}

    def looks() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment(Path.cwd()) | extra,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()[-1]

    assert [looks(), looks()] == ["True", "False"]
    source = (package / file).read_text()
    assert old in source
    (package / file).write_text(source.replace(old, new, 1))
    assert [looks(), looks()] == ["True", "False"]


def test_rules_of_others_are_not_kept_since_they_may_look_at_anything() -> None:
    own = registry.indexed()
    theirs = registry.Entry("ACME101", "own", "acme.rules", "Own", (), (b"x",))

    assert not registry.is_foreign(own)
    assert registry.is_foreign([*own, theirs])


def test_times_alone_are_trusted_only_where_they_are_older_than_a_moment(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("1")
    mark = read_file(str(file), marked=True)[1]
    folder = list_folder(str(tmp_path), marked=True)[1]
    later = mark[0] + 10**9

    assert renewed(str(file), mark, later, folder=False) is mark
    assert renewed(str(tmp_path), folder, later, folder=True) is folder
    gone = (*list_folder(str(tmp_path / "gone"), marked=True)[1],)
    assert renewed(str(tmp_path / "gone"), gone, later, folder=True) is gone
    lying = (*mark[:3], b"other content")
    assert renewed(str(file), lying, later, folder=False) is lying
    assert renewed(str(file), lying, mark[0], folder=False) is None


def test_what_is_kept_says_what_can_be_repaired_as_the_first_run_did(tmp_path: Path) -> None:
    write_files({"pyproject.toml": "", "test_leak.py": BAD, "test_plain.py": GOOD}, tmp_path / "project")
    command = [sys.executable, "-m", "hermetic", "check", "."]
    runs = [
        subprocess.run(
            command, cwd=tmp_path / "project", env=environment(tmp_path), capture_output=True, text=True, check=False
        ).stdout
        for _ in range(2)
    ]

    assert "1 can be fixed with --fix; --diff shows how" in runs[0]
    assert runs[0] == runs[1]
    assert list((tmp_path.parent / f"{tmp_path.name}-cache" / "hermetic").glob("lint-*"))
