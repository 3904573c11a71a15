"""The folder of the kept results is there before a test begins: a test that made it would leave a path behind."""

from __future__ import annotations

from tests.utils import meta


def pytest_collection_finish() -> None:
    """Make the folder."""
    meta.cache_folder().mkdir(parents=True, exist_ok=True)
