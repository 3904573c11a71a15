"""Further spellings of the rules about process state: what must be caught, and what is left alone for a reason.

The snippets stand in `snippets/`, one file for each rule. A line that ends with `# <- CODE` is one where a finding is
expected.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hermetic.catalogue.rule import MARK
from tests.utils.lint import lint_files
from tests.utils.snippets import snippets

CODES = [f"HRM10{number}" for number in range(1, 10)]
TABLES = {code: snippets((Path(__file__).parent / "snippets" / f"{code}.txt").read_text()) for code in CODES}


def cases(kind: str) -> list[object]:
    return [
        pytest.param(code, source, id=f"{code} {title.removeprefix(kind)}")
        for code, table in TABLES.items()
        for title, source in table.items()
        if title.startswith(kind)
    ]


@pytest.mark.parametrize(("code", "source"), cases("caught: "))
def test_a_further_spelling_is_caught_on_its_line(code: str, source: str, tmp_path: Path) -> None:
    expected = {number for number, line in enumerate(source.splitlines(), 1) if line.endswith(MARK + code)}
    found = lint_files({"test_it.py": source}, tmp_path, select=(code,))
    assert {item.line for item in found} == expected
    assert expected


@pytest.mark.parametrize(("code", "source"), cases("left alone: "))
def test_a_correct_twin_is_left_alone(code: str, source: str, tmp_path: Path) -> None:
    assert lint_files({"test_it.py": source}, tmp_path, select=CODES) == [], code


@pytest.mark.parametrize("code", CODES)
def test_a_rule_has_further_snippets_of_both_kinds(code: str) -> None:
    kinds = {title.partition(":")[0] for title in TABLES[code]}
    assert kinds == {"caught", "left alone"}


CONFTEST = {
    "an import": "import os\n\nos.environ['APP_MODE'] = 'test'\n",
    "a fixture for the whole run": (
        "import os\n\nimport pytest\n\n\n"
        "@pytest.fixture(scope='session', autouse=True)\ndef mode():\n    os.environ['APP_MODE'] = 'test'\n"
    ),
}


@pytest.mark.parametrize("source", CONFTEST.values(), ids=CONFTEST)
def test_configuration_in_a_conftest_is_reported_only_by_the_project_preset(source: str, tmp_path: Path) -> None:
    assert lint_files({"conftest.py": source}, tmp_path, select=("recommended",)) == []
    found = lint_files({"conftest.py": source}, tmp_path, select=("recommended", "project"))
    assert [item.code for item in found] == ["HRM101"]


def test_a_restore_that_a_failure_skips_is_said_to_be_one(tmp_path: Path) -> None:
    source = "import os\n\n\ndef test_a():\n    os.environ['A'] = '1'\n    assert run()\n    del os.environ['A']\n"
    found = lint_files({"test_it.py": source}, tmp_path, select=("HRM101",))
    assert [item.message for item in found] == [
        "os.environ['A'] is changed in test_a and put back only when nothing fails in between"
    ]
