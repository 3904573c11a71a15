"""Trees without the insides of functions, which are parsed when somebody looks into them.

Where the insides stand is known from an earlier run that has parsed the whole file, or from earlier in the same one:
files are let go when they are too many. Of a file that tests lead to, most functions are never looked into.
"""

from __future__ import annotations

import _ast as ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hermetic.source.module import Module

    Parse = Callable[[bytes, str], ast.Module]
    # The number of a function in its file, the first line and column of its inside, and the last line and the column
    # behind it, as `ast` counts them.
    Inside = tuple[int, int, int, int, int]

BODIES = ("bodies", "")  # of `Project.about`: by file, a digest of what is in it, and the insides of its functions
FEW = 3  # lines that are parsed with the rest
PLACE = b"0)"  # ends what stands for an inside, where that ends


class Source:
    """The lines of a file, to be parsed piece by piece."""

    __slots__ = ("lines", "parse", "path")

    def __init__(self, path: str, data: bytes, parse: Parse) -> None:
        self.path = path
        self.lines = data.split(b"\n")
        self.parse = parse

    def outside(self, insides: list[Inside]) -> ast.Module:
        """Return the tree of the file with a constant for each inside; all else keeps its lines and columns."""
        lines = self.lines[:]
        for _, first, column, last, end in insides:
            lines[first - 1] = lines[first - 1][:column] + b"("
            lines[first : last - 1] = [b""] * (last - first - 1)
            lines[last - 1] = b" " * (end - len(PLACE)) + PLACE + lines[last - 1][end:]
        return self.parse(b"\n".join(lines), self.path)

    def inside(self, first: int, last: int, end: int) -> list[ast.stmt]:
        """Return the statements at a place, with the lines and columns that they have."""
        lines = self.lines[first - 1 : last]
        lines[-1] = lines[-1][:end]
        block: Any = self.parse(b"\n" * (first - 2) + b"if 1:\n" + b"\n".join(lines), self.path).body[0]
        found: list[ast.stmt] = block.body
        return found


def body_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """Parse the inside of a function, which from then on is like any other."""
    source, first, last, end = node.__dict__.pop("place")
    node.__class__ = node.__class__.__base__  # type: ignore[assignment]  # of one that `LATER` has
    node.body = source.inside(first, last, end)
    return node.body


class FunctionDef(ast.FunctionDef):
    """A function whose inside has not been parsed."""

    __slots__ = ()
    body = property(body_of)


class AsyncFunctionDef(ast.AsyncFunctionDef):
    """An async function whose inside has not been parsed."""

    __slots__ = ()
    body = property(body_of)


def first_statement(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the line on which the inside of a function starts, whether or not it has been parsed."""
    place = node.__dict__.get("place")
    if place is not None:
        return int(place[1])
    first = node.body[0]
    decorators = getattr(first, "decorator_list", None)
    return int(decorators[0].lineno if decorators else first.lineno)


LATER = {ast.FunctionDef: FunctionDef, ast.AsyncFunctionDef: AsyncFunctionDef}


def leave(module: Module, source: Source, insides: list[Inside]) -> None:
    """Let the functions of a file whose tree has no insides know where these stand."""
    functions = module.top.functions
    for number, first, _, last, end in insides:
        node: Any = functions[number].node
        node.place = (source, first, last, end)
        node.__class__ = LATER[node.__class__]


def insides_of(module: Module) -> list[Inside]:
    """Return the insides of the functions of a file that are worth to be left for later."""
    if module.plain != module.data:  # columns and lines count in its text as UTF-8
        return []
    lines, found = module.lines, []
    for number, scope in enumerate(module.top.functions):
        node: Any = scope.node
        first = node.body[0]
        starts_line = not lines[first.lineno - 1][: first.col_offset].strip()
        is_long = node.end_lineno - first.lineno > FEW and node.end_col_offset >= len(PLACE)
        if starts_line and is_long and not getattr(first, "decorator_list", None):
            found.append((number, first.lineno, first.col_offset, node.end_lineno, node.end_col_offset))
    return found
