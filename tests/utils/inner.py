"""Runs of pytest on a small project, whose outcome several tests look at: each run happens once, for all workers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, TypedDict

ROOT = Path(__file__).parents[2]
PROJECTS = ROOT / "tests" / "regression" / "projects"
HANG = 120  # seconds
# What these runs do not need. pytest loads every plugin that is installed.
WITHOUT = ("asyncio", "anyio", "cacheprovider", "pytest_cov", "hypothesispytest", "pytest_mock", "randomly", "valkey")


class InnerRun(TypedDict):
    """What came of a run. It crosses processes, so it is JSON.

    `outcomes` has "passed", "failed", "error" or "skipped" by the name of the test, and with `--dist each`, where every
    worker runs it, one for each: "failed passed". `messages` has why it did not pass. `notes` are what the tests noted,
    in no order. `findings` are the plugin's. `output` is all that was printed.
    """

    exit: int
    outcomes: dict[str, str]
    messages: dict[str, str]
    notes: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    output: str


def start_project(name: str, folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start pytest on a copy of a project below `folder`, with the plugin and the tree that this file stands in."""
    shutil.copytree(PROJECTS / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "notes").mkdir()
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    path = os.pathsep.join(str(ROOT / part) for part in ("src", "tests/regression/projects", "examples/member_api"))
    command = [sys.executable, "-m", "pytest", *(f"-pno:{plugin}" for plugin in WITHOUT)]
    command += ["-p", "meeting", f"--junitxml={folder / 'junit.xml'}", f"--hermetic-report={folder / 'report.json'}"]
    return subprocess.Popen(
        [*command, f"--basetemp={folder / 'tmp'}", *arguments],
        cwd=folder / name,
        env={**inherited, "PYTHONPATH": path, "MEETING": str(folder / "notes"), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_run(folder: Path, run: subprocess.Popen[str]) -> InnerRun:
    """Wait for the end of a run, and return what came of it."""
    output, _ = run.communicate(timeout=HANG)
    outcomes: dict[str, list[str]] = {}
    messages: dict[str, str] = {}
    if (folder / "junit.xml").exists():
        for case in ET.parse(folder / "junit.xml").getroot().iter("testcase"):  # noqa: S314 - pytest has just written it
            parts = {part.tag: str(part.get("message")) for part in case}
            outcome = next((kind for kind in ("error", "failure", "skipped") if kind in parts), "passed")
            name = case.get("name", "")
            outcomes.setdefault(name, []).append("failed" if outcome == "failure" else outcome)
            messages[name] = messages.get(name, "") + parts.get(outcome, "")
    report = folder / "report.json"
    findings = json.loads(report.read_text(encoding="utf-8"))["findings"] if report.exists() else []
    lines = [line for path in (folder / "notes").glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    return InnerRun(
        exit=run.returncode,
        outcomes={name: " ".join(sorted(each)) for name, each in outcomes.items()},
        messages=messages,
        notes=[json.loads(line) for line in lines],
        findings=findings,
        output=output,
    )


def run_project(name: str, *arguments: str, **variables: str) -> InnerRun:
    """Run pytest on a copy of `tests/regression/projects/NAME`, and return what came of it."""
    return run_at_once(name, arguments, **variables)[0]


def run_at_once(name: str, *runs: tuple[str, ...], **variables: str) -> list[InnerRun]:
    """Run pytest on copies of a project, all at the same time; each of `runs` is the arguments of one."""
    with tempfile.TemporaryDirectory(prefix="hermetic-inner-") as folder:
        folders = [Path(folder, str(number)) for number in range(len(runs))]
        for path in folders:
            path.mkdir()
        started = []
        try:
            for path, arguments in zip(folders, runs, strict=True):
                started.append(start_project(name, path, *arguments, **variables))
            return [read_run(path, run) for path, run in zip(folders, started, strict=True)]
        finally:
            for run in started:
                if run.poll() is None:
                    run.kill()
                    run.communicate()


def found(run: InnerRun, test: str) -> list[dict[str, Any]]:
    """Return what the plugin found in a test of the project."""
    return [item for item in run["findings"] if (item["test"] or "").rpartition("::")[2].partition("@")[0] == test]


def marked(project: str, item: dict[str, Any]) -> bool:
    """Tell whether a finding is at a line that has a comment which says so: `# leak HRM101`."""
    lines = (PROJECTS / project / item["path"]).read_text(encoding="utf-8").splitlines()
    return f"# leak {item['code']}" in lines[(item["line"] or 0) - 1]
