"""A test or fixture gets the fixture that a repair needs, where pytest alone calls it, in the style of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.repairing import after, repair_files, repaired

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "import os\nimport contextlib\nimport unittest\nfrom unittest import mock\n\nimport pytest\n\n\n"
SET = 'os.environ["APP"] = "1"'
DONE = 'monkeypatch.setenv("APP", "1")'

ADDED = {
    "none": ("def test_a():", "def test_a(monkeypatch):"),
    "blank": ("def test_a( ):", "def test_a(monkeypatch ):"),
    "one": ("def test_a(tmp_path):", "def test_a(tmp_path, monkeypatch):"),
    "at hand": ("def test_a(monkeypatch):", "def test_a(monkeypatch):"),
    "async": ("async def test_a(tmp_path):", "async def test_a(tmp_path, monkeypatch):"),
    "default": ("def test_a(tmp_path, n=1):", "def test_a(tmp_path, monkeypatch, n=1):"),
    "only a default": ("def test_a(n=(1, ')')):", "def test_a(monkeypatch, n=(1, ')')):"),
    "keywords": ("def test_a(*, tmp_path):", "def test_a(monkeypatch, *, tmp_path):"),
    "star": ("def test_a(*args, **more):", "def test_a(monkeypatch, *args, **more):"),
    "annotated": ("def test_a(tmp_path: int):", "def test_a(tmp_path: int, monkeypatch: pytest.MonkeyPatch):"),
    "returns": ("def test_a() -> None:", "def test_a(monkeypatch: pytest.MonkeyPatch) -> None:"),
    "half annotated": ("def test_a(tmp_path, capsys: int):", "def test_a(tmp_path, capsys: int, monkeypatch):"),
    "a string with signs": ('def test_a(capfd: "(,#"):', 'def test_a(capfd: "(,#", monkeypatch: pytest.MonkeyPatch):'),
    "trailing comma": ("def test_a(tmp_path,):", "def test_a(tmp_path, monkeypatch,):"),
    "lines": (
        "def test_a(\n    tmp_path,  # where\n    # the end\n):",
        "def test_a(\n    tmp_path,  # where\n    monkeypatch,\n    # the end\n):",
    ),
    "lines without a comma": (
        "def test_a(\n    tmp_path  # where\n):",
        "def test_a(\n    tmp_path,  # where\n    monkeypatch\n):",
    ),
    "lines that close at once": (
        "def test_a(\n    tmp_path,\n    capsys):",
        "def test_a(\n    tmp_path,\n    capsys,\n    monkeypatch):",
    ),
    "lines with a default": (
        "def test_a(\n    tmp_path,\n    n=1,\n):",
        "def test_a(\n    tmp_path,\n    monkeypatch,\n    n=1,\n):",
    ),
    "lines with only a default": ("def test_a(\n    n=1,\n):", "def test_a(monkeypatch,\n    n=1,\n):"),
    "a comment behind the parenthesis": (
        "def test_a(  # why )\n    tmp_path,\n):",
        "def test_a(  # why )\n    tmp_path,\n    monkeypatch,\n):",
    ),
    "continued": ("def \\\n  test_a \\\n (tmp_path):", "def \\\n  test_a \\\n (tmp_path, monkeypatch):"),
    "marks": (
        '@pytest.mark.parametrize(\n    "n",\n    [1, 2],\n)\ndef test_a(n):',
        '@pytest.mark.parametrize(\n    "n",\n    [1, 2],\n)\ndef test_a(n, monkeypatch):',
    ),
    "a patch comes first": (
        '@mock.patch("os.getcwd")\ndef test_a(getcwd, tmp_path):',
        '@mock.patch("os.getcwd")\ndef test_a(getcwd, tmp_path, monkeypatch):',
    ),
    "a mark by a name": (
        'slow = pytest.mark.skipif(False, reason="")\n\n\n@slow\ndef test_a():',
        'slow = pytest.mark.skipif(False, reason="")\n\n\n@slow\ndef test_a(monkeypatch):',
    ),
    "fixture": (
        "@pytest.fixture()\ndef app(tmp_path):",
        "@pytest.fixture()\ndef app(tmp_path, monkeypatch):",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "expected"), ADDED.values(), ids=ADDED)
def test_the_parameter_is_written_as_the_others_are(before: str, expected: str, tmp_path: Path) -> None:
    source = f"{HEAD}{before}\n    {SET}\n    assert os.environ\n"

    assert repaired(source, tmp_path) == f"{HEAD}{expected}\n    {DONE}\n    assert os.environ\n"


LEFT = {
    "an unknown decorator": "def twice(f):\n    return f\n\n\n@twice\ndef test_a():\n    {}\n",
    "hypothesis": "from hypothesis import given\n\n\n@given()\ndef test_a():\n    {}\n",
    "called": "def test_a():\n    {}\n\n\ndef test_b():\n    test_a()\n",
    "in a list": "def test_a():\n    {}\n\n\nTESTS = [test_a]\n",
    "a helper": "def use():\n    {}\n\n\ndef test_a():\n    use()\n",
    "a setup": "class TestA:\n    def setup_method(self):\n        {}\n\n    def test_a(self):\n        pass\n",
    "unittest": "class A(unittest.TestCase):\n    def test_a(self):\n        {}\n",
    "an unknown base": "from elsewhere import Base\n\n\nclass TestA(Base):\n    def test_a(self):\n        {}\n",
    "positional alone": "def test_a(n=1, /):\n    {}\n",
    "the name is taken": "def test_a():\n    monkeypatch = None\n    {}\n    assert not monkeypatch\n",
    "a default for it": "def test_a(monkeypatch=None):\n    {}\n",
    "parametrised": '@pytest.mark.parametrize("monkeypatch", [1])\ndef test_a(monkeypatch):\n    {}\n',
    "a fixture of that name": "@pytest.fixture\ndef monkeypatch():\n    return 1\n\n\ndef test_a():\n    {}\n",
    "wide": '@pytest.fixture(scope="module")\ndef a():\n    {}\n\n\ndef test_a(a):\n    pass\n',
    "at import": "{}\n\n\ndef test_a():\n    pass\n",
    "yields": "def test_a():\n    {}\n    yield\n",
    "a patch with a default": '@mock.patch("os.getcwd")\ndef test_a(getcwd=None):\n    {}\n',
    "a class in it": "def test_a():\n    class A:\n        def b(self):\n            {}\n    A().b()\n",
}


@pytest.mark.parametrize("source", LEFT.values(), ids=LEFT)
def test_what_pytest_does_not_call_or_fill_alone_is_left(source: str, tmp_path: Path) -> None:
    text = HEAD + source.format(SET)

    assert repaired(text, tmp_path) == text


def test_a_test_that_another_file_calls_is_left(tmp_path: Path) -> None:
    files = {
        "test_a.py": f"import os\n\n\ndef test_a():\n    {SET}\n",
        "runner.py": "from test_a import test_a\n\ntest_a()\n",
    }

    assert repair_files(files, tmp_path).files == {}


def test_a_method_of_a_plain_class_gets_it_behind_self(tmp_path: Path) -> None:
    source = f"{HEAD}class Base:\n    pass\n\n\nclass TestA(Base):\n    def test_a(self):\n        {SET}\n"

    assert "def test_a(self, monkeypatch):" in repaired(source, tmp_path)


@pytest.mark.parametrize("inner", ["def inner():\n        {}\n    inner()", "for _ in range(2):\n        {}"])
def test_a_nested_function_uses_that_of_the_test_around_it(inner: str, tmp_path: Path) -> None:
    source = f"{HEAD}def test_a():\n    {inner.format(SET)}\n    assert os.environ\n"

    expected = f"{HEAD}def test_a(monkeypatch):\n    {inner.format(DONE)}\n    assert os.environ\n"
    assert repaired(source, tmp_path) == expected


def test_a_wide_fixture_gets_a_monkeypatch_of_its_own_only_when_unsafe_fixes_are_wanted(tmp_path: Path) -> None:
    fixture = f'{HEAD}@pytest.fixture(scope="module")\ndef app():\n    {SET}\n    return 1\n'
    source = f"{fixture}\n\ndef test_a(app):\n    assert app\n"

    assert repaired(source, tmp_path) == source
    assert (
        "def app(request):\n    monkeypatch = pytest.MonkeyPatch()\n    request.addfinalizer(monkeypatch.undo)\n    "
        f"{DONE}\n    return 1\n"
    ) in repaired(source, tmp_path, unsafe=True)


def test_a_fixture_of_a_conftest_that_another_one_stands_in_for_is_unsafe(tmp_path: Path) -> None:
    fixture = f"import os\n\nimport pytest\n\n\n@pytest.fixture\ndef app():\n    {SET}\n    return 1\n"
    other = "import pytest\n\n\n@pytest.fixture\ndef app(app):\n    return app\n\n\ndef test_a(app):\n    assert app\n"
    files = {"conftest.py": fixture, "test_a.py": other}

    assert repair_files(files, tmp_path).files == {}
    done = repair_files(files, tmp_path, unsafe=True)
    assert "def app(monkeypatch):" in after(done, files, tmp_path)["conftest.py"]
