"""HRM106."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._settings import ATEXIT, SIGNALS, STATES
from hermetic.catalogue.rule import GUARD, LINT, Example, StateRule
from hermetic.source import roles
from hermetic.source.callee import CONSTRUCTORS, find_helper
from hermetic.source.undo import UndoState
from hermetic.source.undoing import undoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak


SIGNAL_KINDS = {state.kind: state for state in SIGNALS[:1]}
CLEANERS = (
    "rm",
    "remove",
    "unlink",
    "delete",
    "clean",
    "stop",
    "kill",
    "terminate",
    "shutdown",
    "close",
    "end",
    "teardown",
)


def is_put_back_by_handler(change: Change) -> bool:
    """Tell whether a signal's handler puts the one before it back when the signal comes."""
    node = change.node
    arguments = node.args if isinstance(node, ast.Call) else []
    handler = find_helper(change.scope, arguments[1]) if len(arguments) > 1 else None
    return handler is not None and undoes(handler, UndoState(SIGNAL_KINDS[change.kind], change))


def cleans_up(node: ast.AST) -> bool:
    """Tell whether what is registered for the end of the process removes or stops something, by its name."""
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    name = str(getattr(given, "attr", getattr(given, "id", ""))).lower()
    return any(part in CLEANERS or part.startswith(CLEANERS[:5]) for part in name.split("_"))


class InterpreterSetting(StateRule):
    """A test changes a setting of the interpreter, and nothing sets it back.

    Why it breaks:
    Signal handlers, the locale, the time zone, the umask, the recursion limit, the default socket timeout, the event
    loop policy, garbage collection, trace functions, exception hooks, the names in `builtins` and the functions that
    run at exit belong to the process. A later test parses numbers with a comma, writes files that nobody can read, or
    runs into a timeout that it never set.

    Do this instead:
    Keep the old value and set it back in a `finally`, after the fixture's `yield`, or in `addCleanup`; most setters
    return it or have a getter. `monkeypatch.setattr(sys, "excepthook", ...)` and `mock.patch("builtins.open")` restore
    by themselves. For the time zone, call `time.tzset()` once more after `TZ` is back.

    Options:
    Changes at import time of a `conftest.py` are reported only when the `project` preset is selected.

    Limits:
    `monkeypatch.setenv("TZ", ...)` with a single `time.tzset()` is reported, since monkeypatch restores the variable
    but not what the C library has read. `atexit.register` counts in tests and what they call, not at import, and not
    for what removes or stops something by its name (`rmtree`, `cleanup`). Handlers of one event loop
    (`loop.add_signal_handler`) end with it and are left alone. So is going back to what Python starts with:
    `setdefaulttimeout(None)`, `settrace(None)`, `SIG_DFL` for signals whose first handler that is. In code under test
    only what certainly runs for the named test counts: not what stands below a condition that cannot be read from the
    call, nor what a call inside `pytest.raises` makes. The guard sees the rest, and codecs, the context of
    `decimal` and filters that make warnings errors at import, too.
    """

    code = "HRM106"
    name = "interpreter-setting"
    symptoms = (
        "numbers or dates are formatted in another locale or time zone",
        "sockets time out, a recursion limit or a signal handler is not the expected one",
        "a warning about the event-loop policy, or a hook that another test installed",
    )
    repair = "save the old setting and put it back in a fixture after its yield"
    claims = (LINT, GUARD)
    message = "{what} changed {where} and not set back"
    late_message = "{what} changed {where} and set back only when nothing fails in between"
    tokens = (
        b"signal(", b"import signal", b"sigmask", b"set_wakeup_fd", b"setlocale", b"resetlocale", b"tzset", b"umask",
        b"setrecursionlimit", b"setswitchinterval", b"set_int_max_str_digits", b"setdefaulttimeout",
        b"set_event_loop_policy", b"gc.", b"from gc", b"settrace", b"setprofile", b"hook", b"builtins", b"gettext",
        b"atexit",
    )  # fmt: skip
    related = ("HRM101", "HRM107")
    states = STATES

    def subject(self, change: Change) -> str:
        """Name the setting, and what of it is changed."""
        if change.kind == "builtins":
            return f"{change.what.removesuffix('()')} is"
        verb = "are" if change.kind.endswith(PLURALS) else "is"
        return f"{change.kind} {verb}"

    def keeps(self, leak: Leak) -> bool:
        """Leave alone a handler that puts back the one before, and what is registered for the end of the process."""
        if leak.change.kind in SIGNAL_KINDS:
            return not is_put_back_by_handler(leak.change)
        if leak.change.kind != ATEXIT.kind:
            return True
        root = leak.root
        if leak.change.scope.name in CONSTRUCTORS:  # an object that looks after its own end
            return False
        if cleans_up(leak.change.node):
            return False
        return root is not None and (roles.role_of(root) == "test" or roles.fixture_scope(root) == "function")

    bad = (
        Example(
            "the locale is set for one test and stays",
            {
                "test_reports.py": """
import locale


def test_a_report_in_the_users_language():
    locale.setlocale(locale.LC_ALL, "C.UTF-8")  # <- HRM106
    assert locale.str(1.5) == "1.5"


def test_the_process_starts_with_the_c_locale():
    assert locale.setlocale(locale.LC_COLLATE) == "C"
"""
            },
        ),
        Example(
            "a signal handler is put back below the assertion",
            {
                "test_shutdown.py": """
import signal


def test_shutdown_is_graceful():
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))  # <- HRM106
    signal.raise_signal(signal.SIGTERM)
    assert seen == [signal.SIGINT]
    signal.signal(signal.SIGTERM, before)


def test_the_default_ends_the_process():
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
            },
        ),
        Example(
            "monkeypatch restores TZ, but nothing tells the C library",
            {
                "test_clock.py": """
import time


def test_local_time_in_tokyo(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()  # <- HRM106
    assert time.timezone == -9 * 3600


def test_the_suite_does_not_run_in_tokyo():
    assert time.timezone != -9 * 3600
"""
            },
        ),
        Example(
            "limits of the process are raised by fixtures and setups",
            {
                "test_limits.py": """
import os
import socket
import sys
import unittest

import pytest


@pytest.fixture
def deep():
    sys.setrecursionlimit(5000)  # <- HRM106


class UploadTest(unittest.TestCase):
    def setUp(self):
        socket.setdefaulttimeout(0.5)  # <- HRM106
        os.umask(0o077)  # <- HRM106

    def test_upload(self):
        self.assertEqual(socket.getdefaulttimeout(), 0.5)


def test_a_deep_tree(deep):
    assert sys.getrecursionlimit() == 5000


def test_the_limits_are_the_usual_ones():
    assert socket.getdefaulttimeout() is None
    assert sys.getrecursionlimit() < 5000
"""
            },
        ),
        Example(
            "hooks and builtins are replaced, through setattr too",
            {
                "test_hooks.py": """
import builtins
import sys


def install(hook):
    sys.excepthook = hook  # <- HRM106


def test_errors_are_reported():
    seen = []
    install(lambda *error: seen.append(error))
    sys.excepthook(ValueError, ValueError("x"), None)
    assert seen


def test_translations_are_installed():
    setattr(builtins, "_", str.upper)  # <- HRM106
    assert _("yes") == "YES"


def test_nothing_is_left():
    assert sys.excepthook is sys.__excepthook__
    assert not hasattr(builtins, "_")
"""
            },
        ),
        Example(
            "garbage collection is switched off through an alias, and another policy of event loops is set",
            {
                "test_speed.py": """
import asyncio
from gc import disable as stop_collecting
from gc import isenabled


class Policy(asyncio.DefaultEventLoopPolicy):
    pass


def test_a_tight_loop():
    stop_collecting()  # <- HRM106
    assert not isenabled()


def test_another_policy():
    asyncio.set_event_loop_policy(Policy())  # <- HRM106
    assert isinstance(asyncio.get_event_loop_policy(), Policy)


def test_the_collector_runs():
    assert isenabled()


def test_the_policy_is_the_default():
    assert not isinstance(asyncio.get_event_loop_policy(), Policy)
"""
            },
        ),
        Example(
            "a function that runs at exit is registered by a test",
            {
                "test_exit.py": """
import atexit


def test_the_farewell_is_registered():
    atexit.register(print, "bye")  # <- HRM106
"""
            },
            harm="state",
            probe="__import__('atexit')._ncallbacks()",
        ),
        Example(
            "a codec and the precision of decimals are left as one test needs them",
            {
                "test_prices.py": """
import codecs
import decimal

import pytest


def upper(name):
    if name != "upper":
        return None
    return codecs.CodecInfo(lambda text, errors="strict": (text.upper().encode(), len(text)), None, name=name)


def test_a_name_in_capitals():
    codecs.register(upper)  # <- HRM106
    assert "tea".encode("upper") == b"TEA"


def test_two_digits():
    decimal.getcontext().prec = 2  # <- HRM106
    assert str(decimal.Decimal(1) / 3) == "0.33"


def test_there_is_no_such_codec():
    with pytest.raises(LookupError):
        "tea".encode("upper")


def test_many_digits():
    assert len(str(decimal.Decimal(1) / 3)) > 20
"""
            },
            claims=(GUARD,),
        ),
    )
    good = (
        Example(
            "a codec is unregistered after the yield, and decimals have a context of their own",
            {
                "test_prices.py": """
import codecs
import decimal

import pytest


def upper(name):
    if name != "upper":
        return None
    return codecs.CodecInfo(lambda text, errors="strict": (text.upper().encode(), len(text)), None, name=name)


@pytest.fixture
def capitals():
    codecs.register(upper)
    yield
    codecs.unregister(upper)


def test_a_name_in_capitals(capitals):
    assert "tea".encode("upper") == b"TEA"


def test_two_digits():
    with decimal.localcontext() as context:
        context.prec = 2
        assert str(decimal.Decimal(1) / 3) == "0.33"


def test_many_digits():
    assert len(str(decimal.Decimal(1) / 3)) > 20
"""
            },
        ),
        Example(
            "the old value is set back in a finally, and reading it changes nothing",
            {
                "test_reports.py": """
import locale
import os
import signal
import sys


def test_a_report_in_the_users_language():
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
        assert locale.str(1.5) == "1.5"
    finally:
        locale.setlocale(locale.LC_ALL, before)


def test_shutdown_is_graceful():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_umask_can_only_be_read_by_setting_it():
    mask = os.umask(0)
    os.umask(mask)
    assert mask >= 0


def test_a_deep_tree():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 100)
    try:
        assert sys.getrecursionlimit() == limit + 100
    finally:
        sys.setrecursionlimit(limit)
"""
            },
        ),
        Example(
            "the time zone is read again after monkeypatch has restored TZ",
            {
                "test_clock.py": """
import time

import pytest


@pytest.fixture
def tokyo():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def test_local_time_in_tokyo(tokyo):
    assert time.timezone == -9 * 3600


def test_the_suite_does_not_run_in_tokyo():
    assert time.timezone != -9 * 3600
"""
            },
        ),
        Example(
            "monkeypatch and mock restore attributes; setUp registers the restore",
            {
                "test_hooks.py": """
import atexit
import builtins
import gc
import socket
import sys
import unittest
from unittest import mock


def test_errors_are_reported(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", lambda *error: None)
    monkeypatch.setattr(builtins, "_", str.upper, raising=False)
    assert sys.excepthook is not sys.__excepthook__


@mock.patch("builtins.print")
def test_a_message_is_printed(fake):
    print("hello")
    fake.assert_called_once_with("hello")


class UploadTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(socket.setdefaulttimeout, socket.getdefaulttimeout())
        socket.setdefaulttimeout(0.5)
        gc.disable()
        self.addCleanup(gc.enable)

    def test_upload(self):
        self.assertEqual(socket.getdefaulttimeout(), 0.5)


def test_the_farewell_is_registered():
    atexit.register(print, "bye")
    try:
        assert atexit._ncallbacks()
    finally:
        atexit.unregister(print)
"""
            },
        ),
        Example(
            "a file registers its own cleanup at exit, and a loop's signal handler ends with the loop",
            {
                "test_loop.py": """
import asyncio
import atexit
import shutil
import signal
import tempfile

scratch = tempfile.mkdtemp()
atexit.register(shutil.rmtree, scratch, ignore_errors=True)


def test_the_loop_gets_the_signal():
    async def main():
        seen = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, seen.set)
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.wait_for(seen.wait(), 5)
        loop.remove_signal_handler(signal.SIGUSR1)

    asyncio.run(main())
"""
            },
        ),
    )


PLURALS = ("thresholds of garbage collection", "callbacks of garbage collection", "functions that run at exit")
