"""What an expression means: dotted names, seen through imports, aliases and `self`.

`resolve` gives a plain string. `os.environ` is itself however it was imported; `a()` is what calling `a` gives; `a[]`
an element of it; a leading `@` marks a parameter (in a test: a fixture), a leading `.` something of this file, a
leading `[` a list of what follows, a trailing `<with>` what a `with` statement binds. An empty string means: not known.
"""

from __future__ import annotations

import _ast as ast
import builtins

from hermetic.source.scope import FUNCTIONS, Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONTEXT_MAKERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
MAX_BASES = 64  # classes in one line of descent
MAX_STEPS = 12  # aliases of aliases; also what ends a cycle such as `x = x.y`
SAME_THING = {
    "_operator": "operator",
    "mock": "unittest.mock",
    "nt": "os",
    "posix": "os",
    "_thread": "threading",
    "asyncio.unix_events": "asyncio",
    "pytest_asyncio.plugin": "pytest_asyncio",
}


def resolve(scope: Scope, expression: ast.AST | None, steps: int = MAX_STEPS) -> str:
    """Return the dotted name of `expression` as read in `scope`, or "" when it cannot be told."""
    if steps != MAX_STEPS or expression is None or not scope.is_settled:
        return meaning_of(scope, expression, steps)
    known: str | None = scope.memo.get(expression)
    if known is None:
        known = scope.memo[expression] = meaning_of(scope, expression, steps)
    return known


def meaning_of(scope: Scope, expression: ast.AST | None, steps: int) -> str:
    """Work out what `resolve` returns."""
    suffix = ""
    while expression is not None and steps:
        steps -= 1
        if isinstance(expression, ast.Attribute):
            base = expression.value
            found = resolve_self(scope, expression, steps) if isinstance(base, ast.Name) else ""
            if found:
                return found + suffix
            suffix = f".{expression.attr}{suffix}"
            expression = base
        elif isinstance(expression, ast.Call):
            suffix = f"(){suffix}"
            expression = expression.func
        elif isinstance(expression, ast.Subscript):
            suffix = f"[]{suffix}"
            expression = expression.value
        elif isinstance(expression, ast.Name):
            return join(resolve_name(scope, expression.id, expression.lineno, steps), suffix)
        elif expression.__class__ in TRANSPARENT:
            expression = getattr(expression, TRANSPARENT[expression.__class__])
        elif isinstance(expression, (ast.List, ast.Tuple, ast.Set)):
            items = expression.elts
            return join("[" + resolve(scope, items[0], steps) if items else "", suffix)
        elif isinstance(expression, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            return join("[" + resolve(scope, expression.elt, steps), suffix)
        else:
            return ""
    return ""


TRANSPARENT = {ast.Await: "value", ast.Starred: "value", ast.NamedExpr: "value", ast.IfExp: "body"}


def join(base: str, suffix: str) -> str:
    """Append what follows a name; an element of a written-out list is that list's first item."""
    if not base or base == "[":
        return ""
    if base[0] == "[" and suffix.startswith("[]"):
        return base[1:] + suffix[2:]
    return canonical(base + suffix)


def canonical(name: str) -> str:
    """Give one spelling to modules that have two."""
    head, dot, rest = name.partition(".")
    if head in SAME_THING and head != name:
        return f"{SAME_THING[head]}{dot}{rest}"
    return SAME_THING.get(name, name)


def resolve_name(scope: Scope, name: str, line: int, steps: int) -> str:
    """Resolve a bare name."""
    found = scope.find(name, line)
    if found is None:
        return from_star_import(scope, name)
    binding, where = found
    value = binding.value
    if binding.kind == "import":
        return str(value)
    if binding.kind == "param":
        return f"@{name}" if where.is_function else ""
    if binding.kind in ("def", "class"):
        return f".{name}"
    if binding.kind == "assign" and isinstance(value, ast.AST):
        return resolve(where, value, steps)
    if binding.kind == "with" and isinstance(value, ast.AST):
        entered = resolve(where, value, steps)
        return f"{entered}<with>" if entered else ""
    if binding.kind == "for" and isinstance(value, ast.AST):
        return join(resolve(where, value, steps), "[]")
    return ""


def from_star_import(scope: Scope, name: str) -> str:
    """Resolve a name that nothing binds: it comes from the only star import, or it is a builtin."""
    stars = scope.module.top.bindings.get("*", ())
    if len(stars) == 1 and name not in BUILTINS:
        return f"{stars[0].value}.{name}"
    return name


BUILTINS = frozenset(dir(builtins))


def resolve_self(scope: Scope, attribute: ast.Attribute, steps: int) -> str:
    """Resolve `self.name` through the assignments of the class; `@self.name` when there is none."""
    base = attribute.value
    method = method_of(scope)
    if method is None or not isinstance(base, ast.Name) or base.id != first_parameter(method):
        return ""
    owner = method.owner
    value = value_of_attribute(scope, attribute) if owner is not None else None
    if value is not None:
        found = resolve(value[0], value[1], steps)
        if found:
            return found
    return f"@self.{attribute.attr}"


def method_of(scope: Scope) -> Scope | None:
    """Return the method that `scope` is, or is nested in."""
    current: Scope | None = scope
    while current is not None and current.owner is None:
        current = current.parent
    return current if current is not None and current.is_function else None


def first_parameter(function: Scope) -> str:
    """Return the name of a function's first parameter, "" without one."""
    arguments = getattr(function.node, "args", None)
    if arguments is None:
        return ""
    named = [*arguments.posonlyargs, *arguments.args]
    return named[0].arg if named else ""


def value_of_attribute(scope: Scope, attribute: ast.Attribute) -> tuple[Scope, ast.expr] | None:
    """Return where the class around `scope`, or a base of it in the same file, assigns `self.<name>`, and the value."""
    method = method_of(scope)
    if method is None or method.owner is None or not isinstance(attribute.value, ast.Name):
        return None
    if attribute.value.id != first_parameter(method):
        return None
    for cls in lineage(method.owner):
        value = attribute_value(cls, attribute.attr)
        if value is not None:
            return value
    return None


def attribute_value(owner: Scope, name: str) -> tuple[Scope, ast.expr] | None:
    """Return where a class assigns `self.<name>` (or `<name>` in its body), and the value."""
    known: dict[str, tuple[Scope, ast.expr] | None] = owner.memo.setdefault("attributes", {})
    if name not in known:
        known[name] = find_attribute(owner, name)
    return known[name]


def find_attribute(owner: Scope, name: str) -> tuple[Scope, ast.expr] | None:
    """Search a class for the assignment of one attribute; only methods whose text can hold it are walked."""
    plainly, typed = f".{name} = ".encode(), f".{name}: ".encode()
    for method in owner.functions:
        text = owner.module.text(method)
        if plainly not in text and typed not in text:
            continue
        found: ast.expr | None = None
        node: Any  # of one of the two kinds
        for node in owner.module.load(method).kept(ast.Assign, ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if found is None and any(is_attribute(target, name) for target in targets):
                found = node.value
            elif isinstance(found, ast.Constant) and any(is_unpacked_to(target, name) for target in targets):
                found = node.value  # of which it is a part: no longer what was written out above
        if found is not None:
            return method, found
    for binding in owner.bindings.get(name, ()):
        if binding.kind == "assign" and isinstance(binding.value, ast.expr):
            return owner, binding.value
    return None


def is_attribute(target: ast.AST, name: str) -> bool:
    """Tell whether an assignment sets `<variable>.<name>`."""
    return isinstance(target, ast.Attribute) and target.attr == name and isinstance(target.value, ast.Name)


def is_unpacked_to(target: ast.AST, name: str) -> bool:
    """Tell whether an assignment sets `<variable>.<name>` among others: `handle, self.path = mkstemp()`."""
    return isinstance(target, ast.Tuple) and any(is_attribute(item, name) for item in target.elts)


def find_function(scope: Scope, expression: ast.AST, steps: int = MAX_STEPS) -> Scope | None:
    """Return the function of this file that `expression` names: `helper`, or `self.helper` through base classes."""
    if isinstance(expression, ast.Name):
        found = scope.find(expression.id, expression.lineno)
        if found is None:
            return None
        binding, where = found
        if binding.kind == "def" and isinstance(binding.value, Scope):
            return binding.value
        if binding.kind == "assign" and isinstance(binding.value, (ast.Name, ast.Attribute, ast.Lambda)):
            return find_function(where, binding.value, steps - 1) if steps else None
        return None
    if isinstance(expression, ast.Lambda):
        return next((inner for inner in scope.nested if inner.node is expression), None)
    if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
        method = method_of(scope)
        if method is not None and method.owner is not None and expression.value.id == first_parameter(method):
            return find_method(method.owner, expression.attr)
        found = scope.find(expression.value.id, expression.lineno)
        if found is not None and found[0].kind == "class" and isinstance(found[0].value, Scope):
            return find_method(found[0].value, expression.attr)
    return None


def find_method(owner: Scope, name: str) -> Scope | None:
    """Return a method of a class, or of a base class in the same file."""
    for cls in lineage(owner):
        for method in cls.functions:
            if method.name == name:
                return method
    return None


def lineage(owner: Scope) -> list[Scope]:
    """Return a class and its base classes in the same file, nearest first."""
    if owner.parent is not owner.module.top:  # names of a function may still come
        return find_lineage(owner)
    known: list[Scope] | None = owner.memo.get("own lineage")
    if known is None:
        known = owner.memo["own lineage"] = find_lineage(owner)
    return known


def find_lineage(owner: Scope) -> list[Scope]:
    """Work out what `lineage` returns."""
    order: list[Scope] = []
    pending = [owner]
    while pending and len(order) < MAX_BASES:
        cls = pending.pop(0)
        if cls in order or not isinstance(cls.node, ast.ClassDef):
            continue
        order.append(cls)
        for base in cls.node.bases:
            found = cls.parent.find(base.id) if cls.parent and isinstance(base, ast.Name) else None
            if found is not None and isinstance(found[0].value, Scope):
                pending.append(found[0].value)
    return order


def is_async(scope: Scope) -> bool:
    """Tell whether a function is defined with `async def`."""
    return isinstance(scope.node, ast.AsyncFunctionDef)


def is_generator(scope: Scope) -> bool:
    """Tell whether a loaded function yields."""
    return isinstance(scope.node, FUNCTIONS) and bool(scope.nodes.get(ast.Yield) or scope.nodes.get(ast.YieldFrom))


def is_context_maker(function: Scope) -> bool:
    """Tell whether a function is decorated with `contextlib.contextmanager` or its async form."""
    outer = function.parent or function
    return any(resolve(outer, item) in CONTEXT_MAKERS for item in getattr(function.node, "decorator_list", ()))
