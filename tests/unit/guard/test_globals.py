"""The shared walk over the project's modules and classes."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import types
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from hermetic.guard._definitions import CLASS_STATE, MODULE_STATE, REPLACED
from hermetic.guard._globals import Walk
from hermetic.guard._patched import Patches
from hermetic.guard.describe import ABSENT
from hermetic.guard.probe import MOMENT

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = """
import functools

LIMIT = 3
CLIENT = None


class Shop:
    open = True
    current = None

    def price(self):
        return 1


def load():
    return 2
"""


def run(source: str, module: types.ModuleType) -> None:
    exec(source, module.__dict__)  # noqa: S102 - as an import does


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("the_shop")
    module.__file__ = "/project/the_shop.py"
    run(SOURCE, module)
    monkeypatch.setitem(sys.modules, "the_shop", module)
    return module


def found(change: Callable[[], object]) -> dict[str, tuple[str, object, object]]:
    walk = Walk()
    return found_by(walk, change)


def found_by(walk: Walk, change: Callable[[], object]) -> dict[str, tuple[str, object, object]]:
    MOMENT.next()
    before = walk.snapshot()
    change()
    MOMENT.next()
    after = walk.snapshot()
    return {
        f"{one.holder.name}.{one.name}": (code, one.before, one.after)
        for code in (REPLACED, CLASS_STATE, MODULE_STATE)
        for one in walk.differences(before, after, code)
    }


@pytest.mark.parametrize(
    ("statement", "state", "code"),
    [
        ("load = lambda: 3", "the_shop.load", REPLACED),
        ("load = None", "the_shop.load", REPLACED),
        ("del load", "the_shop.load", REPLACED),
        ("Shop = type('Fake', (), {})", "the_shop.Shop", REPLACED),
        ("Shop.price = lambda self: 3", "the_shop.Shop.price", REPLACED),
        ("Shop.cost = lambda self: 3", "the_shop.Shop.cost", REPLACED),
        ("Shop.__init__ = lambda self: None\nShop.price = 1", "the_shop.Shop.price", REPLACED),
        ("Shop.current = Shop()", "the_shop.Shop.current", CLASS_STATE),
        ("Shop.seen = 1", "the_shop.Shop.seen", CLASS_STATE),
        ("LIMIT = 4", "the_shop.LIMIT", MODULE_STATE),
        ("CLIENT = Shop()", "the_shop.CLIENT", MODULE_STATE),
        ("ADDED = 1", "the_shop.ADDED", MODULE_STATE),
    ],
)
def test_each_difference_is_the_business_of_one_rule(
    shop: types.ModuleType, statement: str, state: str, code: str
) -> None:
    assert found(lambda: run(statement, shop))[state][0] == code


@pytest.mark.parametrize(
    ("reason", "statement"),
    [
        ("nothing is changed", "LIMIT = 3"),
        ("what a reload defines again is the same", SOURCE),
        ("a submodule is imported", "import json as below"),
        ("the interpreter keeps these", "__annotations__ = {}; Shop.__doc__ = 'x'"),
    ],
)
def test_what_is_no_change_of_the_project_is_left_alone(shop: types.ModuleType, reason: str, statement: str) -> None:
    assert found(lambda: run(statement, shop)) == {}, reason


def test_a_lazy_module_keeps_what_it_was_asked_for(shop: types.ModuleType) -> None:
    shop.__dict__["__getattr__"] = lambda name: name

    assert found(lambda: run("late = 1", shop)) == {}


def test_so_does_a_module_whose_class_answers_for_it(shop: types.ModuleType) -> None:
    class Lazy(types.ModuleType):
        def __getattr__(self, name: str) -> object:
            raise AttributeError(name)

    shop.__class__ = Lazy

    assert found(lambda: run("late = 1", shop)) == {}


def test_a_change_that_is_taken_back_is_the_business_of_the_same_rule(shop: types.ModuleType) -> None:
    walk = Walk()
    first = found_by(walk, lambda: run("CLIENT = load", shop))
    second = found_by(walk, lambda: run("CLIENT = None", shop))

    assert first["the_shop.CLIENT"][0] == second["the_shop.CLIENT"][0] == MODULE_STATE


def test_a_started_patch_is_seen_through(shop: types.ModuleType) -> None:
    patchers = [mock.patch.object(shop, "load"), mock.patch.object(shop, "load"), mock.patch.dict("os.environ")]
    try:
        assert found(lambda: [patcher.start() for patcher in patchers]) == {}
    finally:
        mock.patch.stopall()


def found_while_patched(walk: Walk, patchers: list[Any], change: Callable[[], object]) -> dict[str, tuple[object, ...]]:
    """Start patches, take a snapshot, and return what a change is told as, while they stay started."""
    try:
        for patcher in patchers:
            patcher.start()
        return {state: values[1:] for state, values in found_by(walk, change).items()}
    finally:
        mock.patch.stopall()


@pytest.mark.parametrize("patches", [1, 2])
def test_who_assigns_to_a_name_that_is_patched_has_replaced_it(shop: types.ModuleType, patches: int) -> None:
    load, other = shop.load, lambda: 0
    patchers = [mock.patch("the_shop.load") for _ in range(patches)]

    assert found_while_patched(Walk(), patchers, lambda: setattr(shop, "load", other)) == {
        "the_shop.load": (load, other)
    }


def test_who_deletes_a_name_that_is_patched_has_taken_it_away(shop: types.ModuleType) -> None:
    load = shop.load

    assert found_while_patched(Walk(), [mock.patch("the_shop.load")], lambda: delattr(shop, "load")) == {
        "the_shop.load": (load, ABSENT)
    }


def test_a_patch_of_what_was_not_there_leaves_nothing_behind(shop: types.ModuleType) -> None:
    patcher = mock.patch("the_shop.added", 1, create=True)

    assert found_while_patched(Walk(), [patcher], lambda: setattr(shop, "added", 2)) == {"the_shop.added": (ABSENT, 2)}


@pytest.mark.usefixtures("shop")
def test_what_a_patch_has_added_is_not_there_without_it() -> None:
    patcher = mock.patch("the_shop.added", 1, create=True)
    patcher.start()
    try:
        assert Patches().seen_through(patcher, {"added": 1}) == {}
    finally:
        patcher.stop()


@pytest.mark.usefixtures("shop")
def test_a_patch_that_is_started_again_puts_another_mock_there() -> None:
    patcher = mock.patch("the_shop.load")

    assert found_while_patched(Walk(), [patcher], lambda: (patcher.stop(), patcher.start())) == {}


@pytest.mark.usefixtures("shop")
def test_patches_that_end_in_another_order_than_they_were_started() -> None:
    patchers = [mock.patch("the_shop.load", new=number) for number in (1, 2)]

    assert found_while_patched(Walk(), patchers, patchers[0].stop) == {}


def test_a_value_that_nobody_has_looked_at_is_not_taken_for_that_of_a_patch(shop: types.ModuleType) -> None:
    """The copies of modules out of sight are older than a patch that is started."""
    patches, patcher, copy = Patches(), mock.patch("the_shop.load"), {**vars(shop)}
    patcher.start()
    try:
        assert patches.seen_through(patcher, copy) is copy
        assert patches.seen_through(patcher, {}) == {}
        assert patches.seen_through(patcher, {**vars(shop)})["load"] is copy["load"]
        assert patches.seen_through(patcher, {**vars(shop), "load": 5})["load"] == 5
    finally:
        patcher.stop()


def test_a_change_can_be_undone(shop: types.ModuleType) -> None:
    original = shop.Shop.__dict__["price"]
    walk = Walk()
    MOMENT.next()
    before = walk.snapshot()
    run("Shop.price = None; Shop.cost = load; load = 1", shop)
    MOMENT.next()
    for one in walk.differences(before, walk.snapshot(), REPLACED):
        one.change().undo()  # type: ignore[misc]

    assert shop.Shop.__dict__["price"] is original
    assert not hasattr(shop.Shop, "cost")
    assert shop.load() == 2


def test_what_probes_ask_for_at_one_moment_is_copied_once(shop: types.ModuleType) -> None:
    walk = Walk()
    MOMENT.next()
    one = walk.snapshot()
    run("LIMIT = 4", shop)
    assert walk.snapshot() is one
    MOMENT.next()
    assert walk.snapshot() is not one


@pytest.mark.usefixtures("shop")
def test_nothing_is_copied_where_nothing_changed() -> None:
    walk = Walk()
    MOMENT.next()
    one = walk.snapshot()
    MOMENT.next()
    assert walk.snapshot() is one


@pytest.mark.usefixtures("shop")
def test_a_patch_that_stays_started_is_seen_through_once() -> None:
    walk = Walk()
    patcher = mock.patch("the_shop.LIMIT", 7)
    patcher.start()
    try:
        MOMENT.next()
        one = walk.snapshot()
        MOMENT.next()
        assert walk.snapshot() is one
    finally:
        patcher.stop()
    MOMENT.next()
    assert list(walk.differences(one, walk.snapshot(), MODULE_STATE)) == []


def test_where_holders_stand_is_found_out_once_though_a_class_has_two_names(shop: types.ModuleType) -> None:
    run("Store = Shop", shop)
    walk = Walk()
    patcher = mock.patch("the_shop.CLIENT", 8)
    patcher.start()
    try:
        MOMENT.next()
        walk.snapshot()
        known = walk.known
        run("Shop.open = False", shop)
        MOMENT.next()
        walk.snapshot()
    finally:
        patcher.stop()
    assert known[1][id(shop.Shop)]
    assert walk.known is known


@pytest.mark.usefixtures("shop")
def test_a_patch_of_a_class_that_comes_later_is_left_to_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    walk, late = Walk(), types.ModuleType("late_shop")
    late.__file__ = "/project/late_shop.py"
    run(SOURCE, late)
    patchers = [mock.patch("the_shop.CLIENT", 8), mock.patch.object(late.Shop, "open", new=False)]
    try:
        patchers[0].start()
        MOMENT.next()
        walk.snapshot()
        monkeypatch.setitem(sys.modules, "late_shop", late)
        MOMENT.next()
        before = walk.snapshot()
        patchers[1].start()
        MOMENT.next()
        assert list(walk.differences(before, walk.snapshot(), CLASS_STATE)) == []
    finally:
        for patcher in patchers:
            patcher.stop()


ANEW = """
import functools
import types

PARSER = types.SimpleNamespace(name="shop")


@functools.lru_cache
def price():
    return 1


def load():
    return 2
"""


@pytest.mark.parametrize("statement", ["", "PARSER = None", "load = len", "price = functools.lru_cache(load)"])
def test_what_a_reload_makes_anew_is_no_change_but_what_it_makes_another_is(
    statement: str, shop: types.ModuleType
) -> None:
    run(ANEW, shop)

    def reload() -> None:
        run(ANEW, shop)
        run(statement, shop)
        shop.__spec__ = importlib.machinery.ModuleSpec("the_shop", None)

    assert set(found(reload)) == {f"the_shop.{name}" for name in statement.split()[:1]}


def test_what_is_made_anew_without_a_reload_is_a_change(shop: types.ModuleType) -> None:
    run(ANEW, shop)
    assert set(found(lambda: run("PARSER = types.SimpleNamespace(name='other')", shop))) == {"the_shop.PARSER"}


def test_a_function_of_a_compiled_module_that_was_loaded_again_is_the_same(shop: types.ModuleType) -> None:
    run("import _bisect; bisect = _bisect.bisect_left", shop)
    shop.again = loaded_again("_bisect").bisect_left
    assert shop.again is not shop.bisect
    assert found(lambda: run("bisect = again", shop)) == {}
    assert set(found(lambda: run("bisect = _bisect.bisect_right", shop))) == {"the_shop.bisect"}


def test_a_module_that_was_imported_again_is_the_business_of_another_rule_and_a_fake_is_not(
    shop: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import _bisect", shop)
    assert set(found(lambda: setattr(shop, "_bisect", types.ModuleType("_bisect")))) == {"the_shop._bisect"}
    monkeypatch.setitem(sys.modules, "_bisect", loaded_again("_bisect"))
    assert found(lambda: run("import _bisect", shop)) == {}


def loaded_again(name: str) -> types.ModuleType:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_modules_may_come_and_go(shop: types.ModuleType) -> None:
    other = types.ModuleType("the_other_shop")
    other.__file__ = "/project/other.py"
    walk = Walk()
    assert found_by(walk, lambda: sys.modules.update(the_other_shop=other)) == {}
    assert found_by(walk, lambda: setattr(other, "load", shop.load)) == {
        "the_other_shop.load": (REPLACED, ABSENT, shop.load)
    }
    assert found_by(walk, lambda: sys.modules.pop("the_other_shop")) == {}
    assert "the_other_shop" not in walk.modules


@pytest.mark.parametrize("gone", [False, True])
def test_a_change_is_seen_at_once_where_somebody_has_looked_for_modules_before(
    gone: bool, shop: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that asks for the modules first must not hide from the next one what was written."""
    walk = Walk()
    other = types.ModuleType("the_other_shop")
    other.__file__ = "/project/other.py"
    if gone:
        monkeypatch.setitem(sys.modules, "the_other_shop", other)

    def change() -> None:
        shop.LIMIT = 4
        sys.modules.pop("the_other_shop") if gone else monkeypatch.setitem(sys.modules, "the_other_shop", other)
        walk.moment = MOMENT.number - 1
        walk.modules_now()

    assert found_by(walk, change) == {"the_shop.LIMIT": (MODULE_STATE, 3, 4)}


def test_only_what_has_changed_is_copied_again(shop: types.ModuleType) -> None:
    walk = Walk()
    MOMENT.next()
    before = walk.snapshot()
    shop.LIMIT = 4
    MOMENT.next()
    after = walk.snapshot()

    new = [
        holder.name
        for holder, one, other in zip(walk.holders, before.copies, after.copies, strict=True)
        if one is not other
    ]
    assert new == ["the_shop"]
    assert [before.copies[walk.holders.index(one)]["LIMIT"] for one in walk.holders if one.name == "the_shop"] == [3]


def test_a_module_that_another_one_holds_later_is_in_sight(
    shop: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test file that a module of the project holds by now is compared, whichever file runs."""

    def made(name: str) -> types.ModuleType:
        module = types.ModuleType(name)
        module.__file__ = f"/project/{name}.py"
        monkeypatch.setitem(sys.modules, name, module)
        return module

    walk, other = Walk(), made("test_other")
    walk.snapshot()
    assert "test_other" not in walk.shared
    shop.held = other  # type: ignore[attr-defined]
    MOMENT.next()
    walk.snapshot()
    made("test_third")
    MOMENT.next()
    walk.snapshot()
    assert "test_other" in walk.shared
    monkeypatch.delitem(sys.modules, "the_shop")
    MOMENT.next()
    walk.snapshot()
    assert "test_other" not in walk.shared
