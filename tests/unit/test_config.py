"""Where the configuration is found, what it may say, and how a wrong one is refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hermetic import config
from hermetic.config import ConfigError
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    home = tmp_path / "cache-home"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that is a repository, so that nothing above it counts."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    return folder


def test_without_a_configuration_the_defaults_hold(project: Path) -> None:
    settings = config.load(str(project))

    assert settings.root == str(project)
    assert settings.select == ("recommended",)
    assert settings.python_files == ("test_*.py", "*_test.py")
    assert settings.options["performance-markers"] == ["performance", "benchmark", "perf"]


def test_every_setting_is_read(project: Path) -> None:
    text = """
[tool.hermetic]
select = ["ALL"]
extend-select = ["memory"]
ignore = ["HRM101"]
exclude = ["vendor"]
python-files = ["check_*.py"]
per-file-ignores = {"tests/a.py" = ["HRM1"]}
async-dependencies = ["get_user"]
bearer-pairs = [["get_user", "scheme"]]
async-functions = ["app.fetch"]
performance-markers = ["slow"]
literals = [["Client.send", "topic", "test-*"]]
breaker-classes = ["app.Fuse"]
shared-clients = ["*authz*"]
"""
    write_files({"pyproject.toml": text}, project)

    settings = config.load(str(project))

    assert (settings.select, settings.extend_select, settings.ignore) == (("ALL",), ("memory",), ("HRM101",))
    assert (settings.exclude, settings.python_files) == (("vendor",), ("check_*.py",))
    assert settings.per_file_ignores == {"tests/a.py": ("HRM1",)}
    assert settings.options == {
        "async-dependencies": ["get_user"],
        "bearer-pairs": [["get_user", "scheme"]],
        "async-functions": ["app.fetch"],
        "shared-clients": ["*authz*"],
        "performance-markers": ["slow"],
        "literals": [["Client.send", "topic", "test-*"]],
        "breaker-classes": ["app.Fuse"],
    }


@pytest.mark.parametrize("start", ["tests/unit/test_a.py", "tests/unit", "tests/gone/test_new.py", "."])
def test_the_configuration_of_a_parent_folder_applies(project: Path, start: str) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM1"]\n', "tests/unit/test_a.py": ""}, project)

    settings = config.load(str(project / start))

    assert (settings.root, settings.select) == (str(project), ("HRM1",))


def test_a_nearer_file_without_our_table_does_not_hide_the_one_above(project: Path) -> None:
    files = {
        "pyproject.toml": '[tool.hermetic]\nselect = ["HRM1"]\n',
        "part/pyproject.toml": '[project]\nname = "hermetic-part"\n',
        "part/pytest.ini": "[pytest]\n",
    }
    write_files(files, project)

    settings = config.load(str(project / "part"))

    assert (settings.root, settings.select) == (str(project), ("HRM1",))


def test_a_nearer_table_replaces_the_one_above(project: Path) -> None:
    files = {
        "pyproject.toml": '[tool.hermetic]\nselect = ["HRM1"]\n',
        "part/pyproject.toml": '[tool.hermetic]\nignore = ["HRM2"]\n',
    }
    write_files(files, project)

    settings = config.load(str(project / "part"))

    assert (settings.root, settings.select, settings.ignore) == (str(project / "part"), ("recommended",), ("HRM2",))


def test_a_repository_is_not_configured_from_outside(project: Path) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM1"]\n'}, project.parent)

    settings = config.load(str(project))

    assert (settings.root, settings.select) == (str(project), ("recommended",))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": '[tool.pytest.ini_options]\npython_files = "check_*.py"\n'}, ("check_*.py",)),
        ({"pyproject.toml": '[tool.pytest.ini_options]\npython_files = ["a.py", "b.py"]\n'}, ("a.py", "b.py")),
        ({"pyproject.toml": '[tool.pytest]\npython_files = ["a.py"]\n'}, ("a.py",)),
        ({"pytest.toml": '[pytest]\npython_files = ["a.py"]\n'}, ("a.py",)),
        ({"pytest.ini": "[pytest]\npython_files = a.py b.py\n"}, ("a.py", "b.py")),
        ({"pytest.ini": "\ufeff[pytest]\npython_files = a.py\n"}, ("a.py",)),
        ({".pytest.ini": "[pytest]\npython_files =\n    a.py\n    b.py\n"}, ("a.py", "b.py")),
        ({"tox.ini": "[tox]\nenvlist = x\n[pytest]\npython_files = a.py\n"}, ("a.py",)),
        ({"setup.cfg": "[metadata]\nname = %(x\n[tool:pytest]\npython_files = a.py\n"}, ("a.py",)),
        ({"setup.cfg": "[pytest]\npython_files = a.py\n"}, config.DEFAULT_PATTERNS),
        ({"tox.ini": "[tox]\npython_files = a.py\n"}, config.DEFAULT_PATTERNS),
    ],
)
def test_the_names_of_test_files_come_from_pytests_configuration(
    project: Path, files: dict[str, str], expected: tuple[str, ...]
) -> None:
    write_files(files, project)

    assert config.load(str(project)).python_files == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"pytest.ini": "[pytest]\n"}, {"pyproject.toml": '[tool.pytest.ini_options]\npython_files = "a.py"\n'}),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, {"tox.ini": "[pytest]\npython_files = a.py\n"}),
        ({"tox.ini": "[pytest]\n"}, {"setup.cfg": "[tool:pytest]\npython_files = a.py\n"}),
    ],
)
def test_as_in_pytest_the_first_configuration_counts_even_when_it_says_nothing(
    project: Path, first: dict[str, str], second: dict[str, str]
) -> None:
    write_files({**first, **second}, project)

    assert config.load(str(project)).python_files == config.DEFAULT_PATTERNS


def test_pytests_configuration_of_a_parent_folder_applies(project: Path) -> None:
    write_files({"tox.ini": "[pytest]\npython_files = a.py\n", "part/setup.cfg": "[metadata]\n"}, project)

    assert config.load(str(project / "part")).python_files == ("a.py",)


def test_our_own_list_of_names_goes_before_pytests(project: Path) -> None:
    text = '[tool.pytest.ini_options]\npython_files = "a.py"\n[tool.hermetic]\npython-files = ["b.py"]\n'
    write_files({"pyproject.toml": text}, project)

    assert config.load(str(project)).python_files == ("b.py",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[tool.hermetic\n", "not valid TOML"),
        ("[tool.hermetic]\nselect = [\n", "not valid TOML"),
        ("tool = 3  # hermetic\n", "tool must be a table, not 3"),
        ("[tool]\nhermetic = 3\n", "hermetic must be a table, not 3"),
        ('[tool.hermetic]\nselect = "ALL"\n', "select must be a list of strings"),
        ("[tool.hermetic]\nignore = [1]\n", "ignore must be a list of strings"),
        ("[tool.hermetic]\nexclude = 2020-01-01\n", "exclude must be a list of strings"),
        ('[tool.hermetic]\nper-file-ignores = ["a.py"]\n', "per-file-ignores must be a table of lists, such as "),
        (
            '[tool.hermetic]\nper-file-ignores = {"a.py" = "HRM1"}\n',
            'must be a table of lists, such as per-file-ignores = {"tests/a.py" = ["HRM101"]}',
        ),
        (
            '[tool.hermetic]\nper-file-ignores = {"a.py" = [1]}\n',
            "per-file-ignores of 'a.py' must be a list of strings",
        ),
        ('[tool.hermetic]\nbearer-pairs = ["a"]\n', "bearer-pairs must be a list of pairs of strings"),
        ('[tool.hermetic]\nliterals = [["a", "b"]]\n', "literals must be a list of rows of a call, an argument and a"),
        (
            '[tool.hermetic]\nselects = ["ALL"]\n',
            "unknown setting 'selects' in [tool.hermetic]; did you mean 'select'?",
        ),
        ("[tool.hermetic]\nzzz = 1\n", "unknown setting 'zzz' in [tool.hermetic]; known are async-dependencies, "),
        ("[tool]\npytest = 1\npython_files = 2\n[tool.hermetic]\n", None),
        ("[tool.pytest.ini_options]\npython_files = 1\n", None),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place_and_the_next_step(
    project: Path, text: str, reason: str | None
) -> None:
    write_files({"pyproject.toml": text}, project)
    if reason is None:  # what is wrong is pytest's to say
        assert config.load(str(project)).python_files == config.DEFAULT_PATTERNS
        return

    with pytest.raises(ConfigError) as caught:
        config.load(str(project))

    assert str(caught.value).startswith(f"{project / 'pyproject.toml'}: ")
    assert reason in str(caught.value)


def test_an_ini_file_that_cannot_be_parsed_is_refused_on_one_line(project: Path) -> None:
    write_files({"pytest.ini": "python_files = a.py\n"}, project)

    with pytest.raises(ConfigError, match="not a valid ini file: File contains no section headers") as caught:
        config.load(str(project))

    assert "\n" not in str(caught.value)


def test_a_configuration_that_is_no_text_is_refused(project: Path) -> None:
    (project / "pyproject.toml").write_bytes(b"# hermetic \xe9\n")

    with pytest.raises(ConfigError, match="not valid TOML: 'utf-8' codec can't decode byte 0xe9"):
        config.load(str(project))


@pytest.mark.parametrize(
    ("target", "reason"), [("/dev/null", "not a regular file"), ("pyproject.toml", "Too many levels")]
)
def test_a_configuration_that_is_no_file_is_refused(project: Path, target: str, reason: str) -> None:
    (project / "pyproject.toml").symlink_to(target)

    with pytest.raises(ConfigError, match=f"cannot be read: {reason}"):
        config.load(str(project))


def test_a_folder_named_like_the_configuration_is_none(project: Path) -> None:
    (project / "pyproject.toml").mkdir()

    assert config.load(str(project)).select == ("recommended",)


def test_what_was_parsed_comes_from_the_cache_until_the_file_changes(project: Path, cache_home: Path) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM1"]\n'}, project)
    config.load(str(project))
    (kept,) = (cache_home / "hermetic").iterdir()
    other = kept.with_name("other")
    kept.rename(other)
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM2"]\n'}, project)
    config.load(str(project))

    other.replace(kept)

    assert config.load(str(project)).select == ("HRM2",)


def test_the_cache_is_what_answers_when_the_file_is_the_same(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM1"]\n'}, project)
    config.load(str(project))
    monkeypatch.setitem(sys.modules, "tomllib", None)  # cannot be imported any more

    assert config.load(str(project)).select == ("HRM1",)
    with pytest.raises(ImportError):
        config.load(str(project), cached=False)


def test_without_the_cache_nothing_is_kept(project: Path, cache_home: Path) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM1"]\n'}, project)

    config.load(str(project), cached=False)

    assert not cache_home.exists()
