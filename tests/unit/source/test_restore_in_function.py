"""Restore idioms inside a function, as a table: every idiom in every place where a change can stand."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.utils.knob import HEAD, TAIL, leaks
from tests.utils.snippets import snippets

if TYPE_CHECKING:
    from pathlib import Path

# Where the change stands; BODY is the idiom.
PLACES = snippets("""
### a test
def test_it(request, monkeypatch, mocker, recorder):
    BODY
### an async test
async def test_it(request, monkeypatch, mocker, recorder):
    BODY
### a method
class TestIt:
    def test_it(self, request, monkeypatch, mocker, recorder):
        BODY
### a nested class
class TestAll:
    class TestIt:
        def test_it(self, request, monkeypatch, mocker, recorder):
            BODY
### a fixture
@pytest.fixture
def thing(request, monkeypatch, mocker, recorder):
    BODY
    return 1
### a helper of the test
def helper(request, monkeypatch, mocker, recorder):
    BODY

def test_it(request, monkeypatch, mocker, recorder):
    helper(request, monkeypatch, mocker, recorder)
### a function inside the test
def test_it(request, monkeypatch, mocker, recorder):
    def inner():
        BODY
    inner()
### a helper of a fixture
def helper(request, monkeypatch, mocker, recorder):
    BODY

@pytest.fixture(autouse=True)
def thing(request, monkeypatch, mocker, recorder):
    helper(request, monkeypatch, mocker, recorder)
### a helper method
class TestIt:
    def helper(self, request, monkeypatch, mocker, recorder):
        BODY

    def test_it(self, request, monkeypatch, mocker, recorder):
        self.helper(request, monkeypatch, mocker, recorder)
""")

CAUGHT = snippets("""
### something else is entered on the stack
with contextlib.ExitStack() as stack:
    stack.enter_context(open(os.devnull))
    panel.knob('a', 1)
### monkeypatch of another attribute
monkeypatch.setattr(panel, 'other', 1)
panel.knob_value = 1
### a patch of another attribute
with mock.patch('service.other'):
    panel.knob_value = 1
### nothing undoes it
panel.knob('a', 1)
### put back below an assertion
panel.table['a'] = 1
assert panel.table
del panel.table['a']
### put back below a call that can fail
old = panel.read_knob()
panel.knob('a', 1)
work()
panel.knob('a', old)
### an assertion before the try
panel.table['a'] = 1
assert work()
try:
    work()
finally:
    del panel.table['a']
### the finally undoes another key
panel.table['a'] = 1
try:
    work()
finally:
    panel.table.pop('b')
### put back below a try that lets some through
panel.table['a'] = 1
try:
    panel.table['a'] = 2
    work()
except OSError:
    pass
del panel.table['a']
### put back below a try that lets all but its own kind through
try:
    panel.table['a'] = 2
    work()
except panel.Error:
    pass
del panel.table['a']
### put back below a try that lets all but two kinds through
try:
    panel.table['a'] = 2
    work()
except (OSError, ValueError):
    pass
del panel.table['a']
### put back below a try that raises again
try:
    panel.table['a'] = 2
    work()
except:
    if KEY:
        raise
del panel.table['a']
### put back in an except only
panel.table['a'] = 1
try:
    work()
except ValueError:
    del panel.table['a']
### a manager of something else
with contextlib.suppress(KeyError):
    panel.knob('a', 1)
work()
### monkeypatch of another key
monkeypatch.setitem(panel.table, 'b', 1)
panel.table['a'] = 1
### a patch of another dict
with mock.patch.dict(os.environ):
    panel.table['a'] = 1
### a finalizer of something else
panel.knob('a', 1)
request.addfinalizer(work)
### only read before
old = panel.read_knob()
panel.knob('a', old + 1)
### changed from its own value
panel.knob_value = panel.knob_value + 1
### setattr
setattr(panel, 'knob_value', 1)
### a method of the table
panel.table.update(a=1)
### an augmented table
panel.table |= {'a': 1}
### an alias
t = panel.table
t['a'] = 1
### a deletion
del panel.table['a']
### an unpacked target
panel.knob_value, other = 1, 2
### the value of another key
home = panel.table['b']
panel.table['a'] = home
### a path made from the old value
panel.knob('a', panel.read_knob() + 1)
### a manager that is given another object
with tools.kept(os.environ):
    panel.table['a'] = 1
### an assertion about a warning does not stop it
with pytest.warns(UserWarning):
    panel.knob('a', 1)
### the first of two steps that are expected to raise
with pytest.raises(KeyError):
    panel.knob('a', 1)
    work()
### the parent of a fork
if os.fork() == 0:
    os._exit(0)
else:
    panel.knob('a', 1)
### an item that an operator sets
import operator
operator.setitem(panel.table, 'a', 1)
### an operator that will remove another key
import operator
panel.table['a'] = 1
case.addCleanup(operator.delitem, panel.table, 'b')
### an operator that will remove from something else
import operator
panel.table['a'] = 1
case.addCleanup(operator.delitem, other, 'a')
### a method of the table that will remove another key
panel.table['a'] = 1
case.addCleanup(panel.table.__delitem__, 'b')
### an object that patches another attribute for the test
case.patch(panel, 'other', 2)
panel.table['a'] = 1
### a request that is no patch
client.patch(panel, 'knob_value')
panel.knob_value = 1
""")

LEFT_ALONE = snippets("""
### saved and set under a condition, put back when something was saved
if panel.has_knob:
    old = panel.knob('a', 1)
else:
    old = None
if old is not None:
    panel.knob('a', old)
### what the code left is removed last, without an assertion
work()
panel.table.pop('a', None)
### the table is replaced where the code looks it up
with mock.patch('service.panel.table', {}):
    panel.table['a'] = 1
### try and finally
try:
    panel.knob('a', 1)
    work()
finally:
    panel.knob('a', 0)
### changed before the try
panel.table['a'] = 1
try:
    work()
finally:
    del panel.table['a']
### a few steps before the try
panel.table['a'] = 1
x = work()
try:
    work()
finally:
    del panel.table['a']
### the try stands in a with
panel.knob('a', 1)
with work():
    try:
        work()
    finally:
        panel.knob('a', 0)
### an outer finally
try:
    with work():
        panel.table['a'] = 1
finally:
    panel.table.pop('a')
### a finally that restores a copy
old = dict(panel.table)
try:
    panel.table['a'] = 1
finally:
    panel.table.clear()
    panel.table.update(old)
### a finally that calls a helper
panel.table['a'] = 1
try:
    work()
finally:
    wipe()
### a finally with a condition
panel.table['a'] = 1
try:
    work()
finally:
    if old is None:
        panel.table.pop('a')
    else:
        panel.table['a'] = old
### a key held in a constant
panel.table['a'] = 1
try:
    work()
finally:
    del panel.table[KEY]
### put back at once
old = panel.read_knob()
panel.knob('a', 1)
panel.knob('a', old)
### put back after plain statements
panel.table['a'] = 1
x = 2
del panel.table['a']
assert work()
### a manager of the table
with panel.kept_knob():
    panel.knob('a', 1)
### a manager of a third party that says so
with tools.temporary_knob():
    panel.knob('a', 1)
### a third party's sandbox
with tools.sandbox():
    panel.knob('a', 1)
### a context manager of the file
with kept():
    panel.table['a'] = 1
### a context manager class of the file
with Kept():
    panel.table['a'] = 1
### a helper that returns a manager
with patched():
    panel.table['a'] = 1
### mock.patch.dict
with mock.patch.dict(panel.table, {'b': 1}):
    panel.table['a'] = 1
### mock.patch.dict by name
with mock.patch.dict('panel.table', clear=True):
    panel.table['a'] = 1
### mock.patch.dict in a variable
p = mock.patch.dict(panel.table)
with p:
    panel.table['a'] = 1
### mock.patch of the whole
with mock.patch('panel.table', {}):
    panel.table['a'] = 1
### mock.patch.object
with mock.patch.object(panel, 'knob_value', 2):
    panel.knob_value = 1
### mock.patch.multiple
with mock.patch.multiple('panel', knob_value=2):
    panel.knob_value = 1
### pytest-mock
mocker.patch.dict(panel.table)
panel.table['a'] = 1
### below a try that lets nothing through
try:
    panel.table['a'] = 1
    work()
except:
    failed = True
del panel.table['a']
if failed:
    raise RuntimeError
### below a try that catches all
try:
    panel.table['a'] = 1
    work()
except BaseException as error:
    print(error)
if panel.table:
    del panel.table['a']
### monkeypatch.setitem first
monkeypatch.setitem(panel.table, 'a', 0)
panel.table['a'] = 1
### monkeypatch.delitem first
monkeypatch.delitem(panel.table, 'a', raising=False)
panel.table['a'] = 1
### monkeypatch.setattr of the whole
monkeypatch.setattr(panel, 'table', {})
panel.table['a'] = 1
### monkeypatch.setattr by name
monkeypatch.setattr('panel.table', {})
panel.table['a'] = 1
### monkeypatch.context
with monkeypatch.context() as m:
    m.setattr(panel, 'table', {})
    panel.table['a'] = 1
### a MonkeyPatch of its own
with pytest.MonkeyPatch.context() as mp:
    mp.setitem(panel.table, 'a', 0)
    panel.table['a'] = 1
### a call that records
recorder.knob('a')
panel.knob('a', 1)
### addfinalizer
panel.table['a'] = 1
request.addfinalizer(panel.table.clear)
### addfinalizer of a lambda
panel.table['a'] = 1
request.addfinalizer(lambda: panel.table.pop('a'))
### addfinalizer of a nested function
def end():
    del panel.table['a']
panel.table['a'] = 1
request.addfinalizer(end)
### addfinalizer of a partial
panel.table['a'] = 1
request.addfinalizer(functools.partial(panel.table.pop, 'a'))
### addfinalizer of a helper
panel.table['a'] = 1
request.addfinalizer(wipe)
### addfinalizer of a factory
panel.table['a'] = 1
request.addfinalizer(wiper())
### ExitStack.callback
with contextlib.ExitStack() as stack:
    stack.callback(panel.knob, 'a', 0)
    panel.knob('a', 1)
### ExitStack.callback with setattr
with contextlib.ExitStack() as stack:
    stack.callback(setattr, panel, 'knob_value', 0)
    panel.knob_value = 1
### ExitStack.enter_context
with contextlib.ExitStack() as stack:
    stack.enter_context(mock.patch.dict(panel.table))
    panel.table['a'] = 1
### addCleanup
case.addCleanup(panel.table.pop, 'a', None)
panel.table['a'] = 1
### enterContext
case.enterContext(mock.patch.dict(panel.table))
panel.table['a'] = 1
### back to the default only
panel.dim_knob(0)
### the default in a finally
panel.dim_knob(5)
try:
    work()
finally:
    panel.dim_knob(0)
### a call that only restores
panel.reset_knob()
### a call that restores, in a finally
panel.knob('a', 1)
try:
    work()
finally:
    panel.reset_knob()
### what the code left is removed last
work()
assert panel.read_knob()
panel.table.pop('a', None)
### a table of its own
table = {}
table['a'] = 1
### an object of the same name
panel = Panel()
panel.table['a'] = 1
### a forked child
if os.fork() == 0:
    panel.knob('a', 1)
    os._exit(0)
### a function that is only passed on
def other():
    panel.knob('a', 1)
work(other)
### what is expected to raise
with pytest.raises(KeyError):
    panel.knob('a', 1)
### what unittest expects to raise
with case.assertRaisesRegex(KeyError, 'a'):
    panel.table['a'] = 1
### what fails if it does not raise
try:
    panel.knob('a', 1)
except KeyError:
    pass
else:
    case.fail('no error')
### a call around puts it back
panel.knob('a', panel.knob('a', 1))
### a manager that swaps the attribute
with support.swap_attr(panel, 'knob_value', 1):
    panel.knob_value = 2
### a manager that is given the state
with tools.kept(panel.table):
    panel.table['a'] = 1
### setattr of a name that only the run knows
try:
    panel.knob_value = 1
finally:
    for name, value in old.items():
        setattr(panel, name, value)
### a finalizer as a decorator
panel.table['a'] = 1
@request.addfinalizer
def end():
    panel.table.clear()
### a context manager without finally on a stack that a cleanup closes
stack = contextlib.ExitStack()
case.addCleanup(stack.close)
stack.enter_context(plain())
panel.table['a'] = 1
### the module is replaced where the code looks it up
with mock.patch('service.panel'):
    panel.table['a'] = 1
### the function is a mock
with mock.patch('panel.knob'):
    panel.knob('a', 1)
### monkeypatch replaces the function
monkeypatch.setattr(panel, 'knob', print)
panel.knob('a', 1)
### what the code left is removed after an assertion
work()
assert panel.table['a']
del panel.table['a']
work()
### dead code
if 0:
    panel.knob('a', 1)
### a child that becomes another program
pid = os.fork()
if pid == 0:
    panel.knob('a', 1)
    os.execv('/bin/true', [])
else:
    os.waitpid(pid, 0)
### addCleanup of an operator
import operator
panel.table['a'] = 1
case.addCleanup(operator.delitem, panel.table, 'a')
### addCleanup of an operator that sets the old item
from operator import setitem
old = panel.table.pop('a')
case.addCleanup(setitem, panel.table, 'a', old)
### addfinalizer of a partial of an operator
import operator
panel.table['a'] = 1
request.addfinalizer(functools.partial(operator.delitem, panel.table, 'a'))
### ExitStack.callback of an operator
import operator
with contextlib.ExitStack() as stack:
    stack.callback(operator.delitem, panel.table, 'a')
    panel.table['a'] = 1
### an operator in a finally
import operator
panel.table['a'] = 1
try:
    work()
finally:
    operator.delitem(panel.table, 'a')
### addCleanup of a method of the table
panel.table['a'] = 1
case.addCleanup(panel.table.__delitem__, 'a')
### the test case patches the function
case.patch(panel, 'knob', print)
panel.knob('a', 1)
### the test case patches the whole for the test
case.patch(panel, 'table', {})
panel.table['a'] = 1
""")


def placed(place: str, body: str) -> str:
    line = next(line for line in PLACES[place].splitlines() if line.strip() == "BODY")
    indent = line[: -len("BODY")]
    return HEAD + PLACES[place].replace(line, textwrap.indent(body, indent)) + TAIL


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("idiom", CAUGHT)
def test_a_change_that_stays_is_caught(place: str, idiom: str, tmp_path: Path) -> None:
    found = leaks({"test_it.py": placed(place, CAUGHT[idiom])}, tmp_path)
    assert len(found) == 1, found


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("idiom", LEFT_ALONE)
def test_a_change_that_is_undone_is_left_alone(place: str, idiom: str, tmp_path: Path) -> None:
    assert leaks({"test_it.py": placed(place, LEFT_ALONE[idiom])}, tmp_path) == []


def test_a_handler_with_a_long_expression_is_read_to_its_end(tmp_path: Path) -> None:
    body = LEFT_ALONE["below a try that lets nothing through"].replace("True", " + ".join(["KEY"] * 1500))

    assert leaks({"test_it.py": placed("a test", body)}, tmp_path) == []


@pytest.mark.parametrize("idiom", ["put back below an assertion", "put back below a call that can fail"])
def test_a_restore_that_a_failure_skips_is_called_late(idiom: str, tmp_path: Path) -> None:
    found = leaks({"test_it.py": placed("a test", CAUGHT[idiom])}, tmp_path)
    assert [late for _, _, late in found] == [True]


def test_a_change_that_nothing_undoes_is_not_called_late(tmp_path: Path) -> None:
    found = leaks({"test_it.py": placed("a test", CAUGHT["nothing undoes it"])}, tmp_path)
    assert [late for _, _, late in found] == [False]
