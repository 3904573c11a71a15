"""The measured matrix of this tree's rules: each rule once, and kept by the content of all that it depends on."""

from __future__ import annotations

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.utils import meta
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from tests.utils.meta import Tree

CATALOGUE = meta.ROOT / "src" / "hermetic" / "catalogue"
# What a measurement depends on: the product, and the modules that measure.
INPUTS = (
    "src",
    "pyproject.toml",
    "requirements/dev.txt",
    *(
        f"tests/utils/{name}.py"
        for name in ("__init__", "commits", "lint", "meta_measure", "proof", "proof_driver", "verifying")
    ),
)
CODE = re.compile(r"^    code = \"(HRM\d{3})\"$", re.MULTILINE)


def written() -> dict[str, Path]:
    """Return the files of all rules that stand in the catalogue, by code, whatever is registered."""
    texts = ((path, path.read_text(encoding="utf-8")) for path in CATALOGUE.glob("*/*.py"))
    return {code: path for path, text in texts for code in CODE.findall(text)}


def in_order(files: dict[str, Path]) -> list[str]:
    """Return the codes as they are measured: what was changed last, which is wrong most likely, and then what is long.

    What is audited has the highest numbers, and takes longest: at the end a processor would wait for it.
    """
    return sorted(files, key=lambda code: (files[code].stat().st_mtime // 60, code), reverse=True)


def measured(tree: Tree, known: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Return what was measured of each rule, by code. It ends at the first that is wrong, or gone: enough to fail.

    `known` are codes that have to be there.
    """
    files = written()
    failed = sorted({*known} - {*files})
    keys = keys_of(files)

    def one(code: str) -> dict[str, Any]:
        return meta.kept_as(keys[code], lambda: measure(tree, code, failed), when=right)  # type: ignore[no-any-return]

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return {found["code"]: found for found in pool.map(one, in_order(files))}


def keys_of(codes: Iterable[str]) -> dict[str, str]:
    """Return the keys of what is kept of rules, by code."""
    content = meta.digest("rules", INPUTS)
    return {code: hashlib.sha256(f"{content} {code}".encode()).hexdigest() for code in codes}


def keep(documents: list[dict[str, Any]]) -> None:
    """Keep what was measured of rules elsewhere in this tree, with the same interpreter and packages."""
    keys = keys_of(document["code"] for document in documents)
    for document in filter(right, documents):
        meta.keep(keys[document["code"]], document)


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


# --- what the pages say of it ---

LAYERS = ("lint", "collection", "guard", "audit", "verify")
ROW = re.compile(r"^\| \[(HRM\d{3})\]\(rules/HRM\d{3}\.md\) \S+ \| (.*) \|$", re.MULTILINE)
PAGE_LAYERS = re.compile(r"^\*\*Layers:\*\* ([a-z, ]+)\.", re.MULTILINE)
# The rules of the engine itself have no examples of their own: what shows them, and what is correct.
OWN = {
    "HRM001": ("def test_planted(:\n", "def test_planted():\n    pass\n"),
    "HRM905": (
        "def test_planted():\n    pass  # hermetic: ignore[HRM101] planted\n",
        'import os\n\n\ndef test_planted():\n    os.environ["PLANTED"] = "1"  # hermetic: ignore[HRM101] planted\n',
    ),
}


def table() -> dict[str, tuple[set[str], str]]:
    """Return what docs/enforcement.md says: the layers that catch a rule, and its hooks, by code."""
    found = {}
    for code, cells in ROW.findall((meta.ROOT / "docs" / "enforcement.md").read_text(encoding="utf-8")):
        *layers, hooks = [cell.strip() for cell in cells.split("|")]
        found[code] = ({layer for layer, cell in zip(LAYERS, layers, strict=True) if cell == "yes"}, hooks)
    return found


def page_layers(code: str) -> set[str]:
    """Return the layers that the page of a rule names; empty where there is no page, or it names none."""
    page = meta.ROOT / "docs" / "rules" / f"{code}.md"
    said = PAGE_LAYERS.search(page.read_text(encoding="utf-8")) if page.is_file() else None
    return set(said[1].split(", ")) if said else set()


def own_caught(tree: Tree, folder: Path) -> dict[str, set[str]]:
    """Return the layers that catch each rule of the engine itself, and leave what is correct alone."""
    found: dict[str, set[str]] = {}
    for code, (bad, good) in OWN.items():
        write_files({"bad/test_planted.py": bad, "good/test_planted.py": good, "pyproject.toml": ""}, folder / code)
        check = ["hermetic", "check", "--no-cache", "--output-format=concise", "--select=HRM101,HRM905"]
        runs = [tree.run(*check, kind, folder=folder / code) for kind in ("bad", "good")]
        caught = runs[0].code == 1 and code in runs[0].output and runs[1].code == 0
        found[code] = {"lint"} if caught else set()
    return found


def said_problems(tree: Tree, matrix: dict[str, dict[str, Any]], folder: Path) -> list[str]:
    """Return where the pages say something else of a rule than was measured."""
    caught = {code: caught_by(found) for code, found in matrix.items()} | own_caught(tree, folder)
    rows, problems = table(), []
    pages = {path.stem for path in (meta.ROOT / "docs" / "rules").glob("HRM*.md")}
    for name, codes in (("a page", pages), ("a row in docs/enforcement.md", {*rows})):
        problems += [f"{code} has not {name}" for code in sorted({*caught} - codes)]
        problems += [f"{code} has {name} and is not a rule" for code in sorted(codes - {*caught})]
    for code, layers in sorted(caught.items()):
        said, _ = rows.get(code, (set(), ""))
        if said != layers & {*LAYERS}:
            problems.append(f"docs/enforcement.md says that {sorted(said)} catch {code}: it is {sorted(layers)}")
        on_page = page_layers(code)
        if not on_page or not on_page <= layers:
            problems.append(f"docs/rules/{code}.md says that {sorted(on_page)} catch it: it is {sorted(layers)}")
    return problems


def review_items() -> list[tuple[str, set[str], bool]]:
    """Return the items of docs/review.md: the text, the codes of rules in it, and whether it is for a human."""
    text = (meta.ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    items = re.findall(r"^- (.*(?:\n {2}.*)*)", text, re.MULTILINE)
    return [(item, set(re.findall(r"\[(HRM\d{3})\]", item)), "`human`" in item) for item in items]


def declared_gaps(tree: Tree) -> dict[str, list[str]]:
    """Return the layers that rules declare not to have, with their reasons left out."""
    source = (
        "import json; from hermetic.catalogue.registry import walked; "
        "print(json.dumps({rule.code: sorted(rule.no_claims) for rule in walked() if rule.no_claims}))"
    )
    found: dict[str, list[str]] = json.loads(tree.script("-c", source).output)
    return found
