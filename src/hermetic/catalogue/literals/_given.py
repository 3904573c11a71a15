"""What a call is given for each of its parameters, and which texts that can be."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._replacements import text_value
from hermetic.source import roles
from hermetic.source.callee import ancestry, constructor_of, find_callee, find_class
from hermetic.source.marks import marks_of, parametrised
from hermetic.source.names import resolve, value_of_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.roles import Options
    from hermetic.source.scope import Scope

MAX_STEPS = 5
FROM_ENVIRONMENT = ("os.environ.get", "os.getenv")


class Text:
    """A text that a value can have; where `is_whole` is not set, only its beginning is known."""

    __slots__ = ("is_whole", "value")

    def __init__(self, value: str, *, is_whole: bool = True) -> None:
        self.value = value
        self.is_whole = is_whole


def called_name(scope: Scope, call: ast.Call) -> tuple[str, Options]:
    """Return the dotted name of what a call calls, and what `functools.partial` has given it before."""
    name = resolve(scope, call.func).lstrip(".")
    if not name.startswith("functools.partial"):
        return name, {}
    where, made = scope, call.func
    if isinstance(made, (ast.Name, ast.Attribute)):
        found = roles.bound_to(scope, made)
        where, made = found if found is not None else (scope, made)
    if not isinstance(made, ast.Call) or not made.args:
        return "", {}
    return resolve(where, made.args[0]).lstrip("."), roles.keywords_of(where, made)


def given_to(scope: Scope, call: ast.Call) -> Options:
    """Return what a call is given, by the names of the parameters, those that are left to their default too."""
    names, defaults = signature(scope, call.func)
    options = dict(defaults)
    for name, value in zip(names, call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        options[name] = (scope, value)
    return options | roles.keywords_of(scope, call)


def signature(scope: Scope, function: ast.expr) -> tuple[list[str], Options]:
    """Return the names of the parameters of what is called, in order, and those with a default."""
    cls = find_class(scope, function)
    target = constructor_of(cls) if cls is not None else find_callee(scope, function)
    if target is not None and target.name != "__post_init__":
        return roles.parameters(target), defaults_of(target)
    if cls is None:
        return [], {}
    fields = [
        (base, item) for base in reversed(ancestry(cls)) for item in base.statements if isinstance(item, ast.AnnAssign)
    ]
    known = [(base, item.target.id, item.value) for base, item in fields if isinstance(item.target, ast.Name)]
    return [name for _, name, _ in known], {name: (base, value) for base, name, value in known if value is not None}


def defaults_of(function: Scope) -> Options:
    """Return the defaults of a function's parameters."""
    arguments = function.arguments
    named = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    outer = function.parent or function
    found = {name: (outer, value) for name, value in zip(reversed(named), reversed(arguments.defaults), strict=False)}
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return found | {item.arg: (outer, value) for item, value in pairs if value is not None}


def texts_of(scope: Scope, value: ast.expr, steps: int = MAX_STEPS) -> Iterator[Text]:
    """Yield the texts that a value can have, as far as the source spells them."""
    whole = text_value(scope, value)
    if whole:
        yield Text(whole)
    elif isinstance(value, ast.JoinedStr) and value.values:
        first = value.values[0]
        if isinstance(first, ast.Constant):
            yield Text(str(first.value), is_whole=False)
    elif steps:
        for where, part in behind(scope, value):
            yield from texts_of(where, part, steps - 1)


def behind(scope: Scope, value: ast.expr) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield the expressions that a value can come from."""
    if isinstance(value, ast.IfExp):
        yield from ((scope, part) for part in (value.body, value.orelse))
    elif isinstance(value, ast.BoolOp):
        yield from ((scope, part) for part in value.values)
    elif isinstance(value, ast.Call) and len(value.args) > 1 and resolve(scope, value.func) in FROM_ENVIRONMENT:
        yield scope, value.args[1]
    elif isinstance(value, ast.Attribute):
        held = value_of_attribute(scope, value) or roles.bound_to(scope, value)
        if held is not None:
            yield held
    elif isinstance(value, ast.Name):
        found = scope.find(value.id, value.lineno)
        if found is not None and found[0].kind == "param" and found[1].is_function:
            yield from of_parameter(value.id, found[1])
        elif found is not None:
            held = roles.bound_to(scope, value)
            yield from [held] if held is not None else []


def of_parameter(name: str, function: Scope) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield what a parameter is parametrised with, or its default."""
    default = defaults_of(function).get(name)
    if default is not None:
        yield default
    for mark, expression in marks_of(function):
        if mark == "pytest.mark.parametrize" and isinstance(expression, ast.Call) and len(expression.args) > 1:
            names = parametrised(expression)
            rows = expression.args[1]
            outer = function.parent or function
            if name in names and isinstance(rows, (ast.List, ast.Tuple)):
                yield from ((outer, item) for row in rows.elts for item in in_row(row, names.index(name), len(names)))


def in_row(row: ast.expr, place: int, width: int) -> list[ast.expr]:
    """Return the value at one place of a row of parameters."""
    parts = row.args if isinstance(row, ast.Call) else row.elts if isinstance(row, (ast.Tuple, ast.List)) else []
    if not isinstance(row, ast.Call) and width == 1:
        return [row]
    return parts[place : place + 1]
