"""Find the rules: our own through a generated index, those of others through the entry-point group `hermetic.rules`."""

from __future__ import annotations

import sys

from hermetic.catalogue.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = "hermetic.rules"


class Entry:
    """What is known of a rule before its module is imported."""

    __slots__ = ("attribute", "code", "module", "name", "presets", "tokens")

    def __init__(  # noqa: PLR0913, PLR0917 - a record: one argument for each of its fields
        self, code: str, name: str, module: str, attribute: str, presets: tuple[str, ...], tokens: tuple[bytes, ...]
    ) -> None:
        self.code = code
        self.name = name
        self.module = module
        self.attribute = attribute
        self.presets = presets
        self.tokens = tokens

    def load(self) -> Rule:
        """Import the rule's module and return the rule."""
        __import__(self.module)
        rule: Rule = getattr(sys.modules[self.module], self.attribute)()
        return rule


def entry_of(rule: type[Rule]) -> Entry:
    """Return the index entry of a rule class."""
    return Entry(rule.code, rule.name, rule.__module__, rule.__name__, rule.presets, rule.tokens)


def indexed() -> list[Entry]:
    """Return our own rules from the generated index, by code."""
    from hermetic.catalogue._index import RULES  # noqa: PLC0415 - generated; walking must work without it

    return [Entry(*row) for row in RULES]


def walked() -> Iterator[type[Rule]]:
    """Yield our own rules by walking the package: the source of the index."""
    import importlib  # noqa: PLC0415 - only generators and tests walk
    import pkgutil  # noqa: PLC0415

    import hermetic.catalogue as package  # noqa: PLC0415

    found = {}
    for info in pkgutil.walk_packages(package.__path__, "hermetic.catalogue."):
        if info.name.rpartition(".")[2].startswith("_"):
            continue
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == info.name and hasattr(value, "code"):
                found[value.code] = value
    for code in sorted(found):
        yield found[code]


def foreign() -> list[Entry]:
    """Return the rules that installed distributions offer.

    Raises `ValueError` when a distribution offers something that is not a rule, or a code that is taken.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, and most environments offer none

    own = {entry.code for entry in indexed()}
    entries = []
    for point in entry_points(group=GROUP):
        rule = point.load()
        if not (isinstance(rule, type) and issubclass(rule, Rule)):
            raise ValueError(f"entry point {point.name} of {GROUP} is not a Rule class: {point.value}")
        if rule.code in own:
            raise ValueError(f"entry point {point.name} of {GROUP} uses the code {rule.code}, which is taken")
        own.add(rule.code)
        entries.append(entry_of(rule))
    return entries


def has_foreign() -> bool:
    """Tell whether some installed distribution offers rules, by a look at the metadata files alone."""
    import os  # noqa: PLC0415 - a builtin module in all but name

    mark = f"[{GROUP}]".encode()
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - pathlib costs start-up time
        except OSError:
            continue
        for name in names:
            if not name.endswith((".dist-info", ".egg-info")):
                continue
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:  # noqa: PTH118, PTH123
                    if mark in file.read():
                        return True
            except OSError:
                continue
    return False


def all_entries() -> list[Entry]:
    """Return every rule, our own first."""
    return indexed() + (foreign() if has_foreign() else [])
