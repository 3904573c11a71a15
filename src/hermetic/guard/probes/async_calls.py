"""Calls of an AsyncMock whose coroutine nobody awaits."""

from __future__ import annotations

import gc
import inspect
import threading
import warnings
import weakref
from typing import TYPE_CHECKING, Any

from hermetic.guard._left import Left, LeftProbe, starter
from hermetic.guard.describe import Described
from hermetic.guard.places import getframe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CoroutineType

    import pytest

    from hermetic.guard.places import Place

CALL = "unittest.mock.AsyncMockMixin._execute_mock_call"
WARNS = "_warn_unawaited_coroutine"  # the function in `warnings` that is called for a coroutine that is dropped unused


class Tag(str):
    """The qualified name of a coroutine, the same text as ever; it tells when the warning of Python is written.

    To wrap the function that warns would change the line that the warning is shown for.
    """

    __slots__ = ("call",)
    call: Call

    def __format__(self, spec: str) -> str:
        """Return the text, and learn whether a warning is being made of it."""
        if getframe(1).f_code.co_name == WARNS:
            self.call.dropped = self.call.counts()
        return str.__format__(self, spec)


class Call:
    """A call of an AsyncMock: its coroutine while that lives, and whether it was dropped unused.

    `counts` tells whether the test lets Python warn, rather than to look at the warning itself.
    """

    __slots__ = ("counts", "dropped", "mock", "reference")

    def __init__(self, mock: Any, coroutine: CoroutineType[Any, Any, Any], counts: Callable[[], bool]) -> None:
        self.mock = str(mock._extract_mock_name())  # noqa: SLF001 - what mock's own messages say
        self.reference = weakref.ref(coroutine)
        self.dropped = False
        self.counts = counts

    def is_unused(self) -> bool:
        """Tell whether nobody has awaited or closed it, and no task is going to."""
        coroutine = self.reference()
        if self.dropped or coroutine is None:
            return self.dropped
        if inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED:
            return False
        import asyncio

        return not any(isinstance(holder, asyncio.Future) for holder in gc.get_referrers(coroutine))

    def close(self) -> None:
        """Drop the coroutine without a warning in a later test."""
        coroutine = self.reference()
        if coroutine is not None:
            coroutine.close()


class AsyncCallsProbe(LeftProbe):
    """Coroutines of AsyncMocks that were dropped, or are still there and not awaited, when the test ends.

    Where a test itself catches warnings around a call, it knows of the coroutine.
    """

    code = "HRM305"
    setters = (CALL,)
    before = Described("called")
    after = Described("never awaited")

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, Place | None] = {}  # by thread, of the call that is being made
        self.filters: object = None

    def test_begins(self, item: pytest.Item) -> None:
        """Learn which filters of warnings are those around every test."""
        super().test_begins(item)
        self.filters = warnings.filters

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
        """Keep who calls a mock."""
        self.places[threading.get_ident()], _, _ = starter()

    def returned(self, name: str, args: tuple[object, ...], result: object) -> None:
        """Keep the coroutine of a call."""
        place = self.places.pop(threading.get_ident(), None)
        if place is not None and inspect.iscoroutine(result):
            call = Call(args[0], result, lambda: warnings.filters is self.filters)
            tag = Tag(result.__qualname__)
            tag.call = call
            result.__qualname__ = tag
            self.begins(f"the call {call.mock}()", place, call.is_unused, call.close)

    def waits(self, left: list[Left]) -> bool:
        """Wait for none: nobody awaits it later."""
        return False
