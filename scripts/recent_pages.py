"""The page of recent work: what the changelog fragments say, which patterns are new, and what was released before."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import pattern_pages
from rule_pages import outside_code

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/recent.md"
CHANGELOG = "CHANGELOG.md"
FRAGMENTS = "changelog.d"
START = "<!-- towncrier release notes start -->"
RULE = re.compile(r"\bHRM\d{3}\b")
INTRODUCTION = """\
# Recent work

What has changed since the last release, and what each release brought. It is drawn from the changelog by
`python scripts/generate.py`.
"""


def files(root: Path) -> dict[str, str]:
    """Return the generated file: path below the repository -> content. Raises ValueError for an unknown type."""
    pages = {path.stem for path in (root / "docs" / "rules").glob("HRM*.md")}
    released = (root / CHANGELOG).read_text(encoding="utf-8").partition(START)[2].strip()
    parts = [INTRODUCTION, "## Not in a release yet\n", *changes(root, pages)]
    if fresh := patterns(released):
        parts += ["### New patterns\n", "".join(f"- {line}\n" for line in fresh)]
    return {PAGE: "\n".join([*parts, f"{linked(released, pages)}\n"] if released else parts)}


def changes(root: Path, pages: set[str]) -> list[str]:
    """Return the fragments as sections of the page, in the order of their types; links go to known `pages`."""
    settings: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    titles = {kind["directory"]: kind["name"] for kind in settings["tool"]["towncrier"]["type"]}
    found: dict[str, list[str]] = {kind: [] for kind in titles}
    for path in sorted((root / FRAGMENTS).glob("*.*.md")):
        kind = path.name.split(".")[-2]
        if kind not in found:
            raise ValueError(f"{path.relative_to(root)}: no such type; types are {', '.join(titles)}")
        text = linked(" ".join(path.read_text(encoding="utf-8").split()), pages)
        found[kind].append(f"- {text}\n")
    return [f"### {titles[kind]}\n\n{''.join(lines)}" for kind, lines in found.items() if lines]


def patterns(released: str) -> list[str]:
    """Return links to the patterns to copy that no release names."""
    every = list(pattern_pages.every()) if pattern_pages.FOLDER.is_dir() else []
    titles = {pattern_pages.shown(pattern): pattern_pages.anchor(pattern) for pattern in every}
    return [f"[{title}](patterns.md#{titles[title]})" for title in sorted(titles) if title not in released]


def linked(text: str, pages: set[str]) -> str:
    """Return text in which each rule that has a page is a link to it; code and links stay as they are."""

    def link(match: re.Match[str]) -> str:
        return f"[{match[0]}](rules/{match[0]}.md)" if match[0] in pages else match[0]

    return outside_code(text, lambda part: RULE.sub(link, part))
