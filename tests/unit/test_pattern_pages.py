"""The patterns to copy are complete: what a block uses stands in it, or is named above it as the reader's own."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.utils.scripts import ROOT, imported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

command_pages: Any = imported("scripts/command_pages.py")
pattern_cut: Any = imported("scripts/pattern_cut.py")
pattern_pages: Any = imported("scripts/pattern_pages.py")

PAGE = (ROOT / "docs/patterns.md").read_text(encoding="utf-8")
SHOWN = re.compile(r"(?s)### ([^\n]+)\n\n[^\n]+ · from `([^`]+)`([^\n]*)\n(?:\n[^\n`]*\n)?\n```[^\n]+\n(.*?\n)```\n")
BLOCKS = [pytest.param(*groups[1:], id=groups[0]) for groups in SHOWN.findall(PAGE)]
INSTALLED = {"pytest", "hermetic", "fastapi", "redis", "sqlalchemy"}  # what a reader installs for the pattern
OFFERED = {"monkeypatch", "tmp_path", "capsys", "request"} | {name for name, _, _ in command_pages.declared_fixtures()}
PROOF = re.compile(r"# (?:leak|pattern|end of pattern|yours|about)\b|\bnote\(")


def read_names(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield what a scope and those in it read from outside of every function."""
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from read_names(child)


def is_fixture(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("pytest.fixture" in ast.unparse(each) for each in function.decorator_list)


def own_names(sentence: str) -> set[str]:
    """Return the names that the sentence above a block gives as the reader's own."""
    return set(re.findall(r"`([^`]+)`", sentence.partition("yours to replace:")[2]))


def functions_of(code: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_each_marked_pattern_is_on_the_page() -> None:
    assert len(BLOCKS) == PAGE.count("```{ .python .good }") == len(list(pattern_pages.every())) > 40


@pytest.mark.parametrize(("_path", "sentence", "code"), BLOCKS)
def test_each_name_of_a_block_is_bound_in_it_or_named_above_it(_path: str, sentence: str, code: str) -> None:
    compile(code, "pattern", "exec")
    table = symtable.symtable(code, "pattern", "exec")
    bound = {each.get_name() for each in table.get_symbols() if each.is_assigned() or each.is_imported()}

    assert set(read_names(table)) - bound - set(dir(builtins)) - own_names(sentence) == set()


@pytest.mark.parametrize(("_path", "sentence", "code"), BLOCKS)
def test_each_fixture_that_a_block_asks_for_stands_in_it_or_is_offered_or_named(
    _path: str, sentence: str, code: str
) -> None:
    functions = functions_of(code)
    fixtures = {function.name for function in functions if is_fixture(function)}
    asking = [each for each in functions if is_fixture(each) or each.name.startswith("test_")]
    asked = {argument.arg for function in asking for argument in function.args.args}
    parameters = set(re.findall(r'parametrize\("(\w+)"', code))

    assert asked - fixtures - OFFERED - parameters - own_names(sentence) == set()


@pytest.mark.parametrize(("_path", "sentence", "code"), BLOCKS)
def test_each_module_that_a_block_imports_is_one_to_install_or_named_above_it(
    _path: str, sentence: str, code: str
) -> None:
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = [getattr(node, "module", "") or alias.name for node in imports for alias in node.names]

    assert {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - INSTALLED <= own_names(sentence)
    assert len(imports) == len({ast.unparse(node) for node in imports})


@pytest.mark.parametrize(("_path", "_sentence", "code"), BLOCKS)
def test_no_block_shows_what_is_there_for_its_proof_alone_and_each_test_ends_in_a_check(
    _path: str, _sentence: str, code: str
) -> None:
    assert PROOF.findall(code) == []
    for function in functions_of(code):
        if function.name.startswith("test_"):
            assert "assert" in ast.unparse(function) or "pytest.raises" in ast.unparse(function), function.name
            assert not isinstance(function.body[-1], ast.Assign), function.name


@pytest.mark.parametrize(("path", "_sentence", "code"), BLOCKS)
def test_what_a_block_shows_stands_in_the_file_that_it_names_or_in_the_conftest_beside_it(
    path: str, _sentence: str, code: str
) -> None:
    files = (ROOT / path, (ROOT / path).with_name("conftest.py"))
    source = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())

    assert all(line.strip() in source for line in code.splitlines() if not line.startswith(("import ", "from ")))


FILE = """\
import a.b
import a.c
import os
from typing import TYPE_CHECKING

import pytest
import shop
from kept import Z, b, unused as other

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 3
WIDE = LIMIT * 2


@pytest.fixture
def menu(oven) -> Iterator[int]:
    yield a.b.made(WIDE)


def helper():  # leak HRM109
    os.getcwd()


def test_it(menu, client):
    helper()  # leak HRM101
    assert shop.sells(menu, b, Z)
    # at its end


def not_needed():
    other()
"""
CONFTEST = """\
import pytest
from web import Client

PORT = 80


@pytest.fixture
def client():
    return Client(PORT)


@pytest.fixture
def oven():
    return 1
"""


def cut(first: str, last: str, *own: str, file: str = FILE, conftest: str = CONFTEST) -> Any:
    lines = file.splitlines()
    place = (lines.index(first) + 1, lines.index(last) + 1)
    return pattern_cut.cut(pattern_cut.Source(file), pattern_cut.Source(conftest), place, own, ["shop"])


WHOLE = """\
import os
from collections.abc import Iterator

import a.b
import pytest
from kept import Z, b
from web import Client

import shop

PORT = 80


@pytest.fixture
def client():
    return Client(PORT)


@pytest.fixture
def oven():
    return 1


LIMIT = 3
WIDE = LIMIT * 2


@pytest.fixture
def menu(oven) -> Iterator[int]:
    yield a.b.made(WIDE)


def helper():
    os.getcwd()


def test_it(menu, client):
    helper()
    assert shop.sells(menu, b, Z)
"""


def test_a_block_brings_its_imports_its_helpers_and_the_fixtures_of_its_file_and_of_the_conftest() -> None:
    found = cut("def test_it(menu, client):", "    # at its end")

    assert found.own == ["shop"]
    assert f"{found.code}\n" == WHOLE


def test_what_is_left_to_the_reader_does_not_come_along() -> None:
    found = cut("def test_it(menu, client):", "    # at its end", "helper", "menu", "client")

    assert found.own == ["shop", "helper", "menu", "client"]
    assert found.code.startswith("from kept import Z, b\n\nimport shop\n\n\ndef test_it(menu, client):\n")


def test_a_name_that_is_left_to_the_reader_and_not_used_is_an_error_that_names_it() -> None:
    with pytest.raises(pattern_cut.CutError, match="does not use other"):
        cut("def helper():  # leak HRM109", "    os.getcwd()", "other")


def test_a_block_that_ends_within_a_test_is_an_error() -> None:
    with pytest.raises(pattern_cut.CutError, match="would be cut off"):
        cut("def test_it(menu, client):", "    helper()  # leak HRM101")


def test_one_name_from_two_places_is_an_error() -> None:
    with pytest.raises(pattern_cut.CutError, match="one name from two places"):
        cut(
            "def test_it(menu, client):",
            "    # at its end",
            conftest=CONFTEST.replace("web import Client", "web import Client as b").replace("Client(PORT)", "b(PORT)"),
        )


def test_a_fixture_that_runs_for_each_test_of_the_file_comes_with_a_test() -> None:
    file = "@pytest.fixture(autouse=True)\ndef each():\n    yield\n\n\ndef test_it():\n    assert 1\n"

    assert (
        cut("def test_it():", "    assert 1", file=f"import pytest\n\n\n{file}").code
        == f"import pytest\n\n\n{file}"[:-1]
    )


def test_a_pattern_that_cannot_be_cut_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern_pages, "ROOT", tmp_path)
    file = tmp_path / "test_a.py"
    file.write_text(
        "# pattern: it [human]\n# yours: gone\ndef test_a():\n    assert 1\n# end of pattern\n", encoding="utf-8"
    )

    with pytest.raises(pattern_pages.PatternError, match=r"^test_a\.py:1: the pattern does not use gone$"):
        list(pattern_pages.patterns_of(file))
