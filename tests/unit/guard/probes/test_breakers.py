"""What counts as a circuit breaker that a test left changed, and what does not."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard.probes.breakers import BreakerProbe
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pybreaker")
pytest.importorskip("circuitbreaker")

PAYMENTS = """
import circuitbreaker
import pybreaker

breaker = pybreaker.CircuitBreaker(fail_max=2)
hosts = {}


class Server(pybreaker.CircuitBreakerStorage):
    def __init__(self):
        super().__init__("server")
        self.asked = 0

    @property
    def state(self):
        self.asked += 1
        return "closed"


elsewhere = pybreaker.CircuitBreaker(state_storage=Server())


@breaker
def charge(gateway):
    return gateway()


@circuitbreaker.circuit(failure_threshold=3)
def ask(gateway):
    return gateway()


def of_host(name):
    return hosts.setdefault(name, pybreaker.CircuitBreaker(fail_max=2, name=name))
"""
HEAD = """
import circuitbreaker
from circuitbreaker import CircuitBreakerMonitor
import payments
import pybreaker
import pytest


def broken():
    raise ConnectionError


def fail(call, times):
    for _ in range(times):
        with pytest.raises((ConnectionError, pybreaker.CircuitBreakerError)):
            call(broken)
"""


def told(run_findings: list[dict[str, str]]) -> set[tuple[str, str, str, str]]:
    """Return test, state, before and after of each finding."""
    return {(item["test"].rpartition("::")[2], item["state"], item["before"], item["after"]) for item in run_findings}


def test_what_is_left_is_named_and_put_back(tmp_path: Path) -> None:
    files = {
        "payments.py": PAYMENTS,
        "test_payments.py": f"""{HEAD}

def test_opened():
    fail(payments.charge, 2)

def test_a_charge_goes_through():
    assert payments.charge(lambda: "paid") == "paid"

def test_failed_once():
    fail(payments.ask, 1)

def test_a_listener():
    payments.breaker.add_listener(pybreaker.CircuitBreakerListener())

def test_a_setting():
    payments.breaker.fail_max = 7

def test_all_is_as_it_was():
    assert (payments.breaker.fail_max, payments.breaker.listeners, payments.breaker.fail_counter) == (2, (), 0)
    assert circuitbreaker.CircuitBreakerMonitor.get("ask").failure_count == 0

def test_of_a_host():
    fail(payments.of_host("example.org").call, 2)

def test_the_host_answers():
    assert payments.of_host("example.org").call(lambda: 200) == 200
""",
    }

    run = guarded(tmp_path / "suite", files=files)

    assert told(run.findings) == {
        ("test_opened", "payments.breaker", "closed, 0 failures", "open, 2 failures"),
        ("test_failed_once", "the circuit breaker ask", "closed, 0 failures", "closed, 1 failure"),
        ("test_a_listener", "payments.breaker.listeners", "none", "[<pybreaker.CircuitBreakerListener object>]"),
        ("test_a_setting", "payments.breaker.fail_max", "2", "7"),
        ("test_of_a_host", "the circuit breaker example.org", "closed, 0 failures", "open, 2 failures"),
    }, run.output
    assert "8 passed" in run.output
    assert all(item["line"] for item in run.findings), run.output


def test_breakers_that_no_later_test_meets_are_left_alone(tmp_path: Path) -> None:
    files = {
        "payments.py": PAYMENTS,
        "test_payments.py": f"""{HEAD}

@pytest.fixture(scope="module")
def opened():
    payments.breaker.open()
    yield
    payments.breaker.close()

def test_of_its_own():
    breaker = pybreaker.CircuitBreaker(fail_max=1)
    fail(breaker.call, 3)

def test_one_that_the_library_keeps_by_its_name():
    fail(circuitbreaker.circuit(failure_threshold=1, name="mine")(lambda gateway: gateway()), 1)
    assert circuitbreaker.CircuitBreakerMonitor.get("mine").opened

def test_open_for_a_module(opened):
    assert payments.breaker.current_state == "open"

def test_a_success_sets_back():
    fail(payments.ask, 2)
    payments.ask(lambda: 200)

def test_a_server_is_not_asked():
    assert payments.elsewhere._state_storage.asked == 1
""",
    }

    run = guarded(tmp_path / "suite", files=files)

    assert run.findings == [], run.output
    assert "5 passed" in run.output


def test_a_class_of_the_projects_own_is_watched_when_it_is_configured(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/fuses.py": """
class Fuse:
    def __init__(self):
        self.is_open, self.listeners, self.served = False, [], 0

    def blow(self):
        self.is_open = True
        self.served += 1


fuse = Fuse()
""",
        "test_fuse.py": """
from shop.fuses import fuse


def test_blown():
    fuse.blow()

def test_heard():
    fuse.listeners.append(print)

def test_served():
    fuse.served += 1
""",
    }

    plain = guarded(tmp_path / "plain", files=files)
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "pyproject.toml").write_text(
        '[tool.hermetic]\nbreaker-classes = ["shop.fuses.Fuse"]\n', encoding="utf-8"
    )
    run = guarded(tmp_path / "suite", files=files)

    assert {item["code"] for item in plain.findings} == {"HRM601"}, plain.output
    of_breakers = [item for item in run.findings if item["code"] == "HRM605"]
    assert told(of_breakers) == {
        ("test_blown", "shop.fuses.fuse.is_open", "False", "True"),
        ("test_heard", "shop.fuses.fuse.listeners", "none", "[<built-in function print>]"),
    }, run.output
    assert run.found == {("HRM605", "shop/fuses.py", 7), ("HRM605", "test_fuse.py", 9), ("HRM601", "test_fuse.py", 12)}


OWN_BREAKER = {
    "shop/__init__.py": "",
    "shop/fuses.py": """
class Fuse:
    def __init__(self):
        self.is_open, self.failed_at, self.listeners, self.callbacks, self.served = False, None, [], [[]], 0


fuse = Fuse()
""",
    "test_fuse.py": """
from shop.fuses import fuse


def test_opened():
    fuse.is_open = True

def test_failed():
    fuse.failed_at = "noon"

def test_heard():
    fuse.listeners.append(print)

def test_called_back():
    fuse.callbacks[0].append(print)

def test_served():
    fuse.served += 1
""",
}


def states_by_code(findings: list[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for item in findings:
        found.setdefault(item["code"], set()).add(item["state"].rpartition("fuse.")[2])
    return found


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", {"HRM605": {"is_open", "failed_at", "listeners"}, "HRM601": {"callbacks[0]", "served"}}),
        ('ignore = ["HRM605"]\n', {"HRM601": {"is_open", "failed_at", "listeners", "callbacks[0]", "served"}}),
    ],
    ids=["both rules", "without HRM605"],
)
def test_what_a_breaker_tells_is_reported_once_and_by_the_rule_that_is_on(
    tmp_path: Path, settings: str, expected: dict[str, set[str]]
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.hermetic]\nbreaker-classes = ["shop.fuses.Fuse"]\n{settings}', encoding="utf-8"
    )

    run = guarded(tmp_path, files=OWN_BREAKER)

    assert states_by_code(run.findings) == expected, run.output
    assert len(run.findings) == 5, run.output


def test_the_probe_keeps_no_breaker_alive() -> None:
    pybreaker = pytest.importorskip("pybreaker")
    listener = type("Listener", (), {"state_change": lambda *_: None})()
    listener.heard = breaker = pybreaker.CircuitBreaker(listeners=[listener])
    probe = BreakerProbe()
    probe.called("pybreaker.CircuitBreaker.__init__", (breaker,), {})
    before = probe.snapshot()
    breaker.open()
    assert before != probe.snapshot()
    gone = weakref.ref(breaker)

    del breaker, listener
    gc.collect()

    assert gone() is None
    assert probe.snapshot() == {}
