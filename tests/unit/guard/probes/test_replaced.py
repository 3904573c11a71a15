"""Methods of objects that hang from a module: which replacements are told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
class Till:
    limit = 1

    def open(self):
        return "open"


class Clerk:
    def __init__(self):
        self.till = Till()
        self.on_sale = None


class Proxy:
    @property
    def __dict__(self):
        raise RuntimeError("outside of a request")


clerk = Clerk()
proxy = Proxy()


def start():
    clerk.till.open = clerk.till.open
"""
TESTS = """
import shop
from shop import Clerk, clerk


def closed():
    return "closed"


def test_a_method_of_an_object_below_a_module():
    clerk.till.open = closed  # <- HRM308
    assert clerk.till.open() == "closed"


def test_it_was_put_back():
    assert clerk.till.open() == "open"


def test_data_and_hooks_are_no_methods():
    clerk.till.limit = 2
    clerk.on_sale = closed


def test_an_object_of_the_test():
    clerk = Clerk()
    clerk.till.open = closed


def test_a_method_that_is_put_back(monkeypatch):
    monkeypatch.setattr(shop.clerk.till, "open", closed)
    clerk.till.open = closed
    del clerk.till.open
    shop.proxy.open = closed


def test_another_object_in_the_same_place(monkeypatch):
    monkeypatch.setattr(clerk, "till", shop.Till())
    clerk.till.open = closed
"""


def test_a_method_of_a_shared_object_is_caught_where_it_stays_replaced(tmp_path: Path) -> None:
    source = TESTS.lstrip("\n")
    run = guarded(tmp_path / "suite", files={"shop.py": SHOP, "test_it.py": source})

    expected = next(number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# <- HRM308"))
    assert run.places("HRM308") == {("test_it.py", expected)}, run.output
    data = {item["state"] for item in run.findings if item["code"] != "HRM308"}
    assert data == {"shop.clerk.on_sale", "shop.clerk.till.limit"}, run.output
    assert "is not guarded from here on" not in run.output


WRAPPED = """
import os
import sys
import threading


def plain():
    return 1


def hook(*arguments):
    return None


class Wrapper:
    def __init__(self, wrapped):
        self.wrapped = wrapped

    def __call__(self):
        return self.wrapped() + 1

    def __eq__(self, other):
        return self.wrapped == other

    def __hash__(self):
        return hash(self.wrapped)


def test_wraps():
    setattr(sys.modules[__name__], "plain", Wrapper(plain))


def test_assigns():
    global hook
    hook = plain


def test_sets_a_hook():
    threading.excepthook = plain


def test_copies_the_environment():
    os.environ = dict(os.environ)


def wrapped_last():
    return 1


def test_wraps_after_a_quiet_test():
    setattr(sys.modules[__name__], "wrapped_last", Wrapper(wrapped_last))
"""


def test_a_wrapper_that_equals_what_it_wraps_is_told_of_where_it_is_set(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", files={"test_wrapped.py": WRAPPED})

    told = [(item["code"], item["message"].split(" left ")[0]) for item in run.findings]
    assert sorted(told) == [
        ("HRM101", "test_copies_the_environment"),
        ("HRM106", "test_sets_a_hook"),
        ("HRM308", "test_assigns"),
        ("HRM308", "test_wraps"),
        ("HRM308", "test_wraps_after_a_quiet_test"),
    ]


RESOLVER = """
class Resolver:
    @classmethod
    def chosen(cls):
        if "_Resolver__kind" not in cls.__dict__:
            cls.__kind = Threaded
        return cls.__kind

    @classmethod
    def choose(cls, kind):
        cls._given = kind


class Threaded(Resolver):
    pass
"""
RESOLVES = """
import resolver
from resolver import Resolver, Threaded


class Blocking(Resolver):
    pass


def test_a_class_is_looked_up_when_it_is_first_asked_for():
    assert Resolver.chosen() is Threaded


def test_a_class_of_the_test_is_given():
    Resolver.choose(Blocking)


def test_one_of_the_code_under_test_is_set():
    Threaded._other = Threaded


class TestIt:
    def test_one_is_set_on_the_class_of_the_test(self):
        type(self)._kind = Threaded
"""


def test_what_a_class_looks_up_once_replaces_nothing(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", mode="warn", files={"resolver.py": RESOLVER, "test_it.py": RESOLVES})

    assert [(item["code"], item["test"].rpartition("::")[2], item["state"]) for item in run.findings] == [
        ("HRM308", "test_a_class_of_the_test_is_given", "resolver.Resolver._given"),
        ("HRM308", "test_one_of_the_code_under_test_is_set", "resolver.Threaded._other"),
        ("HRM308", "test_one_is_set_on_the_class_of_the_test", "test_it.TestIt._kind"),
    ], run.output


LIBRARY = "def listen(target, name, function):\n    return name\n"
IMPORTS_IT = """
def test_it_is_imported():
    import sqlalchemy.event

    assert sqlalchemy.event.listen(1, "connect", len) == "connect"


def test_it_is_used():
    import sqlalchemy.event

    assert sqlalchemy.event.listen(1, "connect", len) == "connect"


def test_it_is_replaced():
    import sqlalchemy.event

    sqlalchemy.event.listen = print
"""


def test_the_wrapper_that_the_guard_puts_around_a_function_of_the_code_under_test_is_no_change(tmp_path: Path) -> None:
    files = {"sqlalchemy/__init__.py": "", "sqlalchemy/event.py": LIBRARY, "test_it.py": IMPORTS_IT}

    run = guarded(tmp_path, mode="warn", files=files)

    assert [item["state"] for item in run.findings] == ["sqlalchemy.event.listen"], run.output
    assert run.findings[0]["test"].endswith("test_it_is_replaced")


STREAM = """
import io


class Stream(io.StringIO):
    pass


stream = Stream()
"""
WRITES = """
import app


def test_sets_it_back():
    write = app.stream.write
    app.stream.write = len
    app.stream.write = write


def test_leaves_another_one():
    app.stream.write = len
"""


def test_a_method_in_c_that_is_set_back_is_no_change(tmp_path: Path) -> None:
    run = guarded(tmp_path, mode="warn", files={"app.py": STREAM, "test_it.py": WRITES})

    found = [(item["state"], item["test"].rpartition("::")[2]) for item in run.findings]
    assert found == [("test_it.app.stream.write", "test_leaves_another_one")], run.output


PATCHED = """
import os
from unittest import mock

import shop


def test_leaves_its_patches():
    mock.patch("shop.clerk").start()
    mock.patch("os.getlogin").start()


def test_assigns_to_what_is_patched():
    shop.clerk = shop.Clerk()
    os.getlogin = lambda: "bob"  # <- HRM308


def test_changes_nothing():
    assert os.getlogin() == "bob"
"""


def test_a_patch_that_is_left_does_not_hide_who_assigns_to_the_same_name_later(tmp_path: Path) -> None:
    source = PATCHED.lstrip("\n")
    run = guarded(tmp_path / "suite", "-p", "no:randomly", mode="warn", files={"shop.py": SHOP, "test_it.py": source})

    told = {(item["state"], item["test"].partition("::")[2]) for item in run.findings}
    assert {
        ("os.getlogin", "test_assigns_to_what_is_patched"),
        ("shop.clerk", "test_assigns_to_what_is_patched"),
    } < told
    assert {test for _, test in told} == {"test_leaves_its_patches", "test_assigns_to_what_is_patched"}, run.output
    expected = next(number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# <- HRM308"))
    assert run.places("HRM308") == {("test_it.py", expected)}, run.output
