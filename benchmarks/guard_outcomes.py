"""Show that a suite has the same outcomes with and without the guard, and list what the guard finds in it.

Usage: python benchmarks/guard_outcomes.py --python INTERPRETER FOLDER [FOLDER ...] [-- PYTEST ARGS]

INTERPRETER is that of an environment in which hermetic, pytest and what the suites need are installed. In each folder
pytest runs twice: with `--hermetic=off` and with `--hermetic=warn`. Printed are the numbers of tests, those whose
outcome differs, and the findings. Exit code 1 when an outcome differs, 2 when a suite did not run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path


def outcomes(python: str, folder: Path, arguments: list[str], *more: str) -> Counter[tuple[str, str, str]]:
    """Run a suite; return (class, test, outcome) of every case, with how often it occurred (some ids repeat)."""
    with tempfile.TemporaryDirectory(prefix="guard-outcomes-") as name:
        report = Path(name) / "junit.xml"
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *more, *arguments]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if not report.exists():
            return Counter()
        cases = ET.parse(report).getroot().iter("testcase")
        return Counter(
            (
                case.get("classname", ""),
                case.get("name", ""),
                ",".join(sorted(child.tag for child in case if child.tag in KINDS)),
            )
            for case in cases
        )


KINDS = ("failure", "error", "skipped")


def divided(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the arguments before `--`, and those after it."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def main(arguments: list[str]) -> int:
    """Run all suites and print one line for each; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("folders", nargs="+", type=Path)
    own, rest = divided(arguments)
    options = parser.parse_args(own)
    worst = 0
    for folder in options.folders:
        with tempfile.TemporaryDirectory(prefix="guard-outcomes-") as name:
            found = Path(name) / "findings.json"
            without = outcomes(options.python, folder, rest, "--hermetic=off")
            guarded = outcomes(options.python, folder, rest, "--hermetic=warn", f"--hermetic-report={found}")
            findings = json.loads(found.read_text(encoding="utf-8"))["findings"] if found.exists() else []
        differ = sorted((without - guarded) + (guarded - without))
        print(f"{folder.name}: {without.total()} tests, {len(differ)} differ, {len(findings)} findings", flush=True)
        for case in differ:
            print(f"    differs: {'::'.join(case)}")
        for item in findings:
            print(f"    {item['path']}:{item['line']}: {item['code']} {item['message']} (in {item.get('test', '')})")
        worst = max(worst, 2 if not without else 1 if differ else 0)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
