"""Score the guard on the polluters: state named, line found, code right, per kind of state.

Usage: python benchmarks/polluter_score.py [--json FILE] [--misses] [ID-PREFIX ...]

Each case runs once under the plugin in `error` mode, with the line tracer. The state is named when all words of the
case occur in the `state` of one finding; the line is found when that finding's line is at most three away, in the same
file. A case whose needs are not installed counts as missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import corpus_guard
from polluter_cases import Polluter, read_polluters

NEAR = 3  # lines


class Score(NamedTuple):
    """What the guard said of one case; `others` are its findings of something else."""

    case: Polluter
    named: bool = False
    near: bool = False
    coded: bool = False
    others: tuple[str, ...] = ()
    absent: str = ""


def score(driver: corpus_guard.Driver, case: Polluter) -> Score:
    """Run one case and judge what was found."""
    absent = ", ".join(name for name in case.needs if not corpus_guard.installed(name))
    if absent:
        return Score(case, absent=absent)
    twin = corpus_guard.Twin(case.files, case.needs)
    run = driver.run(twin, "forward", "--hermetic-trace=auto", guard="error")
    if "INTERNALERROR" in run.output or "is not guarded from here on" in run.output:
        raise SystemExit(f"{case.id}: the plugin failed:\n{run.output}")
    naming = [found for found in run.findings if names(found, case)]
    best = max(naming, key=lambda found: (is_near(found, case), found["code"] == case.code), default=None)
    others = tuple(shown(found) for found in run.findings if found is not best)
    if best is None:
        return Score(case, others=others)
    return Score(case, named=True, near=is_near(best, case), coded=best["code"] == case.code, others=others)


def names(found: dict[str, Any], case: Polluter) -> bool:
    """Tell whether a finding names the state of a case."""
    state = str(found.get("state", "")).lower()
    return all(word.lower() in state for word in case.state)


def is_near(found: dict[str, Any], case: Polluter) -> bool:
    """Tell whether the line of a finding is close enough."""
    return found["path"] == case.path and found["line"] is not None and abs(found["line"] - case.line) <= NEAR


def shown(found: dict[str, Any]) -> str:
    """Return a finding on one line."""
    return f"{found['path']}:{found['line']} {found['code']} {found.get('state', '')}"


def table(scores: list[Score]) -> list[str]:
    """Return a row for each kind, and one for all."""
    kinds = sorted({item.case.kind for item in scores})
    width = max([4, *map(len, kinds)])
    rows = [f"{'kind':{width}}  cases  state named  line within {NEAR}  code"]
    for kind in [*kinds, ""]:
        items = [item for item in scores if kind in {"", item.case.kind}]
        counts = [sum(getattr(item, name) for item in items) for name in ("named", "near", "coded")]
        name = kind or "all"
        rows.append(f"{name:{width}}  {len(items):5}  {counts[0]:11}  {counts[1]:13}  {counts[2]:4}")
    shares = [100 * sum(getattr(item, name) for item in scores) / len(scores) for name in ("named", "near", "coded")]
    rows.append(f"{'percent':{width}}  {'':5}  {shares[0]:11.1f}  {shares[1]:13.1f}  {shares[2]:4.0f}")
    return rows


def misses(scores: list[Score]) -> list[str]:
    """Return what was missed, each with what was found instead."""
    rows = []
    for item in scores:
        if item.named and item.near and item.coded and not item.others:
            continue
        wrong = [
            word for word, right in (("state", item.named), ("line", item.near), ("code", item.coded)) if not right
        ]
        what = f"not installed: {item.absent}" if item.absent else f"missed: {', '.join(wrong) or 'nothing'}"
        rows += [f"{item.case.id}  {what}", *(f"    found {other}" for other in item.others)]
    return rows


def main(arguments: list[str]) -> int:
    """Print the table; return 0, or 2 when no case is chosen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores to a file as well")
    parser.add_argument("--misses", action="store_true", help="list what was missed, and what else was found")
    parser.add_argument("prefixes", nargs="*", metavar="ID-PREFIX", help="only cases whose id starts so")
    options = parser.parse_args(arguments)
    chosen = tuple(options.prefixes) or ("",)
    cases = [case for case in read_polluters() if case.id.startswith(chosen)]
    if not cases:
        print("no case", file=sys.stderr)
        return 2
    with corpus_guard.driver() as driver:
        scores = [score(driver, case) for case in cases]
    print("\n".join(table(scores)))
    if options.misses:
        print("\n".join(misses(scores)))
    if options.json:
        records = [
            {"case": item.case.id, "named": item.named, "near": item.near, "coded": item.coded, "others": item.others}
            for item in scores
        ]
        document = {"version": 1, "tool": "hermetic", "scores": records}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
