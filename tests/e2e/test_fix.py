"""A small suite that depends on its order is repaired from the command line, and passes in each order then."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.utils.lint import write_files
from tests.utils.process import environment, hermetic

if TYPE_CHECKING:
    from pathlib import Path

SUITE = {
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'\n",
    "clock.py": "import time\n\n\ndef hour():\n    return time.localtime().tm_hour\n",
    "tests/conftest.py": """\
import os

import pytest


@pytest.fixture
def region():
    os.environ["SHOP_REGION"] = "north"
    return os.environ["SHOP_REGION"]
""",
    "tests/test_shop.py": """\
import os
import sys
from unittest import mock

import clock


def test_region(region):
    assert region == "north"


def test_no_region():
    assert "SHOP_REGION" not in os.environ


class TestPlace:
    def test_folder(self, tmp_path):
        os.chdir(tmp_path)  # where the report is written
        assert os.listdir() == []

    def test_root(self):
        assert os.path.exists("pyproject.toml")


def test_noon():
    mock.patch("clock.hour", return_value=12).start()
    assert clock.hour() == 12


def test_hour():
    assert not isinstance(clock.hour, mock.Mock)


def test_stub():
    sys.modules["shop_rates"] = mock.Mock(rate=5)
    import shop_rates

    assert shop_rates.rate == 5


def test_no_stub():
    assert "shop_rates" not in sys.modules
""",
}
REVERSED = "def pytest_collection_modifyitems(items):\n    items.reverse()\n"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the suite with plain pytest."""
    command = [sys.executable, "-m", "pytest", "-p", "no:hermetic", "-p", "no:randomly", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(folder, {"PYTHONPATH": "."}), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [[], ["-p", "backwards"], ["-n", "2"]], ids=["forwards", "reversed", "parallel"])
def test_a_repaired_suite_passes_in_each_order(arguments: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_files({**SUITE, "backwards.py": REVERSED}, folder)

    done = hermetic(folder, "check", "--fix", "tests")

    assert (done.returncode, done.stdout) == (0, "No findings.\n")
    assert done.stderr == "hermetic: fixed: 4 findings in 2 files\n"
    after = run(folder, *arguments)
    assert after.returncode == 0, after.stdout


def test_the_suite_depends_on_its_order_before(tmp_path: Path) -> None:
    write_files(SUITE, tmp_path)

    done = run(tmp_path)

    assert done.returncode == 1
    assert {"test_no_region", "test_root", "test_hour", "test_no_stub"} == {
        line.split("::")[-1].split()[0] for line in done.stdout.splitlines() if line.startswith("FAILED")
    }
