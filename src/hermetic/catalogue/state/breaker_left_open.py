"""HRM605."""

from __future__ import annotations

from hermetic.catalogue.rule import GUARD, LINT, Example, StateRule
from hermetic.catalogue.state._breakers import CONDITIONS, STATES
from hermetic.catalogue.state._tripped import trips
from hermetic.source.leaks import Leak
from hermetic.source.reach import first_root
from hermetic.source.restore import is_undone, is_undone_late
from hermetic.source.undo import UndoState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.changes import Change
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

PAYMENTS = """
import pybreaker

breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=60)


@breaker
def charge(gateway):
    return gateway()
"""


class BreakerLeftOpen(StateRule):
    """A test leaves a circuit breaker open, half used up, or set otherwise.

    Why it breaks:
    A breaker belongs to a module, so all tests of a worker share it. Once a test has made it fail often enough, every
    later call through it is refused, for as long as its timeout says. Failures below the limit are counted on: the test
    that adds the last one opens it for others. A listener that stays is called with what later tests do.

    Do this instead:
    Give the code a breaker of the test's own. Else close it after a fixture's `yield`, best an autouse one:
    `breaker.close()`, with the library circuitbreaker
    `for circuit in CircuitBreakerMonitor.get_circuits(): circuit.reset()`. Take off a listener with `remove_listener`,
    and set `fail_max` with `monkeypatch.setattr`.

    Options:
    `breaker-classes` names classes of circuit breakers of your own (`shop.resilience.Breaker`), besides those of
    pybreaker, circuitbreaker and aiobreaker and the classes below them.

    Limits:
    The linter sees that a breaker is opened by hand, and by calls that are expected to fail, where it can count them:
    they go through the breaker or a function that it decorates, and as many are written out as it takes, or
    `CircuitBreakerError` is expected afterwards. Fewer failures, and those within the code under test, are for the
    guard. It compares whether breakers are open, how many failures they have counted, their listeners and settings; of
    a class of your own the attributes whose names speak of it. A breaker that keeps its state in Redis is not asked.
    """

    code = "HRM605"
    name = "breaker-left-open"
    symptoms = (
        "CircuitBreakerError: Timeout not elapsed yet, circuit breaker still open",
        "Circuit OPEN until, in a test that fails nothing",
        "a call is refused, and the fake gateway was not called",
    )
    repair = "close or reset the breaker after a fixture's yield, or give the code one of the test's own"
    message = "a {kind} is left changed {where}"
    late_message = "a {kind} is changed {where}, and put back only when nothing fails in between"
    tokens = (b"reaker", b"circuit", b"Circuit")
    claims = (LINT, GUARD)
    related = ("HRM603", "HRM604")
    states = STATES

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield what is opened or set by hand, and what is opened by failing."""
        found = {(item.path, item.line): item for item in super().check(module, project)}
        yield from found.values()
        for function in module.functions_with((b"aises",)):
            for scope in function.family():
                for change in trips(scope):
                    leak = left(function, change, project)
                    item = self.leak_finding(leak) if leak is not None else None
                    if item is not None and (item.path, item.line) not in found:
                        yield item

    def subject(self, change: Change) -> str:
        """Return the kind of state: the call says no more."""
        return change.kind

    bad = (
        Example(
            "a breaker is open after the test that shows that it opens",
            {
                "payments.py": PAYMENTS,
                "test_payments.py": """
import pybreaker
import pytest

from payments import charge


def refused():
    raise ConnectionError


def test_three_failures_open_the_breaker():
    for _ in range(2):
        with pytest.raises(ConnectionError):
            charge(refused)
    with pytest.raises(pybreaker.CircuitBreakerError):
        charge(refused)  # <- HRM605


def test_a_charge_goes_through():
    assert charge(lambda: "paid") == "paid"
""",
            },
            needs=("pybreaker",),
        ),
        Example(
            "a test opens the breaker by hand, and closes it below the assertion",
            {
                "payments.py": PAYMENTS,
                "test_open.py": """
import payments
import pytest


def test_an_open_breaker_refuses():
    payments.breaker.open()  # <- HRM605
    assert payments.breaker.current_state == "half-open"
    payments.breaker.close()


def test_a_charge_goes_through():
    assert payments.charge(lambda: "paid") == "paid"
""",
            },
            needs=("pybreaker",),
        ),
        Example(
            "a circuit of the library circuitbreaker has no method to open it, so a test fails through it",
            {
                "gateway.py": """
from circuitbreaker import circuit


@circuit(failure_threshold=2, recovery_timeout=60, expected_exception=ConnectionError)
def ask(transport):
    return transport()
""",
                "test_gateway.py": """
import pytest

import gateway


def broken():
    raise ConnectionError


class TestGateway:
    def test_errors_are_handed_on(self):
        for _ in range(2):
            with pytest.raises(ConnectionError):
                gateway.ask(broken)  # <- HRM605

    def test_the_answer_is_handed_on(self):
        assert gateway.ask(lambda: 200) == 200
""",
            },
            needs=("circuitbreaker",),
        ),
        Example(
            "an aiobreaker is opened in a coroutine",
            {
                "prices.py": """
import aiobreaker

guard = aiobreaker.CircuitBreaker(fail_max=1)


async def price():
    return 42


async def ask():
    return await guard.call_async(price)
""",
                "test_prices.py": """
import asyncio

import aiobreaker
import pytest
from prices import ask, guard


async def broken():
    raise TimeoutError


async def fail():
    with pytest.raises(aiobreaker.state.CircuitBreakerError):
        await guard.call_async(broken)  # <- HRM605


def test_one_time_out_is_enough():
    asyncio.run(fail())
    assert guard.fail_counter == 1


def test_the_price_is_known():
    assert asyncio.run(ask()) == 42
""",
            },
            needs=("aiobreaker",),
        ),
        Example(
            "the failures of two tests add up",
            {
                "payments.py": PAYMENTS,
                "test_failures.py": """
import pytest

from payments import charge


def refused():
    raise ConnectionError


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_error_of_the_gateway_is_handed_on(number):
    with pytest.raises(ConnectionError):
        charge(refused)  # <- HRM605
""",
            },
            needs=("pybreaker",),
            claims=(GUARD,),
        ),
        Example(
            "a listener stays, and hears what the next test does",
            {
                "payments.py": PAYMENTS,
                "test_listener.py": """
import pybreaker

from payments import breaker, charge

heard = []


class Listener(pybreaker.CircuitBreakerListener):
    def success(self, cb):
        heard.append(cb)


def test_a_charge_is_heard():
    breaker.add_listener(Listener())  # <- HRM605
    charge(lambda: "paid")
    assert len(heard) == 1
    heard.clear()


def test_nobody_listens():
    charge(lambda: "paid")
    assert heard == []
""",
            },
            needs=("pybreaker",),
        ),
        Example(
            "a fixture makes the breaker less patient for all that follow",
            {
                "payments.py": PAYMENTS,
                "conftest.py": """
import payments
import pytest


@pytest.fixture
def impatient():
    payments.breaker.fail_max = 1  # <- HRM605
    return payments.breaker
""",
                "test_limit.py": """
from payments import breaker


def test_one_failure_is_enough(impatient):
    assert impatient.fail_max == 1


def test_three_failures_are_needed():
    assert breaker.fail_max == 3
""",
            },
            needs=("pybreaker",),
        ),
        Example(
            "the code under test makes its breakers when they are asked for",
            {
                "shop_registry.py": """
import pybreaker

known = {}


def breaker_for(host):
    if host not in known:
        known[host] = pybreaker.CircuitBreaker(fail_max=1)
    return known[host]


def fetch(host, transport):
    return breaker_for(host).call(transport)  # <- HRM605
""",
                "test_registry.py": """
import pybreaker
import pytest

import shop_registry


def broken():
    raise ConnectionError


def test_a_broken_host_is_given_up():
    with pytest.raises(pybreaker.CircuitBreakerError):
        shop_registry.fetch("example.org", broken)


def test_a_host_answers():
    assert shop_registry.fetch("example.org", lambda: 200) == 200
""",
            },
            needs=("pybreaker",),
            claims=(GUARD,),
        ),
    )
    good = (
        Example(
            "a breaker of the test's own may stay open",
            {
                "test_own.py": """
import aiobreaker
import circuitbreaker
import pybreaker
import pytest


def broken():
    raise ConnectionError


@pytest.fixture
def breaker():
    return pybreaker.CircuitBreaker(fail_max=1)


def test_a_failure_opens_it(breaker):
    with pytest.raises(pybreaker.CircuitBreakerError):
        breaker.call(broken)
    assert breaker.current_state == "open"


def test_it_can_be_opened_by_hand(breaker):
    breaker.open()
    breaker.add_listener(pybreaker.CircuitBreakerListener())
    breaker.fail_max = 7
    assert breaker.current_state == "open"


def test_a_decorated_function_of_the_test():
    @circuitbreaker.circuit(failure_threshold=1)
    def ask():
        raise ConnectionError

    with pytest.raises(ConnectionError):
        ask()
    with pytest.raises(circuitbreaker.CircuitBreakerError):
        ask()


class TestOther:
    def setup_method(self):
        self.breaker = aiobreaker.CircuitBreaker()

    def test_open(self):
        self.breaker.open()
        assert self.breaker.fail_counter == 0
"""
            },
            needs=("pybreaker", "aiobreaker", "circuitbreaker"),
        ),
        Example(
            "an autouse fixture closes the breaker behind each test",
            {
                "payments.py": PAYMENTS,
                "gateway.py": """
import circuitbreaker


@circuitbreaker.circuit(failure_threshold=1)
def ask(transport):
    return transport()
""",
                "conftest.py": """
import circuitbreaker
import payments
import pytest


@pytest.fixture(autouse=True)
def closed():
    yield
    payments.breaker.close()
    for circuit in circuitbreaker.CircuitBreakerMonitor.get_circuits():
        circuit.reset()
""",
                "test_payments.py": """
import pybreaker
import pytest

from gateway import ask
from payments import breaker, charge


def refused():
    raise ConnectionError


def test_three_failures_open_the_breaker():
    for _ in range(2):
        with pytest.raises(ConnectionError):
            charge(refused)
    with pytest.raises(pybreaker.CircuitBreakerError):
        charge(refused)


def test_one_failure_opens_the_gateway():
    with pytest.raises(ConnectionError):
        ask(refused)


def test_an_open_breaker_refuses():
    breaker.open()
    with pytest.raises(pybreaker.CircuitBreakerError):
        charge(lambda: "paid")
""",
            },
            needs=("pybreaker", "circuitbreaker"),
        ),
        Example(
            "what is changed is put back in a finally, by a finalizer, or by monkeypatch",
            {
                "payments.py": PAYMENTS,
                "test_put_back.py": """
import unittest

import payments
import pybreaker
import pytest


def test_an_open_breaker_refuses():
    payments.breaker.open()
    try:
        with pytest.raises(pybreaker.CircuitBreakerError):
            payments.charge(lambda: "paid")
    finally:
        payments.breaker.close()


def test_a_listener_is_taken_off(request):
    listener = pybreaker.CircuitBreakerListener()
    payments.breaker.add_listener(listener)
    request.addfinalizer(lambda: payments.breaker.remove_listener(listener))


def test_one_failure_is_enough(monkeypatch):
    monkeypatch.setattr(payments.breaker, "_fail_max", 1)
    assert payments.breaker.fail_max == 1


def test_a_breaker_of_its_own(monkeypatch):
    monkeypatch.setattr(payments, "breaker", pybreaker.CircuitBreaker(fail_max=1))
    payments.breaker.open()
    assert payments.breaker.current_state == "open"


class TestCharge(unittest.TestCase):
    def setUp(self):
        self.addCleanup(payments.breaker.close)

    def test_refused(self):
        payments.breaker.open()
        with self.assertRaises(pybreaker.CircuitBreakerError):
            payments.charge(lambda: "paid")
""",
            },
            needs=("pybreaker",),
        ),
        Example(
            "a success sets the count back, and an exception that is left out does not count",
            {
                "catalogue.py": """
import pybreaker

breaker = pybreaker.CircuitBreaker(fail_max=2, exclude=[KeyError])


@breaker
def find(read):
    return read()
""",
                "test_catalogue.py": """
import pytest

from catalogue import breaker, find


def missing():
    raise KeyError


def broken():
    raise ConnectionError


def test_what_is_missing_is_no_failure():
    for _ in range(3):
        with pytest.raises(KeyError):
            find(missing)
    assert breaker.fail_counter == 0


def test_one_failure_is_forgotten():
    with pytest.raises(ConnectionError):
        find(broken)
    assert find(lambda: "book") == "book"
""",
            },
            needs=("pybreaker",),
        ),
    )


def left(function: Scope, change: Change, project: Project) -> Leak | None:
    """Return the leak of a breaker that was opened by failing, None where it is closed again."""
    undo = UndoState(CONDITIONS, change)
    scope = change.scope
    if is_undone(scope, change.node, undo):
        return None
    root = first_root(function, undo, project)
    return Leak(change, root, lambda: is_undone_late(scope, change.node, undo)) if root is not None else None
