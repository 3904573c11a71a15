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


MESSAGES = {
    "os.environ['A'] = '1'": "os.environ['A'] is changed in test_a and not put back",
    "os.environ['A'] = '1'\n    assert run()\n    del os.environ['A']": (
        "os.environ['A'] is changed in test_a and put back only when nothing fails in between"
    ),
    "os.chdir('/')": "the working directory is changed in test_a and not changed back",
    "sys.path.append('x')": "sys.path is edited in test_a and not put back",
    "importlib.reload(app)": "the module app (importlib.reload) is changed in test_a and not put back",
    "logging.root.setLevel(10)": "the level of logging.getLogger() is changed in test_a and not put back",
    "logging.getLogger('a').handlers = []": (
        "the handler list of logging.getLogger('a') is changed in test_a and not put back"
    ),
    "gc.set_threshold(1)": "the thresholds of garbage collection are changed in test_a and not set back",
    "builtins.print = None": "builtins.print is changed in test_a and not set back",
    "sys.stdin.close()": "sys.stdin is closed in test_a and not put back",
    "sys.stderr = None": "sys.stderr is replaced in test_a and not put back",
    "random.seed(1)": "the global random generator is seeded in test_a and its state is not put back",
    "threading.Timer(5, print).start()": "a timer is started in test_a and not cancelled",
}


@pytest.mark.parametrize("body", MESSAGES)
def test_a_message_says_what_is_changed_where(body: str, tmp_path: Path) -> None:
    imports = "import app, builtins, gc, importlib, logging, os, random, sys, threading\n\n\n"
    found = lint_files({"test_it.py": f"{imports}def test_a():\n    {body}\n"}, tmp_path, select=CODES)
    assert [item.message for item in found] == [MESSAGES[body]]


LAUNCHER = "import subprocess\n\n\ndef launch():\n    return subprocess.Popen(['x'])\n"
IMPORTS = {
    "the function": ("from launcher import launch", "launch"),
    "its module": ("import launcher", "launcher.launch"),
}


@pytest.mark.parametrize(("line", "call"), IMPORTS.values(), ids=IMPORTS)
def test_a_child_from_a_function_of_another_file_is_reported_where_it_is_started(
    line: str, call: str, tmp_path: Path
) -> None:
    files = {
        "launcher.py": LAUNCHER,
        "test_it.py": f"{line}\n\n\ndef test_a():\n    child = {call}()\n    child.poll()\n",
    }
    (found,) = lint_files(files, tmp_path, select=("HRM109",))
    assert (Path(found.path).name, found.line) == ("launcher.py", 5)
    assert "in launch, called from test_a" in found.message


@pytest.mark.parametrize(("line", "call"), IMPORTS.values(), ids=IMPORTS)
def test_a_child_from_a_function_of_another_file_is_the_callers_to_end(line: str, call: str, tmp_path: Path) -> None:
    files = {
        "launcher.py": LAUNCHER,
        "test_it.py": f"{line}\n\n\ndef test_a():\n    child = {call}()\n    child.wait()\n",
    }
    assert lint_files(files, tmp_path, select=("HRM109",)) == []


def test_a_lost_child_of_a_shared_helper_is_found_whichever_file_comes_first(tmp_path: Path) -> None:
    test = "from launcher import launch\n\n\ndef test_a():\n    assert launch().args\n"
    chain = "from launcher import launch\n\n\ndef again():\n    return launch()\n"
    files = {"launcher.py": LAUNCHER, "a_chain.py": chain, "test_a.py": test, "test_b.py": test}
    found = lint_files(files, tmp_path, select=("HRM109",))
    assert [(Path(item.path).name, item.line) for item in found] == [("launcher.py", 5)]
