"""HRM902, HRM903 and HRM904: what is wrong with a repository's enforcement, from what its layers did."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from hermetic.catalogue import registry
from hermetic.catalogue.rule import VERIFY
from hermetic.finding import Finding
from hermetic.verify import ci, hooks, plugin_layer, texts
from hermetic.verify.plant import BAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermetic.verify.ci import Ci, Suite
    from hermetic.verify.hooks import Hook, Hooks, Ran
    from hermetic.verify.matrix import Outcome
    from hermetic.verify.plant import Planted
    from hermetic.verify.plugin_layer import Setup

GUARD_OFF, HOOK_DEAD, CI_BLIND = "HRM902", "HRM903", "HRM904"
PYTEST_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
UNLOADED = r"no:hermetic|set_blocked\(.hermetic"
NOWHERE = "no file of the repository says it"
META = "tests/meta"
PYTEST = r"\bpytest\b|py\.test"


class Problem(NamedTuple):
    """What is wrong and where: a path relative to the repository, "" and 0 where no line can be named."""

    code: str
    message: str
    path: str
    line: int
    repair: str


class Seen(NamedTuple):
    """All that was seen of a repository. `selected` are the codes that its configuration selects."""

    root: str
    project: str  # relative to the root, "." for the root itself
    plants: list[Planted]
    selected: frozenset[str]
    setup: Setup
    hooks: Hooks
    ci: Ci
    guard: dict[str, Outcome]
    tests: str


def problems(seen: Seen) -> list[Problem]:
    """Return everything that is wrong, sorted by code and place."""
    found = [*guard_off(seen), *hook_dead(seen), *ci_blind(seen)]
    return sorted(dict.fromkeys(found), key=lambda one: (one.code, one.path, one.line, one.message))


def as_finding(problem: Problem, shown: str) -> Finding:
    """Return a problem as a finding; `shown` is its path as the directory of the call has it."""
    name = next(entry.name for entry in registry.indexed() if entry.code == problem.code)
    return Finding(
        problem.code,
        name,
        problem.message,
        shown,
        problem.line,
        layer=VERIFY,
        repair=problem.repair,
        line_reason="" if problem.line else NOWHERE,
    )


def configuration(seen: Seen) -> list[str]:
    """Return the files that may configure the guard, relative to the repository."""
    below = "" if seen.project == "." else f"{seen.project}/"
    return [f"{below}{name}" for name in (*PYTEST_FILES, "conftest.py", f"{seen.tests}/conftest.py")]


def guard_off(seen: Seen) -> Iterator[Problem]:
    """Yield what keeps the plugin from stopping a run: where the suite is configured, and in CI."""
    yield from in_ci(seen)
    setup = seen.setup
    if setup.why:
        return
    files = configuration(seen)
    if not setup.loaded:
        path, line = texts.place_of(seen.root, files, UNLOADED)
        say = "pytest runs without the plugin of hermetic, so no test is guarded"
        yield Problem(GUARD_OFF, say, path or files[4], line, "remove `-p no:hermetic`")
        return
    if setup.mode == plugin_layer.OFF:
        path, line = texts.place_of(seen.root, files, r"^\s*hermetic\s*=\s*[\"']?off|--hermetic[= ]off")
        yield Problem(GUARD_OFF, "the guard is off", path or files[4], line, 'set `hermetic = "error"` for pytest')
        return
    if setup.mode == "warn" and not any(run.mode == plugin_layer.ERROR for run in hard(seen)):
        path, line = texts.place_of(seen.root, files, r"^\s*hermetic\s*=\s*[\"']?warn|--hermetic[= ]warn")
        say = "the guard only warns, and CI does not run it with --hermetic=error: a leak stops nobody"
        yield Problem(GUARD_OFF, say, path or files[4], line, 'set `hermetic = "error"` for pytest')
        return
    yield from levels_off(seen, files)


def levels_off(seen: Seen, files: list[str]) -> Iterator[Problem]:
    """Yield where the mode is right, and the levels of all rules that the guard claims say otherwise."""
    setup = seen.setup
    claimed = {one.code for one in seen.plants if set(one.claims) & set(plugin_layer.LAYERS)} & seen.selected
    if setup.mode != plugin_layer.ERROR or not claimed:
        return
    if all(setup.level(code) != plugin_layer.ERROR for code in claimed):
        path, line = texts.place_of(seen.root, files, r"^\s*levels\s*=|tool\.hermetic\.guard\.levels")
        say = "no rule of the guard counts as an error, whatever the mode"
        yield Problem(GUARD_OFF, say, path or files[4], line, "remove the levels, or set them to error")
    elif not setup.bites and not any(outcome.codes for outcome in seen.guard.values()):
        say = "the guard is on and lets every planted leak pass"
        yield Problem(GUARD_OFF, say, files[4], 0, "run pytest on a leaking test, and read what it says")


def in_ci(seen: Seen) -> Iterator[Problem]:
    """Yield what turns the guard off or down in CI alone."""
    for path in seen.ci.files:
        number = texts.line_of(texts.read(seen.root, path), r"PYTEST_ADDOPTS.*(no:hermetic|--hermetic[= ](off|warn))")
        if number:
            yield Problem(GUARD_OFF, "CI turns the guard off", path, number, "remove the option from PYTEST_ADDOPTS")
        number = texts.line_of(texts.read(seen.root, path), r"PYTEST_DISABLE_PLUGIN_AUTOLOAD\W+\w")
        if number:
            say = "CI loads no plugin of pytest by itself, that of hermetic included"
            yield Problem(GUARD_OFF, say, path, number, "load it with `-p hermetic.plugin`, or remove the variable")
    for run in ci.suites(seen.ci, seen.root):
        at = (run.command.path, run.command.line)
        if run.unloads:
            yield Problem(GUARD_OFF, "CI runs pytest without the plugin of hermetic", *at, "remove `-p no:hermetic`")
        elif run.mode in {"off", "warn"}:
            say = "CI turns the guard off" if run.mode == "off" else "CI lets the guard only warn"
            yield Problem(GUARD_OFF, say, *at, "run pytest with --hermetic=error")


def hard(seen: Seen) -> list[Suite]:
    """Return the runs of pytest in CI whose failure counts."""
    return [run for run in ci.suites(seen.ci, seen.root) if not run.command.soft]


def hook_dead(seen: Seen) -> Iterator[Problem]:
    """Yield hooks that are missing or that stop nothing."""
    config, found = hooks.CONFIG, seen.hooks
    commented = list(commented_out(found))
    for name, line in commented:
        yield Problem(HOOK_DEAD, f"the hook {name} is commented out", config, line, "put the hook back")
    absent = found.why in {hooks.NO_CONFIG, hooks.NO_HOOK}
    if absent and not commented:
        line = texts.line_of(found.text, r"^repos:")
        yield Problem(HOOK_DEAD, f"{found.why}: nothing looks at a commit", config, line, "add the hook `hermetic`")
    dead = False
    for hook in found.hooks:
        why = dead_why(seen, hook, found.ran.get(hook.number))
        if why:
            dead = True
            yield Problem(HOOK_DEAD, f"the hook {hook.id} {why[0]}", config, hook.line, why[1])
    if found.hooks and not dead and not found.why:
        yield from unhooked(seen)


def commented_out(found: Hooks) -> Iterator[tuple[str, int]]:
    """Yield (id, line) of hooks that only a comment names."""
    live = {hook.id for hook in found.hooks}
    for name in hooks.IDS:
        line = texts.line_of(found.text, rf"^\s*#.*\bid:\s*['\"]?{re.escape(name)}['\"]?(\s|$)", comments=True)
        if line and name not in live:
            yield name, line


def dead_why(seen: Seen, hook: Hook, ran: Ran | None) -> tuple[str, str] | None:
    """Return why a hook stops nothing, and the repair; None where it stops something, or that is not known."""
    if hook.why:
        return None
    if hook.is_manual:
        return "runs only when somebody calls it (stages: manual)", "remove the stages"
    mine = concerned(seen, hook)
    if seen.hooks.why or ran is None or not mine:
        return None
    if ran.status == hooks.SKIPPED:
        return "is given none of the test files: its files, types or exclude match nothing", "let it match the tests"
    if ran.status == hooks.PASSED:
        if hooks.CANNOT_FAIL.search(hook.entry):
            return f"cannot fail: its entry is `{hook.entry}`", f"let the entry be `hermetic hook {hook.id}`"
        return "passes whatever it is given", "see that `exclude` in [tool.hermetic] leaves the tests in"
    if not any(one.code in ran.codes.get(one.folder, ()) for one in mine) and not hooks.cannot_run(ran):
        return "fails without naming what is wrong", f"let the entry be `hermetic hook {hook.id}`"
    return None


def concerned(seen: Seen, hook: Hook) -> list[Planted]:
    """Return the plants that a hook has to stop."""
    prefixes = hook.selectors()
    return [
        one
        for one in seen.plants
        if one.kind == BAD
        and "lint" in one.claims
        and (one.code.startswith(prefixes) if prefixes else one.code in seen.selected)
    ]


def unhooked(seen: Seen) -> Iterator[Problem]:
    """Yield the selected rules of the linter of which no hook stops an example."""
    stopped: set[str] = set()
    for ran in seen.hooks.ran.values():
        stopped.update(code for codes in ran.codes.values() for code in codes)
    unknown = any(hook.why or hooks.cannot_run(seen.hooks.ran.get(hook.number)) for hook in seen.hooks.hooks)
    wanted = {one.code for one in seen.plants if one.kind == BAD and "lint" in one.claims} & seen.selected
    missing = sorted(wanted - stopped)
    if missing and not unknown:
        line = texts.line_of(seen.hooks.text, r"^repos:")
        say = f"no hook stops {', '.join(missing)}, which the configuration selects"
        yield Problem(HOOK_DEAD, say, hooks.CONFIG, line, "add the hook `hermetic`")


def ci_blind(seen: Seen) -> Iterator[Problem]:
    """Yield what CI does not run, or whose failure it ignores."""
    if seen.ci.problems:
        return  # what cannot be read is told apart from what is not there
    if not seen.ci.files:
        say = f"there is no CI configuration that can be read ({ci.WORKFLOWS}, {ci.GITLAB}, {ci.SCRIPTS})"
        yield Problem(CI_BLIND, say, ci.WORKFLOWS, 0, "run the hooks on all files, and the suite in parallel, in CI")
        return
    on_all = ci.hook_runs(seen.ci, tuple(hook.id for hook in seen.hooks.hooks))
    if not by_service(seen):
        one, repair = "the hooks on all files", "run `pre-commit run --all-files`"
        yield from wanted(seen, on_all, one, repair, "pre-commit|hermetic")
    full = [run for run in ci.suites(seen.ci, seen.root) if ci.covers(run, seen.tests)]
    parallel = [run for run in full if run.workers != "0" and (run.workers or seen.setup.workers)]
    one, repair = "the suite in parallel", "run pytest with `-n 2` or more"
    yield from wanted(seen, [run.command for run in parallel], one, repair, PYTEST)
    if os.path.isdir(os.path.join(seen.root, META)):
        meta = [run.command for run in ci.suites(seen.ci, seen.root) if ci.covers(run, META) or META in run.paths]
        yield from wanted(seen, meta, "the meta-tests", f"run `pytest {META}`", PYTEST)


def by_service(seen: Seen) -> bool:
    """Tell whether pre-commit.ci, which runs all hooks on all files, is configured."""
    return bool(texts.line_of(seen.hooks.text, r"^ci:"))


def wanted(seen: Seen, runs: Iterable[ci.Command], what: str, repair: str, nearly: str) -> Iterator[Problem]:
    """Yield a problem where none of the commands fails the build; it is placed at the nearest thing to it."""
    runs = list(runs)
    if any(not run.soft for run in runs):
        return
    if runs:
        first = runs[0]
        yield Problem(CI_BLIND, f"CI runs {what} and ignores the failure", first.path, first.line, "let the step fail")
        return
    close = [one for one in seen.ci.commands if re.search(nearly, one.text) and not ci.NO_RUN.search(one.text)]
    path, line = (close[0].path, close[0].line) if close else (seen.ci.files[0], 0)
    yield Problem(CI_BLIND, f"CI does not run {what}", path, line, repair)
