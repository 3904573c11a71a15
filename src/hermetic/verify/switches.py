"""The ways to switch enforcement off that any repository may have: what each changes in its files.

A switch returns the new content of files, by path below the top of the copy; none where it has nothing to turn.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import tomllib
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.verify import ci, hooks, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.verify.ci import Ci, Command
    from hermetic.verify.hooks import Hooks
    from hermetic.verify.scratch import Scratch

Files = dict[str, str]
PYTEST = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", "tool.pytest.ini_options"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
UNLOAD = "-p no:hermetic"


class Parts(NamedTuple):
    """The parts of a repository that can be switched off."""

    root: str
    below: str  # the project, relative to the root; "" for the root itself
    hooks: Hooks
    ci: Ci

    @classmethod
    def of(cls, scratch: Scratch) -> Parts:
        """Read them from a copy."""
        below = os.path.relpath(scratch.project, scratch.path)
        found = hooks.read(scratch)
        return cls(scratch.path, "" if below == os.curdir else f"{below}/", found, ci.read(scratch.path))


class Switch(NamedTuple):
    """One way: its name, what it does in words, and the files that it changes."""

    name: str
    what: str
    turn: Callable[[Parts], Files]


# --- the hooks ---


def each_hook(change: Callable[[dict[str, Any]], None], parts: Parts) -> Files:
    """Change each hook of hermetic's."""
    if not parts.hooks.hooks:
        return {}
    config = texts.loaded(parts.hooks.text, hooks.CONFIG)
    for repo in config["repos"]:
        for raw in repo.get("hooks") or []:
            if hooks.is_ours(raw):
                change(raw)
    return {hooks.CONFIG: texts.yaml().safe_dump(config, sort_keys=False)}


def entry_true(raw: dict[str, Any]) -> None:
    """Let a hook run a command that always succeeds."""
    raw.update(entry="true", language="system")


def entry_or_true(raw: dict[str, Any]) -> None:
    """Let a hook ignore its own failure."""
    entry = raw.get("entry") or f"hermetic hook {raw['id']}"
    raw.update(entry=f"bash -c '{entry} \"$@\" || true' --", language="system")


def with_key(key: str, value: object, raw: dict[str, Any]) -> None:
    """Give a hook another setting."""
    raw[key] = value


def no_hooks(parts: Parts) -> Files:
    """Remove the hooks."""
    if not parts.hooks.hooks:
        return {}
    config = texts.loaded(parts.hooks.text, hooks.CONFIG)
    for repo in config["repos"]:
        repo["hooks"] = [raw for raw in repo.get("hooks") or [] if not hooks.is_ours(raw)]
    config["repos"] = [repo for repo in config["repos"] if repo["hooks"]]
    return {hooks.CONFIG: texts.yaml().safe_dump(config, sort_keys=False)}


def exclude_all(parts: Parts) -> Files:
    """Exclude every file from the hooks."""
    if not parts.hooks.hooks:
        return {}
    config = texts.loaded(parts.hooks.text, hooks.CONFIG) | {"exclude": ".*"}
    return {hooks.CONFIG: texts.yaml().safe_dump(config, sort_keys=False)}


# --- the plugin and the linter ---


def in_pytest(key: str, value: str, parts: Parts) -> Files:
    """Set a key where pytest is configured; what `addopts` holds stays in front."""
    for name, section in PYTEST:
        path = parts.below + name
        text = texts.read(parts.root, path)
        if re.search(rf"^\[{re.escape(section)}\]", text, re.MULTILINE):
            new = with_option(text, section, key, value, toml=name.endswith(".toml"))
            return {path: new} if new else {}
    return {}


def with_option(text: str, section: str, key: str, value: str, *, toml: bool) -> str:
    """Return a configuration with a key of a section set, "" where that cannot be written."""
    if not toml:
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(text)
        except configparser.Error:
            return ""
        old = parser.get(section, key, fallback="")
        if key != "addopts":
            return text if old == value else with_line(text, section, key, value)
        return with_line(text, section, key, f"{old} {value}".replace("\n", " ").strip())
    table: Any = tomllib.loads(text)
    for part in section.split("."):
        table = table[part]
    old = table.get(key, "")
    if key != "addopts":
        return text if old == value else with_line(text, section, key, json.dumps(value))
    new = [*old, *value.split()] if isinstance(old, list) else f"{old} {value}".strip()
    return with_line(text, section, key, json.dumps(new))


def with_line(text: str, section: str, key: str, literal: str) -> str:
    """Return a configuration whose section has one line `key = literal` first, and no other value of that key."""
    head, found, rest = text.partition(f"[{section}]")
    end = re.search(r"^\[", rest, re.MULTILINE)
    body, others = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    body = re.sub(rf"^{re.escape(key)}\s*=\s*(?:\[[^\]]*\]|.*(?:\n[ \t]+.*)*)\n?", "", body, flags=re.MULTILINE)
    return f"{head}{found}\n{key} = {literal}{body if body.startswith(chr(10)) else chr(10) + body}{others}"


def in_hermetic(key: str, value: list[str], parts: Parts) -> Files:
    """Set a key where hermetic is configured."""
    path = f"{parts.below}pyproject.toml"
    text = texts.read(parts.root, path)
    if not re.search(r"^\[tool\.hermetic\]", text, re.MULTILINE):
        text = f"{text.rstrip()}\n\n[tool.hermetic]\n"
    return {path: with_line(text, "tool.hermetic", key, json.dumps(value))}


# --- CI ---


def tests_in_ci(parts: Parts) -> list[Command]:
    """Return the commands with which CI runs pytest."""
    return [run.command for run in ci.suites(parts.ci, parts.root)]


def hooks_in_ci(parts: Parts) -> list[Command]:
    """Return the commands with which CI runs the hooks on all files."""
    return ci.hook_runs(parts.ci, tuple(hook.id for hook in parts.hooks.hooks))


def each_line(which: Callable[[Parts], list[Command]], change: Callable[[str], str], parts: Parts) -> Files:
    """Change the lines on which commands of CI stand."""
    found: dict[str, list[str]] = {}
    for path, line in sorted({(command.path, command.line) for command in which(parts)}):
        lines = found.setdefault(path, texts.read(parts.root, path).splitlines())
        last = line - 1
        while lines[last].endswith("\\") and last + 1 < len(lines):
            last += 1
        whole = " ".join(part.rstrip("\\").rstrip() for part in lines[line - 1 : last + 1])
        lines[line - 1 : last + 1] = [change(whole), *[""] * (last - line + 1)]
    return {path: "\n".join(lines) + "\n" for path, lines in found.items()}


def before_quote(addition: str, line: str) -> str:
    """Return a line with something at the end of its command, inside of a quote that ends the line."""
    stripped = line.rstrip()
    is_quoted = re.search(r"run:\s*([\"']).*\1$", stripped)
    return f"{stripped[:-1]} {addition}{stripped[-1]}" if is_quoted else f"{stripped} {addition}"


def nothing_run(line: str) -> str:
    """Return a line that runs `true` in the place of its command."""
    match = re.match(r"^(\s*(?:-\s+)?(?:run:\s*)?[@-]?)", line)
    return f"{match[1] if match else ''}true"


def no_ci(parts: Parts) -> Files:
    """Empty what CI is told."""
    return dict.fromkeys(parts.ci.files, "")


SWITCHES = (
    Switch("hook-entry-true", "the hooks run `true`", partial(each_hook, entry_true)),
    Switch("hook-or-true", "the hooks ignore their own failure", partial(each_hook, entry_or_true)),
    Switch(
        "hook-manual", "the hooks run only when called", partial(each_hook, partial(with_key, "stages", ["manual"]))
    ),
    Switch("hook-no-files", "the hooks are given no file", partial(each_hook, partial(with_key, "files", "^$"))),
    Switch("hook-exclude-all", "every file is excluded from the hooks", exclude_all),
    Switch("hooks-removed", "the hooks are removed", no_hooks),
    Switch("guard-unloaded", "pytest is told not to load the plugin", partial(in_pytest, "addopts", UNLOAD)),
    Switch("guard-off", "the guard is off", partial(in_pytest, "hermetic", "off")),
    Switch("guard-warns", "the guard only warns", partial(in_pytest, "hermetic", "warn")),
    Switch("lint-excludes-all", "the linter excludes every file", partial(in_hermetic, "exclude", ["**"])),
    Switch("lint-ignores-all", "the linter ignores every rule", partial(in_hermetic, "ignore", ["ALL"])),
    Switch(
        "ci-tests-soft", "CI ignores failing tests", partial(each_line, tests_in_ci, partial(before_quote, "|| true"))
    ),
    Switch("ci-no-tests", "CI runs no tests", partial(each_line, tests_in_ci, nothing_run)),
    Switch(
        "ci-serial", "CI runs the tests in one process", partial(each_line, tests_in_ci, partial(before_quote, "-n 0"))
    ),
    Switch(
        "ci-hooks-soft", "CI ignores failing hooks", partial(each_line, hooks_in_ci, partial(before_quote, "|| true"))
    ),
    Switch("ci-no-hooks", "CI runs no hooks", partial(each_line, hooks_in_ci, nothing_run)),
    Switch("ci-removed", "the configuration of CI is empty", no_ci),
)
