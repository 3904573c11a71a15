"""HRM507: what is made of the worker's name by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
import logging, os, re
import pytest, xdist
from os import environ, getenv
from hermetic.workers import get_worker_id, get_worker_num
NAME = "PYTEST_XDIST_WORKER"
LIMIT = 3
"""
BY_HAND = {
    "an item of the environment": "worker = os.environ['PYTEST_XDIST_WORKER']; use(worker)",
    "get": "use(environ.get('PYTEST_XDIST_WORKER', 'gw0'))",
    "getenv, and the name in a constant": "use(getenv(NAME))",
    "a number": "use(int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:]))",
    "a slice of the fixture": "use(worker_id[2:])",
    "its digits": "use(int(worker_id.replace('gw', '') or 0))",
    "a pattern": "use(re.sub('[^0-9]', '', worker_id))",
    "a table": "use({'gw0': 1, 'gw1': 2}[worker_id])",
    "what xdist says": "use(int(xdist.get_xdist_worker_id(request).strip('gw')))",
    "what the controller says": "use(request.config.workerinput['workerid'].lstrip('gw'))",
    "the slot times a hundred": "use(8000 + get_worker_num() * 100)",
    "the slot in a variable": "slot = get_worker_num(); use(slot + 1)",
    "a schema": "schema = f'test_{worker_id}'; use(schema)",
    "a prefix": "use(prefix='test:' + get_worker_id())",
    "a bucket": "use('bucket-{}'.format(worker_id))",
    "a database": "use('shop_db_%s' % worker_id)",
}
ASKED = {
    "whether there is one": "use(os.environ.get('PYTEST_XDIST_WORKER') is None)",
    "in a condition": "assert not os.environ.get('PYTEST_XDIST_WORKER')",
    "in a variable": "worker = os.getenv('PYTEST_XDIST_WORKER')\n    if worker == 'gw0':\n        use(1)",
    "which it is": "use(worker_id == 'gw0')",
    "in a skip": "pytest.skip('slow') if os.getenv('PYTEST_XDIST_WORKER') else None",
    "in a log": "logging.info('worker %s', os.environ.get('PYTEST_XDIST_WORKER'))",
    "in a message": "print(f'schema of {worker_id}')",
    "a folder": "use(tmp_path_factory.mktemp('db-' + worker_id))",
    "set for a test": "monkeypatch.setenv('PYTEST_XDIST_WORKER', 'gw3')",
    "written": "os.environ['PYTEST_XDIST_WORKER'] = 'gw3'",
    "another variable": "use(int(os.environ['PORT']) * 100)",
    "how many there are": "use(int(os.environ['PYTEST_XDIST_WORKER_COUNT']))",
    "a name of nothing shared": "use(f'user {worker_id}')",
    "another number": "use(LIMIT * 100)",
    "as it is": "use(get_worker_num())",
}


def lines(folder: Path, body: str, path: str = "test_it.py", decorator: str = "@pytest.fixture") -> list[int | None]:
    arguments = "request, worker_id, tmp_path_factory, monkeypatch"
    source = f"{HEAD}\n{decorator}\ndef made({arguments}):\n    {body}\n"
    return [item.line for item in lint_files({path: source}, folder, select=["HRM507"])]


@pytest.mark.parametrize("body", BY_HAND.values(), ids=BY_HAND)
def test_what_is_computed_from_the_worker_is_found_once(tmp_path: Path, body: str) -> None:
    assert lines(tmp_path, body) == [10]
    assert lines(tmp_path, body, "tests/helpers.py") == [10]


@pytest.mark.parametrize("body", ASKED.values(), ids=ASKED)
def test_asking_for_the_worker_is_left_alone(tmp_path: Path, body: str) -> None:
    assert lines(tmp_path, body) == []


def test_the_code_under_test_may_ask_for_what_it_likes(tmp_path: Path) -> None:
    source = "import os\n\n\ndef label():\n    return os.environ['PYTEST_XDIST_WORKER'][2:]\n"

    assert lint_files({"shop/naming.py": source}, tmp_path, select=["HRM507"]) == []


def test_a_variable_of_the_file_counts(tmp_path: Path) -> None:
    source = "import os\n\nWORKER = os.environ.get('PYTEST_XDIST_WORKER', 'gw0')\nPORT = 8000 + int(WORKER[2:])\n"

    assert [item.line for item in lint_files({"conftest.py": source}, tmp_path, select=["HRM507"])] == [3]


def test_a_helper_that_takes_the_name_apart_is_found_through_its_caller(tmp_path: Path) -> None:
    files = {
        "naming.py": 'def number(worker_id):\n    return int(worker_id.replace("gw", ""))\n',
        "test_it.py": "from naming import number\n\n\ndef test_it(worker_id):\n    assert number(worker_id) < 9\n",
    }

    found = lint_files(files, tmp_path, select=["HRM507"])

    assert {(item.path, item.line) for item in found} == {("naming.py", 2)}
