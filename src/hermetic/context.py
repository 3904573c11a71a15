"""What stands around a finding, and the identity that follows from it: one that survives when lines move."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Mapping

    from hermetic.finding import Finding

CODED = 400  # bytes at the start of a file, in which it may name its encoding
QUOTES = "\"'"


class Sources:
    """The lines of files, each read once. `held` are files that are not as they are on disk, by path."""

    def __init__(self, held: Mapping[str, bytes] | None = None) -> None:
        self.held = held or {}
        self._lines: dict[str, list[str]] = {}
        self._plain: dict[str, list[bytes] | None] = {}
        self._scopes: dict[str, list[tuple[int, int, str]]] = {}

    def data(self, path: str) -> bytes:
        """Return the bytes of a file, none where it cannot be read any more."""
        if path in self.held:
            return self.held[path]
        try:
            with open(path, "rb") as file:
                return file.read()
        except (OSError, ValueError):  # the latter for a path that no file can have
            return b""

    def lines(self, path: str) -> list[str]:
        """Return the lines of a file, as Python counts them."""
        if path not in self._lines:
            self._lines[path] = split(self.data(path))
        return self._lines[path]

    def line(self, finding: Finding) -> str:
        """Return the line that a finding points at, "" when it cannot be read any more."""
        if not finding.line:
            return ""
        path = finding.path
        if path not in self._plain:
            self._plain[path] = plain_lines(self.data(path))
        plain = self._plain[path]
        lines: list[bytes] | list[str] = self.lines(path) if plain is None else plain
        line = lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""
        return line if isinstance(line, str) else line.decode()

    def scope(self, finding: Finding) -> str:
        """Return the function or class around a finding, such as `TestOrder.test_sum`; "" at the top of a file."""
        if not finding.line:
            return ""
        if finding.path not in self._scopes:
            self._scopes[finding.path] = scopes(self.data(finding.path))
        around = [name for first, last, name in self._scopes[finding.path] if first <= finding.line <= last]
        return around[-1] if around else ""


class Identity:
    """What a finding is told apart by, wherever in its file it moves: code, scope, code of its line, and a number.

    `text` is a hash of the line without white space and comment. `number` counts equal ones from 1, in their order.
    """

    __slots__ = ("code", "number", "scope", "text")

    def __init__(self, code: str, scope: str, text: str, number: int) -> None:
        self.code = code
        self.scope = scope
        self.text = text
        self.number = number

    def fingerprint(self, path: str) -> str:
        """Return 32 hexadecimal digits that no other finding has in a run."""
        return digest(f"{path}\0{self.code}\0{self.scope}\0{self.text}\0{self.number}", 32)


def identities(findings: Iterable[Finding], sources: Sources) -> list[Identity]:
    """Return the identity of each finding; they have to be in the order of their places."""
    counts: dict[tuple[str, str, str, str], int] = {}
    found = []
    for item in findings:
        scope, text = sources.scope(item), digest(bare(sources.line(item)), 12)
        key = (item.path, item.code, scope, text)
        counts[key] = counts.get(key, 0) + 1
        found.append(Identity(item.code, scope, text, counts[key]))
    return found


def digest(text: str, length: int) -> str:
    """Return the first hexadecimal digits of a hash."""
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def bare(line: str) -> str:
    """Return a line without its comment and all white space, so that neither a formatter nor a remark changes it.

    Not by the tokenizer: its tokens differ between versions of Python, and an identity must not.
    """
    quote, kept = "", ""
    escaped = False
    for character in line:
        if not quote and character == "#":
            break
        if quote and not escaped and character == quote:
            quote = ""
        elif not quote and character in QUOTES:
            quote = character
        escaped = bool(quote) and character == "\\" and not escaped
        kept += character
    return "".join(kept.split())


def scopes(data: bytes) -> list[tuple[int, int, str]]:
    """Return (first line, last line, name) of each function and class, the outer ones first."""
    from hermetic.source.module import CannotParseError, parse
    from hermetic.source.scope import DEFINITIONS

    try:
        tree = parse(data, "")
    except CannotParseError:
        return []
    found: list[tuple[int, int, str]] = []
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    for node, name in pending:  # it grows: level by level
        for child in children(node):
            inner = name
            if isinstance(child, DEFINITIONS):
                inner = f"{name}.{child.name}" if name else child.name
                lines = [child.lineno, *(decorator.lineno for decorator in child.decorator_list)]
                found.append((min(lines), child.end_lineno or child.lineno, inner))
            pending.append((child, inner))
    return found


def children(node: ast.AST) -> list[ast.AST]:
    """Return the statements within a statement, with what holds them: the clauses of `try` and `match`."""
    found: list[ast.AST] = []
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        value = getattr(node, field, None)
        found.extend(value if isinstance(value, list) else ())
    return found


def plain_lines(data: bytes) -> list[bytes] | None:
    """Return the lines of a file that is plain ASCII, as most are; None for others, which take longer to read."""
    return data.split(b"\n") if data.isascii() and b"\r" not in data and b"coding" not in data[:CODED] else None


def split(data: bytes) -> list[str]:
    """Return the lines of a Python file, as Python counts them."""
    text = decoded(data.removeprefix(b"\xef\xbb\xbf"))
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def decoded(data: bytes) -> str:
    """Return the text of a Python file: UTF-8, unless a comment at its start names another encoding."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        import io
        import tokenize

        try:
            encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        except SyntaxError:
            encoding = "utf-8"
        return data.decode(encoding, "replace")


def slashed(path: str) -> str:
    """Return a path as reports and baselines write it, on every system."""
    return path.replace(os.sep, "/")
