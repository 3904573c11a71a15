"""The measured matrix of this tree's rules: each rule once, and kept by the content of all that it depends on."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.utils import meta

if TYPE_CHECKING:
    from tests.utils.meta import Tree

CATALOGUE = meta.ROOT / "src" / "hermetic" / "catalogue"
CODE = re.compile(r"^    code = \"(HRM\d{3})\"$", re.MULTILINE)


def written() -> list[str]:
    """Return the codes of all rules whose file stands in the catalogue, whatever is registered."""
    texts = (path.read_text(encoding="utf-8") for path in CATALOGUE.glob("*/*.py"))
    return sorted(code for text in texts for code in CODE.findall(text))


def measured(tree: Tree) -> dict[str, dict[str, Any]]:
    """Return what was measured of each rule, by code. It ends at the first one that is wrong: that is enough to fail."""
    failed: list[str] = []

    def one(code: str) -> dict[str, Any]:
        return meta.kept(f"rule {code}", meta.CODE, lambda: measure(tree, code, failed), when=right)  # type: ignore[no-any-return]

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return {found["code"]: found for found in pool.map(one, written())}


def measure(tree: Tree, code: str, failed: list[str]) -> dict[str, Any]:
    """Measure a rule, unless another one was wrong already."""
    if failed:
        return {"code": code, "cells": [], "bad": 0, "good": 0, "problems": [f"not measured: {failed[0]} is wrong"]}
    done = tree.run(tree.python, "-m", "tests.utils.meta_measure", code)
    lines = [line for line in done.output.splitlines() if line.startswith('{"code"')]
    if len(lines) != 1:
        found: dict[str, Any] = {"code": code, "cells": [], "bad": 0, "good": 0, "problems": [done.output[-3000:]]}
    else:
        found = json.loads(lines[0])
    if not right(found):
        failed.append(code)
    return found


def right(found: dict[str, Any]) -> bool:
    """Tell whether a rule was measured, and does what it says."""
    return not found["problems"] and found["bad"] > 0 and found["good"] > 0


def caught_by(found: dict[str, Any]) -> set[str]:
    """Return the layers that caught an example of a rule."""
    return {cell["layer"] for cell in found["cells"] if cell["caught"]}
