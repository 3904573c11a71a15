"""A plugin of pytest that writes down what happens in a run, and that puts the tests into the order that is asked for.

`HERMETIC_AUDIT` names a file that holds a JSON object: `events` (a file to write to), `guard` (the file for the guard's
report, "" where it is off), `tests` (node ids, in order; null for all) and `order`. `HERMETIC_AUDIT_ORDER` is an order
alone, for people who repeat a run: `plain`, `reversed` or `shuffled-N`.
"""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.audit.names import AUDIT, ORDER, OVER
from hermetic.audit.problem import described

if TYPE_CHECKING:
    from collections.abc import Generator

LONGEST = 4_000  # characters of one error message that are kept
PATTERNS = ("python_files", "python_classes", "python_functions")
HANDED = "hermetic_guarded"  # the key under which a worker is told whether the guard is on
FILE = os.environ.pop(AUDIT, "")
HERE = os.getcwd()  # tests may change it


def given() -> dict[str, Any]:
    """Return what this run is told to do; in a worker of xdist that is nothing."""
    if not FILE:
        return {"events": "", "guard": "", "tests": None, "order": os.environ.get(ORDER, "plain")}
    with open(FILE, encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found


GIVEN = given()


def emit(*event: object) -> None:
    """Write an event, where somebody listens."""
    if GIVEN["events"]:
        with open(GIVEN["events"], "a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Leave coverage out, which is started before the options are read; tell about a conftest file that fails."""
    if GIVEN["events"]:
        early_config.known_args_namespace.no_cov = True
    try:
        return (yield)
    except Exception as error:
        path = getattr(error, "path", None)
        if path is not None and GIVEN["events"]:
            cause = getattr(error, "cause", error)
            emit("error", shown(str(path)), described(cause, str(early_config.rootpath), HERE))
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let all tests run, whatever fails, and let the guard change nothing; in a worker of xdist the same."""
    handed = getattr(config, "workerinput", {}).get(HANDED)
    if not GIVEN["events"] and handed is None:
        return
    is_guarded = bool(GIVEN["guard"] or handed)
    config.option.maxfail = 0
    config.option.continue_on_collection_errors = True
    if getattr(config.option, "cov_source", None):
        config.option.no_cov = True
    mode = ""
    if hasattr(config.option, "hermetic"):
        mode = str(config.option.hermetic or config.getini("hermetic"))
        config.option.hermetic = "warn" if is_guarded else "off"
        config.option.hermetic_report = GIVEN["guard"] or os.devnull
    if handed is None:
        patterns = {name: list(config.getini(name)) for name in PATTERNS}
        emit("config", patterns, os.path.relpath(config.rootpath, HERE), mode)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist need not be there
    """Tell a worker what this process was told: it reads the ini files and the command line again by itself."""
    if GIVEN["events"]:
        node.workerinput[HANDED] = bool(GIVEN["guard"])


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Take the level `error` from single rules: a test that the guard fails would look like one that fails itself."""
    guard: Any = session.config.pluginmanager.getplugin("hermetic-session")
    is_guarded = GIVEN["guard"] or getattr(session.config, "workerinput", {}).get(HANDED)
    if is_guarded and guard is not None:
        levels = guard.options.settings.levels
        levels.update({code: "warn" for code, level in levels.items() if level == "error"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests in order, after all others had their say."""
    order = GIVEN["order"]
    if order == "reversed":
        items.reverse()
    elif order.startswith("shuffled-"):
        random.Random(int(order.rpartition("-")[2])).shuffle(items)  # noqa: S311 - an order, no secret
    if GIVEN["tests"] is not None:
        known = {item.nodeid: item for item in items}
        chosen = [known[test] for test in GIVEN["tests"] if test in known]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell which tests there are, in the order in which they run."""
    if session.items:
        emit(
            "collected",
            [[item.nodeid, place(session.config, item), (item.location[1] or 0) + 1] for item in session.items],
        )


def place(config: pytest.Config, item: pytest.Item) -> str:
    """Return the file of a test, relative to the folder of the call."""
    return shown(os.path.join(config.rootpath, item.location[0]))


def shown(path: str) -> str:
    """Return a path relative to the folder of the call."""
    return os.path.relpath(path, HERE).replace(os.sep, "/")


@pytest.hookimpl(tryfirst=True)
def pytest_exception_interact(node: object, call: pytest.CallInfo[Any]) -> None:
    """Tell why something cannot be collected."""
    if isinstance(node, pytest.Collector) and call.excinfo is not None:
        path = shown(str(getattr(node, "path", "")))
        emit("error", path, described(call.excinfo.value, str(node.config.rootpath), HERE))


def pytest_runtest_logstart(nodeid: str) -> None:
    """Tell that a test starts."""
    emit("start", nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell how a phase of a test ended."""
    text, path, line = "", "", 0
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        text = str(crash.message if crash else report.longreprtext)[-LONGEST:]
        path, line = where(report)
    worker = getattr(report, "worker_id", "")
    emit("phase", report.nodeid, report.when, report.outcome, text, path, line, worker, report.start, report.stop)


def where(report: pytest.TestReport) -> tuple[str, int]:
    """Return the last line of the project's own files in a traceback, ("", 0) for none."""
    trace = getattr(report.longrepr, "reprtraceback", None)
    found = [entry.reprfileloc for entry in getattr(trace, "reprentries", ()) if getattr(entry, "reprfileloc", None)]
    for place in reversed(found):
        path = shown(os.path.join(HERE, place.path))
        if not path.startswith("..") and "site-packages" not in path:
            return path, place.lineno
    return "", 0


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Tell that a test has ended."""
    emit("end", nodeid)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Tell that the run is over; the guard has written its report by now."""
    emit(OVER)
