"""Which functions and calls of a file may get to what a rule looks for, decided by their words.

To follow a call is dear, and most calls of a suite lead nowhere. So each name is asked first: a function is worth a
look when it calls, or gives another name to, what the rule looks for, or a function, class or method that leads there:
of this file, or of another file of the project that holds one of the rule's tokens. In doubt it is worth it.
"""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source.later import first_statement
from hermetic.source.outline import brought_by, imports_in
from hermetic.source.scope import FUNCTIONS
from hermetic.source.text import WORDS
from hermetic.source.units import CONSTRUCTING, Unit, calls_in, units_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.text import Text

    Names = frozenset[bytes]

NONE: Names = frozenset()
ALWAYS = ("os", "builtins", "")  # modules whose names are looked for wherever they stand: they have others
INNER = {ast.Await: "value", ast.Starred: "value", ast.NamedExpr: "value", ast.IfExp: "body"}
MAX_HOPS = 4  # re-exports of re-exports


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
            mine = text.word_set
            found = set(self.methods)
            for head, names in self.by_module.items():
                if not head or head in mine:
                    found |= names
            known = text.memo[key] = frozenset(found & mine)
        return known

    def may_start(self, text: Text) -> bool:
        """Tell whether a file may have anything that the rule looks for."""
        return bool(self.active(text))

    def starts(self, text: Text, calls: Names, _raw: bytes) -> bool:
        """Tell whether a function, class or statement of a file may have what the rule looks for, by what it calls."""
        return not calls.isdisjoint(self.active(text))


class File:
    """What one file of the project has: the names that lead somewhere, by the number of functions on the way."""

    def __init__(self, text: Text, interest: Interest) -> None:
        self.text = text
        holds = holds_token(text, interest)
        located = located_in(text) if holds or interest.inherits else []
        self.located = located if holds else [item for item in located if item[0] in class_words(text)]
        self.names: set[bytes] = set()  # what is called to get somewhere: functions, classes, methods
        self.methods: set[bytes] = set()  # of these, the methods, which go with the objects that a file makes
        self.untold: tuple[set[bytes], set[bytes]] = (set(), set())  # of both, what its users do not know yet
        self.levels: list[tuple[Names, Names]] = []
        self.waiting: list[Unit] = []  # definitions that lead nowhere so far
        self.plain: list[Unit] = []  # other statements, which are no step on the way
        starts = (holds or interest.inherits) and interest.may_start(text)
        if starts or self.located:
            definitions, plain = units_of(text)
            self.waiting, self.plain = definitions, plain
            if starts:
                self.waiting = self.take(definitions, lambda unit: interest.starts(text, unit.calls, unit.raw))
                # Some have been taken with the definitions, for what they mention.
                self.plain = self.take(self.plain, lambda unit: interest.starts(text, unit.calls, unit.raw))

    def take(self, units: list[Unit], condition: Callable[[Unit], bool]) -> list[Unit]:
        """Add the names of the units that fulfil a condition, and return the other units."""
        taken: list[Unit] = []
        left: list[Unit] = []
        for unit in units:
            (taken if condition(unit) else left).append(unit)
        for unit in taken:
            self.add(unit.names, unit.names if unit.is_method else NONE)
        return left

    def add(self, names: Iterable[bytes], methods: Iterable[bytes]) -> None:
        """Add names, methods among them, and what other statements make of them."""
        new = set(names).difference(self.names)
        told, told_methods = self.untold
        while new:
            self.names |= new
            told |= new
            taken = [unit for unit in self.plain if not new.isdisjoint(unit.calls)]
            if not taken:
                break
            self.plain = [unit for unit in self.plain if new.isdisjoint(unit.calls)]
            new = {name for unit in taken for name in unit.names} - self.names
        fresh = set(methods).difference(self.methods)
        self.methods |= fresh
        told_methods |= fresh

    def mention(self) -> None:
        """Add the definitions that mention a name which leads somewhere."""
        if self.names and self.waiting:
            self.waiting = self.take(self.waiting, lambda unit: not self.names.isdisjoint(unit.calls))

    def hear(self, there: tuple[Names | set[bytes], Names | set[bytes]], local: str, name: bytes) -> None:
        """Take what an import brings of the names, and the methods among them, of another file."""
        mine, methods = self.text.word_set, there[1]
        names = brought(there, local, name, mine)
        if methods:
            names = names | (methods & mine)
        inherited = methods if methods and local in class_words(self.text) else NONE
        if names or inherited:
            self.add(names | inherited, inherited)

    def tell(self) -> tuple[set[bytes], set[bytes]]:
        """Return what users do not know yet: now they do."""
        told = self.untold
        self.untold = (set(), set())
        return told

    def reach_level(self) -> None:
        """Note the names that lead somewhere by now."""
        last = self.levels[-1] if self.levels else (NONE, NONE)
        names = last[0] if len(last[0]) == len(self.names) else frozenset(self.names)
        methods = last[1] if len(last[1]) == len(self.methods) else frozenset(self.methods)
        self.levels.append((names, methods))


def holds_token(text: Text, interest: Interest) -> bool:
    """Tell whether a file holds a token, or leads to one, as it is asked when a call is followed there."""
    project = text.project
    path = os.path.abspath(text.path)
    return text.holds(interest.tokens) or (project is not None and bool(project.leading.names(path, interest.tokens)))


def class_words(text: Text) -> frozenset[str]:
    """Return the words of the lines that start classes."""
    known: frozenset[str] | None = text.memo.get("class words")
    if known is None:
        lines = (line.lstrip() for line in text.lines if b"class " in line) if text.holds((b"class ",)) else ()
        known = text.memo["class words"] = frozenset(
            word.decode("utf-8", "replace")
            for line in lines
            if line.startswith(b"class ")
            for word in line.translate(WORDS).split()
        )
    return known


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


def names_in(project: Project, path: str, interest: Interest) -> tuple[Names, Names]:
    """Return the names of a project file that may lead to what a rule looks for, and those of methods among them."""
    known: dict[str, list[tuple[Names, Names]]] = project.about("worth", interest.code)
    if path not in known:
        work_out(project, path, interest, known)
    return known[path][-1]


def work_out(project: Project, path: str, interest: Interest, known: dict[str, list[tuple[Names, Names]]]) -> None:
    """Find the names of a file, and of all that lie behind it: they may import each other in circles."""
    group = files_behind(project, path, interest, known)
    users: dict[str, list[tuple[str, str, bytes]]] = {}
    for current, file in group.items():
        for local, there, name in file.located:
            users.setdefault(there, []).append((current, local, name))
    before = [(known[there], edges) for there, edges in users.items() if there in known]
    for number in range(interest.rounds):
        if number:
            for file in group.values():
                file.mention()
        for levels, edges in before:
            for user, local, name in edges:
                group[user].hear(levels[number], local, name)
        settle(group, users)
        for file in group.values():
            file.reach_level()
    known.update((current, file.levels) for current, file in group.items())


def files_behind(
    project: Project, path: str, interest: Interest, known: dict[str, list[tuple[Names, Names]]]
) -> dict[str, File]:
    """Return a file and all that lie behind it, by path; those that are known, or cannot be read, left out."""
    group: dict[str, File] = {}
    pending = [path]
    while pending:
        current = pending.pop()
        if current in group or current in known:
            continue
        text = project.text(current)
        if text is None:
            known[current] = [(NONE, NONE)] * interest.rounds
            continue
        group[current] = File(text, interest)
        pending.extend(there for _, there, _ in group[current].located)
    return group


def settle(group: dict[str, File], users: dict[str, list[tuple[str, str, bytes]]]) -> None:
    """Pass names on from file to file until nothing changes; to import a name is no step on the way.

    A file tells its users each name once: what they make of it does not depend on the others.
    """
    pending = [path for path, file in group.items() if any(file.untold)]
    while pending:
        following: dict[str, None] = {}
        for path in pending:
            told = group[path].tell()
            for user, local, name in users.get(path, ()) if any(told) else ():
                group[user].hear(told, local, name)
                following[user] = None
        pending = [path for path in following if any(group[path].untold)]


def brought(
    there: tuple[Names | set[bytes], Names | set[bytes]], local: str, name: bytes, mine: Names
) -> Names | set[bytes]:
    """Return the names that an import brings from those of another file that lead somewhere."""
    names = there[0]
    if local == "*":
        return names
    if not name:
        return names & mine
    return frozenset((local.encode(),)) if name in names else NONE


def leading_words(module: Module, interest: Interest) -> Names:
    """Return what a parsed file calls to get to what a rule looks for, and the names of that."""
    key = ("leading words", interest.code)
    known: Names | None = module.top.memo.get(key)
    if known is None:
        project = module.project
        # Files of the code under test are let go and parsed again: what their words say stays the same.
        kept: dict[str, Names] = project.about(*key) if project is not None else {}
        path = os.path.abspath(module.path)
        if path not in kept:
            kept[path] = frozenset(find_words(module, interest))
        known = module.top.memo[key] = kept[path]
        module.top.memo[key, "text"] = frozenset(word.decode("utf-8", "replace") for word in known)
    return known


def find_words(module: Module, interest: Interest) -> set[bytes]:
    """Collect what `leading_words` returns."""
    project = module.project
    found = set(interest.active(module))
    mine = module.word_set
    for local, path, name in located_in(module) if project is not None else ():
        assert project is not None  # noqa: S101 - for the type checker
        there = names_in(project, path, interest)
        found |= brought(there, local, name, mine) | (there[1] & mine)
    if not found and not interest.may_start(module):
        return found
    waiting, first = module.top.functions, True
    while True:
        before = len(found)
        found |= set(bound_to(module, found))
        left: list[Scope] = []
        for function in waiting:
            calls = body_calls(function)
            if calls.isdisjoint(found) and not (first and interest.starts(module, calls, module.text(function))):
                left.append(function)
                continue
            found |= {function.name.encode(), *attributes_set(function, found)}
            if function.owner is not None and function.name.encode() in CONSTRUCTING:
                found.add(function.owner.name.encode())
        waiting, first = left, False
        if len(found) == before:
            return found


def bound_to(module: Module, words: set[bytes]) -> Iterator[bytes]:
    """Yield the names that the module and its classes bind to something with one of the words."""
    for name, sources in bindings_of(module):
        if name not in words and not words.isdisjoint(sources):
            yield name


def bindings_of(module: Module) -> list[tuple[bytes, frozenset[bytes]]]:
    """Return the names that the module and its classes bind, each with the names of what it is bound to."""
    known: list[tuple[bytes, frozenset[bytes]]] | None = module.top.memo.get("bound names")
    if known is None:
        known = module.top.memo["bound names"] = [
            (name.encode(), frozenset(source for item in bindings for source in sources_of(item.value)))
            for scope in (module.top, *module.top.classes)
            for name, bindings in scope.bindings.items()
        ]
    return known


def sources_of(value: object) -> list[bytes]:
    """Return the names of what a name is bound to: an import, a variable or a call, or the bases of a class."""
    if isinstance(value, str):
        return [value.rpartition(".")[2].encode()]
    if isinstance(value, ast.AST):
        return [last_name(value).encode()]
    bases = getattr(getattr(value, "node", None), "bases", ())
    return [last_name(base).encode() for base in bases]


def attributes_set(function: Scope, words: set[bytes]) -> Iterator[bytes]:
    """Yield the attributes that a function sets to something with one of the words."""
    known: list[tuple[bytes, bytes]] | None = function.memo.get("attributes set")
    if known is None:
        known = function.memo["attributes set"] = [
            (target.attr.encode(), last_name(node.value).encode())
            for scope in function.module.load(function).family()
            for node in scope.kept(ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Attribute)
        ]
    return (attribute for attribute, source in known if source in words)


def last_name(expression: ast.AST) -> str:
    """Return the name of a variable or attribute, "" for other expressions; of a choice, that of the first."""
    while expression.__class__ in INNER:
        expression = getattr(expression, INNER[expression.__class__])
    return str(getattr(expression, "attr", getattr(expression, "id", "")))


def body_calls(function: Scope) -> Names:
    """Return the last names of what a function calls or gives another name, its nested functions included."""
    known: Names | None = function.memo.get("body calls")
    if known is None:
        node = function.node
        assert isinstance(node, FUNCTIONS)  # noqa: S101 - for the type checker
        first = first_statement(node)
        lines = function.module.lines[first - 1 : node.end_lineno]
        known = function.memo["body calls"] = calls_in(b"\n".join(lines))
    return known


def is_worth(function: Scope, interest: Interest) -> bool:
    """Tell whether a function may have, or lead to, what a rule looks for."""
    words = leading_words(function.module, interest)
    return bool(words) and not body_calls(function).isdisjoint(words)


def may_lead(scope: Scope, function: ast.expr, interest: Interest) -> bool:
    """Tell whether what a call runs may be, or lead to, what a rule looks for; a variable of the function may."""
    leading_words(scope.module, interest)
    words: frozenset[str] = scope.module.top.memo[("leading words", interest.code), "text"]
    last = last_name(function)
    if last in words or not isinstance(function, ast.Name):
        return last in words
    found = scope.find(last, function.lineno)
    return found is not None and found[1].parent is not None and found[0].kind != "param"
