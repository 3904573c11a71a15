"""One application for all tests, as many suites have it, and the member service is as it is deployed."""

import pytest
from fastapi.testclient import TestClient
from member_api.app import app


@pytest.fixture
def client():
    return TestClient(app)
