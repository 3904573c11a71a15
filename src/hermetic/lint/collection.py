"""What pytest itself would collect, by its settings and the `collect_ignore` of conftest files; nothing is imported."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.config import ConfigError, items
from hermetic.source.kept import ROOT_LEVEL, STREAMS
from hermetic.source.module import CannotParseError, parse
from hermetic.source.patterns import matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.config import Settings

SKIPPED = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")  # pytest's own default
IGNORE, IGNORE_GLOB, DESELECT = "--ignore", "--ignore-glob", "--deselect"
SETTINGS = ("norecursedirs", "testpaths", "addopts")
TEST_FOLDERS = frozenset({"test", "tests", "testing"})
LISTS = ("collect_ignore", "collect_ignore_glob")


class Collection:
    """Where pytest looks for tests. `root` is the folder of its configuration, "" where it has none."""

    def __init__(self, settings: Settings) -> None:
        file = settings.pytest_file
        values = file.values(*SETTINGS) if file is not None else {}
        self.root = os.path.dirname(os.path.abspath(file.path)) if file is not None else ""
        self.skipped = items(values.get("norecursedirs")) or SKIPPED
        self.paths = list(dict.fromkeys(self.expanded(items(values.get("testpaths")))))
        options = items(values.get("addopts"))
        self.ignored = {self.absolute(text) for text in given(options, IGNORE)}
        self.ignored |= {self.absolute(text) for text in given(options, DESELECT) if "::" not in text}
        self.globs = [self.absolute(text) for text in given(options, IGNORE_GLOB)]
        self._entered: dict[tuple[str, str], bool] = {}
        self._lists: dict[str, dict[str, list[str]]] = {}

    def absolute(self, text: str) -> str:
        """Return a path of the configuration in full."""
        return os.path.normpath(os.path.join(self.root, text))

    def expanded(self, paths: tuple[str, ...]) -> Iterator[str]:
        """Yield the files and folders of `testpaths` that exist."""
        for text in paths:
            path = self.absolute(text)
            if any(sign in text for sign in "*?["):
                import glob

                yield from sorted(glob.glob(path, recursive=True))
            elif os.path.lexists(path):
                yield path

    def collects(self, path: str, folder: str, *, is_test: bool = True) -> bool:
        """Tell whether pytest gets to a file when it is given a folder, both in full.

        Given its own root, it looks only below `testpaths`, where there are any; the conftest files above them count,
        and so do helpers (which are no test files) beside them in a test folder.
        """
        if folder != self.root or not self.paths:
            return self.gets_to(path, folder)
        if any(path == start or (is_below(path, start) and self.gets_to(path, start)) for start in self.paths):
            return True
        beside = os.path.dirname(path)
        if os.path.basename(path) == "conftest.py":
            return any(is_below(start, beside) for start in self.paths)
        return not is_test and any(is_beside(path, start) for start in self.paths) and self.gets_to(path, folder)

    def takes_all(self, folder: str, start: str) -> bool:
        """Tell whether pytest gets to each file right in a folder, when it is given `start`; both in full."""
        chooses = self.ignored or self.globs or (start == self.root and self.paths)
        return not chooses and self.enters(folder, start) and not self.lists_for(folder)

    def gets_to(self, path: str, start: str) -> bool:
        """Tell whether nothing keeps pytest from a file below a folder that is given."""
        folder = os.path.dirname(path)
        return self.enters(folder, start) and not self.is_ignored(path, folder)

    def enters(self, folder: str, start: str) -> bool:
        """Tell whether pytest looks into a folder below the one that is given."""
        key = (folder, start)
        known = self._entered.get(key)
        if known is None:
            above = os.path.dirname(folder)
            known = self._entered[key] = not is_below(folder, start) or (
                self.enters(above, start)
                and not any(fits(folder, pattern) for pattern in self.skipped)
                and not self.is_ignored(folder, above)
                and not os.path.exists(os.path.join(folder, "pyvenv.cfg"))
            )
        return known

    def is_ignored(self, path: str, above: str) -> bool:
        """Tell whether the command line in the configuration or a conftest file leaves a file or folder out.

        `above` is the folder that it lies in.
        """
        lists = self.lists_for(above)
        if path in self.ignored or (lists and path in lists.get(LISTS[0], ())):
            return True
        if not lists and not self.globs:
            return False
        return any(matches(path, pattern) for pattern in (*self.globs, *lists.get(LISTS[1], ())))

    def lists_for(self, folder: str) -> dict[str, list[str]]:
        """Return the lists of the nearest conftest files that have them, as full paths and patterns."""
        known = self._lists.get(folder)
        if known is None:
            above = os.path.dirname(folder)
            ends = folder in {self.root, above} or os.path.exists(os.path.join(folder, ".git"))
            known = self._lists[folder] = {**({} if ends else self.lists_for(above)), **lists_of(folder)}
        return known


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path lies in a folder, at any depth."""
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def is_beside(path: str, start: str) -> bool:
    """Tell whether a file lies in the same test folder as one of `testpaths`."""
    shared = os.path.commonpath((path, start))
    return any(folder in TEST_FOLDERS for folder in shared.split(os.sep))


def fits(folder: str, pattern: str) -> bool:
    """Tell whether a folder matches a pattern of `norecursedirs`: by its name, or by its path if that has a slash."""
    if "/" not in pattern:
        return matches(os.path.basename(folder), pattern)
    return matches(folder, pattern if os.path.isabs(pattern) else f"*/{pattern.rstrip('/')}")


def given(options: tuple[str, ...], name: str) -> Iterator[str]:
    """Yield the values that a command line gives to an option."""
    for number, word in enumerate(options):
        if word.startswith(f"{name}="):
            yield word.partition("=")[2]
        elif word == name:
            yield from options[number + 1 : number + 2]


def deselected(settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Return the folder of pytest's configuration, and the beginnings of the node ids that it deselects."""
    file = settings.pytest_file
    if file is None or DESELECT.encode() not in file.data:
        return "", ()
    options = items(file.values("addopts").get("addopts"))
    return os.path.dirname(os.path.abspath(file.path)), tuple(given(options, DESELECT))


def kept_by_pytest(settings: Settings) -> frozenset[str]:
    """Return what pytest itself puts back: the replaced streams, by its capture, and the root logger's level."""
    file = settings.pytest_file
    try:
        values = file.values("addopts", "log_level") if file is not None else {}
    except ConfigError:  # pytest will say so
        values = {}
    options = items(values.get("addopts"))
    captures = not any(is_without_capture(option) for option in options) and "no" not in given(options, "--capture")
    leveled = bool(values.get("log_level")) or any(option.startswith("--log-level") for option in options)
    return frozenset(name for name, kept in ((STREAMS, captures), (ROOT_LEVEL, leveled)) if kept)


def is_without_capture(option: str) -> bool:
    """Tell whether an option of the command line is `-s`, alone or among other letters, or its long form."""
    if option.startswith("--"):
        return option == "--capture=no"
    letters = option[1:] if option.startswith("-") else ""
    first = next((number for number, letter in enumerate(letters) if letter in "rkmnpcoW"), len(letters))
    return "s" in letters[:first]


def lists_of(folder: str) -> dict[str, list[str]]:
    """Return what the conftest of a folder itself leaves out, as far as it is written out."""
    try:
        with open(os.path.join(folder, "conftest.py"), "rb") as file:
            data = file.read()
    except OSError:
        return {}
    if LISTS[0].encode() not in data:
        return {}
    try:
        tree = parse(data, "conftest.py")
    except CannotParseError:
        return {}
    found: dict[str, list[str]] = {}
    for name, value, adds in parts(tree.body):
        here = found.setdefault(name, [])
        if not adds:
            here.clear()
        here.extend(os.path.normpath(os.path.join(folder, text)) for text in strings(value))
    return found


def parts(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr, bool]]:
    """Yield `(list, what it gets, whether it is added)` for the statements that certainly fill a list."""
    for statement in body:
        if isinstance(statement, ast.If):
            from hermetic.source.platforms import holds_here

            holds = holds_here(statement.test)
            if holds is not None:
                yield from parts(statement.body if holds else statement.orelse)
            continue
        targets, value, adds = filled(statement)
        for target in targets:
            if isinstance(target, ast.Name) and target.id in LISTS and value is not None:
                yield target.id, value, adds


def filled(statement: ast.stmt) -> tuple[list[ast.expr], ast.expr | None, bool]:
    """Return what a statement sets or extends, to what, and whether it adds."""
    if isinstance(statement, ast.Assign):
        return statement.targets, statement.value, False
    if isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
        return [statement.target], statement.value, isinstance(statement, ast.AugAssign)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not call.args:
        return [], None, False
    return ([call.func.value], call.args[0], True) if call.func.attr in ("append", "extend") else ([], None, False)


def strings(value: ast.expr) -> Iterator[str]:
    """Yield the written-out strings of a string or list; `os.path.join` of such is one."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        for item in value.elts:
            yield from strings(item)
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        yield from strings(value.left)
        yield from strings(value.right)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "join":
        words = [text for item in value.args for text in strings(item)]
        if len(words) == len(value.args):
            yield os.path.join(*words)
