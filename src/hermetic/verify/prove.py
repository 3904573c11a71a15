"""The whole proof: copy, plant, run each layer, compare."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from hermetic import config
from hermetic.catalogue import registry
from hermetic.catalogue.rule import LINT
from hermetic.lint import selection
from hermetic.lint.own import with_own
from hermetic.verify import ci, findings, hooks, lint_layer, plant, plugin_layer
from hermetic.verify.matrix import Cell, Outcome, cells
from hermetic.verify.plant import BAD, GOOD
from hermetic.verify.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hermetic.config import Settings
    from hermetic.finding import Finding
    from hermetic.verify.plant import Planted

CANARY = "HRM101"  # the leak that a guard in working order always sees
MANY = 12  # so many correct twins that are flagged are tried again, each alone
ONLY_CI = "only CI turns the guard on; measure it with `hermetic verify -- --hermetic=error`"
NOT_SELECTED = "the configuration does not select the rule"


class Wanted(NamedTuple):
    """What is asked for: codes of the rules to plant (all without any), every example or the first of each kind."""

    codes: tuple[str, ...] = ()
    all_examples: bool = False
    arguments: tuple[str, ...] = ()


class Proof(NamedTuple):
    """What came out. `alarms` are correct twins that a layer flags, `notes` what the reader has to know."""

    findings: list[Finding]
    cells: list[Cell]
    alarms: list[str]
    notes: list[str]


def prove(
    folder: str, wanted: Wanted, tell: Callable[[str], None], change: Callable[[Scratch], None] | None = None
) -> Proof:
    """Return what each layer of the repository around `folder` does with planted violations.

    `tell` is called with what is going on, `change` with the copy before anything is measured in it. Raises
    `CannotRunError` where nothing can be run.
    """
    project = config.find_root(folder)
    entries = registry.all_entries()
    tell("copying the repository")
    with Scratch(project) as scratch:
        if change is not None:
            change(scratch)
        settings = config.load(scratch.project, cached=False)
        chosen = selection.choose(entries, settings)
        return Prover(scratch, settings, chosen.codes, wanted, tell).proof(folder)


class Prover:
    """One proof in the making."""

    def __init__(
        self,
        scratch: Scratch,
        settings: Settings,
        selected: frozenset[str],
        wanted: Wanted,
        tell: Callable[[str], None],
    ) -> None:
        self.scratch = scratch
        self.selected = selected
        self.wanted = wanted
        self.tell = tell
        self.tests = plant.test_folder(scratch.project)
        entries = with_own(registry.all_entries())
        codes = selection.codes_of(entries, wanted.codes) if wanted.codes else {entry.code for entry in entries}
        rules = [entry.load() for entry in entries if entry.code in codes]
        every = plant.planted(rules, settings, self.tests)
        self.plants = every if wanted.all_examples else representative(every)
        self.bad = [one for one in self.plants if one.kind == BAD]
        self.notes: list[str] = []

    def proof(self, folder: str) -> Proof:
        """Run the layers one after the other, and compare."""
        plants, scratch = self.plants, self.scratch
        read = [one for one in plants if plant.of_lint(one)]
        self.tell(f"hooks: {len(read)} examples in one commit")
        hooked = hooks.measure(scratch, hooks.read(scratch), read)
        plant.clear(scratch, plants)
        plant.put(scratch, read)
        self.tell("linter")
        linted = lint_layer.measure(scratch, read)
        plant.clear(scratch, plants)
        setup, guarded = self.guard()
        found = ci.read(scratch.path)
        self.notes += [f"not measured: {problem}" for problem in found.problems]
        below = os.path.relpath(scratch.project, scratch.path)
        seen = findings.Seen(scratch.path, below, plants, self.selected, setup, hooked, found, guarded, self.tests)
        stopped = hooks.outcomes(hooked, read)
        failing = plugin_layer.stopping(guarded, setup, plants)
        matrix = [
            *cells("lint", self.bad, self.known(linted), (LINT,)),
            *cells("hook", self.bad, self.known(stopped), (LINT,)),
            *(
                cell
                for layer in plugin_layer.LAYERS
                for cell in cells(layer, self.of(layer), self.known(failing), (layer,))
            ),
            *cells("ci", self.bad, self.known(self.by_ci(seen, stopped, linted)), (LINT, *plugin_layer.LAYERS)),
        ]
        alarms = [*self.alarms("the linter", linted, lint_layer.measure), *self.guard_alarms(guarded)]
        alarms += hook_alarms(stopped, linted, plants)
        shown = [self.shown(problem, folder) for problem in findings.problems(seen)]
        return Proof(shown, sorted(matrix), alarms, self.notes)

    def guard(self) -> tuple[plugin_layer.Setup, dict[str, Outcome]]:
        """Return how the plugin is set up, and what it reports of the plants that it claims and of correct twins."""
        guarded = [one for one in self.plants if one.kind == GOOD or set(one.claims) & set(plugin_layer.LAYERS)]
        plant.put(self.scratch, guarded)
        self.tell("plugin: how pytest is configured")
        suited = [one for one in guarded if one.kind == BAD and "guard" in one.claims and not one.configures]
        canary = next((one for one in suited if one.code == CANARY), suited[0] if suited else None)
        setup = plugin_layer.set_up(self.scratch, canary, self.wanted.arguments)
        self.tell(f"plugin: {len(guarded)} examples, each in a process of its own")
        outcomes = plugin_layer.measure(self.scratch, guarded, self.wanted.arguments, setup)
        plant.clear(self.scratch, guarded)
        return setup, outcomes

    def of(self, layer: str) -> list[Planted]:
        """Return the bad plants that one layer of the plugin is measured on."""
        return [one for one in self.bad if layer in one.claims]

    def known(self, outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
        """Return outcomes where a rule that is not selected and not caught counts as not measured."""
        found = {}
        for one in self.bad:
            mine = outcomes.get(one.folder, Outcome(reason="the layer does not claim it"))
            left_out = one.code not in self.selected and one.code not in mine.codes and not mine.reason
            found[one.folder] = mine._replace(reason=NOT_SELECTED) if left_out else mine
        return found

    def by_ci(self, seen: findings.Seen, stopped: dict[str, Outcome], linted: dict[str, Outcome]) -> dict[str, Outcome]:
        """Return what CI would stop: what it runs on all files or on the whole suite, and whose failure counts."""
        if not seen.ci.files or seen.ci.problems:
            return {one.folder: Outcome(reason="there is no CI configuration that can be read") for one in self.bad}
        ids = tuple(hook.id for hook in seen.hooks.hooks)
        sources = [
            linted if ci.CHECK.search(command.text) else stopped
            for command in ci.hook_runs(seen.ci, ids)
            if not command.soft
        ]
        if findings.by_service(seen):
            sources.append(stopped)
        sources += [self.suite_in_ci(seen, run) for run in findings.hard(seen) if ci.covers(run, self.tests)]
        return {
            one.folder: joined([source[one.folder] for source in sources if one.folder in source]) for one in self.bad
        }

    def suite_in_ci(self, seen: findings.Seen, run: ci.Suite) -> dict[str, Outcome]:
        """Return what a run of pytest in CI would stop, with the mode that it is given there."""
        if run.unloads or run.mode in {plugin_layer.OFF, "warn"}:
            return {}
        if run.mode != plugin_layer.ERROR:
            return plugin_layer.stopping(seen.guard, seen.setup, self.plants)
        if seen.setup.mode == plugin_layer.OFF:
            return {one.folder: Outcome(reason=ONLY_CI) for one in self.bad}
        return seen.guard

    def alarms(
        self, layer: str, outcomes: dict[str, Outcome], again: Callable[[Scratch, list[Planted]], dict[str, Outcome]]
    ) -> list[str]:
        """Return the correct twins that a layer flags, also when each is alone: neighbours can make them wrong."""
        flagged = [one for one in self.plants if one.kind == GOOD and one.code in outcomes[one.folder].codes]
        found = []
        for one in flagged[:MANY]:
            plant.put(self.scratch, [one])
            alone = again(self.scratch, [one])
            plant.clear(self.scratch, [one])
            if one.code in alone[one.folder].codes:
                found.append(f"false alarm: {layer} flags the correct example {one.code} {one.name}")
        return found

    def guard_alarms(self, outcomes: dict[str, Outcome]) -> list[str]:
        """Return the correct twins that the plugin flags: each was alone already."""
        return [
            f"false alarm: the plugin flags the correct example {one.code} {one.name}"
            for one in self.plants
            if one.kind == GOOD and one.code in outcomes[one.folder].codes
        ]

    def shown(self, problem: findings.Problem, folder: str) -> Finding:
        """Return a problem as a finding, its path relative to the directory of the call."""
        original = os.path.join(self.scratch.original, problem.path)
        return findings.as_finding(problem, os.path.relpath(original, os.path.realpath(folder)))


def representative(plants: Iterable[Planted]) -> list[Planted]:
    """Return of each rule the first bad example for each set of layers, and the first correct one."""
    found: dict[tuple[str, str, tuple[str, ...]], Planted] = {}
    for one in plants:
        found.setdefault((one.code, one.kind, one.claims), one)
    return list(found.values())


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return what several layers stop together; what one of them stops does not depend on the others."""
    codes = frozenset(code for outcome in outcomes for code in outcome.codes)
    reasons = [outcome.reason for outcome in outcomes if outcome.reason]
    every = bool(outcomes) and len(reasons) == len(outcomes)
    return Outcome(codes, reasons[0] if every else "", 0.0)


def hook_alarms(stopped: dict[str, Outcome], linted: dict[str, Outcome], plants: Iterable[Planted]) -> list[str]:
    """Return the correct twins that only a hook flags; what the linter flags as well is told there."""
    return [
        f"false alarm: a hook flags the correct example {one.code} {one.name}"
        for one in plants
        if one.kind == GOOD and one.code in stopped[one.folder].codes - linted[one.folder].codes
    ]
