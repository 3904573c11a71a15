"""What each repair writes for the other spellings of a change, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.repairing import after, repair_files, repaired

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "import os\nimport sys\nimport time\nfrom unittest import mock\nfrom os import environ as env, chdir as cd\n\n\n"
TAIL = "    assert time.time()\n"

SAFE = {
    'env["A"] = "1"': 'monkeypatch.setenv("A", "1")',
    'os.environ["A"]: str = "1"': None,
    'os.environ["A"] = str(5)': 'monkeypatch.setenv("A", str(5))',
    'os.environ["A"] = "a" + os.sep': 'monkeypatch.setenv("A", "a" + os.sep)',
    'os.environ["A"] = "%d" % 5': 'monkeypatch.setenv("A", "%d" % 5)',
    'os.environ["A"] = os.path.join("a", "b")': 'monkeypatch.setenv("A", os.path.join("a", "b"))',
    'os.environ["A"] = "b" if os.sep else "c"': 'monkeypatch.setenv("A", "b" if os.sep else "c")',
    'os.environ["A"] += "x"': 'monkeypatch.setenv("A", os.environ["A"] + "x")',
    'os.environ["A"] += "x" if os.sep else "y"': 'monkeypatch.setenv("A", os.environ["A"] + ("x" if os.sep else "y"))',
    'os.environ |= {"A": "1"}': 'monkeypatch.setenv("A", "1")',
    'os.environ.update({"A": "1"}, B="2")': 'monkeypatch.setenv("A", "1")\n    monkeypatch.setenv("B", "2")',
    'os.environ = {"A": "1"}': 'monkeypatch.setattr(os, "environ", {"A": "1"})',
    'del os.environ["PATH"]': 'monkeypatch.delenv("PATH")',
    'os.environ.pop("PATH")': 'monkeypatch.delenv("PATH")',
    'os.environ.pop("PATH", None)': 'monkeypatch.delenv("PATH", raising=False)',
    'x = os.environ.pop("PATH")': None,
    'del os.environ["PATH"], os.environ["HOME"]': None,
    'os.environb[b"A"] = b"1"': None,
    'os.putenv("A", "1")': None,
    'cd("/")': 'monkeypatch.chdir("/")',
    "os.chdir(path=os.sep)": "monkeypatch.chdir(path=os.sep)",
    'os.chdir("/"); os.chdir("..")': 'monkeypatch.chdir("/"); monkeypatch.chdir("..")',
    "os.fchdir(0)": None,
    'sys.path.append("x")': 'monkeypatch.setattr(sys, "path", sys.path[:])\n    sys.path.append("x")',
    'sys.path.insert(0, "x")': 'monkeypatch.syspath_prepend("x")',
    'sys.path.insert(1, "x")': 'monkeypatch.setattr(sys, "path", sys.path[:])\n    sys.path.insert(1, "x")',
    'sys.path += ["x"]': 'monkeypatch.setattr(sys, "path", sys.path[:])\n    sys.path += ["x"]',
    'sys.path[:0] = ["x"]': 'monkeypatch.setattr(sys, "path", sys.path[:])\n    sys.path[:0] = ["x"]',
    'sys.path = ["x"]': 'monkeypatch.setattr(sys, "path", ["x"])',
    'sys.path.insert(0, "x"); __import__("a")': None,
    'sys.modules["time"] = None': 'monkeypatch.setitem(sys.modules, "time", None)',
    'sys.modules.setdefault("a", os)': 'monkeypatch.setitem(sys.modules, "a", sys.modules.get("a", os))',
    'del sys.modules["time"]': 'monkeypatch.delitem(sys.modules, "time")',
    "sys.modules = {}": None,
    "time.sleep = mock.Mock()": 'monkeypatch.setattr(time, "sleep", mock.Mock())',
    'setattr(time, "sleep", mock.Mock())': 'monkeypatch.setattr(time, "sleep", mock.Mock())',
    "time.doze = mock.Mock()": 'monkeypatch.setattr(time, "doze", mock.Mock(), raising=False)',
    'setattr(time, "doze", mock.Mock())': 'monkeypatch.setattr(time, "doze", mock.Mock(), raising=False)',
    "time.sleep = time.monotonic = mock.Mock()": None,
}  # fmt: skip


@pytest.mark.parametrize(("before", "expected"), SAFE.items())
def test_each_spelling_has_its_repair(before: str, expected: str | None, tmp_path: Path) -> None:
    source = f"{HEAD}def test_a():\n    {before}\n{TAIL}"

    wanted = source if expected is None else f"{HEAD}def test_a(monkeypatch):\n    {expected}\n{TAIL}"
    assert repaired(source, tmp_path) == wanted


RESTORES = [
    'old = os.environ["A"]\n    print()\n    os.environ["A"] = old',
    'old = os.environ.get("A")\n    print()\n    os.environ["A"] = old or ""',
    "old = os.getcwd()\n    print()\n    os.chdir(old)",
    "old = time.sleep\n    print()\n    time.sleep = old",
    'print()\n    os.environ.pop("A", None)',
    'try:\n        print()\n    except ValueError:\n        del os.environ["PATH"]\n    assert time.time()',
    'try:\n        print()\n    except ValueError:\n        os.environ.pop("PATH")\n    assert time.time()',
    'try:\n        print()\n    finally:\n        del os.environ["PATH"]\n    assert time.time()',
    'try:\n        print()\n    finally:\n        del os.environ["A"]',
    'print()\n    del sys.modules["time"]',
]


@pytest.mark.parametrize("body", RESTORES)
def test_what_cleans_up_is_left_even_on_request(body: str, tmp_path: Path) -> None:
    source = f"{HEAD}def test_a():\n    {body}\n"

    assert repaired(source, tmp_path, unsafe=True) == source


@pytest.mark.parametrize("value", ["5", "x", "x.name", "None", 'x + "" if x else 5'])
def test_a_value_that_may_be_no_text_waits_for_unsafe_fixes(value: str, tmp_path: Path) -> None:
    source = f'{HEAD}x = object()\n\n\ndef test_a():\n    os.environ["A"] = {value}\n{TAIL}'

    assert repaired(source, tmp_path) == source
    assert f'monkeypatch.setenv("A", {value})' in repaired(source, tmp_path, unsafe=True)


def test_what_a_fixture_removes_after_its_yield_is_left(tmp_path: Path) -> None:
    fixture = "@pytest.fixture\ndef a():\n    yield\n    del os.environ['PATH']\n    print()\n"
    source = f"{HEAD}import pytest\n\n\n{fixture}\n\ndef test_a(a):\n    pass\n"

    assert repaired(source, tmp_path, unsafe=True) == source


@pytest.mark.parametrize("name", ['"os.path"', "os.__name__"])
def test_a_module_that_may_be_of_a_package_is_removed_only_on_request(name: str, tmp_path: Path) -> None:
    source = f"{HEAD}def test_a():\n    del sys.modules[{name}]\n{TAIL}"

    assert repaired(source, tmp_path) == source
    assert f"monkeypatch.delitem(sys.modules, {name})" in repaired(source, tmp_path, unsafe=True)


@pytest.mark.parametrize("end", ["del time.doze", 'delattr(time, "doze")'])
@pytest.mark.parametrize("start", ["time.doze = mock.Mock()", 'setattr(time, "doze", mock.Mock())'])
def test_an_attribute_that_the_test_deletes_itself_is_left_since_monkeypatch_would_miss_it(
    start: str, end: str, tmp_path: Path
) -> None:
    source = f"{HEAD}def test_a():\n    {start}\n    assert time.doze() is None\n    {end}\n"

    assert repaired(source, tmp_path) == source


def test_both_branches_that_set_a_variable_are_repaired(tmp_path: Path) -> None:
    body = '    if os.sep:\n        os.environ["A"] = "1"\n    else:\n        os.environ["A"] = "2"\n'

    found = repaired(f"{HEAD}def test_a():\n{body}{TAIL}", tmp_path)

    assert 'monkeypatch.setenv("A", "1")\n    else:\n        monkeypatch.setenv("A", "2")' in found


CASE = "import os\nimport sys\nimport time, unittest\nfrom unittest import mock\n\n\nclass ATest(unittest.TestCase):\n"
CASES = {
    'os.chdir("/")': 'self.addCleanup(os.chdir, os.getcwd())\n        os.chdir("/")',
    "time.sleep = mock.Mock()": 'self.addCleanup(setattr, time, "sleep", time.sleep)\n        time.sleep = mock.Mock()',
    'sys.path.append("x")': (
        'self.addCleanup(sys.path.__setitem__, slice(None), sys.path[:])\n        sys.path.append("x")'
    ),
    'p = mock.patch("os.getcwd")\n        self.cwd = p.start()': (
        'p = mock.patch("os.getcwd")\n        self.cwd = p.start()\n        self.addCleanup(p.stop)'
    ),
    'mock.patch(\n            "os.getcwd",  # why\n        ).start()  # now': (
        'patcher = mock.patch(\n            "os.getcwd",  # why\n        )\n        self.addCleanup(patcher.stop)\n'
        "        patcher.start()  # now"
    ),
}


@pytest.mark.parametrize(("before", "expected"), CASES.items())
def test_unittest_gets_cleanups_on_request(before: str, expected: str, tmp_path: Path) -> None:
    body = "    def setUp(self):\n        {}\n\n    def test_a(self):\n        pass\n"

    assert repaired(CASE + body.format(before), tmp_path) == CASE + body.format(before)
    assert repaired(CASE + body.format(before), tmp_path, unsafe=True) == CASE + body.format(expected)


def test_a_chained_start_is_taken_apart_in_a_test(tmp_path: Path) -> None:
    source = f'{HEAD}def test_a():\n    cwd = mock.patch("os.getcwd").start()\n    assert cwd\n'

    assert repaired(source, tmp_path) == (
        f'{HEAD}def test_a(request):\n    patcher = mock.patch("os.getcwd")\n    request.addfinalizer(patcher.stop)\n'
        "    cwd = patcher.start()\n    assert cwd\n"
    )


@pytest.mark.parametrize(
    "body",
    [
        'found = [p.start() for p in (mock.patch("os.getcwd"), mock.patch("os.getpid"))]',
        'patcher = 5\n    mock.patch("os.getcwd").start()\n    assert patcher',
        'x = (mock.patch("os.getcwd")\n        .start())',
        'mock.patch("os.getcwd").start(); x = 1',
    ],
)
def test_a_start_that_cannot_be_taken_apart_is_left(body: str, tmp_path: Path) -> None:
    source = f"{HEAD}def test_a():\n    {body}\n"

    assert repaired(source, tmp_path) == source


MOCKS = "from unittest.mock import MagicMock\n\n\n"


def test_a_group_is_safe_where_the_project_knows_xdist(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("[options]\ntests_require = pytest-xdist\n", encoding="utf-8")
    source = f"{MOCKS}class TestA:\n    def test_a(self):\n        assert MagicMock()\n"

    found = repaired(source, tmp_path)

    assert 'import pytest\n\n\n@pytest.mark.xdist_group("test_it")\nclass TestA:\n' in found
    assert found.endswith("\n    def teardown_method(self):\n        gc.collect()\n")
    assert found.startswith("import gc\n")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("import os\nimport time\n", "import gc\nimport os\nimport time\n"),
        ("import abc\nimport time\n", "import abc\nimport gc\nimport time\n"),
        (
            '"""Doc."""\n\nfrom __future__ import annotations\n\nimport abc\nfrom x import y\n',
            "import abc\nimport gc\n",
        ),
        ("import gc\n", "import gc\n"),
    ],
)
def test_an_import_goes_where_a_sorter_would_put_it(head: str, expected: str, tmp_path: Path) -> None:
    source = (
        f"{head}from unittest.mock import MagicMock\n\n\nclass TestA:\n    def test_a(self):\n        MagicMock()\n"
    )

    found = repaired(source, tmp_path)

    assert expected in found
    assert found.count("import gc\n") == 1


def test_a_teardown_that_is_there_collects_at_its_end(tmp_path: Path) -> None:
    own = "    def teardown_method(self):\n        print()  # done\n\n"
    source = f"{MOCKS}class TestA:\n{own}    def test_a(self):\n        MagicMock()\n"

    assert "        print()  # done\n        gc.collect()\n\n    def test_a" in repaired(source, tmp_path)


PATHS = {
    'open("a.csv", "w").close()': 'open(tmp_path / "a.csv", "w").close()',
    'open("/tmp/a.csv", "w").close()': 'open(tmp_path / "a.csv", "w").close()',
    'Path("a.csv").write_text("x")': '(tmp_path / "a.csv").write_text("x")',
    'p = open("a.csv", "w")\n    p.close()\n    assert os.path.exists("a.csv")': (
        'p = open(tmp_path / "a.csv", "w")\n    p.close()\n    assert os.path.exists(tmp_path / "a.csv")'
    ),
}  # fmt: skip
FILES = "import os\nfrom pathlib import Path\n\n\n"


@pytest.mark.parametrize(("before", "expected"), PATHS.items())
def test_a_file_moves_to_the_folder_of_the_test(before: str, expected: str, tmp_path: Path) -> None:
    found = repaired(f"{FILES}def test_a():\n    {before}\n", tmp_path, unsafe=True)

    assert found == f"{FILES}def test_a(tmp_path):\n    {expected}\n"


@pytest.mark.parametrize(
    "source",
    [
        'def test_a():\n    open("out/a.csv", "w").close()\n',
        'def test_a():\n    open("a.csv", "w").close()\n    assert "wrote a.csv" in os.sep\n',
        'NAME = "a.csv"\n\n\ndef test_a():\n    open("a.csv", "w").close()\n',
        'def test_a(name="a.csv"):\n    open(name, "w").close()\n',
    ],
)
def test_a_path_that_more_depends_on_is_left(source: str, tmp_path: Path) -> None:
    assert repaired(FILES + source, tmp_path, unsafe=True) == FILES + source


def test_a_path_that_goes_to_other_code_waits_for_unsafe_fixes(tmp_path: Path) -> None:
    source = (
        f'{FILES}def use(path):\n    return path\n\n\ndef test_a():\n    open("a.csv", "w").close()\n    use("a.csv")\n'
    )

    assert repaired(source, tmp_path) == source
    assert 'use(str(tmp_path / "a.csv"))' in repaired(source, tmp_path, unsafe=True)


def test_overrides_are_set_and_taken_out_through_monkeypatch(tmp_path: Path) -> None:
    app = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef get_db():\n    return 1\n"
    body = "    app.dependency_overrides = {get_db: lambda: 2}\n    assert app\n"
    files = {"main.py": app, "test_it.py": f"from main import app, get_db\n\n\ndef test_a():\n{body}"}

    found = after(repair_files(files, tmp_path), files, tmp_path)["test_it.py"]

    assert 'monkeypatch.setattr(app, "dependency_overrides", {get_db: lambda: 2})' in found
