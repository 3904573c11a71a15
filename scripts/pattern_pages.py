"""The page of patterns to copy: marked blocks of code that the regression tests run, each with the rule that it keeps.

A block begins with `# pattern: what it is for [HRM201]` and ends with `# end of pattern`. What no rule asks for stands
behind `[human]`: only a reader can see whether it was done.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from mutants import KILLS, ROOT
from rule_pages import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ROOT / "tests" / "regression"
PAGE = "docs/patterns.md"
BEGIN = re.compile(r"^\s*# pattern: (?P<title>.+?) \[(?P<rule>HRM\d{3}|human)\]$")
MARK = "# pattern"
END = "# end of pattern"
INTRODUCTION = """\
# Patterns to copy

Each of these blocks is code that the {tests} run:
with the hazard beside it, with workers that really are several, and under the guard. A block stands below the imports
of its file that it uses, and the button in its corner copies it. The rule below a title says what goes wrong without
it; the file is where it runs, with the fixtures and helpers that it asks for.
"""


class PatternError(ValueError):
    """A block is not marked as it must be; the message says where and how."""


class Pattern(NamedTuple):
    """One block: what it is for, the rule that it keeps, the file that it stands in, and its code."""

    title: str
    rule: str
    path: str
    code: str


def files() -> dict[str, str]:
    """Return the generated files: path below the repository -> content. Raises PatternError."""
    groups: defaultdict[str, list[Pattern]] = defaultdict(list)
    for pattern in every():
        groups[pattern.rule[3:4] if pattern.rule != "human" else ""].append(pattern)
    linked = "[regression tests](regression-tests.md)" if KILLS.is_file() else "regression tests"
    parts = [INTRODUCTION.format(tests=linked)]
    for family in sorted(groups, key=lambda name: (not name, name)):
        parts.append(f"## {FAMILIES[family] if family else 'What no rule asks for'}\n")
        parts += [block(pattern) for pattern in sorted(groups[family], key=lambda each: (each.rule, each.title))]
    return {PAGE: "\n".join(parts)}


def every() -> Iterator[Pattern]:
    """Yield the patterns of all files. Raises PatternError."""
    for path in sorted(FOLDER.rglob("*.py")):
        yield from patterns_of(path)


def patterns_of(path: Path) -> Iterator[Pattern]:
    """Yield the marked blocks of a file, in its order. Raises PatternError."""
    lines = path.read_text(encoding="utf-8").splitlines()
    name = path.relative_to(ROOT).as_posix()
    number = 0
    while number < len(lines):
        line, start = lines[number], number + 1
        number += 1
        if not line.strip().startswith(MARK):
            continue
        if not (begin := BEGIN.match(line)):
            raise PatternError(f"{name}:{start}: write {MARK}: what it is for [HRM201], or [human]")
        ends = [index for index in range(start, len(lines)) if lines[index].strip() == END]
        if not ends:
            raise PatternError(f"{name}:{start}: the pattern has no {END}")
        number = ends[0] + 1
        code = textwrap.dedent("\n".join(lines[start : ends[0]])).strip("\n")
        yield Pattern(begin["title"], begin["rule"], name, needed_imports("\n".join(lines), code) + code)


def needed_imports(source: str, code: str) -> str:
    """Return the imports at the top of a file whose names a block uses, so that the block can be copied alone."""
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "__future__":
            node.names = [each for each in node.names if (each.asname or each.name.partition(".")[0]) in used]
            found += [ast.unparse(node)] if node.names else []
    return "\n".join([*found, "\n\n"]) if found else ""


def shown(pattern: Pattern) -> str:
    """Return the heading of a pattern."""
    return pattern.title[0].upper() + pattern.title[1:]


def anchor(pattern: Pattern) -> str:
    """Return the anchor of a pattern's heading, as the site makes it; the gate follows the links to it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", shown(pattern)).strip().lower())


def block(pattern: Pattern) -> str:
    """Return a pattern as Markdown."""
    rule = "human" if pattern.rule == "human" else f"[{pattern.rule}](rules/{pattern.rule}.md)"
    code = f"```{{ .python .good }}\n{pattern.code}\n```\n"
    return f"### {shown(pattern)}\n\n{rule} · `{pattern.path}`\n\n{code}"
