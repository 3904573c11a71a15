"""`hermetic check --fix` and `--diff`: repair files, or show what that would change."""

from __future__ import annotations

import os
import sys

from hermetic.catalogue import registry
from hermetic.cli import CANNOT_RUN, check, complain, say
from hermetic.lint import selection
from hermetic.lint.engine import Engine
from hermetic.lint.fix import Repairer
from hermetic.lint.incomplete import IncompleteError
from hermetic.lint.rewrite import NotWrittenError, rewrite
from hermetic.repair.maker import Maker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.cli.check import Options
    from hermetic.finding import Finding
    from hermetic.lint.fix import Repaired


def main(options: Options) -> int:
    """Repair, or show the difference; return the exit code."""
    try:
        done = Session(options).repaired()
    except IncompleteError as error:
        for failure in error.failures:
            complain(f"{failure}; this is a defect of the rule: leave it out with --ignore, and report it")
        return complain("nothing was changed, since not every rule could look at the files")
    if options.diff:
        return show(done, options)
    if options.stdin_filename:
        return pass_on(done, options)
    failed = write(done)
    code = check.answer(options, lambda: check.find(options))
    for note in notes(done, options):
        complain(note)
    return CANNOT_RUN if failed else code


class Session:
    """Checks the same files again and again, each time with what the fixes so far have made of them."""

    def __init__(self, options: Options) -> None:
        self.options = options
        start = options.stdin_filename or (options.paths[0] if options.paths else ".")
        self.settings = check.configured(start, options)
        self.chosen = selection.choose(registry.all_entries(), self.settings)
        self.maker = Maker(self.settings.root, thorough=True)
        self.given: dict[str, bytes] = {}  # what comes from standard input
        self.before: dict[str, bytes] = {}  # the files as they were read
        self.paths = [options.stdin_filename] if options.stdin_filename else check.discovered(options, self.settings)

    def repaired(self) -> Repaired:
        """Return what the fixes make of the files."""
        name = self.options.stdin_filename
        if name:
            self.given[name] = self.before[name] = self.options.sources[name] = check.read_input()
        return Repairer(self.check, self.read, unsafe=self.options.unsafe_fixes).run()

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes before any change."""
        if path not in self.before:
            try:
                with open(path, "rb") as file:
                    self.before[path] = file.read()
            except OSError:
                return None
        return self.before[path]

    def check(self, held: Mapping[str, bytes], paths: list[str]) -> list[Finding]:
        """Return the findings, less what the baseline holds; `held` stands for what is on disk."""
        engine = Engine(self.settings, self.chosen)
        engine.maker = self.maker
        engine.named = check.named(self.options)
        sources = {**self.given, **held}
        for path, data in sources.items():
            engine.project.hold(path, data)
        found = engine.check(paths or self.paths)
        return self.options.held.divided(found, sources)[0] if self.options.held is not None else found


def write(done: Repaired) -> bool:
    """Write the repaired files; tell whether one could not be written, and why."""
    failed = False
    for path, (before, after) in sorted(done.files.items()):
        try:
            rewrite(path, before, after)
        except NotWrittenError as error:
            complain(str(error))
            failed = True
            done.fixed = [item for item in done.fixed if item.path != path]
    return failed


def show(done: Repaired, options: Options) -> int:
    """Print the difference; exit code 1 where there is one."""
    for path, (before, after) in sorted(done.files.items()):
        say(difference(path, before, after))
    for note in notes(done, options):
        complain(note)
    return 1 if done.files else 0


def difference(path: str, before: bytes, after: bytes) -> str:
    """Return a unified diff, as `patch -p0` and `git apply -p0` take it."""
    from difflib import unified_diff

    name = os.path.relpath(path).replace(os.sep, "/")
    old, new = (text(data).splitlines(keepends=True) for data in (before, after))
    lines = [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(old, new, name, name)
    ]
    return "".join(lines)


def text(data: bytes) -> str:
    """Return a file's bytes as text, in its own encoding."""
    from hermetic.repair.layout import encoding_of

    return data.decode(encoding_of(data), "replace")


def pass_on(done: Repaired, options: Options) -> int:
    """Print the source that came in, repaired, and on standard error what is left to find in it."""
    source = options.sources[options.stdin_filename]
    sys.stdout.buffer.write(done.files.get(options.stdin_filename, (b"", source))[1])
    for item in done.left:
        complain(str(item))
    return 1 if done.left else 0


def notes(done: Repaired, options: Options) -> list[str]:
    """Return what is said about the fixes."""
    found = []
    verb = "would fix" if options.diff else "fixed"
    if done.fixed:
        files = len({item.path for item in done.fixed})
        found.append(f"{verb}: {counted(len(done.fixed), 'finding')} in {counted(files, 'file')}")
    elif options.diff:
        found.append("nothing to fix")
    more = sum(item.fix is not None and not item.fix.safe for item in done.left)
    if more and not options.unsafe_fixes:
        found.append(f"{counted(more, 'more finding')} can be fixed with --unsafe-fixes: look at what that changes")
    return found


def counted(number: int, what: str) -> str:
    """Return a number and what it counts."""
    return f"{number} {what}{'s' * (number != 1)}"
