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


@pytest.mark.parametrize(("code", "source"), cases("project: "))
def test_what_may_well_be_harmless_is_left_to_the_project_preset(code: str, source: str, tmp_path: Path) -> None:
    expected = {number for number, line in enumerate(source.splitlines(), 1) if line.endswith(MARK + code)}
    found = lint_files({"test_it.py": source}, tmp_path, select=("project", code))
    assert {item.line for item in found if item.code == code} == expected
    assert lint_files({"test_it.py": source}, tmp_path, select=(code,)) == []


@pytest.mark.parametrize(("code", "source"), cases("left alone: "))
def test_a_correct_twin_is_left_alone(code: str, source: str, tmp_path: Path) -> None:
    assert lint_files({"test_it.py": source}, tmp_path, select=CODES) == [], code


@pytest.mark.parametrize("code", CODES)
def test_a_rule_has_further_snippets_of_both_kinds(code: str) -> None:
    kinds = {title.partition(":")[0] for title in TABLES[code]}
    assert kinds - {"project"} == {"caught", "left alone"}


STREAM = "import io, sys\n\n\ndef test_a():\n    sys.stdout = io.StringIO()\n"
WRAPPER = "import io, sys\n\n\ndef test_a():\n    sys.stdout = io.TextIOWrapper(sys.stdout.buffer)\n"
ROOT = "import logging\n\n\ndef test_a():\n    logging.getLogger().setLevel(10)\n"


@pytest.mark.parametrize(
    ("source", "options", "lines"),
    [
        (STREAM, "", []),
        (STREAM, "addopts = -rs --show-capture=no", []),
        (STREAM, "addopts = -vs", [5]),
        (STREAM, "addopts = --capture=no", [5]),
        (STREAM, "addopts = --capture no", [5]),
        (WRAPPER, "", [5]),
        (STREAM.replace("stdout", "stdin"), "", [5]),
        (ROOT, "", [5]),
        (ROOT, "log_level = INFO", []),
        (ROOT, "addopts = --log-level=INFO", []),
        (ROOT.replace("getLogger()", "getLogger('a')"), "log_level = INFO", [5]),
    ],
)
def test_what_pytest_puts_back_by_its_configuration_is_left_alone(
    source: str, options: str, lines: list[int], tmp_path: Path
) -> None:
    files = {"pytest.ini": f"[pytest]\n{options}\n", "test_it.py": source}
    assert [item.line for item in lint_files(files, tmp_path, select=("HRM105", "HRM107"))] == lines


PATHS = """
import os

def set_path(value):
    os.environ["LIB"] = value

def find(name):
    def begin():
        old = os.environ.get("LIB")
        set_path(name)
        return old
    old = begin()
    found = look(name)
    {}
    return found
"""


@pytest.mark.parametrize(("line", "number"), [("set_path(old)", 0), ("print(old)", 1)])
def test_code_under_test_that_calls_its_setter_again_may_put_back_what_it_found(
    line: str, number: int, tmp_path: Path
) -> None:
    files = {"app.py": PATHS.format(line), "test_it.py": "import app\n\n\ndef test_a():\n    app.find('c')\n"}
    assert len(lint_files(files, tmp_path, select=("HRM101",))) == number


@pytest.mark.parametrize(
    ("assertion", "end"),
    [
        ("self.assertNotIn('A', os.environ)", "when nothing fails in between"),
        ("self.assertFalse('A' in os.environ)", "when nothing fails in between"),
        ("self.assertTrue('A' in os.environ)", "not put back"),
        ("self.assertNotIn('B', os.environ)", "not put back"),
    ],
)
def test_an_assertion_of_unittest_says_that_the_code_under_test_has_put_it_back(
    assertion: str, end: str, tmp_path: Path
) -> None:
    head = (
        "import os, unittest\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        os.environ['A'] = '1'\n"
    )
    (found,) = lint_files({"test_it.py": f"{head}        run()\n        {assertion}\n"}, tmp_path, select=("HRM101",))
    assert found.message.endswith(end)


LOGGED = "import logging\n\n\ndef start():\n    root = logging.getLogger()\n    root.setLevel(10)\n"
PATCHED = """
import unittest
from unittest import mock
class T(unittest.TestCase):
    def call(self):
        from app import start
        start()
    @mock.patch("app.logging.{}")
    def test_a(self, get):
        self.call()
"""


@pytest.mark.parametrize(("name", "number"), [("getLogger", 0), ("getLevelName", 1)])
def test_an_object_of_a_function_that_is_patched_is_another_one(name: str, number: int, tmp_path: Path) -> None:
    files = {"app.py": LOGGED, "test_it.py": PATCHED.format(name)}
    assert len(lint_files(files, tmp_path, select=("HRM105",))) == number


EACH = "import logging\n\nimport pytest\n\n\n@pytest.fixture(autouse=True)\ndef quiet():\n    {}\n"


@pytest.mark.parametrize(
    ("path", "line", "lines"),
    [
        ("conftest.py", "logging.getLogger('a').setLevel(10)", []),
        ("tests/conftest.py", "logging.getLogger('a').setLevel(10)", []),
        ("tests/deep/conftest.py", "logging.getLogger('a').setLevel(10)", [8]),
        ("test_it.py", "logging.getLogger('a').setLevel(10)", [8]),
        ("conftest.py", "logging.getLogger('a').addHandler(HANDLER)", [8]),
        ("conftest.py", "if ready(): logging.getLogger('a').setLevel(10)", [8]),
    ],
)
def test_a_fixture_that_gives_every_test_the_same_value_is_configuration(
    path: str, line: str, lines: list[int], tmp_path: Path
) -> None:
    test = "def test_a():\n    pass\n"
    files = {"tests/deep/test_b.py": test, path: EACH.format(line) + (f"\n\n{test}" if path == "test_it.py" else "")}
    assert [item.line for item in lint_files(files, tmp_path / "one", select=("HRM105",))] == lines
    strict = lint_files(files, tmp_path / "two", select=("HRM105", "project"))
    assert [item.line for item in strict if item.code == "HRM105"] == [8]


POP = "import os\n\nimport pytest\n\n\n@pytest.fixture\ndef no_rc():\n    os.environ.pop('LINTRC', None)\n"


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("os.environ['LINTRC'] = 'a'", [8]),
        ("os.environ.pop('LINTRC', 0)", []),
        ("def set_it(monkeypatch): monkeypatch.setenv('LINTRC', 'a')", []),
    ],
)
def test_a_removal_is_left_alone_where_conftests_only_remove_the_variable_too(
    line: str, lines: list[int], tmp_path: Path
) -> None:
    files = {"conftest.py": f"import os\n\n{line}\n", "test_it.py": f"{POP}\n\ndef test_a(no_rc):\n    pass\n"}
    assert [item.line for item in lint_files(files, tmp_path, select=("HRM101",))] == lines


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
    "logging.getLogger('a').handlers = [print]": (
        "the handler list of logging.getLogger('a') is changed in test_a and not put back"
    ),
    "gc.set_threshold(1)": "the thresholds of garbage collection are changed in test_a and not set back",
    "builtins.print = None": "builtins.print is changed in test_a and not set back",
    "sys.stdin.close()": "sys.stdin is closed in test_a and not put back",
    "sys.stdin = None": "sys.stdin is replaced in test_a and not put back",
    "random.seed(1)": "the global random generator is seeded in test_a and its state is not put back",
    "threading.Timer(5, print).start()": "a timer is started in test_a and not cancelled",
}


@pytest.mark.parametrize("body", MESSAGES)
def test_a_message_says_what_is_changed_where(body: str, tmp_path: Path) -> None:
    imports = "import app, builtins, gc, importlib, logging, os, random, sys, threading\n\n\n"
    found = lint_files({"test_it.py": f"{imports}def test_a():\n    {body}\n"}, tmp_path, select=CODES)
    assert [item.message for item in found] == [MESSAGES[body]]


def test_a_value_set_back_by_hand_is_called_late_where_an_imported_file_sets_the_logger(tmp_path: Path) -> None:
    files = {
        "shop.py": "import logging\n\nlogger = logging.getLogger('shop')\nlogger.disabled = bool(logger.name)\n",
        "test_it.py": "from shop import logger\n\n\ndef test_a():\n    logger.disabled = True\n    run()\n"
        "    logger.disabled = False\n",
    }
    found = lint_files(files, tmp_path, select=("HRM105",))
    assert [item.line for item in found if item.path == "test_it.py"] == [5]
    assert "only when nothing fails" in found[-1].message


def test_a_handler_taken_off_a_logger_that_a_helper_returns_is_called_late(tmp_path: Path) -> None:
    source = """
import logging

def prepared():
    logger = logging.getLogger("shop")
    handler = object()
    logger.addHandler(handler)
    return logger, handler

def test_a():
    logger, handler = prepared()
    assert run(logger)
    logger.removeHandler(handler)
"""
    found = lint_files({"test_it.py": source}, tmp_path, select=("HRM105",))
    assert [(item.line, "only when nothing fails" in item.message) for item in found] == [(7, True)]


AGENT = """
import os
import unittest

class AgentTest(unittest.TestCase):
    @classmethod
    async def asyncSetUpClass(cls):
        os.environ["AGENT_SOCKET"] = {given}

    def test_it(self):
        del os.environ["AGENT_SOCKET"]
        self.assertRaises(OSError, connect)
        os.environ["AGENT_SOCKET"] = "agent"
"""


@pytest.mark.parametrize(("given", "late"), [("'agent'", True), ("'other'", False), ("agent()", False)])
def test_a_variable_set_again_to_what_the_set_up_of_the_class_has_set_is_called_late(
    given: str, late: bool, tmp_path: Path
) -> None:
    found = lint_files({"test_it.py": AGENT.format(given=given)}, tmp_path, select=("HRM101",))
    assert [(item.line, "only when nothing fails" in item.message) for item in found if "test_it" in item.message] == [
        (11, late)
    ]


BRANCHES = {
    "in the other branch": ("elif 'APP' in os.environ:\n        del os.environ['APP']\n    assert run()", False),
    "below both": ("else:\n        run()\n    assert run()\n    del os.environ['APP']", True),
}


@pytest.mark.parametrize(("rest", "late"), BRANCHES.values(), ids=BRANCHES)
def test_a_removal_that_runs_only_where_nothing_was_set_puts_nothing_back(
    rest: str, late: bool, tmp_path: Path
) -> None:
    source = f"import os\n\ndef test_it():\n    if run() is None:\n        os.environ['APP'] = '1'\n    {rest}\n"
    found = lint_files({"test_it.py": source}, tmp_path, select=("HRM101",))
    assert [(item.line, "only when nothing fails" in item.message) for item in found] == [(5, late)]


SPOKEN = """
import locale
from contextlib import contextmanager

@contextmanager
def spoken(name):
    before = locale.setlocale(locale.LC_ALL)
    {correction}
    locale.setlocale(locale.LC_ALL, name)
    yield
    locale.setlocale(locale.LC_ALL, before)

def test_it():
    with spoken("C"):
        assert locale.str(1.5)
"""
CORRECTIONS = {
    "none": ("", True),
    "below a condition": ("if before == 'Elvish':\n        before = 'C'", True),
    "whatever it was": ("before = 'C'", False),
}


@pytest.mark.parametrize(("correction", "late"), CORRECTIONS.values(), ids=CORRECTIONS)
def test_a_saved_value_that_a_condition_corrects_is_still_the_saved_one(
    correction: str, late: bool, tmp_path: Path
) -> None:
    found = lint_files({"test_it.py": SPOKEN.format(correction=correction)}, tmp_path, select=("HRM106",))
    assert ["only when nothing fails" in item.message for item in found][:1] == [late]


def test_a_seed_before_each_test_of_a_conftest_is_left_alone(tmp_path: Path) -> None:
    seeded = "import pytest, random\n\n\n@pytest.fixture(autouse=True)\ndef seeded():\n    random.seed(1)\n"
    assert lint_files({"conftest.py": seeded}, tmp_path, select=("HRM108",)) == []
    found = lint_files({"conftest.py": seeded.replace("(autouse=True)", "")}, tmp_path, select=("HRM108",))
    assert [item.line for item in found] == [6]


@pytest.mark.parametrize(
    ("seeds", "lines"), [("random.seed(0)", []), ("random.random()", [3, 6]), ("print(1)", [3, 6])]
)
def test_what_seeds_again_below_a_fixture_that_seeds_before_each_test_is_left_alone(
    seeds: str, lines: list[int], tmp_path: Path
) -> None:
    files = {
        "conftest.py": f"import random, pytest\n@pytest.fixture(autouse=True)\ndef each(tmp_path):\n    {seeds}\n",
        "test_it.py": (
            "import random, pytest\ndef test_it():\n    random.seed(1)\n"
            "@pytest.fixture\ndef data():\n    random.seed(2)\ndef test_other(data):\n    pass\n"
        ),
    }

    assert [item.line for item in lint_files(files, tmp_path, select=("HRM108",))] == lines


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


@pytest.mark.parametrize(("argument", "count"), [("_PASS", 0), ("Filter()", 1)])
def test_the_one_filter_of_a_library_may_be_added_again(argument: str, count: int, tmp_path: Path) -> None:
    app = "import logging\n\nclass Filter:\n    pass\n\n_PASS = Filter()\n\ndef logger_for(name):\n"
    app += f"    logger = logging.getLogger('app')\n    logger.addFilter({argument})\n    return logger\n"
    test = "from app import logger_for\n\ndef test_a():\n    assert logger_for('x')\n"
    assert len(lint_files({"app.py": app, "test_it.py": test}, tmp_path, select=("HRM105",))) == count


def test_a_mock_in_place_of_what_the_helper_uses_starts_no_child(tmp_path: Path) -> None:
    test = "{}\ndef test_a({}):\n    assert launch().args\n"
    imports = "from unittest import mock\nfrom launcher import launch\n\n"
    real = imports + test.format("", "")
    mocked = imports + test.format("@mock.patch('launcher.subprocess')", "fake")
    assert len(lint_files({"launcher.py": LAUNCHER, "test_it.py": real}, tmp_path / "real", select=("HRM109",))) == 1
    assert lint_files({"launcher.py": LAUNCHER, "test_it.py": mocked}, tmp_path / "mock", select=("HRM109",)) == []


TEARDOWN = """
import unittest
from app import {name}, quiet
class TestA(unittest.TestCase):
    def setUp(self):
        self.before = list({name}.handlers)
        self.level = {name}.level

    def tearDown(self):
        {name}.handlers = self.before
        {name}.setLevel(self.level)

    def test_a(self):
        quiet()
"""
BOUND = """
import logging
make = logging.getLogger
{name} = make("app")
def quiet():
    {name}.addHandler(logging.StreamHandler())
    {name}.setLevel(logging.ERROR)
"""


@pytest.mark.parametrize("name", ["logger", "_APP_LOGGER", "audit"])
def test_a_logger_from_another_file_is_put_back_under_its_imported_name(name: str, tmp_path: Path) -> None:
    files = {"app.py": BOUND.format(name=name), "test_it.py": TEARDOWN.format(name=name)}

    assert lint_files(files, tmp_path, select=["HRM105"]) == []


def test_the_restore_of_another_logger_from_that_file_does_not_count(tmp_path: Path) -> None:
    bound = BOUND.format(name="audit") + 'other = make("other")\n'
    test = TEARDOWN.format(name="other")

    found = lint_files({"app.py": bound, "test_it.py": test}, tmp_path, select=["HRM105"])

    assert {(item.path.rpartition("/")[2], item.line) for item in found} == {("app.py", 6), ("app.py", 7)}


def test_a_logger_from_another_file_is_known_by_what_binds_it_there(tmp_path: Path) -> None:
    test = (
        "from app import AUDIT_LOG, sketch\ndef test_a():\n    AUDIT_LOG.disabled = True\n    sketch.disabled = True\n"
    )
    app = "import logging\nAUDIT_LOG = logging.getLogger('app')\nsketch = object()\n"

    found = lint_files({"app.py": app, "test_it.py": test}, tmp_path, select=["HRM105"])

    assert [item.line for item in found] == [3]


def test_a_logger_named_after_its_own_file_is_not_the_test_files_own(tmp_path: Path) -> None:
    app = "import logging\nlog = logging.getLogger(__name__)\ndef quiet():\n    log.disabled = True\n"
    test = (
        "import logging\nfrom app import log, quiet\nmine = logging.getLogger(__name__)\nlog.disabled = True\n"
        "mine.disabled = True\ndef test_a():\n    try:\n        quiet()\n    finally:\n        mine.disabled = False\n"
    )

    found = lint_files({"app.py": app, "test_it.py": test}, tmp_path, select=["HRM105"])

    assert {(item.path.rpartition("/")[2], item.line) for item in found} == {("app.py", 4), ("test_it.py", 4)}


@pytest.mark.parametrize(
    "line", ["logging.getLogger('app').propagate = False", "LOGGING = {'app': {'propagate': False}}"]
)
def test_a_default_that_the_project_has_changed_is_no_default(line: str, tmp_path: Path) -> None:
    app = f"import logging\nlog = logging.getLogger('other')\n{line}\n"
    test = "import app, logging\ndef test_a():\n    logging.getLogger({name!r}).propagate = True\n"

    for name, lines in (("app", [3]), ("app.part", [])):
        found = lint_files({"app.py": app, "test_it.py": test.format(name=name)}, tmp_path, select=["HRM105"])
        assert [item.line for item in found] == lines


def test_a_default_of_a_logger_counts_only_where_its_own_file_sets_nothing_else(tmp_path: Path) -> None:
    app = "import logging\nlog = logging.getLogger(__name__)\n{line}"
    test = "from app import log\ndef test_a():\n    log.propagate = True\n"

    for line, lines in (("log.propagate = False\n", [3]), ("", [])):
        found = lint_files({"app.py": app.format(line=line), "test_it.py": test}, tmp_path, select=["HRM105"])
        assert [item.line for item in found] == lines


SEEDED = "import random\n\nrandom.seed({seed})\n\ndef test_it():\n    pass\n"


@pytest.mark.parametrize("seed", ["'one pangram'", "42"])
def test_a_seed_at_import_that_the_conftest_has_set_already_is_left_alone(seed: str, tmp_path: Path) -> None:
    conftest = f"from random import seed\n\nseed({seed})\n"
    files = {"tests/conftest.py": conftest, "tests/deep/test_it.py": SEEDED.format(seed=seed)}
    assert lint_files(files, tmp_path, select=("HRM108",)) == []


@pytest.mark.parametrize(
    "conftest",
    [
        "import random\n\nrandom.seed(43)\n",
        "import random\n\nrandom.seed()\n",
        "import numpy\n\nnumpy.random.seed(42)\n",
        "import os, random\n\nif os.environ.get('SEED'):\n    random.seed(42)\n",
        "import random\n\nrandom.seed(42)\nrandom.seed(7)\n",
        "import random\n\ndef pytest_configure():\n    random.seed(42)\n",
    ],
    ids=["another seed", "no seed", "another generator", "a condition", "another seed below", "a hook"],
)
def test_a_seed_at_import_that_the_conftest_may_not_have_set_is_caught(conftest: str, tmp_path: Path) -> None:
    files = {"tests/conftest.py": conftest, "tests/test_it.py": SEEDED.format(seed=42)}
    assert [item.line for item in lint_files(files, tmp_path, select=("HRM108",))] == [3]


def test_the_seed_of_a_conftest_that_another_folder_has_does_not_count(tmp_path: Path) -> None:
    files = {"other/conftest.py": SEEDED.format(seed=42), "tests/test_it.py": SEEDED.format(seed=42)}
    assert [item.path for item in lint_files(files, tmp_path, select=("HRM108",))] == ["tests/test_it.py"]


FOLDERS = "import os\nimport sys\n\nFOLDERS = ['a', 'b']\n\ndef folders():\n    found = {found}\n    return found\n\n"
FILTERED = ["filter(os.path.isdir, FOLDERS)", "[item for item in FOLDERS if os.path.isdir(item)]"]
EXTENDED = ["sys.path.extend(folders())", "sys.path += list(folders())", "sys.path.extend({found})"]
CALL = "import app\n\ndef test_it():\n    app.run()\n"


@pytest.mark.parametrize("found", FILTERED)
@pytest.mark.parametrize("line", EXTENDED)
def test_a_path_that_code_under_test_extends_by_what_passes_a_filter_is_left_alone(
    line: str, found: str, tmp_path: Path
) -> None:
    code = FOLDERS.format(found=found) + f"def run():\n    {line.format(found=found)}\n"
    assert lint_files({"app.py": code, "test_it.py": CALL}, tmp_path, select=("HRM103",)) == []


@pytest.mark.parametrize("line", EXTENDED)
def test_a_path_that_code_under_test_extends_by_all_of_a_list_is_caught(line: str, tmp_path: Path) -> None:
    found = "[os.path.abspath(item) for item in FOLDERS]"
    code = FOLDERS.format(found=found) + f"def run():\n    {line.format(found=found)}\n"
    assert [item.line for item in lint_files({"app.py": code, "test_it.py": CALL}, tmp_path, select=("HRM103",))] == [
        11
    ]


@pytest.mark.parametrize("found", FILTERED)
def test_a_path_that_a_test_extends_by_what_passes_a_filter_is_caught(found: str, tmp_path: Path) -> None:
    source = FOLDERS.format(found=found) + "def test_it():\n    sys.path.extend(folders())\n"
    assert [item.line for item in lint_files({"test_it.py": source}, tmp_path, select=("HRM103",))] == [11]


CODE_UNDER_TEST = {
    "a folder that may not be there": (
        "HRM102",
        "import os\n\ndef go(folder):\n    try:\n        os.chdir(folder)\n    except OSError:\n        return None\n",
    ),
    "folders that the configuration may not name": (
        "HRM103",
        (
            "import sys\nfrom app.settings import config\n\ndef go(name):\n"
            "    paths = [str(path) for path in config.paths()]\n    sys.path += paths\n"
        ),
    ),
}


@pytest.mark.parametrize("case", CODE_UNDER_TEST)
def test_code_under_test_that_may_change_nothing_is_left_alone(case: str, tmp_path: Path) -> None:
    code, source = CODE_UNDER_TEST[case]
    test = "from app.go import go\n\n\ndef test_a():\n    go('nowhere')\n    assert run()\n"
    files = {"app/__init__.py": "", "app/go.py": source, "tests/test_it.py": test}
    assert lint_files(files, tmp_path, select=(code,)) == []


def test_a_logger_known_by_its_name_alone_is_put_back_by_a_fixture_that_puts_one_back(tmp_path: Path) -> None:
    files = {
        "conftest.py": "import pytest\nfrom shop.log import logger\n\n\n@pytest.fixture(autouse=True)\ndef kept():\n"
        "    level = logger.level\n    yield\n    logger.setLevel(level)\n",
        "test_it.py": "from shop import Base\n\n\ndef test_a():\n    Base.logger.setLevel(10)\n    assert run()\n",
    }
    assert lint_files(files, tmp_path, select=("HRM105",)) == []
    del files["conftest.py"]
    assert len(lint_files(files, tmp_path / "without", select=("HRM105",))) == 1


def test_a_step_back_to_a_folder_beside_is_called_late(tmp_path: Path) -> None:
    source = "import os\n\n\ndef test_a():\n    os.chdir('../a')\n    assert run()\n    os.chdir('../tests')\n"
    found = lint_files({"test_it.py": source}, tmp_path, select=("HRM102",))
    assert [(item.line, "only when nothing fails" in item.message) for item in found] == [(5, True)]


ABOVE = (
    "Path(__file__).parent.parent",
    "Path(__file__).resolve().parents[1]",
    "Path(__file__).absolute().parent / '..'",
    "os.path.dirname(HERE)",
    "os.path.join(HERE, '..')",
    "os.path.abspath(os.path.dirname(os.path.dirname(__file__)))",
)
ELSEWHERE = (
    "HERE",
    "Path(__file__).parent",
    "Path(__file__).parents[2]",
    "os.path.join(HERE, '..', 'data')",
    "tmp_path",
)


@pytest.mark.parametrize(("folder", "found"), [(item, False) for item in ABOVE] + [(item, True) for item in ELSEWHERE])
def test_a_step_to_the_folder_where_pytest_is_started_changes_nothing(
    tmp_path: Path, folder: str, *, found: bool
) -> None:
    head = "import os\nfrom pathlib import Path\n\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
    files = {"tests/test_it.py": f"{head}\n\ndef test_it(tmp_path):\n    os.chdir({folder})\n"}

    assert bool(lint_files(files, tmp_path, select=("HRM102",))) is found
    assert lint_files(files, tmp_path, select=("project", "HRM102"))


@pytest.mark.parametrize(
    ("root", "found"), [("Path(__file__).parent.parent", False), ("Path(__file__).parent / 'data'", True)]
)
def test_the_folder_where_pytest_is_started_may_come_from_another_file(
    tmp_path: Path, root: str, *, found: bool
) -> None:
    files = {
        "tests/__init__.py": f"from pathlib import Path\n\nroot = {root}\n",
        "tests/test_it.py": "import os\n\nfrom tests import root\n\nos.chdir(root)\n\n\ndef test_it():\n    pass\n",
    }

    assert bool(lint_files(files, tmp_path, select=("HRM102",))) is found
