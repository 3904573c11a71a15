"""Whether dictionaries were written to, by the number that CPython gives each of them anew with every write.

To compare what the modules and classes of a project hold is to touch thousands of objects; to compare these numbers is
to read one for each dictionary. The number is a field of the structure behind a dictionary (PEP 509), which Python does
not show, so it is read through `ctypes`: only read, and only of a dictionary that is held here. CPython 3.14 has no
such number any more, and a build without the global lock lays its objects out in another way. So before it is relied
on, all ways to write are tried; where one is not told of, the values themselves are compared.
"""

from __future__ import annotations

import array
import functools
import itertools
import operator
import sys
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Space = dict[str, Any]

LAST = (3, 13)  # the newest version with the number
VIEWED = (3, 13)  # from here on a view of what ctypes gives is read in a third of the time
BEFORE = 3  # fields of eight bytes before it: how often the object is referred to, its type, how much it holds
WRITES: tuple[Callable[[Space], object], ...] = (
    lambda space: space.__setitem__("one", 1),
    lambda space: space.__setitem__("one", 2),
    lambda space: space.setdefault("two", 1),
    lambda space: space.update(one=3),
    lambda space: space.__ior__({"one": 4}),
    lambda space: space.pop("one"),
    lambda space: space.__delitem__("two"),
    lambda space: exec("one = 1", space),  # noqa: S102 - as an import writes
    lambda space: space.popitem(),
    lambda space: space.clear(),
)


OFTEN = 100  # assignments until the interpreter has made its own short cut for a line


class Number(Protocol):
    """What reads the number of a dictionary, as a buffer of eight bytes; it holds the dictionary."""

    def __buffer__(self, flags: int, /) -> memoryview:
        """Return the number as it is now."""


@functools.cache
def cells() -> Any:
    """Return the class of `Number`: one object for each dictionary, since each full garbage collection visits all.

    Raises `ImportError` where Python was built without `ctypes`.
    """
    import ctypes

    class Cell(ctypes.c_uint64):
        """A place in memory, and a dictionary."""

        __slots__ = ("space",)

    return Cell


def number_of(space: Space) -> Number:
    """Return what reads the number of a dictionary (about 0.2 us to make)."""
    cell = cells().from_address(id(space) + BEFORE * 8)
    cell.space = space  # what is gone has no number
    return memoryview(cell) if sys.version_info >= VIEWED else cell


class Stamps:
    """The numbers of some dictionaries."""

    def __init__(self, numbers: Iterable[Number] = ()) -> None:
        self.numbers = [*numbers]
        self.usual: set[int] = set()  # the places of those that were written to before

    def read(self) -> bytes:
        """Return the numbers now, about 10 ns each; they differ from earlier ones where something was written."""
        return b"".join(self.numbers)

    def written(self, before: bytes, now: bytes) -> list[int]:
        """Return the places of the dictionaries that were written to.

        Tests mostly write to the same few: once those are made alike, it is seen at once whether there are others.
        """
        was, present = array.array("Q", before), array.array("Q", now)
        places = [place for place in self.usual if was[place] != present[place]]
        for place in places:
            was[place] = present[place]
        if was != present:
            others = itertools.compress(itertools.count(), map(operator.ne, was, present))
            places = sorted([*places, *others])
            self.usual |= {*places}
        return places


class Tried:
    """An object to try."""

    def __init__(self) -> None:
        self.value = 0


def assign(one: Tried, value: int) -> None:
    """Set an attribute, by a line that the interpreter makes a short cut for."""
    one.value = value


@functools.cache
def are_told() -> bool:
    """Tell whether every write gives a dictionary another number here, and nothing else does."""
    own = sys.implementation.name == "cpython" and sys.version_info[:2] <= LAST and sys.maxsize == 2**63 - 1
    if not own or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    tried: Space = {}
    return tells(tried, [functools.partial(write, tried) for write in WRITES])


@functools.cache
def are_told_of_objects() -> bool:
    """Tell whether so does every write to an attribute of an object with its dictionary: up to CPython 3.12."""
    if not are_told():
        return False
    one = Tried()
    writes: list[Callable[[], object]] = [functools.partial(assign, one, number) for number in range(1, OFTEN)]
    writes += [functools.partial(setattr, one, "other", 1), functools.partial(delattr, one, "other")]
    return tells(vars(one), writes)


def tells(space: Space, writes: Iterable[Callable[[], object]]) -> bool:
    """Tell whether the number of a dictionary is another one after each write, and the same between them."""
    try:
        stamps = Stamps([number_of(space)])
    except (ImportError, ValueError):  # Python can be built without ctypes
        return False
    for write in writes:
        before = stamps.read()
        if before != stamps.read():
            return False
        write()
        if before == stamps.read():
            return False
    return True
