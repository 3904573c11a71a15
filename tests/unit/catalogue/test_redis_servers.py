"""Servers of Redis: which are for all workers, and which the suite starts for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "import pytest, redis, threading\nfrom fake_server import FakeServer\n"
FIXTURE = """
@pytest.fixture
def address():
    place = ("127.0.0.1", 6390)
    {}
    yield place

def test_it(address):
    redis.Redis(host=address[0], port=address[1]).set("colour", "red")
"""
IN_TEST = """
def test_it():
    port = 6390
    server = {}
    redis.Redis(host="127.0.0.1", port=port).set("colour", "red")
"""


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (FIXTURE.format("threading.Thread(target=FakeServer(place).serve_forever, daemon=True).start()"), False),
        (FIXTURE.format("assert place"), True),
        (IN_TEST.format('FakeServer(("127.0.0.1", port))'), False),
        (IN_TEST.format("None"), True),
    ],
    ids=["started by the fixture", "named by the fixture", "started by the test", "named by the test"],
)
def test_a_database_of_a_server_that_the_test_starts_is_its_own(source: str, tmp_path: Path, *, found: bool) -> None:
    assert bool(lint_files({"test_it.py": HEAD + source}, tmp_path, select=("HRM505",))) is found


SHELF = """
import redis

client = redis.Redis(host="localhost", port=6379, db=0)

class Shelf:
    def __init__(self):
        self.client = redis.Redis(host="localhost", port=6379, db=0)

    def clear(self):
        self.client.flushdb()

def keep(name):
    client.set(name, 1)

def keep_twice(name):
    keep(name)
    keep(name)
"""
MADE = "redis.Redis(host='localhost', port=6379, db=2)"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("shelf.keep('a')", True),
        ("keep_twice('a')", True),
        ("Shelf().clear()", True),
        ("threading.Thread(target=keep, args=('a',)).start()", True),
        (f"threading.Thread(target={MADE}.set, args=('a', 1)).start()", True),
        (f"{MADE}.pipeline().set('a', 1).execute()", True),
        (f"{MADE}.execute_command('SET', 'a', 1)", True),
        (f"{MADE}.execute_command('FLUSHDB')", True),
        (f"{MADE}.flushall()", True),
        (f"{MADE}.get('a')", False),
        ("Shelf()", False),
    ],
)
def test_a_command_is_found_where_a_test_gets_to_it(line: str, tmp_path: Path, *, found: bool) -> None:
    head = "import threading\nimport redis\nimport shelf\nfrom shelf import Shelf, keep, keep_twice\n"
    files = {"shelf.py": SHELF, "test_it.py": f"{head}\ndef test_it():\n    {line}\n"}
    assert bool(lint_files(files, tmp_path, select=("HRM505",))) is found
