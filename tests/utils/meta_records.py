"""What the project says of itself on paper: decisions and who enforces them, figures and what is measured."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.utils import meta, meta_docs, meta_matrix

if TYPE_CHECKING:
    from tests.utils.meta import Tree

ADRS = meta.ROOT / "docs" / "adr"
# What a test that enforces a decision may depend on, besides its own file.
INPUTS = (
    "src",
    "tests/e2e/conftest.py",
    "tests/unit/workers/conftest.py",
    "tests/unit/catalogue/snippets",
    "scripts",
    "benchmarks",
    "pyproject.toml",
    "requirements/dev.txt",
    *(
        path.relative_to(meta.ROOT).as_posix()
        for path in sorted((meta.ROOT / "tests" / "utils").glob("*.py"))
        if not path.name.startswith("meta")
    ),
)
SAMPLE = 16  # cases of the corpus that run under the plugin
CORPUS = meta.ROOT / "benchmarks" / "corpus"
# The commands whose output docs/measurements.md shows.
OF_LINT = "python benchmarks/corpus_score.py --misses"
OF_ALL = "python benchmarks/corpus_score.py --layer lint --layer guard --layer collection --layer audit --misses"
MEASUREMENTS = meta.ROOT / "docs" / "measurements.md"
BLOCK = re.compile(
    r"^`(python benchmarks/corpus_score\.py[^`]*)`.*?\n\n```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def decisions() -> dict[str, tuple[list[str], str]]:
    """Return for each decision what enforces it, and why nothing does, by file name."""
    found = {}
    for path in sorted(ADRS.glob("*.md")):
        front = re.match(r"---\n(.*?)\n---\n", path.read_text(encoding="utf-8"), re.DOTALL)
        data = yaml.safe_load(front[1]) if front else {}
        found[path.name] = (list(data.get("enforced_by") or []), str(data.get("not_enforced_because") or ""))
    return found


def enforcing(tree: Tree, references: list[str]) -> tuple[dict[str, list[str]], str]:
    """Run the tests that decisions name; return those that passed, by file, and what was printed where some did not.

    The suite runs whole files, and hands over what became of them; what it has not handed over runs here, all at once.
    """
    chosen = by_file(references)
    keys = {file: (key_of(file, [file]), key_of(file, names)) for file, names in chosen.items()}
    with meta.alone(*(key for pair in keys.values() for key in pair)):
        found = {file: next(filter(None, map(meta.read, pair)), None) for file, pair in keys.items()}
        passed = {file: list(known["value"]["outcomes"]) if known else [] for file, known in found.items()}
        waiting = [file for file, known in found.items() if known is None]
        if not waiting:
            return passed, ""
        names = [name for file in waiting for name in chosen[file]]
        ran = tree.pytest("-n2", "--dist=loadgroup", "-q", "--maxfail=3", *names)
        for file in waiting:
            outcomes: dict[str, Any] = {"code": ran.code, "outcomes": of_file(file, ran.outcomes)}
            if all_passed(outcomes):
                passed[file] = list(outcomes["outcomes"])
                meta.keep(keys[file][-1], outcomes)
    return passed, ran.output if ran.code else ""


def by_file(references: list[str]) -> dict[str, list[str]]:
    """Return what is to run of each file: the tests that are named, or the file where it is named itself."""
    found: dict[str, list[str]] = {}
    for reference in sorted(references):
        found.setdefault(reference.partition("::")[0], []).append(reference)
    return {file: [file] if file in names else names for file, names in found.items()}


def key_of(file: str, chosen: list[str]) -> str:
    """Return the key of what is kept of a file's tests: of all, or of some."""
    return meta.digest(f"file {file}" if chosen == [file] else f"tests {chosen}", (*INPUTS, file))


def of_file(file: str, outcomes: dict[str, str]) -> dict[str, str]:
    """Return the outcomes of the tests of one file."""
    stem = file.removesuffix(".py")
    return {name: outcome for name, outcome in outcomes.items() if name.startswith((f"{stem}::", f"{stem}/"))}


def all_passed(found: dict[str, Any]) -> bool:
    """Tell whether a run of a file went well: some tests ran, and all of them passed."""
    return found["code"] == 0 and bool(found["outcomes"]) and {*found["outcomes"].values()} == {"passed"}


def keep_rules(report: Path) -> int:
    """Keep what a report of the suite says was measured of the rules; return of how many."""
    measured = [
        json.loads(note.get("value", ""))
        for case in ET.parse(report).getroot().iter("testcase")  # noqa: S314 - our own run has just written it
        for note in case.iter("property")
        if note.get("name") == "measured" and not {part.tag for part in case} & {"failure", "error", "skipped"}
    ]
    meta_matrix.keep(measured)
    return len(measured)


def keep_suite(report: Path) -> int:
    """Keep what a report of the whole suite says of the files that enforce decisions; return of how many.

    What the suite has just shown of this very tree need not be shown again.
    """
    outcomes = meta.outcomes_of(report)
    references = {reference for by, _ in decisions().values() for reference in by if "/" in reference}
    count = 0
    for file in sorted({reference.partition("::")[0] for reference in references}):
        found = {"code": 0, "outcomes": of_file(file, outcomes)}
        if all_passed(found):
            meta.keep(key_of(file, [file]), found)
            count += 1
    return count


def resolved(reference: str, passed: list[str]) -> bool:
    """Tell whether a node id names tests of those that passed: one, all of a class, or all of a file."""
    path, _, name = reference.partition("::")
    stem = path.removesuffix(".py")
    names = [each.removeprefix(stem).removeprefix("/").removeprefix("::") for each in passed]
    wanted = name.replace("::", "/")
    return any(not name or each.replace("::", "/").partition("[")[0] == wanted.partition("[")[0] or
               each.replace("::", "/").startswith(f"{wanted}/") for each in names)  # fmt: skip


def undocumented() -> tuple[int, list[str]]:
    """Return how many public modules, classes and functions the package has, and those without a docstring."""
    count, without = 0, []
    for path in sorted((meta.ROOT / "src").rglob("*.py")):
        module = ast.parse(path.read_bytes())
        waiting: list[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef] = [module]
        while waiting:
            node = waiting.pop()
            name = getattr(node, "name", "")
            if not name.startswith("_"):
                count += bool(name) or bool(module.body)
                if module.body and ast.get_docstring(node) is None and not overload(node):
                    without.append(f"{path.relative_to(meta.ROOT)}: {name or 'the module'}")
            inside = [] if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else node.body
            waiting += [one for one in inside if isinstance(one, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
                        and not (name.startswith("_"))]  # fmt: skip
    return count, without


def overload(node: ast.AST) -> bool:
    """Tell whether a function sets a property or is one signature of several."""
    decorators = [ast.unparse(one) for one in getattr(node, "decorator_list", [])]
    return any(one.endswith((".setter", "overload")) for one in decorators)


def published() -> dict[str, str]:
    """Return the scores on the corpus that docs/measurements.md shows, by the command that prints them."""
    return dict(BLOCK.findall(MEASUREMENTS.read_text(encoding="utf-8")))


def cases() -> list[str]:
    """Return the ids of all cases of the corpus."""
    return sorted(path.relative_to(CORPUS).with_suffix("").as_posix() for path in CORPUS.glob("*/*.toml"))


def sample(ids: list[str]) -> list[str]:
    """Return cases that the content of this tree chooses."""
    key = meta.digest("corpus", ("src", "benchmarks"))
    return sorted(ids, key=lambda name: hashlib.sha256((key + name).encode()).digest())[:SAMPLE]


def sampled(tree: Tree, folder: Path, score: str) -> list[str]:
    """Run some cases under the plugin; return where the published score says something else of them."""
    report = folder / "scores.json"
    chosen = sample(cases())
    layers = [word for layer in ("guard", "collection", "audit") for word in ("--layer", layer)]
    words: list[str | Path] = [*layers, "--misses", "--json", report]
    done = tree.script("benchmarks/corpus_score.py", *words, *chosen)
    if not report.exists():
        return [done.output]
    missed = set(re.findall(r"^missed  (\S+)  \((\w+)\)", score, re.MULTILINE))
    wanting = re.findall(r"^missed for want of a rule of (\w+): (.*)$", score, re.MULTILINE)
    unbuilt = {(layer, code) for layer, codes in wanting for code in re.findall(r"HRM\d{3}", codes)}
    alarms = set(re.findall(r"^alarm   (\S+)  ", score, re.MULTILINE))
    found = []
    for one in json.loads(report.read_text(encoding="utf-8"))["scores"]:
        expected = (one["case"], one["layer"]) not in missed and (one["layer"], one["code"]) not in unbuilt
        if one["caught"] != expected:
            found.append(
                f"{one['case']} ({one['layer']}): {'caught' if one['caught'] else 'missed'}, and published otherwise"
            )
        if bool(one["false_alarms"]) and one["case"] not in alarms:
            found.append(f"{one['case']}: {one['false_alarms']}, which is not published")
    return found


if __name__ == "__main__":
    made = Path(sys.argv[1])
    files, rules, tried = keep_suite(made), keep_rules(made), meta_docs.keep_pages(Path(sys.argv[2]))
    sys.stdout.write(f"kept for the meta-tests: {files} files that passed, {rules} rules measured, {tried} pages\n")
