"""For people: each finding with its source line and the way to its explanation."""

from __future__ import annotations

from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.finding import Finding

BOLD, RED, BLUE, PLAIN = "\033[1m", "\033[31m", "\033[34m", "\033[0m"
LONGEST = 140  # characters of a source line that are shown


def render(findings: list[Finding], colour: bool) -> str:  # noqa: FBT001 - every format has this signature
    """Return a block for each finding, and a summary that names the next step."""
    if not findings:
        return "No findings.\n"
    paint = Paint(colour)
    lines: dict[str, list[str]] = {}
    blocks = [block(item, lines, paint) for item in findings]
    return "\n".join(blocks) + "\n" + summary(findings, paint)


class Paint:
    """Colours, or nothing where there is no terminal."""

    def __init__(self, on: bool) -> None:  # noqa: FBT001 - a switch and nothing else
        self.on = on

    def __call__(self, text: str, style: str) -> str:
        """Return text in a style."""
        return f"{style}{text}{PLAIN}" if self.on else text


def block(item: Finding, files: dict[str, list[str]], paint: Paint) -> str:
    """Return one finding with its place and its source line."""
    head = f"{paint(item.code, BOLD + RED)} {item.name}: {printable(item.message)}"
    place = f"  {paint('-->', BLUE)} {printable(item.path)}:{item.line}:{item.column}"
    source = source_line(item, files)
    if not source:
        return f"{head}\n{place}\n"
    margin = str(item.line)
    pad = " " * len(margin)
    bar = paint("|", BLUE)
    return f"{head}\n{place}\n {pad} {bar}\n {paint(margin, BLUE)} {bar} {source}\n {pad} {bar} {underline(item, source)}\n"


def source_line(item: Finding, files: dict[str, list[str]]) -> str:
    """Return the line that a finding points at, "" when it cannot be read any more."""
    if item.path not in files:
        try:
            with open(item.path, "rb") as file:  # noqa: PTH123 - pathlib costs start-up time
                data = file.read()
        except OSError:
            data = b""
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        files[item.path] = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = files[item.path]
    if not 0 < item.line <= len(lines):
        return ""
    return printable(lines[item.line - 1])[:LONGEST].replace("\t", " ").rstrip()


def underline(item: Finding, source: str) -> str:
    """Return the marks below a source line."""
    start = min(item.column - 1, len(source))
    end = item.end_column - 1 if item.end_line == item.line else len(source)
    return " " * start + "^" * max(1, min(end, len(source)) - start)


def summary(findings: list[Finding], paint: Paint) -> str:
    """Return the closing lines: how many of which, and what to type next."""
    counts: dict[tuple[str, str], int] = {}
    for item in findings:
        counts[item.code, item.name] = counts.get((item.code, item.name), 0) + 1
    files = len({item.path for item in findings})
    total = len(findings)
    head = f"{total} finding{'s' * (total != 1)} in {files} file{'s' * (files != 1)}"
    rows = [f"  {count:4}  {code}  {name}" for (code, name), count in sorted(counts.items())]
    first = next((item.code for item in findings if item.code != "HRM001"), "HRM101")
    return "\n".join([paint(head, BOLD), *rows, f"Read more: hermetic explain {first}", ""])
