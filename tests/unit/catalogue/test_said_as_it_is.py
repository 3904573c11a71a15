"""A message says whether a change is put back at all, and what is set to the value that it starts with is no change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic import config
from hermetic.catalogue import registry
from hermetic.lint import selection
from hermetic.lint.engine import Engine
from tests.utils.lint import lint_files, relative, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.finding import Finding

DEFAULTS = ("recommended",)
LATE = "only when nothing fails"
BEFORE = """
import contextlib
import signal


@contextlib.contextmanager
def quiet():
    before = ignore()
    yield
    {after}


def ignore():
    {returned}signal.signal(signal.SIGINT, signal.SIG_IGN)
"""


@pytest.mark.parametrize(
    ("returned", "after", "late"),
    [
        ("return ", "signal.signal(signal.SIGINT, before)", True),
        ("", "signal.signal(signal.SIGINT, before)", False),
        ("return ", "print(before)", False),
    ],
)
def test_a_manager_without_finally_puts_back_what_its_helper_has_returned(
    returned: str, after: str, late: bool, tmp_path: Path
) -> None:
    test = "import jobs\n\n\ndef test_a():\n    with jobs.quiet():\n        assert jobs\n"
    files = {"jobs.py": BEFORE.format(returned=returned, after=after), "test_it.py": test}

    items = lint_files(files, tmp_path, select=("HRM106",))

    assert [LATE in item.message for item in items] == [late]


CLIENT = """
import os

from clients import Client


def test_a():
    os.environ["CLIENT_URL"] = "http://there"
    client = Client.{maker}()
    assert client
    client.close()
"""


@pytest.mark.parametrize(("maker", "late"), [("from_env_properties", False), ("patched_environ", True)])
def test_closing_what_is_made_from_the_environment_puts_nothing_back(maker: str, late: bool, tmp_path: Path) -> None:
    items = lint_files({"test_it.py": CLIENT.format(maker=maker)}, tmp_path, select=("HRM101",))

    assert [LATE in item.message for item in items] == [late]


STORE = """
from typing import cast


class Store:
    def __init__(self, *, strict=True, size=1):
        self.rows = []


def plain(text):
    return text


STORE = Store(strict=False, size=2)
FORMATTER = cast("object", plain)
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("store.STORE = store.Store(strict=False, size=2)", 0),
        ("store.STORE = store.Store(strict=False, size=3)", 1),
        ("store.STORE = store.Store(strict=False)", 1),
        ("store.STORE = store.Store(strict=bool(0), size=2)", 1),
        ("store.FORMATTER = store.plain", 0),
        ("store.FORMATTER = store.Store", 1),
    ],
)
def test_the_value_that_a_module_starts_with_is_no_change(line: str, found: int, tmp_path: Path) -> None:
    test = f"import store\n\n\ndef test_a():\n    {line}\n    assert store.STORE\n"

    assert len(lint_files({"store.py": STORE, "test_it.py": test}, tmp_path, select=DEFAULTS)) == found


SAVING = """
import os

NAME, OTHER = "model.sav", "result.sav"


def clear(name):
    try:
        os.unlink(name)
    except OSError:
        pass


def test_a():
    with open(NAME, "w") as file:
        file.write("model")
    assert os.path.exists(NAME)
    {ending}
"""


@pytest.mark.parametrize(
    ("ending", "found"),
    [("clear(NAME)", 0), ("clear('model.sav')", 0), ("clear(OTHER)", 1), ("os.path.getsize(NAME)", 1)],
)
def test_a_helper_that_removes_the_path_which_it_is_given(ending: str, found: int, tmp_path: Path) -> None:
    assert len(lint_files({"test_it.py": SAVING.format(ending=ending)}, tmp_path, select=("HRM502",))) == found


@pytest.mark.parametrize(
    ("conftest", "found"),
    [
        ("collect_ignore = ['test_new.py']\n", []),
        ("collect_ignore = ['test_other.py']\n", ["tests/test_new.py"]),
        ("ignored = ['test_new.py']\n", ["tests/test_new.py"]),
    ],
)
def test_a_file_that_the_conftest_keeps_from_pytest_need_not_parse(
    conftest: str, found: list[str], tmp_path: Path
) -> None:
    files = {"tests/conftest.py": conftest, "tests/test_new.py": "from .rows import Row\n(", "tests/rows.py": "("}

    assert [item.path for item in unparsed(files, tmp_path)] == (["tests/rows.py", *found] if found else [])


def unparsed(files: dict[str, str], folder: Path) -> list[Finding]:
    """Return the findings of a run over a folder, none of whose files is named."""
    paths = write_files(files, folder)
    (folder / "pyproject.toml").touch()
    settings = config.load(str(folder))
    engine = Engine(settings, selection.choose(registry.indexed(), settings))
    engine.named = frozenset()
    found = engine.check(paths)
    for item in found:
        item.path = relative(item.path, folder)
    return found


FAILING = """
import sys


def test_a():
    sys.modules["shop"] = object()
    try:
        import shop
    except Exception:
        sys.modules.pop("shop")
        {last}
"""


@pytest.mark.parametrize(
    ("last", "said"), [("raise", "and not put back"), ("print()", "and put back only when nothing fails in between")]
)
def test_what_only_a_failure_puts_back_is_not_put_back(last: str, said: str, tmp_path: Path) -> None:
    items = lint_files({"test_it.py": FAILING.format(last=last)}, tmp_path, select=("HRM104",))

    assert [item.message.partition(" test_a ")[2] for item in items] == [said]


PASSES = """
import os


def test_a():
    for on in {values}:
        if {asked}:
            os.environ["SHOP_MODE"] = "on"
        else:
            os.environ.pop("SHOP_MODE", None)
        assert os.environ
"""


@pytest.mark.parametrize(
    ("values", "asked", "said"),
    [
        ("[True, False]", "on", "and put back only when nothing fails in between"),
        ("(1, 2, 0)", "on", "and put back only when nothing fails in between"),
        ("[False, True]", "on", "and not put back"),
        ("[True, off]", "on", "and not put back"),
        ("[]", "on", "and not put back"),
        ("modes", "on", "and not put back"),
        ("[True, False]", "off", "and not put back"),
    ],
)
def test_the_last_pass_of_a_loop_may_put_back(values: str, asked: str, said: str, tmp_path: Path) -> None:
    test = PASSES.format(values=values, asked=asked)

    items = lint_files({"test_it.py": test}, tmp_path, select=("HRM101",))

    assert [item.message.partition(" test_a ")[2] for item in items] == [said]


FILLED = """
import menu
from menu import DISHES


def test_a():
    {change}
    assert DISHES
    {back}
"""


@pytest.mark.parametrize("change", ["DISHES['tea'] = 1", "menu.DISHES['tea'] = 1", "DISHES.update(tea=1)"])
@pytest.mark.parametrize(
    ("first", "back", "said"),
    [
        ("{}", "DISHES.clear()", ["and put back only when nothing fails in between"]),
        ("dict()", "menu.DISHES.clear()", ["and put back only when nothing fails in between"]),
        ("{'cake': 2}", "DISHES.clear()", ["and not put back"]),
        ("{}", "print(DISHES)", ["and not put back"]),
        ("{}", "menu.OTHERS.clear()", ["and not put back"]),
    ],
)
def test_to_clear_what_is_empty_at_first_puts_it_back(
    first: str, back: str, said: list[str], change: str, tmp_path: Path
) -> None:
    files = {
        "menu.py": f"DISHES = {first}\nOTHERS = {{}}\n",
        "test_it.py": FILLED.format(change=change, back=back),
    }

    items = lint_files(files, tmp_path, select=("HRM601",))

    assert [item.message.partition(" test_a ")[2] for item in items] == said


READ = '{name: getattr(shop, name).copy() for name in ["prices"]}'
KEPT = """
import shop


def test_a():
    kept = {kept}
    shop.prices["tea"] = 1
    assert shop.prices
    for name, old in kept.items():
        {back}
"""


@pytest.mark.parametrize(
    ("kept", "back", "said"),
    [
        (READ, "setattr(shop, name, old)", "and put back only when nothing fails in between"),
        (READ, "setattr(shop, name, 1)", "and not put back"),
        (READ, "setattr(kept, name, old)", "and not put back"),
        ('{"prices": {}}', "setattr(shop, name, old)", "and not put back"),
    ],
)
def test_a_loop_over_what_was_kept_puts_it_back(kept: str, back: str, said: str, tmp_path: Path) -> None:
    files = {"shop.py": "prices = {'tea': 2}\n", "test_it.py": KEPT.format(kept=kept, back=back)}

    items = lint_files(files, tmp_path, select=("HRM601",))

    assert [item.message.partition(" test_a ")[2] for item in items] == [said]


CACHED = """
import functools
import os


@functools.lru_cache
def mode():
    return os.environ.get("SHOP_MODE")
"""
ASKING = """
from shop import mode


def test_a(monkeypatch):
    {before}
    monkeypatch.setenv("SHOP_MODE", "test")
    assert mode() == "test"
    {after}
"""
CLEARS = "mode.cache_clear()"


@pytest.mark.parametrize(
    ("before", "after", "default", "wide"),
    [
        (CLEARS, CLEARS, [], [True]),
        ("pass", CLEARS, [], [True]),
        (CLEARS, "pass", [False], [False]),
    ],
)
def test_a_cache_that_the_test_clears_below_keeps_its_result_only_when_something_fails(
    before: str, after: str, default: list[bool], wide: list[bool], tmp_path: Path
) -> None:
    files = {"shop.py": CACHED, "test_it.py": ASKING.format(before=before, after=after)}

    for select, expected in ((("HRM602",), default), (("HRM602", "project"), wide)):
        items = lint_files(files, tmp_path, select=select)
        assert [LATE in item.message for item in items if item.code == "HRM602"] == expected


SHOP = """
import collections

NAMES = {"ann"}
"""
MUTATED = """
import shop


def test_a():
    before = {saved}
    {changed}
    assert shop
    {back}
"""


@pytest.mark.parametrize(
    ("saved", "changed", "back", "late"),
    [
        ("shop.NAMES", "shop.NAMES.add('bob')", "shop.NAMES = before", False),
        ("shop.NAMES", "shop.NAMES = {'bob'}", "shop.NAMES = before", True),
        ("set(shop.NAMES)", "shop.NAMES.add('bob')", "shop.NAMES = before", True),
    ],
)
def test_to_set_the_object_again_that_a_method_has_changed_puts_nothing_back(
    saved: str, changed: str, back: str, late: bool, tmp_path: Path
) -> None:
    files = {"shop.py": SHOP, "test_it.py": MUTATED.format(saved=saved, changed=changed, back=back)}

    items = lint_files(files, tmp_path, select=("HRM601",))

    assert [LATE in item.message for item in items] == [late]


LIMITS = """
from collections import defaultdict

delays: dict = defaultdict(lambda: 10)


def reset():
    global delays
    delays = {made}
"""


@pytest.mark.parametrize("line", ["limits.reset()", "limits.delays = {made}"])
@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("defaultdict(lambda: 10)", []),
        ("defaultdict(lambda: -10)", ["HRM601"]),
        ("defaultdict(lambda: 20)", ["HRM601"]),
        ("defaultdict(int)", ["HRM601"]),
    ],
)
def test_what_is_made_again_by_the_same_function_is_no_change(
    line: str, made: str, found: list[str], tmp_path: Path
) -> None:
    changed = line.format(made=made)
    test = (
        f"from collections import defaultdict\n\nimport limits\n\n\ndef test_a():\n    {changed}\n    limits.delays\n"
    )
    files = {"limits.py": LIMITS.format(made=made), "test_it.py": test}

    assert [item.code for item in lint_files(files, tmp_path, select=DEFAULTS)] == found


RATE = """
rate = 1


def set_rate():
    global rate
    rate = {given}
"""


@pytest.mark.parametrize(("given", "found"), [("1", []), ("2", ["HRM601"]), ("True", ["HRM601"]), ("1.0", ["HRM601"])])
def test_a_function_that_sets_what_the_module_starts_with_changes_nothing(
    given: str, found: list[str], tmp_path: Path
) -> None:
    test = "import prices\n\n\ndef test_a():\n    prices.set_rate()\n    assert prices.rate\n"
    files = {"prices.py": RATE.format(given=given), "test_it.py": test}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM601",))] == found


OPTIONAL = """
try:
    import decimal
except ImportError:
    decimal = None


def total(prices):
    if decimal is None:
        raise RuntimeError
    return sum(map(decimal.Decimal, prices))
"""
WITHOUT = """
import decimal
import fractions

import pytest
import shop


def test_without():
    shop.decimal = None
    with pytest.raises(RuntimeError):
        shop.total(["1"])
    {below}


def test_with():
    assert shop.total(["1"]) == 1
"""


@pytest.mark.parametrize(
    ("below", "late"), [("shop.decimal = decimal", True), ("shop.decimal = fractions", False), ("print()", False)]
)
def test_what_a_module_imports_where_it_can_is_put_back(below: str, late: bool, tmp_path: Path) -> None:
    files = {"shop.py": OPTIONAL, "test_it.py": WITHOUT.format(below=below)}

    items = lint_files(files, tmp_path, select=("HRM308",))

    assert {LATE in item.message for item in items} == ({True} if late else {False})


@pytest.mark.parametrize(
    ("value", "set_to", "found"),
    [
        ('os.getenv("STRICT", "false").lower() in ("1", "true")', "False", []),
        ('os.getenv("STRICT", "false").lower() in ("1", "true")', "True", ["HRM601"]),
        ('os.environ.get("STRICT") is not None', "False", []),
        ('not os.environ.get("STRICT")', "True", []),
        ('int(os.getenv("STRICT", default="3"))', "3", []),
        ('int(os.getenv("STRICT", default="3"))', "4", ["HRM601"]),
        ('bool(os.getenv("STRICT", "")) == True', "False", []),
        ('int(os.getenv("STRICT", "many"))', "3", ["HRM601"]),
        ('os.getenv("STRICT", default()) in ["1"]', "False", ["HRM601"]),
        ('os.environ["STRICT"] == "1"', "False", ["HRM601"]),
        ('"0" < os.getenv("STRICT", "1") < "3"', "True", ["HRM601"]),
    ],
)
def test_what_a_name_is_without_variables_is_its_own_value(
    value: str, set_to: str, found: list[str], tmp_path: Path
) -> None:
    shop = f"import os\n\ndefault = str\nSTRICT = {value}\n"
    test = f"import shop\n\n\ndef test_a():\n    shop.STRICT = {set_to}\n    assert shop.STRICT is not None\n"

    items = lint_files({"shop.py": shop, "test_it.py": test}, tmp_path, select=("HRM601",))

    assert [item.code for item in items] == found


@pytest.mark.parametrize(
    ("between", "found"),
    [("gc.collect()", []), ("time.sleep(0)", []), ("time.time() - gc.collect()", []), ("int()", ["HRM106"])],
)
def test_what_cannot_fail_does_not_keep_a_restore_from_running(between: str, found: list[str], tmp_path: Path) -> None:
    test = (
        "import gc\nimport time\n\n\ndef test_a():\n    old = gc.get_debug()\n    gc.set_debug(gc.DEBUG_LEAK)\n"
        f"    {between}\n    gc.set_debug(old)\n"
    )

    assert [item.code for item in lint_files({"test_it.py": test}, tmp_path, select=("HRM106",))] == found


@pytest.mark.parametrize(
    ("hook", "found"), [("pytest_configure", []), ("pytest_sessionstart", []), ("prepare", ["HRM601"])]
)
def test_what_a_hook_sets_before_the_first_test_is_the_value_of_a_name(
    hook: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "shop.py": "MODE = 'warn'\n",
        "conftest.py": f"import shop\n\n\ndef {hook}():\n    shop.MODE = 'error'\n",
        "test_it.py": "import shop\n\n\ndef test_a():\n    shop.MODE = 'error'\n    assert shop.MODE\n",
    }

    items = lint_files(files, tmp_path, select=("HRM601",))

    assert [item.code for item in items if item.path == "test_it.py"] == found


@pytest.mark.parametrize(
    ("what", "found"), [("flask.g.user", 0), ("quart.session.clock", 0), ("flask.Flask.run", 1), ("flask.globals.g", 1)]
)
def test_what_goes_with_its_context_is_not_left(what: str, found: int, tmp_path: Path) -> None:
    test = f"""
import flask
import flask.globals
import quart
from unittest.mock import Mock


def test_a():
    with flask.Flask("shop").test_request_context("/"):
        {what} = Mock()
        assert flask.g
"""

    assert len(lint_files({"test_it.py": test}, tmp_path, select=("HRM308",))) == found


SENSOR = """
import pytest


class Sensor:
    def __init__(self, name, strict=False, *, limit=1):
        self.strict = strict
        self.limit = limit
        self.seen = 0

    def look(self):
        self.rank = 1


@pytest.fixture(scope="module")
def sensor():
    made = Sensor({given})
    {more}
    return made


def test_a(sensor):
    sensor.{set}
    assert sensor.look
"""
AS_MADE = {
    ("'a'", "strict = False"): 0,
    ("'a', True", "strict = True"): 0,
    ("'a', limit=3", "limit = 3"): 0,
    ("'a'", "seen = 0"): 0,
    ("'a'", "strict = True"): 1,
    ("'a', True", "strict = False"): 1,
    ("'a'", "limit = True"): 1,
    ("'a', limit=3", "limit = 1"): 1,
}


@pytest.mark.parametrize(("how", "found"), AS_MADE.items())
def test_what_a_constructor_gives_a_shared_object_is_no_change(
    how: tuple[str, str], found: int, tmp_path: Path
) -> None:
    test = SENSOR.format(given=how[0], set=how[1], more="pass")
    assert len(lint_files({"test_it.py": test}, tmp_path, select=("HRM403",))) == found

    name = how[1].partition(" ")[0]
    other = SENSOR.format(given=how[0], set=how[1], more=f"made.{name} = 7")
    assert len(lint_files({"test_it.py": other}, tmp_path / "other", select=("HRM403",))) == 1
