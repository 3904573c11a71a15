"""Compare the linter's speed with ruff's, semgrep's and that of flake8 with flake8-pytest-style, on the same files.

Usage: python benchmarks/lint_others.py --tools FOLDER [FILES' FOLDER] [--files N] [--rounds N]

`--tools` is the folder with the commands `ruff`, `flake8` and `semgrep` of an environment into which they were
installed by name, with `flake8-pytest-style`: `python -m venv NAME` and `NAME/bin/pip install ruff flake8
flake8-pytest-style semgrep`; it is `NAME/bin` then.

The test files of FILES' FOLDER (the standard library of this interpreter) are copied side by side. Each tool reads all
of them without a cache: hermetic with its defaults in one process, ruff with its rules for pytest (PT), flake8 in one
process with these and with its defaults (which have the plugin's), semgrep in one job with the three rules of
`lint_others.yml`. They run in turn; each figure is the median of the rounds: CPU with that of child processes, and the
multiple of hermetic's. What each finds is counted as well: a tool that read nothing would be fast. They look for
different things, so these numbers compare nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from lint_speed import copy_files, medians, test_files

RULES = Path(__file__).with_name("lint_others.yml")


def commands(tools: Path) -> dict[str, list[str]]:
    """Return how each tool is run over the folder in which it is started; the name says which rules it has."""
    hermetic = str(Path(sys.executable).with_name("hermetic"))
    semgrep = [str(tools / "semgrep"), "scan", "--metrics=off", "--disable-version-check", "--jobs=1", "--quiet"]
    return {
        "hermetic": [hermetic, "check", "--no-cache", "--jobs=1", "--output-format=json", "."],
        "ruff, PT": [
            str(tools / "ruff"),
            *("check", "--isolated", "--no-cache", "--select=PT", "--output-format=json", "--exit-zero", "."),
        ],
        "flake8, PT": [str(tools / "flake8"), "--isolated", "--select=PT", "--jobs=1", "."],
        "flake8, defaults": [str(tools / "flake8"), "--isolated", "--jobs=1", "."],
        "semgrep, 3 rules": [*semgrep, "--no-git-ignore", "--json", f"--config={RULES}", "."],
    }


def found_by(command: list[str], folder: Path) -> int:
    """Return how much a tool finds, by its report: JSON, or a line for each.

    Raises SystemExit with the end of what it said where it cannot run.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise SystemExit(f"{command[0]}: exit code {done.returncode}\n{done.stderr[-1000:]}")
    if not done.stdout.lstrip().startswith(("{", "[")):
        return len(done.stdout.splitlines())
    report = json.loads(done.stdout)
    return len(report if isinstance(report, list) else report.get("findings", report.get("results", [])))


def measure(folder: Path, tools: Path, rounds: int) -> None:
    """Run all tools over a folder in turn, and print a line for each."""
    run = commands(tools)
    found = {name: found_by(command, folder) for name, command in run.items()}
    times = dict(zip(run, medians(rounds, folder, *run.values()), strict=True))
    for name, seconds in times.items():
        ratio = seconds / times["hermetic"]
        print(f"{name:17} {seconds:7.2f} s of CPU   {ratio:6.2f} times hermetic   {found[name]:6} findings")


def main(arguments: list[str]) -> int:
    """Measure and print; return 0, or 2 where a tool is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_paths()["stdlib"]))
    parser.add_argument("--tools", type=Path, required=True, metavar="FOLDER", help="where ruff, flake8, semgrep are")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    missing = [name for name in ("ruff", "flake8", "semgrep") if not (options.tools / name).exists()]
    if missing:
        print(f"not in {options.tools}: {', '.join(missing)}; this file's head says how to get them", file=sys.stderr)
        return 2
    tools = options.tools.absolute()
    os.environ["PATH"] = os.pathsep.join([str(tools), os.environ.get("PATH", "")])  # semgrep looks for its core there
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed tools run
    with tempfile.TemporaryDirectory(prefix="lint-others-") as name:
        folder = Path(name)
        files = test_files(options.folder, options.files)
        copy_files(files, folder)
        (folder / "pyproject.toml").touch()
        size = sum(path.stat().st_size for path in files)
        print(f"{len(files)} files, {size / 1e6:.1f} MB, Python {sys.version.split()[0]}")
        measure(folder, tools, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
