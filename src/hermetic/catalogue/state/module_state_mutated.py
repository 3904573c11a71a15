"""HRM601."""

from __future__ import annotations

from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule, node_id, reached_from
from hermetic.catalogue.state._leaks import SUITE, TOKENS, harmful

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project

SHOP = """
BASKET = []
RATES = {"eur": 1.0, "usd": 1.1}
ALLOWED = {"card", "cash"}
LOCALE = "de"


def add(item):
    BASKET.append(item)


def use_locale(name):
    global LOCALE
    LOCALE = name
"""


APP = """
from flask import Flask

app = Flask(__name__)
app.config["PAGE_SIZE"] = 20


@app.get("/size")
def size():
    return str(app.config["PAGE_SIZE"])
"""
SITE = """
from django.conf import settings

if not settings.configured:
    settings.configure(SECRET_KEY="tests", PAGE_SIZE=20)
"""
SIGNALS = """
from blinker import signal

saved = signal("saved")


def save(name):
    return [answer for _, answer in saved.send(name)]
"""
MODELS = """
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker

engine = create_engine("sqlite://")
Session = scoped_session(sessionmaker(bind=engine))


def is_idle():
    return not Session.registry.has()
"""


class ModuleStateMutated(Rule):
    """A test changes data of a module, and it stays changed.

    Why it breaks:
    A module is imported once in each worker, so what its lists, dictionaries, sets and names hold is shared by all
    tests there. What one test puts in or sets is there for the next, which passes alone and fails behind it.

    Do this instead:
    Let `monkeypatch.setattr`, `monkeypatch.setitem` or `mock.patch.dict` make the change, or put the value back after
    a fixture's `yield`: `before = list(shop.BASKET)`, then `shop.BASKET[:] = before`. Best, let code get such data from
    its caller, so that a test can make its own.

    Limits:
    The linter sees what a suite sets in other modules of the project, and what a function of such a module certainly
    changes of it when a test calls that function: `global` names, lists, dictionaries and sets. What a test file keeps
    for itself is for the plugin to see. What code under test changes only behind a second call is reported in the
    `project` preset alone; so is what it changes under a name that the test file does not mention.
    It leaves alone a value that is the module's own (the same constant or name, what a variable of the environment
    gives that is not set, or an object that the same call makes of the same constants), one that the tests' packages or
    a `conftest.py` set at import, the attributes of an object that a patch has put there, and what a teardown puts back
    through a setter of the module, by reloading it or through its `__dict__`. So it does names of modules where hooks
    of a `conftest.py` keep what modules hold, or set it before the first test. What is taken out of a container that
    need not have it (`discard`, `pop(name, None)`) is reported in the `project` preset alone. The plugin sees the
    modules of the project, test files included: names bound to other objects, and what lists, dictionaries, sets and
    deques hold, three steps deep (`hermetic_depth`); of more than 1,000 items it compares the number and a sample, and
    says so. Of an object of the project it sees a public attribute that the test, its fixtures or their helpers name.
    It also sees what Flask, Django, blinker, SQLAlchemy and the standard library keep; the page of the plugin lists it.
    Filling in what is meant to be filled is left alone:

    - anything whose name speaks of a cache, memo, pool, counter, lock, and the like;
    - a dictionary or set with a private name (`_name`) that only grows;
    - a name that was `None` or not there and is now set, or the other way round, unless the value is the test's: a
      mock, something defined in a test file, a text that is written in the test and not in the module, or what the
      test, a fixture of it or a helper assigns to that name itself;
    - a new name that code under test works out for itself, and that nobody's text has in it;
    - a private flag such as `_initialized` that is set, a number with a private name or one that counts;
    - what happens while a module is imported.

    Not left alone is what the test, a fixture of it or a helper in a file of tests does by hand: an entry that it
    writes (`module._cache["key"] = ...`) or something that it puts into a list or set (`module.SEEN.append(...)`),
    unless one of them empties that with `clear()`; a value that it writes out (`module.COUNT = 5`), unless the module
    begins with that value; a stand-in of the test (`module.cache = FakeCache()`). So a private counter of a helper,
    or a singleton that the code under test makes for itself, is not seen even where a test depends on its value: it
    looks like the many that do no harm.
    """

    code = "HRM601"
    name = "module-state-mutated"
    symptoms = (
        "a module's list or dict grows from test to test",
        "a counter, registry or cache in a module holds another test's entries",
        "a global variable has another value in another order",
    )
    repair = "change it with monkeypatch, or put it back after a fixture's yield"
    message = "{what} is {done} {where} and not {undone}"
    late_message = "{what} is {done} {where} and {undone} only when nothing fails in between"
    claims = (LINT, GUARD)
    tokens = SUITE
    reached = TOKENS
    follows = "calls"
    related = ("HRM308", "HRM403", "HRM603")

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the data of modules that tests change for good."""
        for found, root in harmful(self.code, module, project):
            leak = found.leak
            template = self.late_message if leak.late else self.message
            message = template.format(**found.told(root, project, "changed"))
            yield self.finding(leak.change.scope.module, leak.change.node, message, test=node_id(root))
        if not project.leading.calls(module, TOKENS):
            return
        from hermetic.catalogue.state._through import changed_through, is_known_to_tests

        asked = not project.presets.isdisjoint((PROJECT, self.code))
        for changed in changed_through(module, project):
            if not (asked or is_known_to_tests(changed)):
                continue
            what, where = f"{changed.scope.module.name}.{changed.name}", reached_from(changed.scope, changed.root)
            message = self.message.format(what=what, done="changed", where=where, undone="put back")
            yield self.finding(changed.scope.module, changed.node, message, test=node_id(changed.root))

    bad = (
        Example(
            "a list of the code under test grows",
            {
                "shop.py": SHOP.replace("    BASKET.append(item)\n", "    BASKET.append(item)  # <- HRM601\n"),
                "test_shop.py": """
import shop


def test_an_item_is_added():
    shop.add("tea")
    assert shop.BASKET == ["tea"]


def test_the_basket_is_empty():
    assert shop.BASKET == []
""",
            },
        ),
        Example(
            "a test replaces an entry of a dictionary",
            {
                "shop.py": SHOP,
                "test_rates.py": """
from shop import RATES


def test_a_rate_changes():
    RATES["usd"] = 2.0  # <- HRM601
    assert RATES["usd"] == 2.0


def test_the_rate_is_known():
    assert RATES["usd"] == 1.1
""",
            },
        ),
        Example(
            "a function binds a global name to something else",
            {
                "shop.py": SHOP.replace("    LOCALE = name\n", "    LOCALE = name  # <- HRM601\n"),
                "test_locale.py": """
import pytest

import shop


@pytest.fixture
def french():
    shop.use_locale("fr")


def test_french(french):
    assert shop.LOCALE == "fr"


def test_german_is_the_default():
    assert shop.LOCALE == "de"
""",
            },
        ),
        Example(
            "something is taken out of a set, and put back only when the assertion holds",
            {
                "shop.py": SHOP,
                "test_payment.py": """
import shop


def test_cash_is_refused():
    shop.ALLOWED.remove("cash")  # <- HRM601
    assert "card" not in shop.ALLOWED
    shop.ALLOWED.add("cash")


def test_cash_is_allowed():
    assert "cash" in shop.ALLOWED
""",
            },
        ),
        Example(
            "the configuration of a Flask application stays as one test needs it",
            {
                "shop.py": APP,
                "test_shop.py": """
import shop


def test_small_pages():
    shop.app.config["PAGE_SIZE"] = 2  # <- HRM601
    assert shop.app.test_client().get("/size").text == "2"


def test_pages_have_twenty_rows():
    assert shop.app.test_client().get("/size").text == "20"
""",
            },
            claims=(GUARD,),
            needs=("flask",),
        ),
        Example(
            "a setting of Django is assigned",
            {
                "conftest.py": SITE,
                "test_pages.py": """
from django.conf import settings


def test_small_pages():
    settings.PAGE_SIZE = 2  # <- HRM601
    assert settings.PAGE_SIZE == 2


def test_pages_have_twenty_rows():
    assert settings.PAGE_SIZE == 20
""",
            },
            claims=(GUARD,),
            needs=("django",),
        ),
        Example(
            "a receiver of a signal stays connected",
            {
                "signals.py": SIGNALS,
                "test_signals.py": """
import signals


def hear(sender):
    return "heard"


def test_a_receiver_is_told():
    signals.saved.connect(hear)  # <- HRM601
    assert signals.save("tea") == ["heard"]


def test_nobody_listens():
    assert signals.save("tea") == []
""",
            },
            claims=(GUARD,),
            needs=("blinker",),
        ),
        Example(
            "the session of the thread is left in a transaction",
            {
                "models.py": MODELS,
                "test_models.py": """
from sqlalchemy import text

import models


def test_a_query():
    assert models.Session.execute(text("select 1")).scalar() == 1  # <- HRM601


def test_no_session_is_in_use():
    assert models.is_idle()
""",
            },
            claims=(GUARD,),
            needs=("sqlalchemy",),
        ),
    )
    good = (
        Example(
            "monkeypatch puts the configuration of an application back",
            {
                "shop.py": APP,
                "test_shop.py": """
import shop


def test_small_pages(monkeypatch):
    monkeypatch.setitem(shop.app.config, "PAGE_SIZE", 2)
    assert shop.app.test_client().get("/size").text == "2"


def test_pages_have_twenty_rows():
    assert shop.app.test_client().get("/size").text == "20"
""",
            },
            needs=("flask",),
        ),
        Example(
            "override_settings puts a setting back",
            {
                "conftest.py": SITE,
                "test_pages.py": """
from django.conf import settings
from django.test import override_settings


@override_settings(PAGE_SIZE=2)
def test_small_pages():
    assert settings.PAGE_SIZE == 2


def test_pages_have_twenty_rows():
    assert settings.PAGE_SIZE == 20
""",
            },
            needs=("django",),
        ),
        Example(
            "a receiver is connected for the length of a test",
            {
                "signals.py": SIGNALS,
                "test_signals.py": """
import signals


def hear(sender):
    return "heard"


def test_a_receiver_is_told():
    with signals.saved.connected_to(hear):
        assert signals.save("tea") == ["heard"]


def test_nobody_listens():
    assert signals.save("tea") == []
""",
            },
            needs=("blinker",),
        ),
        Example(
            "a fixture removes the session of the thread",
            {
                "models.py": MODELS,
                "test_models.py": """
import pytest
from sqlalchemy import text

import models


@pytest.fixture
def session():
    yield models.Session()
    models.Session.remove()


def test_a_query(session):
    assert session.execute(text("select 1")).scalar() == 1


def test_no_session_is_in_use():
    assert models.is_idle()
""",
            },
            needs=("sqlalchemy",),
        ),
        Example(
            "monkeypatch and patch.dict put it back",
            {
                "shop.py": SHOP,
                "test_shop.py": """
from unittest import mock

import shop


def test_a_rate_changes(monkeypatch):
    monkeypatch.setitem(shop.RATES, "usd", 2.0)
    monkeypatch.setattr(shop, "LOCALE", "fr")
    assert (shop.RATES["usd"], shop.LOCALE) == (2.0, "fr")


def test_there_are_no_rates():
    with mock.patch.dict(shop.RATES, clear=True):
        assert shop.RATES == {}


def test_the_defaults():
    assert (shop.RATES["usd"], shop.LOCALE) == (1.1, "de")
""",
            },
        ),
        Example(
            "a fixture puts back what the test changes, whatever happens",
            {
                "shop.py": SHOP,
                "test_shop.py": """
import pytest

import shop


@pytest.fixture
def basket():
    before = list(shop.BASKET)
    yield shop.BASKET
    shop.BASKET[:] = before


def test_an_item_is_added(basket):
    shop.add("tea")
    assert basket == ["tea"]


def test_the_basket_is_empty():
    assert shop.BASKET == []
""",
            },
        ),
        Example(
            "memo tables and what is made when it is first asked for hold nothing of the test",
            {
                "prices.py": """
_rates = None
_rounded = {}
TAX_CACHE = {}


def rates():
    global _rates
    if _rates is None:
        _rates = {"usd": 1.1}
    return _rates


def rounded(value):
    if value not in _rounded:
        _rounded[value] = TAX_CACHE[value] = round(value)
    return _rounded[value]
""",
                "test_prices.py": """
import prices


def test_a_rate_is_known():
    assert prices.rates()["usd"] == 1.1


def test_prices_are_rounded():
    assert prices.rounded(2.4) == 2
""",
            },
        ),
        Example(
            "a copy is changed",
            {
                "shop.py": SHOP,
                "test_shop.py": """
import shop


def test_a_rate_changes():
    rates = dict(shop.RATES)
    rates["usd"] = 2.0
    assert rates != shop.RATES


def test_the_rate_is_known():
    assert shop.RATES["usd"] == 1.1
""",
            },
        ),
    )
