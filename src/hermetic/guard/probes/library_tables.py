"""Tables and settings that the standard library, and PyYAML, keep for all who use them."""

from __future__ import annotations

import codecs
import decimal
import functools
import operator
import sys
import warnings
from typing import TYPE_CHECKING, Any

from hermetic.guard._definitions import CLASS_STATE, MODULE_STATE, REPLACED
from hermetic.guard._holders import held_by
from hermetic.guard._parts import PartsProbe, RegistersProbe, Tables
from hermetic.guard._shown import callable_name, is_of_library
from hermetic.guard.compare import same_objects
from hermetic.guard.containers import Part
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

TABLES = {  # by module: what it keeps for all
    "sqlite3.dbapi2": ("adapters", "converters"),
    "mimetypes": ("types_map", "suffix_map", "encodings_map", "common_types"),
    "copyreg": ("dispatch_table",),
    "xml.etree.ElementTree": ("_namespace_map",),
}
SHOWN = {"sqlite3.dbapi2": "sqlite3"}
REGISTRARS = {  # what writes them, for the line
    "sqlite3.register_adapter": "sqlite3.adapters",
    "sqlite3.register_converter": "sqlite3.converters",
    "mimetypes.add_type": "mimetypes",
    "copyreg.pickle": "copyreg.dispatch_table",
    "xml.etree.ElementTree.register_namespace": "xml.etree.ElementTree._namespace_map",
}
LOADERS = ("SafeLoader", "FullLoader", "Loader", "UnsafeLoader", "SafeDumper", "Dumper")
OF_LOADERS = ("yaml_constructors", "yaml_multi_constructors", "yaml_representers", "yaml_multi_representers",
              "yaml_implicit_resolvers")  # fmt: skip
MOCKS = ("NonCallableMock", "CallableMixin", "Mock", "MagicMixin", "NonCallableMagicMock", "MagicMock", "AsyncMock")


class LibraryTablesProbe(RegistersProbe):
    """Adapters of sqlite3, types of `mimetypes`, picklers of `copyreg`, namespaces of ElementTree."""

    code = MODULE_STATE
    gate = "copyreg"  # imported by every interpreter
    words = ("sqlite3", "mimetypes", "copyreg", "ElementTree")
    setters = tuple(REGISTRARS)

    def version(self) -> object:
        """Return which of the modules there are."""
        modules = sys.modules
        return tuple([name for name in TABLES if name in modules]) if len(modules) != self.count else self.seen

    count = -1

    def find(self) -> Iterator[Part]:
        """Yield the tables of the modules that are imported."""
        self.count = len(sys.modules)
        for module, names in TABLES.items():
            found = sys.modules.get(module)
            for name in names if found is not None else ():
                table = getattr(found, name, None)
                if isinstance(table, dict):
                    yield Part(f"{SHOWN.get(module, module)}.{name}", table)

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Note who writes an entry."""
        return REGISTRARS[name]

    def told(self, part: Part, change: Change) -> Change:
        """Name what was noted."""
        return change._replace(note="mimetypes" if part.path.startswith("mimetypes.") else part.path)


class YamlProbe(RegistersProbe):
    """The constructors and representers of PyYAML's own loaders and dumpers."""

    code = CLASS_STATE
    gate = "yaml"
    words = ("add_constructor", "add_multi_", "add_representer", "add_implicit_resolver", "yaml_", "YAMLObject")

    def version(self) -> object:
        """Return the tables: a class gets one of its own with the first entry."""
        module = sys.modules["yaml"].__dict__
        now = [getattr(module.get(kind), name, None) for kind in LOADERS for name in OF_LOADERS]
        if not same_objects(now, self.present):
            self.present = now
        return self.present

    present: list[Any] = []  # noqa: RUF012 - never changed, only replaced

    def find(self) -> Iterator[Part]:
        """Yield the tables that are a class's own."""
        for kind in LOADERS:
            held = getattr(sys.modules["yaml"], kind, None)
            for name in OF_LOADERS:
                table = getattr(held, name, None)
                if isinstance(table, dict):
                    yield Part(f"yaml.{kind}.{name}", table)

    def changes(self, before: Any, after: Any) -> Iterator[Change]:
        """Compare by name, whether the class has a table of its own by now or not."""
        if before is None or after is None:
            return
        then = {part.path: copy for part, copy in zip(*before, strict=True)}
        for part, now in zip(*after, strict=True):
            if not is_inherited(part, after.parts):
                changes = part.changes(then.get(part.path, now), now)
                yield from (change for change in changes if self.tells(part, change))


def is_inherited(part: Part, parts: list[Part]) -> bool:
    """Tell whether a table is that of another class too, which tells of it."""
    return next(one for one in parts if one.itself is part.itself).path != part.path


class MockClassesProbe(PartsProbe):
    """The classes of `unittest.mock`: what is set on one of them, every mock has."""

    code = REPLACED
    gate = "unittest.mock"
    words = ("Mock",)

    def __init__(self) -> None:
        super().__init__()
        self.spaces: list[Any] = []
        self.counts: list[int] = []

    def snapshot(self) -> Tables | None:
        """Count the attributes of each class first: only what is set anew is told."""
        counts = [*map(len, self.spaces)]
        if self.last is None or counts != self.counts:
            self.last = None
            super().snapshot()
            self.spaces = [*self.live]
            self.counts = [*map(len, self.spaces)]
        return self.last

    def find(self) -> Iterator[Part]:
        """Yield the attributes of each class."""
        for name in MOCKS:
            kind = getattr(sys.modules[self.gate], name, None)
            if isinstance(kind, type):
                yield ClassPart(f"unittest.mock.{name}", kind, attributes=True)

    def tells(self, part: Part, change: Change) -> bool:
        """Leave out what Python keeps in classes, and what pytest-mock replaces in them."""
        new = change.before is ABSENT or change.after is ABSENT
        return new and not change.state.rpartition(".")[2].startswith(("__", "_abc", "_mock_", "assert"))


class ClassPart(Part):
    """The attributes of a class."""

    __slots__ = ()

    def copied(self) -> Any:
        """Return a copy of them."""
        return dict(vars(self.itself))

    @property
    def live(self) -> Any:
        """Return the dictionary behind them."""
        return held_by(vars(self.itself))[0]

    def mirrored(self) -> Any:
        """Return a copy that is equal to it."""
        return dict(vars(self.itself))


FIELDS = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
READ, GET_CONTEXT = operator.attrgetter(*FIELDS), decimal.getcontext


class DecimalProbe(Probe["tuple[Any, ...]"]):
    """The context of `decimal` in this thread: precision, rounding, limits."""

    code = "HRM106"
    words = ("getcontext", "setcontext", "localcontext")

    def __init__(self) -> None:
        self.last: tuple[Any, ...] = ()

    def snapshot(self) -> tuple[Any, ...]:
        """Read the context (about 0.4 us)."""
        found = READ(GET_CONTEXT())
        if found != self.last:
            self.last = found
        return self.last

    def changes(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[Change]:
        """Compare field by field."""
        for name, was, now in zip(FIELDS, before, after, strict=True):
            if was != now:
                yield Change(f"decimal.getcontext().{name}", was, now, functools.partial(set_field, name, was))


def set_field(name: str, value: object) -> None:
    """Set a field of the context of this thread."""
    setattr(decimal.getcontext(), name, value)


class CodecsProbe(Probe[int]):
    """Search functions of codecs that code of the project registers; Python does not show them, so calls are heard."""

    code = "HRM106"
    setters = ("codecs.register", "codecs.unregister")
    words = ("codecs",)
    by_events = True

    def __init__(self) -> None:
        self.registered: list[Any] = []
        self.version = 0

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Keep what is registered."""
        self.stirred = True
        function = args[0] if args else None
        if name == "codecs.unregister":
            self.registered = [one for one in self.registered if one is not function]
            return None
        if is_of_library(function) or not callable(function):
            return None
        self.registered = [*self.registered, function]
        return callable_name(function)

    def snapshot(self) -> Any:
        """Return what is registered."""
        self.stirred = not self.hearing
        return self.registered

    def changes(self, before: Any, after: Any) -> Iterator[Change]:
        """Yield what was registered or taken back."""
        for one in [*after, *before]:
            is_there = any(one is other for other in after)
            if is_there is not any(one is other for other in before):
                name = callable_name(one)
                was, now = (ABSENT, one) if is_there else (one, ABSENT)
                undo = functools.partial(codecs.unregister, one)
                yield Change(f"the codec search function {name}", was, now, undo, name)


class WarningsAtImportProbe(Probe["tuple[Any, ...]"]):
    """Filters that make warnings errors, set up by the import of a test file: the next file may fail to import.

    Around tests pytest itself puts the filters back.
    """

    code = "HRM106"
    at_import = True
    in_tests = False
    setters = ("warnings.simplefilter", "warnings.filterwarnings")

    def __init__(self) -> None:
        self.last: tuple[Any, ...] = ()

    def snapshot(self) -> tuple[Any, ...]:
        """Return the filters while a file is imported."""
        found = tuple(warnings.filters)
        if found != self.last:
            self.last = found
        return self.last

    def changes(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[Change]:
        """Yield the new filters that raise."""
        new = [one for one in after if one not in before and one[0] == "error"]
        if before and new:
            yield Change(
                "warnings.filters", ABSENT, [Described(f"error for {one[2].__name__}") for one in new],
                functools.partial(set_filters, before), "filters",
            )  # fmt: skip

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Note who sets a filter."""
        return "filters" if "error" in args[:1] or kwargs.get("action") == "error" else None


def set_filters(filters: tuple[Any, ...]) -> None:
    """Set the filters as they were."""
    module: Any = warnings  # no type tells of the two
    module.filters[:] = filters
    module._filters_mutated()  # noqa: SLF001 - as the module itself after each change: else its caches hold
