"""For people: each finding with its source line and the way to its explanation."""

from __future__ import annotations

from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.finding import Finding

BOLD, RED, BLUE, PLAIN = "\033[1m", "\033[31m", "\033[34m", "\033[0m"
LONGEST = 140  # characters of a source line that are shown


def render(findings: list[Finding], *, colour: bool, sources: Mapping[str, bytes] | None = None) -> str:
    """Return a block for each finding, and a summary that names the next step."""
    if not findings:
        return "No findings.\n"
    from hermetic.context import Sources

    paint, lines = Paint(colour), Sources(sources)
    blocks = [block(item, lines.line(item), paint) for item in findings]
    return "\n".join(blocks) + "\n" + summary(findings, paint)


class Paint:
    """Colours, or nothing where there is no terminal."""

    def __init__(self, on: bool) -> None:  # noqa: FBT001 - a switch and nothing else
        self.on = on

    def __call__(self, text: str, style: str) -> str:
        """Return text in a style."""
        return f"{style}{text}{PLAIN}" if self.on else text


def block(item: Finding, line: str, paint: Paint) -> str:
    """Return one finding with its place and its source line."""
    head = f"{paint(item.code, BOLD + RED)} {printable(item.name)}: {printable(item.message)}"
    arrow = f"  {paint('-->', BLUE)} {printable(item.path)}"
    if not item.line:
        return f"{head}\n{arrow}\n"
    head = f"{head}\n{arrow}:{item.line}:{item.column}\n"
    if not line.strip():
        return head
    margin = str(item.line)
    pad = " " * len(margin)
    bar = paint("|", BLUE)
    source = shown(line)[:LONGEST].rstrip()
    repair = f" {pad} {paint('=', BLUE)} repair: {item.repair}\n" if item.repair else ""
    return f"{head} {pad} {bar}\n {paint(margin, BLUE)} {bar} {source}\n {pad} {bar} {underline(item, line)}\n{repair}"


def shown(text: str) -> str:
    """Return source text as a terminal shows it: one column for each character that takes one."""
    return printable(text).replace("\t", " ")


def underline(item: Finding, line: str) -> str:
    """Return the marks below a source line."""
    last = item.end_column - 1 if item.end_line == item.line else len(line.rstrip())
    start = min(len(shown(line[: item.column - 1])), LONGEST)
    end = min(len(shown(line[:last])), LONGEST)
    return " " * start + "^" * max(1, end - start)


def summary(findings: list[Finding], paint: Paint) -> str:
    """Return the closing lines: how many of which, and what to type next."""
    counts: dict[tuple[str, str], int] = {}
    for item in findings:
        counts[item.code, item.name] = counts.get((item.code, item.name), 0) + 1
    files = len({item.path for item in findings})
    total = len(findings)
    head = f"{total} finding{'s' * (total != 1)} in {files} file{'s' * (files != 1)}"
    rows = [f"  {count:4}  {code}  {name}" for (code, name), count in sorted(counts.items())]
    codes = {code for code, _ in counts}
    more = min(codes) if len(codes) == 1 else "CODE, with a code of this list"
    return "\n".join([paint(head, BOLD), *rows, *fixable(findings), f"Read more: hermetic explain {more}", ""])


def fixable(findings: list[Finding]) -> list[str]:
    """Return what is said of findings that can be repaired, nothing where none can."""
    safe = [item.fix.safe for item in findings if item.fix is not None]
    risky = len(safe) - sum(safe)
    if not safe:
        return []
    if not sum(safe):
        return [f"{risky} can be fixed with --fix --unsafe-fixes; --diff --unsafe-fixes shows how"]
    more = f", {risky} more with --unsafe-fixes" if risky else ""
    return [f"{sum(safe)} can be fixed with --fix{more}; --diff shows how"]
