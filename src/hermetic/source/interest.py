"""What a rule looks for, and which names of the project's files may lead there, decided by the words of the files.

A function leads there when it calls, or gives another name to, what the rule looks for, or a function, class or method
that leads there: of its file, or of another file of the project that holds one of the rule's tokens.
"""

from __future__ import annotations

import os

from hermetic.source.imports import located_in
from hermetic.source.text import WORDS
from hermetic.source.units import Unit, units_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hermetic.source.project import Project
    from hermetic.source.text import Text

    Names = frozenset[bytes]

NONE: Names = frozenset()
ALWAYS = ("os", "builtins", "")  # modules whose names are looked for wherever they stand: they have others


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
