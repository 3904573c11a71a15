"""Switch the enforcement off, in one way at a time, and see that the meta-tests notice.

Usage: python scripts/sabotage.py [NAME ...] [--list | --check] [--only-expected] [--sample COUNT] [--jobs COUNT]

A sabotage is an entry of `tests/meta/sabotage.toml`: edits of files, and the numbers of the meta-tests that are to
notice it. Each is made in a scratch copy of this tree, after the tests that the sabotages name were green in the
untouched copy. The expected tests run first; if none fails, all sixteen run. As many are tried at a time as there are
processors. What was seen is kept outside of git by the content of the tree and of the sabotage, so that a run that was
stopped goes on. `docs/sabotage.md` is written when all were tried. `--sample COUNT` takes that many, chosen by the
content of the tree.

Exit code 0: each was noticed by a test that it names. 1: not so. 2: it could not be found out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.utils import meta  # noqa: E402 - run by path

FILE = ROOT / "tests" / "meta" / "sabotage.toml"
PAGE = ROOT / "docs" / "sabotage.md"
FEW = 3  # meta-tests that are not worth a second process
HEAD = """\
# Sabotage

Each of these switches a part of the enforcement off, in a scratch copy of the repository. `make sabotage` performs them
one by one, each in a copy of its own, and the [meta-tests](enforcement.md) have to notice: of {count} ways, {noticed}
were noticed. The last column names the first test that failed. This page is written by that run, and only when all of
them were tried.

| sabotage | what it does | noticed by |
|---|---|---|
"""


class SabotageError(Exception):
    """A sabotage cannot be read, made or judged."""


class Seen(NamedTuple):
    """The first meta-test that did not pass, "" for none, and what the run printed."""

    test: str
    output: str


class Sabotage(NamedTuple):
    """One way to switch enforcement off. Each edit is a path, a pattern and what takes the place of its first match.

    A pattern is a regular expression; an edit without one replaces the whole file, one without a text removes it.
    """

    name: str
    what: str
    edits: tuple[dict[str, str], ...]
    expected: tuple[int, ...]

    def changes(self, root: Path) -> dict[Path, str | None]:
        """Return the new text of each file of a tree, None for one that is to go. Raises SabotageError."""
        found: dict[Path, str | None] = {}
        for edit in self.edits:
            for path in places(root, edit["path"]):
                before = found[path] if path in found else text_of(path)
                found[path] = changed(edit, before)
                if found[path] == before:
                    raise SabotageError(f"{self.name}: {edit['path']} is not changed by it")
        return found

    def make(self, root: Path) -> None:
        """Change the files of a tree. Raises SabotageError where nothing changes."""
        for path, text in self.changes(root).items():
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")


def text_of(path: Path) -> str | None:
    """Return the text of a file, None where there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else None


def places(root: Path, pattern: str) -> list[Path]:
    """Return the files that an edit is about. Raises SabotageError when a pattern matches none."""
    if not set("*?") & set(pattern):
        return [root / pattern]
    found = sorted(path for path in root.glob(pattern) if path.is_file())
    if not found:
        raise SabotageError(f"{pattern} matches no file")
    return found


def changed(edit: dict[str, str], before: str | None) -> str | None:
    """Return the new content of a file, None where it is to go."""
    if "old" not in edit:
        return edit.get("new")
    every = 0 if edit.get("count") == "all" else 1
    return re.sub(edit["old"], lambda match: match.expand(edit["new"]), before or "", count=every, flags=re.MULTILINE)


def load(names: list[str]) -> list[Sabotage]:
    """Return the sabotages with these names, or all. Raises SabotageError."""
    found: dict[str, Sabotage] = {}
    for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["sabotage"]:
        made = Sabotage(entry["name"], entry["what"], tuple(entry["edits"]), tuple(entry["expected"]))
        if made.name in found or not made.expected or not made.edits:
            raise SabotageError(f"{made.name} is there twice, or changes nothing, or expects nothing")
        found[made.name] = made
    if unknown := set(names) - set(found):
        raise SabotageError(f"no sabotage is named {', '.join(sorted(unknown))}; --list prints them")
    return [found[name] for name in names or found]


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--list", action="store_true", help="print them and do nothing")
    parser.add_argument("--check", action="store_true", help="only see that each can be made in this tree")
    parser.add_argument("--only-expected", action="store_true", help="do not run all tests for a survivor")
    parser.add_argument("--sample", type=int, metavar="COUNT", help="that many, chosen by the content of the tree")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="COUNT", help="at a time")
    options = parser.parse_args()
    try:
        chosen = load(options.names)
        if options.sample:
            key = meta.digest("sabotage", inputs())
            chosen = sorted(chosen, key=lambda one: hashlib.sha256((key + one.name).encode()).digest())
            chosen = chosen[: options.sample]
        if options.list:
            print("\n".join(f"{one.name:40} {one.what}" for one in chosen))
            return 0
        if options.check:
            print(f"{sum(bool(one.changes(ROOT)) for one in chosen)} sabotages can be made")
            return 0
        seen = tried(chosen, max(options.jobs, 1), only_expected=options.only_expected)
    except SabotageError as error:
        print(f"sabotage: {error}", file=sys.stderr)
        return 2
    survivors = [one.name for one in chosen if not seen[one.name]]
    others = [one.name for one in chosen if seen[one.name] and number_of(seen[one.name]) not in one.expected]
    if not options.names and not options.sample:
        write_page(chosen, seen)
    for name in survivors:
        print(f"survivor: {name}")
    for name in others:
        print(f"noticed by another test than it names: {name}: {seen[name]}")
    print(f"{len(chosen)} sabotages, {len(chosen) - len(survivors)} noticed")
    return 1 if survivors or others else 0


def tried(sabotages: list[Sabotage], jobs: int, *, only_expected: bool) -> dict[str, str]:
    """Return the first test that noticed each sabotage, "" for none. Raises SabotageError when the control fails."""
    with tempfile.TemporaryDirectory(prefix="hermetic-sabotage-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        home = meta.Tree(ROOT, Path(folder, "environment"))
        control(sabotages, home, Path(folder, "control"))

        def one_of(number: int) -> str:
            started = time.monotonic()
            one = sabotages[number]
            found = known(one, home, Path(folder, str(number)), only_expected=only_expected)
            print(f"{one.name}: {found or 'SURVIVES'}, {time.monotonic() - started:.0f} s", flush=True)
            return found

        with ThreadPoolExecutor(jobs) as pool:
            try:
                found = list(pool.map(one_of, range(len(sabotages))))
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                message = "stopped; those under way are finished and kept, and the next run goes on"
                raise SabotageError(message) from None
    return {one.name: test for one, test in zip(sabotages, found, strict=True)}


def control(sabotages: list[Sabotage], home: meta.Tree, folder: Path) -> None:
    """Run the tests that are to notice something in an untouched copy. Raises SabotageError when one fails."""
    waiting = [one for one in sabotages if not Path(result_file(one)).exists()]
    numbers = sorted({number for one in waiting for number in one.expected})
    if not numbers:
        return
    seen = noticed(home, folder, None, numbers)
    if seen.test:
        raise SabotageError(f"in the untouched copy {seen.test} fails already:\n{seen.output}")
    print(f"control: meta-tests {', '.join(map(str, numbers))} pass", flush=True)


def known(one: Sabotage, home: meta.Tree, folder: Path, *, only_expected: bool) -> str:
    """Return which test notices a sabotage; what was noticed is kept, a survivor is tried again."""
    kept = Path(result_file(one))
    try:
        document = json.loads(kept.read_text(encoding="utf-8"))
        if document["name"] == one.name and document["noticed"]:
            return str(document["noticed"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = noticed(home, folder, one, list(one.expected)).test
    if not found and not only_expected:
        found = noticed(home, folder.with_name(f"{folder.name}-all"), one, list(range(1, 17))).test
    if found:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"name": one.name, "noticed": found}), encoding="utf-8")
    return found


def noticed(home: meta.Tree, folder: Path, one: Sabotage | None, numbers: list[int]) -> Seen:
    """Make a sabotage in a copy and run some meta-tests there; return the first that did not pass.

    Raises SabotageError when they do not end in time.
    """
    copy = home.copied(folder / "tree", folder / "environment")
    if one is not None:
        one.make(copy.root)
        copy.run("git", "commit", "--all", "--quiet", "--no-verify", "--message=Change")
        copy = meta.Tree(copy.root, folder / "changed")
    workers = [] if len(numbers) > FEW else ["-n0"]
    chosen = " or ".join(f"test_{number:02}_" for number in numbers)
    try:
        ran = copy.pytest(*workers, "-x", "-q", "-p", "no:cacheprovider", "-k", chosen, meta.TESTS)
    except subprocess.TimeoutExpired as error:
        what = one.name if one is not None else "the untouched copy"
        message = f"{what}: the meta-tests took longer than {error.timeout:.0f} seconds; try again on a quiet machine"
        raise SabotageError(f"{message}, what was noticed so far is kept") from None
    return Seen(failed(ran, numbers, is_control=one is None), ran.output)


def failed(ran: meta.Ran, numbers: list[int], *, is_control: bool) -> str:
    """Return the first test of a run that did not pass, "" for none."""
    for name, outcome in ran.outcomes.items():
        if outcome != "passed":
            return name.rpartition("::")[2]
    names = {name.rpartition("::")[2][:7] for name in ran.outcomes}
    if gone := sorted({f"test_{number:02}" for number in numbers} - names):
        return gone[0] if is_control else f"{gone[0]} (it did not run, which .ci/run notices)"
    return "" if ran.code == 0 else f"test_{numbers[0]:02} (pytest ends with {ran.code})"


def number_of(test: str) -> int:
    """Return the number of a meta-test."""
    match = re.match(r"test_(\d\d)", test)
    return int(match[1]) if match else 0


def result_file(one: Sabotage) -> str:
    """Return where the result of a sabotage of this very tree is kept."""
    return str(meta.cache_folder() / f"{meta.digest(f'sabotage {one!r}', inputs())}.sabotage.json")


def inputs() -> list[str]:
    """Return all files of the tree but those that say what the sabotages are, and what was seen of them."""
    left_out = (FILE, PAGE, Path(__file__).resolve())
    return [path.relative_to(ROOT).as_posix() for path in meta.listed(ROOT) if path not in left_out]


def write_page(sabotages: list[Sabotage], seen: dict[str, Any]) -> None:
    """Write the page of the site."""
    count = sum(bool(test) for test in seen.values())
    rows = [
        f"| {one.name} | {one.what} | {f'`{seen[one.name]}`' if seen[one.name] else '**nobody**'} |"
        for one in sabotages
    ]
    PAGE.write_text(HEAD.format(count=len(sabotages), noticed=count) + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
