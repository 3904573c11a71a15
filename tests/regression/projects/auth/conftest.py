"""One application for all tests, as many suites have it, and the member service is as it is deployed."""

import pytest
from fastapi.testclient import TestClient
from member_api.app import app

last = None


def pytest_runtest_setup(item):
    """Let no file suffer from another one, in whatever order a worker gets them: within a file it is bad enough."""
    global last
    if item.path != last:
        app.dependency_overrides.clear()
    last = item.path


@pytest.fixture
def client():
    return TestClient(app)
