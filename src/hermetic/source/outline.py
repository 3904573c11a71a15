"""A file's top level, seen as text: which names it defines, and which of them lead to a token.

An import is followed only where the name that it brings leads to something that a rule looks for. That is decided
here, without a tree, for files of the code under test as well. In doubt a name leads there: the rule then looks at the
tree and decides.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source.scope import bind_import, bind_import_from
from hermetic.source.text import WORDS, contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.text import Text

IMPORT = b"import "
INSIDE = (
    b" ",
    b"\t",
    b"#",
    b")",
    b"]",
    b"}",
    b"\x0c",
    b"\\",
)  # how lines start that start no statement of the top level
DOTTED = bytes(sign if sign in b"(." else word for sign, word in enumerate(WORDS))
SPECIAL = (b"__init__", b"__post_init__", b"__enter__", b"__aenter__", b"__new__", b"setUp", b"setup", b"asyncSetUp")
INDENTS = (b" ", b"\t")
LISTED = bytes.maketrans(b"()*", b"   ")
QUOTES = (b'"""', b"'''")
DEFINERS = (b"def ", b"async def ", b"class ")
COMPOUND = (
    b"if ",
    b"try:",
    b"else",
    b"elif ",
    b"except",
    b"finally",
    b"with ",
    b"for ",
    b"while ",
    b"match ",
    b"case ",
)


class Block:
    """One statement of the top level: the names that it binds, and its text."""

    __slots__ = ("_uses", "names", "text")

    def __init__(self, parts: list[bytes]) -> None:
        text = b"".join(parts)
        self.text = run_by_users(text) if len(parts) == 1 and text.startswith(b"class ") else text
        self.names = frozenset(name for part in parts for name in names_of(part) if name)
        self._uses: set[bytes] | None = None

    @property
    def uses(self) -> set[bytes]:
        """The names that the text calls, or calls something of, and those in a definition's decorators and header."""
        if self._uses is None:
            self._uses = set()
            if self.text.startswith((b"@", *DEFINERS)):
                header = self.text.partition(b":\n")[0].translate(DOTTED).replace(b"(", b" ")
                self._uses = {word.partition(b".")[0] for word in header.split()}
            for part in self.text.translate(DOTTED).split(b"(")[:-1]:
                if part and part[-1:] != b" ":
                    self._uses.add(part.rpartition(b" ")[2].partition(b".")[0])
        return self._uses


class Outline:
    """The top level of one file."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self._blocks: list[Block] | None = None
        self._imports: list[tuple[str, str]] | None = None
        self._located: list[tuple[str, str, str, bytes]] | None = None
        self._called: frozenset[str] | None = None

    @property
    def blocks(self) -> list[Block]:
        """The statements of the top level, in order."""
        if self._blocks is None:
            self._blocks = [Block(parts) for parts in statements(self.text.plain)]
        return self._blocks

    def names_leading_to(self, tokens: tuple[bytes, ...], known: frozenset[bytes] = frozenset()) -> frozenset[bytes]:
        """Return the names whose text holds a token, or calls a name that leads to one, or one of `known`."""
        leading = set(known)
        waiting = []
        for block in self.blocks:
            if contains(block.text, tokens):
                leading.update(block.names)
            else:
                waiting.append(block)
        grown = bool(leading)
        while grown:
            grown = False
            for block in waiting[:]:
                if not leading.isdisjoint(block.uses):
                    waiting.remove(block)
                    grown = grown or not leading.issuperset(block.names)
                    leading.update(block.names)
        return frozenset(leading)

    @property
    def imports(self) -> list[tuple[str, str]]:
        """`(local name, dotted name)` of what the file imports from the project; `*` stands for a star.

        In a test file or conftest the imports inside functions count as well; what others import there, they keep.
        """
        if self._imports is None:
            everywhere = self.text.is_test or self.text.path.endswith("conftest.py")
            self._imports = brought_by(self.text, list(imports_in(self.text, everywhere=everywhere)))
        return self._imports

    @property
    def located(self) -> list[tuple[str, str, str, bytes]]:
        """`imports`, each with the project file that it comes from and the name inside that; others left out."""
        if self._located is None:
            self._located = []
            project = self.text.project
            for local, dotted in self.imports if project is not None else ():
                place = project.locate(dotted, self.text.folder) if project is not None else None
                if place is not None:
                    self._located.append((local, dotted, place[0], place[1].encode()))
        return self._located

    @property
    def called(self) -> frozenset[str]:
        """The first names of what the file calls, as `a` in `a.b()`, and perhaps others."""
        if self._called is None:
            self._called = frozenset(called_names(self.text.plain))
        return self._called


def called_names(text: bytes) -> Iterator[str]:
    """Yield the first word of what stands in front of each opening parenthesis, across line ends."""
    for part in text.translate(DOTTED).split(b"(")[:-1]:
        before, _, word = part.rstrip(b" ").rpartition(b" ")
        while before and (word.startswith(b".") or before.rstrip(b" ").endswith(b".")):
            before, _, word = before.rstrip(b" ").rpartition(b" ")
        yield word.partition(b".")[0].decode("utf-8", "replace")


def statements(text: bytes) -> Iterator[list[bytes]]:
    """Yield the text of each statement of the top level, in parts: where a long string holds what looks like others."""
    parts: list[bytes] = []
    start = place = 0
    decorated = False
    for line in text.split(b"\n"):
        if line and not line.startswith(INSIDE):
            if not decorated and place > start:
                parts.append(text[start:place])
                start = place
                if is_whole(parts):
                    yield parts
                    parts = []
            decorated = line.startswith(b"@")
        place += len(line) + 1
    yield [*parts, text[start:]]


def run_by_users(text: bytes) -> bytes:
    """Return what of a class runs when it is called, or when tests inherit from it; other methods are not followed."""
    head, *methods = text.replace(b"\n    async def ", b"\n    def ").split(b"\n    def ")
    chosen = [head]
    waiting: list[bytes] = []
    for number, method in enumerate(methods):
        before = head if not number else methods[number - 1]
        decorated = b"fixture" in before.rpartition(b"\n    @")[2] and b"\n    @" in before
        (chosen if decorated or method.startswith(SPECIAL) else waiting).append(method)
    grown = True
    while grown:
        called = [method for method in waiting if b"." + first_word(method) + b"(" in b"".join(chosen)]
        grown = bool(called)
        chosen += called
        waiting = [method for method in waiting if method not in called]
    return b"\n".join(chosen)


def is_whole(parts: list[bytes]) -> bool:
    """Tell whether every long string that starts in a text ends there."""
    return not any(sum(part.count(quotes) for part in parts) % 2 for quotes in QUOTES)


def names_of(text: bytes) -> tuple[bytes, ...]:
    """Return the names that a statement of the top level binds, those inside an `if` or `try` too."""
    if text.startswith((b"@", *DEFINERS)):
        return defined_names(text)
    if text.startswith((IMPORT, b"from ")):
        return imported_names(text)
    if text.startswith(COMPOUND):
        lines = (line.lstrip() for line in text.split(b"\n")[1:])
        return tuple(name for line in lines if line and not line.startswith(COMPOUND) for name in names_of(line))
    targets, equals, _ = text.partition(b"\n")[0].rpartition(b"=")
    return tuple(targets.translate(WORDS).split()) if equals else ()


def defined_names(text: bytes) -> tuple[bytes, ...]:
    """Return the name of a function or class, and the one under which a fixture is requested."""
    for opening in DEFINERS:
        head, found, rest = (b"\n" + text).partition(b"\n" + opening)
        if found:
            return (first_word(rest), *quoted_after(head, b"name"))
    return ()


def first_word(text: bytes) -> bytes:
    """Return the name that a text starts with."""
    words = text[:200].translate(WORDS).split(b" ", 1)
    return words[0]


def quoted_after(text: bytes, keyword: bytes) -> Iterator[bytes]:
    """Yield the strings that a decorator gives for a keyword: the name under which a fixture is requested."""
    for part in text.split(keyword)[1:]:
        value = part.lstrip(b" =")
        if value[:1] in (b'"', b"'"):
            yield value[1:].partition(value[:1])[0]


def imported_names(statement: bytes) -> tuple[bytes, ...]:
    """Return the local names of an import statement; a star brings none that can be told here."""
    names = statement.partition(IMPORT)[2].translate(LISTED)
    words = [part.split() for part in names.split(b",")]
    return tuple(part[-1].partition(b".")[0] for part in words if part)


def imports_in(text: Text, *, everywhere: bool) -> Iterator[bytes]:
    """Yield the import statements of a file, or only those of its top level, that may name files of the project."""
    plain = text.plain
    project = text.project
    place = plain.find(IMPORT)
    while place >= 0 and project is not None:
        start = plain.rfind(b"\n", 0, place) + 1
        statement = plain[start:place].lstrip()
        end = plain.find(b"\n", place)
        is_inside = plain[start : start + 1] in INDENTS and not everywhere
        if not is_inside and (not statement or statement.startswith(b"from ")):
            line = plain[start : end if end >= 0 else len(plain)]
            parts = [statement[5:]] if statement else line.lstrip()[len(IMPORT) :].split(b",")
            heads = {part.partition(b".")[0].partition(b" as ")[0].strip().decode("utf-8", "replace") for part in parts}
            if any(project.is_own(head, text.folder) for head in heads):
                yield whole_import(plain, start, line)
        place = plain.find(IMPORT, place + 1)


def whole_import(plain: bytes, start: int, line: bytes) -> bytes:
    """Return an import statement of one or more lines, without its indentation."""
    if b"(" in line:
        end = plain.find(b")", start)
        return plain[start : end + 1].lstrip() if end >= 0 else b""
    while line.endswith(b"\\"):
        end = plain.find(b"\n", start + len(line) + 1)
        longer = plain[start : end if end >= 0 else len(plain)]
        if len(longer) <= len(line):
            break
        line = longer
    return line.strip().partition(b";")[0]


class Bound:
    """Takes what an import binds, as a scope does."""

    __slots__ = ("found", "module")

    def __init__(self, module: Text) -> None:
        self.module = module
        self.found: list[tuple[str, str]] = []

    def bind(self, name: str, _kind: str, value: object, _line: int) -> None:
        """Note a name."""
        self.found.append((name, str(value)))


def brought_by(text: Text, statements: list[bytes]) -> list[tuple[str, str]]:
    """Return what import statements bind: compiled at once, or each alone where some only look like imports."""
    found = brought(text, b"\n".join(statements))
    if found is None:
        parts = (brought(text, statement) for statement in statements)
        found = [item for part in parts for item in part or ()]
    return found


def brought(text: Text, statements: bytes) -> list[tuple[str, str]] | None:
    """Return what the import statements in a text bind; None when it cannot be compiled."""
    try:
        tree = compile(statements, "<import>", "exec", 0x400, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    bound = Bound(text)
    for node in tree.body:  # type: ignore[attr-defined]
        if isinstance(node, ast.Import):
            bind_import(bound, node)  # type: ignore[arg-type]
        elif isinstance(node, ast.ImportFrom):
            bind_import_from(bound, node)  # type: ignore[arg-type]
    return bound.found
