"""What the linter says about the fixtures of the files that a run is going to collect."""

from __future__ import annotations

import fnmatch
import importlib.util
import itertools
import os
from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue import registry
from hermetic.guard.linted import conftests
from hermetic.lint import discovery
from hermetic.source.text import contains, needles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.config import Settings
    from hermetic.finding import Finding
    from hermetic.lint.engine import Engine

CODES = frozenset({"HRM401", "HRM402"})
NOT_OURS = [".*", "node_modules"]  # folders that hold no code of the project
MANY = 1500  # files that are read before it is cheaper to ask the linter
FOUND: pytest.StashKey[list[Finding]] = pytest.StashKey()


def findings(config: pytest.Config, settings: Settings, code: str) -> list[Finding]:
    """Return what one rule finds in the test files and conftest files of a run, which are read once for all."""
    if FOUND not in config.stash:
        config.stash[FOUND] = list(found_by_all(config, settings))
    return [item for item in config.stash[FOUND] if item.code == code]


def found_by_all(config: pytest.Config, settings: Settings) -> Iterator[Finding]:
    """Yield what the rules find."""
    entries = registry.indexed()
    mine = [entry for entry in entries if entry.code in CODES]
    tokens = tuple({token for entry in mine for token in entry.tokens})
    paths = files(config, settings)
    if not are_mentioned(tokens, paths, settings.root):
        return  # most projects have no such fixture, and to import the linter and read all tests takes 30 ms
    from hermetic.lint.engine import Engine
    from hermetic.lint.incomplete import IncompleteError
    from hermetic.lint.selection import Selection, choose

    engine = Engine(settings, Selection(mine, choose(entries, settings).presets, CODES))
    words = needles(tokens)
    paths = [path for path in paths if concerns(engine, words, path)]
    try:
        found = engine.check(paths)
    except IncompleteError as error:
        found = error.findings
    for item in found:
        item.path = os.path.abspath(item.path)
        yield item


def are_mentioned(tokens: tuple[bytes, ...], paths: list[str], root: str) -> bool:
    """Tell whether a file of the suite or of the project, which tests may import, holds one of the tokens.

    About 20 us for each file; where there are many, it is taken for granted.
    """
    for count, path in enumerate(itertools.chain(paths, below(root, NOT_OURS, []))):
        if count == MANY or holds(path, tokens):
            return True
    return False


def holds(path: str, tokens: tuple[bytes, ...]) -> bool:
    """Tell whether a file holds one of the tokens."""
    try:
        with open(path, "rb") as file:
            return contains(file.read(), tokens)
    except OSError:
        return False


def concerns(engine: Engine, words: list[tuple[bytes, bytes]], path: str) -> bool:
    """Tell whether the rule has to look at a file: the engine would parse the others too, for their syntax."""
    data = engine.project.read(path)
    if data is None:
        return False
    text = engine.project.open(path, data)
    text.look_for(words)
    return any(engine.concerns(entry, text) for entry in engine.entries)


def files(config: pytest.Config, settings: Settings) -> list[str]:
    """Return the test files and conftest files that a run will read."""
    left_out = [os.path.abspath(path) for path in config.getoption("ignore", None) or ()]
    globs = [os.path.abspath(path) for path in config.getoption("ignore_glob", None) or ()]
    wanted: dict[str, None] = {}
    for path in paths_of(config):
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        wanted |= dict.fromkeys(conftests(folder, settings.root))
        found = below(path, config.getini("norecursedirs"), left_out) if folder == path else [path]
        wanted |= dict.fromkeys(file for file in found if folder != path or is_checked(file, settings))
    return sorted(file for file in wanted if not any(fnmatch.fnmatch(file, glob) for glob in globs))


def paths_of(config: pytest.Config) -> Iterator[str]:
    """Yield the files and folders that a run was given, as absolute paths."""
    for argument in config.args:
        name = str(argument).partition("::")[0]
        path = os.path.join(str(config.invocation_params.dir), name)
        if config.getoption("pyargs", None) and not os.path.exists(path):
            path = folder_of_package(name) or path
        if os.path.exists(path):
            yield os.path.abspath(path)


def folder_of_package(name: str) -> str:
    """Return where a package or module is, "" where it cannot be found."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    folders = list(spec.submodule_search_locations or ())
    return folders[0] if folders else spec.origin or ""


def below(folder: str, skipped: list[str], left_out: list[str]) -> Iterator[str]:
    """Yield the Python files below a folder where pytest looks for tests."""
    for current, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in sorted(folders)
            if name != "__pycache__"
            and not any(fnmatch.fnmatch(name, pattern) for pattern in skipped)
            and os.path.join(current, name) not in left_out
            and not os.path.exists(os.path.join(current, name, "pyvenv.cfg"))
        ]
        for name in sorted(names):
            path = os.path.join(current, name)
            if name.endswith(".py") and path not in left_out:
                yield path


def is_checked(path: str, settings: Settings) -> bool:
    """Tell whether a file is one of the suite, or was meant to be a conftest and has another name."""
    relative = discovery.below(path, settings.root)
    if discovery.is_excluded(relative, settings):
        return False
    return discovery.is_checked(relative, settings.python_files) or os.path.basename(path).startswith("conftest")
