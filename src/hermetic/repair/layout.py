"""A file's bytes, by the places that the syntax tree gives: lines, offsets in UTF-8, and what stands between nodes."""

from __future__ import annotations

from hermetic.finding import Edit

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast as ast

MARK = b"\xef\xbb\xbf"  # a byte order mark
BLANK = b" \t\f"


class Layout:
    """Where the nodes of a file stand in its bytes, whatever its encoding and the ends of its lines."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.encoding = encoding_of(data)
        self.starts = [len(MARK) if data.startswith(MARK) else 0]
        position = 0
        for line in data.splitlines(keepends=True):  # of bytes: at \n, \r and \r\n alone, as Python counts lines
            position += len(line)
            self.starts.append(position)
        self.newline = "\r\n" if b"\r\n" in data else "\n" if b"\n" in data or b"\r" not in data else "\r"

    def offset(self, line: int, column: int) -> int:
        """Return the byte at a line (from 1) and an offset in its UTF-8 text, as `ast` gives them."""
        start = self.starts[line - 1]
        if self.encoding == "utf-8":
            return start + column
        text = self.data[start : self.starts[line]].decode(self.encoding)
        return start + len(text.encode()[:column].decode().encode(self.encoding))

    def start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Return the first byte of a node."""
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Return the byte behind a node."""
        return self.offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def text(self, node: ast.expr | ast.stmt) -> str:
        """Return the source of a node as it stands, without parentheses around it."""
        return self.between(self.start(node), self.end(node))

    def between(self, start: int, end: int) -> str:
        """Return a part of the source."""
        return self.data[start:end].decode(self.encoding)

    def line_start(self, position: int) -> int:
        """Return the first byte of the line that holds a position."""
        return max(start for start in self.starts if start <= position)

    def line_end(self, position: int) -> int:
        """Return the end of the line that holds a position, its newline left out."""
        line = self.data[position:].splitlines()
        return position + (len(line[0]) if line and self.data[position : position + 1] not in (b"\n", b"\r") else 0)

    def indent(self, position: int) -> str | None:
        """Return what stands before a position in its line where that is blank, else None."""
        before = self.data[self.line_start(position) : position]
        return before.decode("ascii") if not before.strip(BLANK) else None

    def is_last(self, position: int) -> bool:
        """Tell whether only blanks or a comment follow in the line."""
        rest = self.data[position : self.line_end(position)].strip(BLANK)
        return not rest or rest.startswith(b"#")

    def above(self, statement: ast.stmt, lines: list[str]) -> Edit | None:
        """Return the edit that puts lines above a statement; None where it does not stand at the start of its line."""
        start = self.start(statement)
        indent = self.indent(start)
        if indent is None or self.is_continued(start):
            return None
        return Edit(start, start, "".join(f"{line}{self.newline}{indent}" for line in lines))

    def is_continued(self, position: int) -> bool:
        """Tell whether the line above ends with a backslash, so that nothing can stand between."""
        return self.data[: self.line_start(position)].rstrip(b"\r\n").endswith(b"\\")

    def below(self, statement: ast.stmt, lines: list[str]) -> Edit | None:
        """Return the edit that puts lines below a statement; None where it does not have its lines for itself."""
        indent, end = self.indent(self.start(statement)), self.end(statement)
        if indent is None or not self.is_last(end):
            return None
        end = self.line_end(end)
        return Edit(end, end, "".join(f"{self.newline}{indent}{line}" for line in lines))


def encoding_of(data: bytes) -> str:
    """Return the name of a file's encoding, as its first lines give it."""
    if data.startswith(MARK) or not any(b"coding" in line for line in data[:400].splitlines()[:2]):
        return "utf-8"
    import io
    import tokenize

    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
