"""What is read of the disk, once each, and noted where a later run wants to know whether it is still the same."""

from __future__ import annotations

import os

from hermetic.source.witness import CHANGED, list_folder, read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hermetic.source.witness import Mark

    Lasting = dict[tuple[str, object], dict[Any, Any]]
    Told = tuple[dict[str, Mark] | None, tuple[set[str], set[str], set[str]], Lasting]


class Disk:
    """Files and folders as they were when they were first read, and what of that other runs and processes are told."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self._data: dict[str, bytes | None] = {}
        self._listed: dict[str, frozenset[str]] = {}
        # Gives what earlier runs have worked out, see `about`; only asked where something leads to other files.
        self.recall: Callable[[], Lasting] = dict
        self._lasting: Lasting | None = None
        self._told: dict[tuple[str, object], int] = {}  # how many facts of each topic are known where they are wanted
        self.opened: set[str] = set()  # the files that were looked into for what they hold, by their full path
        self.found: set[str] = set()  # the files that a name or a folder led to
        self.current = ""  # the file that is checked, by its full path
        self.asked: set[str] = set()  # the files that were asked for while another one was checked
        # What was read, by its full path (of a folder with a separator behind it), where a later run wants to know.
        self.noted: dict[str, Mark] | None = None
        self.plain: frozenset[str] = frozenset()  # of these, by their full path, without a digest of what is in them

    def hold(self, path: str, data: bytes) -> None:
        """Take `data` for what stands in a file, whatever is on disk."""
        self._held[path] = self._held[os.path.abspath(path)] = data

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when it cannot be read; a pipe or device is not, since that may never end."""
        if path in self._held:
            return self._held[path]
        self.ask(path)
        if path not in self._data:
            plainly = os.path.abspath(path) in self.plain
            self._data[path], mark = read_file(path, marked=self.noted is not None, plainly=plainly)
            self.note(os.path.abspath(path), mark)
        return self._data[path]

    def listing(self, folder: str) -> frozenset[str]:
        """Return the names in a folder, read once."""
        if folder not in self._listed:
            self._listed[folder], mark = list_folder(folder, marked=self.noted is not None)
            self.note(os.path.join(os.path.abspath(folder), ""), mark)
        return self._listed[folder]

    def has_folder(self, path: str) -> bool:
        """Tell whether there is a folder."""
        self.listing(path)
        return os.path.isdir(path)

    def ask(self, path: str) -> None:
        """Note that a file is asked for, given by its full path (otherwise it is the one that is checked)."""
        if path != self.current:
            self.asked.add(path)

    def note(self, path: str, mark: Mark) -> None:
        """Note how something was when it was read; what was read twice, and not the same, is never the same again."""
        if self.noted is None:
            return
        known = self.noted.setdefault(path, mark)
        if known != mark:
            same = known[:3] == mark[:3] and not (known[3] and mark[3])  # one of them was read plainly
            self.noted[path] = max(known, mark) if same else CHANGED

    def digest_of(self, path: str, data: bytes) -> bytes:
        """Return a digest of the `data` of another file than the checked one, b"" where none is kept.

        Where nothing is noted for later runs, it is one for this run alone.
        """
        if path == self.current or path in self._held:
            return b""
        if self.noted is None:
            return b"%d" % hash(data)
        return self.noted.get(path, CHANGED)[3]

    @property
    def lasting(self) -> Lasting:
        """What was worked out about files, by topic: plain values that stay the same while what they are from does."""
        if self._lasting is None:
            self._lasting = self.recall()
            self._told = {topic: len(facts) for topic, facts in self._lasting.items()}
        return self._lasting

    @property
    def knows_nothing(self) -> bool:
        """Whether nobody has asked for anything that lasts."""
        return not self._lasting

    def about(self, topic: str, what: object = "") -> dict[Any, Any]:
        """Return what is known of one topic by file, or by `(file, name in it)`: of files whoever asks for them.

        Later runs may be given it, so it holds nothing but plain values, and nothing that depends on who asks.
        """
        found = self.lasting.get((topic, what))
        if found is None:
            found = self.lasting[topic, what] = {}
        return found

    def tell(self) -> Told:
        """Return what is new since this was asked the last time, in another process than the one that wants it.

        That are the marks that were noted, the files that were opened, found and asked for, and the facts that last.
        """
        files = (self.opened, self.found, self.asked)
        told = (self.noted, files, self.fresh_facts() if self.noted is not None else {})
        self.noted = {} if self.noted is not None else None
        self.opened, self.found, self.asked = set(), set(), set()
        return told

    def fresh_facts(self) -> Lasting:
        """Return the facts that are new since this was asked the last time."""
        fresh = {}
        for topic, facts in (self._lasting or {}).items():
            known = self._told.get(topic, 0)
            if len(facts) > known:
                fresh[topic] = dict(list(facts.items())[known:])
                self._told[topic] = len(facts)
        return fresh

    def hear(self, told: Told) -> None:
        """Take what is new in another process."""
        noted, (opened, found, asked), facts = told
        for path, mark in (noted or {}).items():
            self.note(path, mark)
        self.opened |= opened
        self.found |= found
        self.asked |= asked
        for topic, known in facts.items():
            self.about(*topic).update(known)
