"""What the meta-tests plant: for each hook and script a violation that nobody else wrote, and its correct twin."""

from __future__ import annotations

from typing import NamedTuple

from tests.utils.snippets import snippets


class Plant(NamedTuple):
    """Files that break rules, the codes that must be named, and the same files written correctly."""

    codes: tuple[str, ...]
    bad: dict[str, str]
    good: dict[str, str]


BAD = snippets("""
### memory
import gc
from unittest.mock import AsyncMock, MagicMock


class TestPlanted:
    def test_planted_total(self):
        order = MagicMock(items=[3, 4])
        assert sum(order.items) == 7

    def test_planted_sender(self):
        sender = AsyncMock(name="sender")
        assert sender.await_count == 0
        assert gc.isenabled()
### isolation
import os
import sys
import time
from unittest.mock import patch


def test_planted_region():
    os.environ["PLANTED_REGION"] = "north"
    assert os.environ["PLANTED_REGION"] == "north"


def test_planted_path():
    sys.path.insert(0, "planted")
    assert sys.path[0] == "planted"


def test_planted_clock():
    patcher = patch("time.localtime", return_value=(2026, 1, 1, 12))
    patcher.start()
    assert time.localtime()[3] == 12
### fixtures
import pytest


@pytest.fixture(scope="module")
def planted_settings():
    return {"debug": False}


def test_planted_debug(planted_settings):
    planted_settings["debug"] = True
    assert planted_settings["debug"]


def test_planted_default(planted_settings):
    assert "debug" in planted_settings
### organization
import pytest


@pytest.fixture(scope="session", autouse=True)
def planted_everywhere():
    yield


def test_planted_sum():
    assert 1 + 1 == 2
### async
from unittest.mock import AsyncMock


def test_planted_mail():
    sender = AsyncMock()
    sender.send("hello")
    assert sender.send.call_count == 1
""")
GOOD = snippets("""
### memory
import gc
from unittest.mock import AsyncMock, MagicMock

import pytest


@pytest.mark.xdist_group(name="planted")
class TestPlanted:
    def teardown_method(self) -> None:
        gc.collect()

    def test_planted_total(self) -> None:
        order = MagicMock(items=[3, 4])
        assert sum(order.items) == 7

    def test_planted_sender(self) -> None:
        sender = AsyncMock(name="sender", return_value=None)
        assert sender.await_count == 0
### isolation
import os
import sys
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

if TYPE_CHECKING:
    import pytest


def test_planted_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_REGION", "north")
    assert os.environ["PLANTED_REGION"] == "north"


def test_planted_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend("planted")
    assert sys.path[0] == "planted"


def test_planted_clock() -> None:
    with patch("time.localtime", return_value=(2026, 1, 1, 12)):
        assert time.localtime()[3] == 12
### fixtures
import pytest


@pytest.fixture
def planted_settings() -> dict[str, bool]:
    return {"debug": False}


def test_planted_debug(planted_settings: dict[str, bool]) -> None:
    planted_settings["debug"] = True
    assert planted_settings["debug"]


def test_planted_default(planted_settings: dict[str, bool]) -> None:
    assert "debug" in planted_settings
### organization
import pytest


@pytest.fixture
def planted_here() -> int:
    return 2


def test_planted_sum(planted_here: int) -> None:
    assert planted_here == 2
### async
import gc
from unittest.mock import AsyncMock

import pytest


@pytest.mark.xdist_group(name="planted")
class TestPlantedMail:
    def teardown_method(self) -> None:
        gc.collect()

    @pytest.mark.asyncio
    async def test_planted_mail(self) -> None:
        sender = AsyncMock(return_value=None)
        await sender.send("hello")
        sender.send.assert_awaited_once_with("hello")
""")


def plant(name: str, *codes: str) -> Plant:
    """Return the plant of this name, as one file."""
    path = f"tests/planted/test_planted_{name}.py"
    return Plant(codes, {path: BAD[name]}, {path: "from __future__ import annotations\n\n" + GOOD[name]})


# By the id of the hook, as they have been known since before this project; each script checks what its hook does.
PLANTS = {
    "check-test-memory-safety": plant("memory", "HRM301", "HRM302"),
    "validate-test-isolation": plant("isolation", "HRM101", "HRM103", "HRM304"),
    "validate-test-fixtures": plant("fixtures", "HRM403"),
    "validate-fixture-organization": plant("organization", "HRM402"),
    "check-async-mock-usage": plant("async", "HRM305"),
}
SCRIPTS = {
    "scripts/check_test_memory_safety.py": "check-test-memory-safety",
    "scripts/validation/validate_test_isolation.py": "validate-test-isolation",
    "scripts/validate_test_fixtures.py": "validate-test-fixtures",
    "scripts/validate_fixture_organization.py": "validate-fixture-organization",
    "scripts/check_async_mock_usage.py": "check-async-mock-usage",
    "scripts/check_os_environ_mutations.py": "validate-test-isolation",
}
ENVIRONMENT_SCRIPT = "scripts/check_os_environ_mutations.py"  # which looks for one rule alone
LEAK = 'import os\n\n\ndef test_planted_leak():\n    os.environ["PLANTED_LEAK"] = "north"\n'
NO_LEAK = 'def test_planted_leak(monkeypatch):\n    monkeypatch.setenv("PLANTED_LEAK", "north")\n'
