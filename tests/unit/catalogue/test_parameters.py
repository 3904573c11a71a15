"""HRM701: which values differ in each process, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
import enum, functools, glob, hashlib, itertools, os, random, secrets, string, time, uuid, zoneinfo
from collections import OrderedDict
from datetime import date, datetime
from pathlib import Path
import numpy as np
import pytest
NAMES = {"ann", "ben", "cem"}
NUMBERS = {1, 2, 3}; KEY = "a"; ONE = Path("a"); OTHER = Path("b")
class Thing: ...
"""

UNSTABLE = {
    "a set of texts": "NAMES",
    "a set of a text and a bool": "{KEY, not KEY}",
    "a set of what functions give that are not asked": "{False, os.path.isolated()}",
    "a set of a text and an object, by their names": "{KEY, OTHER}",
    "a set that is copied into a list": "list(NAMES)",
    "a comprehension over a set": "[name.upper() for name in NAMES]",
    "a set made of a list": "set(['a', 'b'])",
    "the union of two sets": "NAMES | {'dan'}",
    "what two dictionaries share": "{'a': 1}.keys() & {'a': 2}.keys()",
    "a set that is unpacked": "[*NAMES, 'dan']",
    "a set below map": "list(map(str.upper, NAMES))",
    "a dictionary with the keys of a set": "dict.fromkeys(NAMES)",
    "a set that another library gives": "zoneinfo.available_timezones()",
    "a set of hashlib": "hashlib.algorithms_available",
    "a random number": "[random.random()]",
    "a sample": "random.sample(range(100), 3)",
    "letters that are drawn": "[''.join(random.choices(string.ascii_letters, k=4))]",
    "a generator without a seed": "[random.Random().random()]",
    "numbers of numpy": "np.random.rand(3)",
    "how many there are": "range(random.randint(1, 5))",
    "a text with a uuid": "[f'user-{uuid.uuid4()}']",
    "the digits of a uuid": "[uuid.uuid4().hex]",
    "the time": "[time.time()]",
    "a time as text": "[datetime.now().isoformat()]",
    "the process": "[os.getpid()]",
    "a token": "[secrets.token_hex(4)]",
    "the worker": "[os.environ.get('PYTEST_XDIST_WORKER', 'master')]",
    "an id of one case": "[pytest.param(1, id=str(uuid.uuid4()))]",
    "the names in a folder": "os.listdir('data')",
}
STABLE = {
    "a set of objects, of which pytest shows the number only": "{ONE, OTHER}",
    "a sorted set": "sorted(NAMES)",
    "a sorted comprehension": "sorted(name for name in NAMES)",
    "numbers in a set": "NUMBERS",
    "what is true or false": "{False, os.path.exists('data')}",
    "a comparison": "{False, KEY is not None}",
    "a negation": "{False, not KEY}",
    "the answer of a function that is asked": "{False, functools.is_at_hand()}",
    "numbers that are computed": "{number * 2 for number in range(4)}",
    "one name": "{'ann'}",
    "objects in a set": "{Thing(), Thing()}",
    "a dictionary": "{'a': 1, 'b': 2}",
    "its items": "list({'a': 1}.items())",
    "what a set filters": "[name for name in ['ann', 'dan'] if name in NAMES]",
    "how many a set has": "range(len(NAMES))",
    "objects that differ": "[uuid.uuid4(), datetime.now(), object()]",
    "a list with a number in it": "[[random.random()], {'a': time.time()}]",
    "a generator with a seed": "[random.Random(3).random()]",
    "numpy with a seed": "np.random.default_rng(3).integers(9, size=3)",
    "the name of a case": "[pytest.param(uuid.uuid4().hex, id='one')]",
    "a sorted listing": "sorted(os.listdir('data'))",
    "a search": "glob.glob('data/*.txt')",
    "an unknown function": "unknown(NAMES)",
    "the path of the file": "[__file__, os.sep]",
    "classes in a set": "[kind() for kind in {dict, ValueError, OrderedDict, Thing}]",
}


def lines(folder: Path, source: str, select: str = "HRM701") -> list[int | None]:
    return [item.line for item in lint_files({"test_it.py": source}, folder, select=[select])]


def parametrised(values: str, ids: str = "") -> str:
    return f"{HEAD}\n@pytest.mark.parametrize('value', {values}{ids})\ndef test_it(value):\n    assert value\n"


@pytest.mark.parametrize("values", UNSTABLE.values(), ids=UNSTABLE)
def test_values_that_differ_in_each_process_are_found_in_a_mark_and_in_a_fixture(tmp_path: Path, values: str) -> None:
    fixture = f"{HEAD}\n@pytest.fixture(params={values})\ndef value(request):\n    return request.param\n"

    assert lines(tmp_path, parametrised(values)) == [11]
    assert lines(tmp_path, fixture) == [11]


@pytest.mark.parametrize("values", STABLE.values(), ids=STABLE)
def test_values_that_are_the_same_everywhere_are_left_alone(tmp_path: Path, values: str) -> None:
    assert lines(tmp_path, parametrised(values)) == []


@pytest.mark.parametrize(
    ("values", "ids", "found"),
    [
        ("NAMES", "['a', 'b', 'c']", False),
        ("[uuid.uuid4()]", "['a']", False),
        ("[uuid.uuid4()]", "str", True),
        ("[uuid.uuid4()]", "lambda value: value.hex", True),
        ("[uuid.uuid4()]", "lambda value: 'same'", False),
        ("[1, 2]", "lambda value: str(uuid.uuid4())", True),
        ("[1, 2]", "[str(uuid.uuid4()), 'b']", True),
        ("{Thing(), Thing()}", "repr", True),
        ("NAMES", "unknown", True),
        ("[random.random()]", "unknown", False),
    ],
)
def test_the_ids_decide_where_they_are_given(tmp_path: Path, values: str, ids: str, found: bool) -> None:
    assert lines(tmp_path, parametrised(values, f", ids={ids}")) == ([11] if found else [])


def test_every_search_is_reported_where_the_project_asks_for_it(tmp_path: Path) -> None:
    source = parametrised("glob.glob('data/*.txt')")

    assert [item.line for item in lint_files({"test_it.py": source}, tmp_path, select=["HRM701", "project"])] == [11]


def test_a_search_in_a_folder_that_the_suite_writes_to_is_reported(tmp_path: Path) -> None:
    writing = "\nOUT = Path('out')\n\ndef test_writes():\n    (OUT / 'a.txt').write_text('a')\n"
    source = parametrised("[str(path) for path in OUT.glob('*.txt')]").replace("class Thing", f"{writing}\nclass Thing")

    assert len(lines(tmp_path, source)) == 1


@pytest.mark.parametrize(("verb", "found"), [("sort", False), ("reverse", True)])
@pytest.mark.parametrize("place", ["in a function", "at the top"])
def test_a_list_that_is_sorted_in_place_has_an_order(tmp_path: Path, verb: str, found: bool, place: str) -> None:
    body = ["names = os.listdir('data')", f"names.{verb}()", "kept = []", "for name in names:", "    kept.append(name)"]
    if place == "at the top":
        values, text = "kept", "\n".join([*body, ""])
    else:
        values, text = "listed()", "\n    ".join(["def listed():", *body, "return kept"])
    source = parametrised(values).replace("\n@pytest", f"{text}\n@pytest", 1)
    expected = [number for number, line in enumerate(source.splitlines(), 1) if "parametrize(" in line]

    assert lines(tmp_path, source) == expected * found


CYCLES = {
    "a name that stands for itself": {"test_it.py": "def cases():\n    size = size * 2\n    return [size]\n"},
    "names of two files": {
        "test_it.py": "from sizes import size\n\ntwice = size * 2\n\n\ndef cases():\n    return [twice]\n",
        "sizes.py": "from test_it import twice\n\nsize = twice + 1\n",
    },
}


@pytest.mark.parametrize("files", CYCLES.values(), ids=CYCLES)
def test_names_that_stand_for_each_other_come_to_an_end(tmp_path: Path, files: dict[str, str]) -> None:
    test = "\n\nimport pytest\n\n\n@pytest.mark.parametrize('value', cases())\ndef test_it(value):\n    assert value\n"

    assert lint_files(files | {"test_it.py": files["test_it.py"] + test}, tmp_path, select=["HRM701"]) == []


def test_a_seed_of_the_conftest_makes_numbers_the_same_everywhere(tmp_path: Path) -> None:
    source = parametrised("[random.random()]")
    files = {"conftest.py": "import random\n\nrandom.seed(7)\n", "test_it.py": source}

    assert [item for item in lint_files(files, tmp_path, select=["HRM701"]) if item.path == "test_it.py"] == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("random.shuffle(items)", True),
        ("random.Random(3).shuffle(items)", False),
        ("random.seed(3); random.shuffle(items)", False),
        ("items.sort(key=str)", False),
    ],
)
def test_a_hook_that_shuffles_the_tests_needs_one_seed_for_all(tmp_path: Path, body: str, found: bool) -> None:
    source = f"import random\n\n\ndef pytest_collection_modifyitems(items):\n    {body}\n"

    assert [item.line for item in lint_files({"conftest.py": source}, tmp_path, select=["HRM701"])] == [5] * found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("os.environ.get('PYTEST_XDIST_WORKER') == 'gw0'", True),
        ("random.random() < 0.5", True),
        ("os.environ.get('PYTEST_XDIST_WORKER')", False),
        ("os.environ.get('PYTEST_XDIST_WORKER') is None", False),
        ("'PYTEST_XDIST_WORKER' in os.environ", False),
        ("date.today() > date(2020, 1, 1)", False),
    ],
)
def test_a_test_that_some_processes_define_is_found(tmp_path: Path, condition: str, found: bool) -> None:
    source = f"{HEAD}\nif {condition}:\n    def test_it():\n        assert True\n"

    assert lines(tmp_path, source) == [12] * found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("np.random.randint(10, size=(2, 2))", False),
        ("np.random.rand(3)", False),
        ("np.random.random((2, 2))", False),
        ("np.random.uniform(0, 1, 5)", False),
        ("np.random.permutation(5)", False),
        ("np.random.rand(4).reshape(2, 2).T", False),
        ("np.random.rand(4)[:2]", False),
        ("20 * np.random.rand(4)", False),
        ("(-np.random.rand(4, 2)).astype(float)", False),
        ("2 * ARRAY + 1", False),
        ("2 * ARRAY[0]", True),
        ("20 * np.random.rand()", True),
        ("np.random.rand(4).tobytes()", True),
        ("np.random.rand(4).reshape(2, 2).sum()", True),
        ("np.random.rand(4)[0]", True),
        ("str(np.random.rand(4))", True),
        ("np.random.rand()", True),
        ("np.random.randint(10)", True),
        ("np.random.uniform(0, 1)", True),
        ("np.random.normal(size=None)", True),
    ],
)
def test_of_an_array_pytest_shows_the_number_only(value: str, found: bool, tmp_path: Path) -> None:
    test = f"""
import numpy as np
import pytest

ARRAY = np.random.rand(4)


@pytest.mark.parametrize("x", [{value}, 1])
def test_a(x):
    assert x is not None
"""

    assert bool(lint_files({"test_it.py": test}, tmp_path, select=("HRM701",))) is found


@pytest.mark.parametrize(
    ("more", "said"),
    [("", "another machine or checkout"), ("\n    open(FOLDER + '/new', 'w').close()", "each worker collects")],
)
def test_a_listing_says_who_may_get_another_one(more: str, said: str, tmp_path: Path) -> None:
    values = f"FOLDER = 'data'\n{parametrised('os.listdir(FOLDER)')}{more}\n"

    items = lint_files({"test_it.py": values}, tmp_path, select=["HRM701"])

    assert [item.message.startswith(said) for item in items] == [True]


NUMBERED = """
import random


def number(kind="n", value=None):
    if value is None:
        value = "".join(random.sample("abc", 2))
    return kind + f"{value:0>4}"


def drawn(kind="n", value=None):
    value = "".join(random.sample("abc", 2))
    return kind + f"{value:0>4}"
"""


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("number('n', 'FAKE')", False),
        ("number(value='FAKE')", False),
        ("number('n')", True),
        ("number('n', None)", True),
        ("number(value=None)", True),
        ("drawn('n', 'FAKE')", True),
    ],
)
def test_what_a_function_works_out_only_where_it_is_not_given(call: str, found: bool, tmp_path: Path) -> None:
    test = f"import pytest\n\nfrom shop import drawn, number\n\n{parametrised(f'[{call}]')}"

    items = lint_files({"shop.py": NUMBERED, "test_it.py": test}, tmp_path, select=("HRM701",))

    assert bool(items) is found
