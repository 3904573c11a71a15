"""The pages that follow from more than the rules: patterns, regression tests, commands, recent work, marked regions.

A tree that lacks what a page is drawn from goes without that page: a scratch copy of the repository has no tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import command_pages
import enforcement_pages
import pattern_pages
import recent_pages
import regression_pages
import schema_pages
from mutants import KILLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.catalogue.rule import Rule

ROOT = Path(__file__).resolve().parent.parent


def files(rules: Sequence[type[Rule]]) -> dict[str, str]:
    """Return the generated files: path below the repository -> content. Raises ValueError for what cannot be read."""
    found = command_pages.files() | schema_pages.files(rules)
    if pattern_pages.FOLDER.is_dir():
        found |= pattern_pages.files()
    if KILLS.is_file():
        found |= regression_pages.files()
    if (ROOT / recent_pages.CHANGELOG).is_file():
        found |= recent_pages.files(ROOT)
    if (ROOT / enforcement_pages.PAGE).is_file():
        found |= enforcement_pages.files(ROOT, rules)
    return found
