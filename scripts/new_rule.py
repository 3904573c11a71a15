"""Write the file of a new rule, to be filled in.

Run it with the interpreter that hermetic is installed for:
.venv/bin/python scripts/new_rule.py NAME [--family FOLDER | --code HRMxxx]
NAME says what is wrong, in kebab case, such as cwd-change. The code is the next of the family, unless it is given.
"""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hermetic.catalogue.registry import walked
from hermetic.lint.selection import CANNOT_READ, SUPPRESSION_UNUSED

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = "src/hermetic/catalogue"
# Folder -> the digit of its codes, and the first line of its package.
FAMILIES = {
    "process": ("1", "1xx: process state, what outlives a test inside the worker."),
    "overrides": ("2", "2xx: overrides of an application's dependencies."),
    "mocks": ("3", "3xx: mocks and patches."),
    "fixtures": ("4", "4xx: fixtures."),
    "resources": ("5", "5xx: shared resources, what two workers can both touch."),
    "state": ("6", "6xx: global state of the code under test."),
    "collection": ("7", "7xx: collection and order."),
    "literals": ("8", "8xx: literals that a project has rules for."),
    "enforcement": ("9", "9xx: the enforcement itself."),
}
TEMPLATE = '''\
"""@CODE@."""

from __future__ import annotations

from hermetic.catalogue.rule import Example, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project


class @CLASS@(Rule):
    """FILL IN the hazard, in one sentence.

    Why it breaks:
    FILL IN who is harmed, and when.

    Do this instead:
    FILL IN the repair, the less common ones too.

    Limits:
    FILL IN what is not seen, or drop the section.
    """

    code = "@CODE@"
    name = "@NAME@"
    # What somebody sees who does not know the rule, in the words that they would search for.
    symptoms = ("FILL IN",)
    message = "FILL IN what is wrong at this line"
    # Bytes of which one occurs in every file that can break the rule; as specific as possible.
    tokens = (b"FILL IN",)

    def check(self, module: Module, project: Project) -> Iterator[Finding]:  # noqa: ARG002 - FILL IN, then use them
        """Yield FILL IN."""
        yield from ()

    bad = (@BAD@
    )
    good = (@GOOD@
    )
'''
BAD = '''
        Example(
            "FILL IN a spelling of the hazard (@NUMBER@)",
            {
                "test_polluter_and_victim.py": """
def test_polluter():
    raise NotImplementedError("FILL IN")  # <- @CODE@


def test_victim():
    raise NotImplementedError("FILL IN")
"""
            },
        ),'''
GOOD = '''
        Example(
            "FILL IN why this is left alone (@NUMBER@)",
            {
                "test_correct.py": """
def test_correct():
    raise NotImplementedError("FILL IN")
"""
            },
        ),'''


class CannotWriteError(Exception):
    """The file cannot be written as asked; the message says what to type instead."""


def file_name(name: str) -> str:
    """Return the name of a rule's file.

    Raises `CannotWriteError` when the rule's name is not in kebab case, or not usable as the name of a module.
    """
    module = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or keyword.iskeyword(module):
        raise CannotWriteError(f"{name!r} is not a rule's name: write words in kebab case, such as cwd-change")
    return f"{module}.py"


def family_of(code: str) -> str:
    """Return the folder that a code belongs to."""
    if not re.fullmatch(r"HRM[1-9]\d\d", code):
        raise CannotWriteError(f"{code!r} is not a code: write HRM and three digits, such as HRM111")
    return next(folder for folder, (digit, _) in FAMILIES.items() if code[3] == digit)


def next_code(digit: str, taken: dict[str, str]) -> str:
    """Return the code after the last one of a family; a gap stays, since a code is never used twice."""
    last = max((int(code[3:]) for code in taken if code[3] == digit), default=int(digit) * 100)
    if last == int(digit) * 100 + 99:
        raise CannotWriteError(f"the family {digit}xx is full: give a free code with --code")
    return f"HRM{last + 1}"


def plan(name: str, code: str | None, family: str | None) -> tuple[str, str]:
    """Return the code and the path of a new rule.

    Raises `CannotWriteError` when something of it is taken, or does not fit together.
    """
    taken = {rule.code: rule.name for rule in walked()} | dict.fromkeys((CANNOT_READ, SUPPRESSION_UNUSED), "the engine")
    module = file_name(name)
    if code and family and family_of(code) != family:
        raise CannotWriteError(f"{code} belongs to the family {family_of(code)}, not to {family}: give one of the two")
    if code in taken:
        raise CannotWriteError(f"{code} is taken, by {taken[code]}: leave --code out for the next free one")
    if name in taken.values():
        raise CannotWriteError(f"there is a rule {name!r} already: choose another name")
    folder = family_of(code) if code else family or next(iter(FAMILIES))
    return code or next_code(FAMILIES[folder][0], taken), f"{CATALOGUE}/{folder}/{module}"


def source_of(name: str, code: str) -> str:
    """Return the source of a new rule."""
    source = TEMPLATE
    for mark, example in (("@BAD@", BAD), ("@GOOD@", GOOD)):
        source = source.replace(mark, "".join(example.replace("@NUMBER@", str(number)) for number in (1, 2, 3)))
    class_name = "".join(word.capitalize() for word in name.split("-"))
    return source.replace("@CODE@", code).replace("@NAME@", name).replace("@CLASS@", class_name)


def write(path: str, source: str, root: Path = ROOT) -> None:
    """Write a rule's file, and its family's package when it is the first.

    Raises `CannotWriteError` when there is such a file already.
    """
    target = root / path
    if target.exists():
        raise CannotWriteError(f"{path} exists already: choose another name")
    target.parent.mkdir(exist_ok=True)
    package = target.with_name("__init__.py")
    if not package.exists():
        package.write_text(f'"""{FAMILIES[target.parent.name][1]}"""\n', encoding="utf-8")
    target.write_text(source, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write the file and say what comes next; return 0, or 2 when it cannot be written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", metavar="NAME", help="what is wrong, in kebab case, such as cwd-change")
    parser.add_argument("--code", metavar="HRMxxx", help="the code, instead of the next one of the family")
    parser.add_argument("--family", choices=FAMILIES, help=f"the folder (default: {next(iter(FAMILIES))})")
    options = parser.parse_args(arguments)
    try:
        code, path = plan(options.name, options.code, options.family)
        write(path, source_of(options.name, code))
    except CannotWriteError as error:
        print(f"new_rule.py: {error}", file=sys.stderr)
        return 2
    print(f"wrote {path} ({code})")
    print("Next:")
    print("  1. Fill in every FILL IN. process/environ_write.py is a model; a rule about process state is a StateRule.")
    print("  2. .venv/bin/python scripts/generate.py   (the index at once, the page when nothing is left to fill in)")
    print(f"  3. .venv/bin/python -m pytest tests/unit/catalogue -k {code}")
    print(f"  4. Add a changelog fragment: changelog.d/+{options.name}.rule.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
