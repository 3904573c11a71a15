"""The smallest repair of one finding, as a line of code for this very state."""

from __future__ import annotations

import os
import re
from types import ModuleType
from typing import TYPE_CHECKING

from hermetic.guard.describe import ABSENT, Described, short

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.guard.probe import Change

    Maker = Callable[[re.Match[str], Change], str]

AFTER_YIELD = "in a fixture, after its yield: "
BY_CODE = {
    "HRM102": "monkeypatch.chdir(tmp_path)",
    "HRM201": "monkeypatch.setitem(app.dependency_overrides, dependency, double)",
    "HRM203": "monkeypatch.setitem(app.dependency_overrides, bearer, lambda: credentials)",
    "HRM304": "self.addCleanup(patcher.stop), or request.addfinalizer(patcher.stop), right after patcher.start()",
}
ITEM, ATTRIBUTE = r"(?P<holder>.+)\[(?P<key>[^\[\]]+)\]", r"(?P<holder>.+)\.(?P<name>\w+)"


def value(change: Change) -> str:
    """Return the value that a test gave, as it would be written, or a word for it."""
    return short(change.after) if type(change.after) in {str, int, float, bool, bytes, type(None)} else "value"


def of_item(found: re.Match[str], change: Change) -> str:
    """Return how an entry of a table is set, or taken away, for one test."""
    holder, key = found["holder"], found["key"]
    is_anew = isinstance(change.before, ModuleType) and isinstance(change.after, ModuleType)
    if change.after is ABSENT or is_anew:  # a module that is there twice was taken out, and imported again
        return f"monkeypatch.delitem({holder}, {key})"
    return f"monkeypatch.setitem({holder}, {key}, {value(change)})"


def of_attribute(found: re.Match[str], change: Change) -> str:
    """Return how an attribute is set, or taken away, for one test; a list or set is given to it as a copy."""
    holder, name = found["holder"], found["name"]
    if change.whole is not None:
        return f'monkeypatch.setattr({holder}, "{name}", {holder}.{name}.copy())'
    if change.after is ABSENT:
        return f'monkeypatch.delattr({holder}, "{name}")'
    new = ", raising=False" if change.before is ABSENT else ""
    return f'monkeypatch.setattr({holder}, "{name}", {value(change)}{new})'


def of_variable(found: re.Match[str], change: Change) -> str:
    """Return how a variable is set, or taken away, for one test."""
    if change.after is ABSENT:
        return f"monkeypatch.delenv({found['key']})"
    return f"monkeypatch.setenv({found['key']}, {value(change)})"


def of_folder(_: re.Match[str], change: Change) -> str:
    """Return how a folder is in front of the others for one test."""
    added = change.after if type(change.after) is list else []
    one = short(added[0]) if len(added) == 1 and type(added[0]) is str and change.before is ABSENT else "folder"
    return f"monkeypatch.syspath_prepend({one})"


def of_logger(found: re.Match[str], change: Change) -> str:
    """Return how a logger is set for one test."""
    logger = f"logging.getLogger({found['logger']})"
    if found["field"] == "level":
        return f"caplog.set_level(logging.{change.after}, logger={found['logger'] or None})"
    if found["field"] == "handlers":
        return f"{AFTER_YIELD}{logger}.removeHandler(handler)"
    return f'monkeypatch.setattr({logger}, "{found["field"]}", {value(change)})'


def of_setting(found: re.Match[str], _: Change) -> str:
    """Return how a setting of the interpreter is put back."""
    return f"{AFTER_YIELD}{SETTINGS[found[0]]}"


def of_path(found: re.Match[str], _: Change) -> str:
    """Return where a file with the same name belongs to one test alone."""
    name = os.path.basename(found["path"].rstrip("/\\"))
    return f"path = tmp_path / {name!r}"


def of_override(found: re.Match[str], change: Change) -> str:
    """Return how the double of a dependency begins."""
    of_loop = "async" in str(change.before)
    return f"{'async ' if of_loop else ''}def double(): ...  # for {found['name']}"


def of_instrumentor(found: re.Match[str], change: Change) -> str:
    """Return how what an instrumentor does is undone."""
    method = "instrument" if str(change.after) == "not instrumented" else "uninstrument"
    return f"{AFTER_YIELD}{found['name']}().{method}()"


def of_breaker(found: re.Match[str], change: Change) -> str:
    """Return how a breaker is closed, or what else was changed of it is put back."""
    kind = str(change.note[0]) if isinstance(change.note, tuple) else ""
    is_librarys = kind.partition(".")[0] in {"pybreaker", "aiobreaker", "circuitbreaker"}
    holder, name = found["holder"] or found[0], found["name"] or ""
    if type(change.before).__name__ == "Condition":
        known = "breaker" if " " in found[0] else found[0]
        return f"{AFTER_YIELD}{known}.{'reset' if kind.startswith('circuitbreaker') else 'close'}()"
    if " " in found[0]:
        return ""
    if "listener" in name and is_librarys:
        return f"{AFTER_YIELD}{holder}.remove_listener(listener)"
    if is_librarys:
        return f'monkeypatch.setattr({holder}, "{name}", {value(change)})'
    several = any(isinstance(side, (list, Described)) for side in (change.before, change.after))
    given = f"{found[0]}.copy()" if several else value(change)
    return f'monkeypatch.setattr({holder}, "{name}", {given})'


SETTINGS = {
    "the locale": "locale.setlocale(locale.LC_ALL, before)",
    "the recursion limit": "sys.setrecursionlimit(before)",
    "the switch interval": "sys.setswitchinterval(before)",
    "the limit on digits of integers": "sys.set_int_max_str_digits(before)",
    "the default socket timeout": "socket.setdefaulttimeout(None)",
    "the event loop policy": "asyncio.set_event_loop_policy(before)",
    "garbage collection": "gc.enable()",
    "the thresholds of garbage collection": "gc.set_threshold(*before)",
    "debugging of garbage collection": "gc.set_debug(before)",
    "the callbacks of garbage collection": "gc.callbacks.remove(callback)",
    "frozen objects of garbage collection": "gc.unfreeze()",
    "the trace function": "sys.settrace(before)",
    "the profile function": "sys.setprofile(before)",
    "the trace function of threads": "threading.settrace(before)",
    "the time zone": 'monkeypatch.undo(), which puts back os.environ["TZ"], and time.tzset()',
    "the umask": "os.umask(before)",
    "the signal mask": "signal.pthread_sigmask(signal.SIG_SETMASK, before)",
}
MAKERS: tuple[tuple[str, str, str | Maker], ...] = (  # rule ("" for several), what the state looks like, the repair
    ("HRM101", r"os\.environ\[(?P<key>.+)\]", of_variable),
    ("HRM103", r"sys\.path", of_folder),
    ("HRM103", r"sys\.(meta_path|path_hooks)", r'monkeypatch.setattr(sys, "\1", [*sys.\1, one])'),
    ("HRM104", r"(?P<holder>sys\.modules)\[(?P<key>.+)\]", of_item),
    ("HRM105", r"logging\.getLogger\((?P<logger>.*)\)\.(?P<field>\w+)", of_logger),
    ("HRM105", r"logging\.disable", f"{AFTER_YIELD}logging.disable(logging.NOTSET)"),
    ("HRM106", r"decimal\.getcontext\(\)\.(\w+)", r"with decimal.localcontext() as context: context.\1 = ..."),
    ("HRM106", r"the codec search function (.+)", AFTER_YIELD + r"codecs.unregister(\1)"),
    ("HRM106", r"warnings\.filters", '@pytest.mark.filterwarnings("error")'),
    ("HRM106", "|".join(SETTINGS), of_setting),
    ("HRM106", r"atexit: (.+)", AFTER_YIELD + r"atexit.unregister(\1)"),
    ("HRM106", r"the handler of (\w+)", AFTER_YIELD + r"signal.signal(signal.\1, before)"),
    ("HRM108", r"the state of numpy\.random", "generator = numpy.random.default_rng(seed)"),
    ("HRM108", r"the state of random", "generator = random.Random(seed)"),
    ("HRM109", r"the thread .+", f"{AFTER_YIELD}thread.join(), once it has been told to stop"),
    ("HRM109", r"the process .+", f"{AFTER_YIELD}process.terminate(), then process.join()"),
    ("HRM109", r"the child process .+", f"{AFTER_YIELD}process.kill(), then process.wait()"),
    ("HRM109", r"a (\w+)", r"with \1(...) as pool:"),
    ("HRM110", r"an event loop", f"{AFTER_YIELD}loop.close()"),
    ("HRM110", r"the task .+", "task.cancel(), and await it, in a finally"),
    ("HRM201", ITEM, of_item),
    ("HRM202", r"the override of (?P<name>.+)", of_override),
    ("HRM305", r"the call (.+\(\))(?: \(\d+\))?", r"await \1"),
    ("HRM403", r"(?P<name>\w+)\b.*", r"value = copy.deepcopy(\g<name>)"),
    ("HRM501", r"port \d+", 'bind(("127.0.0.1", 0)), and ask for the number with getsockname()[1]'),
    ("HRM502", r"(?P<path>.+?)(?: of .+)?", of_path),
    ("HRM602", r"what (.+)\(\) keeps of .*", AFTER_YIELD + r"\1.cache_clear()"),
    ("HRM604", r"the global propagator", f"{AFTER_YIELD}propagate.set_global_textmap(before)"),
    ("HRM604", r"the global tracer provider", "def test_it(worker_telemetry): ..."),
    ("HRM604", r"the (global|processors of) .+", "a provider of the test's own, given to the code under test"),
    ("HRM604", r"what (?P<name>\w+) instruments", of_instrumentor),
    ("HRM605", r"(?:(?P<holder>.+)\.(?P<name>\w+))|.+", of_breaker),
    ("", r"numpy\.geterr", "with numpy.errstate(...):"),
    ("", r"numpy\.get_printoptions", "with numpy.printoptions(...):"),
    ("", r"django\.conf\.settings\.(\w+)\b.*", r"@override_settings(\1=...)"),
    ("", r"the local-memory cache .*", f"{AFTER_YIELD}cache.clear()"),
    ("", r"the active language", "with translation.override(language):"),
    ("", r"the active time zone", "with timezone.override(zone):"),
    ("", r"the URL configuration of the thread", "@override_settings(ROOT_URLCONF=...)"),
    ("", r"the receiver (.+) of (.+)", AFTER_YIELD + r"\2.disconnect(\1)"),
    ("", r"the session of (.+)", AFTER_YIELD + r"\1.remove()"),
    ("", r"the connections of (.+)", r"with \1.connect() as connection:"),
    ("", r"the listener (.+) of (.+) to (.+)", AFTER_YIELD + r'event.remove(\2, "\3", \1)'),
    ("HRM601", ITEM, of_item),
    ("HRM603", ITEM, of_item),
    ("HRM601", ATTRIBUTE, of_attribute),
    ("HRM603", ATTRIBUTE, of_attribute),
    ("HRM308", ATTRIBUTE, of_attribute),
    ("HRM106", ATTRIBUTE, of_attribute),
    ("HRM107", ATTRIBUTE, of_attribute),
)


def repair_as_code(code: str, change: Change) -> str:
    """Return a line that repairs a finding in a test, "" where none can be written for this state."""
    for rule, pattern, made in MAKERS:
        found = re.fullmatch(pattern, change.state) if rule in {"", code} else None
        if found is not None:
            return made(found, change) if callable(made) else found.expand(made)
    return BY_CODE.get(code, "")
