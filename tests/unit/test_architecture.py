"""Imports point down, the lint path needs nothing but Python, and only the top floor prints."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "src" / "hermetic"

GROUND = {"finding", "cache", "config", "source", "context", "workers"}
# A room is a module or a package directly under hermetic; each names the rooms that it may import.
BELOW = {
    "finding": set(),
    "cache": set(),
    "config": {"finding", "cache"},
    "source": {"finding"},
    "context": {"finding", "source"},
    "workers": {"finding", "config"},
    "catalogue": {"finding", "cache", "config", "source"},
    "repair": {"finding", "source", "catalogue"},
    "report": {"finding", "context"},
    "lint": {"finding", "cache", "config", "source", "context", "catalogue", "repair"},
    "guard": GROUND | {"catalogue", "lint"},
    "verify": GROUND | {"catalogue", "lint", "guard"},
    "audit": GROUND | {"catalogue", "lint", "guard"},
}
TOP = {"plugin", "cli", "__main__", "__init__"}
PRINTERS = {"plugin", "cli", "__main__"}
LINT_PATH = {"__init__", "__main__", "finding", "cache", "config", "source", "context", "catalogue"}
LINT_PATH |= {"report", "repair", "lint", "cli"}


class Import(NamedTuple):
    """One module that a file imports, by its absolute name, and where."""

    path: Path
    line: int
    module: str


def room_of(path: Path, source: Path) -> str:
    return path.relative_to(source).parts[0].removesuffix(".py")


def python_files(source: Path) -> Iterator[Path]:
    return (path for path in sorted(source.rglob("*.py")) if "__pycache__" not in path.parts)


def imports_of(path: Path, source: Path) -> Iterator[Import]:
    """Every import statement, wherever it stands, and every `import_module` of a literal name."""
    package = ["hermetic", *path.relative_to(source).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from (Import(path, node.lineno, name.name) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = package[: len(package) - level + 1] if level else []
                stem = ".".join([*base, *([module] if module else [])])
                yield from (Import(path, node.lineno, f"{stem}.{name.name}") for name in names)
            case ast.Call(
                func=ast.Name("import_module" | "__import__") | ast.Attribute(attr="import_module" | "__import__"),
                args=[ast.Constant(str(module)), *_],
            ):
                yield Import(path, node.lineno, module)


def upward_imports(source: Path) -> list[str]:
    """`file:line: message` for each import that does not point down."""
    wrong = []
    for path in python_files(source):
        here = room_of(path, source)
        if here in TOP:
            continue
        if here not in BELOW:
            wrong.append(f"{path}:1: {here} has no floor: give it one in {Path(__file__).name}")
            continue
        for item in imports_of(path, source):
            package, _, rest = item.module.partition(".")
            there = rest.partition(".")[0]
            # The face of the package may be asked for its version and the like, not for what it re-exports.
            if package != "hermetic" or there in {here, *BELOW[here]} or there.startswith("__"):
                continue
            wrong.append(f"{path}:{item.line}: {here} may not import {item.module}")
    return wrong


def foreign_imports(source: Path) -> list[str]:
    """`file:line: message` for each import on the lint path that Python itself does not bring."""
    return [
        f"{item.path}:{item.line}: {item.module} is not in the standard library"
        for path in python_files(source)
        if room_of(path, source) in LINT_PATH
        for item in imports_of(path, source)
        if item.module.partition(".")[0] not in {"hermetic", *sys.stdlib_module_names}
    ]


def is_stream(node: ast.expr) -> bool:
    """Whether an expression is, or reaches into, a standard stream: `sys.stdout`, `sys.stderr.buffer`."""
    while isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id == "sys":
            return node.attr.strip("_") in {"stdout", "stderr"}
        node = node.value
    return False


def prints(node: ast.AST) -> TypeGuard[ast.expr | ast.stmt]:
    match node:
        case ast.Call(func=ast.Name("print"), keywords=keywords):
            targets = [keyword.value for keyword in keywords if keyword.arg == "file"]
            return not targets or is_stream(targets[0])
        case ast.Call(func=ast.Attribute(value=stream)):
            return is_stream(stream)
        case ast.ImportFrom(module="sys", names=names):
            return any(name.name.strip("_") in {"stdout", "stderr"} for name in names)
    return False


def printing_lines(source: Path) -> list[str]:
    """`file:line: message` for each place below the top floor that writes to a standard stream."""
    return [
        f"{path}:{node.lineno}: only {' and '.join(sorted(PRINTERS))} may print"
        for path in python_files(source)
        if room_of(path, source) not in PRINTERS
        for node in ast.walk(ast.parse(path.read_bytes()))
        if prints(node)
    ]


def plant(root: Path, path: str, code: str) -> Path:
    """Write one file into a package of its own, and return the package."""
    source = root / "hermetic"
    file = source / path
    file.parent.mkdir(parents=True)
    file.write_text(code, encoding="utf-8")
    return source


def test_the_source_is_where_these_tests_look() -> None:
    assert len(list(python_files(SOURCE))) > 1


def test_imports_point_down() -> None:
    assert upward_imports(SOURCE) == []


def test_lint_path_uses_the_standard_library_alone() -> None:
    assert foreign_imports(SOURCE) == []


def test_only_the_top_floor_prints() -> None:
    assert printing_lines(SOURCE) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("finding.py", "from hermetic.config import Settings"),
        ("source/module.py", "import hermetic.catalogue.registry"),
        ("source/module.py", "from hermetic import lint"),
        ("source/module.py", "from ..lint import engine"),
        ("source/module.py", "from .. import lint"),
        ("catalogue/process/environ.py", "from ...lint.engine import run"),
        ("catalogue/rule.py", "def check():\n    from hermetic.guard import probes"),
        ("report/text.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from hermetic.lint import engine"),
        ("lint/engine.py", "import importlib\nimportlib.import_module('hermetic.cli')"),
        ("guard/probe.py", "from hermetic import check"),
        ("audit/hunt.py", "from hermetic.verify import plant"),
    ],
)
def test_a_planted_upward_import_is_noticed_at_its_line(tmp_path: Path, path: str, code: str) -> None:
    source = plant(tmp_path, path, code)

    (message,) = upward_imports(source)

    assert message.startswith(f"{source / path}:{len(code.splitlines())}: ")


def test_a_room_without_a_floor_is_noticed(tmp_path: Path) -> None:
    (message,) = upward_imports(plant(tmp_path, "attic.py", ""))

    assert "attic has no floor" in message


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (
            "lint/engine.py",
            "from hermetic.catalogue import registry\nfrom .cache import load\nfrom ..source import module",
        ),
        ("lint/engine.py", "from hermetic import __version__"),
        ("lint/engine.py", "import importlib\nname = 'x'\nimportlib.import_module(name)"),
        ("cli/check.py", "from hermetic.report import text\nfrom hermetic.lint import engine"),
        ("__init__.py", "from hermetic.lint import check"),
        ("finding.py", "import hermetically_sealed"),
    ],
)
def test_a_downward_import_is_left_alone(tmp_path: Path, path: str, code: str) -> None:
    assert upward_imports(plant(tmp_path, path, code)) == []


@pytest.mark.parametrize("code", ["import pytest", "from attr import define", "def run():\n    import yaml"])
def test_a_planted_dependency_of_the_lint_path_is_noticed(tmp_path: Path, code: str) -> None:
    source = plant(tmp_path, "lint/engine.py", code)

    (message,) = foreign_imports(source)

    assert message.startswith(f"{source / 'lint/engine.py'}:{len(code.splitlines())}: ")


@pytest.mark.parametrize(
    "code",
    [
        "print('x')",
        "import sys\nprint('x', file=sys.stderr)",
        "import sys\nsys.stdout.write('x')",
        "import sys\nsys.__stdout__.flush()",
        "import sys\nsys.stdout.buffer.write(b'x')",
        "from sys import stdout",
    ],
)
def test_a_planted_print_is_noticed_at_its_line(tmp_path: Path, code: str) -> None:
    source = plant(tmp_path, "report/text.py", code)

    (message,) = printing_lines(source)

    assert message.startswith(f"{source / 'report/text.py'}:{len(code.splitlines())}: ")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("cli/check.py", "print('x')"),
        ("plugin.py", "import sys\nsys.stdout.write('x')"),
        ("report/text.py", "def write(stream):\n    print('x', file=stream)\n    stream.write('x')"),
        ("catalogue/stream.py", "BAD = 'print(1)'"),
    ],
)
def test_writing_elsewhere_or_on_the_top_floor_is_left_alone(tmp_path: Path, path: str, code: str) -> None:
    assert printing_lines(plant(tmp_path, path, code)) == []
