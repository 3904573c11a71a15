"""The functions, methods and other statements of a file as text: what each binds, and what it calls."""

from __future__ import annotations

from hermetic.source.imports import is_import
from hermetic.source.text import DEFINERS, WORDS, contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.outline import Block
    from hermetic.source.text import Text

    Names = frozenset[bytes]

CALLS = bytes(sign if sign == ord("(") else word for sign, word in enumerate(WORDS))
# What is given functions to call, by `run_later` of the visits.
HANDING = (b"target=", b"submit", b"run_in_executor", b"to_thread", b"call_soon", b"run_sync", b"start_soon")
# No names of functions: what annotations have.
PLAIN = frozenset({
    b"str", b"int", b"float", b"bool", b"bytes", b"list", b"dict", b"set", b"tuple", b"type", b"object", b"None",
    b"True", b"False", b"if", b"else", b"return", b"def", b"for", b"in", b"is", b"not", b"and", b"or", b"import",
})  # fmt: skip
CONSTRUCTING = (b"__init__", b"__post_init__")


class Unit:
    """A function, method or statement of the top level: what it binds, and what it calls or gives another name."""

    __slots__ = ("calls", "is_method", "names", "raw")

    def __init__(self, names: Names, raw: bytes, calls: Names, *, is_method: bool = False) -> None:
        self.names = names
        self.raw = raw
        self.calls = calls
        self.is_method = is_method


def calls_in(raw: bytes) -> Names:
    """Return the last names of what a text calls or gives another name; all of its words where it hands calls on."""
    if contains(raw, HANDING):
        return frozenset(raw.translate(WORDS).split())
    found = {part.rstrip(b" ").rpartition(b" ")[2] for part in raw.translate(CALLS).split(b"(")[:-1]}
    if b"import " in raw and b" as " in raw:
        found.update(old for old, _ in renamed_imports(raw))
    return frozenset(found | renamed_in(raw))


def renamed_imports(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield `(name, other name)` for each `a as b` of a text."""
    words = raw.translate(WORDS).split()
    for before, word, behind in zip(words, words[1:], words[2:], strict=False):
        if word == b"as":
            yield before, behind


def renamed_in(raw: bytes) -> set[bytes]:
    """Return the words at the right of the assignments in a text that call nothing."""
    found: set[bytes] = set()
    place = raw.find(b"= ")
    while place >= 0:
        end = raw.find(b"\n", place)
        line = raw[place : end if end >= 0 else len(raw)]
        if b"(" not in line or b" if " in line:
            found.update(line.translate(WORDS).split())
        place = raw.find(b"= ", place + len(line))
    return found


def units_of(text: Text) -> tuple[list[Unit], list[Unit]]:
    """Return the functions and methods of a file, and the statements that may give them other names."""
    known: tuple[list[Unit], list[Unit]] | None = text.memo.get("units")
    if known is None:
        found: tuple[list[Unit], list[Unit]] = ([], [])
        known = text.memo["units"] = found
        for block in text.outline.blocks:
            whole = block.whole
            if is_import(whole):
                known[1].extend(
                    Unit(frozenset((new,)), whole, frozenset((old,))) for old, new in renamed_imports(whole)
                )
                continue
            if whole.startswith((b"@", b"class ")) and (b"\n" + whole).find(b"\nclass ") >= 0:
                for unit in units_of_class(block):
                    known[not unit.is_method].append(unit)
            elif whole.startswith((b"@", *DEFINERS)):
                known[0].append(Unit(block.names, whole, calls_in(whole)))
            else:
                compound = b"\n" in whole.rstrip() and b"def " in whole
                calls = calls_in(whole) if compound else frozenset(renamed_in(whole))
                known[1].append(Unit(block.names - PLAIN, whole, calls))
    return known


def units_of_class(block: Block) -> Iterator[Unit]:
    """Yield the methods of a class, of which the constructor stands for the class, and what it says of its bases."""
    names = block.names
    for name, text in block.members:
        if name:
            mine = names | {name} if name in CONSTRUCTING else frozenset((name,))
            yield Unit(mine, text, calls_in(text), is_method=True)
            continue
        lines = [line.partition(b"=")[0].split() for line in text.split(b"\n") if b"=" in line and b"(" not in line]
        bases = text.partition(b":")[0] if b"class " in text else b""
        calls = renamed_in(text) | set(bases.translate(WORDS).split())
        yield Unit(names | ({line[0] for line in lines if line} - PLAIN), text, frozenset(calls))
