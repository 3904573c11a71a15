"""A run whose findings are not all that there are, and why that is so."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.finding import Finding


class IncompleteError(Exception):
    """A rule failed on a file. `findings` are what everything else found; `failures` say what failed, and where."""

    def __init__(self, findings: list[Finding], failures: list[str]) -> None:
        super().__init__("; ".join(failures))
        self.findings = findings
        self.failures = failures


def why_failed(what: str, error: Exception) -> str:
    """Return one line about a rule that failed: what it did, the error, and where in the source that was raised."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_filename}:{place.tb_lineno})" if place is not None else ""
    return f"{what}: {type(error).__name__}: {error}{where}"


def why_unreadable(path: str) -> str:
    """Return why a file cannot be read."""
    try:
        if os.path.isdir(path):
            os.listdir(path)
            return "cannot be read: it is a folder"
        os.stat(path)
        if not os.path.isfile(path):
            return "cannot be read: it is not a regular file"
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return "cannot be read"
