"""What FastAPI resolves for a request: the dependencies of the route, and what overrides them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard.describe import Described
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    import pytest

SOLVER = "fastapi.routing.solve_dependencies"


class Fault(NamedTuple):
    """Something that was wrong with a request: of what, how it should be, and how it is."""

    state: str
    wanted: str
    found: str


class RequestsProbe(Probe[int]):
    """Learns of the requests that reach an application whose dependencies are overridden.

    What is not proven by the request itself counts only when the test fails.
    """

    setters = (SOLVER,)
    gates = ("fastapi",)

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.suspects: list[Fault] = []
        self.failed = 0

    def test_begins(self, item: pytest.Item) -> None:
        """Learn how many tests have failed so far."""
        self.failed = item.session.testsfailed
        self.suspects.clear()

    def test_ends(self, item: pytest.Item) -> None:
        """Learn whether the test failed."""
        if item.session.testsfailed > self.failed:
            self.faults += self.suspects

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Look at a request whose application has overrides."""
        overrides = getattr(kwargs.get("dependency_overrides_provider"), "dependency_overrides", None)
        if isinstance(overrides, dict) and overrides and isinstance(kwargs, dict):
            self.requested(kwargs, overrides)
        return None

    def requested(self, given: dict[str, Any], overrides: dict[Any, Any]) -> None:
        """Look at what a request is given."""
        raise NotImplementedError

    def asleep(self) -> int:
        """Return how much was known before there was an application."""
        return len(self.faults)

    def snapshot(self) -> int:
        """Return how much is known."""
        return len(self.faults)

    def changes(self, before: int, after: int) -> Iterator[Change]:
        """Yield what came to be known."""
        for fault in dict.fromkeys(self.faults[before:after]):
            yield Change(fault.state, Described(fault.wanted), Described(fault.found))


def name_of(function: object) -> str:
    """Return the name of a dependency."""
    return str(getattr(function, "__qualname__", type(function).__qualname__))
