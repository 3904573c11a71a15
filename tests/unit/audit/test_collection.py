"""Why files cannot be collected: by kind, with the repair, and with the tests that they hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.audit import collection
from hermetic.audit.problem import Problem, described
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path


def problem(kind: str, text: str, module: str = "", source: str = "") -> Problem:
    return Problem(type=kind, text=text, module=module, path="test_x.py", line=1, source=source)


@pytest.mark.parametrize(
    ("error", "kind", "repair"),
    [
        (problem("ModuleNotFoundError", "No module named 'a'", "a"), "missing module", "install what provides `a`"),
        (problem("ModuleNotFoundError", "No module named 'own'", "own"), "missing module", "pip install -e ."),
        (problem("ModuleNotFoundError", "No module named 'inner'", "inner"), "missing module", 'pythonpath = ["src"]'),
        (problem("ModuleNotFoundError", "No module named 'own.b'", "own.b"), "missing module", "has no b"),
        (
            problem("ModuleNotFoundError", "import of numpy halted; None in sys.modules", "numpy"),
            "import error",
            "monkeypatch.setitem",
        ),
        (problem("ImportError", "cannot import name 'b' from 'a'", "a"), "import error", "correct the name"),
        (
            problem("ImportError", "cannot import name 'b' from partially initialized module 'a'", "a"),
            "import error",
            "into a function",
        ),
        (
            problem("Failed", "'slow' not found in `markers` configuration option"),
            "unregistered marker",
            "add `slow: what it means` to `markers`",
        ),
        (
            problem("Failed", 'test_x.py::test_a: in "parametrize" the number of names (2): ...'),
            "wrong decorator",
            "names, number and types",
        ),
        (problem("TypeError", "Need a valid target", source="@patch(3)"), "wrong decorator", "names, number and types"),
        (problem("SyntaxError", "invalid syntax"), "syntax error", "py_compile"),
        (problem("ImportPathMismatchError", "x"), "duplicate file name", "__init__.py"),
        (problem("KeyError", "'HOME_URL'", source="URL = os.environ['HOME_URL']"), "error during import", "a fixture"),
    ],
)
def test_each_kind_of_error_has_its_repair(tmp_path: Path, error: Problem, kind: str, repair: str) -> None:
    write_files({"own/__init__.py": "", "src/inner.py": ""}, tmp_path)

    found, told = collection.kind_of(error, str(tmp_path))

    assert found == kind
    assert repair in told


def test_tests_are_counted_from_the_source_as_pytest_would_name_them(tmp_path: Path) -> None:
    source = (
        "import unittest\nclass TestA:\n    def test_a(self): ...\n    def helper(self): ...\n"
        "class Helper:\n    def test_no(self): ...\nclass Case(unittest.TestCase):\n    def test_b(self): ...\n"
        "if True:\n    def test_c(): ...\nasync def test_d(): ...\ndef check_e(): ...\n"
    )
    write_files({"test_x.py": source}, tmp_path)

    found = collection.in_file(str(tmp_path / "test_x.py"), collection.PATTERNS)
    other = collection.in_file(str(tmp_path / "test_x.py"), {**collection.PATTERNS, "python_functions": ["check_*"]})

    assert found == ["TestA::test_a", "Case::test_b", "test_c", "test_d"]
    assert other == ["Case::test_b", "check_e"]


def test_tests_are_counted_also_where_the_source_cannot_be_parsed(tmp_path: Path) -> None:
    write_files({"test_x.py": "def test_a(:\n    pass\n\nasync def test_b():\n    pass\n"}, tmp_path)

    assert collection.in_file(str(tmp_path / "test_x.py"), collection.PATTERNS) == ["test_a", "test_b"]


def test_what_hides_most_tests_comes_first_and_a_file_is_told_once(tmp_path: Path) -> None:
    two = "def test_a(): ...\ndef test_b(): ...\n"
    write_files({"test_one.py": "def test_a(): ...\n", "sub/test_two.py": two, "sub/conftest.py": ""}, tmp_path)
    error = problem("KeyError", "'x'")

    found = collection.story(
        [("test_one.py", error), ("sub/conftest.py", error), ("test_one.py", error)], {}, str(tmp_path)
    )

    assert [(one.path, len(one.tests)) for one in found] == [("sub/conftest.py", 2), ("test_one.py", 1)]
    assert found[0].tests[0] == "sub/test_two.py::test_a"


def test_a_message_without_a_place_is_shown_at_the_decorators_of_the_test_it_names(tmp_path: Path) -> None:
    write_files(
        {"test_x.py": "import pytest\n\n@pytest.mark.parametrize('a,b', [(1, 2, 3)])\ndef test_t(a, b): ...\n"},
        tmp_path,
    )
    error = Problem(
        type="Failed", text='test_x.py::test_t: in "parametrize" ...', module="", path="", line=0, source=""
    )

    (found,) = collection.story([("test_x.py", error)], {}, str(tmp_path))

    assert (found.where, found.line) == ("test_x.py", 3)


def test_an_error_is_told_with_the_last_line_of_the_projects_own_code(tmp_path: Path) -> None:
    write_files({"own.py": "import json\n\n\ndef load():\n    return json.loads('{')\n"}, tmp_path)
    code = compile((tmp_path / "own.py").read_text(encoding="utf-8"), str(tmp_path / "own.py"), "exec")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - the file above
    load = names["load"]
    assert callable(load)

    with pytest.raises(ValueError, match="Expecting") as caught:
        load()
    found = described(caught.value, str(tmp_path), str(tmp_path))

    assert (found["type"], found["path"], found["line"]) == ("JSONDecodeError", "own.py", 5)
    assert found["source"] == "return json.loads('{')"
