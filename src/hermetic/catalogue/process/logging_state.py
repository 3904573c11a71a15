"""HRM105."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._loggers import LOGGER, ROOT, LoggerState
from hermetic.catalogue.rule import GUARD, LINT, Example, StateRule, spelled
from hermetic.source.blocks import assertion_lines
from hermetic.source.certain import is_under_test
from hermetic.source.kept import ROOT_LEVEL, is_kept
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak
    from hermetic.source.scope import Scope

LIST_METHODS = ("append", "insert", "extend", "remove", "pop", "clear")
MANAGERS = ("@self.assertLogs", "@self.assertNoLogs", "@caplog.at_level", "@caplog.filtering")
WORDS = ("log",)
NOTSET = ("logging.NOTSET", "0")


class Configuration(State):
    """What sets up handlers and levels of several loggers at once."""

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:  # noqa: ARG002 - the contract of State
        """Leave out `basicConfig` without `force`: under pytest the root logger has handlers, so it does nothing."""
        return name != "logging.basicConfig" or any(keyword.arg in ("force", None) for keyword in call.keywords)


REGISTRY = LoggerState(
    "registry",
    items=(f"{LOGGER}.manager.loggerDict",),
    attributes=(f"{LOGGER}.manager.loggerDict", f"{LOGGER}.manager"),
    methods={f"{LOGGER}.manager.loggerDict": ("clear", "pop", "update")},
    words=WORDS,
)
HANDLERS = LoggerState(
    "handlers",
    items=(f"{LOGGER}.handlers",),
    attributes=(f"{LOGGER}.handlers",),
    methods={LOGGER: ("addHandler", "removeHandler"), f"{LOGGER}.handlers": LIST_METHODS},
    managers=MANAGERS,
    words=WORDS,
    keyed=True,
    also=(REGISTRY,),
)
LEVEL = LoggerState(
    "level",
    attributes=(f"{LOGGER}.level",),
    methods={LOGGER: ("setLevel",)},
    defaults={f"{LOGGER}.level": NOTSET, f"{LOGGER}.setLevel": (*NOTSET, "'NOTSET'")},
    saves=(f"{LOGGER}.getEffectiveLevel",),
    managers=MANAGERS,
    uses=("@caplog.set_level",),
    words=WORDS,
    keyed=True,
    also=(REGISTRY,),
)


class LoggingState(StateRule):
    """A test changes how the process logs, and nothing changes it back.

    Why it breaks:
    Loggers are found by name from everywhere, so a level, handler or filter that a test sets is there for all later
    ones. Tests that look at `caplog` then see nothing, or each record twice; a handler keeps writing to a stream or
    file that its test has closed. `logging.disable` and `dictConfig` (which disables existing loggers) reach all.

    Do this instead:
    Use `caplog.set_level` and `caplog.at_level`, which restore the level, or `self.assertLogs`. Remove in a `finally`,
    after the fixture's `yield` or in `addCleanup` what was added, and set levels, `propagate` and `disabled` back to
    the saved values. `monkeypatch.setattr(logger, "propagate", False)` restores too.

    Options:
    Changes at import time of a `conftest.py` are reported only when the `project` preset is selected.

    Limits:
    `basicConfig` counts only with `force`: pytest's own handlers are on the root logger, so that a plain call does
    nothing. A logger whose name is computed for one test, or speaks of tests or of nobody (`foo`) and is written out in
    one alone, a `NullHandler`, and what a test file sets on its own `getLogger(__name__)` when it is imported, or in
    the one test that asks for that, and a logger of `__file__`, are left alone. So is a value that loggers have from
    the start (`propagate = True`, `disabled = False`, `setLevel(NOTSET)`, for the root logger `WARNING`), unless an
    imported file sets that logger otherwise, and a level that the tests' packages or a `conftest.py` set at import. A
    logger of another module is recognised by what binds it there, or, where that cannot be read, by its name (`logger`,
    `log`); one that is handed over as an argument is not. A filter that code under test has once for its whole module
    may be added, and a test that has looked may take off all handlers of a logger (`handlers.clear()`), but for the
    root logger's. Where pytest's configuration sets `log_level`, pytest puts the level of the root logger back. In code
    under test only what certainly runs for the named test counts: not what stands below a condition that cannot be read
    from the call, nor what a call inside `pytest.raises` makes. The guard sees the rest.
    """

    code = "HRM105"
    name = "logging-state"
    symptoms = (
        "caplog is empty, or log messages are missing, after another test",
        "messages appear twice",
        "ValueError: I/O operation on closed file, from a logging handler",
    )
    repair = "use caplog.set_level, or put the old value back in a fixture after its yield"
    claims = (LINT, GUARD)
    tokens = (
        b"Handler(", b"handlers", b"Filter(", b"filters", b"setLevel", b".level", b"'level'", b'"level"', b"propagate",
        b"disable", b"basicConfig", b"Config(", b"Config", b"raiseExceptions", b"lastResort", b"setLoggerClass",
        b"setLogRecordFactory", b"captureWarnings", b"loggerDict",
    )  # fmt: skip
    companions = (b"logg", b"Logg", b"LOGG", b"log.", b"LOG.")
    related = ("HRM107",)
    states = (
        HANDLERS,
        LoggerState(
            "filters",
            items=(f"{LOGGER}.filters",),
            attributes=(f"{LOGGER}.filters",),
            methods={LOGGER: ("addFilter", "removeFilter"), f"{LOGGER}.filters": LIST_METHODS},
            managers=MANAGERS,
            words=WORDS,
            keyed=True,
            also=(REGISTRY,),
        ),
        LEVEL,
        LoggerState(
            "propagate",
            attributes=(f"{LOGGER}.propagate",),
            defaults={f"{LOGGER}.propagate": ("True", "1")},
            managers=MANAGERS,
            words=WORDS,
            keyed=True,
            also=(REGISTRY,),
        ),
        LoggerState(
            "disabled",
            attributes=(f"{LOGGER}.disabled",),
            defaults={f"{LOGGER}.disabled": ("False", "0")},
            managers=MANAGERS,
            words=WORDS,
            keyed=True,
            also=(REGISTRY,),
        ),
        LoggerState(
            "disable",
            neutral={"logging.disable": NOTSET},
            attributes=(f"{LOGGER}.manager.disable",),
            defaults={f"{LOGGER}.manager.disable": NOTSET},
            saves=(f"{LOGGER}.manager.disable",),
            words=WORDS,
        ),
        Configuration(
            "configuration",
            calls=("logging.basicConfig", "logging.config.dictConfig", "logging.config.fileConfig"),
            managers=MANAGERS,
            words=WORDS,
            also=(HANDLERS, LEVEL),
        ),
        REGISTRY,
        State(
            "switches",
            attributes=("logging.raiseExceptions", "logging.lastResort"),
            neutral={"logging.captureWarnings": ("False",)},
            defaults={"logging.raiseExceptions": ("True", "1")},
            words=WORDS,
        ),
        State(
            "logger class",
            neutral={"logging.setLoggerClass": ("logging.Logger",)},
            saves=("logging.getLoggerClass",),
            words=WORDS,
        ),
        State(
            "record factory",
            calls=("logging.setLogRecordFactory",),
            saves=("logging.getLogRecordFactory",),
            words=WORDS,
        ),
    )

    def keeps(self, leak: Leak) -> bool:
        """Leave alone a file's own logger at its import, a library's one filter, and what pytest puts back."""
        if leak.root is None:
            return leak.change.key != "logging.getLogger(__name__)"
        if leak.change.kind == LEVEL.kind and leak.change.key == ROOT and is_kept(leak.change.scope, ROOT_LEVEL):
            return False
        return not (is_one_filter(leak.change) or is_sweeping(leak.change))

    def subject(self, change: Change) -> str:
        """Name the logger and what of it, or the call."""
        if change.what.startswith(f"{LOGGER}.") and change.kind in PARTS:
            logger = change.key or "a logger"
            return f"{PARTS[change.kind]} of {logger}"
        return CALLS.get(change.what, spelled(change.what, ""))

    bad = (
        Example(
            "logging is switched off for the whole process",
            {
                "test_import.py": """
import logging

logger = logging.getLogger("shop.import")


def test_a_noisy_import():
    logging.disable(logging.CRITICAL)  # <- HRM105
    logger.error("one of many")


def test_a_failed_import_is_logged(caplog):
    logger.error("row 3 is broken")
    assert "row 3" in caplog.text
"""
            },
        ),
        Example(
            "the level of the root logger is raised by a fixture",
            {
                "conftest.py": """
import logging

import pytest


@pytest.fixture
def quiet():
    logging.getLogger().setLevel(logging.ERROR)  # <- HRM105
""",
                "test_quiet.py": """
import logging


def test_a_quiet_run(quiet):
    logging.getLogger("shop").warning("not seen")


def test_a_low_stock_is_logged(caplog):
    logging.getLogger("shop.stock").warning("only 3 left")
    assert "only 3 left" in caplog.text
""",
            },
        ),
        Example(
            "a handler is removed below the assertion",
            {
                "test_audit.py": """
import logging

audit = logging.getLogger("shop.audit")


class Memory(logging.Handler):
    def emit(self, record):
        self.last = record.getMessage()


def test_the_audit_trail_names_the_user():
    handler = Memory()
    audit.addHandler(handler)  # <- HRM105
    audit.warning("deleted")
    assert "alice" in handler.last
    audit.removeHandler(handler)


def test_the_audit_log_starts_without_handlers():
    assert not audit.handlers
"""
            },
        ),
        Example(
            "propagate is switched off for a logger that self holds",
            {
                "test_payment.py": """
import logging
import unittest


class PaymentTest(unittest.TestCase):
    def setUp(self):
        self.log = logging.getLogger("shop.payment")
        self.log.propagate = False  # <- HRM105

    def test_a_payment(self):
        self.log.warning("declined")


class Memory(logging.Handler):
    last = ""

    def emit(self, record):
        self.last = record.getMessage()


def test_the_shop_handler_sees_payments():
    handler = Memory()
    logging.getLogger("shop").addHandler(handler)
    try:
        logging.getLogger("shop.payment").warning("declined")
    finally:
        logging.getLogger("shop").removeHandler(handler)
    assert handler.last == "declined"
"""
            },
        ),
        Example(
            "dictConfig disables the loggers that exist already",
            {
                "shop_logs.py": """
from logging.config import dictConfig


def configure():
    dictConfig({"version": 1, "root": {"level": "INFO"}})  # <- HRM105
""",
                "test_shop_logs.py": """
import logging

from shop_logs import configure

orders = logging.getLogger("shop.orders")


def test_the_root_level_is_info():
    configure()
    assert logging.getLogger().level == logging.INFO


def test_an_order_is_logged(caplog):
    orders.warning("order 7")
    assert "order 7" in caplog.text
""",
            },
        ),
        Example(
            "basicConfig with force throws out all handlers and sets the level",
            {
                "test_cli.py": """
import logging as log


def start(verbose):
    log.basicConfig(level=log.DEBUG if verbose else log.ERROR, force=True)  # <- HRM105


def test_the_command_starts():
    start(verbose=False)


def test_a_warning_is_shown(caplog):
    log.getLogger("shop.cli").warning("deprecated option")
    assert "deprecated" in caplog.text
"""
            },
        ),
    )
    good = (
        Example(
            "caplog restores the level, and assertLogs restores the logger",
            {
                "test_import.py": """
import logging
import unittest

logger = logging.getLogger("shop.loader")


def test_a_level_for_one_test(caplog):
    caplog.set_level(logging.DEBUG, logger="shop.loader")
    logger.debug("row 1")
    assert "row 1" in caplog.text


def test_a_level_for_a_few_lines(caplog):
    with caplog.at_level("INFO"):
        logger.info("row 2")
    assert "row 2" in caplog.text


class LoaderTest(unittest.TestCase):
    def test_the_error_is_logged(self):
        with self.assertLogs("shop.loader", "ERROR"):
            logger.error("row 3")
"""
            },
        ),
        Example(
            "what was added is removed after the yield, in a finally, or by a cleanup",
            {
                "test_audit.py": """
import logging
import unittest

import pytest

audit = logging.getLogger("shop.trail")


@pytest.fixture
def handler():
    handler = logging.StreamHandler()
    audit.addHandler(handler)
    before = audit.level
    audit.setLevel(logging.DEBUG)
    yield handler
    audit.setLevel(before)
    audit.removeHandler(handler)


def test_the_handler_is_there(handler):
    assert handler in logging.getLogger("shop.trail").handlers


def test_without_propagation():
    audit.propagate = False
    try:
        audit.warning("alone")
    finally:
        audit.propagate = True


class TrailTest(unittest.TestCase):
    def setUp(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def test_quiet(self):
        audit.error("not seen")


def test_the_trail_starts_without_handlers():
    assert not audit.handlers
"""
            },
        ),
        Example(
            "monkeypatch restores attributes, and an autouse fixture puts the root logger back after dictConfig",
            {
                "test_shop_logs.py": """
import logging
import logging.config

import pytest


@pytest.fixture(autouse=True)
def own_root():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_root_level_is_info():
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {"level": "INFO"}})
    assert logging.getLogger().level == logging.INFO


def test_without_propagation(monkeypatch):
    logger = logging.getLogger("shop.orders.export")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    assert not logger.propagate
"""
            },
        ),
        Example(
            "a tearDown puts back the handlers of a logger that another file binds; defaults change nothing",
            {
                "shop_audit.py": """
import logging

TRAIL = logging.getLogger("shop.history")


def to_screen():
    TRAIL.addHandler(logging.StreamHandler())
""",
                "test_shop_audit.py": """
import logging
import unittest

from shop_audit import TRAIL, to_screen


class TrailTest(unittest.TestCase):
    def setUp(self):
        self.handlers = list(TRAIL.handlers)

    def tearDown(self):
        TRAIL.handlers = self.handlers

    def test_one_handler_is_added(self):
        to_screen()
        self.assertEqual(len(TRAIL.handlers), len(self.handlers) + 1)


def test_the_default_is_written_down():
    logging.getLogger("shop.history").propagate = True
    logging.getLogger("shop.history").setLevel(logging.NOTSET)
    assert not logging.getLogger("shop.history").level
""",
            },
        ),
        Example(
            "a logger of the test alone, a NullHandler, and a plain basicConfig change nothing for others",
            {
                "test_formatter.py": """
import io
import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())


def test_the_formatter_names_the_level(request):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.INFO)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.Logger("alone")
    logger.addHandler(handler)
    logger.warning("careful")
    assert stream.getvalue() == "WARNING careful\\n"


def test_a_logger_of_its_own_name(tmp_path):
    logger = logging.getLogger(f"formatter.{tmp_path.name}")
    logger.setLevel(logging.DEBUG)
    assert logger.isEnabledFor(logging.DEBUG)


def test_a_script_configures_logging():
    logging.basicConfig(level=logging.DEBUG)
"""
            },
        ),
    )


PARTS = {
    "handlers": "the handler list",
    "filters": "the filter list",
    "level": "the level",
    "propagate": "`propagate`",
    "disabled": "`disabled`",
}
CALLS = {
    "logging.disable": "the level below which logging is off (logging.disable)",
    "logging.basicConfig": "the logging configuration (basicConfig)",
    "logging.config.dictConfig": "the logging configuration (dictConfig)",
    "logging.config.fileConfig": "the logging configuration (fileConfig)",
}


def is_sweeping(change: Change) -> bool:
    """Tell whether a test that has looked takes off all handlers of a library's logger, which has none at first."""
    return (
        change.what.endswith(".handlers.clear")
        and change.key != ROOT
        and any(line < change.line for line in assertion_lines(change.scope))
    )


def is_one_filter(change: Change) -> bool:
    """Tell whether code under test adds a filter that its module has made once: another time adds nothing."""
    node = change.node
    if not change.what.endswith(".addFilter") or not isinstance(node, ast.Call) or not node.args:
        return False
    if not isinstance(node.args[0], ast.Name) or not is_under_test(change.scope.module):
        return False
    found = change.scope.find(node.args[0].id, change.line)
    return found is not None and found[1] is change.scope.module.top
