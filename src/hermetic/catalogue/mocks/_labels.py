"""Under which names a value is known: variables, attributes of `self`, items of collections."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import first_parameter, method_of
from hermetic.source.reach import calls_of
from hermetic.source.spelling import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

ADDERS = frozenset({"append", "add", "insert", "appendleft", "extend"})
COPIES = frozenset({"list", "tuple", "reversed", "sorted", "set", "iter", "enumerate"})
ITEMS = ("for", "other")  # bindings to an item of a collection: in a loop, or by unpacking
OF_SELF = "self."
ANYTHING = "?"  # the label of a value that a caller passes: it may be the patcher


def plain(collection: ast.AST) -> ast.AST:
    """Return a collection without the calls that only change the order or the kind of its items."""
    while isinstance(collection, ast.Call):
        name = collection.func
        if isinstance(name, ast.Name) and name.id in COPIES and collection.args:
            collection = collection.args[0]
        elif isinstance(name, ast.Attribute) and name.attr in ("values", "items", "copy"):
            collection = name.value
        else:
            break
    return collection


def items_in(collection: ast.AST) -> list[ast.expr]:
    """Return the items of a collection that is written out."""
    if isinstance(collection, (ast.List, ast.Tuple, ast.Set)):
        return collection.elts
    if isinstance(collection, ast.Dict):
        return collection.values
    if isinstance(collection, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        return [collection.elt]
    return [collection.value] if isinstance(collection, ast.DictComp) else []


def label_of(scope: Scope, expression: ast.AST) -> str:
    """Return a name for a place that holds a value: a variable with the scope that binds it, or an attribute."""
    if isinstance(expression, ast.Name):
        found = scope.find(expression.id, expression.lineno)
        while found is not None and found[0].kind == "param" and found[1].parent is not None and not found[1].owner:
            outer = found[1].parent.find(expression.id)  # `lambda p=p: p.stop()`
            if outer is None or not found[1].parent.is_function:
                return ANYTHING
            found = outer
        if found is None or found[0].kind == "param":
            return ANYTHING
        return str(found[0].value) if found[0].kind == "import" else f"{expression.id}@{id(found[1])}"
    if isinstance(expression, ast.Subscript):
        return f"{label_of(scope, plain(expression.value))}[]"
    if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
        method = method_of(scope)
        owner = method.owner if method is not None else None
        if method is not None and owner is not None and expression.value.id in (first_parameter(method), owner.name):
            return f"self.{expression.attr}"
    return text_of(expression)


def labels_of(scope: Scope, expression: ast.AST, steps: int = 3) -> set[str]:
    """Return every name under which the value of an expression is known in a loaded scope."""
    if isinstance(expression, ast.NamedExpr):
        return labels_of(scope, expression.target, steps)
    if isinstance(expression, ast.Call):
        called = expression.func
        if isinstance(called, ast.Attribute) and called.attr in ("pop", "popleft", "get"):
            return {f"{label_of(scope, called.value)}[]"}
        return set()
    own = label_of(scope, expression)
    found = {own} if own else set()
    if isinstance(expression, ast.Name):
        bound = scope.find(expression.id, expression.lineno)
        if bound is not None and isinstance(bound[0].value, ast.AST):
            value = bound[0].value
            if bound[0].kind in ITEMS:
                held = label_of(bound[1], plain(value))
                found |= {f"{label}[]" for label in (held, *aliases(bound[1], held))}
            elif bound[0].kind == "assign" and isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)) and steps:
                found |= labels_of(bound[1], value, steps - 1)
    found = {ANYTHING if label.startswith(ANYTHING) else label for label in found}
    if own == ANYTHING and isinstance(expression, ast.Name):
        return found | set(kept_by(scope, expression.id))
    return found | set(aliases(scope, own)) if own and own != ANYTHING else found


def kept_by(scope: Scope, parameter: str) -> Iterator[str]:
    """Yield the attributes of `self`, and the collections there, in which a scope keeps what it is given."""
    for node in scope.kept(ast.Assign):
        if getattr(node.value, "id", "") == parameter:
            yield from (label for target in node.targets if (label := label_of(scope, target)).startswith(OF_SELF))
    for call in calls_of(scope):
        target = call.func
        if isinstance(target, ast.Attribute) and target.attr in ADDERS:
            label = label_of(scope, target.value)
            if label.startswith(OF_SELF) and any(getattr(item, "id", "") == parameter for item in call.args):
                yield f"{label}[]"


def aliases(scope: Scope, label: str) -> Iterator[str]:
    """Yield the other places to which a scope assigns or adds the value of one."""
    for node in scope.kept(ast.Assign):
        targets = [label_of(scope, target) for target in node.targets]
        if label in targets or label_of(scope, node.value) == label:
            yield from (target for target in targets if target)
        elif any(label_of(scope, item) == label for item in items_in(node.value)):
            yield from (f"{target}[]" for target in targets if target)
    for call in calls_of(scope):
        target = call.func
        if not isinstance(target, ast.Attribute) or target.attr not in ADDERS:
            continue
        if any(label_of(scope, item) == label for item in call.args):
            yield f"{label_of(scope, target.value)}[]"
