"""The settings of the interpreter that tests change: one state for each, so that only its own restore counts."""

from __future__ import annotations

from hermetic.source.leading import is_support
from hermetic.source.spelling import key_of
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast as ast

    from hermetic.source.scope import Scope

TWO = 2  # a category and a locale: with the category alone, `setlocale` only asks
LIST_METHODS = ("append", "insert", "extend", "remove", "pop", "clear")
HOOKS = {
    "excepthook": ("sys.excepthook", "sys.__excepthook__"),
    "unraisablehook": ("sys.unraisablehook", "sys.__unraisablehook__"),
    "displayhook": ("sys.displayhook", "sys.__displayhook__"),
    "breakpointhook": ("sys.breakpointhook", "sys.__breakpointhook__"),
    "threading.excepthook": ("threading.excepthook", "threading.__excepthook__"),
}


class Builtins(State):
    """The names that every module sees."""

    def is_left_over(self, scope: Scope, key: str) -> bool:  # noqa: ARG002 - the contract of State
        """Tell it for every name: those of Python itself nobody removes."""
        return True


class Locale(State):
    """The locale: `setlocale` with the category alone only asks for it."""

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:  # noqa: ARG002 - the contract of State
        """Tell a setting from a question."""
        return name != "locale.setlocale" or (len(call.args) + len(call.keywords) >= TWO and not is_none(call))


def is_none(call: ast.Call) -> bool:
    """Tell whether the last argument is `None`."""
    last = call.keywords[-1].value if call.keywords else call.args[-1]
    return getattr(last, "value", "") is None


class TimeZone(State):
    """The time zone: code under test that calls `tzset` and never names the variable only reads what others set."""

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:  # noqa: ARG002 - the contract of State
        """Tell a change from a look."""
        return scope.module.is_test or scope.module.holds((b"TZ",)) or is_support(scope.module.path)


class Signals(State):
    """The handlers of signals: each has a default, which is not `SIG_DFL` for all of them."""

    def goes_back(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Tell whether a handler is what Python installs when it starts."""
        if name != "signal.signal" or len(call.args) != TWO:
            return False
        number, handler = (key_of(scope, argument) for argument in call.args)
        return bool(number) and handler == FIRST_HANDLERS.get(number, "signal.SIG_DFL")


class SignalMask(State):
    """The signals that are held back: to block none of them only asks."""

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Tell a change from a question."""
        given = call.args[1] if len(call.args) == TWO else None
        empty = getattr(given, "elts", None) == [] or key_of(scope, given) in (
            "set()",
            "frozenset()",
            "list()",
            "tuple()",
        )
        return name != "signal.pthread_sigmask" or not empty or key_of(scope, call.args[0]) == "signal.SIG_SETMASK"


# Python installs a handler of its own or ignores these; faulthandler, which pytest switches on, catches the others.
FIRST_HANDLERS = {
    "signal.SIGINT": "signal.default_int_handler",
    **dict.fromkeys(("signal.SIGPIPE", "signal.SIGXFSZ"), "signal.SIG_IGN"),
    **dict.fromkeys((f"signal.SIG{name}" for name in ("SEGV", "FPE", "ABRT", "BUS", "ILL")), "unknown"),
}
LOCALE = Locale(
    "the locale",
    calls=("locale.setlocale", "locale.resetlocale", "_locale.setlocale"),
    saves=("locale.setlocale", "locale.getlocale", "_locale.setlocale"),
    managers=("test.support.run_with_locale", "test.support.run_with_locales"),
    words=("locale", "language"),
)
SIGNALS = (
    Signals(
        "a signal handler",
        calls=("signal.signal",),
        saves=("signal.signal", "signal.getsignal"),
        words=("signal", "sigint", "sigterm", "handler"),
        keyed=True,
    ),
    State(
        "the signal wakeup descriptor",
        neutral={"signal.set_wakeup_fd": ("-1",)},
        saves=("signal.set_wakeup_fd",),
        words=("signal", "wakeup"),
    ),
    SignalMask(
        "the signal mask",
        neutral={"signal.pthread_sigmask": ("signal.SIG_UNBLOCK",)},
        saves=("signal.pthread_sigmask",),
        words=("signal", "sigmask"),
    ),
)
LIMITS = (
    TimeZone(
        "the time zone",
        calls=("time.tzset",),
        managers=("test.support.run_with_tz",),
        words=("tz", "timezone", "time_zone"),
    ),
    State(
        "the umask",
        calls=("os.umask",),
        saves=("os.umask",),
        words=("umask",),
        managers=("test.support.os_helper.temp_umask",),
    ),
    State(
        "the recursion limit",
        calls=("sys.setrecursionlimit",),
        saves=("sys.getrecursionlimit",),
        managers=("test.support.infinite_recursion", "test.support.set_recursion_limit"),
        words=("recursion",),
    ),
    State(
        "the switch interval",
        calls=("sys.setswitchinterval",),
        saves=("sys.getswitchinterval",),
        words=("switchinterval", "switch_interval"),
    ),
    State(
        "the limit on digits of integers",
        calls=("sys.set_int_max_str_digits",),
        saves=("sys.get_int_max_str_digits",),
        managers=("test.support.adjust_int_max_str_digits",),
        words=("digits",),
    ),
    State(
        "the default socket timeout",
        neutral={"socket.setdefaulttimeout": ("None",)},
        saves=("socket.getdefaulttimeout",),
        managers=("test.support.socket_helper.socket_setdefaulttimeout",),
        words=("timeout",),
    ),
    State(
        "the event loop policy",
        neutral={"asyncio.set_event_loop_policy": ("None",)},
        saves=("asyncio.get_event_loop_policy",),
        words=("policy", "event_loop"),
    ),
)
GC = (
    State(
        "garbage collection",
        calls=("gc.disable",),
        restores=("gc.enable",),
        managers=("test.support.disable_gc",),
        words=("gc",),
    ),
    State(
        "the thresholds of garbage collection",
        calls=("gc.set_threshold",),
        saves=("gc.get_threshold",),
        managers=("test.support.gc_threshold",),
        words=("gc",),
    ),
    State("debugging of garbage collection", neutral={"gc.set_debug": ("0",)}, saves=("gc.get_debug",), words=("gc",)),
    State(
        "the callbacks of garbage collection",
        items=("gc.callbacks",),
        attributes=("gc.callbacks",),
        methods={"gc.callbacks": LIST_METHODS},
        words=("gc",),
    ),
    State("frozen objects of garbage collection", calls=("gc.freeze",), restores=("gc.unfreeze",), words=("gc",)),
)
TRACING = (
    State("the trace function", neutral={"sys.settrace": ("None",)}, saves=("sys.gettrace",), words=("trac",)),
    State("the profile function", neutral={"sys.setprofile": ("None",)}, saves=("sys.getprofile",), words=("profil",)),
    State(
        "the trace function of threads",
        neutral={"threading.settrace": ("None",)},
        saves=("threading.gettrace",),
        words=("trac",),
    ),
)
EXCEPT_HOOKS = tuple(
    State(hook if "." in hook else f"sys.{hook}", attributes=(name,), saves=(original,), words=("hook", "except"))
    for hook, (name, original) in HOOKS.items()
)
BUILTINS = Builtins(
    "builtins",
    attributes=("builtins.*",),
    items=("builtins.__dict__", "__builtins__.__dict__"),
    methods=dict.fromkeys(("builtins.__dict__", "__builtins__.__dict__"), ("update", "pop", "setdefault", "clear")),
    calls=("gettext.install",),
    saves=("open", "print", "input", "__import__", "exit", "quit", "isinstance", "id", "len", "sorted", "sum", "hash"),
    managers=("test.support.swap_attr", "test.support.swap_item"),
    words=("builtin",),
)
ATEXIT = State(
    "the functions that run at exit",
    calls=("atexit.register",),
    restores=("atexit.unregister", "atexit._clear", "atexit._run_exitfuncs"),
    words=("atexit",),
)
STATES = (*SIGNALS, LOCALE, *LIMITS, *GC, *TRACING, *EXCEPT_HOOKS, BUILTINS, ATEXIT)
