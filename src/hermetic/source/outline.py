"""A file's top level, seen as text: which names it defines, what each of them mentions, and what it imports.

An import is followed only where the name that it brings leads to something that a rule looks for. That is decided
here and in `leading`, without a tree, for files of the code under test as well. In doubt a name leads there: the rule
then looks at the tree and decides.
"""

from __future__ import annotations

from hermetic.source.imports import IMPORT, brought_by, imported_names, imports_in, is_import
from hermetic.source.text import DEFINERS, WORDS, contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.text import Text

NAME = b"name"
# How lines start that start no statement of the top level.
INSIDE = (b" ", b"\t", b"#", b")", b"]", b"}", b"\\")
MARGIN = frozenset(sign[0] for sign in INSIDE)
BLANKS = b" \t\r\x0b\x0c"  # an empty piece is among them
DOTTED = bytes(sign if sign in b"(." else word for sign, word in enumerate(WORDS))
QUOTES = (b'"""', b"'''")
COMPOUND = frozenset({
    b"if", b"try", b"else", b"elif", b"except", b"finally", b"with", b"for", b"while", b"match", b"case", b"async",
})  # fmt: skip
# Methods that run when a class is called, or when tests inherit from it.
SPECIAL = (b"__init__", b"__post_init__", b"__enter__", b"__aenter__", b"__new__", b"setUp", b"setup", b"asyncSetUp")


class Located:
    """An import from the project: its local and dotted name, the file, and the name inside that (b"" for all of it)."""

    __slots__ = ("dotted", "local", "name", "path")

    def __init__(self, local: str, dotted: str, path: str, name: bytes) -> None:
        self.local = local
        self.dotted = dotted
        self.path = path
        self.name = name


class Block:
    """One statement of the top level: the names that it binds, its text, and the words of it."""

    __slots__ = ("_members", "names", "text", "whole", "words")

    def __init__(self, parts: list[bytes]) -> None:
        text = self.whole = b"".join(parts)
        self._members: list[tuple[bytes, bytes]] | None = None
        self.text = run_by_users(self.members) if len(parts) == 1 and text.startswith(b"class ") else text
        self.names = frozenset(name for part in parts for name in names_of(part))
        # An import brings names from elsewhere; what it says about them is known from there.
        self.words = frozenset() if is_import(text) else frozenset(self.text.translate(WORDS).split())

    @property
    def members(self) -> list[tuple[bytes, bytes]]:
        """`(name, text)` of the methods of a class, and b"" with everything else."""
        if self._members is None:
            self._members = list(members_of(self.whole))
        return self._members


class Outline:
    """The top level of one file."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self._blocks: list[Block] | None = None
        self._users: dict[bytes, list[Block]] = {}
        self._imports: list[tuple[str, str]] | None = None
        self._located: list[Located] | None = None
        self._called: frozenset[str] | None = None
        self.is_readable = True  # whether all that looks like an import could be read

    @property
    def blocks(self) -> list[Block]:
        """The statements of the top level, in order."""
        if self._blocks is None:
            self._blocks = [Block(parts) for parts in statements(self.text.plain)]
            bound = {name for block in self._blocks for name in block.names}
            for block in self._blocks:
                for name in bound & block.words:
                    self._users.setdefault(name, []).append(block)
        return self._blocks

    def names_leading_to(
        self, tokens: tuple[bytes, ...], brought: frozenset[bytes] = frozenset(), *, own: bool = True
    ) -> frozenset[bytes]:
        """Return the names whose text holds a token (`own`), or mentions a name that leads to one, or one of `brought`.

        The brought names are among them.
        """
        leading = set(brought)
        held = tuple(token for token in tokens if self.text.holds((token,))) if own else ()
        for block in self.blocks:
            if (held and contains(block.text, held)) or not brought.isdisjoint(block.words):
                leading |= block.names
        pending = list(leading)
        while pending:
            for block in self._users.get(pending.pop(), ()):
                pending.extend(block.names - leading)
                leading |= block.names
        return frozenset(leading)

    @property
    def imports(self) -> list[tuple[str, str]]:
        """`(local name, dotted name)` of what the file imports from the project; `*` stands for a star."""
        if self._imports is None:
            self._imports, self.is_readable = brought_by(self.text, list(imports_in(self.text)))
        return self._imports

    @property
    def located(self) -> list[Located]:
        """`imports`, each with the project file that it comes from and the name inside that; others left out."""
        if self._located is None:
            self._located = []
            project = self.text.project
            for local, dotted in self.imports if project is not None else ():
                place = project.locate(dotted, self.text.folder) if project is not None else None
                if place is not None:
                    self._located.append(Located(local, dotted, place[0], place[1].encode()))
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
    """Yield the text of each statement of the top level, in parts: where a long string holds what looks like others.

    A line that binds nothing belongs to what stands above it: it may be a parameter that is not indented.
    """
    parts: list[bytes] = []
    start = place = 0
    odd = [0, 0]
    decorated = False
    text = text.replace(b"\x0c", b"")  # a form feed stands in front of code that starts at the margin
    lines = text.split(b"\n")
    passed = 0  # lines whose length is in `place`
    for number in [number for number, line in enumerate(lines) if line and line[0] not in MARGIN]:
        line = lines[number]
        if decorated or starts_statement(line):
            place += sum(map(len, lines[passed:number])) + number - passed
            passed = number
            if not decorated and place > start:
                parts.append(text[start:place])
                odd = [(before + parts[-1].count(quotes)) % 2 for before, quotes in zip(odd, QUOTES, strict=True)]
                start = place
                if not any(odd):
                    yield parts
                    parts = []
            decorated = line.startswith(b"@")
    yield [*parts, text[start:]]


def starts_statement(line: bytes) -> bool:
    """Tell whether a line of the top level may start a statement that binds names."""
    return b"=" in line or line.startswith((b"@", b"from ", IMPORT, *DEFINERS)) or first_word(line) in COMPOUND


def run_by_users(members: list[tuple[bytes, bytes]]) -> bytes:
    """Return what of a class runs when it is called, or when tests inherit from it, or can be called without an object.

    Methods of objects are followed only where one of these mentions them.
    """
    chosen = [member for name, member in members if not name or name.startswith(SPECIAL) or member.lstrip()[:1] == b"@"]
    waiting: dict[bytes, list[bytes]] = {}
    for name, member in members:
        if name and not (name.startswith(SPECIAL) or member.lstrip()[:1] == b"@"):
            waiting.setdefault(name, []).append(member)
    pending = chosen[:]
    while pending and waiting:
        for word in waiting.keys() & set(pending.pop().translate(WORDS).split()):
            called = waiting.pop(word)
            chosen += called
            pending += called
    return b"\n".join(chosen)


def members_of(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield `(name, text)` of the methods of a class, and b"" with everything else."""
    indent = b""
    member: list[bytes] = []
    name, decorated = b"", False
    width = 0
    for line in text.split(b"\n"):
        # Most lines stand deeper than the members, or are empty.
        if indent and (line[width : width + 1] in BLANKS or not line.startswith(indent)):
            member.append(line)
            continue
        bare = line.lstrip()
        inner = line[: len(line) - len(bare)]
        if not indent and inner and bare and not bare.startswith(b"#"):
            indent, width = inner, len(inner)
        if inner == indent and indent and bare.startswith((b"@", b"def ", b"async def ")):
            if not decorated:
                yield name, b"\n".join(member)
                member, name = [], b""
            decorated = bare.startswith(b"@")
            if not decorated:
                name = first_word(bare.partition(b"def ")[2])
        elif inner == indent and bare and not decorated and not bare.startswith(INSIDE) and name:
            yield name, b"\n".join(member)
            member, name = [], b""
        member.append(line)
    yield name, b"\n".join(member)


def names_of(text: bytes) -> tuple[bytes, ...]:
    """Return the names that a statement of the top level binds, those inside an `if` or `try` too."""
    if text.startswith((b"@", *DEFINERS)):
        return defined_names(text)
    if is_import(text):
        return imported_names(text)
    if first_word(text) in COMPOUND:
        lines = (line.lstrip() for line in text.split(b"\n")[1:])
        return tuple(name for line in lines for name in (inner_names(line) if line else ()))
    targets, equals, _ = text.partition(b"\n")[0].rpartition(b"=")
    return tuple(targets.translate(WORDS).split()) if equals else ()


def inner_names(line: bytes) -> tuple[bytes, ...]:
    """Return the names that a line inside a compound statement binds."""
    if line.startswith(b"@"):
        return tuple(quoted_after(line, NAME))
    return names_of(line) if first_word(line) not in COMPOUND else ()


def defined_names(text: bytes) -> tuple[bytes, ...]:
    """Return the name of a function or class, and the one under which a fixture is requested."""
    for opening in DEFINERS:
        head, found, rest = (b"\n" + text).partition(b"\n" + opening)
        if found:
            return (first_word(rest), *quoted_after(head, NAME))
    return ()


def first_word(text: bytes) -> bytes:
    """Return the name that a text starts with."""
    words = text[:200].translate(WORDS).split(b" ", 1)
    return words[0]


def quoted_after(text: bytes, keyword: bytes) -> Iterator[bytes]:
    """Yield the strings that a decorator gives for a keyword: the name under which a fixture is requested.

    Where that is not written out, b"" stands for any name.
    """
    for part in text.split(keyword)[1:]:
        value = part.lstrip(b" ")
        if value.startswith(b"="):
            value = value.lstrip(b" =")
            yield value[1:].partition(value[:1])[0] if value[:1] in (b'"', b"'") else b""
