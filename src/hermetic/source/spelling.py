"""How code spells what it changes: targets, dotted names, keys, and the names by which patches are known."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.nodes import Store
    from hermetic.source.scope import Scope

MAX_OPTION = 3  # signs of a width and the like, in a template
UNSEEN = "?"  # at the start of a dotted path: how it begins, only the run knows


def flat(targets: list[ast.expr]) -> list[ast.expr]:
    """Return assignment targets with tuples and lists opened."""
    found: list[ast.expr] = []
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            found.extend(flat(target.elts))
        else:
            found.append(target)
    return found


def targets_of(node: Store) -> list[ast.expr]:
    """Return what an assignment or `del` sets or deletes, with tuples and lists opened."""
    return flat(node.targets) if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]


def text_of(node: ast.AST | None, steps: int = 8) -> str:
    """Return a short, comparable text for a key: a constant, a dotted name, a call of one, or "" for anything else."""
    if isinstance(node, ast.Constant):
        return repr(node.value)
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return ".".join([node.id, *reversed(parts)])
    if isinstance(node, ast.Call) and steps:
        inner = text_of(node.func, steps - 1)
        arguments = ",".join(text_of(argument, steps - 1) for argument in node.args)
        return ".".join([f"{inner}({arguments})", *reversed(parts)]) if inner else ""
    return ""


def key_of(scope: Scope, node: ast.AST | None, steps: int = 4) -> str:
    """Return a text by which two spellings of one key compare equal; "" when it is only known at run time.

    Variables are followed to the constant, import or call that they are bound to once.
    """
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return f"-{node.operand.value!r}"
    if isinstance(node, ast.Constant):
        return repr(node.value)
    if isinstance(node, ast.Name):
        found = scope.find(node.id, node.lineno)
        if found is None:
            return node.id
        binding, where = found
        if binding.kind == "import":
            return str(binding.value)
        once = len(where.bindings[node.id]) == 1
        value = binding.value if binding.kind == "assign" and once and steps else None
        return key_of(where, value, steps - 1) if isinstance(value, ast.AST) else ""
    name = resolve(scope, node) if isinstance(node, ast.Attribute) else ""
    if name and "()" not in name:
        return "" if name.startswith("@") else name
    return key_of_call(scope, node, steps)


def key_of_call(scope: Scope, node: ast.AST | None, steps: int) -> str:
    """Return the key of what a call gives (`logging.getLogger("app")`), found behind `self.log` too."""
    if isinstance(node, ast.Attribute):
        from hermetic.source.names import value_of_attribute

        found = value_of_attribute(scope, node)
        return key_of(found[0], found[1], steps - 1) if found is not None and steps else ""
    if not isinstance(node, ast.Call) or node.keywords:
        return ""
    arguments = [key_of(scope, argument, steps - 1) if steps else "" for argument in node.args]
    name = resolve(scope, node.func)
    return f"{name}({','.join(arguments)})" if name and name[0] != "@" and all(arguments) else ""


def spelled(node: ast.AST) -> str:
    """Return the names and attributes that an expression uses."""
    pending, found = [node], []
    while pending:
        current = pending.pop()
        found.append(str(getattr(current, "attr", getattr(current, "id", ""))))
        for field in getattr(current, "_fields", ()):
            value = getattr(current, field)
            pending.extend(
                item for item in (value if isinstance(value, list) else [value]) if isinstance(item, ast.AST)
            )
    return " ".join(found)


def is_within(path: str, what: str) -> bool:
    """Tell whether what a dotted name means is, or belongs to, what a path names whose beginning is not known."""
    return path.startswith(UNSEEN) and f"{path[len(UNSEEN) :]}." in f".{what}."


def filled_by_percent(template: str, given: object) -> str | None:
    """Return what `template % given` gives; None where that fails, or may be a text of any length."""
    try:
        return None if may_widen(template) else template % given
    except (TypeError, ValueError, KeyError):
        return None


def filled_by_format(template: str, given: list[object], named: dict[str, object]) -> str | None:
    """Return what `template.format(*given, **named)` gives, as `filled_by_percent` does."""
    try:
        return None if may_widen(template) else template.format(*given, **named)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return None


def may_widen(template: str) -> bool:
    """Tell whether filling a template may give a text of any length: `"%999999999s"`, `"{:>{}}"`.

    Sources are read, not run, so what they say must not fill the memory of who reads them.
    """
    for part in template.split("%")[1:]:
        option = part[: len(part) - len(part.lstrip("-+ #.*0123456789"))]
        if "*" in option or len(option) > MAX_OPTION:
            return True
    for part in template.split("{")[1:]:
        field, closed, _ = part.partition("}")
        if not closed or len(field.partition(":")[2]) > MAX_OPTION:
            return True
    return False


def is_patch(name: str) -> bool:
    """Tell whether a dotted name is `mock.patch` or one of its forms, pytest-mock's too."""
    head = name.removesuffix(".dict").removesuffix(".object").removesuffix(".multiple")
    return head.endswith(".mock.patch") or (head.startswith("@") and head.endswith("mocker.patch"))


def is_monkeypatch(name: str) -> bool:
    """Tell whether a dotted name is a `MonkeyPatch` object."""
    bare = name.removesuffix("<with>").removesuffix("()")
    return bare.startswith(("@monkeypatch", "@mp")) or "MonkeyPatch" in bare or bare.endswith("monkeypatch")
