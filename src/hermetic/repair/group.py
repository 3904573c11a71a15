"""Tests that build mocks get a group, by the name of their file."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.finding import Edit, Fix
from hermetic.repair.imports import imported
from hermetic.source import roles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.repair.place import Place
    from hermetic.source.scope import Scope

MARK = "pytest.mark.xdist_group"
CONFIGURATION = (
    "pyproject.toml", "setup.cfg", "setup.py", "pytest.ini", "tox.ini", "conftest.py", "requirements.txt",
    "requirements-dev.txt", "requirements-test.txt", "dev-requirements.txt", "test-requirements.txt",
)  # fmt: skip


def fix(place: Place) -> Fix | None:
    """Mark the class or test; for a fixture, which no mark reaches, the file."""
    found = definition_at(place)
    imports = imported(place, "pytest")
    if found is None or imports is None:
        return None
    stem = os.path.basename(place.module.path).removesuffix(".py")
    mark = f'{MARK}("{stem}")'
    if found.is_function and roles.role_of(found) == "fixture":
        edit = of_file(place, mark)
    else:
        position = place.layout.offset(found.first_line, 0)
        indent = place.layout.data[position:].split(b"\n", 1)[0]
        blank = indent[: len(indent) - len(indent.lstrip(b" \t\f"))].decode()
        edit = Edit(position, position, f"{blank}@{mark}{place.layout.newline}")
    safe = is_installed(place.project.root)
    return Fix("mark with xdist_group", [*imports, edit], safe=safe) if edit is not None else None


def definition_at(place: Place) -> Scope | None:
    """Return the class, test or fixture whose name a finding underlines."""
    top, line = place.module.top, place.finding.line
    return next((item for item in (*top.classes, *top.functions) if item.line == line), None)


def of_file(place: Place, mark: str) -> Edit | None:
    """Return the edit that marks all tests of the file, below its imports; None where it has marks already."""
    top = place.module.top
    if "pytestmark" in top.bindings:
        return None
    line, above = f"pytestmark = {mark}", list(above_definitions(place.module.tree.body))
    imports = [item for item in above if isinstance(item, (ast.Import, ast.ImportFrom))]
    return place.layout.below(imports[-1], ["", line]) if imports else None


def above_definitions(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what stands above the first function or class of a file."""
    for statement in body:
        if is_definition(statement):
            return
        yield statement


def is_definition(statement: ast.stmt) -> bool:
    """Tell whether a statement defines a function or class."""
    return isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def is_installed(root: str) -> bool:
    """Tell whether the project names xdist somewhere: without it the mark is unknown, which may be an error."""
    for name in CONFIGURATION:
        try:
            with open(os.path.join(root, name), "rb") as file:
                if b"xdist" in file.read():
                    return True
        except OSError:
            continue
    return False
