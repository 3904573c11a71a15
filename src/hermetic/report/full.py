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
    paint = Paint(colour)
    lines = {path: split(data) for path, data in (sources or {}).items()}
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
    head = f"{paint(item.code, BOLD + RED)} {printable(item.name)}: {printable(item.message)}"
    arrow = f"  {paint('-->', BLUE)} {printable(item.path)}"
    if not item.line:
        return f"{head}\n{arrow}\n"
    head = f"{head}\n{arrow}:{item.line}:{item.column}\n"
    line = source_line(item, files)
    if not line.strip():
        return head
    margin = str(item.line)
    pad = " " * len(margin)
    bar = paint("|", BLUE)
    source = shown(line)[:LONGEST].rstrip()
    repair = f" {pad} {paint('=', BLUE)} repair: {item.repair}\n" if item.repair else ""
    return f"{head} {pad} {bar}\n {paint(margin, BLUE)} {bar} {source}\n {pad} {bar} {underline(item, line)}\n{repair}"


def source_line(item: Finding, files: dict[str, list[str]]) -> str:
    """Return the line that a finding points at, "" when it cannot be read any more."""
    if item.path not in files:
        try:
            with open(item.path, "rb") as file:
                files[item.path] = split(file.read())
        except OSError:
            files[item.path] = []
    lines = files[item.path]
    return lines[item.line - 1] if 0 < item.line <= len(lines) else ""


def split(data: bytes) -> list[str]:
    """Return the lines of a Python file, as Python counts them."""
    text = decoded(data.removeprefix(b"\xef\xbb\xbf"))
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def decoded(data: bytes) -> str:
    """Return the text of a Python file: UTF-8, unless a comment at its start names another encoding."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        import io
        import tokenize

        try:
            encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        except SyntaxError:
            encoding = "utf-8"
        return data.decode(encoding, "replace")


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
    first = next((item.code for item in findings if item.code != "HRM001"), "HRM101")
    return "\n".join([paint(head, BOLD), *rows, f"Read more: hermetic explain {first}", ""])
