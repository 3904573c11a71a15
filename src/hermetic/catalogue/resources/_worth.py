"""Which functions and calls of a file may get to what a rule looks for, decided by their words.

To follow a call is dear, and most calls of a suite lead nowhere. So each name is asked first: a function is worth a
look when its text has a word that the rule looks for, or a name that leads to one; of this file, or of another file of
the project that holds one of the rule's tokens. In doubt it is worth it.
"""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source.outline import DEFINERS, brought_by, imports_in, is_import
from hermetic.source.scope import FUNCTIONS
from hermetic.source.text import WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hermetic.source.module import Module
    from hermetic.source.outline import Block
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.text import Text

    Names = frozenset[bytes]

NONE: Names = frozenset()
ALWAYS = ("os", "builtins", "")  # modules whose names are looked for wherever they stand: they have others
INNER = {ast.Attribute: "value", ast.Subscript: "value", ast.Call: "func", ast.Await: "value", ast.Starred: "value",
         ast.NamedExpr: "value", ast.IfExp: "body", ast.ListComp: "elt", ast.SetComp: "elt", ast.GeneratorExp: "elt"}  # fmt: skip


class Interest:
    """What a rule looks for: the dotted names of functions, which count in files that name their module, and methods.

    `rounds` is how many functions of other files may lie on the way. `inherits`: the rule looks at the bases of the
    classes that are called, in whatever file they are.
    """

    def __init__(  # noqa: PLR0913 - a record
        self,
        code: str,
        tokens: tuple[bytes, ...],
        dotted: Iterable[str],
        methods: Iterable[str] = (),
        *,
        rounds: int = 3,
        inherits: bool = False,
    ) -> None:
        self.code = code
        self.tokens = tokens
        self.rounds = rounds
        self.inherits = inherits
        self.methods: Names = frozenset(name.encode() for name in methods)
        self.by_module: dict[bytes, set[bytes]] = {}
        for name in dotted:
            head = name.partition(".")[0] if "." in name else ""
            self.by_module.setdefault(b"" if head in ALWAYS else head.encode(), set()).add(
                name.rpartition(".")[2].encode()
            )

    def active(self, text: Text) -> Names:
        """Return the words that the rule looks for in one file."""
        key = ("active", self.code)
        known: Names | None = text.memo.get(key)
        if known is None:
            mine = words_of(text)
            found = set(self.methods)
            for head, names in self.by_module.items():
                if not head or head in mine:
                    found |= names
            known = text.memo[key] = frozenset(found & mine)
        return known

    def may_start(self, text: Text) -> bool:
        """Tell whether a file may have anything that the rule looks for."""
        return bool(self.active(text))

    def starts(self, text: Text, words: Names, _raw: bytes) -> bool:
        """Tell whether a function, class or statement of a file may have what the rule looks for, by its words."""
        return not words.isdisjoint(self.active(text))


def words_of(text: Text) -> Names:
    """Return the words of a file."""
    known: Names | None = text.memo.get("word set")
    if known is None:
        known = text.memo["word set"] = frozenset(text.words.split())
    return known


class File:
    """What one file of the project has: the names that lead somewhere, by the number of functions on the way."""

    def __init__(self, text: Text, interest: Interest) -> None:
        self.text = text
        holds = holds_token(text, interest)
        located = located_in(text) if holds or interest.inherits else []
        self.located = located if holds else [item for item in located if item[0] in class_words(text)]
        self.names: Names = NONE
        self.levels: list[Names] = []
        self.waiting: list[Block] = []  # definitions that lead nowhere so far
        self.plain: list[Block] = []  # other statements, which are no step on the way
        starts = (holds or interest.inherits) and interest.may_start(text)
        if starts or self.located:
            self.split(interest, starts=starts)

    def split(self, interest: Interest, *, starts: bool) -> None:
        """Sort the statements of the file, and note the names of those in which something starts."""
        found: set[bytes] = set()
        for block in self.text.outline.blocks:
            if is_import(block.whole):
                continue
            if starts and interest.starts(self.text, block.all_words, block.whole):
                found |= block.names
            elif block.whole.startswith((b"@", *DEFINERS)):
                self.waiting.append(block)
            else:
                self.plain.append(block)
        self.names = frozenset(found)

    def mention(self) -> None:
        """Add the definitions that mention a name which leads somewhere."""
        self.names |= self.taken(self.waiting)

    def taken(self, blocks: list[Block]) -> Names:
        """Return the names of the blocks that mention a leading name, and take these off the list."""
        found: set[bytes] = set()
        for block in blocks[:]:
            if not self.names.isdisjoint(block.all_words):
                found |= block.names
                blocks.remove(block)
        return frozenset(found)

    def spread(self, brought: Names) -> bool:
        """Add what is brought, and what other statements make of it; tell whether that changed anything."""
        before = self.names
        self.names |= brought
        while self.names:
            more = self.taken(self.plain)
            if more <= self.names:
                break
            self.names |= more
        return self.names != before


def holds_token(text: Text, interest: Interest) -> bool:
    """Tell whether a file holds a token, or leads to one, as it is asked when a call is followed there."""
    project = text.project
    path = os.path.abspath(text.path)
    return text.holds(interest.tokens) or (project is not None and bool(project.leading.names(path, interest.tokens)))


def class_words(text: Text) -> frozenset[str]:
    """Return the words of the lines that start classes."""
    lines = (line.lstrip() for line in text.lines if b"class " in line)
    return frozenset(
        word.decode("utf-8", "replace")
        for line in lines
        if line.startswith(b"class ")
        for word in line.translate(WORDS).split()
    )


def located_in(text: Text) -> list[tuple[str, str, bytes]]:
    """Return `(local name, file, name in it)` of what a file imports from the project, in its functions too."""
    known: list[tuple[str, str, bytes]] | None = text.memo.get("located everywhere")
    project = text.project
    if known is None and project is not None:
        found = brought_by(text, list(imports_in(text, everywhere=True)))[0]
        places = ((local, project.locate(dotted, text.folder)) for local, dotted in found)
        known = [(local, place[0], place[1].encode()) for local, place in places if place is not None]
        text.memo["located everywhere"] = known
    return known or []


def any_around(module: Module, project: Project, condition: Callable[[Text], bool]) -> bool:
    """Tell whether a condition holds for a file, one that gives it fixtures, or one that these import in turn."""
    key = ("around", condition.__name__)
    never: set[str] = project.seen.setdefault(key, set())  # files of which nothing behind them fulfils it
    seen: set[str] = set()
    pending = [os.path.abspath(item.path) for item in project.providers(module)]
    while pending:
        path = pending.pop()
        if path in seen or path in never:
            continue
        seen.add(path)
        text = project.text(path)
        if text is not None:
            if condition(text):
                return True
            pending.extend(item[1] for item in located_in(text))
    never |= seen
    return False


def names_in(project: Project, path: str, interest: Interest) -> Names:
    """Return the names of a project file that may lead to what a rule looks for."""
    known: dict[str, tuple[Names, ...]] = project.seen.setdefault(("worth", interest.code), {})
    if path not in known:
        work_out(project, path, interest, known)
    return known[path][-1]


def work_out(project: Project, path: str, interest: Interest, known: dict[str, tuple[Names, ...]]) -> None:
    """Find the names of a file, and of all that lie behind it: they may import each other in circles."""
    group: dict[str, File] = {}
    pending = [path]
    while pending:
        current = pending.pop()
        if current in group or current in known:
            continue
        text = project.text(current)
        if text is None:
            known[current] = (NONE,) * interest.rounds
            continue
        group[current] = File(text, interest)
        pending.extend(item[1] for item in group[current].located)
    users: dict[str, list[str]] = {}
    for current, file in group.items():
        for item in file.located:
            users.setdefault(item[1], []).append(current)
    for number in range(interest.rounds):
        if number:
            for file in group.values():
                file.mention()
        settle(group, users, known, number)
        for file in group.values():
            file.levels.append(file.names)
    known.update((current, tuple(file.levels)) for current, file in group.items())


def settle(
    group: dict[str, File], users: dict[str, list[str]], known: dict[str, tuple[Names, ...]], number: int
) -> None:
    """Pass names on from file to file until nothing changes; to import a name is no step on the way."""
    pending = list(group)
    waiting = set(pending)
    while pending:
        current = pending.pop()
        waiting.discard(current)
        file = group[current]
        found: set[bytes] = set()
        for local, path, name in file.located:
            there = group[path].names if path in group else known[path][number]
            found |= brought(there, local, name, words_of(file.text))
        if file.spread(frozenset(found)):
            following = [user for user in users.get(current, ()) if user not in waiting]
            pending.extend(following)
            waiting.update(following)


def brought(there: Names, local: str, name: bytes, mine: Names) -> Names:
    """Return what an import brings of the names of another file that lead somewhere."""
    if not there or (name and name not in there):
        return NONE
    if local == "*":
        return there
    return frozenset((local.encode(),)) if name or not there.isdisjoint(mine) else NONE


def leading_words(module: Module, interest: Interest) -> Names:
    """Return the words of a parsed file that lead to what a rule looks for, or are that."""
    key = ("leading words", interest.code)
    known: Names | None = module.top.memo.get(key)
    if known is None:
        known = module.top.memo[key] = frozenset(find_words(module, interest))
        module.top.memo[key, "text"] = frozenset(word.decode("utf-8", "replace") for word in known)
    return known


def find_words(module: Module, interest: Interest) -> set[bytes]:
    """Collect what `leading_words` returns."""
    project = module.project
    found = set(interest.active(module))
    for local, path, name in located_in(module) if project is not None else ():
        assert project is not None  # noqa: S101 - for the type checker
        found |= brought(names_in(project, path, interest), local, name, words_of(module))
    if not found and not interest.may_start(module):
        return found
    functions = list(module.top.functions)
    while True:
        before = len(found)
        found |= set(bound_to(module, found))
        for function in functions[:]:
            words = body_words(function)
            if not words.isdisjoint(found) or interest.starts(module, words, module.text(function)):
                functions.remove(function)
                found |= {function.name.encode(), *attributes_set(function, found)}
                if function.owner is not None:
                    found.add(function.owner.name.encode())
        if len(found) == before:
            return found


def bound_to(module: Module, words: set[bytes]) -> Iterator[bytes]:
    """Yield the names that the module and its classes bind to something with one of the words."""
    for scope in (module.top, *module.top.classes):
        for name, bindings in scope.bindings.items():
            spelled = name.encode()
            if spelled not in words and any(leads(item.value, words) for item in bindings):
                yield spelled


def leads(value: object, words: set[bytes]) -> bool:
    """Tell whether what a name is bound to has one of the words: an import, an expression, or a class by its bases."""
    if isinstance(value, str):
        return value.rpartition(".")[2].encode() in words
    if isinstance(value, ast.AST):
        return any(word.encode() in words for word in chain(value))
    bases = getattr(getattr(value, "node", None), "bases", ())
    return any(word.encode() in words for base in bases for word in chain(base))


def attributes_set(function: Scope, words: set[bytes]) -> Iterator[bytes]:
    """Yield the attributes that a function sets to something with one of the words."""
    for scope in function.module.load(function).family():
        for node in scope.kept(ast.Assign):
            for target in node.targets:  # type: ignore[attr-defined]
                if isinstance(target, ast.Attribute) and leads(node.value, words):  # type: ignore[attr-defined]
                    yield target.attr.encode()


def chain(expression: ast.AST | None) -> Iterator[str]:
    """Yield the names and attributes that the dotted name of an expression is made of."""
    while expression is not None:
        if isinstance(expression, ast.Attribute):
            yield expression.attr
        elif isinstance(expression, ast.Name):
            yield expression.id
        elif isinstance(expression, (ast.List, ast.Tuple, ast.Set)) and expression.elts:
            expression = expression.elts[0]
            continue
        inner = INNER.get(expression.__class__)
        expression = getattr(expression, inner) if inner is not None else None


def body_words(function: Scope) -> Names:
    """Return the words of a function's body, its nested functions included."""
    known: Names | None = function.memo.get("body words")
    if known is None:
        node = function.node
        assert isinstance(node, FUNCTIONS)  # noqa: S101 - for the type checker
        first = node.body[0]
        lines = function.module.lines[first.lineno - 1 : node.end_lineno]
        decorated = getattr(first, "decorator_list", None)
        if decorated:
            lines = function.module.lines[decorated[0].lineno - 1 : node.end_lineno]
        known = function.memo["body words"] = frozenset(b"\n".join(lines).translate(WORDS).split())
    return known


def is_worth(function: Scope, interest: Interest) -> bool:
    """Tell whether a function may have, or lead to, what a rule looks for."""
    return not body_words(function).isdisjoint(leading_words(function.module, interest))


def may_lead(scope: Scope, function: ast.expr, interest: Interest) -> bool:
    """Tell whether what a call runs may be, or lead to, what a rule looks for; a variable of the function may."""
    leading_words(scope.module, interest)
    words: frozenset[str] = scope.module.top.memo[("leading words", interest.code), "text"]
    last = ""
    for name in chain(function):
        if name in words:
            return True
        last = name
    found = scope.find(last) if last else None
    if found is None:
        return not last
    return not found[1].is_class and found[1].parent is not None and found[0].kind != "param"
