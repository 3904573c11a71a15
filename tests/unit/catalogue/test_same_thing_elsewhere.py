"""What is put back by another name, by a hook, or in something of the test's own is left alone, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = ("recommended",)
SHOP = {
    "shop/__init__.py": "from shop.clerk import Clerk, flags\n",
    "shop/clerk.py": """
RATE = 1.0
CODES = {"cash", "card"}


class Clerk:
    retries = 3

    def answer(self):
        return "yes"


class flags:
    strict = False
""",
}


def codes(files: dict[str, str], folder: Path) -> list[str]:
    return [item.code for item in lint_files({**SHOP, **files}, folder, select=DEFAULTS)]


PATCHED = """
from unittest.mock import patch

from shop.clerk import Clerk


def test_a():
    with patch("{target}") as answer:
        Clerk.answer.side_effect = lambda: "no"
        assert answer
"""


@pytest.mark.parametrize(
    ("target", "found"),
    [("shop.Clerk.answer", []), ("shop.clerk.Clerk.answer", []), ("shop.clerk.Clerk.other", ["HRM308"])],
)
def test_a_patch_may_name_a_class_by_another_module(target: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": PATCHED.format(target=target)}, tmp_path) == found


RESTORING = """
from shop import flags


class Contexts:
    class kept:
        def __enter__(self):
            self.strict = flags.strict

        def __exit__(self, *_):
            flags.{name} = self.strict
"""
KEPT = """
import shop.clerk
from contexts import Contexts


def test_a():
    with Contexts.kept():
        shop.clerk.flags.strict = True
        assert shop.clerk.flags.strict
"""


@pytest.mark.parametrize(("name", "found"), [("strict", []), ("loose", ["HRM603"])])
def test_a_manager_in_a_class_may_put_it_back_by_another_name(name: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"contexts.py": RESTORING.format(name=name), "test_it.py": KEPT}, tmp_path) == found


RELOADING = """
import shop.clerk
from reloads import again


def test_a():
    try:
        shop.clerk.RATE = 2.0
        assert shop.clerk.RATE == 2.0
    finally:
        again({given})
"""


@pytest.mark.parametrize(("given", "found"), [("shop.clerk", []), ("shop", ["HRM601"])])
def test_a_helper_may_reload_the_module_that_it_is_given(given: str, found: list[str], tmp_path: Path) -> None:
    helper = "import importlib\n\n\ndef again(module):\n    return importlib.reload(module)\n"

    assert codes({"reloads.py": helper, "test_it.py": RELOADING.format(given=given)}, tmp_path) == found


@pytest.mark.parametrize(
    ("ending", "found"), [("sys.modules[__name__] = Registry()", []), ("registry = Registry()", ["HRM308"])]
)
def test_a_module_that_puts_an_object_in_its_place_takes_attributes_as_it_likes(
    ending: str, found: list[str], tmp_path: Path
) -> None:
    module = f"import sys\n\n\nclass Registry:\n    pass\n\n\n{ending}\n"
    test = "import registered\n\n\ndef test_a():\n    registered.one = lambda: 1\n    assert registered.one\n"

    assert codes({"registered.py": module, "test_it.py": test}, tmp_path) == found


@pytest.mark.parametrize(
    ("removal", "found"),
    [
        ("CODES.discard(name)", []),
        ("CODES.discard('voucher')", []),
        ("CODES.discard('cash')", ["HRM601"]),
        ("CODES.remove('cash')", ["HRM601"]),
    ],
)
def test_what_need_not_be_in_a_container_is_no_loss(removal: str, found: list[str], tmp_path: Path) -> None:
    test = f"from shop.clerk import CODES\n\nname = 'a'\n\n\ndef test_a():\n    {removal}\n    assert len(CODES) < 9\n"

    assert codes({"test_it.py": test}, tmp_path) == found
    if "name" in removal:
        wide = lint_files({**SHOP, "test_it.py": test}, tmp_path, select=("recommended", "project"))
        assert [item.code for item in wide] == ["HRM601"]


OPENED = """
from shop import tills

import pytest

till = tills.open_till()


def test_a():
    {made}
    tills.TILLS.remove(till)
    assert not till
"""


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("till = tills.open_till()", []),
        ("till = tills.Till(\n        1,\n    )", []),
        ("till = tills.find_till()", ["HRM601"]),
        ("till = tills._get_till()", ["HRM601"]),
        ("till = max(tills.TILLS)", ["HRM601"]),
        ("till = max(\n        tills.TILLS,\n    )", ["HRM601"]),
        ("till = tills.FIRST", ["HRM601"]),
        ("print(till)", ["HRM601"]),
        ("till = tills.open_till()\n    till = till.other", ["HRM601"]),
        ("for till in tills.open_all():\n        print(till)", ["HRM601"]),
    ],
)
def test_to_take_out_what_the_test_itself_has_made_takes_nothing_away(
    made: str, found: list[str], tmp_path: Path
) -> None:
    shop = {"shop/__init__.py": "", "shop/tills.py": "TILLS = {*range(2)}\n"}

    assert codes({**shop, "test_it.py": OPENED.format(made=made)}, tmp_path) == found


FAKED = """
import sys
from types import ModuleType
from unittest.mock import Mock, patch

import pytest


@pytest.fixture
def gi(monkeypatch):
    monkeypatch.setitem(sys.modules, "{name}", ModuleType("gi"))


def test_a(gi):
    import gi

    gi.notify = Mock()


@patch.dict("sys.modules", {{"{name}": Mock()}})
def test_b():
    import gi

    gi.repository.notify = Mock()
"""


@pytest.mark.parametrize(("name", "found"), [("gi", []), ("gio", ["HRM308", "HRM308"])])
def test_a_module_that_is_faked_for_the_test_is_its_own(name: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": FAKED.format(name=name)}, tmp_path) == found


HOOKS = """
import sys

import pytest


@pytest.hookimpl(hookwrapper=True)
def {hook}(item):
    kept = {{name: dict({of_module}) for name, module in sys.modules.copy().items() if name.startswith("shop")}}
    yield
    for name, values in kept.items():
        for key, value in values.items():
            put_back(sys.modules[name], key, value)


def put_back(module, key, value):
    setattr(module, key, value)
"""


@pytest.mark.parametrize(
    ("hook", "of_module", "found"),
    [
        ("pytest_runtest_protocol", "module.__dict__", ["HRM603"]),
        ("pytest_runtest_protocol", "vars(module)", ["HRM603"]),
        ("pytest_runtest_protocol", "module.__doc__", ["HRM601", "HRM603"]),
        ("pytest_collection_modifyitems", "vars(module)", ["HRM601", "HRM603"]),
    ],
)
def test_hooks_that_keep_what_modules_hold_put_their_names_back(
    hook: str, of_module: str, found: list[str], tmp_path: Path
) -> None:
    test = "import shop.clerk\n\n\ndef test_a():\n    shop.clerk.RATE = 2.0\n    shop.clerk.Clerk.retries = 0\n"

    assert codes({"conftest.py": HOOKS.format(hook=hook, of_module=of_module), "test_it.py": test}, tmp_path) == found


@pytest.mark.parametrize(
    ("first", "lines"),
    [("Clerk.answer = Mock()", [7]), ("assert Clerk.answer", [8]), ("Clerk.retries = Mock()", [7, 8])],
)
def test_what_is_set_on_a_replacement_goes_with_it(first: str, lines: list[int], tmp_path: Path) -> None:
    test = f"""from unittest.mock import Mock

from shop.clerk import Clerk


def test_a():
    {first}
    Clerk.answer.side_effect = lambda: "no"
"""

    found = lint_files({**SHOP, "test_it.py": test}, tmp_path, select=("HRM308",))

    assert [item.line for item in found] == lines
