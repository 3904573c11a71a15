"""Overrides that are of another kind than the dependency, in a way that FastAPI cannot bridge."""

from __future__ import annotations

import contextlib
import contextvars
import dis
import functools
import gc
import inspect
import sys
import threading
import types
import warnings
from typing import TYPE_CHECKING, Any

from hermetic.guard._instances import kinds_of
from hermetic.guard._requests import Fault, RequestsProbe, name_of
from hermetic.guard.places import is_users
from hermetic.guard.probes.overrides import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

PLAIN, ASYNC, GENERATOR, ASYNC_GENERATOR = "plain", "async", "generator", "async generator"
IN_LOOP = (ASYNC, ASYNC_GENERATOR)
GENERATORS = (GENERATOR, ASYNC_GENERATOR)
MANAGERS = (contextlib._GeneratorContextManager, contextlib._AsyncGeneratorContextManager)  # noqa: SLF001 - what `contextmanager` makes
LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


class Watching(dict[Any, Any]):
    """The cache in which FastAPI keeps what the dependencies of one request gave; looks at each when it is put in."""

    def __init__(self, probe: OverrideKindsProbe, overrides: dict[Any, Any]) -> None:
        super().__init__()
        self.probe, self.overrides = probe, overrides

    def __setitem__(self, key: Any, value: object) -> None:
        """Keep a value."""
        super().__setitem__(key, value)
        original = key[0] if isinstance(key, tuple) and key else key
        override = self.overrides.get(original) if callable(original) else None
        if override is not None:
            self.probe.solved(original, override, value)


class OverrideKindsProbe(RequestsProbe):
    """Looks at what overridden dependencies give to a route, and at what the overrides use.

    Code that calls an override itself is not heard of; but Python warns of a coroutine that nobody has awaited.
    """

    code = "HRM202"
    phases = True  # an application that a test has made is there until its function has ended

    def __init__(self) -> None:
        super().__init__()
        self.warned: list[Any] = []  # what pytest records of warnings during the test
        self.read = 0  # how many of them were looked at

    def test_begins(self, item: pytest.Item) -> None:
        """Learn where the warnings of the test are recorded."""
        super().test_begins(item)
        log = getattr(getattr(warnings, "_showwarnmsg_impl", None), "__self__", None)
        self.warned = log if isinstance(log, list) else []
        self.read = len(self.warned)

    def snapshot(self) -> int:
        """Look at new warnings, and return how much is known."""
        if len(self.warned) > self.read:
            new, self.read = self.warned[self.read :], len(self.warned)
            codes = [one.source.cr_code for one in new if inspect.iscoroutine(getattr(one, "source", None))]
            if codes:
                self.dropped(codes)
        return super().snapshot()

    def dropped(self, codes: list[types.CodeType]) -> None:
        """Look for the overrides whose coroutines nobody has awaited (about 10 ms)."""
        for original, override in overrides_now():
            if getattr(override, "__code__", None) in codes and kind_of(original) not in IN_LOOP:
                self.faults.append(fault_of(original, "gives a coroutine that nobody awaits"))

    def requested(self, given: dict[str, Any], overrides: dict[Any, Any]) -> None:
        """Look at the values of a request when they come, and at the functions at once."""
        if given.get("dependency_cache") is None:
            given["dependency_cache"] = Watching(self, overrides)
        for original, override in list(overrides.items()):
            problem = problem_of(original, override)
            if problem:
                self.suspects.append(fault_of(original, problem))

    def solved(self, original: object, override: object, value: object) -> None:
        """Look at what an override gave."""
        problem = problem_with(value, kind_of(original), kind_of(override))
        if problem:
            self.faults.append(fault_of(original, problem))


def overrides_now() -> list[tuple[Any, Any]]:
    """Return the overrides of all applications, each with what it overrides."""
    kind = getattr(sys.modules.get("fastapi"), "FastAPI", None)
    apps = [one for one in gc.get_referrers(*kinds_of(kind)) if isinstance(one, kind)] if kind is not None else []
    tables = [getattr(app, TABLE, None) for app in apps]
    return [pair for table in tables if isinstance(table, dict) for pair in list(table.items())]


def fault_of(original: object, problem: str) -> Fault:
    """Return what is wrong with an override as a finding says it."""
    return Fault(f"the override of {name_of(original)}", f"as {kind_of(original)} as the dependency", problem)


def kind_of(function: object) -> str:
    """Return how FastAPI runs a dependency."""
    while isinstance(function, functools.partial):
        function = function.func
    if not isinstance(function, (type, types.FunctionType, types.MethodType)):
        function = getattr(function, "__call__", function)  # noqa: B004 - an object that is called
    if inspect.isasyncgenfunction(function):
        return ASYNC_GENERATOR
    if inspect.isgeneratorfunction(function):
        return GENERATOR
    return ASYNC if inspect.iscoroutinefunction(function) else PLAIN


def problem_with(value: object, wanted: str, found: str) -> str:
    """Return what is wrong with a value that an override gave to the route."""
    if inspect.iscoroutine(value) and wanted in IN_LOOP:
        return "gives a coroutine that nobody awaits"
    if (inspect.isgenerator(value) or inspect.isasyncgen(value)) and wanted in GENERATORS:
        return "gives a generator in place of what it yields"
    if isinstance(value, MANAGERS) and wanted != PLAIN:
        return "gives a context manager that FastAPI does not enter"
    if wanted in IN_LOOP and found not in IN_LOOP and is_foreign(value):
        return "gives a SQLite connection of a worker thread"
    return ""


def is_foreign(value: object) -> bool:
    """Tell whether a value is a connection to SQLite that belongs to another thread than the one that is to use it."""
    sqlite3: Any = sys.modules.get("sqlite3")
    if sqlite3 is None or not isinstance(value, sqlite3.Connection):
        return False
    try:
        value.cursor().close()
    except sqlite3.ProgrammingError as error:
        return "thread" in str(error)  # else it is closed
    return False


def problem_of(original: object, override: object) -> str:
    """Return what an override uses that is not there where FastAPI runs it."""
    wanted, found = kind_of(original), kind_of(override)
    if (wanted in IN_LOOP) is (found in IN_LOOP):
        return ""
    while isinstance(override, functools.partial):
        override = override.func
    if not isinstance(override, types.FunctionType):
        return ""
    return next(problems(override, in_thread=found not in IN_LOOP), "")


@functools.cache
def loop_functions() -> tuple[tuple[Callable[..., Any], ...], tuple[Callable[..., Any], ...]]:
    """Return the functions that need a running loop, and those that make one of their own."""
    import asyncio

    waiting = (asyncio.create_task, asyncio.ensure_future, asyncio.gather)
    return (asyncio.get_running_loop, *waiting, asyncio.current_task, asyncio.all_tasks), (asyncio.run,)


def problems(function: types.FunctionType, *, in_thread: bool, steps: int = 2) -> Iterator[str]:
    """Yield what is missing in the thread, or in the loop, for a function and those of the project that it names."""
    need_loop, own_loop = loop_functions()
    for value, attribute, stored in named_in(function):
        if not in_thread:
            if any(value is one for one in own_loop):
                yield "runs in the event loop, where asyncio.run() fails"
        elif any(value is one for one in need_loop):
            yield f"runs in a worker thread, where {value.__name__}() finds no running loop"
        elif isinstance(value, contextvars.ContextVar) and attribute == "set":
            yield "runs in a worker thread, and the context variable that it sets stays there"
        elif isinstance(value, threading.local) and stored:
            yield "runs in a worker thread, and the thread-local attribute that it sets stays there"
        if steps and isinstance(value, types.FunctionType) and kind_of(value) == PLAIN and is_users(value):
            yield from problems(value, in_thread=in_thread, steps=steps - 1)


def named_in(function: types.FunctionType) -> Iterator[tuple[Any, str, bool]]:
    """Yield what a function names: the object, the attribute that is read of it, and whether one is set."""
    space = inspect.getclosurevars(function)
    known = {**space.globals, **space.nonlocals}
    current: Any = None
    for step in dis.get_instructions(function):
        if step.opname in LOADS:
            current = known.get(str(step.argval))
            yield current, "", False
        elif step.opname in ATTRIBUTES:
            name = str(step.argval)
            yield current, name, False
            current = vars(current).get(name) if isinstance(current, types.ModuleType) else None
            yield current, "", False
        elif step.opname == "STORE_ATTR":
            yield current, str(step.argval), True
