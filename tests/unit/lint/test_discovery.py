"""Which files a folder stands for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hermetic import config
from hermetic.config import Settings
from hermetic.lint import discovery
from hermetic.lint.discovery import NoSuchPathError, covers, discover, is_checked
from tests.utils.lint import write_files
from tests.utils.process import environment

TREE = [
    "app/main.py",
    "app/test_main.py",
    "app/main_test.py",
    "conftest.py",
    "tests/helpers.py",
    "tests/unit/test_a.py",
    "tests/unit/data.txt",
    "latest/a.py",
]
EXPECTED = ["app/main_test.py", "app/test_main.py", "conftest.py", "tests/helpers.py", "tests/unit/test_a.py"]


@pytest.fixture(params=["walked", "git"])
def tree(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is the current folder, once as a git repository and once not."""
    folder = tmp_path / "project"
    write_files({"pyproject.toml": "", **dict.fromkeys(TREE, "")}, folder)
    if request.param == "git":
        subprocess.run(["git", "init", "--quiet"], cwd=folder, env=environment(folder), check=True)
    monkeypatch.chdir(folder)
    return folder


def found(*paths: str, root: object = ".", **settings: object) -> list[str]:
    wanted = Settings(str(Path(str(root)).resolve()))
    for name, value in settings.items():
        setattr(wanted, name, value)
    return discover(list(paths), wanted)


@pytest.mark.usefixtures("tree")
def test_a_folder_stands_for_its_tests_conftests_and_helpers() -> None:
    assert found(".") == EXPECTED


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("spelled", ["tests", "./tests", "tests/", "tests//", "app/../tests"])
def test_a_path_is_reported_relative_to_the_current_folder_however_it_is_spelled(spelled: str) -> None:
    prefix = "app/../tests/" if ".." in spelled else "tests/"

    assert found(spelled) == [f"{prefix}helpers.py", f"{prefix}unit/test_a.py"]


def test_an_absolute_path_below_the_current_folder_is_reported_relative_to_it(tree: Path) -> None:
    assert found(str(tree)) == EXPECTED
    assert found(str(tree / "app" / "main.py")) == ["app/main.py"]


def test_a_path_elsewhere_is_reported_as_it_is_spelled(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "app")

    assert found("../conftest.py", root="..") == ["../conftest.py"]
    assert found(str(tree / "conftest.py"), root="..") == [str(tree / "conftest.py")]


@pytest.mark.usefixtures("tree")
def test_a_named_file_is_always_checked() -> None:
    assert found("app/main.py", exclude=("app",)) == ["app/main.py"]


@pytest.mark.usefixtures("tree")
def test_a_file_that_is_reached_twice_is_checked_once() -> None:
    assert found("tests", "tests/unit/test_a.py", "./tests/unit", str(Path("tests").resolve())) == EXPECTED[3:]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("check_*.py",), ["conftest.py", "tests/helpers.py", "tests/unit/test_a.py"]),
        (("main.py",), ["app/main.py", "conftest.py", "tests/helpers.py", "tests/unit/test_a.py"]),
        (("app/*_test.py",), ["app/main_test.py", "conftest.py", "tests/helpers.py", "tests/unit/test_a.py"]),
    ],
)
def test_the_names_of_test_files_are_pytests(patterns: tuple[str, ...], expected: list[str]) -> None:
    assert found(".", python_files=patterns) == expected


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("exclude", "expected"),
    [
        ("app", EXPECTED[2:]),
        ("./app/", EXPECTED[2:]),
        ("app/*", EXPECTED[2:]),
        ("unit", EXPECTED[:4]),
        ("*/unit", EXPECTED[:4]),
        ("**/unit", EXPECTED[:4]),
        ("**/conftest.py", [*EXPECTED[:2], *EXPECTED[3:]]),
        ("test_*.py", ["app/main_test.py", "conftest.py", "tests/helpers.py"]),
        ("**", []),
        ("unit/test_a.py", EXPECTED),
        ("ap", EXPECTED),
    ],
)
def test_what_is_excluded_is_left_out(exclude: str, expected: list[str]) -> None:
    assert found(".", exclude=(exclude,)) == expected


@pytest.mark.parametrize("place", ["tests/project", "tests"])
def test_only_folders_below_the_root_make_a_test_folder(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / place
    write_files({"pyproject.toml": "", "app.py": "", "tests/helpers.py": ""}, folder)
    monkeypatch.chdir(folder)

    assert found(".") == ["tests/helpers.py"]
    assert found(str(folder)) == ["tests/helpers.py"]


def test_the_helpers_of_a_test_folder_count_from_inside_too(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "tests")

    assert found(".", root=tree) == ["helpers.py", "unit/test_a.py"]


def test_a_test_folder_that_is_no_part_of_a_project_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files({"tests/helpers.py": "", "app/helpers.py": ""}, tmp_path)
    monkeypatch.chdir(tmp_path)

    assert found("tests", root="tests") == ["tests/helpers.py"]
    assert found("app", root="app") == []


def test_environments_caches_and_editors_locks_are_not_tests(tmp_path: Path) -> None:
    folders = [".venv", "node_modules", "__pycache__", "a.egg-info", "tests"]
    write_files({f"{folder}/test_a.py": "" for folder in folders}, tmp_path)
    (tmp_path / "tests" / ".#test_a.py").symlink_to("somebody@somewhere.1")

    assert found(str(tmp_path), root=tmp_path) == [str(tmp_path / "tests" / "test_a.py")]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    write_files({"tests/test_a.py": ""}, tmp_path)
    (tmp_path / "tests" / "loop").symlink_to("..")

    assert found(str(tmp_path), root=tmp_path) == [str(tmp_path / "tests" / "test_a.py")]


def test_a_link_to_a_file_is_a_file_of_its_own(tmp_path: Path) -> None:
    write_files({"test_a.py": ""}, tmp_path)
    (tmp_path / "test_b.py").symlink_to("test_a.py")

    assert found(str(tmp_path), root=tmp_path) == [str(tmp_path / "test_a.py"), str(tmp_path / "test_b.py")]


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSuchPathError, match=r"test_gone\.py: no such file or folder"):
        found(str(tmp_path / "test_gone.py"))


@pytest.mark.usefixtures("tree")
def test_of_changed_files_those_that_a_folder_stands_for_are_checked() -> None:
    changed = ["app/main.py", "app/test_main.py", "README.md", "tests/helpers.py", "tests/unit"]
    write_files({"README.md": ""}, Path())

    assert discovery.tests_among(changed, Settings(str(Path.cwd()))) == [
        "app/test_main.py",
        "tests/helpers.py",
        "tests/unit/test_a.py",
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("unit/test_*.py", True), ("*/a/*.py", False), ("test_?.py", True), ("[tu]est_a.py", True)],
)
def test_a_pattern_with_a_folder_matches_the_end_of_the_path(pattern: str, expected: object) -> None:
    assert is_checked("deep/unit/test_a.py", (pattern,)) is expected


def test_a_pattern_covers_the_file_and_everything_below_a_folder() -> None:
    assert covers("examples/*/polluted", "examples/api/polluted/tests/test_a.py")
    assert not covers("examples/*/polluted", "examples/api/clean/test_a.py")


def test_an_excluded_folder_that_is_named_is_checked(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.hermetic]\nexclude = ["polluted"]\n', encoding="utf-8")
    (tmp_path / "polluted").mkdir()
    (tmp_path / "polluted" / "test_it.py").touch()
    settings = config.load(str(tmp_path))

    assert discover([str(tmp_path)], settings) == []
    assert discover([str(tmp_path / "polluted")], settings) == [str(tmp_path / "polluted" / "test_it.py")]


COLLECTED = {
    "conftest.py": "",
    "examples/test_example.py": "",
    "tests/conftest.py": "",
    "tests/test_a.py": "",
    "tests/helpers.py": "",
    "tests/data/test_data.py": "",
    "tests/unit/test_b.py": "",
}


@pytest.mark.parametrize(
    ("files", "left_out"),
    [
        ({"pytest.ini": "[pytest]\nnorecursedirs = data .*\n"}, {"tests/data/test_data.py"}),
        ({"pytest.ini": "[pytest]\nnorecursedirs = tests/dat*\n"}, {"tests/data/test_data.py"}),
        ({"pytest.ini": "[pytest]\ntestpaths = tests\n"}, {"examples/test_example.py"}),
        (
            {"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests/u*"]\n'},
            {"examples/test_example.py", "tests/test_a.py", "tests/data/test_data.py"},
        ),
        ({"pytest.ini": "[pytest]\ntestpaths = gone\n"}, set()),
        ({"pytest.ini": "[pytest]\naddopts = -q --ignore=tests/data --ignore examples\n"},
         {"tests/data/test_data.py", "examples/test_example.py"}),
        ({"tox.ini": "[pytest]\naddopts = --ignore-glob='*/test_d*.py'\n"}, {"tests/data/test_data.py"}),
        ({"setup.cfg": "[tool:pytest]\naddopts = --deselect tests/test_a.py\n"}, {"tests/test_a.py"}),
        ({"tests/conftest.py": "collect_ignore = ['data', 'test_a.py']\n"},
         {"tests/data/test_data.py", "tests/test_a.py"}),
        ({"conftest.py": "import os\ncollect_ignore = [os.path.join('tests', 'data')] + ['examples']\n"},
         {"tests/data/test_data.py", "examples/test_example.py"}),
        ({"conftest.py": "collect_ignore_glob = []\ncollect_ignore_glob.append('*_data.py')\n"},
         {"tests/data/test_data.py"}),
        (
            {"conftest.py": "import sys\ncollect_ignore = []\n"
                            "if sys.version_info < (9, 0):\n    collect_ignore += ['tests/data']\n"},
            {"tests/data/test_data.py"},
        ),
        ({"conftest.py": "import sys\nif not sys.version_info < (9, 0):\n    collect_ignore = ['tests/data']\n"},
         set()),
        ({"conftest.py": "collect_ignore = []\nif is_slow():\n    collect_ignore += ['tests']\n"}, set()),
    ],
)  # fmt: skip
def test_what_pytest_is_told_not_to_collect_is_not_checked(
    files: dict[str, str], left_out: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files({"pyproject.toml": "", **COLLECTED, **files}, tmp_path)

    assert set(COLLECTED) - set(discover(["."], config.load("."))) == left_out


def test_a_path_that_is_named_is_checked_whatever_pytest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(
        {**COLLECTED, "pytest.ini": "[pytest]\ntestpaths = tests/unit\naddopts = --ignore=tests/data\n"}, tmp_path
    )
    settings = config.load(".")

    assert discover(["examples"], settings) == ["examples/test_example.py"]
    assert discover(["tests/data"], settings) == ["tests/data/test_data.py"]
    assert discover(["tests/data/test_data.py"], settings) == ["tests/data/test_data.py"]


def test_a_changed_file_that_pytest_does_not_collect_is_left_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files({**COLLECTED, "pytest.ini": "[pytest]\ntestpaths = tests\n"}, tmp_path)

    assert discovery.tests_among(["examples/test_example.py", "tests/test_a.py"], config.load(".")) == [
        "tests/test_a.py"
    ]
