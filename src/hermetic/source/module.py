"""A parsed file, walked only where something asks."""

from __future__ import annotations

import _ast as ast
import _warnings
import sys

from hermetic.source.scope import Scope, build_function, build_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.project import Project

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SILENT = ("ignore", None, Warning, None, 0)
PARSE_FLAGS = 0x400  # ast.PyCF_ONLY_AST, without the import of `ast` that start-up time cannot afford


# For `bytes.translate`: what cannot stand in a name becomes a space.
WORDS = bytes(sign if sign >= 128 or chr(sign).isalnum() or sign == ord("_") else ord(" ") for sign in range(256))  # noqa: PLR2004


class CannotParse(Exception):
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

    def __init__(
        self, path: str, data: bytes, name: str = "", *, package: bool = False, is_test: bool = True
    ) -> None:
        self.path = path
        self.data = data
        self.name = name
        self.package = package
        self.is_test = is_test  # whether pytest collects tests from it
        self.project: Project | None = None  # the files around it; None where a file is read alone
        self.tree = parse(data, path)
        self._starts: list[int] | None = None
        self._lines: list[bytes] | None = None
        self.top: Scope = build_module(self)

    @property
    def lines(self) -> list[bytes]:
        """The file's lines as Python counts them (form feeds do not end a line), encoded as UTF-8."""
        if self._lines is None:
            self._lines = utf8(self.data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return self._lines

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
        return [self.load(scope) for scope in self.top.functions if not tokens or contains(self.text(scope), tokens)]

    def functions_naming(self, name: str) -> list[Scope]:
        """Return the functions, as `functions_with` does, whose text holds `name` as a whole word."""
        known: dict[bytes, list[Scope]] | None = self.top.memo.get("functions by word")
        if known is None:
            known = self.top.memo["functions by word"] = {}
            for scope in self.top.functions:
                for word in set(self.text(scope).translate(WORDS).split()):
                    known.setdefault(word, []).append(scope)
        return [self.load(scope) for scope in known.get(name.encode(), ())]

    def text(self, scope: Scope) -> bytes:
        """Return the source lines of a function, kept for the next rule that asks."""
        if scope.text is None:
            scope.text = self.text_of(scope.node) if isinstance(scope.node, ast.stmt) else b""
        return scope.text

    def load(self, scope: Scope) -> Scope:
        """Walk the inside of a function, once."""
        if not scope.loaded:
            build_function(self, scope)
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

    Raises `CannotParse` for everything that Python rejects, too deep nesting included.
    """
    warnings = sys.modules.get("warnings")
    filters = _warnings.filters if warnings is None else warnings.filters
    filters.insert(0, SILENT)  # what the compiler warns of is not ours to print, and as an error it would hide the file
    try:
        tree = compile(data, path, "exec", PARSE_FLAGS, dont_inherit=True)
    except SyntaxError as error:
        raise CannotParse(error.msg or "invalid syntax", error.lineno or line_of_null(data), error.offset or 0) from None
    except (RecursionError, MemoryError):
        raise CannotParse("nested too deeply for this interpreter") from None
    except ValueError as error:
        raise CannotParse(str(error), line_of_null(data)) from None
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
