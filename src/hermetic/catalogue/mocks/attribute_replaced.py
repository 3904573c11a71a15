"""HRM308."""

from __future__ import annotations

from hermetic.catalogue.rule import GUARD, LINT, Example, Rule, node_id
from hermetic.catalogue.state._leaks import SUITE, leaks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project


class AttributeReplaced(Rule):
    """A test sets a function or class of a module, or a method of a class, and does not put the old one back.

    Why it breaks:
    Modules and classes are shared by all tests of a worker. From there on every test gets the replacement: some pass
    only because of it, others fail only behind it, and which ones depends on the order and on the worker.

    Do this instead:
    Use `monkeypatch.setattr`, or `mock.patch.object` as a decorator or in a `with`. Where it has to be an assignment,
    keep the old value and set it back in a `finally`, with `addCleanup`, or after the fixture's `yield`.

    Limits:
    The linter sees assignments, `setattr` with a written-out name, and `del`, in the suite itself: on modules, on
    classes, and on objects of a module of the project. Of libraries it sees what is set to a function, class or mock.
    The attributes of a mock, or of another object that a patch puts there for the test, are left alone, and so is what
    goes with a request or application context of Flask or Quart (`flask.g.user`).
    What code under test replaces only behind a second call is reported in the `project` preset alone.
    Of libraries, the plugin compares those attributes that an assignment in the project names: `time.sleep = fake`,
    or `setattr(time, "sleep", fake)`. Of objects, only the methods that an assignment names through a module: with
    `from shop import clerk`, `clerk.till.open = fake`. A class within a class or function is not looked at. Left alone
    is what code under test puts into a module under a new name that it works out and that nobody's text has in it, and
    what a fixture or setup of a class gives to that class, or one of a file to that file.
    Other data of a module or class is the business of HRM601 and HRM603.
    """

    code = "HRM308"
    name = "attribute-replaced"
    symptoms = (
        "a function of a module stays replaced in later tests",
        "a fake method or class is called by a test that did not ask for it",
        "an error comes out of a fake that another file defines",
    )
    message = "{what} is {done} {where} and not {undone}"
    late_message = "{what} is {done} {where} and {undone} only when nothing fails in between"
    repair = "use monkeypatch.setattr, or mock.patch.object in a with statement or as a decorator"
    fixed_by = "hermetic.repair.attribute"
    claims = (LINT, GUARD)
    tokens = SUITE
    reached = ()
    related = ("HRM304", "HRM601", "HRM603")

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the functions and classes that are replaced for good."""
        for found in leaks_of(module, project):
            leak, root = found.leak, found.leak.root
            if found.code == self.code and root is not None:
                template = self.late_message if leak.late else self.message
                message = template.format(**found.told(root, project, "replaced"))
                yield self.finding(leak.change.scope.module, leak.change.node, message, test=node_id(root))

    bad = (
        Example(
            "a function of a library is replaced by an assignment",
            {
                "test_wait.py": """
import time


def test_the_wait_is_short():
    waits = []
    time.sleep = waits.append  # <- HRM308
    time.sleep(60)
    assert waits == [60]


def test_time_passes():
    start = time.monotonic()
    time.sleep(0.02)
    assert time.monotonic() - start > 0.01
"""
            },
        ),
        Example(
            "a method of the code under test is put back only when the test passes",
            {
                "bank.py": """
class Account:
    def balance(self):
        return 0
""",
                "test_bank.py": """
from unittest.mock import Mock

from bank import Account


def test_a_rich_account():
    original = Account.balance
    Account.balance = Mock(return_value=5)  # <- HRM308
    assert Account().balance() == 6
    Account.balance = original


def test_a_new_account_is_empty():
    assert Account().balance() == 0
""",
            },
        ),
        Example(
            "a fixture sets a function of a module, through setattr in a helper",
            {
                "rates.py": """
def fetch(currency):
    return 1.0


def price(amount, currency):
    return amount * fetch(currency)
""",
                "conftest.py": """
import pytest
import rates


def replace(module, **functions):
    for name, function in functions.items():
        setattr(module, name, function)  # <- HRM308


@pytest.fixture
def doubled():
    replace(rates, fetch=lambda currency: 2.0)
""",
                "test_rates.py": """
import rates


def test_a_doubled_price(doubled):
    assert rates.price(10, "EUR") == 20


def test_a_price():
    assert rates.price(10, "EUR") == 10
""",
            },
            claims=(GUARD,),
        ),
        Example(
            "a class of a module is replaced in setUpClass, and nothing takes the fake away",
            {
                "mail.py": """
class Sender:
    def send(self, text):
        return len(text)


def notify(text):
    return Sender().send(text)
""",
                "test_mail.py": """
import unittest

import mail


class Fake:
    def send(self, text):
        return 0


class NotifyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        mail.Sender = Fake  # <- HRM308

    def test_nothing_is_sent(self):
        self.assertEqual(mail.notify("hello"), 0)


def test_a_text_is_sent():
    assert mail.notify("hello") == 5
""",
            },
        ),
        Example(
            "a helper of the suite replaces a method of an object that a module holds",
            {
                "alarm.py": """
class Horn:
    def sound(self):
        return "loud"


class Alarm:
    def __init__(self):
        self.horn = Horn()

    def ring(self):
        return self.horn.sound()


alarm = Alarm()
""",
                "silence.py": """
import alarm


def silence():
    alarm.alarm.horn.sound = lambda: "quiet"  # <- HRM308
""",
                "test_alarm.py": """
import alarm
import silence


def test_a_quiet_alarm():
    silence.silence()
    assert alarm.alarm.ring() == "quiet"


def test_a_loud_alarm():
    assert alarm.alarm.ring() == "loud"
""",
            },
        ),
    )
    good = (
        Example(
            "monkeypatch and patch put the old function back",
            {
                "test_wait.py": """
import time
from unittest import mock


def test_the_wait_is_short(monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    time.sleep(60)
    assert waits == [60]


@mock.patch("time.sleep")
def test_the_wait_is_mocked(sleep):
    time.sleep(60)
    sleep.assert_called_once_with(60)


def test_time_passes():
    assert time.sleep(0) is None
"""
            },
        ),
        Example(
            "an assignment is taken back in a finally, and after the yield of a fixture for the module",
            {
                "bank.py": """
class Account:
    def balance(self):
        return 0

    @staticmethod
    def currency():
        return "EUR"
""",
                "test_bank.py": """
import pytest
from bank import Account


@pytest.fixture(scope="module")
def dollars():
    original = Account.__dict__["currency"]
    Account.currency = staticmethod(lambda: "USD")
    yield
    Account.currency = original


def test_a_rich_account(dollars):
    original = Account.balance
    Account.balance = lambda self: 5
    try:
        assert Account().balance() == 5
    finally:
        Account.balance = original


def test_a_new_account_is_empty(dollars):
    assert (Account().balance(), Account.currency()) == (0, "USD")
""",
            },
        ),
        Example(
            "an attribute of an object or class that the test made is the test's own",
            {
                "test_own.py": """
from types import SimpleNamespace
from unittest.mock import MagicMock, PropertyMock


class Client:
    def get(self):
        return 1


def test_an_instance_has_its_own():
    client = Client()
    client.get = lambda: 2
    assert client.get() == 2


def test_a_subclass_has_its_own():
    class Fake(Client):
        pass

    Fake.get = lambda self: 3
    module = SimpleNamespace()
    module.get = Fake().get
    assert module.get() == 3


def test_a_mock_has_a_class_of_its_own():
    response = MagicMock()
    type(response).status = PropertyMock(return_value=200)
    assert response.status == 200


def test_an_object_of_such_a_class_leads_to_it():
    class Fake(Client):
        pass

    fake = Fake()
    type(fake).get = lambda self: 4
    assert fake.get() == 4


def test_the_class_is_as_it_was():
    assert (Client().get(), hasattr(MagicMock, "status")) == (1, False)
"""
            },
        ),
    )
