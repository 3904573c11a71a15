"""Rewrite what sets and removes the items of a table: as calls of `monkeypatch`, which knows what was there before."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Edit
from hermetic.repair.place import is_quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.repair.place import Place


class Table:
    """One kind of table, and how its items are set for one test.

    `names` are the dotted names that it has, or the end of them; `setter` and `remover` start the calls, with
    `{table}` for what the source calls it.
    """

    __slots__ = ("names", "remover", "setter")

    def __init__(self, names: tuple[str, ...], setter: str, remover: str) -> None:
        self.names = names
        self.setter = setter
        self.remover = remover

    def is_meant(self, place: Place, expression: ast.expr) -> bool:
        """Tell whether an expression is the table, written so that reading it does nothing."""
        return place.name(expression).endswith(self.names) and is_quiet(expression)


SETITEM = "monkeypatch.setitem({table}, "
DELITEM = "monkeypatch.delitem({table}, "


def rewritten(place: Place, table: Table) -> list[Edit] | None:
    """Return the edits for the statement or call of a finding; None for what has no such form."""
    node = place.node
    if isinstance(node, ast.Assign):
        return of_assignment(place, node, table)
    if isinstance(node, ast.AugAssign):
        return (
            of_addition(place, node, table) if isinstance(node.target, ast.Subscript) else of_union(place, node, table)
        )
    if isinstance(node, ast.Delete):
        return of_deletion(place, node, table) if not place.is_cleaning() else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and table.is_meant(place, node.func.value):
        form = CALLS.get(node.func.attr)
        statement = place.alone(node)
        return form(place, node, table) if form is not None and statement is not None else None
    return None


def of_assignment(place: Place, node: ast.Assign, table: Table) -> list[Edit] | None:
    """Rewrite `table[key] = value`, and `owner.table = value`."""
    target = node.targets[0]
    if len(node.targets) > 1 or isinstance(node.value, (ast.Tuple, ast.Yield, ast.YieldFrom)):
        return None
    if isinstance(target, ast.Subscript) and not isinstance(target.slice, (ast.Slice, ast.Tuple)):
        if not table.is_meant(place, target.value) or not (is_quiet(target.slice) or is_quiet(node.value)):
            return None
        head = table.setter.format(table=place.text(target.value))
        return around(place, node, head, target.slice)
    if isinstance(target, ast.Attribute) and table.is_meant(place, target) and is_quiet(target.value):
        return as_attribute(place, node)
    return None


def as_attribute(place: Place, node: ast.Assign) -> list[Edit] | None:
    """Rewrite `owner.name = value` as `monkeypatch.setattr(owner, "name", value)`."""
    target = node.targets[0]
    if not isinstance(target, ast.Attribute):
        return None
    start, end = place.layout.start(node), place.layout.end(target)
    head = f'monkeypatch.setattr({place.text(target.value)}, "{target.attr}", '
    return closed(place, node, [Edit(start, start, head)], start, end)


def around(place: Place, node: ast.Assign, head: str, key: ast.expr) -> list[Edit] | None:
    """Put a call around the key and the value of an assignment, which stay as they are written."""
    layout = place.layout
    start, end = layout.start(node), layout.end(node.targets[0])
    return closed(place, node, [Edit(start, layout.start(key), head)], layout.end(key), end, ", ")


def closed(  # noqa: PLR0913, PLR0917 - the parts of one line
    place: Place, node: ast.Assign, edits: list[Edit], start: int, end: int, between: str = ""
) -> list[Edit] | None:
    """Drop what stands between `start` and the value, and close the call behind the value."""
    layout = place.layout
    equals = layout.data.find(b"=", end)
    value = equals + 1
    while layout.data[value : value + 1] in (b" ", b"\t"):
        value += 1
    if layout.data[end:equals].strip() or layout.data[value : value + 1] == b"\\":
        return None
    behind = layout.end(node)
    if not between:
        edits = [Edit(edits[0].start, value, edits[0].text)]
        return [*edits, Edit(behind, behind, ")")]
    return [*edits, Edit(start, value, between), Edit(behind, behind, ")")]


def of_addition(place: Place, node: ast.AugAssign, table: Table) -> list[Edit] | None:
    """Rewrite `table[key] += value`."""
    target, value = node.target, node.value
    assert isinstance(target, ast.Subscript)  # noqa: S101 - for the type checker
    if not table.is_meant(place, target.value) or not isinstance(node.op, ast.Add) or not is_quiet(target.slice):
        return None
    if isinstance(value, (ast.Tuple, ast.Yield, ast.YieldFrom)) or "\n" in place.text(node):
        return None
    given = place.text(value)
    given = given if isinstance(value, (ast.Constant, ast.Name, ast.Call, ast.JoinedStr)) else f"({given})"
    head = table.setter.format(table=place.text(target.value))
    return whole(place, node, [f"{head}{place.text(target.slice)}, {place.text(target)} + {given})"])


def of_union(place: Place, node: ast.AugAssign, table: Table) -> list[Edit] | None:
    """Rewrite `table |= {key: value}`."""
    if not isinstance(node.op, ast.BitOr) or not table.is_meant(place, node.target):
        return None
    pairs = pairs_of(place, node.value)
    return set_all(place, node, place.text(node.target), pairs, table) if pairs else None


def of_deletion(place: Place, node: ast.Delete, table: Table) -> list[Edit] | None:
    """Rewrite `del table[key]`."""
    target = node.targets[0]
    if len(node.targets) > 1 or not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Slice):
        return None
    if not table.is_meant(place, target.value):
        return None
    head = table.remover.format(table=place.text(target.value))
    return whole(place, node, [f"{head}{place.text(target.slice)})"])


def of_pop(place: Place, call: ast.Call, table: Table) -> list[Edit] | None:
    """Rewrite `table.pop(key)` and `table.pop(key, default)`, whose value nobody uses."""
    if not call.args or call.keywords or len(call.args) > 2 or place.is_cleaning():  # noqa: PLR2004 - key and default
        return None
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 - for the type checker
    if any(isinstance(item, ast.Starred) for item in call.args) or not all(is_quiet(item) for item in call.args[1:]):
        return None
    head = table.remover.format(table=place.text(call.func.value))
    absent = ", raising=False" if call.args[1:] else ""
    return whole(place, call, [f"{head}{place.text(call.args[0])}{absent})"])


def of_default(place: Place, call: ast.Call, table: Table) -> list[Edit] | None:
    """Rewrite `table.setdefault(key, value)`: what is there stays."""
    if len(call.args) != 2 or call.keywords or not is_quiet(call.args[0]):  # noqa: PLR2004 - key and value
        return None
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 - for the type checker
    owner = place.text(call.func.value)
    key, value = place.text(call.args[0]), place.text(call.args[1])
    return whole(place, call, [f"{table.setter.format(table=owner)}{key}, {owner}.get({key}, {value}))"])


def of_update(place: Place, call: ast.Call, table: Table) -> list[Edit] | None:
    """Rewrite `table.update(...)` where each key is written out."""
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 - for the type checker
    pairs: list[tuple[str, ast.expr]] = []
    for item in call.args:
        found = pairs_of(place, item)
        if found is None:
            return None
        pairs += found
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    pairs += [(f'"{keyword.arg}"', keyword.value) for keyword in call.keywords]
    return set_all(place, call, place.text(call.func.value), pairs, table) if pairs else None


def pairs_of(place: Place, expression: ast.expr) -> list[tuple[str, ast.expr]] | None:
    """Return the keys, as source, and the values of a dictionary that is written out; None for others."""
    if not isinstance(expression, ast.Dict):
        return None
    pairs: list[tuple[str, ast.expr]] = []
    for key, value in zip(expression.keys, expression.values, strict=True):
        if key is None or not is_quiet(key):
            return None
        pairs.append((place.text(key), value))
    return pairs


def set_all(
    place: Place, node: ast.expr | ast.stmt, owner: str, pairs: list[tuple[str, ast.expr]], table: Table
) -> list[Edit] | None:
    """Return the edits that set one item after the other; all values are read before the first is set."""
    if len(pairs) > 1 and not all(is_quiet(value) for _, value in pairs):
        return None
    head = table.setter.format(table=owner)
    return whole(place, node, [f"{head}{key}, {place.text(value)})" for key, value in pairs])


def whole(place: Place, node: ast.expr | ast.stmt, lines: list[str]) -> list[Edit] | None:
    """Replace a statement, or the call that it is, by one or more; None where a comment would be lost."""
    layout = place.layout
    start, end = layout.start(node), layout.end(node)
    if b"#" in layout.data[start:end] and layout.data[start:end].count(b"\n"):
        return None
    indent = layout.indent(start)
    if len(lines) > 1 and (indent is None or not layout.is_last(end)):
        return None
    return [Edit(start, end, f"{layout.newline}{indent}".join(lines))]


CALLS: dict[str, Callable[[Place, ast.Call, Table], list[Edit] | None]] = {
    "pop": of_pop,
    "setdefault": of_default,
    "update": of_update,
}


def values_set(place: Place) -> list[ast.expr]:
    """Return the values that the statement or call of a finding sets."""
    node = place.node
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        return list(node.value.values) if isinstance(node.value, ast.Dict) else [node.value]
    if not isinstance(node, ast.Call):
        return []
    given = [value for item in node.args for value in (item.values if isinstance(item, ast.Dict) else [item])]
    return given + [keyword.value for keyword in node.keywords]
