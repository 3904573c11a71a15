"""Lines in the source of tests, for findings that no frame leads to."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def parsed(path: str) -> ast.Module | None:
    """Return the tree of a file, None where there is none."""
    try:
        return ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


def definitions(tree: ast.Module, names: list[str]) -> list[Definition]:
    """Return the classes and the function that a test's names lead to, the innermost first."""
    found: list[Definition] = []
    body: list[ast.stmt] = tree.body
    for name in names:
        inner = [node for node in statements(body) if isinstance(node, DEFINITIONS) and node.name == name]
        if not inner:
            break
        found.insert(0, inner[-1])
        body = inner[-1].body
    return found


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body, those under conditions too."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers"):
            inner = getattr(node, part, None)
            if isinstance(inner, list) and not isinstance(node, DEFINITIONS):
                yield from statements(inner)


def mentions(node: ast.AST, name: str) -> bool:
    """Tell whether an expression has a name or an attribute of this name in it."""
    return any(
        getattr(part, "attr", None) == name or getattr(part, "id", None) == name or getattr(part, "arg", None) == name
        for part in ast.walk(node)
    )


def line_of_mark(item: pytest.Item, mark: str) -> int:
    """Return the line at which a test gets a mark: a decorator, a class's, or `pytestmark`; else its definition's."""
    names = item.nodeid.partition("::")[2].partition("[")[0].partition("@")[0].split("::")
    tree = parsed(str(item.path))
    if tree is None:
        return (item.location[1] or 0) + 1
    found = definitions(tree, names)
    for definition in found:
        for decorator in definition.decorator_list:
            if mentions(decorator, mark):
                return decorator.lineno
        if isinstance(definition, ast.ClassDef):
            for statement in definition.body:
                if is_pytestmark(statement, mark):
                    return statement.lineno
    for statement in statements(tree.body):
        if is_pytestmark(statement, mark):
            return statement.lineno
    return found[0].lineno if found else (item.location[1] or 0) + 1


def is_pytestmark(statement: ast.stmt, mark: str) -> bool:
    """Tell whether a statement is `pytestmark = ...` with this mark."""
    return (
        isinstance(statement, ast.Assign) and mentions(statement.targets[0], "pytestmark") and mentions(statement, mark)
    )


def line_of_definition(path: str, names: list[str]) -> int:
    """Return the line of a test function, 1 where it cannot be found."""
    tree = parsed(path)
    found = definitions(tree, names) if tree is not None else []
    return found[0].lineno if found else 1


def place_of_parameters(path: str, names: list[str], above: list[str]) -> tuple[str, int] | None:
    """Return the file and line of what gives a test function its parameters, those first that are computed.

    That is a decorator of it or of its class, `pytestmark`, a fixture that it requests, or `pytest_generate_tests`;
    `above` are the conftest files that apply, the nearest first.
    """
    tree = parsed(path)
    if tree is None:
        return None
    found = definitions(tree, names)
    own = [decorator for definition in found for decorator in definition.decorator_list]
    own += [
        node.value
        for node in statements(tree.body)
        if is_pytestmark(node, PARAMETRIZE) and isinstance(node, ast.Assign)
    ]
    calls = [node for node in own if mentions(node, PARAMETRIZE)]
    places = [(path, node.lineno, is_computed(node)) for node in calls]
    wanted = {
        argument.arg
        for definition in found[:1]
        if not isinstance(definition, ast.ClassDef)
        for argument in arguments(definition)
    }
    for file in (path, *above):
        module = tree if file == path else parsed(file)
        for node in statements(module.body) if module is not None else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                places += [(file, *place) for place in places_of_fixture(node, wanted)]
    chosen = sorted(places, key=lambda place: not place[2])
    return chosen[0][:2] if chosen else None


def places_of_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef, wanted: set[str]) -> Iterator[tuple[int, bool]]:
    """Yield the line of a function's parameters and whether they are computed, where it is a fixture or a hook."""
    if node.name == "pytest_generate_tests":
        calls = [call for call in ast.walk(node) if isinstance(call, ast.Call) and mentions(call.func, PARAMETRIZE)]
        own = [call for call in calls if call.args and named(call.args[0], wanted)] or calls
        yield from ((call.lineno, True) for call in own)
        if not own:
            yield node.lineno, True
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and any(keyword.arg == "params" for keyword in decorator.keywords):
            yield decorator.lineno, is_computed(decorator) and node.name in wanted


def named(node: ast.expr, wanted: set[str]) -> bool:
    """Tell whether the names that parameters are given for have one of `wanted` among them, or are not written out."""
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return not texts or any(name.strip() in wanted for text in texts for name in text.split(","))


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """Return the arguments that a function can be given by name."""
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def is_computed(node: ast.AST) -> bool:
    """Tell whether values are not all written out: there is a name, a call, or a set."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else [node]
    return any(isinstance(part, ast.Name | ast.Call | ast.Set) for value in given for part in ast.walk(value))


PARAMETRIZE = "parametrize"
