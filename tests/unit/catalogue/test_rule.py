"""What rules have in common: marks, places, and the words of a message."""

from __future__ import annotations

import _ast as ast
from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue import registry
from hermetic.catalogue.process.environ_write import EnvironWrite
from hermetic.catalogue.rule import Example, Rule, node_id, reached_from, spelled
from hermetic.source.module import Module
from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hermetic.finding import Finding
    from hermetic.source.scope import Scope


class Plain(Rule):
    """A rule that tests make findings with."""

    code = "HRM199"
    name = "plain"
    message = "plain"


class Elsewhere(Plain):
    """A rule with the code of one of our own."""

    code = "HRM101"
    tokens = ()
    repair = "write nothing"


def nodes(module: Module) -> Iterator[ast.AST]:
    """Yield every node of a file, parents first."""
    pending: list[ast.AST] = [module.tree]
    while pending:
        node = pending.pop(0)
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            pending += [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, ast.AST)]


def finding_at(source: str, kind: type[ast.AST], encoding: str = "utf-8") -> Finding:
    """Return a finding at the first node of a kind."""
    module = Module("test_it.py", source.encode(encoding))
    return Plain().finding(module, next(node for node in nodes(module) if isinstance(node, kind)), "here")


def function(source: str, name: str, path: str = "tests/test_it.py") -> Scope:
    """Return a function, its inside walked."""
    module = Module(path, source.encode())
    return next(scope for scope in module.functions_with(()) if scope.name == name)


def place(finding: Finding) -> tuple[int, int, int, int]:
    return finding.line, finding.column, finding.end_line, finding.end_column


def test_marks_are_the_lines_that_end_with_the_code() -> None:
    example = Example(
        "made up",
        {
            "a.py": "\nx = 1  # <- HRM101\ny = 2  # <- HRM102\nz = 3  # <- HRM101  \n",
            "b.py": "x = 1  # <- HRM1011\nx = 0  # see HRM101\ny = '# <- HRM101'\nz = 2  # <- HRM101\n",
        },
    )

    assert example.marks("HRM101") == {("a.py", 1), ("a.py", 3), ("b.py", 4)}
    assert example.marks("HRM103") == set()


def test_a_finding_carries_the_rule_and_the_place() -> None:
    found = finding_at("x = 1\nreset(\n    x,\n)\n", ast.Call)

    assert (found.code, found.name, found.message, found.path) == ("HRM199", "plain", "here", "test_it.py")
    assert place(found) == (2, 1, 4, 2)


@pytest.mark.parametrize(
    ("source", "columns"),
    [
        ('reset("a"); reset()\n', (1, 11)),
        ('"ä€😀"; reset("ß")\n', (8, 18)),
        ("\ufeff'é'; reset()\n", (6, 13)),
        ("\tif_ = 'é', reset()\n".lstrip("\t"), (12, 19)),
    ],
    ids=["ascii", "wide-characters", "byte-order-mark", "after-an-accent"],
)
def test_columns_count_characters(source: str, columns: tuple[int, int]) -> None:
    found = finding_at(source, ast.Call)

    assert (found.column, found.end_column) == columns


def test_columns_count_characters_in_other_encodings() -> None:
    found = finding_at('# coding: latin-1\nx = "é", reset()\n', ast.Call, "latin-1")

    assert place(found) == (2, 10, 2, 17)


def test_columns_of_an_end_on_another_line_count_that_lines_characters() -> None:
    assert place(finding_at('reset("ä",\n"öö")\n', ast.Call)) == (1, 1, 2, 6)


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("@pytest.fixture\n@other(\n    1\n)\ndef server():\n    pass\n", ast.FunctionDef, (5, 1, 5, 14)),
        ("@mark\nasync def test_it(\n    a,\n):\n    pass\n", ast.AsyncFunctionDef, (2, 1, 2, 19)),
        ("@mark\nclass TestÄ(Base):  \n    x = 1\n", ast.ClassDef, (2, 1, 2, 19)),
        ("if True:\n    def test_it():\n        pass\n", ast.FunctionDef, (2, 5, 2, 19)),
    ],
    ids=["function", "async-function", "class", "indented"],
)
def test_a_definition_is_reported_on_its_names_line_alone(
    source: str, kind: type[ast.AST], expected: tuple[int, int, int, int]
) -> None:
    assert place(finding_at(source, kind)) == expected


@pytest.mark.parametrize(
    ("what", "key", "text"),
    [
        ("os.environ", "'HOME'", "os.environ['HOME']"),
        ("os.environ", '"HOME"', 'os.environ["HOME"]'),
        ("os.environ", "name", "os.environ"),
        ("os.environ.update", "'HOME'", "os.environ['HOME']"),
        ("os.environ.clear", "", "os.environ"),
        ("sys.modules", "'json'", "sys.modules['json']"),
        ("sys.path.insert", "", "sys.path"),
        ("os.putenv", "'HOME'", "os.putenv"),
        ("os.chdir", "", "os.chdir"),
        ("os.environments", "'a'", "os.environments"),
        ("@os.environ", "'HOME'", "os.environ['HOME']"),
        ("logging.Logger.setLevel", "logging.getLogger('app')", "logging.getLogger('app').setLevel"),
        ("logging.Logger.setLevel", "", "logging.Logger.setLevel"),
    ],
)
def test_a_message_names_the_object_with_its_key_or_the_call(what: str, key: str, text: str) -> None:
    assert spelled(what, key) == text


def test_who_reaches_a_change() -> None:
    source = "def helper():\n    pass\n\n\ndef test_a():\n    def inner():\n        pass\n"
    helper, test = function(source, "helper"), function(source, "test_a")
    elsewhere = function("x = 1\n\n\ndef test_b():\n    pass\n", "test_b", "tests/test_other.py")

    assert reached_from(helper, None) == "when the file is imported"
    assert reached_from(test, test) == "in test_a"
    assert reached_from(test.nested[0], test) == "in test_a"
    assert reached_from(function(source, "helper"), elsewhere) == (
        "in helper, called from test_b (tests/test_other.py:4)"
    )


def test_who_reaches_a_change_in_a_helper_of_the_same_file() -> None:
    module = Module("test_it.py", b"def helper():\n    pass\n\n\ndef test_a():\n    helper()\n")
    helper, test = module.functions_with(())

    assert reached_from(helper, test) == "in helper, called from test_a"


@pytest.mark.parametrize(
    ("source", "path", "expected"),
    [
        ("def test_a():\n    pass\n", "tests/test_it.py", "tests/test_it.py::test_a"),
        ("def test_a():\n    pass\n", "tests\\test_it.py", "tests/test_it.py::test_a"),
        ("class TestA:\n    def test_a(self):\n        pass\n", "test_it.py", "test_it.py::TestA::test_a"),
        (
            "class TestA:\n    class TestB:\n        async def test_a(self):\n            pass\n",
            "test_it.py",
            "test_it.py::TestA::TestB::test_a",
        ),
    ],
    ids=["function", "backslashes", "method", "nested-class"],
)
def test_a_node_id_is_pytests_own(source: str, path: str, expected: str) -> None:
    assert node_id(function(source, "test_a", path)) == expected


AT_IMPORT = {
    "conftest.py": "import os\n\nos.environ['APP'] = '1'\n",
    "test_it.py": "import os\n\nos.environ['B'] = '1'\n",
}


@pytest.mark.parametrize(
    ("select", "paths"),
    [
        (["recommended"], ["test_it.py"]),
        (["HRM101"], ["test_it.py"]),
        (["recommended", "project"], ["conftest.py", "test_it.py"]),
    ],
    ids=" ".join,
)
def test_a_change_while_a_conftest_is_imported_counts_only_in_the_project_preset(
    tmp_path: Path, select: list[str], paths: list[str]
) -> None:
    found = lint_files(AT_IMPORT, tmp_path, select=select)

    assert sorted({item.path for item in found if item.code == "HRM101"}) == paths


def test_a_rule_that_leaves_imports_alone_reports_no_change_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EnvironWrite, "at_import", False)

    assert lint_files(AT_IMPORT, tmp_path, select=["HRM101"]) == []


REACHED = """\
import os


def use(name):
    os.environ['APP'] = name


class TestA:
    def test_a(self):
        use('x')
"""


def test_a_finding_names_the_test_that_reaches_it(tmp_path: Path) -> None:
    (found,) = lint_files({"test_it.py": REACHED}, tmp_path, select=["HRM101"])

    assert found.test.endswith("test_it.py::TestA::test_a")
    assert found.message == "os.environ['APP'] is changed in use, called from test_a and not put back"
    assert found.line == 5


def test_a_rule_without_a_check_says_so() -> None:
    with pytest.raises(NotImplementedError):
        next(iter(Plain().check(None, None)))  # type: ignore[arg-type]


@pytest.mark.parametrize("entry", registry.indexed(), ids=lambda entry: entry.code)
def test_what_to_write_instead_is_known_without_the_rule(
    entry: registry.Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = entry.load()
    monkeypatch.delattr(registry.Entry, "load")
    assert (entry.name, entry.repair) == (rule.name, rule.repair)


def test_what_to_write_instead_is_asked_of_another_distributions_rule() -> None:
    assert registry.entry_of(Elsewhere).repair == "write nothing"
