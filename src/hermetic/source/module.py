"""A parsed file, walked only where something asks."""

from __future__ import annotations

import _ast as ast
import _warnings
import sys

from hermetic.source.later import Source, leave
from hermetic.source.scope import Scope, build_function, build_module
from hermetic.source.text import Text, contains, has_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from hermetic.source.later import Inside
    from hermetic.source.nodes import Placed
    from hermetic.source.scope import Binding

SILENT = ("ignore", None, Warning, None, 0)
FUTURE = b"from __future__ import _\n"
PARSE_FLAGS = 0x400  # ast.PyCF_ONLY_AST, without the import of `ast` that start-up time cannot afford


class CannotParseError(Exception):
    """A file that Python itself cannot parse. `line` and `column` are 1-based, or 0 where Python names none."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


class Module(Text):
    """One file: its bytes, its syntax tree, and its scopes.

    A function's inside is walked the first time somebody asks for it, so that a rule pays only for the functions that
    hold one of its tokens.
    """

    def __init__(  # noqa: PLR0913 - what a text has, and its insides
        self,
        path: str,
        data: bytes,
        name: str = "",
        *,
        package: bool = False,
        is_test: bool = True,
        insides: list[Inside] | None = None,
    ) -> None:
        super().__init__(path, data, name, package=package, is_test=is_test)
        source = Source(path, data, parse) if insides else None
        self.tree = source.outside(insides) if source is not None and insides else parse(data, path)
        self._spans: list[tuple[int, int]] = []  # of each function, in bytes of the plain text
        self._functions_at: dict[bytes, list[int]] = {}
        self.top: Scope = build_module(self)
        if source is not None and insides:
            leave(self, source, insides)

    @classmethod
    def of(cls, text: Text, insides: list[Inside] | None = None) -> Module:
        """Parse a file that has been looked at as text; the `insides` of its functions, where known, when asked for.

        Raises `CannotParseError`.
        """
        module = cls(text.path, text.data, text.name, package=text.package, is_test=text.is_test, insides=insides)
        module.project, module.memo, module._outline = text.project, text.memo, text._outline  # noqa: SLF001 - what its other half has worked out
        module.asked, module.asked_at = text.asked, text.asked_at
        module._plain, module._lines, module._held = text._plain, text._lines, text._held  # noqa: SLF001 - as above
        module._words, module._word_set = text._words, text._word_set  # noqa: SLF001 - as above
        module._searched = text._searched  # noqa: SLF001 - as above
        return module

    def text_of(self, node: Placed) -> bytes:
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
            if has_word(self.text(functions[number]), token)
        ]

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
            self._spans = [(starts[scope.first_line - 1], starts[scope.last_line or 1]) for scope in self.top.functions]
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

    def scopes(self) -> list[Scope]:
        """Return all scopes of the file that have been made so far."""
        found = [self.top, *self.top.functions, *self.top.classes]
        for scope in found:
            found.extend(scope.nested)
        return found

    def forget_others(self) -> None:
        """Let go of what was worked out about the scopes: some of it may refer to other files."""
        for scope in self.scopes():
            scope.memo = {}

    def close(self) -> None:
        """Let go of the tree at once: scopes refer to each other, and a run does not collect cycles."""
        for scope in self.scopes():
            scope.__dict__.clear()
        super().close()


def first_line(node: Placed) -> int:
    """Return the line on which a node starts, its decorators included."""
    decorators = getattr(node, "decorator_list", None)
    return decorators[0].lineno if decorators else node.lineno


def parse(data: bytes, path: str) -> ast.Module:
    """Parse source bytes, whatever their encoding.

    Raises `CannotParseError` for everything that Python rejects, too deep nesting included.
    """
    filters = silenced()
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


def silenced() -> list[Any]:
    """Silence warnings, and return the filters, whose first one is to be removed when that is over.

    What the compiler warns of is not ours to print, and as an error it would hide the file.
    """
    warnings = sys.modules.get("warnings")
    filters: list[Any] = getattr(warnings, "filters", _warnings.filters)
    filters.insert(0, SILENT)
    return filters


def check_syntax(data: bytes, path: str) -> None:
    """Raise `CannotParseError` for what `parse` rejects, without the tree: three fifths of its price.

    A future import of nothing that exists ends the compiler's work right behind the parser, with an error on line 1.
    """
    if not data.startswith(b"\xef\xbb\xbf") and b"coding" not in data[:400]:
        filters = silenced()
        try:
            compile(FUTURE + data, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            if error.lineno == 1 and "future" in error.msg:
                return
        except (RecursionError, MemoryError, ValueError):
            pass
        finally:
            filters.remove(SILENT)
    parse(data, path)


def line_of_null(data: bytes) -> int:
    """Return the line of the first null byte, which Python rejects without a place; 0 without one."""
    position = data.find(b"\0")
    return data.count(b"\n", 0, position) + 1 if position >= 0 else 0


def widened(module: Module, tokens: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the tokens, and the names that the file's top level binds on a line that holds one of them."""
    if not tokens:
        return tokens
    bound = module.top.memo.get("bound")
    if bound is None:
        bound = module.top.memo["bound"] = list(bound_at_import(module))
        module.top.memo["bound text"] = b"\n".join(text for _, text in bound)
    if not contains(module.top.memo["bound text"], tokens):
        return tokens
    return (*tokens, *(name for name, text in bound if contains(text, tokens)))


def bound_at_import(module: Module) -> Iterator[tuple[bytes, bytes]]:
    """Yield each name that the module or a class body binds, with the text of the line that binds it."""
    lines = module.lines
    for scope in (module.top, *module.top.classes):
        for name, bindings in scope.bindings.items():
            for binding in bindings:
                if binding.kind in ("import", "assign"):
                    yield name.encode(), lines[binding.line - 1] + b" " + imported_name(binding)


def imported_name(binding: Binding) -> bytes:
    """Return the dotted name that an import binds (the statement may spell it on a later line), b"" for others."""
    return str(binding.value).encode() if binding.kind == "import" else b""
