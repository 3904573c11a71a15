"""What the commands share that take long: progress, an end that tidies up, and the files that they write."""

from __future__ import annotations

import sys
import time

from hermetic.cli import complain
from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

CANNOT_RUN = 2
PATIENCE = 2.0  # seconds after which a command says what it is doing
EVERY, EVERY_ON_TERMINAL = 5.0, 0.1  # seconds between two words about the same


class Progress:
    """Says on standard error what a command is doing, and how long that may take, once it takes long."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.started = self.since = time.monotonic()
        self.said = 0.0
        self.what = ""
        self.shown = False

    def __call__(self, what: str, done: int = 0, total: int = 1, left: float | None = None) -> None:
        """Say it, unless the run has just begun, or the same was said just now.

        A `total` of 0 is one that nobody knows.
        `left` is the time until the end in seconds, where the caller knows better than the pace of this part tells.
        """
        now, is_new = time.monotonic(), what != self.what
        if is_new:
            self.what, self.since = what, now
        if sys.stderr is None:
            return
        is_terminal = sys.stderr.isatty()
        pause = EVERY_ON_TERMINAL if is_terminal else EVERY
        if (not is_new and now - self.said < pause) or (now - self.started < PATIENCE and not is_terminal):
            return
        self.said = now
        far = f": {done} of {total}" if total > 1 else f": {done} so far" if done and not total else ""
        line = printable(what + far)
        if left is None and done and total:
            left = (now - self.since) / done * (total - done)
        if left is not None:
            line += f", about {left:.0f} s left"
        sys.stderr.write(f"\r\033[K{line}" if is_terminal else f"hermetic {self.command}: {line}\n")
        sys.stderr.flush()
        self.shown = is_terminal

    def end(self) -> None:
        """Remove the last line from a terminal."""
        if self.shown:
            sys.stderr.write("\r\033[K")


def interrupted(_: int, __: FrameType | None) -> None:
    """Stop as for Ctrl-C, so that what is known is kept and the copies are removed."""
    raise KeyboardInterrupt


def write(path: str, content: str) -> int:
    """Write a file that was asked for; return the exit code for one that cannot be written, else 0."""
    if not path:
        return 0
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        complain(f"{path}: cannot be written: {error.strerror}")
        return CANNOT_RUN
    return 0
