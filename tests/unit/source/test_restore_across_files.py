"""Restore idioms across files: imported helpers, base classes, conftest fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.knob import HEAD, TAIL, leaks
from tests.utils.snippets import snippets

if TYPE_CHECKING:
    from pathlib import Path

# Each file starts with its path as a comment; HELPERS stands for the helpers that all these tables share.
CAUGHT = snippets("""
### the constructor of an imported class
# app.py
import panel

class Base:
    def __init__(self):
        panel.table['a'] = 1

class Client(Base):
    pass
# test_it.py
from app import Client

def test_it():
    Client()
### an imported function
# app.py
import panel

def run():
    panel.table['a'] = 1
# test_it.py
from app import run

def test_it():
    run()
### an imported function of a function
# app.py
import panel

def run():
    start()

def start():
    panel.table['a'] = 1
# test_it.py
import app as service

def test_it():
    service.run()
### an imported manager that only makes another one when it ends
# panels.py
import panel

class Setting:
    def __init__(self, value):
        panel.knob('a', value)

class Keeping:
    def __init__(self, value):
        panel.knob('a', value)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.__class__.made = 1
# test_it.py
from panels import Keeping

def test_it():
    with Keeping(1):
        work()
### an imported context manager that does not restore
# helpers.py
import contextlib

@contextlib.contextmanager
def nothing():
    yield
# test_it.py
import panel
from helpers import nothing

def test_it():
    with nothing():
        panel.table['a'] = 1
### a base class in a file of its own
# base.py
import panel
import unittest

class Base(unittest.TestCase):
    def setUp(self):
        panel.table['a'] = 1
### a fixture of the conftest
# conftest.py
import panel, pytest

@pytest.fixture
def flag():
    panel.table['a'] = 1
### an imported function that a package passes on
# app/__init__.py
from app.core import run
# app/core.py
import panel

def run():
    panel.table['a'] = 1
# test_it.py
from app import run

def test_it():
    run()
### an imported helper that calls another file's
# tests/panels.py
import panel

def start():
    panel.table['a'] = 1
# tests/helpers.py
from panels import start

def run():
    start()
# tests/test_it.py
from helpers import run

def test_it():
    run()
### a mixin that registers the cleanup of something else
# mixins.py
import panel

class Wiping:
    def wiping(self):
        self.addCleanup(panel.other.clear)

    def table(self):
        return panel.table
# test_it.py
import panel, unittest
from mixins import Wiping

class TestIt(Wiping, unittest.TestCase):
    def test_it(self):
        self.wiping()
        panel.table['a'] = 1
### a mixin that keeps the changed value
# mixins.py
import panel

class Keeping:
    def keep(self):
        old = dict(panel.table)
        self.addCleanup(panel.table.update, old)
# test_it.py
import panel, unittest
from mixins import Keeping

class TestIt(Keeping, unittest.TestCase):
    def test_it(self):
        panel.table['a'] = 1
        self.keep()
### a helper that overrides another attribute
# base.py
import panel
import unittest

UNSET = object()

class Base(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.keep_quiet()

    def keep_quiet(self):
        self.override(panel, "level", 1)

    def override(self, owner, name, new=UNSET):
        value = getattr(owner, name, UNSET)
        if value is UNSET:
            self.addCleanup(delattr, owner, name)
        else:
            self.addCleanup(setattr, owner, name, value)
        if new is not UNSET:
            setattr(owner, name, new)
# test_it.py
import panel
from base import Base

class It(Base):
    def test_it(self):
        panel.knob_value = 2
### a helper that is asked to keep the attribute when it has changed
# base.py
import panel
import unittest

UNSET = object()

class Base(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.keep_quiet()

    def keep_quiet(self):
        pass

    def override(self, owner, name, new=UNSET):
        value = getattr(owner, name, UNSET)
        if value is UNSET:
            self.addCleanup(delattr, owner, name)
        else:
            self.addCleanup(setattr, owner, name, value)
        if new is not UNSET:
            setattr(owner, name, new)
# test_it.py
import panel
from base import Base

class It(Base):
    def test_it(self):
        panel.knob_value = 2
        self.override(panel, "knob_value")
### another name for a class that puts nothing back
# kept.py
import unittest

class Plain(unittest.TestCase):
    def setUp(self):
        self.started = True
# base.py
import kept

Base = kept.Plain
# test_it.py
import panel
from base import Base

class It(Base):
    def test_it(self):
        panel.table['a'] = 1
### a class that is collected by itself, whose heir puts back
# test_it.py
import panel

class TestIt:
    def test_it(self):
        panel.table['a'] = 1

class TestWiped(TestIt):
    def teardown_method(self):
        panel.table.clear()
""")

LEFT_ALONE = snippets("""
### an imported object whose constructor changes it is closed by what uses it
# app.py
import panel

class Client:
    def __init__(self):
        self.old = panel.knob('a', 1)

    def close(self):
        panel.knob('a', self.old)
# test_it.py
import contextlib
import pytest
from app import Client

@pytest.fixture
def client():
    return Client()

def test_it(client):
    client.close()

def test_that():
    with contextlib.closing(Client()):
        work()
### an object of an imported class restores
# savers.py
import panel

class Saver:
    def __init__(self):
        self.old = dict(panel.table)

    def restore(self):
        panel.table.clear()
        panel.table.update(self.old)
# test_it.py
import panel
from savers import Saver

class TestIt:
    def setup_method(self):
        self.saver = Saver()

    def teardown_method(self):
        self.saver.restore()

    def test_it(self):
        panel.table['a'] = 1
### an autouse fixture of an imported base class
# mixins.py
import panel
import pytest

class Wiped:
    @pytest.fixture(autouse=True)
    def _wiped(self):
        yield
        panel.table.clear()
# base.py
from mixins import Wiped

class Base(Wiped):
    pass
# test_it.py
import panel
from base import Base

class TestIt(Base):
    def test_it(self):
        panel.table['a'] = 1
### a requested fixture of an imported base class
# base.py
import panel
import pytest

class Base:
    @pytest.fixture
    def wiped(self):
        yield
        panel.table.clear()
# test_it.py
import panel
from base import Base

class TestIt(Base):
    def test_it(self, wiped):
        panel.table['a'] = 1
### an imported manager that changes and restores when it is made
# panels.py
import panel

class Keeping:
    def __init__(self, value):
        self.old = panel.read_knob()
        panel.knob('a', value)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.old:
            self.__class__(self.old)
# test_it.py
from panels import Keeping

def test_it():
    with Keeping(1):
        work()
### a decorator that makes it again below a try that lets nothing through
# panels.py
import functools, panel

class Setting:
    def __init__(self, value):
        panel.knob('a', value)
# helpers.py
import functools, panel
from panels import Setting

def unchanged(function):
    @functools.wraps(function)
    def wrapped(*given):
        old, failure = panel.read_knob(), None
        try:
            function(*given)
        except:
            failure = RuntimeError()
        if panel.read_knob() != old:
            Setting(old)
        if failure:
            raise failure
    return wrapped
# test_it.py
import panel
from helpers import unchanged

@unchanged
def test_it():
    panel.knob('a', 1)
### an imported context manager
# helpers.py
HELPERS
# test_it.py
import panel
from helpers import kept

def test_it():
    with kept():
        panel.table['a'] = 1
### an imported context manager class, through its module
# helpers.py
HELPERS
# test_it.py
import helpers, panel

def test_it():
    with helpers.Kept():
        panel.table['a'] = 1
### an imported cleanup
# helpers.py
HELPERS
# test_it.py
import panel
from helpers import wipe

def test_it(request):
    panel.table['a'] = 1
    request.addfinalizer(wipe)
### an imported helper in a finally
# helpers.py
HELPERS
# test_it.py
import panel
from helpers import wipe

def test_it():
    panel.table['a'] = 1
    try:
        work()
    finally:
        wipe()
### an imported base class
# base.py
import panel
import unittest

class Base(unittest.TestCase):
    def tearDown(self):
        panel.table.clear()
# test_it.py
import panel
from base import Base

class It(Base):
    def test_it(self):
        panel.table['a'] = 1
### a fixture of the conftest
# conftest.py
import panel, pytest

@pytest.fixture
def wiped():
    yield
    panel.table.clear()
# test_it.py
import panel

def test_it(wiped):
    panel.table['a'] = 1
### an autouse fixture of the outer conftest
# conftest.py
import panel, pytest

@pytest.fixture(autouse=True)
def wiped():
    yield
    panel.table.clear()
# sub/test_it.py
import panel

def test_it():
    panel.table['a'] = 1
### an imported function that undoes its own change
# app.py
import panel

def run():
    panel.table['a'] = 1
    try:
        work()
    finally:
        del panel.table['a']
# test_it.py
from app import run

def test_it():
    run()
### an imported function that is called under a patch
# app.py
import panel

def run():
    panel.table['a'] = 1
# test_it.py
import panel
from unittest import mock
from app import run

@mock.patch.dict(panel.table)
def test_it():
    run()
### a session fixture of the conftest that runs for everything is configuration
# conftest.py
import panel, pytest

@pytest.fixture(scope='session', autouse=True)
def configured():
    panel.table['a'] = 1
### a helper of another file registers a cleanup by decorator
# tests/helpers.py
import panel

def forget(case):
    old = dict(panel.table)

    @case.addCleanup
    def end():
        panel.table.clear()
        panel.table.update(old)
# tests/test_it.py
import panel, unittest
from helpers import forget

class TestIt(unittest.TestCase):
    def setUp(self):
        forget(self)

    def test_it(self):
        panel.table['a'] = 1
### a mixin's method keeps the value and registers the restore
# mixins.py
import panel

class Keeping:
    def replace(self, items):
        old = dict(panel.table)

        def back():
            panel.table.clear()
            panel.table.update(old)

        self.addCleanup(back)
        panel.table.update(items)
# test_it.py
import panel, unittest
from mixins import Keeping

class TestIt(unittest.TestCase, Keeping):
    def test_it(self):
        self.replace({})
        panel.table['a'] = 1
### a cleanup that the class inherits from another file
# mixins.py
import panel

class Wiping:
    def wipe(self):
        panel.table.clear()
# test_it.py
import panel, unittest
from mixins import Wiping

class TestIt(Wiping, unittest.TestCase):
    def test_it(self):
        self.addCleanup(self.wipe)
        panel.table['a'] = 1
### a helper that overrides what it is given, in the set-up
# base.py
import panel
import unittest

UNSET = object()

class Base(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.keep_quiet()

    def keep_quiet(self):
        self.override(panel, "knob_value", 1)

    def override(self, owner, name, new=UNSET):
        value = getattr(owner, name, UNSET)
        if value is UNSET:
            self.addCleanup(delattr, owner, name)
        else:
            self.addCleanup(setattr, owner, name, value)
        if new is not UNSET:
            setattr(owner, name, new)
# test_it.py
import panel
from base import Base

class It(Base):
    def test_it(self):
        panel.knob_value = 2
### a helper that overrides what it is given, by names, before the change
# base.py
import panel
import unittest

UNSET = object()

class Base(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.keep_quiet()

    def keep_quiet(self):
        pass

    def override(self, owner, name, new=UNSET):
        value = getattr(owner, name, UNSET)
        if value is UNSET:
            self.addCleanup(delattr, owner, name)
        else:
            self.addCleanup(setattr, owner, name, value)
        if new is not UNSET:
            setattr(owner, name, new)
# test_it.py
import panel
from base import Base

class It(Base):
    def test_it(self):
        self.override(name="knob_value", owner=panel)
        panel.knob_value = 2
### another name for a class of another file
# kept.py
import panel
import unittest

class Wiping(unittest.TestCase):
    def tearDown(self):
        panel.table.clear()
# base.py
import kept

Own = kept.Wiping

class Local(Own):
    pass

Base = Local
# test_it.py
import panel
from base import Base

class It(Base):
    def test_it(self):
        panel.table['a'] = 1
### tests of a mixin that only its heir runs
# test_it.py
import panel

class Remote:
    def test_it(self):
        panel.table['a'] = 1

class TestWiped(Remote):
    def teardown_method(self):
        panel.table.clear()
""")


def files_of(text: str) -> dict[str, str]:
    files: dict[str, str] = {}
    path = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("# "):
            path = line[2:].strip()
            files[path] = ""
        else:
            files[path] += HEAD + TAIL if line.strip() == "HELPERS" else line
    return files


@pytest.mark.parametrize("case", CAUGHT)
def test_a_change_is_caught_across_files(case: str, tmp_path: Path) -> None:
    assert len(leaks(files_of(CAUGHT[case]), tmp_path)) == 1


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_other_files_do_is_seen_to_undo_it(case: str, tmp_path: Path) -> None:
    assert leaks(files_of(LEFT_ALONE[case]), tmp_path) == []
