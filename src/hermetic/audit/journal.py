"""Results of experiments on disk, as they are made: an interrupted hunt goes on from there."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

from hermetic import cache


class Journal:
    """One file per project and kind in the user's cache folder: a line that says what it is about, then one a result.

    `known` maps an experiment to its result. Anything odd is a miss, never an error.
    """

    def __init__(self, top: str, about: list[Any], *, resume: bool, kind: str = "hunt") -> None:
        self.path = cache.file_of(top, kind)
        self.known: dict[str, Any] = {}
        self.resumed = resume and self.load(json.loads(json.dumps(about)))
        self.file = None
        if self.path:
            with suppress(OSError):
                os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
                self.file = open(self.path, "a" if self.resumed else "w", encoding="utf-8")  # noqa: SIM115 - see `close`
                if not self.resumed:
                    self.write(about)

    def load(self, about: list[Any]) -> bool:
        """Read what is known, and return whether it is about the same tests."""
        with suppress(OSError, ValueError), open(self.path, encoding="utf-8") as file:
            if json.loads(file.readline()) != about:
                return False
            for line in file:
                with suppress(ValueError):
                    key, value = json.loads(line)
                    self.known[key] = value
            return True
        return False

    def add(self, key: str, value: object) -> None:
        """Keep a result."""
        self.known[key] = value
        self.write([key, value])

    def write(self, value: object) -> None:
        """Write a line, at once."""
        if self.file is not None:
            with suppress(OSError):
                self.file.write(json.dumps(value) + "\n")
                self.file.flush()

    def close(self, *, done: bool) -> None:
        """Let go of the file; what is done needs no other run."""
        if self.file is not None:
            self.file.close()
            if done:
                with suppress(OSError):
                    os.remove(self.path)
