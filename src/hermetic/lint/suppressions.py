"""`# hermetic: ignore[HRM101] reason`: read, applied, and reported when it suppresses nothing."""

from __future__ import annotations

from hermetic.finding import Finding
from hermetic.lint.selection import SUPPRESSION_UNUSED, is_code
from hermetic.source.roles import is_conftest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.lint.allowances import Allowance
    from hermetic.lint.selection import Selection
    from hermetic.source.text import Text

NAMES = (b"ermetic", b"HERMETIC")  # one of them is in each file with a comment of ours
# Patterns, of which case does not matter; whoever uses them has imported `re` anyway.
IGNORE = r"hermetic\s*:\s*ignore\b\s*"
EXCUSE = IGNORE + r"\[([^\]]*)\]"
# What is meant as an excuse, and is none: another word before codes, or a word that other tools have for it.
MEANT = r"hermetic\s*:\s*(?:(\w+)\s*[\[(=:]\s*[a-z]+\d|(allow|disable|noqa|skip|suppress)(?:\s+[a-z]+\d|\s*$))"
SPELLING = "write # hermetic: ignore[HRM101] reason"


class Suppression:
    """One comment: its line, the line that it speaks for (1-based), and the codes."""

    __slots__ = ("codes", "column", "comment_line", "line", "problem", "used")

    def __init__(self, comment_line: int, line: int, column: int, codes: tuple[str, ...], problem: str = "") -> None:
        self.comment_line = comment_line
        self.line = line
        self.column = column
        self.codes = codes
        self.problem = problem
        self.used: set[str] = set()


def read(text: Text) -> list[Suppression]:
    """Return the suppression comments of a file.

    A comment at the end of a line speaks for that line; a comment on a line of its own for the next line of code.
    """
    if not is_mentioned(text.data):
        return []
    import io
    import tokenize

    found = []
    source = b"\n".join(text.lines).decode("utf-8", "replace") + "\n"
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                item = parse(token.string, token.start[0], token.start[1] + 1, token.line)
                found += [item] if item is not None else []
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return found
    lines = text.lines
    for item in found:
        while item.line > item.comment_line and item.line <= len(lines) and blank_or_comment(lines[item.line - 1]):
            item.line += 1
    return found


def is_mentioned(data: bytes) -> bool:
    """Tell whether a file may hold a comment of ours: a line with `hermetic` and a colon behind a number sign."""
    return any(name in data for name in NAMES) and any(map(is_mentioned_in, data.splitlines()))


def is_mentioned_in(line: bytes) -> bool:
    """Tell whether a line may end in a comment of ours."""
    comment = line.partition(b"#")[2].lower()
    return any(part.lstrip().startswith(b":") for part in comment.split(b"hermetic")[1:])


def blank_or_comment(line: bytes) -> bool:
    """Tell whether a line holds no code."""
    text = line.strip()
    return not text or text.startswith(b"#")


def parse(comment: str, line: int, column: int, whole_line: str) -> Suppression | None:
    """Read one comment; what is wrong with it is kept as its `problem`. None where it is not meant as an excuse."""
    import re

    alone = whole_line.lstrip().startswith("#")
    target = line + 1 if alone else line
    if ignore := re.search(IGNORE, comment, re.IGNORECASE):
        codes, problem = codes_in(comment[ignore.end() :])
        return Suppression(line, target, column, codes, problem)
    if meant := re.search(MEANT, comment, re.IGNORECASE):
        return Suppression(line, target, column, (), f"says {meant[1] or meant[2]}, which excuses nothing; {SPELLING}")
    return None


def codes_in(rest: str) -> tuple[tuple[str, ...], str]:
    """Return the codes that stand in brackets behind `ignore`, and what is wrong with them."""
    inside, closed, _ = rest.partition("]")
    if not inside.startswith("[") or not closed:
        return (), f"names no code; {SPELLING}"
    codes = tuple(code.strip() for code in inside[1:].split(",") if code.strip())
    wrong = [code for code in codes if not is_code(code)]
    if wrong or not codes:
        return (), f"needs whole codes such as HRM101, not {', '.join(wrong) or 'nothing'}"
    return codes, ""


def suppress(findings: list[Finding], suppressions: list[Suppression]) -> list[Finding]:
    """Return the findings that no comment speaks for, and note which comments were used."""
    kept = []
    for finding in findings:
        matching = [
            item
            for item in suppressions
            if finding.code in item.codes and item.line in {finding.line, finding.end_line}
        ]
        for item in matching:
            item.used.add(finding.code)
        if not matching:
            kept.append(finding)
    return kept


def unused(
    path: str, suppressions: list[Suppression], active: frozenset[str], known: frozenset[str], *, decided: bool
) -> list[Finding]:
    """Return a finding for each comment that is malformed, or that suppresses nothing although its rule is on.

    `decided` says whether the check of the file alone shows what its comments suppress. What a helper does becomes a
    finding only through the tests that call it, and they need not be among the checked files.
    """
    found = []
    for item in suppressions:
        unknown = [code for code in item.codes if code.startswith("HRM") and code not in known]
        idle = [code for code in item.codes if decided and code in active and code not in item.used]
        if item.problem:
            message = f"this suppression {item.problem}"
        elif unknown:
            message = f"this suppression names {', '.join(unknown)}, which no rule has"
        elif idle:
            message = f"this suppression of {', '.join(idle)} suppresses nothing; remove it"
        else:
            continue
        found.append(Finding(SUPPRESSION_UNUSED, "suppression-unused", message, path, item.comment_line, item.column))
    return found


class Comments:
    """The suppressions of one file, and the marks by which its tests are allowed something."""

    __slots__ = ("decided", "items", "marks")

    def __init__(self, text: Text | None, marks: list[Allowance]) -> None:
        self.items = read(text) if text is not None else []
        self.marks = marks
        self.decided = text is not None and (text.is_test or is_conftest(text.path))

    def left(self, findings: list[Finding]) -> list[Finding]:
        """Return the findings that neither a mark nor a comment excuses."""
        kept = [item for item in findings if not any(mark.covers(item) for mark in self.marks)]
        return suppress(kept, self.items) if self.items else kept

    def unused(self, path: str, selection: Selection) -> list[Finding]:
        """Return the findings about comments that suppress nothing."""
        return unused(path, self.items, selection.codes, selection.known, decided=self.decided)
