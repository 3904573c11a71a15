"""What modules and classes of the project hold, and which changes of it are worth telling.

Filling in what was empty on purpose is what healthy suites do most: memo tables, lazy singletons, registries of
classes. Telling of that would bury what harms, so the rules below leave it out; HRM601's page says which they are.
"""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Any

from hermetic.guard._assigned import Assigned
from hermetic.guard._by_hand import gives, is_first_value
from hermetic.guard._contents import DEPTH, LARGEST, Contents, Held, Watched
from hermetic.guard._definitions import is_compiled
from hermetic.guard._filled import is_filled_once, is_made_up
from hermetic.guard._globals import PROJECT
from hermetic.guard._hooks import is_filled_by_hooks, is_kept_by_hooks
from hermetic.guard._own import is_left_to_breakers, is_told_of_object, last_attribute
from hermetic.guard._samples import in_one_form
from hermetic.guard._words import definer, is_in_tests, is_of_test, is_plain
from hermetic.guard._written import adds_to, writes_entry, written_by_test
from hermetic.guard.compare import is_among, is_registered_again, same, same_objects
from hermetic.guard.containers import CONTAINERS, ROWS, TABLES, Part, is_weak_copy
from hermetic.guard.describe import ABSENT
from hermetic.guard.probe import MOMENT, UNSEEN, Change, Probe, Table
from hermetic.guard.probes.breakers import breaker_classes
from hermetic.source.name_words import CACHED, COUNT, DONE, MEMO, speaks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hermetic.guard._globals import Difference
    from hermetic.guard._holders import Holder


class HeldProbe(Probe[Held]):
    """Compares what the modules, or the classes, of the project hold."""

    of_classes = False

    def __init__(self) -> None:
        self.kept = Contents(of_classes=self.of_classes)
        self.filled: set[str] = set()  # entries that were filled in once may change
        self.taken: dict[str, object] = {}  # entries that were taken out last, and may come back
        self.breakers: list[str] = []  # classes of which another rule reports how their objects are
        self.assigned = Assigned()

    def learn_options(self, options: Mapping[str, object]) -> None:
        """Learn how deep to look, and what is another rule's."""
        depth = options.get("hermetic_depth", DEPTH)
        self.kept.depth = depth if isinstance(depth, int) else DEPTH
        self.breakers = breaker_classes(options)

    def snapshot(self) -> Held:
        """Return what the names stand for, and what that holds."""
        return self.kept.snapshot(PROJECT.snapshot(), self.code)

    def tables(self) -> Iterator[Table]:
        """Yield what modules or classes hold, and the tables and objects behind their names."""
        yield from PROJECT.tables(of_classes=self.of_classes)
        for one in self.kept.watched:
            held = one.part.itself.__dict__ if one.part.attributes else one.part.itself
            for holder, name in one.holders if isinstance(held, dict) else ():
                yield Table(f"{holder.name}.{name}{one.suffix}", held, one.part.attributes)

    def changes(self, before: Held, after: Held) -> Iterator[Change]:
        """Compare what names stand for, then what containers hold."""
        for difference in PROJECT.differences(before.walk, after.walk, self.code):
            if are_containers(difference.before, difference.after):
                yield from self.replaced(difference, before)
            elif self.is_worth_telling(
                difference.holder, difference.name, difference.before, difference.after
            ) and not is_kept_by_hooks(difference.holder, difference.name, difference.before, difference.after):
                yield difference.change()
        if before.watched is after.watched:
            if same_objects(before.copies, after.copies):
                return
            pairs: Iterable[tuple[Watched, Any, Any]] = zip(after.watched, before.copies, after.copies, strict=True)
        else:
            pairs = self.common(before, after)
        # `==` of a project's may raise.
        changed = [pair for pair in pairs if pair[1] is not pair[2] and not same_objects([pair[1]], [pair[2]])]
        told: set[tuple[int, bool]] = set()
        for one, was, now in sorted(changed, key=lambda pair: len(pair[0].suffix)):
            if (key := (id(one.part.itself), one.part.attributes)) not in told:  # several names may lead to it
                told.add(key)
                yield from self.contents(one, was, now)

    @staticmethod
    def common(before: Held, after: Held) -> Iterator[tuple[Watched, Any, Any]]:
        """Yield what is in both lists and may have changed, with both copies."""
        old = dict(zip(map(id, before.watched), before.copies, strict=True))
        then = [old.get(id(one), UNSEEN) for one in after.watched]
        others = [*itertools.compress(itertools.count(), map(operator.is_not, then, after.copies))]
        anew = [number for number in others if then[number] is UNSEEN]  # under their names they may be known
        paths = {after.watched[number].part.path for number in anew}
        pairs = zip(before.watched, before.copies, strict=True)
        named = {one.part.path: (one.part, copy) for one, copy in pairs if paths and one.part.path in paths}
        for number in others:
            one, was, now = after.watched[number], then[number], after.copies[number]
            if was is UNSEEN:
                part, was = named.get(one.part.path, (None, None))
                if part is None or part.itself is not one.part.itself:
                    continue
                both, was, now = in_one_form(part, was, one.part, now)
                one = one._replace(part=both)
            yield one, was, now

    def replaced(self, difference: Difference, before: Held) -> Iterator[Change]:
        """Yield what a container holds that another one's name was given to; one that holds the same is no change."""
        pairs = zip(before.watched, before.copies, strict=True)
        known = [copy for one, copy in pairs if one.part.itself is difference.before and type(one.part) is Part]
        path = f"{difference.holder.name}.{difference.name}"
        was = known[0] if known else Part(path, difference.before).copied()
        one = Watched(Part(path, difference.before), [(difference.holder, difference.name)])
        undo = difference.change().undo
        for change in self.contents(one, was, Part(path, difference.after).copied()):
            yield change._replace(undo=undo)

    def contents(self, one: Watched, before: Any, after: Any) -> Iterator[Change]:
        """Yield what is worth telling of a container that was changed."""
        holder, name = definer(one.holders)
        part = one.part._replace(path=f"{holder.name}.{name}{one.suffix}")
        for change in part.changes(before, after):
            if (
                change.state in self.filled
                or is_compiled(change.before, change.after)
                or is_registered_again(change.before, change.after)
                or is_filled_by_hooks(holder, name)
            ):
                continue
            attribute = last_attribute(
                f"{one.suffix}.{change.state[len(part.path) + 1 :]}" if part.attributes else one.suffix
            )
            if attribute:
                if self.is_told_of_attribute(one, part, change, attribute):
                    yield change
            elif is_put_in(holder, name, part, change):
                yield change
            elif speaks_of(name, MEMO) or is_filled_once(holder, name, before, after):
                continue
            elif self.is_filling(name, holder, part, change):
                if self.is_back(change):
                    yield change._replace(quiet=True)
                else:
                    self.filled.add(change.state)
            else:
                self.remember(change)
                yield change

    def remember(self, change: Change) -> None:
        """Keep what was taken out and told of; of no more than some, since who takes out may do so for ever."""
        if change.after is ABSENT:
            self.taken[change.state] = change.before
            if len(self.taken) > LARGEST:
                del self.taken[next(iter(self.taken))]

    def is_back(self, change: Change) -> bool:
        """Tell whether an entry is there again as it was before it was taken out, maybe put there by the same code."""
        known = self.taken.pop(change.state, ABSENT) if change.before is ABSENT else ABSENT
        return known is not ABSENT and (same(known, change.after) or is_registered_again(known, change.after))

    def is_told_of_attribute(self, one: Watched, part: Part, change: Change, attribute: str) -> bool:
        """Tell whether what an object of the project has in an attribute is worth telling."""
        if self.breakers and is_left_to_breakers(self.breakers, self.kept.watched, one, change, attribute):
            return False
        name = definer(one.holders)[1]
        if one.suffix.startswith("[") and speaks_of(name, CACHED) and not is_set_by_test(attribute):
            return False  # what is kept to be used again is set up anew by whoever uses it
        return not speaks_of(attribute, MEMO) and is_told_of_object(part, change, attribute, MOMENT.item)

    def is_filling(self, name: str, holder: Holder, part: Part, change: Change) -> bool:
        """Tell whether a container got what it is there for: a registry or a memo table that grows.

        A list is neither. In a public table or set, what is new must be an object that holds nothing of the test, but
        for its key.
        """
        private = name.startswith("_")
        before: Any = change.before
        after: Any = change.after
        rows = private and type(before) is type(after) is list and type(part.itself) in ROWS
        if rows and len(before) == len(after) and all(is_among(one, after) for one in before):
            return True  # taken out and put back, at another place
        if change.before is not ABSENT:
            return private and is_of_test(change.before, holder) and is_of_test(change.after, holder)
        if type(part.itself) in ROWS or private:
            return private and type(part.itself) not in ROWS
        news: Any = change.after if type(part.itself) is set else [change.after]
        return not any(is_plain(new) or is_of_test(new, holder, but=change.state) for new in news)

    def is_worth_telling(self, holder: Holder, name: str, before: object, after: object) -> bool:
        """Tell whether a name that stands for something else is worth telling."""
        if same(before, after) or is_weak_copy(before, after):
            return False
        if speaks_of(name, MEMO):
            return self.is_by_hand(holder, name, after)
        if before is ABSENT and is_made_up(holder, name, after):
            return False
        if before is None or after is None or before is ABSENT or after is ABSENT:
            filled = before is None or before is ABSENT
            return is_of_test(after if filled else before, holder) or (filled and self.is_by_test(holder, name))
        if type(before) is str and not before and name.startswith("_"):
            return is_of_test(after, holder) or self.is_by_test(holder, name)
        if type(before) is bool and type(after) is bool:
            own = name.startswith("_") and speaks_of(name, DONE)
            return not own or self.is_by_hand(holder, name, after)
        if type(before) is int and type(after) is int:
            own = name.startswith("_") or speaks_of(name, COUNT)
            return not own or self.is_by_hand(holder, name, after)
        return True

    def is_by_hand(self, holder: Holder, name: str, value: object) -> bool:
        """Tell whether the code of the test gives a name of the code under test what it has by now.

        That is a stand-in of the test, or a value that is written out there, and that is not what the name begins with.
        """
        if value is None or not self.is_by_test(holder, name):
            return False
        written = gives(self.assigned.by_test(f"{holder.name}.{name}", MOMENT.item), value)
        return (written and not is_first_value(holder, name, value)) or is_of_test(value, holder)

    def is_by_test(self, holder: Holder, name: str) -> bool:
        """Tell whether a file of tests assigns a name of a module or class that is none itself."""
        self.assigned.keep_up()
        return not is_in_tests(holder) and self.assigned.is_by_test(f"{holder.name}.{name}", MOMENT.item)


def is_put_in(holder: Holder, name: str, part: Part, change: Change) -> bool:
    """Tell whether the code of the test itself writes an entry of a table, or puts something into a list or set."""
    kind = type(part.itself)
    if kind in TABLES:
        return change.before is ABSENT and writes_entry(MOMENT.item, name, change.state)
    return (kind in ROWS or kind is set) and not is_in_tests(holder) and adds_to(MOMENT.item, name)


def is_set_by_test(attribute: str) -> bool:
    """Tell whether the code of the test gives an attribute of that name a value."""
    return attribute in written_by_test(MOMENT.item).names


def are_containers(before: Any, after: Any) -> bool:
    """Tell whether two values are containers of one kind, small enough to be compared."""
    return type(before) is type(after) and type(before) in CONTAINERS and max(len(before), len(after)) <= LARGEST
