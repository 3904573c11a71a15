"""`hermetic hook`, and the scripts that check one concern each."""

from __future__ import annotations

import os
import sys

from hermetic.catalogue import registry
from hermetic.cli import CANNOT_RUN, check, safely
from hermetic.config import CannotRunError, find_root
from hermetic.lint import changed, concerns, discovery, selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from hermetic.finding import Finding
    from hermetic.lint.concerns import Concern


class NoRuleError(CannotRunError):
    """A concern has no rule yet, so that its silence would mean nothing."""


def main(arguments: Sequence[str]) -> int:
    """Check the changed files that pre-commit names, as `hermetic hook ID [FILE ...]`."""
    name = arguments[0] if arguments else ""
    concern = concerns.find(name)
    if concern is None or not concern.is_hook:
        wanted_help = name in {"-h", "--help"}
        (sys.stdout if wanted_help else sys.stderr).write(usage(name))
        return 0 if wanted_help else CANNOT_RUN
    options = check.read_options(arguments[1:], lambda: parser(f"hermetic hook {name}", concern))
    return check.answer(options, lambda: find_changed(options, concern))


def script(name: str, arguments: Sequence[str] | None = None) -> int:
    """Check files or folders for one concern, and return the exit code: what a script in `scripts/` does."""
    concern = next(item for item in concerns.CONCERNS if item.id == name)
    given = sys.argv[1:] if arguments is None else arguments

    def command(words: Sequence[str]) -> int:
        options = check.read_options(words, lambda: parser(f"python {concern.script}", concern))
        return check.answer(options, lambda: find_named(options, concern))

    return safely(command, given)


def find_changed(options: check.Options, concern: Concern) -> list[Finding]:
    """Return what a check of the current folder finds because of the named files; others than tests are left out."""
    if not options.paths:
        return find_named(options, concern)
    settings = check.configured(".", options, fixed_codes(concern), concern.strict)
    paths = discovery.tests_among(options.paths, settings)
    chosen = selection.choose(registry.all_entries(), settings)
    return changed.check(paths, settings, chosen, cached=not options.no_cache) if paths else []


def find_named(options: check.Options, concern: Concern) -> list[Finding]:
    """Return what is found in the named files and folders; without one, in the tests of the current project."""
    options.paths = options.paths or [os.path.relpath(find_root("."))]
    return check.find(options, fixed_codes(concern), concern.strict)


def fixed_codes(concern: Concern) -> tuple[str, ...]:
    """Return the codes that a concern insists on; none where the configuration decides.

    Raises `NoRuleError` for a concern whose rules are all yet to be written.
    """
    codes = tuple(entry.code for entry in concern.entries(registry.indexed()))
    if concern.selectors and not codes:
        raise NoRuleError(f"{concern.id} has no rule yet ({', '.join(concern.selectors)}), so it can check nothing")
    return codes


def usage(name: str) -> str:
    """Return how the command is called, and for an unknown id what is known."""
    hooks = [item for item in concerns.CONCERNS if item.is_hook]
    width = max(len(item.id) for item in hooks)
    rows = "".join(f"  {item.id:{width}}  {item.title}\n" for item in hooks)
    problem = f"hermetic: no hook {name!r}\n\n" if name and name not in {"-h", "--help"} else ""
    return (
        f"{problem}usage: hermetic hook ID [options] [FILE ...]\n\n{rows}\n"
        "Of the named files, those are checked that `hermetic check` finds in the current folder.\n"
        "hermetic hook ID --help shows a hook's rules and options.\n"
    )


def parser(prog: str, concern: Concern) -> argparse.ArgumentParser:
    """Return the parser of a concern: the options of `hermetic check` that leave its rules alone."""
    import argparse

    from hermetic.cli import shared_options as shared

    entries = concern.entries(registry.indexed())
    rules = "".join(f"  {entry.code}  {entry.name}\n" for entry in entries)
    made = argparse.ArgumentParser(
        prog=prog,
        description=f"Look for {concern.title}.",
        epilog=f"rules, whatever the configuration selects:\n{rules}" if concern.selectors else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("paths", nargs="*", metavar="PATH", help="files or folders; without one, the project's tests")
    if not concern.selectors:
        shared.add_selection(made)
    shared.add_ignore(made)
    shared.add_baseline(made)
    shared.add_output(made)
    return made
