"""Put one more parameter into a `def`, in the way in which the others are written."""

from __future__ import annotations

from hermetic.finding import Edit

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast as ast

    from hermetic.repair.layout import Layout

OPEN, CLOSE = b"([{", b")]}"
QUOTES = b"'\""


def added(layout: Layout, node: ast.FunctionDef | ast.AsyncFunctionDef, text: str) -> list[Edit] | None:
    """Return the edits that add a parameter that has no default; None where that cannot be done by position alone.

    It goes behind the last one that has none, so that what `mock.patch` passes by position still arrives.
    """
    arguments = node.args
    if arguments.posonlyargs:
        return None
    opening = parenthesis(layout, node)
    if opening is None:
        return None
    plain = arguments.args[: len(arguments.args) - len(arguments.defaults)]
    if plain:
        return behind(layout, opening, plain[-1], text)
    first = opening + 1
    if not (arguments.args or arguments.vararg or arguments.kwonlyargs or arguments.kwarg):
        return [Edit(first, first, text)]
    return [Edit(first, first, f"{text}," if layout.is_last(first) else f"{text}, ")]


def behind(layout: Layout, opening: int, last: ast.arg, text: str) -> list[Edit]:
    """Return the edits that add a parameter behind another one: on a line of its own where that one has one."""
    start, end = layout.start(last), layout.end(last)
    indent = layout.indent(start)
    if indent is None or layout.line_start(start) <= opening:
        return [Edit(end, end, f", {text}")]
    comma = next_sign(layout.data, end)
    line_end = layout.line_end(end)
    if layout.data[comma : comma + 1] != b",":
        if comma <= line_end:  # the parenthesis closes in the same line
            return [Edit(end, end, f",{layout.newline}{indent}{text}")]
        return [Edit(end, end, ","), Edit(line_end, line_end, f"{layout.newline}{indent}{text}")]
    if not layout.is_last(comma + 1) or comma > line_end:
        return [Edit(end, end, f",{layout.newline}{indent}{text}")]
    return [Edit(line_end, line_end, f"{layout.newline}{indent}{text},")]


def parenthesis(layout: Layout, node: ast.FunctionDef | ast.AsyncFunctionDef) -> int | None:
    """Return where the parenthesis of the parameters opens."""
    data = layout.data
    position = data.find(b"def", layout.start(node)) + len(b"def")
    name = data.find(node.name.encode(layout.encoding), position)
    if name < 0:  # a name that Python reads in another form than it is written
        return None
    position = name + len(node.name.encode(layout.encoding))
    if data[next_sign(data, position) :].startswith(b"["):
        position = closing(data, next_sign(data, position)) + 1
    position = next_sign(data, position)
    return position if data[position : position + 1] == b"(" else None


def next_sign(data: bytes, position: int) -> int:
    """Return where the next sign stands that is no blank, comment or continuation."""
    while position < len(data):
        sign = data[position : position + 1]
        if sign == b"#":
            while position < len(data) and data[position] not in b"\r\n":
                position += 1
        elif sign in b" \t\f\r\n\\":
            position += 1
        else:
            break
    return position


def closing(data: bytes, position: int) -> int:
    """Return where the bracket that opens at a position closes; what stands in strings and comments does not count."""
    depth = 0
    while position < len(data):
        sign = data[position]
        if sign in QUOTES:
            position = string_end(data, position)
            continue
        if sign == ord("#"):
            position = next_sign(data, position)
            continue
        depth += (sign in OPEN) - (sign in CLOSE)
        if not depth:
            return position
        position += 1
    return position


def string_end(data: bytes, position: int) -> int:
    """Return the byte behind a string that starts at a position."""
    quote = data[position : position + 1]
    quote = quote * 3 if data.startswith(quote * 3, position) else quote
    position += len(quote)
    while position < len(data) and not data.startswith(quote, position):
        position += 2 if data[position] == ord("\\") else 1
    return position + len(quote)
