"""A parsed file, walked only where something asks."""

from __future__ import annotations

import _ast as ast
import _warnings
import os
import sys

from hermetic.source.scope import Scope, build_function, build_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.project import Project

SILENT = ("ignore", None, Warning, None, 0)
PARSE_FLAGS = 0x400  # ast.PyCF_ONLY_AST, without the import of `ast` that start-up time cannot afford


SIGNS = b" .()[]'\"="  # what tokens have around a name
# For `bytes.translate`: what cannot stand in a name becomes a space.
WORDS = bytes(sign if sign >= 128 or chr(sign).isalnum() or sign == ord("_") else ord(" ") for sign in range(256))  # noqa: PLR2004


class CannotParseError(Exception):
    """A file that Python itself cannot parse. `line` and `column` are 1-based, or 0 where Python names none."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


class Module:
    """One file: its bytes, its syntax tree, and its scopes.

    A function's inside is walked the first time somebody asks for it, so that a rule pays only for the functions that
    hold one of its tokens.
    """

    def __init__(self, path: str, data: bytes, name: str = "", *, package: bool = False, is_test: bool = True) -> None:
        self.path = path
        self.folder = os.path.dirname(os.path.abspath(path))
        self.data = data
        self.name = name
        self.package = package
        self.is_test = is_test  # whether pytest collects tests from it
        self.project: Project | None = None  # the files around it; None where a file is read alone
        self.tree = parse(data, path)
        self._plain: bytes | None = None
        self._lines: list[bytes] | None = None
        self._words: bytes | None = None
        self._held: dict[bytes, bool] = {}
        self._spans: list[tuple[int, int]] = []  # of each function, in bytes of the plain text
        self._functions_at: dict[bytes, list[int]] = {}
        self.top: Scope = build_module(self)

    @property
    def lines(self) -> list[bytes]:
        """The file's lines as Python counts them (form feeds do not end a line), encoded as UTF-8."""
        if self._lines is None:
            self._lines = self.plain.split(b"\n")
        return self._lines

    @property
    def plain(self) -> bytes:
        """The file's text as UTF-8, with lines that end as Python sees them end."""
        if self._plain is None:
            text = utf8(self.data)
            self._plain = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
        return self._plain

    def text_of(self, node: ast.stmt) -> bytes:
        """Return the bytes of whole lines from the node's first decorator to its end."""
        return b"\n".join(self.lines[first_line(node) - 1 : node.end_lineno])

    def column(self, line: int, offset: int) -> int:
        """Turn a line and the UTF-8 offset that `ast` gives into a 1-based column in characters."""
        lines = self.lines
        if not 0 < line <= len(lines):
            return offset + 1
        return len(lines[line - 1][:offset].decode("utf-8", "replace")) + 1

    def functions_with(self, tokens: tuple[bytes, ...]) -> list[Scope]:
        """Return the functions (methods too, nested ones within their parent) whose text holds one of `tokens`.

        Without tokens, all of them. Each is loaded.
        """
        functions = self.top.functions
        if not tokens:
            return [self.load(scope) for scope in functions]
        holding: set[int] = set()
        for token in tokens:
            holding.update(self.functions_at(token))
        return [self.load(functions[number]) for number in sorted(holding)]

    def functions_naming(self, name: str) -> list[Scope]:
        """Return the functions, as `functions_with` does, whose text holds `name` as a whole word."""
        token = name.encode()
        if not self.holds((token,)):
            return []
        functions = self.top.functions
        return [
            self.load(functions[number])
            for number in self.functions_at(token)
            if token in self.text(functions[number]).translate(WORDS).split()
        ]

    def holds(self, tokens: tuple[bytes, ...]) -> bool:
        """Tell whether one of `tokens` occurs in the file. Each token is looked for once, whichever rule asks."""
        held = self._held
        for token in tokens:
            known = held.get(token)
            if known is None:
                core = token.strip(SIGNS)
                known = core in self.words if core.replace(b"_", b"").isalnum() else True
                held[token] = known = known and (len(core) == len(token) or token in self.data)
            if known:
                return True
        return False

    @property
    def words(self) -> bytes:
        """Every word of the file, once: what a token that is part of a word is looked for in."""
        if self._words is None:
            self._words = b" ".join(set(self.data.translate(WORDS).split()))
        return self._words

    def functions_at(self, token: bytes) -> list[int]:
        """Return the indexes of the functions whose text holds `token`, by its places in the file."""
        known = self._functions_at.get(token)
        if known is None:
            known = self._functions_at[token] = self.find_functions(token) if self.holds((token,)) else []
        return known

    def find_functions(self, token: bytes) -> list[int]:
        """Search the whole text once, and look up which function holds each place."""
        if not self._spans:
            starts = [0]
            for line in self.lines:
                starts.append(starts[-1] + len(line) + 1)
            self._spans = [
                (starts[first_line(scope.node) - 1], starts[scope.node.end_lineno or 1])  # type: ignore[arg-type, attr-defined]
                for scope in self.top.functions
            ]
        spans, text = self._spans, self.plain
        found: list[int] = []
        place = text.find(token)
        for number, (start, end) in enumerate(spans):
            if 0 <= place < start:
                place = text.find(token, start)
            if place < 0:
                break
            if place < end:
                found.append(number)
                place = text.find(token, end)
        return found

    def text(self, scope: Scope) -> bytes:
        """Return the source lines of a function, kept for the next rule that asks."""
        if scope.text is None:
            scope.text = self.text_of(scope.node) if isinstance(scope.node, ast.stmt) else b""
        return scope.text

    def load(self, scope: Scope) -> Scope:
        """Walk the inside of a function, once."""
        if not scope.loaded:
            build_function(scope)
        return scope

    def close(self) -> None:
        """Let go of the tree at once: scopes refer to each other, and a run does not collect cycles."""
        pending = [self.top, *self.top.functions, *self.top.classes]
        while pending:
            scope = pending.pop()
            pending.extend(scope.nested)
            scope.__dict__.clear()
        self.__dict__.clear()


def contains(text: bytes, tokens: tuple[bytes, ...]) -> bool:
    """Tell whether one of `tokens` occurs in `text`."""
    for token in tokens:  # noqa: SIM110 - half the time of `any`, and asked for each function and token
        if token in text:
            return True
    return False


def first_line(node: ast.stmt) -> int:
    """Return the line on which a statement starts, its decorators included."""
    decorators = getattr(node, "decorator_list", None)
    return decorators[0].lineno if decorators else node.lineno


def parse(data: bytes, path: str) -> ast.Module:
    """Parse source bytes, whatever their encoding.

    Raises `CannotParseError` for everything that Python rejects, too deep nesting included.
    """
    warnings = sys.modules.get("warnings")
    filters = _warnings.filters if warnings is None else warnings.filters
    filters.insert(0, SILENT)  # what the compiler warns of is not ours to print, and as an error it would hide the file
    try:
        tree = compile(data, path, "exec", PARSE_FLAGS, dont_inherit=True)
    except SyntaxError as error:
        raise CannotParseError(
            error.msg or "invalid syntax", error.lineno or line_of_null(data), error.offset or 0
        ) from None
    except (RecursionError, MemoryError):
        raise CannotParseError("nested too deeply for this interpreter") from None
    except ValueError as error:
        raise CannotParseError(str(error), line_of_null(data)) from None
    finally:
        filters.remove(SILENT)
    assert isinstance(tree, ast.Module)  # noqa: S101 - tells the type checker what the flag promises
    return tree


def line_of_null(data: bytes) -> int:
    """Return the line of the first null byte, which Python rejects without a place; 0 without one."""
    position = data.find(b"\0")
    return data.count(b"\n", 0, position) + 1 if position >= 0 else 0


def utf8(data: bytes) -> bytes:
    """Return source bytes as UTF-8 without a byte order mark, as `ast` counts offsets."""
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:]
    head = data[:400].split(b"\n", 2)[:2]
    if any(b"coding" in line and line.lstrip().startswith(b"#") for line in head):
        import io  # noqa: PLC0415 - rare, and tokenize is slow to import
        import tokenize  # noqa: PLC0415

        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        return data.decode(encoding, "replace").encode()
    return data
