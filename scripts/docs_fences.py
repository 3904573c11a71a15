"""The code blocks of the pages: what each of them claims by its role, and whether that is so.

The head of a fence carries the role as a class: ```{ .python .bad data-rule="HRM101" }. Roles:

- `bad`: the rule in `data-rule` is found, by the layer in `data-layer` (lint unless it is said);
- `good`: no layer finds anything, forwards and in reverse order, and its tests pass; TOML and YAML can be read;
- `run`: the commands run, in a folder that holds the files of the page's blocks with the same `data-project`;
- `output`: what the block before it printed, where `...` stands for anything;
- `text`: nothing is claimed.

`title` is the name of the file. Blocks of one page with the same `data-project` are files of one project, and
`data-from="examples/member_api"` puts that folder of the repository below them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

ROLES = ("bad", "good", "run", "output", "text")
OPENING = re.compile(r"^(?P<indent>[ ]*)(?P<ticks>`{3,}|~{3,})(?P<head>[^`]*)$")
HEAD = re.compile(r"^\{\s*\.(?P<language>[\w+-]+)\s+\.(?P<role>\w+)(?P<options>(?:\s+[\w-]+=\"[^\"]*\")*)\s*\}$")
OPTION = re.compile(r"([\w-]+)=\"([^\"]*)\"")
KNOWN = ("title", "data-rule", "data-layer", "data-project", "data-from", "hl_lines")
LAYERS = ("lint", "collection", "guard")


class FenceError(Exception):
    """A fence cannot be understood; the message says what is wrong and where."""


class Fence(NamedTuple):
    """One code block: where it stands, its language, its role, its options and its text."""

    page: str
    line: int
    language: str
    role: str
    options: dict[str, str]
    text: str

    @property
    def place(self) -> str:
        """The page and the line of its first tick."""
        return f"{self.page}:{self.line}"

    @property
    def project(self) -> str:
        """What it belongs to: a name that is its own unless it says one."""
        return self.options.get("data-project", f"line-{self.line}")


def fences_of(path: Path, name: str) -> tuple[list[Fence], list[str]]:
    """Return the fences of a page, and what is wrong with those that cannot be understood."""
    found, problems = [], []
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        opening = OPENING.match(lines[number])
        number += 1
        if not opening:
            continue
        start, indent, ticks = number, opening["indent"], opening["ticks"]
        body = []
        while number < len(lines) and not is_end(lines[number], ticks):
            body.append(lines[number].removeprefix(indent))
            number += 1
        number += 1
        if number > len(lines):
            problems.append(f"{name}:{start}: the code block is never closed")
            break
        try:
            found.append(understood(name, start, opening["head"].strip(), "\n".join(body) + "\n"))
        except FenceError as error:
            problems.append(f"{name}:{start}: the code block {error}")
    return found, problems


def is_end(line: str, ticks: str) -> bool:
    """Tell whether a line closes a fence that these ticks have opened."""
    text = line.strip()
    return text.startswith(ticks) and not text.strip(ticks[0])


def understood(page: str, line: int, head: str, text: str) -> Fence:
    """Return the fence with this head. Raises FenceError when the head does not say what the gate must know."""
    match = HEAD.match(head)
    if not match:
        raise FenceError(
            f'has no role: its head is "{head}"; write {{ .python .good }}, with one of {", ".join(ROLES)}'
        )
    role, options = match["role"], dict(OPTION.findall(match["options"]))
    if role not in ROLES:
        raise FenceError(f"has the role {role}; roles are {', '.join(ROLES)}")
    if unknown := set(options) - set(KNOWN):
        raise FenceError(f"has an option {', '.join(sorted(unknown))}; options are {', '.join(KNOWN)}")
    if role == "bad" and not re.fullmatch(r"HRM\d{3}", options.get("data-rule", "")):
        raise FenceError('is bad, and does not say which rule finds it: data-rule="HRM101"')
    if options.get("data-layer", "lint") not in LAYERS:
        raise FenceError(f"names the layer {options['data-layer']}; layers are {', '.join(LAYERS)}")
    return Fence(page, line, match["language"], role, options, text)
