"""How values are written in a finding: what may be a secret is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.describe import Hidden, hidden, short
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("API_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("apiKey", True),
        ("APIKey", True),
        ("DB_PASS", True),
        ("password", True),
        ("SENTRY_DSN", True),
        ("google-credentials", True),
        ("PWD", False),
        ("MONKEY", False),
        ("KEYBOARD", False),
        ("Tokenizer", False),
        ("COMPASS", False),
        ("key", False),
        ("api-key", True),
        ("", False),
        (7, False),
    ],
)
def test_a_name_tells_whether_what_it_stands_for_may_be_a_secret(name: object, is_secret: bool) -> None:
    assert (type(hidden(name, "plain")) is Hidden) is is_secret
    assert hidden(name, "plain") == "plain"
    assert hidden(name, None) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Hidden("plain"), "(hidden)"),
        ([Hidden("plain")], "[(hidden)]"),
        ({"name": "tea", "token": "plain"}, "{'name': 'tea', 'token': (hidden)}"),
        ({1: {"dbPassword": "plain"}}, "{1: {'dbPassword': (hidden)}}"),
        ({"keys": 3}, "{'keys': 3}"),
        ("https://ada:plain@host/path", "'https://ada:(hidden)@host/path'"),
        ("https://host:80/a@b", "'https://host:80/a@b'"),
        (os.environ, "a mapping of type _Environ"),
    ],
)
def test_what_may_be_a_secret_is_not_written_out(value: object, expected: str) -> None:
    assert short(value) == expected


def test_a_variable_that_may_be_a_secret_is_told_and_put_back_without_its_value(tmp_path: Path) -> None:
    test = """
import os


def test_the_first():
    os.environ["SHOP_TOKEN"] = "geheim-1"


def test_the_second():
    assert "SHOP_TOKEN" not in os.environ
    os.environ["SHOP_TOKEN"] = "geheim-2"
    os.environ["SHOP_KEY"] = "geheim-3"
"""

    run = guarded(tmp_path, files={"test_it.py": test})

    assert sorted((record["line"], record["state"]) for record in run.findings) == [
        (6, "os.environ['SHOP_TOKEN']"),
        (11, "os.environ['SHOP_TOKEN']"),
        (12, "os.environ['SHOP_KEY']"),
    ]
    shown = [line for line in run.output.splitlines() if "os.environ[" not in line or "HRM101" in line]
    assert "geheim" not in "".join(shown) + repr(run.findings)
    assert "monkeypatch.setenv('SHOP_TOKEN', value)" in run.output


def test_two_values_that_are_hidden_are_two(tmp_path: Path) -> None:
    test = """
import os


def test_the_first():
    os.environ["SHOP_TOKEN"] = "geheim-1"


def test_the_second():
    os.environ["SHOP_TOKEN"] = "geheim-2"


def test_the_third():
    os.environ["SHOP_TOKEN"] = "geheim-1"
"""

    run = guarded(tmp_path, mode="warn", files={"test_it.py": test})

    assert {record["line"] for record in run.findings} == {6, 10, 14}
