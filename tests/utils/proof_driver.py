"""Run small suites with plain pytest, each in a process of its own; `tests/utils/proof.py` talks to it.

Each line on standard input is a request, each line on standard output its answer, both JSON. Where the platform can
fork, pytest and what a suite needs are imported once, and each run is a fork of that process: as fresh as a new
interpreter, in a tenth of its time. Elsewhere, and with `--spawn`, each run is a new interpreter.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import gc
import importlib
import importlib.metadata
import json
import os
import pkgutil
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _pytest
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

TIMEOUT = 60.0  # seconds for one run
CONFIGURATION = {"pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"}
# Plain pytest: nothing that guards or shuffles, or takes long to import. The plugin of hypothesis imports all of it at
# the end of each run.
WITHOUT = (
    *("cacheprovider", "hermetic", "hypothesispytest", "platformdirs", "pytest_cov", "randomly", "rerunfailures"),
    *("timeout", "valkey"),
)
NOTHING: dict[str, Any] = {"exit": -1, "ran": [], "passed": [], "failed": [], "before": "", "after": "", "findings": []}
# Plugins are imported here before pytest looks for them, of which it warns: an error where a suite makes warnings such.
ALWAYS = ["-q", "--tb=short", "-Wignore::pytest.PytestAssertRewriteWarning", *(f"-pno:{name}" for name in WITHOUT)]


class Recorder:
    """A pytest plugin that orders the tests, evaluates the probe, and keeps what happened."""

    def __init__(self, order: str, probe: str, probe_from: str) -> None:
        self.order, self.probe, self.probe_from = order, probe, probe_from
        self.ran: list[str] = []
        self.passed: list[str] = []
        self.failed: list[str] = []
        self.before = self.after = ""

    def pytest_sessionstart(self) -> None:
        if self.probe_from == "start":
            self.before = evaluated(self.probe)

    @pytest.hookimpl(tryfirst=True)  # as plugins that shuffle do: pytest then groups by wide fixtures as ever
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.order == "reverse":
            items.reverse()
        elif self.order != "forward":
            random.Random(int(self.order)).shuffle(items)  # noqa: S311 - an order, not a secret

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        self.ran = [item.nodeid for item in session.items]
        if self.probe_from == "tests":
            self.before = evaluated(self.probe)
        try:
            return (yield)
        finally:
            self.after = evaluated(self.probe)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)
        elif report.passed and report.when == "call":
            self.passed.append(report.nodeid)


def evaluated(probe: str) -> str:
    """Return the representation of an expression; a name that nothing defines is a module."""
    space: dict[str, object] = {}
    try:
        for node in ast.walk(ast.parse(probe, mode="eval")):
            if isinstance(node, ast.Name) and not hasattr(builtins, node.id):
                try:
                    space[node.id] = importlib.import_module(node.id)
                except ImportError:  # the variable of a comprehension
                    continue
        return repr(eval(probe, space))  # noqa: S307 - the expression is ours
    except Exception as error:  # noqa: BLE001 - any failure is the answer
        return f"the probe raises {error!r}"


def suite_in(folder: Path, files: dict[str, str]) -> Path:
    """Write a suite and return its top; without a configuration of its own it gets an empty one."""
    top = folder / "suite"
    top.mkdir()
    for path, source in files.items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source, encoding="utf-8")
    if not CONFIGURATION & set(files):
        (top / "pytest.ini").touch()
    return top


def run_here(request: dict[str, Any], folder: Path) -> None:
    """Run one suite in this process, which ends afterwards, and leave the answer in a file."""
    recorder = Recorder(request["order"], request["probe"], request["probe_from"])
    os.environ.update(request.get("environment", {}))
    os.chdir(folder / "suite")
    sys.path.insert(0, str(folder / "suite"))  # as `python -m pytest` does
    sys.dont_write_bytecode = True
    code = -1
    try:
        always = guarded(folder, request["guard"], request["trace"]) if request.get("guard") else ALWAYS
        arguments = [*always, f"--basetemp={folder / 'basetemp'}", *request["select"]]
        sys.argv = ["pytest", *arguments]
        code = int(pytest.main(arguments, plugins=[recorder]))
    except BaseException:  # noqa: BLE001 - whatever ends pytest is the answer
        os.write(2, traceback.format_exc().encode())
    answer = {
        "exit": code,
        **{name: getattr(recorder, name) for name in ("ran", "passed", "failed", "before", "after")},
    }
    report = folder / "report"
    answer["findings"] = json.loads(report.read_text(encoding="utf-8"))["findings"] if report.exists() else []
    (folder / "answer").write_text(json.dumps(answer), encoding="utf-8")


def plugin() -> list[str]:
    """Return what loads the plugin where its entry point is not installed."""
    installed = importlib.metadata.entry_points(group="pytest11", name="hermetic")
    return [] if installed else ["-p", "hermetic.plugin"]


def guarded(folder: Path, mode: str, trace: str) -> list[str]:
    """Return the arguments for a run under the plugin."""
    report = [f"--hermetic={mode}", f"--hermetic-report={folder / 'report'}", f"--hermetic-trace={trace}"]
    return [argument for argument in ALWAYS if argument != "-pno:hermetic"] + plugin() + report


def forked(request: dict[str, Any], folder: Path) -> None:
    """Run one suite in a fork, and end whatever it leaves running."""
    child = fork()
    if child == 0:
        os.setsid()
        try:
            with (folder / "output").open("wb") as output:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                run_here(request, folder)
        finally:
            os._exit(0)  # no exit handlers, no threads to wait for: the answer is on disk
    timer = threading.Timer(TIMEOUT, os.kill, (child, signal.SIGKILL))
    timer.start()
    os.waitpid(child, 0)
    timer.cancel()
    timer.join()
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # nothing was left; macOS says so with the second
        return


def spawned(request: dict[str, Any], folder: Path) -> None:
    """Run one suite in a new interpreter."""
    command = [sys.executable, "-P", __file__, "--one", str(folder)]
    (folder / "request").write_text(json.dumps(request), encoding="utf-8")
    with (folder / "output").open("wb") as output, contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=TIMEOUT, check=False)


def fork() -> int:
    """Fork, without the warning about threads that an imported library started."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()


class Host:
    """Answers requests; for each set of modules to have ready there is a host of its own, forked from this one."""

    def __init__(self, *, can_fork: bool) -> None:
        self.can_fork = can_fork
        self.children: dict[tuple[str, ...], tuple[Any, Any]] = {}
        self.pids: list[int] = []

    def serve(self, requests: Any, answers: Any) -> None:
        """Answer until the requests end."""
        gc.freeze()  # pytest collects twice in each run: what is imported here need not be looked at again
        for line in requests:
            answers.write(self.answer(line))
            answers.flush()
        for lead, _ in self.children.values():
            with contextlib.suppress(BrokenPipeError):  # it could not import what it was asked for
                lead.close()
        for pid in self.pids:
            os.waitpid(pid, 0)

    def answer(self, line: str) -> str:
        """Return the answer to one request."""
        request = json.loads(line)
        # First what the suite needs, then, where it is guarded, what the plugin imports.
        needs = tuple(request.pop("needs", ())) or tuple(request.pop("plugin", ()))
        if needs and self.can_fork:
            requests, answers = self.children.get(needs) or self.child(needs)
            with contextlib.suppress(BrokenPipeError):
                requests.write(json.dumps(request) + "\n")
                requests.flush()
            return str(answers.readline()) or json.dumps({**NOTHING, "output": f"{needs} cannot be imported"}) + "\n"
        folder = Path(tempfile.mkdtemp(prefix="proof-")).resolve()
        try:
            suite_in(folder, request.pop("files"))
            (forked if self.can_fork else spawned)(request, folder)
            return json.dumps(self.result(folder)) + "\n"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def child(self, needs: tuple[str, ...]) -> tuple[Any, Any]:
        """Fork a host that has imported `needs`, and return the files that lead to and from it."""
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        pid = fork()
        if pid == 0:
            os.close(ours_out)
            os.close(ours_in)
            # Ends of the pipes of elder children: while a copy is open, those never see the end of their requests.
            for files in self.children.values():
                for file in files:
                    file.close()
            self.children, self.pids = {}, []
            try:
                for name in needs:
                    importlib.import_module(name)
                with os.fdopen(theirs_in) as requests, os.fdopen(theirs_out, "w") as answers:
                    self.serve(requests, answers)
            except ImportError:
                traceback.print_exc()
            finally:
                os._exit(0)  # never up the stack, where the host that forked goes on
        os.close(theirs_in)
        os.close(theirs_out)
        self.pids.append(pid)
        self.children[needs] = os.fdopen(ours_out, "w"), os.fdopen(ours_in)
        return self.children[needs]

    @staticmethod
    def result(folder: Path) -> dict[str, Any]:
        """Return what a run left in its folder."""
        output = (folder / "output").read_text(encoding="utf-8", errors="replace")[-4000:]
        if not (folder / "answer").exists():
            return {**NOTHING, "output": output}
        found: dict[str, Any] = json.loads((folder / "answer").read_text(encoding="utf-8"))
        return {**found, "output": output}


def main(arguments: list[str]) -> None:
    """Serve standard input, or run the one request that stands in a folder."""
    if arguments[:1] == ["--one"]:
        folder = Path(arguments[1])
        run_here(json.loads((folder / "request").read_text(encoding="utf-8")), folder)
        os._exit(0)
    for point in importlib.metadata.entry_points(group="pytest11"):
        if not point.name.startswith("hermetic"):
            point.load()
    for info in pkgutil.iter_modules(_pytest.__path__):
        importlib.import_module(f"_pytest.{info.name}")
    can_fork = hasattr(os, "fork") and "--spawn" not in arguments
    Host(can_fork=can_fork).serve(sys.stdin, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
