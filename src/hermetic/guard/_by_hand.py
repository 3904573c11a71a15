"""What the code of a test sets by hand, in names that code under test changes as it runs: counts, flags and the like.

Such a name is left out of the findings, since healthy code sets it; a test that gives it a value of its own prepares
what the next test meets. Only asked where such a name has changed.
"""

from __future__ import annotations

import ast
import linecache
import re
from typing import TYPE_CHECKING

from hermetic.guard._words import source_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.guard._holders import Holder
    from hermetic.guard.places import Place

# What a line ends with: `NAME = 5`, or `"NAME", 5)`.
GIVEN = re.compile(r"(?<![=!<>])[=,][ \t]*([^\s=,]+?)[ \t]*\)?[ \t]*(?:#.*)?$")
NO_LITERAL = object()


def gives(places: Iterable[Place], value: object) -> bool:
    """Tell whether one of some lines assigns a number or text that is written out there, and that is `value`.

    Who assigns 0, False or "" begins anew.
    """
    return any(is_written_as(linecache.getline(place.path, place.line), value) and value for place in places)


def is_written_as(line: str, value: object) -> bool:
    """Tell whether a line ends with what Python reads as a value of this type."""
    found = GIVEN.search(line)
    read = literal(found[1]) if found is not None else NO_LITERAL
    return type(read) is type(value) and read == value


def literal(text: str) -> object:
    """Return what a text stands for, `NO_LITERAL` where it is no literal."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return NO_LITERAL


def is_first_value(holder: Holder, name: str, value: object) -> bool:
    """Tell whether the module's own text gives a name this very value where it, or the class, begins."""
    indent = r"[ \t]+" if holder.is_class else ""
    bound = re.compile(rf"^{indent}{re.escape(name)}[ \t]*(?::[^=\n]*)?=(?!=).*$", re.MULTILINE)
    return any(is_written_as(line, value) for line in bound.findall(source_of(holder)))
