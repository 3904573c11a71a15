"""Changes in the code under test: only those count that certainly happen on the way from the test that is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.source import follow
from hermetic.source.module import Module
from hermetic.source.reach import calls_of
from hermetic.source.values import Facts
from tests.utils.knob import leaks
from tests.utils.lint import lint_files
from tests.utils.snippets import snippets

if TYPE_CHECKING:
    import ast
    from pathlib import Path

    from hermetic.source.scope import Scope

HEAD = "import sys\nimport panel\n\n"
TEST = "import pytest, unittest\nfrom unittest import mock\nimport app\nfrom app import *\nfrom app import run\n\n"

# Each snippet is `app.py`, a line with three dots, and `test_it.py`; `run` is imported there.
REACHED = snippets("""
### below a condition on a flag that is passed as true
def run(flag):
    if flag:
        panel.table['a'] = 1
...
def test_it():
    run(True)
### below a condition on a flag that is true by default
def run(name, *, flag=True):
    if flag:
        panel.table['a'] = 1
...
def test_it():
    run('x')
### below a test for None of what is passed
def run(path=None):
    if path is not None:
        panel.table['a'] = 1
...
def test_it():
    run('here')
### below a test for None of an object that the test makes
def run(path=None):
    if path is not None:
        panel.table['a'] = 1
...
class Place:
    pass

def test_it():
    place = Place()
    run(path=place)
### in the other branch of a condition that can be read
def run(flag=False):
    if flag:
        pass
    elif not flag and 1:
        panel.table['a'] = 1
...
def test_it():
    run()
### below an early return that is not taken
def run(name):
    if not name:
        return
    panel.table['a'] = 1
...
def test_it():
    run('x')
### below a check of the type
def run(port):
    if not isinstance(port, int):
        raise TypeError
    panel.table['a'] = 1
...
def test_it():
    run(80)
### in a with in a try, below one whose handler raises
def run():
    try:
        work()
    except OSError:
        raise RuntimeError
    try:
        with open('x'):
            panel.table['a'] = 1
    finally:
        work()
...
def test_it():
    run()
### in a loop over a written-out tuple
def run():
    for name in ('a', 'b'):
        panel.table[name] = 1
...
def test_it():
    run()
### in a loop over a constant of the file
NAMES = {'x': ['a']}
def run(kind):
    for name in sorted(NAMES[kind]):
        panel.table[name] = 1
...
def test_it():
    run('x')
### in a loop that runs until it breaks
def run():
    while True:
        panel.table['a'] = 1
        break
...
def test_it():
    run()
### behind a loop that leaves only itself
def run(names):
    for name in names:
        if name:
            break
    panel.table['a'] = 1
...
def test_it():
    run([])
### two calls further, with what is passed on
def run(level):
    inner(level, None)

def inner(level, other):
    if level is not None and other is None:
        panel.table['a'] = level
...
def test_it():
    run(5)
### in a method that uses what the constructor was given
class Config:
    def __init__(self, level=None):
        self.level = level
        self.configure()

    def configure(self):
        if self.level is not None:
            panel.table['a'] = 1

def run():
    pass
...
from app import Config

def test_it():
    Config(level='debug')
### by the one of two tests that passes the flag
def run(flag=False):
    if flag:
        panel.table['a'] = 1
...
def test_nothing():
    run()

def test_it():
    run(flag=True)
### with a path that names another function
def run():
    panel.table['a'] = 1
...
def test_it():
    with mock.patch('app.other'):
        run()
### with a path that names the file only
def run():
    panel.table['a'] = 1
...
def test_it(request):
    request.getfixturevalue('app')
    run()
### with a mock that raises below the change
def work():
    pass

def run():
    panel.table['a'] = 1
    work()
...
def test_it():
    with mock.patch('app.work', side_effect=OSError):
        run()
### with a mock that raises what is caught
def work():
    pass

def run():
    try:
        work()
    except OSError:
        pass
    panel.table['a'] = 1
...
def test_it():
    with mock.patch('app.work', side_effect=OSError):
        run()
### with a mock that gives something
def work():
    pass

def run():
    work()
    panel.table['a'] = 1
...
@mock.patch('app.work', side_effect=[1])
def test_it(work):
    run()
### below a class that is skipped on a condition only
def run():
    panel.table['a'] = 1
...
@pytest.mark.skipif(unittest.x, reason='x')
class TestIt:
    def test_it(self):
        run()
""")
NOT_REACHED = snippets("""
### below a condition on a list that is filled only at times
def run():
    found = []
    if look():
        found.append(1)
    if found:
        panel.table['a'] = 1
...
def test_it():
    run()
### replaced by a function that the test calls
def run():
    panel.table['a'] = 1
...
def replaced(monkeypatch):
    monkeypatch.setattr("app.panel.table", {})

def test_it(monkeypatch):
    replaced(monkeypatch)
    run()
### in the other branch of a helper of the suite
def run():
    panel.table['a'] = 1
...
def helper(flag):
    return 1 if flag else run()

def test_it():
    helper(True)
### below a condition that cannot be read
def run(path=None):
    if sys.argv:
        panel.table['a'] = 1
...
def test_it():
    run()
### below a condition on what only a fixture knows
def run(flag):
    if flag:
        panel.table['a'] = 1
...
def test_it(flag):
    run(flag)
### below a condition on a flag that is not passed
def run(flag=False):
    if flag:
        panel.table['a'] = 1
...
def test_it():
    run()
### below a test for None of None
def run(path):
    if path is not None:
        panel.table['a'] = 1
...
def test_it():
    run(None)
### below a condition on arguments that are opened
def run(flag=True):
    if flag:
        panel.table['a'] = 1
...
def test_it(options):
    run(**options)
### behind a short circuit
def run():
    return sys.argv and panel.table.update(a=1)
...
def test_it():
    run()
### in one branch of a conditional expression
def run():
    return panel.table.update(a=1) if sys.argv else None
...
def test_it():
    run()
### in a handler
def run():
    try:
        work()
    except OSError:
        panel.table['a'] = 1
...
def test_it():
    run()
### in a case
def run(x):
    match x:
        case 1:
            panel.table['a'] = 1
...
def test_it():
    run(2)
### in a loop over what may be empty
def run(names):
    for name in names:
        panel.table['a'] = 1
...
def test_it(names):
    run(names)
### in a loop over nothing
def run():
    for name in ():
        panel.table['a'] = 1
...
def test_it():
    run()
### in a loop with a condition
def run():
    while sys.argv:
        panel.table['a'] = 1
...
def test_it():
    run()
### in a comprehension over what may be empty
def run(names):
    return [panel.table.update(a=1) for name in names]
...
def test_it(names):
    run(names)
### below an early return
def run():
    if sys.argv:
        return
    panel.table['a'] = 1
...
def test_it():
    run()
### below a check that raises
def run(port):
    if not isinstance(port, int):
        raise TypeError
    panel.table['a'] = 1
...
def test_it():
    run('80')
### below a handler that returns
def run():
    try:
        work()
    except OSError:
        return
    panel.table['a'] = 1
...
def test_it():
    run()
### below an exit
def run():
    with open('x'):
        if sys.argv:
            sys.exit(1)
    panel.table['a'] = 1
...
def test_it():
    run()
### two calls further, below a condition on the way
def run():
    if sys.argv:
        inner()

def inner():
    panel.table['a'] = 1
...
def test_it():
    run()
### in a constructor of an object that is made below a condition
class Client:
    def __init__(self):
        panel.table['a'] = 1

def run():
    return Client() if sys.argv else None
...
def test_it():
    run()
### in a method that does not use what the constructor was given
class Config:
    def __init__(self, level=None):
        self.level = level
        self.configure()

    def configure(self):
        if self.level is not None:
            panel.table['a'] = 1

def run():
    pass
...
from app import Config

def test_it():
    Config()
### in a method that uses what another method sets
class Config:
    def __init__(self, level=None):
        self.level = level
        self.configure()

    def other(self):
        self.level = None

    def configure(self):
        if self.level is not None:
            panel.table['a'] = 1

def run():
    pass
...
from app import Config

def test_it():
    Config('debug')
### through a parameter that is only set when it is left out
def run(tool=None):
    if tool is None:
        tool = panel.knob
    tool()
...
def test_it():
    run(print)
### in a nested function that is called below a condition
def run():
    def inner():
        panel.table['a'] = 1
    if sys.argv:
        inner()
...
def test_it():
    run()
### in a call that is expected to raise
def run(port):
    panel.table['a'] = 1
...
def test_it():
    with pytest.raises(TypeError):
        run('1')
### in a call that a unittest method expects to raise
def run(port):
    panel.table['a'] = 1
...
class TestIt(unittest.TestCase):
    def test_it(self):
        with self.assertRaises(TypeError):
            value = 1
            run(value)
            run(value)
### replaced by its path with a fixture of the suite
def run():
    inner()

def inner():
    panel.table['a'] = 1
...
def test_it(patching):
    patching('app.inner')
    run()
### replaced by its path in a setup
def run():
    inner()

def inner():
    panel.table['a'] = 1
...
class TestIt(unittest.TestCase):
    def setUp(self):
        replace(self, 'app.inner', 1)

    def test_it(self):
        run()
### replaced by its path in a decorator of the class
def run():
    inner()

def inner():
    panel.table['a'] = 1
...
@swapped('app.inner')
class TestIt:
    def test_it(self):
        run()
### replaced by its path in a fixture that a fixture uses
def run():
    inner()

def inner():
    panel.table['a'] = 1
...
@pytest.fixture
def deep():
    replace('app.inner')

@pytest.fixture
def quiet(deep):
    return 1

def test_it(quiet):
    run()
### replaced as an attribute of its module
def run():
    inner()

def inner():
    panel.table['a'] = 1
...
def test_it(monkeypatch):
    monkeypatch.setattr(app, 'inner', print)
    run()
### replaced by the test case for the test
def run():
    inner()

def inner():
    panel.table['a'] = 1
...
class TestIt(unittest.TestCase):
    def test_it(self):
        self.patch(app, 'inner', print)
        run()
### with the function that makes the change replaced by the test case
def run():
    panel.knob('a', 1)
...
import panel

class TestIt(unittest.TestCase):
    def test_it(self):
        self.patch(panel, 'knob', print)
        run()
### with the module that makes the change replaced
def run():
    panel.knob(1)
...
def test_it(patching):
    patching('app.panel')
    run()
### with the function behind a variable replaced
def run():
    tool = panel.knob
    tool(1)
...
def test_it(patching):
    patching('app.knob')
    run()
### below a call that a mock makes fail
def work():
    pass

def run():
    work()
    panel.table['a'] = 1
...
def test_it():
    with mock.patch('app.work', side_effect=OSError('no')):
        try:
            run()
        except OSError:
            pass
### below a call that a mock of a decorator makes fail
def work():
    pass

def run():
    work()
    panel.table['a'] = 1
...
@mock.patch('app.other')
@mock.patch('app.work')
def test_it(work, other):
    work.side_effect = KeyboardInterrupt
    run()
### below a call that a mock of a block makes fail
def work():
    pass

def run():
    work()
    panel.table['a'] = 1
...
def test_it():
    with mock.patch('app.work') as work:
        work.side_effect = app.BrokenError()
        run()
""")
SKIPPED = snippets("""
### a test that is defined for who asks for it
import os
if os.environ.get('TEST_SOCKET'):
    def test_it():
        panel.table['a'] = 1
### a test that is defined for another platform
import sys
if sys.platform == 'riscos':
    class TestIt:
        def test_it(self):
            panel.table['a'] = 1
### a test with a mark
@pytest.mark.skip
def test_it():
    panel.table['a'] = 1
### a test with a mark and a reason
@pytest.mark.skip(reason='broken')
def test_it():
    panel.table['a'] = 1
### a test of unittest
class TestIt(unittest.TestCase):
    @unittest.skip('broken')
    def test_it(self):
        panel.table['a'] = 1
### a condition that is written out
@pytest.mark.skipif(True, reason='broken')
def test_it():
    panel.table['a'] = 1
### the setup of a class
@unittest.skip('broken')
class TestIt(unittest.TestCase):
    def setUp(self):
        panel.table['a'] = 1
### a file by its mark
pytestmark = [pytest.mark.skip('broken')]

def test_it():
    panel.table['a'] = 1
### a file by a call
pytest.skip('broken', allow_module_level=True)

def test_it():
    panel.table['a'] = 1
### a file by an exception
raise unittest.SkipTest('broken')

def test_it():
    panel.table['a'] = 1
### a test behind a helper
def helper():
    panel.table['a'] = 1

@pytest.mark.skip
def test_it():
    helper()
""")
NOT_SKIPPED = snippets("""
### a test with a condition
@pytest.mark.skipif(panel.old, reason='old')
def test_it():
    panel.table['a'] = 1
### a condition that is written out as false
@pytest.mark.skipif(False, reason='never')
def test_it():
    panel.table['a'] = 1
### a file on a condition
if panel.old:
    pytest.skip('old', allow_module_level=True)

def test_it():
    panel.table['a'] = 1
### the test beside the skipped one
def helper():
    panel.table['a'] = 1

@pytest.mark.skip
def test_it():
    helper()

def test_other():
    helper()
""")


def found(case: str, folder: Path, path: str = "app.py") -> list[tuple[str, int, bool]]:
    code, _, test = case.partition("...\n")
    return leaks({path: HEAD + code, "test_it.py": TEST.replace("app", path[:-3]) + test}, folder)


@pytest.mark.parametrize("case", REACHED)
def test_a_change_that_the_test_certainly_reaches_is_caught(case: str, tmp_path: Path) -> None:
    assert len(found(REACHED[case], tmp_path)) == 1


@pytest.mark.parametrize("case", NOT_REACHED)
def test_a_change_that_the_test_may_not_reach_is_left_alone(case: str, tmp_path: Path) -> None:
    assert found(NOT_REACHED[case], tmp_path) == []


@pytest.mark.parametrize(
    "case", ["below a condition that cannot be read", "below an early return", "in a call that is expected to raise"]
)
def test_a_helper_of_the_suite_is_taken_to_get_everywhere(case: str, tmp_path: Path) -> None:
    assert len(found(NOT_REACHED[case], tmp_path, "helpers.py")) == 1


MAYBE = {
    "app/__init__.py": "",
    "app/util.py": "import panel\n\ndef run(flag):\n    if flag():\n        panel.table['a'] = 1\n",
    "tests/test_it.py": "from app.util import run\n\ndef test_it(request):\n    run(request)\n",
}


def test_a_file_of_a_package_is_code_under_test_though_it_has_the_name_of_a_helper(tmp_path: Path) -> None:
    assert leaks(MAYBE, tmp_path) == []


def test_a_pattern_that_takes_every_file_makes_no_suite_of_the_code_under_test(tmp_path: Path) -> None:
    app = f"{HEAD}def run(flag):\n    if flag:\n        panel.table['a'] = 1\n"
    files = {
        "pytest.ini": "[pytest]\npython_files = test_*.py rules/*.py\n",
        "rules/app.py": app,
        "test_it.py": "from rules import app\n\n\ndef test_it(flag):\n    app.run(flag)\n",
    }
    assert lint_files(files, tmp_path, select=("ALL",)) == []


SETS_AT_IMPORT = "import os\n\nos.environ['STUBS'] = 'here'\n"


@pytest.mark.parametrize(
    ("path", "tests", "reported"),
    [
        ("contrib/run.py", "", False),
        ("docs/conf.py", "", False),
        ("contrib/run.py", "\n\ndef test_it():\n    assert os.environ['STUBS']\n", True),
        ("contrib/some_tests.py", "", True),
        ("checks/check_run.py", "", True),
    ],
)
def test_what_a_pattern_for_every_file_takes_without_tests_is_read_by_no_test(
    path: str, tests: str, reported: bool, tmp_path: Path
) -> None:
    files = {"pytest.ini": "[pytest]\npython_files = *.py check_*.py\n", path: SETS_AT_IMPORT + tests}

    assert [item.path for item in lint_files(files, tmp_path, select=["HRM101"])] == ([path] if reported else [])


def test_a_call_that_has_to_raise_reaches_nothing(tmp_path: Path) -> None:
    source = """
from app.util import run

def test_it():
    try:
        run(True)
        raise AssertionError
    except SystemExit:
        pass
"""
    code = "import panel\n\ndef run(flag):\n    check(flag)\n    panel.table['a'] = 1\n"
    files = {"app/__init__.py": "", "app/util.py": code, "tests/test_it.py": source}
    assert leaks(files, tmp_path) == []
    files["tests/test_it.py"] = source.replace("        raise AssertionError\n", "")
    assert leaks(files, tmp_path) == [("app/util.py", 5, False)]


@pytest.mark.parametrize("beside", ["app/conftest.py", "app/test_that.py"])
def test_a_helper_with_tests_beside_it_belongs_to_the_suite(beside: str, tmp_path: Path) -> None:
    assert leaks({**MAYBE, beside: ""}, tmp_path) == [("app/util.py", 5, False)]


def test_a_helper_that_is_in_no_package_belongs_to_the_suite(tmp_path: Path) -> None:
    files = {path: source for path, source in MAYBE.items() if not path.endswith("__init__.py")}
    assert leaks(files, tmp_path) == [("app/util.py", 5, False)]


@pytest.mark.parametrize("case", SKIPPED)
def test_what_never_runs_leaks_nothing(case: str, tmp_path: Path) -> None:
    assert leaks({"test_it.py": f"import panel, pytest, unittest\n\n{SKIPPED[case]}"}, tmp_path) == []


@pytest.mark.parametrize("case", NOT_SKIPPED)
def test_what_is_skipped_only_at_times_leaks(case: str, tmp_path: Path) -> None:
    assert len(leaks({"test_it.py": f"import panel, pytest, unittest\n\n{NOT_SKIPPED[case]}"}, tmp_path)) == 1


THREADS = """
import sys
import threading
import time

def poll():
    while True:
        time.sleep(1)

def started():
    if sys.argv:
        return None
    thread = threading.Thread(target=poll)
    thread.start()
    return thread

def always():
    thread = threading.Thread(target=poll)
    thread.start()
    return thread
"""
PATCHES = """
import sys
from unittest import mock

def quiet(flag=False):
    if flag:
        mock.patch("sys.stdout").start()
"""


@pytest.mark.parametrize(
    ("code", "call", "count"),
    [
        ("HRM109", "thread = always()", 1),
        ("HRM109", "thread = started()", 0),
        ("HRM304", "quiet(True)", 1),
        ("HRM304", "quiet()", 0),
    ],
)
def test_what_code_under_test_starts_counts_where_it_certainly_does(
    code: str, call: str, count: int, tmp_path: Path
) -> None:
    test = f"from app import started, always, quiet\n\ndef test_it():\n    {call}\n"
    files = {"app.py": THREADS + PATCHES, "test_it.py": test}
    assert len(lint_files(files, tmp_path, select=(code,))) == count


def test_what_a_call_tells_is_worked_out_once_and_not_before_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Module("test_it.py", b"def run(flag):\n    pass\n\ndef test_it():\n    run(True)\n")
    run, test = map(module.load, module.top.functions)
    (call,) = calls_of(test)
    worked_out: list[str] = []
    given = follow.given

    def noted(scope: Scope, call: ast.Call, target: Scope, facts: Facts) -> Facts:
        worked_out.append(target.name)
        return given(scope, call, target, facts)

    monkeypatch.setattr(follow, "given", noted)
    way = follow.Way(test, Facts(test, {})).through(call, run)
    before = worked_out[:]

    facts = [way.facts for _ in range(2)]

    assert (before, worked_out) == ([], ["run"])
    assert [item is not None and item.values["flag"].constant for item in facts] == [True, True]
    assert follow.Way(test).through(call, run).facts is None
