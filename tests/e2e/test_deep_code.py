"""Code that is built to make a program run out of stack is checked like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.utils.lint import write_files
from tests.utils.process import HEAD, OK, check, found_in

if TYPE_CHECKING:
    from pathlib import Path

DEEP = 2000


def body(text: str) -> str:
    return HEAD + 'def test_deep(monkeypatch, request):\n    os.environ["A"] = "1"\n' + text


def nested(head: str, depth: int) -> str:
    lines = [" " * (4 + level) + head for level in range(depth)]
    return body("\n".join([*lines, " " * (4 + depth) + "os.environ.clear()\n"]))


ADVERSARIAL = {
    "attributes": body("    x = os.environ" + ".a" * DEEP + '\n    x["B"] = 1\n    os.environ["B"] = x\n'),
    "calls": body("    x = os" + "()" * DEEP + "\n    x()\n    os.environ[x()] = os" + "()" * DEEP + "\n"),
    "keys": body("    os.environ[os" + "()" * DEEP + "] = x\n    os.environ[os" + "()" * DEEP + ".a] = x\n"),
    "method calls": body("    x = os" + ".a()" * 1000 + "\n    os.environ[os" + ".a(1)" * 1000 + "] = x\n"),
    "subscripts": body("    x = os.environ" + "[0]" * DEEP + "\n    x.update(a=1)\n"),
    "sum": body("    x = " + "os.environ + " * DEEP + "1\n    os.environ['B'] = x\n"),
    "or": body("    x = " + "os.environ or " * DEEP + "1\n    x.clear()\n"),
    "not": body("    x = " + "not " * DEEP + "os.environ\n    x.clear()\n"),
    "lambdas": body("    x = " + "lambda: " * DEEP + "os.environ.clear()\n    x()\n"),
    "conditions": body("    x = " + "os.environ if 1 else " * DEEP + "1\n    x.clear()\n"),
    "chained assignment": body("    " + "a = " * DEEP + "os.environ\n    a.clear()\n"),
    "lists": body("    x = " + "[" * 190 + "os.environ" + "]" * 190 + "\n    os.environ.update(x)\n"),
    "targets": body("    " + "(" * 90 + 'os.environ["A"]' + ",)" * 90 + " = y\n"),
    "elif": body("    if x:\n        pass\n" + "    elif x:\n        pass\n" * DEEP),
    "if": nested("if x:", 90),
    "def": nested("def inner():", 90),
    "class": nested("class Inner:", 90),
    "with": nested("with pytest.raises(x):", 18),
    "aliases": body("    x0 = os\n" + "".join(f"    x{n + 1} = x{n}\n" for n in range(DEEP)) + f"    x{DEEP}()\n"),
    "alias circle": HEAD + "a = b\nb = a\n" + body("    a()\n    a.x()\n    a['A'] = a\n    request.addfinalizer(a)\n"),
    "inner alias circle": body("    a = b\n    b = a\n    a()\n    os.environ[a] = b\n    with a:\n        b()\n"),
    "alias of itself": HEAD + "x = x.y\ny = y()\nz = z[0]\n" + body("    x()\n    y()\n    os.environ[x] = z\n"),
    "helpers": HEAD + "def a():\n    b()\n    os.environ.clear()\n\n\ndef b():\n    a()\n\n\ndef test_a():\n    a()\n",
    "helper of itself": HEAD + "def a():\n    a()\n    os.environ.clear()\n\n\ndef test_a():\n    a()\n",
    "classes": HEAD
    + "class A(B):\n    def test_a(self):\n        self.x()\n        os.environ.clear()\n\n\n"
    + "class B(A):\n    pass\n\n\n"
    + "class C(C):\n    def test_c(self):\n        self.x()\n        os.environ.clear()\n",
    "self": HEAD
    + "class TestA:\n    def setUp(self):\n        self.a = self.b\n        self.b = self.a\n\n    def test_a(self):\n"
    + "        self.a()\n        self.addCleanup(self.a)\n        os.environ['A'] = self.b\n",
    "fixtures": HEAD
    + "@pytest.fixture\ndef a(a):\n    os.environ['A'] = a\n    yield\n\n\n@pytest.fixture\ndef b(c):\n    pass\n\n\n"
    + "@pytest.fixture\ndef c(b):\n    pass\n\n\ndef test_a(a, b, c):\n    os.environ['D'] = '1'\n",
    "managers": HEAD
    + "@contextlib.contextmanager\ndef a():\n    with b():\n        yield\n\n\n@contextlib.contextmanager\ndef b():\n"
    + "    with a():\n        yield\n\n\ndef test_a():\n    with a():\n        os.environ['A'] = '1'\n",
    "partials": HEAD + "from functools import partial\n\na = partial(b)\nb = partial(a)\n"
    + body("    request.addfinalizer(" + "partial(" * 90 + "a" + ")" * 90 + ")\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_deep_and_circular_code_is_checked(project: Path, name: str) -> None:
    write_files({"test_bad.py": ADVERSARIAL[name]}, project)

    done = check(project, "--output-format", "concise")

    assert done.stderr == ""
    assert done.returncode == 1
    assert "test_bad.py" in done.stdout
    assert "HRM001" not in done.stdout
    assert "test_ok.py:5:5: HRM101" in done.stdout


def test_files_that_import_each_other_are_checked(project: Path) -> None:
    files = {
        "conftest.py": f"from test_a import *\nfrom test_a import fix\nimport helpers\n{HEAD}"
        "@pytest.fixture\ndef fix(fix):\n    os.environ.clear()\n",
        "helpers.py": "from conftest import fix\nfrom test_a import use\nfrom helpers import use\n",
        "test_a.py": "from conftest import *\nfrom helpers import use\nfrom test_a import fix\n\n\n"
        "def test_a(fix):\n    use()\n    fix()\n",
    }
    write_files(files, project)

    assert found_in(project) == [("HRM101", "conftest.py", 11), OK]
