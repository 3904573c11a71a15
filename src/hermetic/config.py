"""`[tool.hermetic]` and what pytest is told about file names, as `Settings`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PRESETS = ("recommended", "memory", "project")
DEFAULT_PATTERNS = ("test_*.py", "*_test.py")


class ConfigError(Exception):
    """The configuration cannot be used; the message says where, and what to type instead."""


class Settings:
    """What a run is told to do. `root` is the folder that per-file patterns and imports are relative to.

    `options` are the settings of single rules, by option name.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.select: tuple[str, ...] = ("recommended",)
        self.extend_select: tuple[str, ...] = ()
        self.ignore: tuple[str, ...] = ()
        self.per_file_ignores: dict[str, tuple[str, ...]] = {}
        self.exclude: tuple[str, ...] = ()
        self.python_files: tuple[str, ...] = DEFAULT_PATTERNS
        self.options: dict[str, object] = {}


# Settings of single rules: name -> (default, one line of help). Lists of strings, or lists of pairs of strings.
OPTIONS: dict[str, tuple[object, str]] = {
    "async-dependencies": (["get_current_user"], "dependencies that are async where their definition is not found"),
    "bearer-pairs": ([["get_current_user", "bearer_scheme"]], "a current-user dependency and its security scheme"),
    "async-functions": ([], "dotted patterns of functions that are async where their definition is not found"),
    "performance-markers": (["performance", "benchmark", "perf"], "markers of performance tests"),
}
LISTS = ("select", "extend-select", "ignore", "exclude", "python-files")


def find_root(start: str) -> str:
    """Return the nearest folder at or above `start` with a pyproject.toml, pytest or git configuration; else `start`."""
    folder = os.path.abspath(start)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    first = folder
    while True:
        for name in ("pyproject.toml", ".git", "pytest.ini", "tox.ini", "setup.cfg"):
            if os.path.exists(os.path.join(folder, name)):
                return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return first
        folder = parent


def load(start: str) -> Settings:
    """Read the settings that apply to `start`.

    Raises `ConfigError` when a file cannot be read or a value is not as it should be.
    """
    root = find_root(start)
    settings = Settings(root)
    settings.options = {name: default for name, (default, _) in OPTIONS.items()}
    path = os.path.join(root, "pyproject.toml")
    data = read_bytes(path)
    if data is not None and (b"hermetic" in data or b"python_files" in data):
        table = parsed(path, data)
        apply_pytest(settings, table)
        apply(settings, table.get("tool", {}).get("hermetic", {}), path)
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        apply_ini(settings, os.path.join(root, name), section)
    return settings


def read_bytes(path: str) -> bytes | None:
    """Return a file's bytes, None when there is no such file."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs start-up time
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def parsed(path: str, data: bytes) -> dict[str, dict[str, dict[str, object]]]:
    """Return a parsed pyproject.toml, from the cache beside it when the file has not changed."""
    from hermetic import cache  # noqa: PLC0415 - only where there is something to keep

    known = cache.load(os.path.dirname(path), "pyproject", data)
    if isinstance(known, dict):
        return known
    import tomllib  # noqa: PLC0415 - 15 ms, so only for a file that changed

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    tool = table.get("tool", {})
    kept = {"tool": {name: tool[name] for name in ("hermetic", "pytest") if name in tool}}
    cache.save(os.path.dirname(path), "pyproject", data, kept)
    return kept


def apply_pytest(settings: Settings, table: dict[str, dict[str, dict[str, object]]]) -> None:
    """Take pytest's `python_files`."""
    pytest_table = table.get("tool", {}).get("pytest", {})
    options = pytest_table.get("ini_options", pytest_table)
    value = options.get("python_files") if isinstance(options, dict) else None
    if isinstance(value, str):
        settings.python_files = tuple(value.split())
    elif isinstance(value, list):
        settings.python_files = tuple(str(item) for item in value)


def apply_ini(settings: Settings, path: str, section: str) -> None:
    """Take pytest's `python_files` from an ini file."""
    data = read_bytes(path)
    if data is None or b"python_files" not in data:
        return
    import configparser  # noqa: PLC0415 - slow to import, and seldom needed

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(data.decode("utf-8", "replace"))
    except configparser.Error as error:
        raise ConfigError(f"{path}: not a valid ini file: {error}") from error
    value = parser.get(section, "python_files", fallback=None)
    if value:
        settings.python_files = tuple(value.split())


def apply(settings: Settings, table: dict[str, object], path: str) -> None:
    """Take the values of `[tool.hermetic]`."""
    for key, value in table.items():
        if key in LISTS:
            setattr(settings, key.replace("-", "_"), strings(value, key, path))
        elif key == "per-file-ignores":
            if not isinstance(value, dict):
                raise ConfigError(f'{path}: per-file-ignores must be a table, such as {{"tests/a.py" = ["HRM101"]}}')
            settings.per_file_ignores = {pattern: strings(codes, key, path) for pattern, codes in value.items()}
        elif key in OPTIONS:
            settings.options[key] = checked_option(key, value, path)
        else:
            known = (*LISTS, "per-file-ignores", *OPTIONS)
            raise ConfigError(f"{path}: unknown setting {key!r} in [tool.hermetic]{nearest(key, known)}")


def strings(value: object, key: str, path: str) -> tuple[str, ...]:
    """Return a list of strings from the configuration."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{path}: {key} must be a list of strings")
    return tuple(value)


def checked_option(key: str, value: object, path: str) -> object:
    """Return a rule's option when its shape is that of its default."""
    pairs = key == "bearer-pairs"
    good = isinstance(value, list) and all(
        (isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item))  # noqa: PLR2004
        if pairs
        else isinstance(item, str)
        for item in value
    )
    if not good:
        raise ConfigError(f"{path}: {key} must be a list of {'pairs of strings' if pairs else 'strings'}")
    return value


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a suggestion for a misspelt word, or the list of known ones."""
    import difflib  # noqa: PLC0415 - only on the way to an error

    known = sorted(known)
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"
