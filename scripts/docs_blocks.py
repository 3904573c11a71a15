"""Whether what the code blocks claim is so: each project is written to a folder of its own, and every layer runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docs_fences import Fence

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds
PROGRAMS = Path(sys.executable).parent
NO_TESTS = 5
# In a folder of its own a project is not to find this repository's configuration.
CONFIGURATION = {"pytest.ini": "[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\n"}
# A reader's own pytest shuffles nothing unless it is told to, and has no plugin that a page does not speak of.
PLAIN = "-p no:randomly -p no:cacheprovider -p no:valkey -p no:hypothesispytest"
REVERSE = "def pytest_collection_modifyitems(items):\n    items.reverse()\n"
UNCOPIED = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
TIME = r"\d+\.\d+s(?: \(\d+:\d\d:\d\d\))?"  # of a minute and more pytest says both
WITHOUT = ("cacheprovider", "randomly", "pytest_cov", "hypothesispytest", "valkey")


class Project(NamedTuple):
    """The blocks of one page that belong together, and the folder for their files."""

    fences: list[Fence]
    folder: Path
    servers: dict[str, str]

    def write(self) -> None:
        """Write the files of all blocks that are files. Text that only has a name is a file as well."""
        for fence in self.copies():
            shutil.copytree(ROOT / fence.options["data-from"], self.folder, ignore=UNCOPIED, dirs_exist_ok=True)
        for number, fence in enumerate(self.fences):
            if fence.role in ("bad", "good") or (fence.role == "text" and "title" in fence.options):
                path = self.folder / (fence.options.get("title") or f"test_block_{number}.{fence.language[:2]}")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(fence.text, encoding="utf-8")
        for name, text in CONFIGURATION.items():
            if not (self.folder / name).exists() and not (self.folder / "pyproject.toml").exists():
                (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / "pyproject.toml").touch()

    def copies(self) -> list[Fence]:
        """Return the blocks that bring a folder of the repository."""
        return [fence for fence in self.fences if "data-from" in fence.options]

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder, with this interpreter's programs first on the path."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "HERMETIC", "GIT_"))}
        path = f"{PROGRAMS}{os.pathsep}{kept.get('PATH', os.defpath)}"
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**kept, **self.servers, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def pytest(self, *arguments: str) -> tuple[int, list[dict[str, str]], str]:
        """Run pytest with the plugin; returns its exit code, the findings and what it printed."""
        report = self.folder.parent / f"{self.folder.name}.json"
        report.unlink(missing_ok=True)
        without = [f"-pno:{name}" for name in WITHOUT]
        done = self.run(sys.executable, "-m", "pytest", "-q", *without, f"--hermetic-report={report}", *arguments)
        findings = json.loads(report.read_text(encoding="utf-8"))["findings"] if report.exists() else []
        return done.returncode, findings, done.stdout


def problems_of(project: Project) -> Iterator[str]:
    """Write a project and try each of its claims; yields what does not hold, a line each."""
    if absent := [fence for fence in project.copies() if not (ROOT / fence.options["data-from"]).is_dir()]:
        for fence in absent:
            yield f"{fence.place}: data-from names no folder of the repository: {fence.options['data-from']}"
        return
    project.write()
    python = [fence for fence in project.fences if fence.language == "python"]
    for fence in project.fences:
        if fence.role == "good" and fence.language in ("toml", "yaml"):
            yield from unreadable(fence)
    if bad := [fence for fence in python if fence.role == "bad"]:
        yield from missed(project, bad)
    elif any(fence.role == "good" for fence in python):
        yield from flagged(project)
    yield from runs(project)


def unreadable(fence: Fence) -> Iterator[str]:
    """Yield the error of a configuration that cannot be read."""
    try:
        tomllib.loads(fence.text) if fence.language == "toml" else yaml.safe_load(fence.text)
    except (tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        yield f"{fence.place}: cannot be read: {error}"


def missed(project: Project, bad: list[Fence]) -> Iterator[str]:
    """Yield the bad blocks whose rule is not found by the layer that they name."""
    for fence in bad:
        rule, layer = fence.options["data-rule"], fence.options.get("data-layer", "lint")
        if layer == "lint":
            done = project.run("hermetic", "check", "--no-cache", "--output-format=json", "--select", rule, ".")
            found = json.loads(done.stdout)["findings"] if done.stdout.startswith("{") else []
            output = done.stdout
        else:
            _, found, output = project.pytest("--hermetic=error", "--hermetic-trace=off")
            found = [item for item in found if item["layer"] == layer]
        name = fence.options.get("title")
        if not any(item["code"] == rule and (name is None or item["path"] == name) for item in found):
            yield f"{fence.place}: {layer} does not find {rule} in it\n{shortened(output)}"


def flagged(project: Project) -> Iterator[str]:
    """Yield what a layer finds in blocks that are good, and tests of theirs that fail."""
    place = project.fences[0].place
    done = project.run("hermetic", "check", "--no-cache", "--output-format=concise", ".")
    if done.returncode == 1:
        yield f"{place}: lint finds something in what is good\n{shortened(done.stdout)}"
    reverse = project.folder.parent / "reversed_order"
    reverse.mkdir(exist_ok=True)
    (reverse / "reversed_order.py").write_text(REVERSE, encoding="utf-8")
    for order in ((), ("-p", "reversed_order", "-o", f"pythonpath={reverse} .")):
        exit_code, _, output = project.pytest("--hermetic=error", *order)
        if exit_code not in (0, NO_TESTS):
            yield f"{place}: {'in reverse order ' if order else ''}its tests do not pass\n{shortened(output)}"


def runs(project: Project) -> Iterator[str]:
    """Yield the commands that fail, and those that print something else than the page says."""
    printed = ""
    for fence in project.fences:
        if fence.role == "run":
            done = project.run("bash", "-uo", "pipefail", "-c", commands(fence), PYTEST_ADDOPTS=PLAIN)
            printed = done.stdout
            if done.returncode > 1:
                yield f"{fence.place}: exit code {done.returncode}\n{shortened(printed)}"
        elif fence.role == "output" and not alike(fence.text, printed):
            yield f"{fence.place}: this was printed instead:\n{shortened(printed)}"


def commands(fence: Fence) -> str:
    """Return what is typed: the lines behind `$ `, or all of them where there is no prompt."""
    typed = [line[2:] for line in fence.text.splitlines() if line.startswith("$ ")]
    return "\n".join(typed) if typed else fence.text


def alike(expected: str, printed: str) -> bool:
    """Tell whether an output is the expected one; `...` stands for anything, and times for any times."""
    parts = [re.escape(part.strip()) for part in expected.strip().split("...")]
    pattern = r".*?".join(re.sub(r"\d+\\\.\d+s", lambda _: TIME, part) for part in parts)
    text = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    return re.fullmatch(rf"\s*{pattern}\s*", text, re.DOTALL) is not None


def shortened(text: str, lines: int = 15) -> str:
    """Return the last lines of an output, indented."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-lines:])
