"""Which rules are on: presets, codes and prefixes, as the command line and the configuration combine them."""

from __future__ import annotations

from hermetic.config import PRESETS, ConfigError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermetic.catalogue.registry import Entry
    from hermetic.config import Settings

CANNOT_READ, SUPPRESSION_UNUSED = "HRM001", "HRM905"  # given by the engine, not by a rule of the catalogue

DIGITS = "0123456789"
OWN_DIGITS = 3


class Selection:
    """The rules of a run, and the presets that it names (a rule may say more where `project` is on).

    With the presets stand the codes of single rules that say as much without it.

    `codes` are those that may be reported, the engine's own included; `ignored` gives for patterns of paths the codes
    that are not reported there; `known` are the codes of all rules, selected or not.
    """

    __slots__ = ("codes", "entries", "ignored", "known", "presets")

    def __init__(
        self,
        entries: list[Entry],
        presets: frozenset[str],
        codes: frozenset[str],
        ignored: tuple[tuple[str, frozenset[str]], ...] = (),
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.entries = entries
        self.presets = presets
        self.codes = codes
        self.ignored = ignored
        self.known = known or codes


def choose(entries: list[Entry], settings: Settings) -> Selection:
    """Return the rules that the settings select. A file that cannot be read is reported unless HRM001 is ignored.

    Raises `ConfigError` for a selector that names nothing, and when nothing is left to select.
    """
    if settings.levels:
        levels_of(entries, settings.levels)  # the guard's; what is wrong with them is said here, too
    wanted = (*settings.select, *settings.extend_select)
    origins = settings.origins
    ignored = codes_of(entries, settings.ignore, origins)
    on = codes_of(entries, wanted, origins) - ignored
    if not on:
        chosen, left_out = (", ".join(names) or "nothing" for names in (wanted, settings.ignore))
        raise ConfigError(f"no rule is left to run: selected is {chosen}, ignored is {left_out}")
    by_pattern = settings.per_file_ignores.items()
    presets = frozenset(PRESETS) if "ALL" in wanted else frozenset(name for name in wanted if name in PRESETS)
    return Selection(
        [entry for entry in entries if entry.code in on],
        presets | frozenset(settings.strict),
        frozenset(on | ({CANNOT_READ} - ignored)),
        tuple((pattern, frozenset(codes_of(entries, codes, origins))) for pattern, codes in by_pattern),
        frozenset(codes_of(entries, ("ALL",))),
    )


def codes_of(entries: Iterable[Entry], selectors: Iterable[str], origins: Mapping[str, str] | None = None) -> set[str]:
    """Return the codes that selectors name: `ALL`, a preset, a code, or a prefix of codes with all of their letters.

    `origins` tells of a selector from a file where it stands. Raises `ConfigError` for a selector that names nothing.
    """
    found: set[str] = set()
    entries = list(entries)
    every = {entry.code for entry in entries} | {CANNOT_READ, SUPPRESSION_UNUSED}
    for selector in selectors:
        if selector == "ALL":
            codes = every
        elif selector in PRESETS:
            codes = {entry.code for entry in entries if selector in entry.presets} | {CANNOT_READ, SUPPRESSION_UNUSED}
        else:
            codes = {code for code in every if code.startswith(selector) and selector.startswith(code.rstrip(DIGITS))}
            if not codes:
                place = f"{origins[selector]}: " if origins and selector in origins else ""
                begin = selector.rstrip("xX*")  # as in `HRM1xx`
                known = begin != selector and begin.rstrip(DIGITS) and any(code.startswith(begin) for code in every)
                hint = f"; did you mean {begin!r}?" if known else nearest(selector, ["ALL", *PRESETS, *every])
                raise ConfigError(f"{place}{selector!r} selects no rule{hint}")
        found |= codes
    return found


def levels_of(entries: list[Entry], levels: dict[str, str]) -> dict[str, str]:
    """Return the level of each rule that selectors give one, the longest selector's where several do.

    A code of somebody else's (`SHOP101`) may be that of a probe which a `conftest.py` adds: it stands for itself.
    Raises `ConfigError` for a selector that names nothing.
    """
    found: dict[str, str] = {}
    for selector in sorted(levels, key=lambda name: (name not in ("ALL", *PRESETS), len(name))):
        try:
            codes = codes_of(entries, [selector])
        except ConfigError as error:
            if not is_code(selector) or selector.startswith("HRM"):
                raise ConfigError(f"[tool.hermetic.guard] levels: {error}") from None
            codes = {selector}
        found |= dict.fromkeys(codes, levels[selector])
    return found


def is_code(text: str) -> bool:
    """Tell whether a text can be a rule's code: capital letters and digits, three of them behind our own `HRM`."""
    letters = text.rstrip(DIGITS)
    digits = len(text) - len(letters)
    return letters.isalpha() and letters.isupper() and (digits == OWN_DIGITS if letters == "HRM" else digits > 0)
