"""What the plugin's mark allows a test to do, the linter does not report either."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import write_files
from tests.utils.process import found_in

if TYPE_CHECKING:
    from pathlib import Path

LEAK = '    os.environ["A"] = "1"\n'


def places(tmp_path: Path, source: str) -> list[int | None]:
    write_files({"pyproject.toml": "", "test_it.py": "import os\nimport pytest\n" + textwrap.dedent(source)}, tmp_path)
    return [line for _, _, line in found_in(tmp_path)]


@pytest.mark.parametrize(
    "source",
    [
        '@pytest.mark.hermetic(allow=["HRM101"])\ndef test_it():\n' + LEAK,
        '@pytest.mark.hermetic(allow=("HRM102", "HRM101"))\nasync def test_it():\n' + LEAK,
        '@pytest.mark.hermetic(allow=["HRM101"])\nclass TestIt:\n    def test_it(self):\n    ' + LEAK,
        'pytestmark = pytest.mark.hermetic(allow=["HRM101"])\ndef test_it():\n' + LEAK,
        'from pytest import mark as m\n@m.hermetic(allow=["HRM101"])\ndef test_it():\n' + LEAK,
        '@pytest.mark.hermetic(allow=["HRM101"])\nclass Base: ...\nclass TestIt(Base):\n    def test_it(self):\n    '
        + LEAK,
        'pytestmark = [pytest.mark.slow, pytest.mark.hermetic(allow=["HRM101"])]\ndef test_it():\n' + LEAK,
    ],
)
def test_a_mark_allows_what_it_names(tmp_path: Path, source: str) -> None:
    assert places(tmp_path, source) == []


@pytest.mark.parametrize(
    "mark",
    [
        'pytest.mark.hermetic(allow=["HRM102"])',
        'pytest.mark.slow(allow=["HRM101"])',
        'benchmark.hermetic(allow=["HRM101"])',
        "pytest.mark.hermetic",
    ],
)
def test_another_mark_allows_nothing(tmp_path: Path, mark: str) -> None:
    assert places(tmp_path, f"@{mark}\ndef test_it():\n{LEAK}") == [5]


def test_a_mark_speaks_for_its_own_test_alone(tmp_path: Path) -> None:
    source = f'@pytest.mark.hermetic(allow=["HRM101"])\ndef test_a():\n{LEAK}\ndef test_b():\n{LEAK}'

    assert places(tmp_path, source) == [8]
