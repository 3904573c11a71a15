"""What Django keeps for the process: settings, local-memory caches, the language, time zone and URLs of the thread."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from hermetic.guard._parts import PartsProbe
from hermetic.guard.compare import same, same_objects
from hermetic.guard.containers import Part, deep_parts
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.guard._parts import Tables

KEPT = Described("kept")
SETTINGS, LOCAL_MEMORY = "django.conf", "django.core.cache.backends.locmem"


class Effective:
    """The settings that hold: the dictionaries of the holders, the innermost first, and what they say together."""

    def __init__(self, live: list[Any]) -> None:
        self.mirrors = [one.copy() for one in live]
        self.values: dict[str, Any] = {}
        for held in reversed(live):
            self.values.update({name: value for name, value in held.items() if name.isupper()})
            for name in held.get("_deleted", ()):
                self.values.pop(name, None)
        self.nested = [part for name, value in self.values.items() for part in deep_parts(value, name, 2)]
        self.copies = {part.path: part.copied() for part in self.nested}
        self.live = [part.itself for part in self.nested]
        self.inner = [part.mirrored() for part in self.nested]


class DjangoSettingsProbe(Probe["Effective | None"]):
    """`django.conf.settings`, with the lists and tables that it holds."""

    code = "HRM601"
    gates = (SETTINGS,)

    def __init__(self) -> None:
        self.last: Effective | None = None

    def snapshot(self) -> Effective | None:
        """Compare the dictionaries of the holders (about 4 us); None until there are settings."""
        module = sys.modules.get(SETTINGS)
        wrapped = getattr(module, "settings", None).__dict__.get("_wrapped") if module is not None else None
        live = chain_of(wrapped)
        if not live:
            return None
        last = self.last
        if last is None or not same_objects(live, last.mirrors) or not same_objects(last.live, last.inner):
            self.last = Effective(live)
        return self.last

    def changes(self, before: Effective | None, after: Effective | None) -> Iterator[Change]:
        """Compare setting by setting, and what the lists and tables among them hold."""
        if before is None or after is None:
            return
        for name in {**before.values, **after.values}:
            old, new = before.values.get(name, ABSENT), after.values.get(name, ABSENT)
            if old is not new and not same(old, new):
                yield Change(f"django.conf.settings.{name}", old, new, functools.partial(put_setting, name, old))
        known = {part.path: part for part in before.nested}
        for part in after.nested:
            if part.path in known and known[part.path].itself is part.itself:
                named = part._replace(path=f"django.conf.settings.{part.path}")
                yield from named.changes(before.copies[part.path], after.copies[part.path])


def chain_of(wrapped: Any) -> list[Any]:
    """Return the dictionaries of the holders of settings, the outermost override first; none while there is none."""
    found = []
    while wrapped is not None and type(wrapped) is not object and type(wrapped).__name__ != "module":
        held = wrapped.__dict__
        found.append(held)
        wrapped = held.get("default_settings")
    return found


def put_setting(name: str, value: object) -> None:
    """Set a setting as it was; Django hears of it as of any other assignment."""
    settings = sys.modules[SETTINGS].settings
    if value is ABSENT:
        delattr(settings, name)
    else:
        setattr(settings, name, value)


class DjangoCacheProbe(PartsProbe):
    """The keys of the caches in local memory, which all tests of a process share."""

    code = "HRM601"
    gate = LOCAL_MEMORY
    gates = (SETTINGS,)  # the first test that uses a cache imports its module

    def find(self) -> Iterator[Part]:
        """Yield each cache."""
        for name, cache in list(sys.modules[LOCAL_MEMORY]._caches.items()):  # noqa: SLF001 - kept nowhere else
            yield Part(f"the local-memory cache {name!r}", cache)

    def changes(self, before: Tables | None, after: Tables | None) -> Iterator[Change]:
        """Compare the keys of each cache; one that was not there was empty."""
        then = {} if before is None else {one.path: copy for one, copy in zip(*before, strict=True)}
        for part, now in zip(*after, strict=True) if after is not None else ():
            was = then.get(part.path, {})
            for key in was.keys() ^ now.keys():
                old, new = (KEPT if key in held else ABSENT for held in (was, now))
                yield Change(
                    f"{part.path}[{key!r}]", old, new, functools.partial(part.put_back, key, was.get(key, ABSENT))
                )


THREAD = {
    "the active language": ("django.utils.translation.trans_real", "_active"),
    "the active time zone": ("django.utils.timezone", "_active"),
    "the URL configuration of the thread": ("django.urls.base", "_urlconfs"),
    "the URL prefix of the thread": ("django.urls.base", "_prefixes"),
}
Active = tuple[Any, ...]


class DjangoThreadProbe(Probe["Active | None"]):
    """What Django has activated in the thread: language, time zone, URL configuration."""

    code = "HRM601"
    gates = (SETTINGS,)

    def __init__(self) -> None:
        self.last: Active = ()

    def snapshot(self) -> Active | None:
        """Read what is active (about 1 us)."""
        if SETTINGS not in sys.modules:
            return None
        found = tuple([value_of(local(*where)) for where in THREAD.values()])
        if not same_objects(list(found), list(self.last)):
            self.last = found
        return self.last

    def changes(self, before: Active | None, after: Active | None) -> Iterator[Change]:
        """Compare one by one."""
        if not before or not after:
            return
        for (state, where), old, new in zip(THREAD.items(), before, after, strict=True):
            if old is not new and not same(shown(old), shown(new)):
                yield Change(state, shown(old), shown(new), functools.partial(activate, where, old))


def local(module: str, name: str) -> Any:
    """Return an object of Django that holds a value for each thread, None while it is not there."""
    return getattr(sys.modules.get(module), name, None)


def value_of(holder: Any) -> Any:
    """Return the value for this thread."""
    return getattr(holder, "value", ABSENT)


def activate(where: tuple[str, str], value: object) -> None:
    """Set the value for this thread as it was."""
    holder = local(*where)
    if value is ABSENT:
        del holder.value
    else:
        holder.value = value


def shown(value: Any) -> object:
    """Return a translation as its language; that of the settings is active where none is."""
    if not callable(getattr(value, "language", None)):
        return value
    language = value.language()
    return ABSENT if language == sys.modules[SETTINGS].settings.LANGUAGE_CODE else Described(language)
