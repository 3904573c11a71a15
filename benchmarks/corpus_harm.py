"""Run the corpus with plain pytest: each violation does the harm that it states, each correct twin does none.

Usage: python benchmarks/corpus_harm.py [CASE-ID-PREFIX ...]
Exit 0 when every case is as stated, 1 otherwise.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from corpus_cases import Case, read_corpus

PROBE_PLUGIN = """
import pathlib

import pytest


def pytest_addoption(parser):
    parser.addoption("--reverse-items", action="store_true")
    parser.addoption("--state-probe", default="None")
    parser.addoption("--state-file", default="")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--reverse-items"):
        items.reverse()


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session):
    probe = session.config.getoption("--state-probe")
    before = repr(eval(probe))
    try:
        return (yield)
    finally:
        after = repr(eval(probe))
        name = session.config.getoption("--state-file")
        if name and before != after:
            pathlib.Path(name).write_text(f"{before} -> {after}")
"""

NOTHING_RAN = (4, 5)  # pytest's exit codes for a usage error and for no tests collected


class Run:
    """One pytest run over one twin, in a directory of its own."""

    def __init__(self, files: dict[str, str], *args: str, probe: str = "None") -> None:
        with tempfile.TemporaryDirectory(prefix="corpus-") as name:
            top = Path(name) / "case"
            for path, text in files.items():
                target = top / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            (Path(name) / "corpus_probe.py").write_text(PROBE_PLUGIN, encoding="utf-8")
            junit, state = Path(name) / "junit.xml", Path(name) / "state.txt"
            command = [sys.executable, "-m", "pytest", "-q", "-p", "corpus_probe", "-p", "no:cacheprovider"]
            command += ["-p", "no:hermetic", "-p", "no:randomly", f"--junitxml={junit}"]
            command += [f"--state-probe={probe}", f"--state-file={state}", *args]
            environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
            environment["PYTHONPATH"] = name
            done = subprocess.run(
                command, cwd=top, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            self.exit = int(done.returncode)
            self.output = done.stdout + done.stderr
            self.failed = failed_tests(junit) if junit.exists() else ["(no report)"]
            self.state = state.read_text() if state.exists() else ""


def failed_tests(junit: Path) -> list[str]:
    """Return the `classname::name` of every test that failed or errored in a JUnit report."""
    return [
        f"{case.get('classname')}::{case.get('name')}"
        for case in ET.parse(junit).iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]


def installed(name: str) -> bool:
    """Tell whether a module, dotted or not, can be found."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package is absent
        return False


def short_name(test: str) -> str:
    """Return what `-k` needs to select a test of `failed_tests` alone."""
    return test.rsplit("::", 1)[1].split("[", 1)[0]


def problems(case: Case) -> list[str]:
    """Return what is not as the case states, as sentences; empty when all is."""
    found = []
    for order in ((), ("--reverse-items",), *([("-n", "2")] if case.harm == "xdist" else [])):
        run = Run(case.good, *order, probe=case.state_probe)
        if run.exit != 0:
            found.append(f"good twin fails {' '.join(order) or 'forward'}:\n{run.output[-1500:]}")
        if run.state:
            found.append(f"good twin changes its state: {run.state}")
    return found + harm_problems(case)


def harm_problems(case: Case) -> list[str]:
    """Return why the harm of the bad twin is not as the case states; empty when it is."""
    found = []
    order = {"reverse": ("--reverse-items",), "xdist": ("-n", "2")}.get(case.harm, ())
    run = Run(case.bad, *order, probe=case.state_probe)
    if case.harm == "state":
        if not run.state:
            found.append("bad twin leaves its state_probe equal")
    elif case.harm == "none":
        if run.exit != 0:
            found.append(f"bad twin fails, although harm=none:\n{run.output[-1500:]}")
    elif run.exit == 0:
        found.append(f"bad twin passes, harm={case.harm} is not shown")
    elif run.exit in NOTHING_RAN:
        found.append(f"pytest ran no test of the bad twin:\n{run.output[-1500:]}")
    elif case.harm == "xdist" and Run(case.bad).exit != 0:
        found.append("bad twin fails in one process too")
    elif case.harm in ("forward", "reverse") and all(
        Run(case.bad, "-k", short_name(test)).failed for test in run.failed
    ):
        found.append(f"every failing test also fails alone:\n{run.output[-1500:]}")
    return found


def main(prefixes: list[str]) -> int:
    """Check the cases whose id starts with one of `prefixes` (all without one); return the exit code."""
    wanted = [case for case in read_corpus() if not prefixes or case.id.startswith(tuple(prefixes))]
    if not wanted:
        print("no case matches", *prefixes, file=sys.stderr)
        return 2
    bad = skipped = 0
    for case in wanted:
        absent = [name for name in case.needs if not installed(name)]
        if absent:
            skipped += 1
            print(f"skip  {case.id}: not installed: {', '.join(absent)}")
            continue
        found = problems(case)
        bad += bool(found)
        for problem in found:
            print(f"WRONG {case.id}: {problem}")
    print(f"{len(wanted)} cases, {len(wanted) - bad - skipped} as stated, {bad} not, {skipped} not run")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
