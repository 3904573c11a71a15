"""Facts about fixtures: what makes one, what a function requests, and which file a name comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue.resources import _users
from hermetic.source import roles
from hermetic.source.project import Project
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.source.module import Module
    from hermetic.source.scope import Scope

HEAD = "import functools\nfrom unittest import mock\nimport pytest\nimport pytest_asyncio as aio\n"


def module_of(files: dict[str, str], folder: Path, path: str) -> tuple[Module, Project]:
    """Return one of several files, parsed, and the project that they make."""
    write_files(files, folder)
    project = Project(str(folder))
    module = project.module(str(folder / path))
    assert module is not None
    return module, project


def function_of(source: str, folder: Path, name: str = "it") -> Scope:
    """Return a function of a test file."""
    module, _ = module_of({"test_it.py": HEAD + source}, folder, "test_it.py")
    return next(function for function in module.top.functions if function.name == name)


@pytest.mark.parametrize(
    ("decorator", "scope", "autouse"),
    [
        ("@pytest.fixture", "function", False),
        ("@pytest.fixture(scope='class')", "class", False),
        ("@aio.fixture(scope='session', autouse=True)", "session", True),
        ("WIDE = 'module'\n@pytest.fixture(scope=WIDE)", "module", False),
        ("made = pytest.fixture(scope='module', autouse=True)\n@made", "module", True),
        ("made = functools.partial(pytest.fixture, autouse=True)\n@made", "function", True),
        ("made = functools.partial(pytest.fixture, autouse=True)\n@made(scope='module')", "module", True),
        ("made = functools.partial(pytest.fixture, scope='module')\n@made(scope='class')", "class", False),
        ("OPTIONS = dict(scope='session')\n@pytest.fixture(**OPTIONS, autouse=True)", "session", True),
        ("@pytest.fixture(scope=decide())", "", False),
    ],
)
def test_a_fixture_is_known_however_it_is_made(decorator: str, scope: str, autouse: bool, tmp_path: Path) -> None:
    function = function_of(f"{decorator}\ndef it():\n    pass\n", tmp_path)

    assert roles.role_of(function) == "fixture"
    assert (roles.fixture_scope(function), roles.is_autouse(function)) == (scope, autouse)


@pytest.mark.parametrize("decorator", ["@functools.partial(print, scope='module')", "@fixture", "@made(autouse=True)"])
def test_another_decorator_makes_no_fixture(decorator: str, tmp_path: Path) -> None:
    assert roles.role_of(function_of(f"{decorator}\ndef it():\n    pass\n", tmp_path)) == "helper"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def it(a, b): pass", ["a", "b"]),
        ("def it(a, b=1, *, c, d=2): pass", ["a", "c"]),
        ("@mock.patch('x.y')\n@mock.patch.object(print, 'z')\ndef it(one, two, a): pass", ["a"]),
        ("@mock.patch('x.y', new=1)\n@mock.patch('x.z', 2)\n@mock.patch.dict('x.w')\ndef it(a): pass", ["a"]),
        ("@pytest.mark.parametrize('a, b', [])\ndef it(a, b, c): pass", ["c"]),
        ("@pytest.mark.parametrize(('a', 'b'), [])\ndef it(a, b, c): pass", ["c"]),
        ("@pytest.mark.parametrize('a', [], indirect=True)\ndef it(a): pass", ["a"]),
        ("import hypothesis\n@hypothesis.given(b=1)\ndef it(a, b): pass", ["a"]),
        ("import hypothesis\n@hypothesis.given(1)\ndef it(a, b): pass", ["a"]),
        ("class T:\n    @mock.patch('x')\n    def it(self, m, a): pass", ["a"]),
    ],
)
def test_what_pytest_fills_with_fixtures(source: str, names: list[str], tmp_path: Path) -> None:
    assert roles.requested(function_of(source + "\n", tmp_path)) == names


FIXTURE = "import pytest\n@pytest.fixture\ndef thing():\n    pass\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"conftest.py": FIXTURE, "test_it.py": ""}, "conftest.py"),
        ({"conftest.py": "from base import *\n", "base.py": FIXTURE, "test_it.py": ""}, "base.py"),
        ({"conftest.py": "pytest_plugins = ['base']\n", "base.py": FIXTURE, "test_it.py": ""}, "base.py"),
        ({"conftest.py": "pytest_plugins = 'base'\n", "base.py": FIXTURE, "test_it.py": ""}, "base.py"),
        ({"conftest.py": FIXTURE, "base.py": FIXTURE, "test_it.py": "from base import *\n"}, "base.py"),
    ],
)
def test_a_fixture_is_found_where_pytest_finds_it(files: dict[str, str], expected: str, tmp_path: Path) -> None:
    module, project = module_of(files, tmp_path, "test_it.py")

    fixture = project.fixture("thing", module)

    assert fixture is not None
    assert fixture.module.path.endswith(expected)


def test_a_fixture_that_requests_its_own_name_gets_the_one_above(tmp_path: Path) -> None:
    own = FIXTURE.replace("thing()", "thing(thing)")
    module, project = module_of({"conftest.py": FIXTURE, "test_it.py": own}, tmp_path, "test_it.py")

    above = project.fixture("thing", module, module.top.functions[0])

    assert above is not None
    assert above.module.path.endswith("conftest.py")


def test_a_test_gets_the_fixture_of_its_base_class(tmp_path: Path) -> None:
    source = """
import pytest

class Base:
    @pytest.fixture
    def thing(self): pass

class TestIt(Base):
    def test_it(self, thing): pass

@pytest.fixture
def thing(): pass
"""
    module, project = module_of({"test_it.py": source}, tmp_path, "test_it.py")
    test = next(function for function in module.top.functions if function.name == "test_it")

    fixture = project.fixture("thing", module, test)

    assert fixture is not None
    assert fixture.owner is not None


BY_CLASS = (
    HEAD
    + """
@pytest.fixture
def door():
    pass

def test_a(door):
    pass

def test_b(door):
    pass

@pytest.mark.usefixtures("door")
def test_c():
    pass

class TestHouse:
    @pytest.fixture
    def door(self):
        pass

    @pytest.fixture(autouse=True)
    def light(self, door):
        pass

    def test_d(self, door):
        pass

    def test_e(self):
        pass
"""
)


def test_each_test_runs_with_the_fixtures_of_its_class_and_file(tmp_path: Path) -> None:
    module, project = module_of({"test_it.py": BY_CLASS}, tmp_path, "test_it.py")
    found = {
        test.name: [(item.owner is not None, item.name) for item in _users.fixtures_of(test, project)]
        for test in module.top.functions
        if roles.role_of(test) == "test"
    }

    assert found["test_a"] == found["test_b"] == found["test_c"] == [(False, "door")]
    assert found["test_d"] == found["test_e"] == [(True, "light"), (True, "door")]


def test_what_tests_run_with_that_request_the_same_is_looked_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, project = module_of({"test_it.py": BY_CLASS}, tmp_path, "test_it.py")
    looked_up: list[str] = []
    find = _users.find_fixtures

    def noted(test: Scope, project: Project) -> list[Scope]:
        looked_up.append(test.name)
        return find(test, project)

    monkeypatch.setattr(_users, "find_fixtures", noted)
    for _ in range(2):
        for test in module.top.functions:
            if roles.role_of(test) == "test":
                _users.fixtures_of(test, project)

    assert looked_up == ["test_a", "test_d", "test_e"]
