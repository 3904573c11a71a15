"""How values are shown in a finding: short, and on one line, whatever the object does."""

from __future__ import annotations

import functools
import re
import reprlib

LONGEST = 120  # characters of a representation


class Absent:
    """The value of what is not there."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


class _Short(reprlib.Repr):
    """Representations of bounded size and depth; those of unknown objects may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxstring = self.maxother = self.maxlong = LONGEST - 20


SHORT = _Short()
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+| id='\d+'")  # another one in each process


def short(value: object) -> str:
    """Return a short representation on one line, whatever the object does."""
    if type(value) is str and len(value) <= LONGEST:
        return short_text(value)
    return written(value)


@functools.lru_cache(maxsize=1000)
def short_text(value: str) -> str:
    """Return a short representation of a text: the same keys are written again and again."""
    return written(value)


def written(value: object) -> str:
    """Return a short representation on one line, worked out."""
    try:
        text = value if isinstance(value, Described) else ADDRESS.sub("", SHORT.repr(value))
    except Exception as error:  # noqa: BLE001 - a representation is code of the project
        text = f"<{type(value).__name__}, its repr raises {type(error).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


class Described(str):
    """A value that is already described: shown as it is, without quotes."""

    __slots__ = ()
