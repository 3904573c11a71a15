"""What CI is told to run: read, never executed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.verify import recipes, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKFLOWS, GITLAB, SCRIPTS = ".github/workflows", ".gitlab-ci.yml", ".ci"
EVENTS = {"push", "pull_request", "pull_request_target", "merge_group", "workflow_call"}
SOFT = re.compile(r"\|\|\s*(?:true|:|exit 0|echo\b)|;\s*(?:true|exit 0)\s*$")
PRE_COMMIT = re.compile(r"\b(?:pre-commit|prek|pre_commit)\s+run\b(.*)")
CHECK = re.compile(r"\bhermetic\s+check\b(.*)")
# In the place of a command: first, behind a separator or a quote, or as what `python -m`, `uv run` and the like start.
PYTEST = re.compile(
    r"(?:^|[;&|(\"'/]\s*|(?:^|\s)(?:-m|-c|--|time|env|exec|then|do|else|sudo)\s+[\"']?|\brun\b[^;&|]*?\s|=\S*\s+)"
    r"(?:pytest|py\.test)(?=\s|$)(.*)"
)
NO_RUN = re.compile(r"\b(?:pip3?|uv|poetry|pdm|conda|apt-get|apt)\s+(?:\w+\s+)?(?:install|add)\b|^\s*(?:echo|printf)\b")
WITH_VALUE = {"-n", "-m", "-k", "-p", "-c", "-o", "-W", "-r", "--dist", "--numprocesses", "--ignore", "--deselect",
              "--durations", "--maxfail", "--junitxml", "--cov", "--cov-report", "--hermetic", "--hermetic-report",
              "--timeout", "--basetemp", "--rootdir", "--tb", "--tx", "--maxprocesses"}  # fmt: skip


class Command(NamedTuple):
    """One line that CI runs, and where it stands. `soft`: its failure is ignored."""

    path: str
    line: int
    text: str
    soft: bool = False


class Suite(NamedTuple):
    """A run of pytest: the value of `-n` ("" where it does not say), the mode of the guard, the paths that it names."""

    command: Command
    workers: str
    mode: str
    unloads: bool
    paths: tuple[str, ...]
    ignored: tuple[str, ...]
    narrow: bool


class Ci(NamedTuple):
    """All that CI runs for a commit. `problems` are files that cannot be read."""

    files: tuple[str, ...]
    commands: tuple[Command, ...]
    problems: tuple[str, ...] = ()


def read(root: str) -> Ci:
    """Return what the CI configurations below a folder run."""
    files: list[str] = []
    problems: list[str] = []
    commands: list[Command] = []
    for path in configurations(root):
        files.append(path)
        try:
            steps = list(steps_of(root, path))
        except texts.UnreadableError as error:
            problems.append(str(error))
            continue
        for step in steps:
            commands += recipes.expanded(root, step)
    return Ci(tuple(files), tuple(dict.fromkeys(commands)), tuple(problems))


def configurations(root: str) -> Iterator[str]:
    """Yield the files that configure CI."""
    for folder in (WORKFLOWS, SCRIPTS):
        full = os.path.join(root, folder)
        names = sorted(os.listdir(full)) if os.path.isdir(full) else []
        for name in names:
            is_yaml = name.endswith((".yml", ".yaml"))
            if os.path.isfile(os.path.join(full, name)) and (folder == SCRIPTS or is_yaml):
                yield f"{folder}/{name}"
    if os.path.isfile(os.path.join(root, GITLAB)):
        yield GITLAB


def steps_of(root: str, path: str) -> Iterator[Command]:
    """Yield the lines that a configuration runs for a commit."""
    text = texts.read(root, path)
    if path.startswith(SCRIPTS + "/") and not path.endswith((".yml", ".yaml")):
        yield from recipes.script_lines(path, text)
        return
    node = texts.composed(text, path)
    if path == GITLAB or path.startswith(SCRIPTS + "/"):
        yield from gitlab(path, node)
    else:
        yield from github(path, node)


def github(path: str, node: Any) -> Iterator[Command]:  # noqa: ANN401 - a node of PyYAML
    """Yield the steps of a workflow that a commit starts."""
    top = mapping(node)
    if "on" in top and not EVENTS & set(words(top["on"])):
        return
    for job in mapping(top.get("jobs")).values():
        fields = mapping(job)
        if is_false(fields.get("if")):
            continue
        job_soft = is_true(fields.get("continue-on-error"))
        for step in items(fields.get("steps")):
            parts = mapping(step)
            soft = job_soft or is_true(parts.get("continue-on-error"))
            if is_false(parts.get("if")):
                continue
            if "run" in parts:
                yield from lines_of(path, parts["run"], soft=soft)
            elif "uses" in parts and scalar(parts["uses"]).startswith("pre-commit/action"):
                given = scalar(mapping(parts.get("with")).get("extra_args")) or "--all-files"
                yield Command(path, number(parts["uses"]), f"pre-commit run {given}", soft)


def gitlab(path: str, node: Any) -> Iterator[Command]:  # noqa: ANN401 - as above
    """Yield the scripts of jobs."""
    for job in mapping(node).values():
        fields = mapping(job)
        if scalar(fields.get("when")) == "manual":
            continue
        soft = is_true(fields.get("allow_failure"))
        for name in ("before_script", "script"):
            script = fields.get(name)
            for line in items(script) or ([script] if script is not None else []):
                yield from lines_of(path, line, soft=soft)


def lines_of(path: str, node: Any, *, soft: bool) -> Iterator[Command]:  # noqa: ANN401 - as above
    """Yield the lines of a script, with their numbers in the file."""
    block = node.style in {"|", ">"}
    first = number(node) + block
    for offset, line in recipes.joined(scalar(node).splitlines()):
        at = first + offset if node.style == "|" or not offset else number(node)
        yield Command(path, at, line, soft or is_soft(line))


def is_soft(line: str) -> bool:
    """Tell whether a line hides its own failure."""
    return bool(SOFT.search(line))


def mapping(node: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Return a mapping's nodes by key; empty for anything else."""
    pairs = node.value if type(node).__name__ == "MappingNode" else []
    return {scalar(key): value for key, value in pairs}


def items(node: Any) -> list[Any]:  # noqa: ANN401 - as above
    """Return a list's nodes; empty for anything else."""
    return list(node.value) if type(node).__name__ == "SequenceNode" else []


def scalar(node: Any) -> str:  # noqa: ANN401 - as above
    """Return a scalar's text; "" for anything else."""
    return str(node.value) if type(node).__name__ == "ScalarNode" else ""


def number(node: Any) -> int:  # noqa: ANN401 - as above
    """Return the 1-based line of a node."""
    return int(node.start_mark.line) + 1


def words(node: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return the names in a scalar, a list or the keys of a mapping."""
    return list(mapping(node)) or [scalar(item) for item in items(node)] or [scalar(node)]


def is_true(node: Any) -> bool:  # noqa: ANN401 - as above
    """Tell whether a node says yes."""
    return scalar(node).lower() in {"true", "yes", "on"}


def is_false(node: Any) -> bool:  # noqa: ANN401 - as above
    """Tell whether a condition never holds."""
    return scalar(node).strip("${} ").lower() == "false"


def hook_runs(found: Ci, ids: tuple[str, ...]) -> list[Command]:
    """Return the commands that run hermetic's hooks, or the linter, on all files."""
    runs = []
    for command in found.commands:
        match = PRE_COMMIT.search(command.text)
        if match and not NO_RUN.search(command.text):
            given = match[1].split()
            named = [word for word in given if not word.startswith("-") and word.isprintable() and word in ids]
            others = given[:1] and not given[0].startswith(("-", "$", "|", "&", ";")) and not named
            if ("--all-files" in given or "-a" in given) and not others:
                runs.append(command)
        match = CHECK.search(command.text)
        if match and not NO_RUN.search(command.text) and not any(word.endswith(".py") for word in match[1].split()):
            runs.append(command)
    return runs


def suites(found: Ci, root: str) -> list[Suite]:
    """Return the runs of pytest."""
    runs = []
    for command in found.commands:
        if NO_RUN.search(command.text):
            continue
        match = PYTEST.search(command.text)
        if match:
            runs.append(suite(command, re.split(r"&&|\|\||;|\||\s>", match[1])[0], root))
    return runs


def suite(command: Command, given: str, root: str) -> Suite:
    """Return a run of pytest from its arguments."""
    values: dict[str, str] = {}
    plugins, paths, ignored, narrow = [], [], [], False
    pending = ""
    for raw in given.replace('"', " ").replace("'", " ").split():
        name, _, value = raw.partition("=") if raw.startswith("--") else (raw[:2], "", raw[2:])
        if pending:
            name, value, pending = pending, raw, ""
        elif not raw.startswith("-"):
            if os.path.exists(os.path.join(root, raw.partition("::")[0])):
                paths.append(raw)
            continue
        elif not value and raw in WITH_VALUE:
            pending = raw
            continue
        values[name] = value
        plugins += [value] if name == "-p" else []
        ignored += [value] if name in {"--ignore", "--deselect"} else []
        narrow = narrow or name in {"-k", "--lf", "--last-failed", "--collect-only", "--co"}
    workers = "0" if "no:xdist" in plugins else values.get("-n", values.get("--numprocesses", ""))
    narrow = narrow or any("::" in path or path.endswith(".py") for path in paths)
    mode = values.get("--hermetic", "")
    return Suite(command, workers, mode, "no:hermetic" in plugins, tuple(paths), tuple(ignored), narrow)


def covers(run: Suite, folder: str) -> bool:
    """Tell whether a run has a folder of tests in it."""
    if run.narrow or any(folder == path or folder.startswith(path.rstrip("/") + "/") for path in run.ignored):
        return False
    named = [os.path.normpath(path) for path in run.paths]
    return not named or any(path in {".", folder} or folder.startswith(path + "/") for path in named)
