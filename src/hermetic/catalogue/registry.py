"""Find the rules: our own through a generated index, those of others through the entry-point group `hermetic.rules`."""

from __future__ import annotations

import os
import sys

from hermetic.config import PRESETS, CannotRunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.catalogue.rule import Rule
    from hermetic.config import Options

GROUP = "hermetic.rules"
OWN = "hermetic.catalogue."  # what the names of the modules of our own rules start with
NO_FILE = b"\0"  # stands in no file that can be parsed
READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)
ENGINE_CODES = frozenset({"HRM001", "HRM905"})  # given by the engine itself, so no rule may have them


class Entry:
    """What is known of a rule before its module is imported."""

    __slots__ = (
        "attribute",
        "code",
        "companions",
        "follows",
        "lints",
        "module",
        "name",
        "presets",
        "reached",
        "through_fixtures",
        "tokens",
        "tokens_from",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - a record: one argument for each of its fields
        self,
        code: str,
        name: str,
        module: str,
        attribute: str,
        presets: tuple[str, ...],
        tokens: tuple[bytes, ...] | None,
        companions: tuple[bytes, ...] = (),
        reached: tuple[bytes, ...] | None = None,
        through_fixtures: bool = False,  # noqa: FBT001, FBT002 - a field of the record
        follows: str = "",
        tokens_from: str = "",
    ) -> None:
        self.code = code
        self.name = name
        self.module = module
        self.attribute = attribute
        self.presets = presets
        self.lints = tokens is not None  # other rules are those of the plugin alone
        self.tokens = tokens or ()
        self.companions = companions
        self.reached = self.tokens if reached is None else reached
        self.through_fixtures = through_fixtures
        self.follows = follows
        self.tokens_from = tokens_from

    def configure(self, options: Options) -> None:
        """Take the tokens from the settings, where the rule has them from there."""
        if self.tokens_from:
            rows: list[list[str]] = options[self.tokens_from]
            self.tokens = tuple(literal_in(row[0]) for row in rows) or (NO_FILE,)

    @property
    def repair(self) -> str:
        """What to write instead; of our own rules that is known without their modules, which import much."""
        from hermetic.catalogue._repairs import REPAIRS

        own = self.module.startswith(OWN)
        return REPAIRS[self.code] if own and self.code in REPAIRS else self.load().repair

    def load(self) -> Rule:
        """Import the rule's module and return the rule."""
        __import__(self.module)
        rule: Rule = getattr(sys.modules[self.module], self.attribute)()
        return rule


def literal_in(pattern: str) -> bytes:
    """Return what stands in every file that calls something of this dotted name or pattern; b"" where anything may."""
    name = pattern.rpartition(".")[2]
    for sign in "*?[":
        name = name.partition(sign)[0]
    return name.encode()


def entry_of(rule: type[Rule]) -> Entry:
    """Return the index entry of a rule class."""
    from hermetic.catalogue.rule import Rule

    fields = (rule.code, rule.name, rule.__module__, rule.__name__, rule.presets)
    tokens = rule.tokens if rule.check is not Rule.check else None
    return Entry(*fields, tokens, rule.companions, rule.reached, rule.through_fixtures, rule.follows, rule.tokens_from)


def indexed() -> list[Entry]:
    """Return our own rules from the generated index, by code."""
    from hermetic.catalogue._index import RULES

    return [Entry(*row) for row in RULES]


def walked() -> Iterator[type[Rule]]:
    """Yield our own rules by walking the package: the source of the index.

    Raises `ValueError` when two rules have one code.
    """
    import importlib
    import pkgutil

    import hermetic.catalogue as package
    from hermetic.catalogue.rule import Rule

    found: dict[str, type[Rule]] = {}
    for info in pkgutil.walk_packages(package.__path__, OWN):
        if info.name.rpartition(".")[2].startswith("_"):
            continue
        for value in vars(importlib.import_module(info.name)).values():
            defined_there = isinstance(value, type) and issubclass(value, Rule) and value.__module__ == info.name
            if not defined_there or not hasattr(value, "code"):
                continue
            if value.code in found:
                other = found[value.code].__module__
                raise ValueError(f"{value.code} is the code of two rules: {other} and {info.name}")
            found[value.code] = value
    for code in sorted(found):
        yield found[code]


class UnusableRuleError(CannotRunError):
    """A distribution offers a rule that cannot be used."""


def foreign() -> list[Entry]:
    """Return the rules that installed distributions offer.

    Raises `UnusableRuleError` when one cannot be imported, is not a rule, or has a code that is taken.
    """
    from importlib.metadata import entry_points

    from hermetic.catalogue.rule import Rule

    taken = {entry.code for entry in indexed()} | ENGINE_CODES
    entries = []
    for point in entry_points(group=GROUP):
        giver = f"{point.dist.name}: entry point" if point.dist is not None else "entry point"
        offer = f"{giver} {point.name} = {point.value} of {GROUP}"
        try:
            rule = point.load()
        except Exception as error:
            raise UnusableRuleError(f"{offer} cannot be imported: {type(error).__name__}: {error}") from error
        if not (isinstance(rule, type) and issubclass(rule, Rule)):
            raise UnusableRuleError(f"{offer} is not a subclass of hermetic.catalogue.rule.Rule")
        wrong = what_is_wrong(rule)
        if wrong:
            raise UnusableRuleError(f"{offer}: {wrong}")
        if rule.code in taken:
            raise UnusableRuleError(f"{offer} uses the code {rule.code}, which is taken")
        taken.add(rule.code)
        entries.append(entry_of(rule))
    return entries


def what_is_wrong(rule: type[Rule]) -> str:
    """Return what a rule class lacks, "" when it is complete."""
    code, name, tokens, presets = (getattr(rule, field, None) for field in ("code", "name", "tokens", "presets"))
    if not (isinstance(code, str) and code.isalnum() and code.isupper() and code[-1].isdigit()):
        return f"code must be capital letters and digits, such as ACME101, not {code!r}"
    if not (isinstance(name, str) and name):
        return f"name must be a text, not {name!r}"
    if not (isinstance(tokens, tuple) and all(isinstance(token, bytes) for token in tokens)):
        return f"tokens must be a tuple of bytes, not {tokens!r}"
    if not (isinstance(presets, tuple) and set(presets) <= set(PRESETS)):
        return f"presets must be a tuple of {', '.join(PRESETS)}, not {presets!r}"
    return ""


def has_foreign() -> bool:
    """Tell whether some installed distribution offers rules, by a look at the metadata files alone."""
    mark = f"[{GROUP}]".encode()
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if not name.endswith((".dist-info", ".egg-info")):
                continue
            try:
                # Without a file object: a third of the time, and every start of the linter waits for it.
                file = os.open(f"{folder}/{name}/entry_points.txt" if folder else f"{name}/entry_points.txt", READ)
            except OSError:
                continue
            try:
                if mark in os.read(file, os.fstat(file).st_size):
                    return True
            except OSError:
                continue
            finally:
                os.close(file)
    return False


def is_foreign(entries: list[Entry]) -> bool:
    """Tell whether one of some rules is another distribution's: what it looks at besides a file, nobody knows."""
    return any(not entry.module.startswith(OWN) for entry in entries)


def all_entries() -> list[Entry]:
    """Return every rule, our own first."""
    return indexed() + (foreign() if has_foreign() else [])
