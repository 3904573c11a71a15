"""What builtin containers and objects hold, copied and compared one level deep."""

from __future__ import annotations

import dis
import functools
import itertools
import operator
import types
import weakref
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard.compare import is_among, same, told_of
from hermetic.guard.describe import ABSENT, short
from hermetic.guard.probe import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TABLES = frozenset({dict, OrderedDict, defaultdict, Counter})
ROWS = frozenset({list, deque, bytearray})
CONTAINERS = TABLES | ROWS | {set}
LARGEST = 10_000  # items of a container that is copied; a copy of so many takes about 30 us
WEAK = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
PLAIN_METHODS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, staticmethod, classmethod, type)
MOST = 40  # containers within one value


class Part(NamedTuple):
    """A container, or the attributes of an object, within a value; `path` is how it is written."""

    path: str
    itself: Any
    attributes: bool = False

    def copied(self) -> Any:
        """Return a copy, one level deep."""
        value = self.itself
        if self.attributes:
            return attributes(value)
        return dict(value) if isinstance(value, dict) else set(value) if type(value) is set else list(value)

    @property
    def live(self) -> Any:
        """Return what is compared with a mirror: the container, or the dictionary behind the attributes."""
        return self.itself.__dict__ if self.attributes else self.itself

    def path_to(self, key: object) -> str:
        """Return how what is held under a key is written."""
        if self.attributes:
            return f"{self.path}.{key}"
        return f"{self.path}[{key if isinstance(key, int) else short(key)}]"

    def mirrored(self) -> Any:
        """Return a copy of a container that is equal to it; a list is not equal to a deque."""
        live = self.live
        return dict(live) if isinstance(live, dict) else live.copy()

    def mirror_of(self, copy: Any) -> Any:
        """Return the same where a copy was made just now: that one, if it is equal to the container."""
        kind: Any = type(self.itself)
        serves = not slots_of(kind) if self.attributes else isinstance(copy, (kind, dict))
        return copy if serves else self.mirrored()

    def changes(self, before: Any, after: Any) -> Iterator[Change]:
        """Yield what differs between two copies."""
        if same(before, after):
            return
        if not isinstance(before, dict):
            kept = [one for one in before if not is_gone(one) or is_among(one, after)]
            if len(kept) == len(before) or not same(type(before)(kept), after):
                yield self.whole(before, after)
            return
        for key in written_keys(before, after):
            old, new = before.get(key, ABSENT), after.get(key, ABSENT)
            if not same(old, new) and not (new is ABSENT and (is_gone(key) or is_gone(old))):
                state = f"{self.path}.{key}" if self.attributes else f"{self.path}[{short(key)}]"
                yield Change(state, old, new, functools.partial(self.put_back, key, old))

    def whole(self, before: Any, after: Any) -> Change:
        """Return the change of a list or set."""
        old, new = told_of(before, after)
        return Change(self.path, old, new, functools.partial(self.refill, before), whole=(before, after))

    def refill(self, items: Any) -> None:
        """Give a list or set its old items."""
        self.itself.clear()
        (self.itself.update if isinstance(self.itself, set) else self.itself.extend)(items)

    def put_back(self, key: Any, value: object) -> None:
        """Give one entry its old value."""
        if self.attributes:
            if value is ABSENT:
                delattr(self.itself, key)
            else:
                setattr(self.itself, key, value)
        elif value is ABSENT:
            self.itself.pop(key, None)
        else:
            self.itself[key] = value


def is_gone(value: object) -> bool:
    """Tell whether a value is a weak reference to what is no longer there: its entry goes with that."""
    return isinstance(value, weakref.ref) and weakref.ref.__call__(value) is None


def is_weak_copy(before: Any, after: Any) -> bool:
    """Tell whether a weak collection stands for another one that holds all of it, or is all in it, as a copy is.

    What one of them has more is what came since, or before the copy was made, and goes by itself.
    """
    if type(before) is not type(after) or not isinstance(after, WEAK) or not len(before) or not len(after):
        return False
    old, new = ({**one} if isinstance(one, Mapping) else {each: each for each in one} for one in (before, after))
    return is_within(old, new) or is_within(new, old)


def is_within(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Tell whether all entries of a table are in another one."""
    return all(same(other.get(key, ABSENT), value) for key, value in one.items())


def written_keys(before: dict[Any, Any], after: dict[Any, Any]) -> list[Any]:
    """Return the keys under which there is another object by now, the new ones last (about 50 ns an entry)."""
    now = map(after.get, before, itertools.repeat(ABSENT))
    others = itertools.compress(before, map(operator.is_not, before.values(), now))
    return [*others, *itertools.filterfalse(before.__contains__, after)]


def is_container(value: Any) -> bool:
    """Tell whether a value is a builtin container that can change, and is not too large to be copied each time."""
    return type(value) in CONTAINERS and len(value) <= LARGEST


def attributes(value: object) -> dict[str, Any]:
    """Return the attributes of an object itself."""
    found = dict(attribute(value, "__dict__", {}))
    kind: Any = type(value)
    for name in slots_of(kind):
        held = attribute(value, name, ABSENT)
        if held is not ABSENT:
            found[name] = held
    return found


def attribute(value: object, name: str, default: Any) -> Any:
    """Return an attribute as Python finds it by itself: a `__getattr__` of the project may do anything."""
    try:
        return object.__getattribute__(value, name)
    except Exception:  # noqa: BLE001 - it has none, or a property that raises
        return default


@functools.lru_cache(maxsize=500)
def slots_of(kind: Any) -> tuple[str, ...]:
    """Return the names of the slots of a class."""
    names = [
        name
        for each in kind.__mro__
        for name, held in vars(each).items()
        if isinstance(held, types.MemberDescriptorType) and type(held.__objclass__) is type
    ]
    return tuple(names)


def parts_of(value: object, path: str, *, public: bool = False, steps: int = 0) -> list[Part]:
    """Return a container or object, and the containers that it holds; `public` leaves out private attributes of it.

    `steps` is how much deeper containers within those are looked for.
    """
    if type(value) in CONTAINERS or isinstance(value, tuple):
        first = [Part(path, value)] if is_container(value) else []
        pairs = within(value, path) if first or isinstance(value, tuple) else []
    else:
        first = [Part(path, value, attributes=True)]
        held = attributes(value)
        pairs = [(f"{path}.{name}", one) for name, one in held.items() if not (public and name.startswith("_"))]
    return [*first, *(part for name, one in pairs for part in deep_parts(one, name, steps))][:MOST]


def within(value: Any, path: str) -> list[tuple[str, object]]:
    """Return what a container holds, each with how it is written."""
    if type(value) in TABLES:
        return [(f"{path}[{short(key)}]", one) for key, one in value.items() if type(one) in CONTAINERS]
    if isinstance(value, (list, tuple)):
        return [(f"{path}[{number}]", one) for number, one in enumerate(value) if type(one) in CONTAINERS]
    return []


def deep_parts(value: object, path: str, steps: int, objects: Callable[[object], bool] | None = None) -> Iterator[Part]:
    """Yield a container, and those that it holds `steps` deep; `objects` says which objects are gone into."""
    part = part_of(value, path, objects)
    if part is None:
        return
    yield part
    if steps:
        for key, one in itertools.islice(entries(part.live), LARGEST):
            # To write a key takes longer than to see that it leads nowhere.
            if type(one) in CONTAINERS or (objects is not None and objects(one)):
                yield from deep_parts(one, part.path_to(key), steps - 1, objects)


def entries(held: Any) -> Iterable[tuple[Any, Any]]:
    """Return the entries of a dictionary or list as it is now, paired as they are asked for: mostly that is a few."""
    if isinstance(held, dict):
        return zip([*held], [*held.values()], strict=False)  # another thread may write in between
    return enumerate([*held]) if isinstance(held, list) else ()


def part_of(value: object, path: str, objects: Callable[[object], bool] | None) -> Part | None:
    """Return what is to be compared of a value, None where it is neither a container nor one of those objects."""
    if is_container(value):
        return Part(path, value)
    return Part(path, value, attributes=True) if objects is not None and objects(value) else None


@functools.lru_cache(maxsize=500)
def stored_outside_init(kind: type) -> frozenset[str]:
    """Return the attributes that methods of a class other than `__init__` set, and those that it computes once."""
    found = set()
    for each in kind.__mro__[:-1]:
        for name, held in vars(each).items():
            if is_computed_once(held):
                found.add(name)
            function = held.fget if isinstance(held, property) else held
            code = function.__code__ if isinstance(function, types.FunctionType) else None
            if code is not None and name not in ("__init__", "__post_init__"):
                found |= {str(step.argval) for step in dis.get_instructions(code) if step.opname == "STORE_ATTR"}
    return frozenset(found)


def is_computed_once(held: object) -> bool:
    """Tell whether what a class holds gives way to what it keeps in the object, as `functools.cached_property` does."""
    kind = type(held)
    hidden = hasattr(kind, "__get__") and not hasattr(kind, "__set__")
    return isinstance(held, functools.cached_property) or (hidden and not isinstance(held, PLAIN_METHODS))
