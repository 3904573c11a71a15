"""Fixtures for every test of the service."""

import os

import pytest
from fastapi.testclient import TestClient

os.environ.setdefault("MEMBER_API_TOKENS", "alice-token=alice,bob-token=bob")

from member_api.app import app  # noqa: E402


@pytest.fixture
def client() -> TestClient:
    return TestClient(app)


@pytest.fixture
def alice() -> dict[str, str]:
    return {"Authorization": "Bearer alice-token"}


@pytest.fixture(scope="session")
def new_member() -> dict[str, str]:
    return {"name": "Carol", "email": "carol@example.org"}
