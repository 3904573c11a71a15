"""`[tool.hermetic]` and what pytest is told about file names, as `Settings`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Table = dict[str, object]
    Options = dict[str, list[Any]]  # of single rules: strings, or rows of strings

PRESETS = ("recommended", "memory", "project")
DEFAULT_PATTERNS = ("test_*.py", "*_test.py")


class CannotRunError(Exception):
    """Something that the user has to change before there can be a result; the message says what."""


class ConfigError(CannotRunError):
    """The configuration cannot be used; the message says where, and what to type instead."""


class PytestFile:
    """The file that holds pytest's settings, and the table or section in it."""

    __slots__ = ("data", "path", "section")

    def __init__(self, path: str, data: bytes, section: str) -> None:
        self.path = path
        self.data = data
        self.section = section

    def values(self, *names: str, cached: bool = True) -> dict[str, object]:
        """Return those of the named settings that the file has, as strings or lists; cheap where it has none.

        Raises `ConfigError`.
        """
        if not any(name.encode() in self.data for name in names):
            return {}
        read = from_toml if self.path.endswith(".toml") else from_ini
        table = read(self, cached)
        return {name: table[name] for name in names if table.get(name) is not None}


class Settings:
    """What a run is told to do. `root` is the folder that per-file patterns and imports are relative to.

    `options` are the settings of single rules, by option name. `levels` say for single rules what the guard does with
    what it finds: `error`, `warn` or `off`.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.select: tuple[str, ...] = ("recommended",)
        self.extend_select: tuple[str, ...] = ()
        self.ignore: tuple[str, ...] = ()
        self.strict: tuple[str, ...] = ()  # codes of rules that say as much as under the `project` preset
        self.per_file_ignores: dict[str, tuple[str, ...]] = {}
        self.origins: dict[str, str] = {}  # by selector, the file and the setting that it stands in, for messages
        self.exclude: tuple[str, ...] = ()
        self.baseline = ""  # the file of accepted findings, in full
        self.python_files: tuple[str, ...] = DEFAULT_PATTERNS
        self.pytest_file: PytestFile | None = None  # where pytest's own settings stand
        self.levels: dict[str, str] = {}
        self.options: Options = {name: default for name, (default, _) in OPTIONS.items()}


# Settings of single rules: name -> (default, one line of help). Lists of strings, or lists of rows of strings.
OPTIONS: dict[str, tuple[list[Any], str]] = {
    "async-dependencies": (["get_current_user"], "dependencies that are async where their definition is not found"),
    "bearer-pairs": ([["get_current_user", "bearer_scheme"]], "a current-user dependency and its security scheme"),
    "async-functions": ([], "dotted patterns of functions that are async where their definition is not found"),
    "breaker-classes": ([], "dotted names of classes of circuit breakers, besides those of the known libraries"),
    "shared-clients": (["*openfga*"], "patterns of fixtures that give a client of a store which tests share"),
    "performance-markers": (["performance", "benchmark", "perf"], "markers of performance tests"),
    "literals": (
        [
            ["LLMFactory", "model", "ollama/*", "provider=ollama"],
            ["LLMFactory", "model_name", "ollama/*", "provider=ollama"],
        ],
        "a call, one of its arguments, the pattern that it has to match, and with which other arguments it has to",
    ),
}
# How many strings a row has, at least and at most, and what it is called.
ROWS = {"bearer-pairs": (2, 2, "pairs of strings"), "literals": (3, 9, "rows of a call, an argument and a pattern")}
LEVELS = ("error", "warn", "off")
SELECTORS = ("select", "extend-select", "ignore")
LISTS = (*SELECTORS, "exclude", "python-files")
NAMES = (*LISTS, "per-file-ignores", "baseline", "guard")  # with `OPTIONS` all that there is
ROOT_MARKS = ("pyproject.toml", ".git", "pytest.ini", "tox.ini", "setup.cfg")
# In the order in which pytest looks for them in one folder: file, its table or section, whether the file alone decides.
PYTEST_FILES = (
    ("pytest.toml", "pytest", True),
    (".pytest.toml", "pytest", True),
    ("pytest.ini", "pytest", True),
    (".pytest.ini", "pytest", True),
    ("pyproject.toml", "tool.pytest", False),
    ("tox.ini", "pytest", False),
    ("setup.cfg", "tool:pytest", False),
)


def upwards(start: str) -> Iterator[str]:
    """Yield the folder of `start` and the ones above it, up to the one that holds `.git`: a repository is a world."""
    folder = os.path.abspath(start)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            return
        folder = parent


def is_root(folder: str) -> bool:
    """Tell whether a folder is where a project, or a part with a configuration of its own, begins."""
    return any(os.path.exists(os.path.join(folder, name)) for name in ROOT_MARKS)


def find_root(start: str) -> str:
    """Return the nearest folder at or above `start` with a file of `ROOT_MARKS`; else `start`."""
    folders = list(upwards(start))
    return next((folder for folder in folders if is_root(folder)), folders[0])


def load(start: str, *, cached: bool = True) -> Settings:
    """Read the settings that apply to `start`: the nearest `[tool.hermetic]`, and pytest's nearest configuration.

    Raises `ConfigError` when a file cannot be read or a value is not as it should be.
    """
    settings = Settings(find_root(start))
    folders = list(upwards(start))
    settings.pytest_file = next(filter(None, map(find_pytest_file, folders)), None)
    if settings.pytest_file is not None:
        found = settings.pytest_file.values("python_files", cached=cached).get("python_files")
        settings.python_files = items(found) or DEFAULT_PATTERNS
    for folder in folders:
        path = os.path.join(folder, "pyproject.toml")
        data = read_bytes(path)
        if data is None or b"hermetic" not in data:
            continue
        tool = table_in(parsed(path, data, cached), "tool", path)
        if "hermetic" in tool:
            settings.root = folder
            apply(settings, table_in(tool, "hermetic", path), path)
            break
    return settings


def read_bytes(path: str) -> bytes | None:
    """Return a file's bytes, None when there is no such file."""
    try:
        if not os.path.isfile(path):  # a pipe would block for ever
            if os.path.lexists(path) and not os.path.isdir(path):
                os.stat(path)
                raise ConfigError(f"{path}: cannot be read: not a regular file")
            return None
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def parsed(path: str, data: bytes, cached: bool) -> Table:  # noqa: FBT001 - passed on, nothing else
    """Return what matters of a parsed TOML file, from the cache when the file has not changed."""
    from hermetic import cache

    folder, kind = os.path.dirname(path), os.path.basename(path)
    known = cache.load(folder, kind, data) if cached else None
    if isinstance(known, dict):
        return known
    import tomllib

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    kept: Table = {name: table[name] for name in ("pytest",) if name in table}
    tool = table_in(table, "tool", path)
    kept["tool"] = {name: tool[name] for name in ("hermetic", "pytest") if name in tool}
    if cached:
        cache.save(folder, kind, data, kept)
    return kept


def table_in(table: Table, name: str, path: str) -> Table:
    """Return a table within a table, empty where there is none."""
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: {name} must be a table, not {found!r}")
    return found


def find_pytest_file(folder: str) -> PytestFile | None:
    """Return the file in `folder` that configures pytest; None when there is none, so that pytest looks further up."""
    for name, section, alone in PYTEST_FILES:
        path = os.path.join(folder, name)
        data = read_bytes(path)
        if data is not None and (alone or mentions(data, section)):
            return PytestFile(path, data, section)
    return None


def mentions(data: bytes, section: str) -> bool:
    """Tell whether a file holds a section (for TOML also a table below it), without parsing it."""
    return f"[{section}]".encode() in data or (section == "tool.pytest" and b"[tool.pytest." in data)


def from_toml(file: PytestFile, cached: bool) -> Table:  # noqa: FBT001 - passed on
    """Return pytest's settings from a TOML file."""
    table = parsed(file.path, file.data, cached)
    for name in file.section.split("."):
        table = table_in(table, name, file.path)
    return {**table, **table_in(table, "ini_options", file.path)}


def from_ini(file: PytestFile, cached: bool) -> Table:  # noqa: ARG001, FBT001 - the shape of `from_toml`
    """Return pytest's settings from an ini file."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(file.data.decode("utf-8-sig", "replace"))
    except configparser.Error as error:
        raise ConfigError(f"{file.path}: not a valid ini file: {' '.join(str(error).split())}") from error
    return dict(parser[file.section]) if parser.has_section(file.section) else {}


def items(value: object) -> tuple[str, ...]:
    """Return the words of a setting of pytest that is a list, or a string in which spaces divide them."""
    if isinstance(value, str):
        if "'" in value or '"' in value:
            import shlex

            try:
                return tuple(shlex.split(value))
            except ValueError:
                return tuple(value.split())
        return tuple(value.split())
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def apply(settings: Settings, table: Table, path: str) -> None:
    """Take the values of `[tool.hermetic]`."""
    for key, value in table.items():
        if key in LISTS:
            setattr(settings, key.replace("-", "_"), strings(value, key, path))
        elif key == "per-file-ignores":
            settings.per_file_ignores = lists_by_pattern(value, path)
        elif key == "baseline":
            if not isinstance(value, str) or not value:
                raise ConfigError(f'{path}: baseline must be the name of a file, such as "hermetic-baseline.jsonl"')
            settings.baseline = os.path.join(settings.root, value)
        elif key == "guard":
            settings.levels = levels_in(value, path)
        elif key in OPTIONS:
            settings.options[key] = checked_option(key, value, path)
        else:
            known = (*NAMES, *OPTIONS)
            raise ConfigError(f"{path}: unknown setting {key!r} in [tool.hermetic]{nearest(key, known)}")
    named = {key: strings(table[key], key, path) for key in SELECTORS if key in table}
    named |= {f"per-file-ignores of {pattern!r}": codes for pattern, codes in settings.per_file_ignores.items()}
    settings.origins = {selector: f"{path}: {key}" for key, selectors in named.items() for selector in selectors}


def lists_by_pattern(value: object, path: str) -> dict[str, tuple[str, ...]]:
    """Return the codes that are ignored for some files, by the pattern of their paths."""
    if not isinstance(value, dict) or not all(isinstance(codes, list) for codes in value.values()):
        shape = 'a table of lists, such as per-file-ignores = {"tests/a.py" = ["HRM101"]}'
        raise ConfigError(f"{path}: per-file-ignores must be {shape}")
    return {pattern: strings(codes, f"per-file-ignores of {pattern!r}", path) for pattern, codes in value.items()}


def levels_in(value: object, path: str) -> dict[str, str]:
    """Return the levels of single rules from `[tool.hermetic.guard]`, which has nothing else."""
    table = value.get("levels", {}) if isinstance(value, dict) and set(value) <= {"levels"} else None
    if not isinstance(table, dict) or not all(level in LEVELS for level in table.values()):
        shape = 'levels = {HRM108 = "off"}, each level one of ' + ", ".join(LEVELS)
        raise ConfigError(f"{path}: [tool.hermetic.guard] takes {shape}")
    return {str(code): str(level) for code, level in table.items()}


def strings(value: object, key: str, path: str) -> tuple[str, ...]:
    """Return a list of strings from the configuration."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{path}: {key} must be a list of strings")
    return tuple(value)


def checked_option(key: str, value: object, path: str) -> list[Any]:
    """Return a rule's option when its shape is that of its default."""
    least, most, shape = ROWS.get(key, (0, 0, "strings"))
    if isinstance(value, list) and all(
        isinstance(item, list) and least <= len(item) <= most and all(isinstance(part, str) for part in item)
        if most
        else isinstance(item, str)
        for item in value
    ):
        return value
    raise ConfigError(f"{path}: {key} must be a list of {shape}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a suggestion for a misspelt word, or the list of known ones."""
    import difflib

    spelled = {item.lower(): item for item in sorted(known)}
    close = difflib.get_close_matches(word.lower(), spelled, 1)
    return f"; did you mean {spelled[close[0]]!r}?" if close else f"; known are {', '.join(sorted(spelled.values()))}"
