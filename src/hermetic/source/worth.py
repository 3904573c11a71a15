"""Which functions and calls of a file may get to what a rule looks for, decided by their words.

To follow a call is dear, and most calls of a suite lead nowhere. So each name is asked first: a function is worth a
look when it calls, or gives another name to, what the rule looks for, or a function, class or method that leads there:
of this file, or of another file of the project that holds one of the rule's tokens. In doubt it is worth it.
"""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source.imports import located_in
from hermetic.source.interest import brought, names_in
from hermetic.source.later import first_statement
from hermetic.source.scope import FUNCTIONS
from hermetic.source.units import CONSTRUCTING, calls_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.interest import Interest, Names
    from hermetic.source.module import Module
    from hermetic.source.scope import Scope

INNER = {ast.Await: "value", ast.Starred: "value", ast.NamedExpr: "value", ast.IfExp: "body"}


def leading_words(module: Module, interest: Interest) -> Names:
    """Return what a parsed file calls to get to what a rule looks for, and the names of that."""
    key = ("leading words", interest.code)
    known: Names | None = module.top.memo.get(key)
    if known is None:
        project = module.project
        # Files of the code under test are let go and parsed again: what their words say stays the same.
        kept: dict[str, Names] = project.about(*key) if project is not None else {}
        path = os.path.abspath(module.path)
        if path not in kept:
            kept[path] = frozenset(find_words(module, interest))
        known = module.top.memo[key] = kept[path]
        module.top.memo[key, "text"] = frozenset(word.decode("utf-8", "replace") for word in known)
    return known


def find_words(module: Module, interest: Interest) -> set[bytes]:
    """Collect what `leading_words` returns."""
    project = module.project
    found = set(interest.active(module))
    mine = module.word_set
    for local, path, name in located_in(module) if project is not None else ():
        assert project is not None  # noqa: S101 - for the type checker
        there = names_in(project, path, interest)
        found |= brought(there, local, name, mine) | (there[1] & mine)
    if not found and not interest.may_start(module):
        return found
    waiting, first = module.top.functions, True
    while True:
        before = len(found)
        found |= set(bound_to(module, found))
        left: list[Scope] = []
        for function in waiting:
            calls = body_calls(function)
            if calls.isdisjoint(found) and not (first and interest.starts(module, calls, module.text(function))):
                left.append(function)
                continue
            found |= {function.name.encode(), *attributes_set(function, found)}
            if function.owner is not None and function.name.encode() in CONSTRUCTING:
                found.add(function.owner.name.encode())
        waiting, first = left, False
        if len(found) == before:
            return found


def bound_to(module: Module, words: set[bytes]) -> Iterator[bytes]:
    """Yield the names that the module and its classes bind to something with one of the words."""
    for name, sources in bindings_of(module):
        if name not in words and not words.isdisjoint(sources):
            yield name


def bindings_of(module: Module) -> list[tuple[bytes, frozenset[bytes]]]:
    """Return the names that the module and its classes bind, each with the names of what it is bound to."""
    known: list[tuple[bytes, frozenset[bytes]]] | None = module.top.memo.get("bound names")
    if known is None:
        known = module.top.memo["bound names"] = [
            (name.encode(), frozenset(source for item in bindings for source in sources_of(item.value)))
            for scope in (module.top, *module.top.classes)
            for name, bindings in scope.bindings.items()
        ]
    return known


def sources_of(value: object) -> list[bytes]:
    """Return the names of what a name is bound to: an import, a variable or a call, or the bases of a class."""
    if isinstance(value, str):
        return [value.rpartition(".")[2].encode()]
    if isinstance(value, ast.AST):
        return [last_name(value).encode()]
    bases = getattr(getattr(value, "node", None), "bases", ())
    return [last_name(base).encode() for base in bases]


def attributes_set(function: Scope, words: set[bytes]) -> Iterator[bytes]:
    """Yield the attributes that a function sets to something with one of the words."""
    known: list[tuple[bytes, bytes]] | None = function.memo.get("attributes set")
    if known is None:
        known = function.memo["attributes set"] = [
            (target.attr.encode(), last_name(node.value).encode())
            for scope in function.module.load(function).family()
            for node in scope.kept(ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Attribute)
        ]
    return (attribute for attribute, source in known if source in words)


def last_name(expression: ast.AST) -> str:
    """Return the name of a variable or attribute, "" for other expressions; of a choice, that of the first."""
    while expression.__class__ in INNER:
        expression = getattr(expression, INNER[expression.__class__])
    return str(getattr(expression, "attr", getattr(expression, "id", "")))


def body_calls(function: Scope) -> Names:
    """Return the last names of what a function calls or gives another name, its nested functions included."""
    known: Names | None = function.memo.get("body calls")
    if known is None:
        node = function.node
        assert isinstance(node, FUNCTIONS)  # noqa: S101 - for the type checker
        first = first_statement(node)
        lines = function.module.lines[first - 1 : node.end_lineno]
        known = function.memo["body calls"] = calls_in(b"\n".join(lines))
    return known


def is_worth(function: Scope, interest: Interest) -> bool:
    """Tell whether a function may have, or lead to, what a rule looks for."""
    words = leading_words(function.module, interest)
    return bool(words) and not body_calls(function).isdisjoint(words)


def may_lead(scope: Scope, function: ast.expr, interest: Interest) -> bool:
    """Tell whether what a call runs may be, or lead to, what a rule looks for; a variable of the function may."""
    leading_words(scope.module, interest)
    words: frozenset[str] = scope.module.top.memo[("leading words", interest.code), "text"]
    last = last_name(function)
    if last in words or not isinstance(function, ast.Name):
        return last in words
    found = scope.find(last, function.lineno)
    return found is not None and found[1].parent is not None and found[0].kind != "param"
