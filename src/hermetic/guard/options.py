"""What the command line, the ini file, `[tool.hermetic]` and the marker say to the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from hermetic import config as configuration
from hermetic.catalogue import registry
from hermetic.lint import selection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.config import Settings
    from hermetic.lint.selection import Selection

MODES = ("error", "warn", "off")
TRACES = ("auto", "watch", "off")
MARKER = "hermetic"
# Rules that guess where code is read, and are therefore not recommended there, and that know at run time.
PROVEN = frozenset({"HRM203"})
USAGE = "write @pytest.mark.hermetic(allow=['HRM101'])"


class Options(NamedTuple):
    """How a session guards. `levels` are those of single rules; `entries` are the known rules by code."""

    mode: str
    report: str
    trace: str
    settings: Settings
    selection: Selection
    entries: dict[str, registry.Entry]

    def active(self) -> frozenset[str]:
        """Return the codes of the rules that are not off."""
        return frozenset(code for code in self.entries if self.level(code) != "off")

    def level(self, code: str) -> str:
        """Return what to do with a finding: `error`, `warn` or `off`. A rule's own level wins over the mode."""
        if code in self.settings.levels:
            return self.settings.levels[code]
        return self.mode if code in self.selection.codes or code not in self.entries else "off"


def mode_of(config: pytest.Config) -> str:
    """Return the mode: the command line's, else the ini file's, else `warn`.

    Raises `pytest.UsageError` for a word that is no mode.
    """
    return _choice(config, "hermetic", MODES)


def read(config: pytest.Config, report: str) -> Options:
    """Return the options of a session whose mode is not off. Raises `pytest.UsageError` when they cannot be used."""
    try:
        settings = configuration.load(str(config.rootpath))
        entries = registry.all_entries()
        chosen = selection.choose(entries, settings)
        settings.levels = selection.levels_of(entries, settings.levels)
    except configuration.CannotRunError as error:
        raise pytest.UsageError(f"hermetic: {error}") from error
    if "recommended" in chosen.presets:
        chosen.codes |= PROVEN - selection.codes_of(entries, settings.ignore)
    by_code = {entry.code: entry for entry in entries}
    trace = _choice(config, "hermetic_trace", TRACES)
    return Options(mode_of(config), report, trace, settings, chosen, by_code)


def depth_of(config: pytest.Config) -> int:
    """Return how deep the guard looks into what names hold. Raises `pytest.UsageError` for what is no such number."""
    value = str(config.getini("hermetic_depth"))
    if not (value.isascii() and value.isdigit()):
        raise pytest.UsageError(f"the ini option hermetic_depth must be a whole number from 0 on, not {value!r}")
    return int(value)


def _choice(config: pytest.Config, name: str, known: tuple[str, ...]) -> str:
    value = str(config.getoption(name) or config.getini(name))
    if value not in known:
        raise pytest.UsageError(f"the ini option {name} must be {', '.join(known[:-1])} or {known[-1]}, not {value!r}")
    return value


def allowed(item: pytest.Item) -> frozenset[str]:
    """Return the codes that a test may break."""
    return frozenset(code for mark in item.iter_markers(MARKER) for code in mark.kwargs.get("allow", ()))


def wrong_marks(node: pytest.Item | pytest.Collector, options: Options) -> Iterator[str]:
    """Yield what is wrong with the `hermetic` marks that a node itself carries."""
    for mark in node.own_markers:
        if mark.name != MARKER:
            continue
        codes = mark.kwargs.get("allow")
        if mark.args or set(mark.kwargs) != {"allow"} or not isinstance(codes, list | tuple | set | frozenset):
            given = [*map(repr, mark.args), *(f"{name}={value!r}" for name, value in mark.kwargs.items())]
            yield f"{node.nodeid}: @pytest.mark.hermetic({', '.join(given)}) cannot be understood; {USAGE}"
            continue
        for code in codes:
            if code not in options.entries:
                begins = any(known.startswith(str(code)) for known in options.entries)
                hint = "; a mark names whole codes" if begins else configuration.nearest(str(code), options.entries)
                yield f"{node.nodeid}: @pytest.mark.hermetic allows {code!r}, which is no rule{hint}"
