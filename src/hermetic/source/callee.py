"""What a call runs: the function or class behind an expression, in this file or in another one of the project."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import find_function, first_parameter, lineage, method_of, resolve, value_of_attribute
from hermetic.source.scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENTERERS = frozenset({
    "enter_context", "enterContext", "enterClassContext", "enterModuleContext", "enter_async_context",
    "enterAsyncContext",
})  # fmt: skip

CASTS = ("typing.cast", "typing_extensions.cast")
CONSTRUCTORS = ("__init__", "__post_init__")
NOT_KNOWN: Any = object()


def find_callee(scope: Scope, expression: ast.AST, tokens: tuple[bytes, ...] = ()) -> Scope | None:
    """Return the function of this file or of the project that `expression` names; None for others.

    With `tokens`, other files count only where they hold one of them.
    """
    key = ("callee", expression, tokens)
    known: Scope | None = scope.memo.get(key, NOT_KNOWN)
    if known is NOT_KNOWN or is_gone(known):
        known = search_callee(scope, expression, tokens)
        if scope.is_settled:
            scope.memo[key] = known
    return known


def is_gone(scope: Scope | None) -> bool:
    """Tell whether the file of a definition has been let go since somebody kept it: nothing is left in it then."""
    return scope is not None and not scope.__dict__


def search_callee(scope: Scope, expression: ast.AST, tokens: tuple[bytes, ...]) -> Scope | None:
    """Work out what `find_callee` returns."""
    own = find_function(scope, expression)
    if own is not None:
        return own
    if not isinstance(expression, (ast.Name, ast.Attribute)):
        return None
    name = resolve(scope, expression)
    found = definition_of(scope, name, tokens) or method_of_object(scope, name, tokens)
    return found if found is not None and found.is_function else None


def find_helper(scope: Scope, expression: ast.AST, tokens: tuple[bytes, ...] = ()) -> Scope | None:
    """Return what `find_callee` does; for `self.helper` also a method that the class inherits from another file."""
    found = find_callee(scope, expression, tokens)
    if found is not None or not isinstance(expression, ast.Attribute) or not isinstance(expression.value, ast.Name):
        return found
    method = method_of(scope)
    if method is None or method.owner is None or expression.value.id != first_parameter(method):
        return None
    return method_in(method.owner, expression.attr)


def definition_of(scope: Scope, name: str, tokens: tuple[bytes, ...]) -> Scope | None:
    """Return the definition that a dotted name of another project file means, where it holds one of the tokens."""
    project = scope.module.project
    if project is None or not is_dotted(name):
        return None
    if tokens and not file_holds(scope, name, tokens):
        return None
    return project.definition(name, scope.module.folder)


def is_dotted(name: str) -> bool:
    """Tell whether a resolved name can be that of a definition in another file."""
    return "." in name and name[0] not in "@.[" and not name.endswith((")", "]", ">"))


def method_of_object(scope: Scope, name: str, tokens: tuple[bytes, ...]) -> Scope | None:
    """Return the method that `Saver().restore` names, for a class of the project."""
    made, found, method = name.rpartition("().")
    if not found or not made or "(" in made or "." in method:
        return None
    if made.startswith("."):
        bound = scope.module.top.find(made[1:])
        cls = bound[0].value if bound is not None else None
    else:
        cls = definition_of(scope, made, tokens)
    return method_in(cls, method) if isinstance(cls, Scope) and cls.is_class else None


def file_holds(scope: Scope, name: str, tokens: tuple[bytes, ...]) -> bool:
    """Tell whether the file of a dotted name leads to a token somewhere: a class is asked for any of its methods."""
    project = scope.module.project
    located = project.locate(name, scope.module.folder) if project is not None and tokens and is_dotted(name) else None
    if project is None or located is None:
        return not tokens
    known: dict[str, bool] = project.about("holds", tokens)
    path = located[0]
    if path not in known:
        text = project.text(path)
        known[path] = bool(project.leading.names(path, tokens)) or (text is not None and text.holds(tokens))
    return known[path]


def find_class(scope: Scope, expression: ast.AST) -> Scope | None:
    """Return the class of this file or of the project that an expression names; None for others."""
    own = own_class(scope, expression)
    if own is not None:
        return own
    imported = find_imported(scope, expression)
    if imported is not None or not isinstance(expression, ast.Attribute):
        return imported if imported is not None and imported.is_class else None
    outer = find_class(scope, expression.value)  # `Cases.Manager`, a class in a class
    inner = outer.bindings.get(expression.attr, ()) if outer is not None else ()
    return inner[-1].value if inner and inner[-1].kind == "class" and isinstance(inner[-1].value, Scope) else None


def own_class(scope: Scope, expression: ast.AST) -> Scope | None:
    """Return the class of this file that a bare name means, or `self.__class__` and `type(self)`."""
    if isinstance(expression, ast.Name):
        found = scope.find(expression.id, expression.lineno)
        if found is not None and found[0].kind == "class" and isinstance(found[0].value, Scope):
            return found[0].value
    owned = None
    if isinstance(expression, ast.Attribute) and expression.attr == "__class__":
        owned = expression.value
    elif isinstance(expression, ast.Call) and getattr(expression.func, "id", "") == "type" and expression.args:
        owned = expression.args[0]
    method = method_of(scope) if isinstance(owned, ast.Name) else None
    return method.owner if method is not None and getattr(owned, "id", "") == first_parameter(method) else None


def constructor_of(cls: Scope) -> Scope | None:
    """Return what making an object of a class runs: `__init__`, of a dataclass `__post_init__`, inherited ones too."""
    known: Scope | None = cls.memo.get("constructor", NOT_KNOWN)
    if known is NOT_KNOWN or is_gone(known):
        known = cls.memo["constructor"] = find_constructor(cls)
    return known


def find_constructor(cls: Scope) -> Scope | None:
    """Work out what `constructor_of` returns."""
    for base in ancestry(cls):
        if any(getattr(item, "attr", getattr(item, "id", "")).endswith("TestCase") for item in base.bases):
            return None
    is_dataclass = b"dataclass" in cls.module.words
    names = CONSTRUCTORS if is_dataclass else CONSTRUCTORS[:1]
    return next(filter(None, (method_in(cls, name) for name in names)), None)


def own_constructor(scope: Scope, expression: ast.AST) -> Scope | None:
    """Return the constructor of the class of this file that an expression names."""
    if not isinstance(expression, ast.Name):
        return None
    found = scope.find(expression.id, expression.lineno)
    cls = found[0].value if found is not None and found[0].kind == "class" else None
    return constructor_of(cls) if isinstance(cls, Scope) and cls.is_class else None


def run_by(definition: Scope | None) -> Scope | None:
    """Return the function that calling a definition runs: itself, or the constructor of a class."""
    if definition is None or definition.is_function:
        return definition
    return constructor_of(definition) if definition.is_class else None


def find_imported(scope: Scope, expression: ast.AST, tokens: tuple[bytes, ...] = ()) -> Scope | None:
    """Return the definition that a dotted name of another project file means; with `tokens`, if it leads to one."""
    return definition_of(scope, resolve(scope, expression), tokens)


def is_entered(scope: Scope, call: ast.AST) -> bool:
    """Tell whether a call's value is entered on an exit stack or a test case (`enter_context(...)`)."""
    parent = scope.parents.get(call)
    function = parent.func if isinstance(parent, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in ENTERERS


def ancestry(owner: Scope) -> list[Scope]:
    """Return a class and its base classes, those of other project files too where they can be found."""
    project = owner.module.project
    return lineage(owner) if project is None else project.lineage(owner)


def method_in(owner: Scope, name: str) -> Scope | None:
    """Return a method of a class or of one of its bases, loaded."""
    for cls in ancestry(owner):
        for method in cls.functions:
            if method.name == name:
                return method.module.load(method)
    return None


def call_behind(scope: Scope, expression: ast.AST) -> ast.Call | None:
    """Return the call that made a value: the expression itself, or what its variable or `self` attribute was set to."""
    value: object = expression
    if isinstance(expression, ast.Name):
        found = scope.find(expression.id, expression.lineno)
        value = found[0].value if found is not None else None
    elif isinstance(expression, ast.Attribute):
        held = value_of_attribute(scope, expression)
        value = held[1] if held is not None else None
    return value if isinstance(value, ast.Call) else None
