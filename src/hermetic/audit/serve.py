"""A plugin of pytest that collects once, and then runs what it is asked to, each experiment in a fork of its own.

`HERMETIC_HUNT` holds a JSON object: `home` (a folder of ours), `tree` (the copy that pytest runs in), `temp`, and
either `requests` and `answers` (file descriptors) or, where nothing can be forked, `job` and `events` (files).
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.audit import tree
from hermetic.audit.names import VARIABLE
from hermetic.audit.outside import Outside
from hermetic.audit.runner import FEW, Runner, sockets

if TYPE_CHECKING:
    from collections.abc import Generator

    from hermetic.guard.options import Options


GIVEN: dict[str, Any] = json.loads(os.environ.pop(VARIABLE, "{}"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Leave coverage out: it is started before the options are read."""
    early_config.known_args_namespace.no_cov = True
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take over, and let the guard watch without a word: what it does in an error would hide who pollutes whom."""
    if not GIVEN:
        raise pytest.UsageError(f"hermetic.audit.serve is started by `hermetic hunt`, which sets {VARIABLE}")
    extra = ["--maxfail=0"] if config.option.maxfail else []
    if getattr(config.option, "cov_source", None):
        extra.append("--no-cov")
    chosen: Options | None = None
    if hasattr(config.option, "hermetic"):
        from hermetic.guard import options

        chosen = options.read(config, "")
        levels = {code: level if level == "off" else "warn" for code, level in chosen.settings.levels.items()}
        if chosen.mode == "error" or "error" in chosen.settings.levels.values():
            extra.append("--hermetic=off")  # it would undo what pollutes
        chosen.settings.levels = levels
        config.option.hermetic = "off"
        config.option.hermetic_report = ""
        chosen = chosen._replace(mode="warn")
    config.pluginmanager.register(Serve(extra, chosen), "hermetic-hunt")


class Serve:
    """Stands in for pytest's loop over the tests."""

    def __init__(self, extra: list[str], options: Options | None) -> None:
        self.extra = extra
        self.options = options

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Serve, unless collection has failed."""
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            return None
        session.config.option.maxfail = 0
        if "job" in GIVEN:
            one_job(session, self)
        else:
            Server(session, self).serve()
        return True


def described(session: pytest.Session, extra: list[str]) -> dict[str, Any]:
    """Return what the other side has to know: the tests, and what speaks against forks."""
    here = os.getcwd()
    tests = []
    for item in session.items:
        path, line, _ = item.location
        shown = os.path.relpath(os.path.join(session.config.rootpath, path), here).replace(os.sep, "/")
        tests.append([item.nodeid, shown, (line or 0) + 1])
    against = ""
    if threading.active_count() > 1:
        others = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
        against = f"threads run already after collection ({', '.join(others[:3])})"
    root = os.path.relpath(session.config.rootpath, here).replace(os.sep, "/")
    paths = list(session.config.option.file_or_dir or ())
    return {"tests": tests, "against": against, "extra": extra, "root": root, "paths": paths}


def silence(session: pytest.Session) -> None:
    """Let the report of the terminal go nowhere, and nobody draw tracebacks for it."""
    session.config.option.tbstyle = "line"
    reporter: Any = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter._tw._file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, SLF001 - closed with the process


def watch(config: pytest.Config, chosen: Options | None) -> None:
    """Let the guard note what tests leave; it costs more than a fork, so few experiments are watched."""
    if chosen is not None:
        from hermetic.guard.session import Guarded

        gc.unfreeze()  # the guard asks after each test how much is frozen, which takes as long as there is much of it
        config.pluginmanager.register(Guarded(config, chosen), "hermetic-hunt-guard")


def one_job(session: pytest.Session, serve: Serve) -> None:
    """Run one sequence in this very process: `{"order": [...]}` -> events, or describe the tests."""
    with open(GIVEN["job"], encoding="utf-8") as file:
        job = json.load(file)
    out = os.open(GIVEN["events"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if "order" not in job:
        os.write(out, json.dumps(described(session, serve.extra)).encode() + b"\n")
        return
    silence(session)
    runner = Runner(session, out)
    session.config.pluginmanager.register(runner)
    if job["watch"]:
        watch(session.config, serve.options)
    runner.walk(job["order"], {}, None)
    os._exit(0)  # threads that a test has left are not waited for


class Server:
    """Reads requests, one JSON line each, forks for each, and answers with one JSON line."""

    def __init__(self, session: pytest.Session, chosen: Serve) -> None:
        self.session = session
        self.chosen = chosen
        self.outside = Outside(GIVEN["home"], [GIVEN["tree"], GIVEN["temp"]])
        self.disk = tree.Disk([GIVEN["tree"], GIVEN["temp"]], os.path.join(GIVEN["home"], "kept"))
        self.capture: Any = session.config.pluginmanager.getplugin("capturemanager")

    def serve(self) -> None:
        """Answer until there are no more requests."""
        silence(self.session)
        self.outside.install()
        self.disk.keep()
        gc.collect()
        gc.freeze()  # so that no fork walks, and thereby copies, what all share
        answers = open(GIVEN["answers"], "w", encoding="utf-8")  # noqa: SIM115 - closed with the process
        known = described(self.session, self.chosen.extra)
        known["against"] = known["against"] or ("connections are open after collection" if connected() else "")
        self.answer(answers, known)
        with open(GIVEN["requests"], encoding="utf-8") as requests:
            for line in requests:
                self.answer(answers, self.experiment(json.loads(line)))

    @staticmethod
    def answer(answers: Any, known: dict[str, Any]) -> None:  # noqa: ANN401 - a text file
        """Send one answer."""
        answers.write(json.dumps(known) + "\n")
        answers.flush()

    def experiment(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one walk in a fork, and clean up behind it."""
        order, watched = request["order"], request["watch"]
        branches = {int(position): tails for position, tails in request["branches"].items()}
        if self.capture is not None and self.capture.is_globally_capturing():
            self.capture.read_global_capture()  # what a fork has left in the file that all share
        reader, writer = os.pipe()
        before = sum(os.times()[:4])
        process = os.fork()
        if not process:
            try:
                os.close(reader)
                os.setpgid(0, 0)
                runner = Runner(self.session, writer, self.outside)
                self.session.config.pluginmanager.register(runner)
                if watched:
                    watch(self.session.config, self.chosen.options)
                runner.begin()
                runner.walk(order, branches, self.disk)
            finally:
                os._exit(0)
        os.close(writer)
        with suppress(OSError):
            os.setpgid(process, process)  # whichever of the two is first
        events, end = listen(process, reader, request["patience"])
        os.close(reader)
        dirty = end != "bye" or any(event[0] == "bye" and event[1] for event in events)
        if dirty or self.disk.size() <= FEW:
            self.disk.restore()
        self.outside.undo()
        return {"events": events, "end": end, "cpu": sum(os.times()[:4]) - before}


def listen(process: int, reader: int, patience: float) -> tuple[list[Any], str]:
    """Return the events of a fork and how it ended: `bye`, `crash`, or `hang` where it said nothing for so long.

    `patience` is in seconds. What the fork has started, and that has not left its group, ends with it.
    """
    events: list[Any] = []
    rest, end = b"", "crash"
    heard = time.monotonic()
    over = False
    while not over:
        ready, _, _ = select.select([reader], [], [], 0.25)
        if ready:
            data = os.read(reader, 1 << 16)
            *lines, rest = (rest + data).split(b"\n")
            events += [json.loads(line) for line in lines]
            heard = time.monotonic()
            if events and events[-1][0] == "bye":
                end, over = "bye", True
            over = over or not data
        elif time.monotonic() - heard > patience:
            end, over = "hang", True
        else:
            over = gone(process)  # somebody that it has started may hold the pipe open
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(process, 0)
    return events, end


def gone(process: int) -> bool:
    """Tell whether a process has ended, without taking its exit code."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def connected() -> bool:
    """Tell whether this process holds a socket after collection, which forks would share."""
    return sys.platform != "win32" and sockets() > 0
