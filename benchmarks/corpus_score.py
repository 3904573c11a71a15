"""Score hermetic on the corpus: caught, missed and false alarms, per family and layer.

Usage: python benchmarks/corpus_score.py [--json FILE] [--misses]

A violation is caught by lint when each of its marked lines carries a finding with its code. A false alarm is a finding
of a recommended rule, or of the case's own rule, in a correct twin; or one with the case's code on another line of the
violation. A layer that does not exist yet is not scored; a code without a rule yet counts as missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from corpus_cases import Case, read_corpus
from hermetic import config
from hermetic.catalogue import registry
from hermetic.lint import discovery, selection
from hermetic.lint.engine import Engine

LAYERS = ("lint",)


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
    """Return the score of a case for each layer that it names and that exists."""
    scores = []
    if "lint" in case.layers or any(layer in LAYERS for layer in case.layers):
        bad, good = lint(case.bad, case.code), lint(case.good, case.code)
        lines = {(path, line) for path, line, code in bad if code == case.code}
        alarms = [f"good twin: {path}:{line} {code}" for path, line, code in sorted(good)]
        alarms += [f"bad twin: {path}:{line} {case.code}" for path, line in sorted(lines - case.expected)]
        scores.append(Score(case, "lint", case.expected <= lines, tuple(alarms)))
    return scores


def table(scores: list[Score]) -> list[str]:
    """Return the rows of the table: family, layer, violations, caught, missed, false alarms."""
    groups: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for item in scores:
        groups[item.case.id.partition("/")[0], item.layer].append(item)
    rows = ["family  layer  violations  caught  missed  false alarms"]
    for (family, layer), items in sorted(groups.items()):
        caught = sum(item.caught for item in items)
        alarms = sum(bool(item.false_alarms) for item in items)
        rows.append(f"{family:7} {layer:6} {len(items):10} {caught:7} {len(items) - caught:7} {alarms:13}")
    caught = sum(item.caught for item in scores)
    alarms = sum(bool(item.false_alarms) for item in scores)
    rows.append(f"{'all':7} {'':6} {len(scores):10} {caught:7} {len(scores) - caught:7} {alarms:13}")
    return rows


def main(arguments: list[str]) -> int:
    """Print the score; return 0, or 2 when there is no corpus."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores to a file as well")
    parser.add_argument("--misses", action="store_true", help="list every miss and every false alarm")
    options = parser.parse_args(arguments)
    cases = read_corpus()
    if not cases:
        print("no corpus", file=sys.stderr)
        return 2
    scores = [item for case in cases for item in score(case)]
    print("\n".join(table(scores)))
    print(f"{len(cases)} violations and {len(cases)} correct twins")
    if options.misses:
        for item in scores:
            if not item.caught:
                print(f"missed  {item.case.id}  ({item.layer})  {item.case.title}")
            for alarm in item.false_alarms:
                print(f"alarm   {item.case.id}  {alarm}")
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
