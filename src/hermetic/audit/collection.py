"""Why files cannot be collected, by kind, with the repair; and how many tests they declare."""

from __future__ import annotations

import ast
import os
import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hermetic.audit.problem import Problem

PATTERNS = {"python_files": ["test_*.py", "*_test.py"], "python_classes": ["Test"], "python_functions": ["test"]}
DEFINED = re.compile(r"^(?:    |\t)?(?:async )?def (\w+)", re.MULTILINE)
MARKER = re.compile(r"'([^']+)' not found in `markers`")
HALTED = re.compile(r"import of ([\w.]+) halted; None in sys.modules")
NAMED = re.compile(r"(?:In )?\S+?::(?:\w+::)*(\w+):")
LONGEST = 200  # characters of a message
DECORATOR_WORDS = (
    "parametrize",
    "parameter sets",
    "function uses no",
    "mark.",
    "usefixtures",
    "pytest.fixture",
    "skipif",
)


class Broken(NamedTuple):
    """A file or folder that cannot be collected: `tests` are those that its files declare."""

    path: str
    kind: str
    message: str
    repair: str
    where: str
    line: int
    tests: list[str]


def story(errors: Iterable[tuple[str, Problem]], patterns: Mapping[str, Sequence[str]], here: str) -> list[Broken]:
    """Return why files were not collected, what hides most tests first. `here` is the folder of the call."""
    found = []
    known = {**PATTERNS, **patterns}
    for path, problem in dict(errors).items():
        kind, repair = kind_of(problem, here)
        message = f"{problem['type']}: {' '.join(problem['text'].split())[:LONGEST]}"
        place = (problem["path"], problem["line"]) if problem["path"] else (path, line_of(problem["text"], path, here))
        found.append(Broken(path, kind, message, repair, *place, declared(os.path.join(here, path), path, known)))
    return sorted(found, key=lambda broken: (-len(broken.tests), broken.path))


def kind_of(problem: Problem, here: str) -> tuple[str, str]:
    """Return the kind of an error, and what to do about it."""
    name, text, module = problem["type"], problem["text"], problem["module"]
    marker = MARKER.search(text)
    if marker:
        return "unregistered marker", f"add `{marker[1]}: what it means` to `markers` in pytest's configuration"
    if name == "SyntaxError" or name in ("IndentationError", "TabError"):
        return "syntax error", "correct the line; `python -m py_compile FILE` says the same"
    if "import file mismatch" in text or name == "ImportPathMismatchError":
        return "duplicate file name", "put an empty `__init__.py` beside both files, or set `--import-mode=importlib`"
    if halted := HALTED.search(text):
        blocked = f"`sys.modules[{halted[1]!r}] = None` makes each later import of it fail"
        return "import error", f"{blocked}: put it into a fixture, with monkeypatch.setitem"
    if name == "ModuleNotFoundError":
        return "missing module", missing(module, here)
    if is_decorator(problem):
        return "wrong decorator", "correct the arguments of the decorator: names, number and types of its values"
    if name == "ImportError":
        return "import error", import_repair(module, text)
    repair = "what a test file does when it is imported belongs into a fixture; then only its tests can fail"
    return "error during import", repair


def line_of(text: str, path: str, here: str) -> int:
    """Return the line of the decorators of the test that a message of pytest names, 0 where it names none."""
    named = NAMED.match(text)
    try:
        with open(os.path.join(here, path), encoding="utf-8", errors="replace") as file:
            body = ast.walk(ast.parse(file.read()))
    except (OSError, SyntaxError, ValueError):
        return 0
    for node in body:
        is_it = named and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == named[1]
        if is_it and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return 0


def is_decorator(problem: Problem) -> bool:
    """Tell whether an error comes from a decorator: of its own line, or in pytest's words."""
    if problem["source"].startswith("@"):
        return True
    return any(word in problem["text"] for word in DECORATOR_WORDS)


def missing(module: str, here: str) -> str:
    """Return what to do about a module that is not found."""
    top = module.partition(".")[0]
    for folder in ("", "src", "lib"):
        place = os.path.join(here, folder, top)
        if top and (os.path.isdir(place) or os.path.isfile(f"{place}.py")):
            if "." in module:
                return f"{top} is there, and has no {module.partition('.')[2]}: correct the name in the import"
            shown = folder or "."
            return f'the folder has it: `pip install -e .`, or `pythonpath = ["{shown}"]` in pytest\'s configuration'
    return f"install what provides `{module or top}`, and add it to the test dependencies; or correct the name"


def import_repair(module: str, text: str) -> str:
    """Return what to do about a name that a module does not have."""
    if "circular" in text or "partially initialized" in text:
        return f"{module} is imported while it is still being imported: move one of the two imports into a function"
    return f"correct the name that is imported from `{module}`, or install the version that has it"


def declared(full: str, shown: str, patterns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the tests that a file declares, or the files of the folder of a conftest file, as node ids."""
    if os.path.isfile(full) and os.path.basename(full) != "conftest.py":
        return [f"{shown}::{name}" for name in in_file(full, patterns)]
    folder, below = (full, shown) if os.path.isdir(full) else (os.path.dirname(full), os.path.dirname(shown))
    found = []
    for top, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        folders[:] = [name for name in folders if not os.path.isfile(os.path.join(top, name, "pyvenv.cfg"))]
        for name in sorted(files):
            if any(fnmatch(name, pattern) for pattern in patterns["python_files"]):
                relative = os.path.relpath(os.path.join(top, name), folder).replace(os.sep, "/")
                path = f"{below}/{relative}" if below else relative
                found += [f"{path}::{test}" for test in in_file(os.path.join(top, name), patterns)]
    return found


def in_file(path: str, patterns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names of the tests that a file declares; parameters are not counted."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            source = file.read()
    except OSError:
        return []
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return [name for name in DEFINED.findall(source) if matches(name, patterns["python_functions"])]
    return list(dict.fromkeys(tests_in(body, patterns, "", own=False)))


def tests_in(body: Sequence[ast.stmt], patterns: Mapping[str, Sequence[str]], prefix: str, *, own: bool) -> list[str]:
    """Return the tests among statements; `own` is whether they stand in a `TestCase`, which has its own rule."""
    found = []
    names = ["test"] if own else patterns["python_functions"]
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if matches(name, names):
                found.append(prefix + name)
            case ast.ClassDef(name=name, bases=bases, body=inner):
                case = any("TestCase" in ast.unparse(base) for base in bases)
                if case or matches(name, patterns["python_classes"]):
                    found += tests_in(inner, patterns, f"{prefix}{name}::", own=case)
            case ast.If(body=inner, orelse=other) | ast.Try(body=inner, orelse=other):
                found += tests_in([*inner, *other], patterns, prefix, own=own)
    return found


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a name is one of a test, as pytest reads its patterns: a prefix or a glob."""
    return any(name.startswith(one) or (any(sign in one for sign in "*?[") and fnmatch(name, one)) for one in patterns)
