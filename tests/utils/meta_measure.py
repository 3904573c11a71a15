"""Measure the rules: what each layer does with each example. `python -m tests.utils.meta_measure CODE ...` in a tree.

Prints one JSON document a line, for each rule: what is wrong with what its examples state, and the matrix: for each bad
example and layer whether it is claimed, whether it was caught under this rule's code and on the marked lines, which
other codes stand on these lines, and how many milliseconds the layer took.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.catalogue.registry import indexed, walked
from hermetic.catalogue.rule import AUDIT, COLLECTION, GUARD, LINT, RECOMMENDED, VERIFY, Rule
from tests.utils.auditing import audited
from tests.utils.lint import lint_files
from tests.utils.proof import Driver, absent, bad_problems, good_problems
from tests.utils.verifying import found, proof_of, repository

if TYPE_CHECKING:
    from hermetic.catalogue.rule import Example

PLUGIN = (GUARD, COLLECTION)
ORDERS = ("forward", "reverse")


class Subject(NamedTuple):
    """A bad example of the rule: its number, the layers that claim it, and its marked lines."""

    number: int
    claims: set[str]
    marks: set[tuple[str, int]]


class Measurement:
    """One rule, measured."""

    def __init__(self, rule: type[Rule], driver: Driver, folder: Path) -> None:
        self.rule, self.driver, self.folder = rule, driver, folder
        self.cells: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.lints = [each.code for each in map(type, (entry.load() for entry in indexed())) if self.applies(each)]

    def applies(self, other: type[Rule]) -> bool:
        """Tell whether another rule must leave this one's good examples alone."""
        return bool({RECOMMENDED, *self.rule.presets} & set(other.presets))

    def measured(self) -> dict[str, Any]:
        """Run everything; returns the document."""
        rule = self.rule
        for number, example in enumerate(rule.bad):
            if missing := absent(example):
                self.problems.append(f"bad {number} needs {missing}")
                continue
            self.bad(number, example)
        for number, example in enumerate(rule.good):
            if missing := absent(example):
                self.problems.append(f"good {number} needs {missing}")
                continue
            self.problems += [f"good {number} ({example.title}): {text}" for text in self.good(number, example)]
        titles = [example.title for example in rule.bad]
        counts = {"bad": len(rule.bad), "good": len(rule.good)}
        return {
            "code": rule.code,
            "name": rule.name,
            "titles": titles,
            "cells": self.cells,
            "problems": self.problems,
            **counts,
        }

    def bad(self, number: int, example: Example) -> None:
        """Measure a bad example: its harm, and each layer."""
        rule = self.rule
        subject = Subject(number, set(example.claims or rule.claims), example.marks(rule.code))
        if not subject.marks:
            self.problems.append(f"bad {number} marks no line")
        started = time.perf_counter()
        linted = lint_files(example.files, self.folder / f"bad{number}")
        self.cell(subject, LINT, [(item.path, item.line, item.code) for item in linted], started)
        if VERIFY in subject.claims:
            started = time.perf_counter()
            proof = proof_of(repository(self.folder / f"repository{number}", example.files))
            places = [(path, line, rule.code) for path, line in found(proof, rule.code)]
            self.cell(subject, VERIFY, places, started)
            return
        self.problems += [f"bad {number} ({example.title}): {text}" for text in bad_problems(self.driver, example)]
        if AUDIT in subject.claims:
            started = time.perf_counter()
            self.cell(subject, AUDIT, audited(self.folder / f"audited{number}", example.files), started)
        trace = "auto" if rule.check is Rule.check or LINT not in subject.claims else "off"
        started = time.perf_counter()
        run = self.driver.run(example, guard="error", trace=trace)
        for layer in PLUGIN:
            places = [(item["path"], item["line"], item["code"]) for item in run.findings if item["layer"] == layer]
            self.cell(subject, layer, places, started)
        if "INTERNALERROR" in run.output or "is not guarded from here on" in run.output:
            self.problems.append(f"bad {number}: the plugin broke:\n{run.output}")

    def cell(self, subject: Subject, layer: str, places: list[tuple[str, Any, str]], started: float) -> None:
        """Note what a layer did with a bad example; anything but all of its lines, or nothing, is wrong."""
        number, claims, marks = subject
        seen = {(path, line) for path, line, code in places if code == self.rule.code}
        caught, claimed = bool(seen), layer in claims
        self.cells.append(
            {
                "number": number,
                "layer": layer,
                "claimed": claimed,
                "caught": caught,
                "others": sorted({code for path, line, code in places if (path, line) in marks} - {self.rule.code}),
                "ms": round((time.perf_counter() - started) * 1000),
            }
        )
        if claimed and seen != marks:
            self.problems.append(f"bad {number}: {layer} claims {sorted(marks)} and finds {sorted(seen, key=str)}")
        if caught and not claimed:
            self.problems.append(f"bad {number}: {layer} catches it and does not claim to")

    def good(self, number: int, example: Example) -> list[str]:
        """Return what a layer finds in a good example, and where it fails by itself."""
        linted = lint_files(example.files, self.folder / f"good{number}")
        wrong = [f"lint finds {item.code} at {item.path}:{item.line}" for item in linted if item.code in self.lints]
        if VERIFY in self.rule.claims:
            proof = proof_of(repository(self.folder / f"correct{number}", example.files))
            wrong += [f"verify finds {item.code} at {item.path}:{item.line}" for item in proof.findings]
            return wrong + [f"verify sees a false alarm: {alarm}" for alarm in proof.alarms]
        wrong += good_problems(self.driver, example)
        if AUDIT in self.rule.claims:
            places = audited(self.folder / f"healthy{number}", example.files)
            wrong += [f"the audit finds {code} at {path}:{line}" for path, line, code in places]
        for order in ORDERS:
            run = self.driver.run(example, order, guard="error")
            if run.findings or run.exit:
                wrong.append(f"the plugin reports it, {order}: {run.findings or run.output}")
        return wrong


def main(codes: list[str]) -> None:
    """Measure these rules."""
    rules = {rule.code: rule for rule in walked()}
    with Driver() as driver, tempfile.TemporaryDirectory(prefix="hermetic-measure-") as folder:
        for code in codes:
            document = Measurement(rules[code], driver, Path(folder, code)).measured()
            sys.stdout.write(json.dumps(document) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
