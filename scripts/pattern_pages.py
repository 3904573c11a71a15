"""The page of patterns to copy: marked blocks of code that the regression tests run, each with the rule that it keeps.

A block begins with `# pattern: what it is for [HRM201]` and ends with `# end of pattern`. What no rule asks for stands
behind `[human]`: only a reader can see whether it was done. Below the first line may stand `# yours: names`, which the
reader has to replace, and `# about: a sentence` for the page. `pattern_cut` says what comes along with a block.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from mutants import KILLS, ROOT
from pattern_cut import Cut, CutError, Source, cut
from rule_pages import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ROOT / "tests" / "regression"
EXAMPLE = "member_api"  # the service that some of the tests are about
PAGE = "docs/patterns.md"
BEGIN = re.compile(r"^\s*# pattern: (?P<title>.+?) \[(?P<rule>HRM\d{3}|human)\]$")
MARK = "# pattern"
END = "# end of pattern"
DETAIL = re.compile(r"^# (?P<kind>yours|about): (?P<text>.+)$")
INTRODUCTION = """\
# Patterns to copy

Each of these blocks is code that the {tests} run:
with the hazard beside it, with workers that really are several, and under the guard. A block is complete: its imports,
helpers and fixtures stand in it, save those of pytest and of hermetic, and the button in its corner copies it. Above it
stand the rule that says what goes wrong without it, the file that it is from, and the names in it that are yours to
replace: modules and fixtures of the project that is tested.
"""


class PatternError(ValueError):
    """A block is not marked as it must be; the message says where and how."""


class Pattern(NamedTuple):
    """One block: what it is for, its rule, its file, its code, what in it is the reader's, and what is said of it."""

    title: str
    rule: str
    path: str
    code: str
    own: list[str]
    about: str


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
        details: dict[str, list[str]] = {"yours": [], "about": []}
        for detail in filter(None, map(DETAIL.match, lines[start : ends[0]])):
            details[detail["kind"]].append(detail["text"])
        own = [each for text in details["yours"] for each in text.split(", ")]
        try:
            code, own = cut_from(path, (start, ends[0]), own)
        except CutError as error:
            raise PatternError(f"{name}:{start}: {error}") from error
        yield Pattern(begin["title"], begin["rule"], name, code, own, " ".join(details["about"]))


def cut_from(path: Path, lines: tuple[int, int], own: list[str]) -> Cut:
    """Return some lines of a file with what they need. Raises CutError."""
    beside = path.with_name("conftest.py")
    conftest = "" if beside == path or not beside.is_file() else beside.read_text(encoding="utf-8")
    local = [each.stem for folder in (path.parent, path.parent.parent) for each in folder.glob("*.py")]
    return cut(Source(path.read_text(encoding="utf-8")), Source(conftest), lines, own, [*local, EXAMPLE])


def shown(pattern: Pattern) -> str:
    """Return the heading of a pattern."""
    return pattern.title[0].upper() + pattern.title[1:]


def anchor(pattern: Pattern) -> str:
    """Return the anchor of a pattern's heading, as the site makes it; the gate follows the links to it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", shown(pattern)).strip().lower())


def block(pattern: Pattern) -> str:
    """Return a pattern as Markdown."""
    rule = "human" if pattern.rule == "human" else f"[{pattern.rule}](rules/{pattern.rule}.md)"
    own = f" · yours to replace: {', '.join(f'`{name}`' for name in pattern.own)}" if pattern.own else ""
    about = f"{pattern.about}\n\n" if pattern.about else ""
    code = f"```{{ .python .good }}\n{pattern.code}\n```\n"
    return f"### {shown(pattern)}\n\n{rule} · from `{pattern.path}`{own}\n\n{about}{code}"
