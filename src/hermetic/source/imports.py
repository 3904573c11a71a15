"""The import statements of a file, seen as text: where they stand, what they bring, and from which file."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source.binders import bind_import, bind_import_from
from hermetic.source.text import DEFINERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.text import Text

IMPORT = b"import"
LISTED = bytes.maketrans(b"()*", b"   ")
MAX_HOPS = 4  # re-exports of re-exports


def is_import(text: bytes) -> bool:
    """Tell whether a statement imports."""
    return text.startswith((b"import ", b"from "))


def imported_names(statement: bytes) -> tuple[bytes, ...]:
    """Return the local names of an import statement; a star brings none that can be told here."""
    plain = b" ".join(line.partition(b"#")[0] for line in statement.split(b"\n"))
    words = [part.split() for part in plain.partition(IMPORT)[2].translate(LISTED).split(b",")]
    return tuple(part[-1].partition(b".")[0] for part in words if part)


def imports_in(text: Text, *, everywhere: bool = False) -> Iterator[bytes]:
    """Yield the import statements of a file that may name files of the project.

    Those inside functions count in test files and conftests; what others import there, they keep to themselves. With
    `everywhere` they count in all files.
    """
    plain = text.plain
    project = text.project
    everywhere = everywhere or text.is_test or text.path.endswith("conftest.py")
    place = plain.find(IMPORT)
    while place >= 0 and project is not None:
        start = plain.rfind(b"\n", 0, place) + 1
        before = plain[start:place]
        opening = max(before.rfind(b";"), before.rfind(b":")) + 1  # `try: import a`
        statement = before[opening:].lstrip()
        if (not statement or statement.startswith(b"from ")) and (everywhere or is_outside(plain, start)):
            whole = whole_import(plain, place - len(statement))
            heads = [statement[5:]] if statement else whole[len(IMPORT) :].split(b",")
            named = {head.partition(b".")[0].partition(b" as ")[0].strip().decode("utf-8", "replace") for head in heads}
            if any(project.is_own(name, text.folder) for name in named):
                yield whole
        place = plain.find(IMPORT, place + 1)


def is_outside(plain: bytes, start: int) -> bool:
    """Tell whether the line that starts here is in no function or class: at the margin, or below an `if` or `try`."""
    while plain[start : start + 1] in (b" ", b"\t", b"\n", b"#", b")"):
        if not start:
            return True
        start = plain.rfind(b"\n", 0, start - 1) + 1
    return not plain[start : start + 10].startswith((b"@", *DEFINERS))


def whole_import(plain: bytes, start: int) -> bytes:
    """Return the import statement that starts here, of one or more lines, without its comments."""
    parts: list[bytes] = []
    opened = 0
    while start < len(plain):
        end = plain.find(b"\n", start)
        end = end if end >= 0 else len(plain)
        part = plain[start:end].partition(b"#")[0].partition(b";")[0].strip()
        start = end + 1
        parts.append(part.removesuffix(b"\\"))
        opened += part.count(b"(") - part.count(b")")
        if opened <= 0 and not part.endswith(b"\\"):
            break
    return b" ".join(parts).strip()


class Bound:
    """Takes what an import binds, as a scope does."""

    __slots__ = ("found", "module")

    def __init__(self, module: Text) -> None:
        self.module = module
        self.found: list[tuple[str, str]] = []

    def bind(self, name: str, _kind: str, value: object, _line: int) -> None:
        """Note a name."""
        self.found.append((name, str(value)))


def brought_by(text: Text, statements: list[bytes]) -> tuple[list[tuple[str, str]], bool]:
    """Return what import statements bind, and whether all of them could be read.

    They are compiled at once, or each alone where some only look like imports.
    """
    found = bound_by(text, b"\n".join(statements))
    if found is not None:
        return found, True
    parts = [bound_by(text, statement) for statement in statements]
    return [item for part in parts for item in part or ()], None not in parts


def bound_by(text: Text, statements: bytes) -> list[tuple[str, str]] | None:
    """Return what the import statements in a text bind; None when it cannot be compiled."""
    try:
        tree = compile(statements, "<import>", "exec", 0x400, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    assert isinstance(tree, ast.Module)  # noqa: S101 - tells the type checker what the flag promises
    bound = Bound(text)
    for node in tree.body:
        if isinstance(node, ast.Import):
            bind_import(bound, node)
            inner = (item.name for item in node.names if "." in item.name and not item.asname)
            bound.found.extend((name.partition(".")[0], name) for name in inner)  # `shop.till.open()` leads there
        elif isinstance(node, ast.ImportFrom):
            bind_import_from(bound, node)
    return bound.found


def located_in(text: Text) -> list[tuple[str, str, bytes]]:
    """Return `(local name, file, name in it)` of what a file imports from the project, in its functions too.

    What a file only passes on is that of the file behind it.
    """
    known: list[tuple[str, str, bytes]] | None = text.memo.get("located behind")
    project = text.project
    if known is None and project is not None:
        found = [(local, *origin(project, path, name)) for local, path, name in located_near(text)]
        known = text.memo["located behind"] = found
    return known or []


def located_near(text: Text) -> list[tuple[str, str, bytes]]:
    """Return what `located_in` does, before it looks behind files that pass something on."""
    known: list[tuple[str, str, bytes]] | None = text.memo.get("located everywhere")
    project = text.project
    if known is None and project is not None:
        found = brought_by(text, list(imports_in(text, everywhere=True)))[0]
        places = ((local, project.locate(dotted, text.folder)) for local, dotted in found)
        known = [(local, place[0], place[1].encode()) for local, place in places if place is not None]
        text.memo["located everywhere"] = known
    return known or []


def origin(project: Project, path: str, name: bytes) -> tuple[str, bytes]:
    """Return the file that defines a name which another one imports, and what it is called there."""
    if not name:
        return path, name
    known: dict[tuple[str, bytes], tuple[str, bytes]] = project.about("origin")
    found = known.get((path, name))
    if found is None:
        found = known[path, name] = find_origin(project, path, name)
    return found


def find_origin(project: Project, path: str, name: bytes) -> tuple[str, bytes]:
    """Work out what `origin` returns."""
    for _ in range(MAX_HOPS):
        text = project.text(path)
        local = name.decode("utf-8", "replace")
        found = next((item for item in located_near(text) if item[0] == local and item[2]), None) if text else None
        if found is None:
            break
        _, path, name = found
    return path, name


def any_around(module: Module, project: Project, condition: Callable[[Text], bool]) -> bool:
    """Tell whether a condition holds for a file, one that gives it fixtures, or one that these import in turn."""
    starts = (os.path.abspath(item.path) for item in reversed(project.providers(module)))
    return any(holds_behind(path, project, condition) for path in starts)


def holds_behind(start: str, project: Project, condition: Callable[[Text], bool]) -> bool:
    """Tell whether a condition holds for a file, or for one that it imports in turn; each is asked once in a run."""
    known: dict[str, bool] = project.about("around", condition.__name__)
    users: dict[str, str] = {}  # by which file each one was found
    pending = [(start, "")]
    while pending:
        path, user = pending.pop()
        if path in users or known.get(path) is False:
            continue
        users[path] = user
        text = project.text(path) if path not in known else None
        if path in known or (text is not None and condition(text)):
            while path:
                known[path] = True
                path = users[path]
            return True
        pending.extend((there, path) for _, there, _ in (located_in(text) if text is not None else ()))
    known.update(dict.fromkeys(users, False))
    return False
