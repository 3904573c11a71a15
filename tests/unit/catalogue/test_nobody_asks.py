"""What never runs, or changes nothing for a test: idle fixtures, seeds of a plugin, unreached lines, own loggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.finding import Finding

DEFAULTS = ("recommended",)
FIXTURE = (
    'import os\n\nimport pytest\n\n\n@pytest.fixture{how}\ndef {name}():\n    os.environ["SHOP_TILL"] = "1"\n{more}'
)


def check(files: dict[str, str], folder: Path, *, select: tuple[str, ...] = DEFAULTS) -> list[Finding]:
    return lint_files(files, folder, select=select)


@pytest.mark.parametrize(
    ("beside", "found"),
    [
        ("def test_it():\n    pass\n", False),
        ("def test_it(till):\n    pass\n", True),
        ("import pytest\n\n\n@pytest.mark.usefixtures('till')\ndef test_it():\n    pass\n", True),
        ("def test_it(request):\n    request.getfixturevalue(f'{NAME}ll')\n", True),
        ("def test_it(stills, tillage):\n    pass\n", False),
    ],
)
def test_a_fixture_of_a_conftest_counts_where_somebody_below_names_it(beside: str, found: bool, tmp_path: Path) -> None:
    files = {"conftest.py": FIXTURE.format(how="", name="till", more=""), "below/test_it.py": beside}

    assert bool(check(files, tmp_path)) is found


@pytest.mark.parametrize(("asked", "found"), [("city", ["HRM701"]), ("", []), ("cities", [])])
def test_the_parameters_of_a_fixture_that_nobody_asks_for_are_none(
    asked: str, found: list[str], tmp_path: Path
) -> None:
    conftest = "import random\n\nimport pytest\n\n\n@pytest.fixture(params=[random.random()])\ndef city(request):\n"
    files = {"conftest.py": f"{conftest}    return request.param\n", "test_it.py": f"def test_it({asked}):\n    pass\n"}

    assert [item.code for item in check(files, tmp_path)] == found


@pytest.mark.parametrize(
    ("how", "name", "more", "found"),
    [
        ("", "till", "", False),
        ("(autouse=True)", "till", "", True),
        ("(name='drawer')", "till", "\n\ndef test_it(drawer):\n    pass\n", True),
        ("(name='drawer')", "till", "\n\ndef test_it(till=1):\n    pass\n", False),
        ("", "celery_config", "", True),
        ("", "till", "\n\n@pytest.fixture\ndef shop(till):\n    pass\n\n\ndef test_it(shop):\n    pass\n", True),
    ],
)
def test_a_fixture_of_a_test_file_counts_where_the_file_names_it(
    how: str, name: str, more: str, found: bool, tmp_path: Path
) -> None:
    source = FIXTURE.format(how=how, name=name, more=more) + "\n\ndef test_other():\n    pass\n"

    assert bool(check({"test_it.py": source}, tmp_path)) is found


def test_a_fixture_that_the_settings_name_is_used(tmp_path: Path) -> None:
    files = {
        "conftest.py": FIXTURE.format(how="", name="till", more=""),
        "pytest.ini": "[pytest]\nusefixtures = till\n",
        "test_it.py": "def test_it():\n    pass\n",
    }

    assert [item.code for item in check(files, tmp_path)] == ["HRM101"]


def test_the_project_preset_reports_what_idle_fixtures_do(tmp_path: Path) -> None:
    files = {"conftest.py": FIXTURE.format(how="", name="till", more=""), "test_it.py": "def test_it():\n    pass\n"}

    assert [item.code for item in check(files, tmp_path, select=("recommended", "project"))] == ["HRM101"]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("requirements-test.txt", "pytest\npytest-randomly\n", False),
        ("requirements/test.in", "pytest-randomly>=3\n", False),
        ("setup.cfg", "[options.extras_require]\ntests = pytest-randomly\n", False),
        (
            "setup.cfg",
            "[options.extras_require]\ntests = pytest-randomly\n[tool:pytest]\naddopts = -p no:randomly\n",
            True,
        ),
        ("README.txt", "pytest-randomly\n", True),
        ("requirements.txt", "pytest-random-order\n", True),
    ],
)
def test_a_seed_changes_nothing_where_a_plugin_seeds_each_test(
    path: str, text: str, found: bool, tmp_path: Path
) -> None:
    files = {path: text, "test_it.py": "import random\n\n\ndef test_it():\n    random.seed(3)\n"}

    assert bool(check(files, tmp_path)) is found
    assert [item.code for item in check(files, tmp_path, select=("recommended", "project"))] == ["HRM108"]


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ('os.path.join(os.path.split(inspect.getfile(inspect.currentframe()))[0], "..")', False),
        ('os.path.join(os.path.split(__file__)[0], "..")', False),
        ("os.path.split(__file__)[1]", True),
        ('os.path.sep.join((os.path.dirname(os.path.abspath(__file__)), "../.."))', False),
        ('os.path.sep.join((os.path.dirname(__file__), "lib"))', True),
        ('os.path.join(os.path.split(inspect.getfile(print))[0], "..")', True),
    ],
)
def test_the_folder_above_a_test_file_is_one_that_pytest_adds(folder: str, found: bool, tmp_path: Path) -> None:
    source = f"import inspect\nimport os\nimport sys\n\nsys.path.insert(0, {folder})\n\n\ndef test_it():\n    pass\n"

    assert bool(check({"tests/test_it.py": source}, tmp_path)) is found


@pytest.mark.parametrize(
    ("above", "found"),
    [
        ("return  # for now", False),
        ("if folder:\n        return", True),
        ("raise OSError(folder)", False),
        ("print(folder)", True),
    ],
)
def test_a_line_below_one_that_always_leaves(above: str, found: bool, tmp_path: Path) -> None:
    source = f"import os\n\n\ndef test_it(folder=None):\n    {above}\n    os.chdir('/')\n"

    assert bool(check({"test_it.py": source}, tmp_path)) is found


@pytest.mark.parametrize(
    ("bases", "more", "found"),
    [
        ("unittest.TestCase, Common", "", False),
        ("Common, unittest.TestCase", "", True),
        ("unittest.TestCase, Common", "    def setUp(self):\n        Common.setUp(self)\n\n", True),
    ],
)
def test_the_set_up_of_a_mixin_behind_test_case(bases: str, more: str, found: bool, tmp_path: Path) -> None:
    source = (
        "import random\nimport unittest\n\n\nclass Common:\n    def setUp(self):\n        random.seed(3)\n\n"
        f"    def test_it(self):\n        pass\n\n\nclass Tests({bases}):\n{more}"
        "    def test_other(self):\n        pass\n"
    )

    assert bool(check({"test_it.py": source}, tmp_path)) is found


@pytest.mark.parametrize(("name", "found"), [("cStringIO", False), ("io", True)])
def test_a_file_that_only_python_2_can_import(name: str, found: bool, tmp_path: Path) -> None:
    source = f"import os\nfrom {name} import StringIO\n\n\ndef test_it():\n    os.chdir('/')\n    assert StringIO\n"

    assert bool(check({"test_it.py": source}, tmp_path)) is found


@pytest.mark.parametrize(
    ("ending", "found"),
    [("shop.server.shutdown()", False), ("shop.server.look()", True), ("shop.other.shutdown()", True)],
)
def test_a_thread_of_an_object_that_the_file_ends(ending: str, found: bool, tmp_path: Path) -> None:
    source = (
        "import threading\nfrom http.server import HTTPServer\n\nimport pytest\n\n\nclass Shop:\n"
        "    def __init__(self):\n        self.server = HTTPServer(('127.0.0.1', 0), None)\n"
        "        threading.Thread(target=self.server.serve_forever).start()\n\n\n"
        f"@pytest.fixture\ndef shop():\n    shop = Shop()\n    yield shop\n    {ending}\n\n\n"
        "def test_it(shop):\n    assert shop\n"
    )

    assert bool(check({"test_it.py": source}, tmp_path)) is found


@pytest.mark.parametrize(
    ("outer", "stopped", "found"),
    [("shop.Till", "self.till", False), ("shop.Clerk", "self.till", True), ("shop.Till", "self.other", True)],
)
def test_a_patch_of_what_another_patch_has_put_in_place(outer: str, stopped: str, found: bool, tmp_path: Path) -> None:
    source = (
        "import unittest\nfrom unittest.mock import patch\n\n\nclass Tests(unittest.TestCase):\n    def setUp(self):\n"
        f"        self.till = patch('{outer}')\n        self.till.start()\n"
        "        self.run_it = patch('shop.Till.run')\n        self.run_it.start()\n\n"
        f"    def tearDown(self):\n        {stopped}.stop()\n\n    def test_it(self):\n        pass\n"
    )

    assert any(item.line == 10 for item in check({"test_it.py": source}, tmp_path)) is found


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ("list(np.random.randint(100, size=10))", False),
        ("np.random.randint(100, size=10).tolist()", True),
        ("list(np.random.uniform(0, 1, 10))", True),
        ("list(np.random.choice(['a', 'b'], 10))", True),
        ("np.random.choice(np.arange(100), 10)", False),
        ("np.random.choice(100, 10)", False),
        ("np.random.choice(np.linspace(0, 1), 10)", True),
    ],
)
def test_of_the_integers_of_numpy_pytest_shows_the_number_only(values: str, found: bool, tmp_path: Path) -> None:
    source = (
        "import numpy as np\nimport pytest\n\n\n"
        f"@pytest.mark.parametrize('value', {values})\ndef test_it(value):\n    pass\n"
    )

    assert bool(check({"test_it.py": source}, tmp_path)) is found


@pytest.mark.parametrize(
    ("seed", "last", "said"),
    [
        ("random.seed(3)", "random.seed(None)", "only when nothing fails"),
        ("random.seed(3)", "random.seed(4)", "its state is not put back"),
        ("np.random.seed(3)", "np.random.seed(None)", "only when nothing fails"),
    ],
)
def test_a_seed_from_the_system_puts_back_when_nothing_fails(seed: str, last: str, said: str, tmp_path: Path) -> None:
    source = f"import random\nimport numpy as np\n\n\ndef test_it():\n    {seed}\n    print(1)\n    {last}\n"

    found = check({"test_it.py": source}, tmp_path, select=("HRM108",))

    assert found[0].line == 6
    assert said in found[0].message


LOGGER = """
import logging


def test_a():
    name = "{name}"
    logger = logging.getLogger({given})
    logger.handlers.clear()
    logger.setLevel("DEBUG")
    assert logger


def test_b():
    assert logging.getLogger("shop").level == 0
"""


@pytest.mark.parametrize(
    ("name", "given", "found"),
    [
        ("test_fresh", "name", False),
        ("test_fresh", '"test_fresh_too"', False),
        ("fresh", "name", True),
        ("test_shop.till", "name", True),
        ("test_fresh", '"shop"', True),
        ("fresh", '"foo"', False),
        ("foo", '"foo"', False),
        ("fresh", '"food"', True),
        ("fresh", '"foo.bar"', True),
        ("fresh", "__name__", False),
        ("fresh", "__file__", False),
        ("fresh", "__doc__", True),
    ],
)
def test_a_logger_that_one_test_alone_names(name: str, given: str, *, found: bool, tmp_path: Path) -> None:
    files = {"test_shop.py": "def test_c():\n    pass\n", "test_it.py": LOGGER.format(name=name, given=given)}

    assert bool(lint_files(files, tmp_path, select=("HRM105",))) is found


@pytest.mark.parametrize("name", ["__name__", "__file__", "'foo'"])
@pytest.mark.parametrize("other", ["def test_c():\n    assert {}\n", "log = {}\n"])
def test_a_logger_of_the_file_that_others_ask_for_is_no_tests_own(name: str, other: str, tmp_path: Path) -> None:
    source = LOGGER.format(name="fresh", given=name) + "\n\n" + other.format(f"logging.getLogger({name})")

    assert [item.line for item in lint_files({"test_it.py": source}, tmp_path, select=("HRM105",))] == [8, 9]


@pytest.mark.parametrize(("name", "lines"), [("__name__", [9, 10]), ("'foo'", [9, 10]), ("__file__", [])])
def test_a_logger_of_the_file_that_a_fixture_sets_is_no_tests_own(name: str, lines: list[int], tmp_path: Path) -> None:
    source = LOGGER.format(name="fresh", given=name).replace("def test_a():", "@pytest.fixture\ndef shop():")
    files = {
        "test_it.py": source.replace("import logging", "import logging, pytest").replace("test_b():", "test_b(shop):")
    }

    assert [item.line for item in lint_files(files, tmp_path, select=("HRM105",))] == lines


@pytest.mark.parametrize(
    ("value", "found"),
    [('input("Name: ")', []), ('input("Name: ").strip()', []), ('str("Name: ")', ["HRM101"]), ("input", ["HRM101"])],
)
def test_what_stands_below_a_question_is_not_reached_by_an_import(value: str, found: list[str], tmp_path: Path) -> None:
    source = f"import os\n\nif not os.environ.get('NAME'):\n    name = {value}\n    os.environ['NAME'] = name\n"

    assert [item.code for item in lint_files({"test_it.py": source}, tmp_path, select=("HRM101",))] == found
