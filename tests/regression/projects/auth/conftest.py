"""The member service as it is deployed: one application, which many suites share between all tests."""

import pytest
from fastapi.testclient import TestClient
from member_api.app import app


@pytest.fixture
def client():
    return TestClient(app)
