"""HRM603."""

from __future__ import annotations

from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule, node_id
from hermetic.catalogue.state._leaks import SUITE, Found, harmful

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project

CONFIG = """
class Config:
    _instance = None
    strict = False

    def __init__(self, region="eu"):
        self.region = region

    @classmethod
    def get(cls, **given):
        if cls._instance is None:
            cls._instance = cls(**given)
        return cls._instance
"""


class SingletonKept(Rule):
    """A test sets an attribute of a class, or leaves the one instance of it behind.

    Why it breaks:
    Attributes of a class are shared by all its objects and all tests of the worker. A singleton is made by whoever asks
    first: when that is a test with values of its own, every later test gets its object.

    Do this instead:
    Set class attributes with `monkeypatch.setattr(Config, "strict", True)`, and reset a singleton the same way:
    `monkeypatch.setattr(Config, "_instance", None)` before the test makes its own. Best, hand objects to the code that
    needs them.

    Limits:
    The linter sees what a suite itself sets on classes of the project, and what it puts into containers of theirs. What
    the code under test sets when it is asked is for the plugin to see.
    Classes that are defined in test files are reported in the `project` preset alone, and so is what code under test
    sets only behind a second call.
    The plugin sees classes of the project's modules, test files included: attributes of the class itself set to another
    object, and lists, dictionaries, sets and deques of up to 1,000 items among them, one level deep. What is left alone
    is the same as for module data, and is listed there (HRM601). Above all, a singleton is reported only when something
    in it comes from the test: a mock, something defined in a test file, a path in its temporary folder, or a text that
    is written in the test and not in the module of the class. What a fixture or setup of a class sets on that class is
    left alone, and so is what it sets on one above it whose own setup does the same each time. An entry of a class's
    table that test code writes counts where its key is written out, not where it is computed.
    """

    code = "HRM603"
    name = "singleton-kept"
    symptoms = (
        "a singleton or class attribute keeps another test's value",
        "get_instance returns an object with the wrong configuration",
    )
    repair = "set it with monkeypatch.setattr on the class, or reset it after a fixture's yield"
    message = "{what} is {done} {where} and not {undone}"
    late_message = "{what} is {done} {where} and {undone} only when nothing fails in between"
    claims = (LINT, GUARD)
    tokens = SUITE
    reached = ()
    related = ("HRM308", "HRM601", "HRM602")

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the attributes of classes that tests set for good."""
        for found, root in harmful(self.code, module, project):
            leak = found.leak
            if not is_in_tests(found, project) or {PROJECT, self.code} & project.presets:
                template = self.late_message if leak.late else self.message
                message = template.format(**found.told(root, project, "set"))
                yield self.finding(leak.change.scope.module, leak.change.node, message, test=node_id(root))

    bad = (
        Example(
            "a test sets a class attribute",
            {
                "config.py": CONFIG,
                "test_strict.py": """
from config import Config


def test_strict_mode():
    Config.strict = True  # <- HRM603
    assert Config().strict


def test_lenient_mode():
    assert not Config().strict
""",
            },
        ),
        Example(
            "the first test to ask makes the one instance, with values of its own",
            {
                "config.py": CONFIG.replace(
                    "cls._instance = cls(**given)\n", "cls._instance = cls(**given)  # <- HRM603\n"
                ),
                "test_config.py": """
from config import Config


def test_the_region_can_be_chosen():
    assert Config.get(region="us").region == "us"


def test_the_region_is_europe():
    assert Config.get().region == "eu"
""",
            },
            claims=(GUARD,),
        ),
        Example(
            "a list that belongs to the class collects what its objects do",
            {
                "mailer.py": """
class Mailer:
    sent = []

    def send(self, text):
        self.sent.append(text)  # <- HRM603
""",
                "test_mailer.py": """
from mailer import Mailer


class TestMailer:
    def setup_method(self):
        self.mailer = Mailer()

    def test_a_letter_is_sent(self):
        self.mailer.send("hello")
        assert self.mailer.sent == ["hello"]

    def test_nothing_is_sent(self):
        assert self.mailer.sent == []
""",
            },
            claims=(GUARD,),
        ),
        Example(
            "a list of the class grows through an object of it, and a number of the class is set through its type",
            {
                "exporter.py": """
class Exporter:
    formats = ["csv", "json"]
    limit = 10

    def supports(self, name):
        return name in self.formats
""",
                "test_exporter.py": """
import pytest
from exporter import Exporter


@pytest.fixture
def narrow():
    made = Exporter()
    type(made).limit = 1  # <- HRM603
    return made


def test_a_format_is_added():
    exporter = Exporter()
    exporter.formats.append("xml")  # <- HRM603
    assert exporter.supports("xml")


def test_the_limit_is_low(narrow):
    assert narrow.limit == 1


def test_the_defaults():
    assert (Exporter.formats, Exporter.limit) == (["csv", "json"], 10)
""",
            },
        ),
    )
    good = (
        Example(
            "monkeypatch gives the test an instance and a value of its own",
            {
                "config.py": CONFIG,
                "test_config.py": """
import pytest

from config import Config


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(Config, "_instance", None)


def test_the_region_can_be_chosen():
    assert Config.get(region="us").region == "us"


def test_strict_mode(monkeypatch):
    monkeypatch.setattr(Config, "strict", True)
    assert Config.get().strict


def test_the_defaults():
    assert (Config.get().region, Config.strict) == ("eu", False)
""",
            },
        ),
        Example(
            "an instance that holds only defaults is the same for everybody",
            {
                "config.py": CONFIG,
                "test_config.py": """
from config import Config


def test_the_region_is_europe():
    assert Config.get().region == "eu"


def test_there_is_one():
    assert Config.get() is Config.get()
""",
            },
        ),
        Example(
            "a finally and a tearDown put it back",
            {
                "config.py": CONFIG,
                "test_config.py": """
import unittest

from config import Config


class ConfigTest(unittest.TestCase):
    def setUp(self):
        Config._instance = Config(region="us")

    def tearDown(self):
        Config._instance = None

    def test_america(self):
        self.assertEqual(Config.get().region, "us")


def test_strict_mode():
    Config.strict = True
    try:
        assert Config().strict
    finally:
        Config.strict = False


def test_the_defaults():
    assert (Config.get().region, Config.strict) == ("eu", False)
""",
            },
        ),
    )


def is_in_tests(found: Found, project: Project) -> bool:
    """Tell whether the class that is changed is defined in a test file: most of those are there to be changed."""
    owner = found.dotted.rpartition(".")[0]
    if owner.startswith("."):
        return True
    cls = project.definition(owner, found.leak.change.scope.module.folder)
    return cls is not None and cls.module.is_test
