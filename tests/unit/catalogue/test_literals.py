"""HRM801 with patterns of the project's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
[tool.hermetic]
literals = [
    ["Client.send", "topic", "test-*"],
    ["storage.*", "bucket", "tmp-*", "region=eu-?"],
]
"""


def lines(folder: Path, source: str, settings: str = OWN) -> list[int | None]:
    found = lint_files({"pyproject.toml": settings, "test_it.py": source}, folder, select=["HRM801"])
    return [item.line for item in found]


@pytest.mark.parametrize(
    "call",
    [
        'Client.send(topic="orders")',
        'storage.open(bucket="live", region="eu-1")',
        'storage.sub.open(region="eu-2", bucket=f"live-{number}")',
        'functools.partial(storage.open, region="eu-1")(bucket="live")',
        'storage.open(**{"bucket": "live", "region": "eu-1"})',
        'storage.open(bucket="live" if number else "tmp-1", region="eu-1")',
    ],
)
def test_a_pattern_of_the_project_holds_for_the_calls_that_it_names(tmp_path: Path, call: str) -> None:
    source = f"import functools\nimport storage\nfrom app import Client\n\ndef test_it(number):\n    {call}\n"

    assert lines(tmp_path, source) == [6]


@pytest.mark.parametrize(
    "call",
    [
        'Client.send(topic="test-orders")',
        'OtherClient.send(topic="orders")',
        'storage.open(bucket="live", region="us-1")',
        'storage.open(bucket="live")',
        'storage.open(bucket=f"tmp-{number}", region="eu-1")',
        'storage.open(bucket=f"t{number}", region="eu-1")',
        'storage.open(bucket=number, region="eu-1")',
        'LLMFactory(provider="ollama", model="phi3")',
    ],
)
def test_what_no_pattern_names_or_what_fits_is_left_alone(tmp_path: Path, call: str) -> None:
    source = f"import storage\nfrom app import Client, OtherClient\n\ndef test_it(number):\n    {call}\n"

    assert lines(tmp_path, source) == []


def test_without_patterns_nothing_is_found(tmp_path: Path) -> None:
    source = 'def test_it(LLMFactory):\n    LLMFactory(provider="ollama", model="phi3")\n'

    assert lines(tmp_path, source, "[tool.hermetic]\nliterals = []\n") == []
