"""The inside of a function that is parsed later is what a look at the whole file gives."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import hermetic
from hermetic.source import later, roles
from hermetic.source.later import Source, insides_of
from hermetic.source.module import Module
from hermetic.source.project import Project
from hermetic.source.scope import load_import_time

SOURCES = {
    "a function": b"def f():\n    a = 1\n    b = 2\n    c = 3\n    return a\n\n\nx = 1\n",
    "at the end, without a line's end": b"def f():\n    a = 1\n    b = 2\n    c = 3\n    return a",
    "methods": b"class A:\n    def f(self):\n        a = 1\n        b = 2\n        c = 3\n        return a\n\n"
    b"    async def g(self):\n        await a\n        async for b in c:\n            yield b\n        return\n",
    "behind a condition": b"if x:\n    def f():\n        a = 1\n        b = 2\n        c = 3\nelse:\n    f = 0\n",
    "a docstring that looks like code": b'def f():\n    """A.\n\ndef g():\n    pass\n"""\n    a = 1\n    return a\n',
    "a string to the end": b"def f():\n    a = 1\n    b = 2\n    return '''\n\n'''\n\n\ny = 1\n",
    "a bracket at the left": b"def f():\n    a = 1\n    b = 2\n    return (\n1\n)\n\n\ny = 1\n",
    "comments at the left": b"def f():\n    a = 1\n# b\n    b = 2\n        # c\n    c = 3  # d\n    # e\n# f\ny = 1\n",
    "a header of many lines": b"@deco(\n    1\n)\ndef f(\n    a=1,\n) -> int:\n    a = 1\n    b = 2\n    c = 3\n",
    "what is behind a semicolon": b"def f():\n    a = 1\n    b = 2\n    c = 3\n    d = 4; e = 5;  # f\n\n\ny = 1\n",
    "on the line of the header": b"def f(): a = [\n    1,\n    2,\n    3,\n    4,\n]\n\n\ny = 1\n",
    "on the last line of the header": b"def f(\n    a,\n): b = [\n    1,\n    2,\n    3,\n    4,\n]\n",
    "behind a backslash": b"def f(): \\\n    a = [\n    1,\n    2,\n    3,\n    4]\n\n\ny = 1\n",
    "a decorated function first": b"def f():\n    @a\n    def g():\n        b = 2\n        c = 3\n        d = 4\n",
    "a decorated class behind": b"def f():\n    a = 1\n    b = 2\n    @c\n    class D:\n        e = 3\n    return D\n",
    "tabs": b"def f():\n\ta = 1\n\tif a:\n\t\tb = 2\n\t\tc = 3\n\treturn a\n",
    "other letters": "def f():\n    a = 'ä'\n    b = '→'; ü = 1\n    return 'ö', ü  # ß\n\n\ny = 'ä'\n".encode(),
    "its encoding": "# -*- coding: utf-8 -*-\ndef f():\n    a = 'ä'\n    b = 2\n    c = 3\n    return 'ö'\n".encode(),
    "another encoding": "# -*- coding: latin-1 -*-\ndef f():\n    a = 'ä'\n    b = 2\n    c = 3\n    d = 4\n".encode(
        "latin-1"
    ),
    "a mark in front": b"\xef\xbb\xbfdef f():\n    a = 1\n    b = 2\n    c = 3\n    return a\n",
    "other ends of lines": b"def f():\r\n    a = 1\r\n    b = 2\r\n    c = 3\r\n    return a\r\n",
    "old ends of lines": b"def f():\r    a = 1\r    b = 2\r    c = 3\r    return a\r",
    "a form feed": b"x = 1\n\x0c\ndef f():\n    a = 1\n\x0c    b = 2\n    c = 3\n    return a\n",
    "functions in functions": b"def f():\n    def g():\n        a = 1\n        b = 2\n        return a\n    return g\n",
    "what only a function may hold": b"def f():\n    global a\n    yield 1\n    await b\n    return 2\n",
    "two on a line": b"class A: f = 1\ndef f(): pass\ndef g():\n    a = 1\n    b = 2\n    c = 3\n    return a\n",
}
LEFT_WHOLE = {
    "on the line of the header", "on the last line of the header", "a decorated function first", "another encoding",
    "a mark in front", "other ends of lines", "old ends of lines", "a bracket at the left",
}  # fmt: skip
FILES = sorted(Path(hermetic.__file__).parent.rglob("*.py"))


def is_same(whole: Module, parsed: Module) -> bool:
    return ast.dump(whole.tree, include_attributes=True) == ast.dump(parsed.tree, include_attributes=True)


def read_twice(path: str, data: bytes) -> tuple[Module, Module]:
    whole = Module(path, data)
    return whole, Module(path, data, insides=insides_of(whole))


@pytest.mark.parametrize("name", SOURCES)
def test_the_tree_is_that_of_the_whole_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "FEW", 1)
    whole, parsed = read_twice("a.py", SOURCES[name])

    assert bool(insides_of(whole)) is (name not in LEFT_WHOLE)
    assert is_same(whole, parsed)


@pytest.mark.parametrize("path", FILES[::4], ids=lambda path: path.stem)
def test_so_is_that_of_a_real_file(path: Path) -> None:
    whole, parsed = read_twice(str(path), path.read_bytes())

    assert is_same(whole, parsed)


@pytest.mark.parametrize("path", FILES[::9], ids=lambda path: path.stem)
def test_functions_end_where_they_end_before_they_are_looked_into(path: Path) -> None:
    whole, parsed = read_twice(str(path), path.read_bytes())
    places = [
        [(scope.name, scope.node.lineno, scope.node.end_lineno, scope.node.end_col_offset) for scope in found]  # type: ignore[attr-defined]
        for module in (whole, parsed)
        for found in ((*module.top.functions, *module.top.classes),)
    ]

    assert places[0] == places[1]


@pytest.mark.parametrize("name", SOURCES)
def test_where_an_inside_starts_is_known_before_it_is_parsed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "FEW", 1)
    whole, parsed = read_twice("a.py", SOURCES[name])
    starts = [[later.first_statement(item.node) for item in module.top.functions] for module in (whole, parsed)]  # type: ignore[arg-type]

    assert starts[0] == starts[1]
    assert all("place" in item.node.__dict__ for item in parsed.top.functions) or name in {*LEFT_WHOLE, "two on a line"}


def test_only_what_is_asked_for_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "FEW", 1)
    data = SOURCES["methods"]
    whole = Module("a.py", data)
    insides = insides_of(whole)
    parsed: list[int] = []
    inside = Source.inside

    def noted(source: Source, first: int, last: int, end: int) -> list[ast.stmt]:
        parsed.append(first)
        return inside(source, first, last, end)

    monkeypatch.setattr(Source, "inside", noted)
    module = Module("a.py", data, insides=insides)
    first, second = module.top.functions
    assert (roles.role_of(first), parsed) == (roles.role_of(whole.top.functions[0]), [])

    module.load(second)
    module.load(second)

    assert parsed == [9]
    assert second.node.__class__ is ast.AsyncFunctionDef
    assert first.node.__class__ is not ast.FunctionDef
    assert isinstance(first.node, ast.FunctionDef)


def test_a_function_behind_a_condition_is_no_part_of_what_runs_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its inside is not walked for the file, parsed or not."""
    monkeypatch.setattr(later, "FEW", 1)
    data = b"import os\n\nif os:\n    def f():\n        os.a()\n        os.b()\n        os.c()\n    os.e()\n"
    whole, parsed = read_twice("a.py", data)
    load_import_time(whole.top)
    load_import_time(parsed.top)

    calls = [[ast.unparse(call) for call in module.top.kept(ast.Call)] for module in (whole, parsed)]

    assert calls == [["os.e()"], ["os.e()"]]


def test_a_file_that_is_read_again_is_parsed_without_its_insides_also_in_a_run_that_keeps_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shop.py"
    path.write_text("def load():\n    first = 1\n    second = 2\n    third = 3\n    fourth = 4\n    return first\n")
    project = Project(str(tmp_path))

    def left_for_later() -> list[bool]:
        module = project.module(str(path))
        assert module is not None
        return [type(scope.node) in later.LATER.values() for scope in module.top.functions]

    assert left_for_later() == [False]
    project.let_go()
    assert left_for_later() == [True]
    project.let_go()
    project.current = str(path)  # it is to be looked at as a whole
    assert left_for_later() == [False]
    project.let_go()
    project.current = ""
    path.write_text("def load():\n    other = 1\n    return other\n")
    assert left_for_later() == [False]
