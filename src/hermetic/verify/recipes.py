"""From a line that CI runs to the lines that it leads to: make, tox, nox and scripts, read as text."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from hermetic.verify import texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermetic.verify.ci import Command

DEEPEST = 6  # how far one script may lead to the next
MAKE = re.compile(r"(?:^|[\s;&(\"'])(?:make|\$\(MAKE\))((?:\s+[\w./=$(){}\"'@:+-]+)*)")
TOX = re.compile(r"(?:^|[\s;&(/])tox(?=\s|$)")
NOX = re.compile(r"(?:^|[\s;&(/])nox(?=\s|$)")
TARGET = re.compile(r"^([\w./$()% -]+?)\s*::?(?!=)\s*([^=]*)$")
VARIABLE = re.compile(r"^(?:export\s+)?(\w+)\s*(?:\?|:{0,3})=\s*(.*)$")
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")


def joined(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield (offset of its first line, command) for the lines of a script: continued ones joined, comments left out."""
    start, kept = 0, ""
    for offset, raw in enumerate(lines):
        start = start if kept else offset
        kept += raw.rstrip().removesuffix("\\") + " "
        if raw.rstrip().endswith("\\"):
            continue
        text, kept = kept.strip(), ""
        if text and not text.startswith("#"):
            yield start, re.sub(r"\s#\s.*$", "", text)


def script_lines(path: str, text: str, *, soft: bool = False) -> Iterator[Command]:
    """Yield the lines of a shell script."""
    from hermetic.verify.ci import Command, is_soft

    for offset, line in joined(text.splitlines()):
        yield Command(path, offset + 1, line, soft or is_soft(line))


def expanded(root: str, command: Command, depth: int = 0, seen: frozenset[str] = frozenset()) -> list[Command]:
    """Return a command and all that it leads to."""
    found = [command]
    if depth >= DEEPEST:
        return found
    for name, further in led_to(root, command):
        if name not in seen:
            for one in further:
                harder = one._replace(soft=one.soft or command.soft)
                found += expanded(root, harder, depth + 1, seen | {name})
    return found


def led_to(root: str, command: Command) -> Iterator[tuple[str, list[Command]]]:
    """Yield what a command runs: a name for it, and its lines."""
    for match in MAKE.finditer(command.text):
        yield from of_make(root, match[1])
    if TOX.search(command.text):
        yield "tox", of_tox(root)
    if NOX.search(command.text):
        yield "nox", of_nox(root)
    for word in re.split(r"[\s;&|()\"']+", command.text):
        path = os.path.normpath(word) if word else ""
        if path and not os.path.isabs(path) and not path.startswith("..") and is_script(root, path):
            yield path, list(script_lines(path, texts.read(root, path)))


def is_script(root: str, path: str) -> bool:
    """Tell whether a path is a shell script of the repository."""
    if not os.path.isfile(os.path.join(root, path)):
        return False
    text = texts.read(root, path)
    first = text.partition("\n")[0]
    return path.endswith((".sh", ".bash")) or (first.startswith("#!") and first.rstrip().endswith("sh"))


def of_make(root: str, given: str) -> Iterator[tuple[str, list[Command]]]:
    """Yield the recipes of targets, and of the targets that they need."""
    path = next((name for name in MAKEFILES if os.path.isfile(os.path.join(root, name))), "")
    if not path:
        return
    needs, rules, first = makefile(path, texts.read(root, path))
    targets = [word for word in given.split() if not word.startswith("-") and "=" not in word] or [first]
    pending, seen = list(targets), set()
    while pending:
        name = pending.pop(0)
        if name in seen or name not in rules:
            continue
        seen.add(name)
        pending += needs[name]
        yield f"make {name}", rules[name]


def makefile(path: str, text: str) -> tuple[dict[str, list[str]], dict[str, list[Command]], str]:
    """Return what each target needs, its recipe, and the target that stands first or is the default."""
    variables: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    rules: dict[str, list[Command]] = {}
    current: list[str] = []
    for offset, raw in joined_recipe(text.splitlines()):
        if raw.startswith("\t"):
            for name in current:
                rules[name] += recipe(path, offset, raw, variables)
            continue
        line = re.sub(r"\s##?\s.*$", "", raw)
        variable = VARIABLE.match(line)
        target = TARGET.match(line)
        if variable:
            if "$(shell" not in variable[2]:
                variables[variable[1]] = variable[2]
        elif target and not line.startswith((".PHONY", ".DELETE", "#")):
            current = target[1].split()
            for name in current:
                needs.setdefault(name, []).extend(target[2].replace("|", " ").split())
                rules.setdefault(name, [])
    first = next(iter(rules), "")
    default = texts.line_of(text, r"^\.DEFAULT_GOAL")
    goal = text.splitlines()[default - 1].partition("=")[2].strip() if default else first
    return needs, rules, goal


def joined_recipe(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield (offset, line) of a makefile, continued lines joined; the tab in front of a recipe stays."""
    start, kept = 0, ""
    for offset, raw in enumerate(lines):
        start = start if kept else offset
        kept += raw.rstrip().removesuffix("\\") + (" " if raw.rstrip().endswith("\\") else "")
        if not raw.rstrip().endswith("\\"):
            if kept.strip():
                yield start, kept
            kept = ""


def recipe(path: str, offset: int, raw: str, variables: dict[str, str]) -> list[Command]:
    """Return a line of a recipe, with the variables that the makefile sets; `-` in front ignores its failure."""
    from hermetic.verify.ci import Command, is_soft

    text = raw.strip()
    marks = text[: len(text) - len(text.lstrip("@-+"))]
    text = text.lstrip("@-+")
    for _ in range(3):
        text = re.sub(r"\$[({](\w+)[)}]", lambda match: variables.get(match[1], match[0]), text)
    return [Command(path, offset + 1, text, "-" in marks or is_soft(text))]


def of_tox(root: str) -> list[Command]:
    """Return the commands of tox."""
    from hermetic.verify.ci import Command, is_soft

    for path in ("tox.ini", "setup.cfg", "tox.toml", "pyproject.toml"):
        text = texts.read(root, path)
        if "commands" not in text:
            continue
        found = []
        inside = False
        for number, raw in enumerate(text.splitlines(), 1):
            if re.match(r"\s*commands(_pre|_post)?\s*=", raw):
                inside = True
            elif inside and raw.strip() and not raw[:1].isspace() and not raw.startswith("]"):
                inside = False
            if inside:
                line = raw.partition("=")[2] if re.match(r"\s*commands", raw) else raw
                text_of = re.sub(r"[\[\]\",]+", " ", line).strip()
                found.append(Command(path, number, text_of.lstrip("- "), text_of.startswith("- ") or is_soft(text_of)))
        return [one for one in found if one.text and not one.text.startswith("#")]
    return []


def of_nox(root: str) -> list[Command]:
    """Return the commands of nox: the strings that `session.run` is given."""
    from hermetic.verify.ci import Command

    text = texts.read(root, "noxfile.py")
    found = []
    for match in re.finditer(r"session\.run(?:_always)?\(([^()]*(?:\([^()]*\)[^()]*)*)\)", text):
        given = " ".join(re.findall(r"[\"']([^\"']*)[\"']", match[1]))
        found.append(Command("noxfile.py", text.count("\n", 0, match.start()) + 1, given, "success_codes" in match[1]))
    return found
