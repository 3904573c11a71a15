"""A file as text: its lines, its words, and which of the rules' tokens it holds. Nothing is parsed."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from hermetic.source.outline import Outline
    from hermetic.source.project import Project

# For `bytes.translate`: what cannot stand in a name becomes a space.
SPACE = ord(" ")
WORDS = bytes(sign if sign >= 128 or chr(sign).isalnum() or sign == ord("_") else SPACE for sign in range(256))  # noqa: PLR2004 - ASCII
DEFINERS = (b"def ", b"async def ", b"class ")  # how definitions start
ROOTS = (b"fixture", b"setup", b"setUp", b"SetUp")  # in every file that defines a fixture or a setup
# What `redis` stands in by chance: the licence at the head of each file tells nothing of what it uses.
BY_CHANCE = (b"redistribut", b"Redistribut", b"rediscover", b"redisplay")
CORES: dict[bytes, tuple[bytes, bool]] = {}  # what `core_of` has returned


class Text:
    """One file's bytes and where it stands. `name` is its dotted name, `is_test` whether pytest collects it."""

    def __init__(self, path: str, data: bytes, name: str = "", *, package: bool = False, is_test: bool = True) -> None:
        self.path = path
        self.folder = os.path.dirname(os.path.abspath(path))
        self.data = data
        self.name = name
        self.package = package
        self.is_test = is_test
        self.project: Project | None = None  # the files around it; None where a file is read alone
        self._plain: bytes | None = None
        self._lines: list[bytes] | None = None
        self._words: bytes | None = None
        self._searched: bytes | None = None
        self._word_set: frozenset[bytes] | None = None
        self._held: dict[bytes, bool] = {}
        self._outline: Outline | None = None
        self.is_package_or_support: bool | None = None  # None: not known yet
        self.asked = 0  # for how many of the files that were checked it was asked for, older ones count less
        self.asked_at = -1  # the last of them, see `Project`
        self.memo: dict[object, Any] = {}  # what others have worked out about this file, before it is parsed

    @property
    def lines(self) -> list[bytes]:
        """The file's lines as Python counts them (form feeds do not end a line), encoded as UTF-8."""
        if self._lines is None:
            self._lines = self.plain.split(b"\n")
        return self._lines

    @property
    def plain(self) -> bytes:
        """The file's text as UTF-8, with lines that end as Python sees them end."""
        if self._plain is None:
            text = utf8(self.data)
            self._plain = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
        return self._plain

    @property
    def words(self) -> bytes:
        """Every word of the file, once: what a token that is part of a word is looked for in."""
        if self._words is None:
            self._words = b" ".join(self._word_set or set(self.data.translate(WORDS).split()))
        return self._words

    @property
    def searched(self) -> bytes:
        """Every word of the file, without what holds a token by chance: what the tokens of rules are looked for in."""
        if self._searched is None:
            words = self.words
            for chance in BY_CHANCE:
                words = words.replace(chance, b" ")
            self._searched = words
        return self._searched

    @property
    def word_set(self) -> frozenset[bytes]:
        """Every word of the file: what a whole name is looked for in."""
        if self._word_set is None:
            self._word_set = frozenset(self._words.split() if self._words else self.data.translate(WORDS).split())
        return self._word_set

    @property
    def outline(self) -> Outline:
        """What the file's top level defines."""
        if self._outline is None:
            from hermetic.source.outline import Outline

            self._outline = Outline(self)
        return self._outline

    def close(self) -> None:
        """Let go of everything at once: a file and its outline refer to each other, and a run collects no cycles."""
        if self._outline is not None:
            self._outline.__dict__.clear()
        self.__dict__.clear()

    @property
    def may_hold_tests(self) -> bool:
        """Whether the file may define tests, fixtures or setups: nothing that it does reaches a test otherwise."""
        return self.is_test or contains(self.data, ROOTS) or "fixture" in self.name

    def look_for(self, needles: list[tuple[bytes, bytes]]) -> None:
        """Look for all tokens of a run at once: a third of the price of looking for them one by one."""
        words, data = self.searched, self.data
        held = self._held = dict.fromkeys((token for token, _ in needles), False)
        for token, core in [needle for needle in needles if needle[1] in words]:
            held[token] = core is token or token in data

    def holds(self, tokens: tuple[bytes, ...]) -> bool:
        """Tell whether one of `tokens` occurs in the file. Each token is looked for once, whichever rule asks."""
        held = self._held
        for token in tokens:
            known = held.get(token)
            if known is None:
                core, is_word = CORES.get(token) or core_of(token)
                known = held[token] = (not is_word or core in self.searched) and (core is token or token in self.data)
            if known:
                return True
        return False


def needles(tokens: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """Return tokens with what is to be found among the words of a file before a token is looked for in its text."""
    return [(token, core_of(token)[0]) for token in dict.fromkeys(tokens)]


def core_of(token: bytes) -> tuple[bytes, bool]:
    """Return what to look for among the words of a file before the token itself is looked for in its text.

    That is the longest of its words, which may be a part of a longer one, and whether there is any.
    """
    core = max(token.translate(WORDS).split(), key=len, default=b"")
    CORES[token] = found = (token if core == token else core, bool(core))
    return found


def contains(text: bytes, tokens: tuple[bytes, ...]) -> bool:
    """Tell whether one of `tokens` occurs in `text`."""
    for token in tokens:  # noqa: SIM110 - half the time of `any`, and asked for each function and token
        if token in text:
            return True
    return False


def has_word(text: bytes, word: bytes) -> bool:
    """Tell whether a name occurs in `text` other than as a part of a longer one."""
    place = text.find(word)
    while place >= 0:
        end = place + len(word)
        if (
            WORDS[text[place - 1] if place else SPACE] == SPACE
            and WORDS[text[end] if end < len(text) else SPACE] == SPACE
        ):
            return True
        place = text.find(word, end)
    return False


def utf8(data: bytes) -> bytes:
    """Return source bytes as UTF-8 without a byte order mark, as `ast` counts offsets."""
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:]
    head = data[:400].split(b"\n", 2)[:2]
    if any(b"coding" in line and line.lstrip().startswith(b"#") for line in head):
        import io
        import tokenize

        try:
            return data.decode(tokenize.detect_encoding(io.BytesIO(data).readline)[0], "replace").encode()
        except (SyntaxError, LookupError):  # an encoding that nobody knows; Python cannot parse the file either
            return data
    return data
