"""The one record that every layer emits."""

from __future__ import annotations

DOCS = "https://hermetic.readthedocs.io/en/stable/rules/"


class Edit:
    """One splice: the bytes of the file from `start` to `end`, which are both counted from 0, become `text`."""

    __slots__ = ("end", "start", "text")

    def __init__(self, start: int, end: int, text: str) -> None:
        self.start = start
        self.end = end
        self.text = text

    @property
    def key(self) -> tuple[int, int, str]:
        """What two edits that do the same share."""
        return (self.start, self.end, self.text)


class Fix:
    """What repairs a finding: edits of its file, which belong together, and what they do in one line.

    `safe`: the tests that passed still pass, and what the finding is about does not leave the test any more. A fix that
    is not safe is likely right, but somebody has to look at it.
    """

    __slots__ = ("edits", "message", "safe")

    def __init__(self, message: str, edits: list[Edit], *, safe: bool = True) -> None:
        self.message = message
        self.edits = edits
        self.safe = safe


class Finding:
    """One hazard at one place.

    `line`, `end_line` and the columns are 1-based; columns count characters. `line` is 0 only for a file that has no
    lines to name (it cannot be read), or where the guard could not tell; `line_reason` says why. `test` is the node id
    through which the hazard is reached, or "". `repair` says in one line what to write instead.

    `fix` is what would repair it, where the linter was asked for that and knows one.

    The guard adds `state` (what was left changed), `before` and `after` (short representations), and `owner`, the
    class-, module-, package- or session-scoped fixture that changed it, "" when it was the test itself.
    """

    __slots__ = (
        "after",
        "before",
        "code",
        "column",
        "end_column",
        "end_line",
        "fix",
        "layer",
        "line",
        "line_reason",
        "message",
        "name",
        "owner",
        "path",
        "repair",
        "state",
        "test",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - a record: one argument for each of its fields
        self,
        code: str,
        name: str,
        message: str,
        path: str,
        line: int,
        column: int = 1,
        end_line: int = 0,
        end_column: int = 0,
        layer: str = "lint",
        test: str = "",
        repair: str = "",
        *,
        line_reason: str = "",
        owner: str = "",
        state: str = "",
        before: str = "",
        after: str = "",
    ) -> None:
        self.code = code
        self.name = name
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.end_line = end_line or line
        self.end_column = end_column or column
        self.layer = layer
        self.test = test
        self.repair = repair
        self.line_reason = line_reason
        self.owner = owner
        self.state = state
        self.before = before
        self.after = after
        self.fix: Fix | None = None

    @property
    def url(self) -> str:
        """The rule's page."""
        return f"{DOCS}{self.code}/"

    @property
    def place(self) -> tuple[str, int, int, str]:
        """Path, line, column and code: what findings are sorted and deduplicated by."""
        return (self.path, self.line, self.column, self.code)

    def __repr__(self) -> str:
        """Return the concise form."""
        return f"{self.path}:{self.line}:{self.column}: {self.code} {self.message}"
