"""Find out on which versions of Python, pytest and pytest-xdist what holds, and write the page that says so.

Usage: python scripts/assure.py [NAME ...] [--list]

Each part of the suite's core runs on each of the versions, in an environment of its own below build/compatibility, and
one group of tests is run without the plugin, to see whether these versions keep it on one worker. What was seen is kept
outside of git by the content of the tree, so that a run that was stopped goes on. `docs/versions.md` is written when
all that are at hand were tried. Exit code 0: all that was tried passed. 1: tests failed. 2: an environment could not be
made.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from typing import NamedTuple

import compatibility
from compatibility import BUILD, ROOT

sys.path.insert(0, str(ROOT))

from tests.utils import meta

PAGE = ROOT / "docs" / "versions.md"
PYTESTS = ("8.4.0", "9.1.1", "newest")
XDISTS = ("3.6.1", "newest")
# What a reader knows each part by, and where its tests stand.
PARTS = {
    "guard": ("tests.unit.guard",),
    "plugin": ("tests.e2e.test_plugin",),
    "collection checks": ("tests.e2e.test_collection_checks",),
    "linter's engine": ("tests.unit.lint",),
    "workers": ("tests.unit.workers", "tests.e2e.test_workers"),
}
GROUPS = "from tests.utils.guarding import groups_hold; print(groups_hold())"
INPUTS = ("src", "tests", "pyproject.toml", "scripts/compatibility.py", "scripts/assure.py")
HEAD = """\
# Versions

What was seen to hold on which versions of Python, pytest and pytest-xdist, each in an environment of its own with
nothing else in it but what the tests of the workers need. A cell counts the tests that passed, of those that ran; what
was skipped, for want of something that is not installed there, stands behind it. `make assure` runs all of it, and
writes this page when all were tried.

Where `xdist_group` does nothing, pytest itself says nothing, and tests that must stay together do not. There the plugin
raises [HRM901](rules/HRM901.md) before the first test, which is a part of what the collection checks test.

"""


class Kind(NamedTuple):
    """Versions to try: of Python as `3.11`, of the others in full, or `newest`."""

    python: str
    pytest: str
    xdist: str

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"py{self.python}-pytest{self.pytest}-xdist{self.xdist}"

    @property
    def packages(self) -> tuple[str, ...]:
        """What is installed."""
        wanted = (("pytest", self.pytest), ("pytest-xdist", self.xdist))
        return tuple(name if version == "newest" else f"{name}=={version}" for name, version in wanted)


class Seen(NamedTuple):
    """What was seen of some versions: as installed, whether groups hold, and what became of the tests of each part."""

    versions: tuple[str, str, str]
    passed: bool
    groups: bool
    counts: dict[str, dict[str, int]]


KINDS = tuple(Kind(*versions) for versions in product(compatibility.VERSIONS, PYTESTS, XDISTS))


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--list", action="store_true", help="print the names and do nothing")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(kind.name for kind in KINDS))
        return 0
    if unknown := sorted(set(options.names) - {kind.name for kind in KINDS}):
        print(f"assure: no versions are named {', '.join(unknown)}; --list prints them", file=sys.stderr)
        return 2
    at_hand = compatibility.at_hand()
    chosen = [kind for kind in KINDS if not options.names or kind.name in options.names]
    seen: dict[Kind, Seen] = {}
    for kind in chosen:
        if kind.python not in at_hand:
            print(f"{kind.name}: Python {kind.python} is not at hand", flush=True)
            continue
        try:
            seen[kind] = known(kind, at_hand[kind.python])
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"assure: {kind.name}: {error}", file=sys.stderr)
            return 2
        print(f"{kind.name}: {', '.join(f'{part} {cell(seen[kind], part)}' for part in PARTS)}", flush=True)
    if not options.names:
        PAGE.write_text(page(seen), encoding="utf-8")
    return 0 if all(one.passed for one in seen.values()) else 1


def known(kind: Kind, interpreter: str) -> Seen:
    """Return what was seen of some versions; a good result of this very tree is not looked for again."""
    name = f"assure {kind.name}"
    return Seen(**meta.kept(name, INPUTS, lambda: tried(kind, interpreter)._asdict(), when=lambda seen: seen["passed"]))


def tried(kind: Kind, interpreter: str) -> Seen:
    """Run the core of the suite on some versions. Raises `CalledProcessError`."""
    python = compatibility.prepare(kind.name, interpreter, kind.packages)
    shown = compatibility.versions(python)
    groups = subprocess.run([str(python), "-c", GROUPS], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    reports = BUILD / f"{kind.name}-report"
    passed = compatibility.run(python, kind.packages, reports)
    counts = counted([Path(f"{reports}-{number}.xml") for number in range(len(compatibility.STAGES))])
    return Seen(shown, passed, groups.strip() == "True", counts)


def counted(reports: list[Path]) -> dict[str, dict[str, int]]:
    """Return how many tests of each part passed, failed and were skipped."""
    found: dict[str, Counter[str]] = {part: Counter() for part in PARTS}
    for name, outcome in (pair for report in reports for pair in meta.outcomes_of(report).items()):
        module = name.partition("::")[0].replace("/", ".")
        for part, places in PARTS.items():
            found[part][outcome] += module.startswith(places)
    return {part: dict(counts) for part, counts in found.items()}


def cell(seen: Seen, part: str) -> str:
    """Return what a table says of a part."""
    counts = seen.counts[part]
    ran = sum(counts.values()) - counts.get("skipped", 0)
    behind = f", {counts['skipped']} skipped" if counts.get("skipped") else ""
    return f"{counts.get('passed', 0)} of {ran}{behind}"


def page(seen: dict[Kind, Seen]) -> str:
    """Return the text of the page."""
    titles = ("Python", "pytest", "pytest-xdist", *PARTS, "`xdist_group`")
    rows = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for one in seen.values():
        groups = "holds" if one.groups else "does nothing: HRM901"
        rows.append("| " + " | ".join((*one.versions, *(cell(one, part) for part in PARTS), groups)) + " |")
    if absent := sorted({kind.python for kind in KINDS} - {kind.python for kind in seen}):
        rows += ["", f"Not tried, since it was not at hand: Python {', '.join(absent)}."]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
