"""Groups of tests that xdist does not keep together."""

from __future__ import annotations

import copy
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.finding import Finding
from hermetic.guard import options, sources
from hermetic.guard.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARK = "xdist_group"
FEW = 2  # a group of one, and one worker, keep everything together
DIST = "hermetic_dist"  # the controller's `--dist`, sent along with the input of each worker
LOADGROUP = "run pytest with --dist loadgroup"
OTHER_PAIR = (
    "install a pytest and a pytest-xdist that keep groups together, such as pytest 9.1.1 with pytest-xdist 3.8.0"
)
EARLIER = "add the mark in a hook that runs before xdist's: @pytest.hookimpl(tryfirst=True)"


class GroupInert(Check):
    """Compares, in each worker, what marks ask for with the units in which xdist hands out what was collected."""

    code = "HRM901"

    def collected(self, session: pytest.Session) -> Iterable[Finding]:
        """Yield the groups whose tests are not one unit."""
        config = session.config
        given = getattr(config, "workerinput", None)
        if given is None or given.get("workercount", FEW) < FEW:
            return
        dist = given.get(DIST) or ("loadgroup" if config.getoption("loadgroup", None) else "load")
        if dist == "each" or has_own_scheduler(config):
            return
        for name, items in groups(session.items).items():
            if len({unit(item.nodeid, dist) for item in items}) > 1:
                yield self.finding(config, name, items, dist)

    def finding(self, config: pytest.Config, name: str, items: list[pytest.Item], dist: str) -> Finding:
        """Return the finding about a group, at the mark of its first test that is on its own."""
        first = next((item for item in items if not item.nodeid.endswith(f"@{name}")), items[0])
        if dist != "loadgroup":
            why, repair = f"--dist {dist} ignores groups", LOADGROUP
        elif keeps_groups(config, first):
            why, repair = "the mark was added after xdist had looked for it", EARLIER
        else:
            pair = f"pytest {pytest.__version__} with pytest-xdist {metadata.version('pytest-xdist')}"
            why, repair = f"{pair} ignores groups, even under --dist loadgroup", OTHER_PAIR
        message = f"the {len(items)} tests of xdist_group {name!r} can run on several workers at once: {why}"
        line = sources.line_of_mark(first, MARK)
        state = f"xdist_group {name!r}"
        return Finding(
            self.code, "group-inert", message, str(first.path), line, test=first.nodeid, repair=repair, state=state
        )


def groups(items: Iterable[pytest.Item]) -> dict[str, list[pytest.Item]]:
    """Return the tests of each group, named as xdist names it; those that may break the rule are left out."""
    found: dict[str, list[pytest.Item]] = {}
    for item in items:
        names = {name_of(mark) for mark in item.iter_markers(MARK)}
        if names and GroupInert.code not in options.allowed(item):
            found.setdefault("_".join(sorted(names)), []).append(item)
    return {name: members for name, members in found.items() if len(members) >= FEW}


def name_of(mark: pytest.Mark) -> str:
    """Return the name that a mark gives, as xdist reads it."""
    return str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))


def unit(nodeid: str, dist: str) -> str:
    """Return the name of the unit that xdist hands to one worker as a whole, of which a test is a part."""
    if dist == "loadfile":
        return nodeid.partition("::")[0]
    if dist == "loadscope":
        return nodeid.rpartition("::")[0]
    grouped = dist == "loadgroup" and nodeid.rfind("@") > nodeid.rfind("]")
    return nodeid.rpartition("@")[2] if grouped else nodeid


def has_own_scheduler(config: pytest.Config) -> bool:
    """Tell whether the project distributes in a way of its own (a worker has no scheduler of xdist)."""
    hook = getattr(config.hook, "pytest_xdist_make_scheduler", None)
    return bool(hook is not None and hook.get_hookimpls())


def keeps_groups(config: pytest.Config, item: pytest.Item) -> bool:
    """Tell whether xdist's hook, given a copy of a test with the mark, puts it into the group."""
    twin = copy.copy(item)
    for plugin in hooks_of_xdist(config):
        plugin.pytest_collection_modifyitems(config, [twin])
    return twin.nodeid != item.nodeid


def hooks_of_xdist(config: pytest.Config) -> Iterator[Any]:
    """Yield xdist's own plugin of a worker, whose module is no file that was imported."""
    for plugin in config.pluginmanager.get_plugins():
        if type(plugin).__name__ == "WorkerInteractor":
            yield plugin
