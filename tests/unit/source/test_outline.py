"""A file seen as text: what its top level defines, and which of its names lead to a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.source.module import CannotParseError, check_syntax
from hermetic.source.outline import Outline
from hermetic.source.project import Project
from hermetic.source.text import Text, needles

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = (b"environ",)


def names(source: str) -> set[str]:
    text = Text("helpers.py", source.encode())
    return {name.decode() for name in Outline(text).names_leading_to(TOKENS)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("def fix():\n    os.environ['A'] = '1'\n\ndef other():\n    pass\n", {"fix"}, id="function"),
        pytest.param("async def fix():\n    os.environ.clear()\n", {"fix"}, id="async-function"),
        pytest.param("@cache\n@other\ndef fix():\n    os.environ.clear()\n", {"fix"}, id="decorated"),
        pytest.param("table = os.environ\n", {"table"}, id="assignment"),
        pytest.param("a, b = os.environ, 1\n", {"a", "b"}, id="several-targets"),
        pytest.param("from os import environ as table, path\n", {"table", "path"}, id="import"),
        pytest.param("from os import (\n    environ,\n)\n", {"environ"}, id="import-over-lines"),
        pytest.param(
            "if x:\n    def fix():\n        os.environ.clear()\nelse:\n    fix = None\n", {"fix"}, id="conditional"
        ),
        pytest.param(
            "def a():\n    os.environ.clear()\n\ndef b():\n    a()\n\ndef c():\n    b()\n", {*"abc"}, id="calls"
        ),
        pytest.param("def a():\n    os.environ.clear()\n\ndef b():\n    x.a\n", {*"ab"}, id="same-word-in-doubt"),
        pytest.param("def a():\n    os.environ.clear()\n\n@a\ndef b():\n    pass\n", {*"ab"}, id="decorator"),
        pytest.param("def a():\n    os.environ.clear()\n\ndef b(a):\n    pass\n", {*"ab"}, id="parameter"),
        pytest.param("def a():\n    '''\ndef b():\n    '''\n    os.environ.clear()\n", {*"ab"}, id="long-string"),
        pytest.param(
            "@pytest.fixture(name='client')\ndef make():\n    os.environ.clear()\n",
            {"make", "client"},
            id="fixture-name",
        ),
        pytest.param("class A:\n    def __init__(self):\n        os.environ.clear()\n", {"A"}, id="constructor"),
        pytest.param(
            "class A:\n    def setUp(self):\n        self.go()\n\n    def go(self):\n        os.environ.clear()\n",
            {"A"},
            id="method-of-setup",
        ),
        pytest.param(
            "class A:\n    x = 1\n\n    def go(self):\n        os.environ.clear()\n", set(), id="other-method"
        ),
        pytest.param(
            "class A:\n    @pytest.fixture\n    def go(self):\n        os.environ.clear()\n",
            {"A"},
            id="fixture-of-class",
        ),
        pytest.param("class A:\n    x = os.environ\n\nclass B(A):\n    pass\n", {*"AB"}, id="base-class"),
        pytest.param("def a():\n    pass\n", set(), id="nothing"),
    ],
)
def test_names_that_lead_to_a_token_are_found_without_a_tree(source: str, expected: set[str]) -> None:
    assert names(source) == expected


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for path, source in {
        "app/__init__.py": "from app.core import fix, idle\n",
        "app/core.py": "def fix():\n    os.environ.clear()\n\ndef idle():\n    from app.far import away\n    away()\n",
        "app/far.py": "def away():\n    os.environ.clear()\n",
        "tests/helpers.py": "from app import fix\n\ndef prepare():\n    fix()\n",
    }.items():
        target = tmp_path / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(source)
    return Project(str(tmp_path))


@pytest.mark.parametrize(
    ("source", "leading"),
    [
        pytest.param("from app.core import fix\n", ["app.core.fix"], id="function"),
        pytest.param("from app.core import idle\n", [], id="what-code-under-test-does-elsewhere"),
        pytest.param("from app import fix, idle\n", ["app.fix"], id="passed-on-by-a-package"),
        pytest.param("from tests.helpers import prepare\n", ["tests.helpers.prepare"], id="helper-of-the-suite"),
        pytest.param("from . import helpers\nhelpers.prepare()\n", ["tests.helpers"], id="relative-module"),
        pytest.param("from . import helpers\n", [], id="module-of-which-nothing-is-named"),
        pytest.param("def test_a():\n    from app.core import fix\n    fix()\n", ["app.core.fix"], id="inside-a-test"),
        pytest.param("import os, app.core\napp.core.fix()\n", ["app", "app.core"], id="dotted-import"),
        pytest.param("from app.core import (\n    idle,\n    fix,\n)\n", ["app.core.fix"], id="over-lines"),
        pytest.param("from app.core import \\\n    fix\n", ["app.core.fix"], id="continued-line"),
        pytest.param("text = '''\nfrom app.core import (\n'''\n", [], id="half-an-import-in-a-string"),
    ],
)
def test_an_import_is_followed_to_what_the_name_leads_to(project: Project, source: str, leading: list[str]) -> None:
    text = project.open(f"{project.root}/tests/test_it.py", source.encode())

    assert [dotted for _, dotted in project.leading.imports(text, TOKENS)] == leading


def test_imports_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "helper_a.py").write_text("from helper_b import b\n\ndef a():\n    b()\n")
    (tmp_path / "helper_b.py").write_text("from helper_a import a\n\ndef b():\n    a()\n")
    project = Project(str(tmp_path))
    text = project.open(str(tmp_path / "test_it.py"), b"from helper_a import a\n")

    assert project.leading.imports(text, TOKENS) == []


@pytest.mark.parametrize(
    "token", [b"environ", b"sys.path", b"gc.", b"(sys, ", b"Handler(", b"import signal", b"absent", b".absent("]
)
def test_tokens_are_found_at_once_as_one_by_one(token: bytes) -> None:
    data = b"import signal\nx = os.environb\nsys.path\ngc.collect()\nf(sys, 1)\nHandler(1)\nabsent\n"
    at_once, alone = Text("a.py", data), Text("a.py", data)
    at_once.look_for(needles([token]))

    assert at_once.holds((token,)) == alone.holds((token,)) == (token in data)


@pytest.mark.parametrize(
    "source",
    [
        b"x = (\n",
        b"def f(:\n",
        b"from __future__ import braces\nx = (\n",
        b"# coding: nosuch\n",
        b"x = 1\x00\n",
        b"x = '\xe9'\n",
    ],
)
def test_a_syntax_check_rejects_what_the_parser_rejects(source: bytes) -> None:
    with pytest.raises(CannotParseError):
        check_syntax(source, "test_it.py")


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"x = 1\n",
        b"\xef\xbb\xbfx = 1\n",
        b"# coding: latin-1\nx = '\xe9'\n",
        b"'''doc'''\nfrom __future__ import annotations\n",
        b"return\n",
        b"x = '\\d'\n",
        b"from __future__ import nosuch\n",
    ],
)
def test_a_syntax_check_accepts_what_the_parser_accepts(source: bytes) -> None:
    check_syntax(source, "test_it.py")
