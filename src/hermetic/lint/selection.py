"""Which rules are on: presets, codes and prefixes, as the command line and the configuration combine them."""

from __future__ import annotations

from hermetic.config import PRESETS, ConfigError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.catalogue.registry import Entry
    from hermetic.config import Settings

CANNOT_READ, SUPPRESSION_UNUSED = "HRM001", "HRM905"  # given by the engine, not by a rule of the catalogue


class Selection:
    """The rules of a run, and the presets that it names (a rule may say more where `project` is on)."""

    __slots__ = ("codes", "entries", "presets")

    def __init__(self, entries: list[Entry], presets: frozenset[str], codes: frozenset[str]) -> None:
        self.entries = entries
        self.presets = presets
        self.codes = codes


def choose(entries: list[Entry], settings: Settings) -> Selection:
    """Return the rules that the settings select.

    Raises `ConfigError` for a selector that names nothing.
    """
    wanted = (*settings.select, *settings.extend_select)
    on = codes_of(entries, wanted) - codes_of(entries, settings.ignore)
    presets = frozenset(PRESETS) if "ALL" in wanted else frozenset(name for name in wanted if name in PRESETS)
    chosen = [entry for entry in entries if entry.code in on]
    return Selection(chosen, presets, frozenset(on))


def codes_of(entries: Iterable[Entry], selectors: Iterable[str]) -> set[str]:
    """Return the codes that selectors name: `ALL`, a preset, a code, or a prefix of codes."""
    found: set[str] = set()
    entries = list(entries)
    own = {CANNOT_READ, SUPPRESSION_UNUSED}
    for selector in selectors:
        if selector == "ALL":
            codes = {entry.code for entry in entries} | own
        elif selector in PRESETS:
            codes = {entry.code for entry in entries if selector in entry.presets} | own
        else:
            codes = {code for code in {entry.code for entry in entries} | own if code.startswith(selector) and selector}
            if not codes or not selector.startswith("HRM"):
                raise ConfigError(f"{selector!r} selects no rule{nearest(selector, selectors_known(entries))}")
        found |= codes
    return found


def selectors_known(entries: Iterable[Entry]) -> list[str]:
    """Return every selector that names something."""
    return ["ALL", *PRESETS, *(entry.code for entry in entries), SUPPRESSION_UNUSED]
