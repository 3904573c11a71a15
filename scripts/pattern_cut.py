"""Cut a marked block out of its file so that it can be copied alone: with its imports, its helpers and its fixtures.

What the block uses of its file comes before it, and so do fixtures of the file and of the conftest beside it. Comments
of the proof (`# leak HRM101`) stay behind. What cannot come along is the reader's: modules of the project that is
tested, and the names that the block's mark gives as such.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

OF_THE_PROOF = re.compile(r"[ \t]*# leak HRM\d{3}.*$", re.MULTILINE)


class CutError(ValueError):
    """A block cannot be cut out; the message says why."""


class Import(NamedTuple):
    """One imported name: `from module import name as local`, or without `name` `import module as local`."""

    module: str
    name: str
    local: str

    @property
    def top(self) -> str:
        """The package that it comes from."""
        return self.module.partition(".")[0]

    def is_used(self, names: set[str], code: str) -> bool:
        """Tell whether code that uses these names needs it; of two submodules that bind one name, which is meant."""
        if self.local not in names:
            return False
        return (
            bool(self.name) or "." not in self.module or re.search(rf"\b{re.escape(self.module)}\b", code) is not None
        )


class Part(NamedTuple):
    """One definition at the top of a file, and its source."""

    node: ast.stmt
    code: str


class Source:
    """A file: its definitions, its fixtures and what it imports, by name."""

    def __init__(self, text: str) -> None:
        self.imports: list[Import] = []
        self.parts: list[Part] = []
        self.by_name: dict[str, Part] = {}
        lines = text.splitlines()
        for node in ast.parse(text).body:
            if isinstance(node, ast.Import | ast.ImportFrom | ast.If):
                self.imports += imports_in(node)
                continue
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            code = OF_THE_PROOF.sub("", "\n".join(lines[first - 1 : node.end_lineno]))
            part = Part(node, code)
            self.parts.append(part)
            self.by_name |= dict.fromkeys(bound_by(node), part)

    def between(self, first: int, last: int) -> list[Part]:
        """Return the definitions in some lines. Raises CutError where one goes on below them."""
        found = [part for part in self.parts if first <= part.node.lineno <= last]
        if any((part.node.end_lineno or 0) > last for part in found):
            raise CutError("the pattern ends within a definition, so that it would be cut off")
        return found

    def needed(self, code: str) -> set[Import]:
        """Return the imports of the file that a part of its code uses."""
        names = free_names(code)
        return {each for each in self.imports if each.is_used(names, code)}

    def automatic(self) -> list[Part]:
        """Return the fixtures that run for each test of the file."""
        return [
            part for part in self.parts if is_fixture(part.node) and "autouse=True" in part.code.partition("def ")[0]
        ]


class Cut(NamedTuple):
    """A block as it can be copied, and the names in it that are the reader's own, in order."""

    code: str
    own: list[str]


def cut(source: Source, beside: Source, lines: tuple[int, int], own: Sequence[str], local: Iterable[str]) -> Cut:
    """Return what stands in some lines of a file, with all that it needs.

    `beside` is the conftest next to the file; `own` are names that are left to the reader, and `local` modules of which
    all is. Raises CutError for a block that is cut off, or that leaves what it does not use.
    """
    wanted = source.between(*lines)
    if any(is_test(part.node) for part in wanted):
        wanted += [part for part in source.automatic() if part not in wanted]
    for part in wanted:  # grows
        home = source if part in source.parts else beside
        asked = arguments_of(part.node) - set(own)
        found = [home.by_name.get(name) for name in sorted((free_names(part.code) | asked) - set(own))]
        found += [beside.by_name.get(name) for name in sorted(asked - home.by_name.keys())]
        wanted += [each for each in dict.fromkeys(found) if each is not None and each not in wanted]
    homes = [(home, [part for part in home.parts if part in wanted]) for home in (beside, source)]
    parts = [part for _, some in homes for part in some]
    if left := set(own) - free_names(joined(parts)) - {name for part in parts for name in arguments_of(part.node)}:
        raise CutError(f"the pattern does not use {', '.join(sorted(left))}")
    needed = {each for home, some in homes for each in home.needed(joined(some))}
    named = [each.local for each in needed if each.name]
    if len(set(named)) < len(named):
        raise CutError("the pattern and its conftest import one name from two places")
    theirs = sorted({each.top for each in needed} & set(local))
    head = imports_source(needed, set(theirs))
    return Cut(head + gap(None, parts[0], head) + joined(parts), [*theirs, *own])


def joined(parts: Sequence[Part]) -> str:
    """Return definitions below each other, with as many empty lines as the formatter wants."""
    pairs = zip([None, *parts], parts, strict=False)
    return "".join(gap(before, part, "above" if before else "") + part.code for before, part in pairs)


def gap(before: Part | None, part: Part, above: str) -> str:
    """Return the line ends between two definitions, or between what is above all of them and the first."""
    if not above:
        return ""
    if not isinstance(part.node, ast.Assign):
        return "\n\n\n"
    return "\n\n" if before is None else "\n" if isinstance(before.node, ast.Assign) else "\n\n\n"


def imports_in(node: ast.stmt) -> Iterator[Import]:
    """Yield what a statement imports, also for the type checker alone: a block that is copied needs no such line."""
    if isinstance(node, ast.If):
        for inner in node.body:
            yield from imports_in(inner)
    elif isinstance(node, ast.Import):
        for name, alias in ((each.name, each.asname) for each in node.names):
            yield Import(name, "", alias or name.partition(".")[0])
    elif isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
        for name, alias in ((each.name, each.asname) for each in node.names):
            yield Import(node.module, name, alias or name)


def imports_source(imports: Iterable[Import], local: set[str]) -> str:
    """Return import lines as the linter sorts them: the standard library, what is installed, and the project."""
    groups: list[set[Import]] = [set(), set(), set()]
    for each in imports:
        groups[2 if each.top in local else int(each.top not in sys.stdlib_module_names)].add(each)
    return "\n\n".join("\n".join(lines_of(group)) for group in groups if group)


def lines_of(imports: set[Import]) -> Iterator[str]:
    """Yield the lines of one group, names of one module together."""
    for each in sorted(imports):
        if not each.name:
            alias = "" if each.local == each.top else f" as {each.local}"
            yield f"import {each.module}{alias}"
    for module in sorted({each.module for each in imports if each.name}):
        names = sorted(
            (each for each in imports if each.name and each.module == module), key=lambda each: order(each.name)
        )
        shown = (each.name if each.name == each.local else f"{each.name} as {each.local}" for each in names)
        yield f"from {module} import {', '.join(shown)}"


def order(name: str) -> tuple[int, str]:
    """Return the place of a name in an import: constants, classes, then all else."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def bound_by(node: ast.stmt) -> list[str]:
    """Return the names that a statement at the top of a file binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]


def is_test(node: ast.stmt) -> bool:
    """Tell whether a definition is a test."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")


def is_fixture(node: ast.stmt) -> bool:
    """Tell whether a definition is a fixture."""
    return any("fixture" in ast.unparse(each) for each in getattr(node, "decorator_list", []))


def arguments_of(node: ast.stmt) -> set[str]:
    """Return the fixtures that a test or a fixture asks for."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (is_test(node) or is_fixture(node)):
        return {each.arg for each in node.args.args}
    return set()


def free_names(code: str) -> set[str]:
    """Return the names that code uses, and neither binds nor finds among the builtins."""
    table = symtable.symtable(code, "pattern", "exec")
    return {name for name in global_names(table) if not hasattr(builtins, name)} - {
        symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()
    }


def global_names(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield the names that a scope, or one within it, reads from the file or from the builtins."""
    at_top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (at_top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from global_names(child)
