"""Ports that are written out in the code that binds them."""

from __future__ import annotations

import socket
import sys
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard import _literals as literals
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.places import USER, Place, getframe, responsible, whose
from hermetic.guard.probe import MOMENT, Change, Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType, FrameType


FAMILIES = (socket.AF_INET, socket.AF_INET6)
HIGHEST = 65535
BOUND = Described("bound")
OFFSET = "get_worker_port_offset"
getsockname = socket.SocketType.getsockname  # the method of C, which is never wrapped
LEASES = "hermetic.workers.ports"


class Bound(NamedTuple):
    """A port that was bound, by whom, and whether it is written out in code that was running."""

    port: int
    place: Place | None
    literal: bool


class FixedPortProbe(Probe[int]):
    """Binding a port whose number stands in the project's code, whether or not something else has it now.

    A number that the operating system gave (bind to port 0, then ask for the name), that hermetic leased, or that is
    computed is none. Neither are Unix sockets.
    """

    code = "HRM501"
    events = ("socket.bind",)
    setters = ("socket.socket.getsockname",)
    by_events = True

    def __init__(self) -> None:
        self.bound: list[Bound] = []
        self.fixed: set[int] = set()
        self.given: set[int] = set()  # by the operating system

    def snapshot(self) -> int:
        """Return how many times a port was bound."""
        self.stirred = not self.hearing
        return len(self.bound)

    def changes(self, before: int, after: int) -> Iterator[Change]:
        """Return the binds since the last boundary of ports that are written out."""
        if before == after:
            return
        for one in self.bound[before:after]:
            codes = list(self.codes())
            if any(OFFSET in code.co_names for code in codes):
                continue  # the slot of the worker is added, whose offset may be 0
            if one.literal or self.from_fixture(codes, one.port):
                apart = one.place is None or not one.literal  # it was handed on to the code that binds it
                found = literals.line_in(codes, one.port) if apart else None
                place = Place(*found) if found is not None else one.place
                text = f"binds the fixed port {one.port}: two workers, or two runs on one machine, cannot both have it"
                yield Change(f"port {one.port}", ABSENT, BOUND, text=text, note=place)

    def from_fixture(self, codes: list[CodeType], port: int) -> bool:
        """Tell whether a fixture of the test, or its class, has a port written out."""
        cls = getattr(MOMENT.item, "cls", None)
        return any(literals.in_code(code, port) for code in codes) or any(
            literals.in_names(vars(one), port) for one in getattr(cls, "__mro__", ())[:-1]
        )

    def codes(self) -> Iterator[CodeType]:
        """Yield the code of the test, and of the fixtures that it uses, where the project defines it."""
        functions = [getattr(MOMENT.item, "function", None)]
        info = getattr(MOMENT.item, "_fixtureinfo", None)
        for definitions in getattr(info, "name2fixturedefs", {}).values():
            functions += [definition.func for definition in definitions]
        for function in functions:
            code = getattr(function, "__code__", None)
            if code is not None and whose(code.co_filename) == USER:
                yield code

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        """Keep the port, unless it is the system's, a lease's, or that of a plugin."""
        bound, address = args[0], args[1]
        if not isinstance(address, tuple) or bound.family not in FAMILIES:
            return
        port = address[1]
        if type(port) is not int or not 0 < port <= HIGHEST or port in self.given or is_leased(port):
            return
        frame = getframe(3)
        place = responsible(frame)
        if place is None or place.importing or literals.by_machine(frame):
            return
        if place.origin != USER:
            if current_thread() is main_thread():
                return  # a plugin of others
            place = None
        running = list(literals.users_frames(frame))
        if running and "range" in running[0].f_code.co_names:
            return  # it tries one port after another
        self.fixed.add(port)
        self.bound.append(Bound(port, place, any(is_written_out(found, port) for found in running)))
        self.stirred = True

    def called(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, object]) -> None:
        """Keep a port that somebody asks a socket for and that nobody has chosen."""
        try:
            address = getsockname(args[0])
        except OSError:
            return
        if isinstance(address, tuple) and address[1] not in self.fixed:
            self.given.add(address[1])


def is_written_out(frame: FrameType, port: int) -> bool:
    """Tell whether a function of the project that is running, or its module, has a port written out."""
    return literals.in_code(frame.f_code, port) or literals.in_module(frame.f_globals, port)


def is_leased(port: int) -> bool:
    """Tell whether hermetic has leased a port to this process."""
    module = sys.modules.get(LEASES)
    blocks = getattr(module, "_blocks", {})
    return any(port in block for block in list(blocks.values()))
