"""Score hermetic on the corpus: caught, missed and false alarms, per family and layer.

Usage: python benchmarks/corpus_score.py [--layer lint|guard|collection|audit ...] [--json FILE] [--misses] [ID ...]

A violation is caught by a layer when each of its marked lines carries a finding with its code from that layer. A false
alarm is a finding of a recommended rule, or of the case's own rule, in a correct twin; or one with the case's code on
another line of the violation. A case is scored for the layers that it names. With several layers, the row `any` counts
each violation of the corpus once: caught when one of them catches it. A code without a rule yet, a case whose needs are
not installed, and in that row a case for another layer, count as missed. The layers guard and collection run each
violation once, and each correct twin forwards and reversed, under the plugin in `error` mode. The layer audit runs the
cases whose rule claims it, which takes half a minute for each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import corpus_guard
from corpus_cases import Case, read_corpus
from hermetic import config
from hermetic.catalogue import registry
from hermetic.lint import discovery, selection
from hermetic.lint.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PLUGIN = ("guard", "collection")
ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:  # run by path
    sys.path.insert(0, ROOT)
LAYERS = ("lint", *PLUGIN, "audit")
OWN = ("HRM001", "HRM905")  # findings of the engine itself


class Score(NamedTuple):
    """What one layer did with one case."""

    case: Case
    layer: str
    caught: bool
    false_alarms: tuple[str, ...]


def lint(files: dict[str, str], code: str) -> set[tuple[str, int, str]]:
    """Return `(path, line, code)` of every finding of a recommended rule or of the rule `code`."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        folder = Path(name).resolve()
        (folder / "pyproject.toml").touch()
        for path, source in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source, encoding="utf-8")
        settings = config.load(str(folder))
        entries = registry.indexed()
        known = code in {entry.code for entry in entries} or code == selection.SUPPRESSION_UNUSED
        settings.select = ("recommended", code) if known else ("recommended",)
        engine = Engine(settings, selection.choose(entries, settings))
        found = engine.check(discovery.discover([str(folder)], settings))
        return {(Path(item.path).resolve().relative_to(folder).as_posix(), item.line, item.code) for item in found}


def score(case: Case) -> list[Score]:
    """Return what the linter did with a case; empty when the case does not name it."""
    if "lint" not in case.layers:
        return []
    bad, good = lint(case.bad, case.code), lint(case.good, case.code)
    return [judged(case, "lint", {(path, line) for path, line, code in bad if code == case.code}, sorted(good))]


def judged(case: Case, layer: str, lines: set[tuple[str, int]], good: Iterable[tuple[str, int, str]]) -> Score:
    """Return a score from the lines with the case's code in the violation, and all findings in the twin."""
    alarms = [f"good twin: {path}:{line} {code}" for path, line, code in good]
    alarms += [f"bad twin: {path}:{line} {case.code}" for path, line in sorted(lines - case.expected)]
    return Score(case, layer, case.expected <= lines, tuple(alarms))


def score_run(driver: corpus_guard.Driver, case: Case, layers: Sequence[str]) -> list[Score]:
    """Return what the plugin did with a case, for those of `layers` that the case names."""
    wanted = [layer for layer in layers if layer in case.layers]
    if not wanted:
        return []
    if not all(map(corpus_guard.installed, case.needs)):
        return [Score(case, layer, caught=False, false_alarms=()) for layer in wanted]
    bad = corpus_guard.findings(driver, case, case.bad)
    good = {
        found for order in ("forward", "reverse") for found in corpus_guard.findings(driver, case, case.good, order)
    }
    scores = []
    for layer in wanted:
        lines = {(path, line) for path, line, code, told in bad if (code, told) == (case.code, layer)}
        alarms = sorted((path, line, code) for path, line, code, told in good if told == layer)
        scores.append(judged(case, layer, lines, alarms))
    return scores


def score_audit(case: Case) -> list[Score]:
    """Return what the audit did with a case; one whose rule does not claim it is not run, and missed."""
    if "audit" not in case.layers:
        return []
    claims = next((entry.load().claims for entry in registry.indexed() if entry.code == case.code), ())
    if "audit" not in claims:
        return [Score(case, "audit", caught=False, false_alarms=())]
    from tests.utils.auditing import audited  # noqa: PLC0415 - the other layers need nothing of the tests

    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        bad, good = (set(audited(Path(name, twin), getattr(case, twin))) for twin in ("bad", "good"))
    return [judged(case, "audit", {(path, line) for path, line, code in bad if code == case.code}, sorted(good))]


def scored(cases: list[Case], layers: Sequence[str]) -> list[Score]:
    """Return the scores of all cases for some layers."""
    scores = [item for case in cases for item in score(case)] if "lint" in layers else []
    scores += [item for case in cases for item in score_audit(case)] if "audit" in layers else []
    running = [layer for layer in layers if layer in PLUGIN]
    if running:
        with corpus_guard.driver() as driver:
            for case in cases:
                scores += score_run(driver, case, running)
    return scores


def table(scores: list[Score], total: int) -> list[str]:
    """Return the rows: family, layer, violations, caught, missed, false alarms; `total` is the number of cases."""
    groups: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for item in scores:
        groups[item.case.id.partition("/")[0], item.layer].append(item)
    width = max([6, *(len(item.layer) for item in scores)])
    rows = [f"family  {'layer':{width}} violations  caught  missed  false alarms"]
    for (family, layer), items in sorted(groups.items()):
        caught = sum(item.caught for item in items)
        alarms = sum(bool(item.false_alarms) for item in items)
        rows.append(f"{family:7} {layer:{width}} {len(items):10} {caught:7} {len(items) - caught:7} {alarms:13}")
    caught = sum(item.caught for item in scores)
    alarms = sum(bool(item.false_alarms) for item in scores)
    rows.append(f"{'all':7} {'':{width}} {len(scores):10} {caught:7} {len(scores) - caught:7} {alarms:13}")
    if len({item.layer for item in scores}) > 1:
        caught = len({item.case.id for item in scores if item.caught})
        alarms = len({item.case.id for item in scores if item.false_alarms})
        rows.append(f"{'any':7} {'':{width}} {total:10} {caught:7} {total - caught:7} {alarms:13}")
    return rows


def misses(scores: list[Score]) -> Iterator[str]:
    """Yield every miss and false alarm; the misses for which the layer has no rule yet are counted by code."""
    later: dict[str, Counter[str]] = defaultdict(Counter)
    entries = {entry.code: entry for entry in registry.indexed()}
    for item in scores:
        code = item.case.code
        claims = entries[code].load().claims if code in entries else ("lint",) if code in OWN else ()
        if not item.caught and item.layer not in claims:
            later[item.layer][code] += 1
        elif not item.caught:
            yield f"missed  {item.case.id}  ({item.layer})  {item.case.title}"
        yield from (f"alarm   {item.case.id}  {alarm}" for alarm in item.false_alarms)
    for layer, codes in later.items():
        counts = ", ".join(f"{code} {count}" for code, count in codes.items())
        yield f"missed for want of a rule of {layer}: {counts}"


def main(arguments: list[str]) -> int:
    """Print the score; return 0, or 2 when there is no corpus."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores to a file as well")
    parser.add_argument("--misses", action="store_true", help="list the misses and the false alarms")
    parser.add_argument("--layer", action="append", choices=LAYERS, help="a layer to score; without one, lint")
    parser.add_argument("prefixes", nargs="*", metavar="ID-PREFIX", help="only cases whose id starts so")
    options = parser.parse_args(arguments)
    cases = [case for case in read_corpus() if not options.prefixes or case.id.startswith(tuple(options.prefixes))]
    if not cases:
        print("no corpus", file=sys.stderr)
        return 2
    scores = scored(cases, options.layer or ["lint"])
    print("\n".join(table(scores, len(cases))))
    print(f"{len(cases)} violations and {len(cases)} correct twins")
    if options.misses:
        print("\n".join(misses(scores)))
    if options.json:
        records = [
            {
                "case": item.case.id,
                "code": item.case.code,
                "layer": item.layer,
                "caught": item.caught,
                "false_alarms": item.false_alarms,
            }
            for item in scores
        ]
        document = {"version": 1, "tool": "hermetic", "scores": records}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
