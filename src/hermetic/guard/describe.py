"""How values are shown in a finding: short, and on one line, whatever the object does."""

from __future__ import annotations

import functools
import re
import reprlib
from typing import Any

LONGEST = 120  # characters of a representation


class Absent:
    """The value of what is not there."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


class Described(str):
    """A value that is already described: shown as it is, without quotes."""

    __slots__ = ()


class Hidden(str):
    """A value that may be a secret: it is compared as the text that it is, and not written out."""

    __slots__ = ()


class _Short(reprlib.Repr):
    """Representations of bounded size and depth; those of unknown objects may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxstring = self.maxother = self.maxlong = LONGEST - 20

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """Write a table without the texts under keys that speak of a secret."""
        return super().repr_dict({key: hidden(key, value) for key, value in x.items()}, level)

    def repr_Hidden(self, x: Hidden, level: int) -> str:  # noqa: N802 - named as the class is
        """Write a word in place of a secret."""
        return HIDDEN

    def repr__Environ(self, x: object, level: int) -> str:  # noqa: N802 - as above
        """Write what stands for the environment without what is in it."""
        return f"a mapping of type {type(x).__qualname__}"


SHORT = _Short()
HIDDEN = "(hidden)"
# Words of a name; and what stands between a user and a host in an address.
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")
SECRET = re.compile(
    "apikey|authorization|cookie|credentials?|dsn|jwt|passphrase|passw(?:or)?d|secrets?|tokens?", re.IGNORECASE
)
PART = re.compile("auth|keys?|pass", re.IGNORECASE)  # speaks of a secret as one word of several: `API_KEY`
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
        text = PASSWORD.sub(rf"\1{HIDDEN}@", text)
    except Exception as error:  # noqa: BLE001 - a representation is code of the project
        text = f"<{type(value).__name__}, its repr raises {type(error).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def hidden(name: object, value: Any) -> Any:
    """Return a text as `Hidden` where the name that it is kept under speaks of a secret; other values as they are."""
    if type(value) is not str or type(name) is not str:
        return value
    words = WORD.findall(name)
    is_secret = any(map(SECRET.fullmatch, words)) or (len(words) > 1 and any(map(PART.fullmatch, words)))
    return Hidden(value) if is_secret else value
