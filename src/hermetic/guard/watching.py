"""Exact lines for data: dictionaries of modules, classes and objects tell when they are written.

CPython 3.12 and newer call back before each write to a dictionary that is watched. Python itself offers no way to ask
for it, so it is asked for through `ctypes`, and only where `--hermetic-trace=watch` is given. What is called back is
Python, in the middle of a write, so three things must not happen there:

- The interpreter takes itself apart. A watch ends with its session, and at exit at the latest; a forked child inherits
  it, and ends it in the same way.
- Another thread runs, and writes to the same dictionary. From the start of a thread on nothing is watched, until the
  next test that begins with no more threads than the session did.
- The garbage collector runs finalizers that write to the same dictionary. A collection that begins there finds nothing.

Reading costs nothing. The first write of a name between two boundaries walks frames, each other one costs about 1 us.
"""

from __future__ import annotations

import _thread
import atexit
import functools
import gc
import sys
import weakref
from typing import TYPE_CHECKING, Any

from hermetic.guard.describe import short
from hermetic.guard.places import USER, getframe, responsible
from hermetic.guard.probes.settings import is_frozen

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from hermetic.guard.chain import Chain
    from hermetic.guard.places import Place
    from hermetic.guard.probe import Probe, Table

WHOLE = 0  # in place of the address of a key: all of a dictionary was cleared, or filled at once
CLONED, CLEARED, DEALLOCATED = 3, 4, 5  # events: filled from another one at once; emptied; gone, which changes nothing
THREADS = ("_thread.start_new_thread", "_thread.start_joinable_thread")  # audit events, before one starts
DEEPEST = 6  # frames that a call back needs
AVAILABLE = sys.version_info >= (3, 12) and sys.implementation.name == "cpython"


class Watch:
    """Notes the first line of the user's code that writes each name since the last boundary.

    Addresses stand for objects: keys are not hashed and not compared, since that is code of the project. What has an
    address here is held here too, so that no other object gets the same one.
    """

    def __init__(self) -> None:
        self.tables: dict[int, list[Table]] = {}  # by address: one dictionary, under all its names
        self.of_probe: dict[Probe[Any], tuple[object, list[Table]]] = {}  # with the snapshot that they are behind
        self.first: dict[tuple[int, int], tuple[Any, Place]] = {}  # by addresses of dictionary and key
        self.named: dict[str, Place] | None = None
        self.api: Any = None
        self.number = -1
        self.threads = 0  # those that run beside the session's own, such as xdist's
        self.hidden = False  # what the collector would look through

    def start(self) -> bool:
        """Ask the interpreter to call back; False where it does not, or serves eight already."""
        if not AVAILABLE:
            return False
        import ctypes

        # Its own, since what functions take is set below; `ctypes.pythonapi` is everybody's.
        self.api = api = ctypes.PyDLL(None, handle=ctypes.pythonapi._handle)  # noqa: SLF001 - as ctypes does itself
        callback = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        self.callback = callback(self.written)
        self.as_object: Callable[[int], Any] = lambda address: ctypes.cast(address, ctypes.py_object).value
        # From another thread, which begins when this one is out of here again: what is raised in here goes no further.
        self.raise_in = api.PyThreadState_SetAsyncExc
        self.raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)
        for function in (api.PyDict_Watch, api.PyDict_Unwatch):
            function.argtypes = (ctypes.c_int, ctypes.py_object)
        self.threads = _thread._count()  # noqa: SLF001 - those of `threading` are not all
        if not self.resume():
            return False
        watch_threads()
        _running.add(self)
        atexit.register(self.stop)
        gc.callbacks.append(self.collecting)
        return True

    def resume(self) -> bool:
        """Let the interpreter call back; False where it serves eight others already."""
        try:
            self.number = self.api.PyDict_AddWatcher(self.callback)
        except RuntimeError:
            return False
        for tables in self.tables.values():
            self.api.PyDict_Watch(self.number, tables[0].held)
        return True

    def suspend(self) -> None:
        """Let the interpreter call back no more, until `resume`."""
        number, self.number = self.number, -1
        if number >= 0:
            for tables in self.tables.values():
                self.api.PyDict_Unwatch(number, tables[0].held)
            self.api.PyDict_ClearWatcher(number)

    def stop(self) -> None:
        """Let the interpreter call back no more."""
        self.suspend()
        _running.discard(self)
        atexit.unregister(self.stop)
        if self.collecting in gc.callbacks:
            gc.callbacks.remove(self.collecting)
        self.tables.clear()
        self.of_probe.clear()
        self.first.clear()

    def keep_up(self, chain: Chain) -> None:
        """Watch the dictionaries behind the last snapshots; where these are those of the last time, nothing is done."""
        if self.number < 0 and (_thread._count() > self.threads or not self.resume()):  # noqa: SLF001 - as above
            return
        for probe in list(chain.awake):
            snapshot, (known, tables) = chain.last.get(probe), self.of_probe.get(probe, (None, []))
            if snapshot is not known:
                try:
                    now = list(probe.tables())
                except Exception as error:  # noqa: BLE001 - a probe must never end the run
                    chain.disable(probe, error)
                    continue
                self.of_probe[probe] = snapshot, now
                for table in now:
                    self.add(table)
                for table in tables:
                    self.remove(table)

    def add(self, table: Table) -> None:
        """Watch a dictionary, under one name more."""
        names = self.tables.setdefault(id(table.held), [])
        if not names:
            self.api.PyDict_Watch(self.number, table.held)
        names.append(table)

    def remove(self, table: Table) -> None:
        """Watch a dictionary under one name less."""
        names = self.tables[id(table.held)]
        names[:] = [one for one in names if one is not table]
        if not names:
            self.api.PyDict_Unwatch(self.number, table.held)
            del self.tables[id(table.held)]

    def written(self, event: int, address: int, key: int | None, value: int | None) -> int:
        """Learn of a write, before it happens; whatever is raised here would be lost, and the write with it."""
        try:
            what = WHOLE if key is None or event in {CLONED, CLEARED} else key
            if event != DEALLOCATED and (address, what) not in self.first and address in self.tables:
                place = responsible(getframe(1))
                if place is not None and place.origin == USER and not place.importing:
                    self.first[address, what] = self.as_object(what) if what else None, place
                    self.named = None
        except Exception:  # noqa: BLE001, S110 - a line that is not known is looked for in other ways
            pass
        except BaseException as error:  # noqa: BLE001 - Ctrl-C or a timeout: for the code that is interrupted here
            _thread.start_new_thread(self.raise_in, (_thread.get_ident(), type(error)))
        return 0

    def collecting(self, phase: str, info: object) -> None:
        """Let a collection that begins in the middle of a write find nothing; the next one finds all.

        Where code of the project has frozen objects, they stay so, and nothing is held off.
        """
        if phase == "stop":
            if self.hidden:
                self.hidden = False
                gc.unfreeze()
        elif is_within(getframe(1)) and not is_frozen():
            self.hidden = True
            gc.freeze()

    def place_of(self, state: str) -> Place | None:
        """Return the first line that wrote a state since the last boundary."""
        if not self.first:
            return None
        if self.named is None:
            self.named = {}
            for (address, key), (name, place) in self.first.items():
                for table in self.tables.get(address, ()):
                    self.named.setdefault(written_as(table, key, name), place)
        return self.named.get(state) or next(
            (place for path, place in self.named.items() if path.endswith("*") and state.startswith(path[:-1])), None
        )

    def forget(self) -> None:
        """Begin anew at a boundary."""
        self.first.clear()
        self.named = None


def is_within(frame: FrameType | None) -> bool:
    """Tell whether a frame is that of a call back, or of what it calls."""
    for _ in range(DEEPEST):
        if frame is None or frame.f_code is Watch.written.__code__:
            return frame is not None
        frame = frame.f_back
    return False


def written_as(table: Table, key: int, name: object) -> str:
    """Return a state as changes name it; all of a dictionary ends with `*`."""
    inside = "*" if key == WHOLE else str(name) if table.attributes else f"{short(name)}]"
    return f"{table.path}.{inside}" if table.attributes else f"{table.path}[{inside}"


_running: weakref.WeakSet[Watch] = weakref.WeakSet()


def _thread_starts(event: str, _: tuple[object, ...]) -> None:
    if event in THREADS:
        for watch in list(_running):
            watch.suspend()


@functools.cache
def watch_threads() -> None:
    """Hear of each thread before it starts; an audit hook stays, so there is one for all sessions."""
    sys.addaudithook(_thread_starts)
