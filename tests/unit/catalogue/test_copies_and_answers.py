"""HRM307 and HRM404: mocks that are told nothing, and fixtures that stand in several conftests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
import asyncio
from unittest import mock
from unittest.mock import AsyncMock, MagicMock, patch
import app
"""
TOLD_NOTHING = {
    "a variable": "load = AsyncMock()\n    use(load)",
    "through the module": "use(mock.AsyncMock())",
    "with a name only": "use(AsyncMock(name='load'))",
    "as the argument of another object": "use(app.Shop(store=AsyncMock()))",
    "as a replacement": "monkeypatch.setattr(app, 'load', AsyncMock())",
    "in a patch": "with patch('app.load', AsyncMock()):\n        use(app)",
    "made by a patch": "with patch('app.load', new_callable=AsyncMock) as load:\n        load.assert_awaited()",
    "what another mock answers with": "use(MagicMock(return_value=AsyncMock()))",
    "only compared": "load = AsyncMock()\n    assert load.return_value == app.load()",
}
TOLD = {
    "a value": "use(AsyncMock(return_value=None))",
    "an effect": "use(AsyncMock(side_effect=OSError))",
    "a shape": "use(AsyncMock(app.Store))",
    "the answers of its methods": "use(AsyncMock(**{'load.return_value': 1}))",
    "something unknown": "use(AsyncMock(**options))",
    "later": "load = AsyncMock()\n    load.return_value = 3",
    "a method later": "store = AsyncMock()\n    store.load.return_value = 3",
    "with configure_mock": "store = AsyncMock()\n    store.configure_mock(name='a')",
    "by a patch of the mock": "store = AsyncMock()\n    monkeypatch.setattr(store, 'load', app.load)",
    "as an attribute": "self.store = AsyncMock()\n    self.store.load.side_effect = [1]",
    "in a patch": "with patch('app.load', new_callable=AsyncMock) as load:\n        load.return_value = 3",
    "made by a patch with a value": "with patch('app.load', new_callable=AsyncMock, return_value=3):\n        use(app)",
    "not to be called": "load = AsyncMock()\n    load.assert_not_awaited()",
    "what is known to return nothing": "monkeypatch.setattr(asyncio, 'sleep', AsyncMock())",
    "another mock": "use(MagicMock())",
}


@pytest.mark.parametrize("body", TOLD_NOTHING.values(), ids=TOLD_NOTHING)
def test_an_async_mock_that_is_told_nothing_is_found(tmp_path: Path, body: str) -> None:
    source = f"{HEAD}\n\ndef test_it(self, monkeypatch, options):\n    {body}\n"

    assert [item.line for item in lint_files({"test_it.py": source}, tmp_path, select=["HRM307"])] == [8]


@pytest.mark.parametrize("body", TOLD.values(), ids=TOLD)
def test_an_async_mock_that_is_told_what_to_answer_is_left_alone(tmp_path: Path, body: str) -> None:
    source = f"{HEAD}\n\ndef test_it(self, monkeypatch, options):\n    {body}\n"

    assert lint_files({"test_it.py": source}, tmp_path, select=["HRM307"]) == []


FIXTURE = "import app\nimport pytest\n\n\n@pytest.fixture{options}\ndef {name}({arguments}):\n    {body}\n"


def copy(*, name: str = "store", options: str = "", arguments: str = "", body: str = "return app.open()") -> str:
    return FIXTURE.format(name=name, options=options, arguments=arguments, body=body)


def copies(folder: Path, files: dict[str, str]) -> set[tuple[str, int | None]]:
    return {(item.path, item.line) for item in lint_files(files, folder, select=["HRM404"])}


@pytest.mark.parametrize(
    "other",
    [
        copy(),
        copy(name="other"),
        copy(body='"""The store."""\n    return app.open()  # of the shop'),
        copy(body="return shop.open()").replace("import app", "import app as shop"),
        copy(body="return open_it()").replace("import app", "from app import open as open_it"),
    ],
)
def test_the_same_code_in_a_second_conftest_is_found(tmp_path: Path, other: str) -> None:
    line = 1 + other.splitlines().index(next(text for text in other.splitlines() if text.startswith("def ")))

    assert copies(tmp_path, {"a/conftest.py": copy(), "b/conftest.py": other}) == {("b/conftest.py", line)}
    assert copies(tmp_path, {"conftest.py": copy(), "b/conftest.py": other}) == {("b/conftest.py", line)}


@pytest.mark.parametrize(
    "other",
    [
        copy(body="return app.open(1)"),
        copy(options='(scope="session")'),
        copy(options="(params=[1])"),
        copy(options="(autouse=True)"),
        copy(arguments="store"),
        copy(body="return helper()") + "\n\ndef helper():\n    return app.open()\n",
    ],
)
def test_another_fixture_is_left_alone(tmp_path: Path, other: str) -> None:
    assert copies(tmp_path, {"a/conftest.py": copy(), "b/conftest.py": other}) == set()


def test_a_body_that_uses_a_class_of_its_own_file_is_no_copy(tmp_path: Path) -> None:
    source = copy(body="return Store()") + "\n\nclass Store:\n    pass\n"

    assert copies(tmp_path, {"a/conftest.py": source, "b/conftest.py": source}) == set()


def test_projects_beside_each_other_share_nothing(tmp_path: Path) -> None:
    files = {f"{name}/conftest.py": copy() for name in "ab"} | {f"{name}/pyproject.toml": "" for name in "ab"}

    assert copies(tmp_path, files) == set()


def test_test_files_are_not_compared(tmp_path: Path) -> None:
    assert copies(tmp_path, {"test_a.py": copy(), "test_b.py": copy()}) == set()
