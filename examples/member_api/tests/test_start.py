"""The one command that starts the service, in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from member_api.__main__ import with_servers
from member_api.outbound import TIMEOUT_SECONDS, tls
from member_api.settings import Settings

ROOT = Path(__file__).parents[1]


@pytest.fixture
def command(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Run the command on the servers of this test, and end it as an init system would."""
    environ = {
        "MEMBER_API_DATABASE_URL": settings.database_url or "",
        "MEMBER_API_DATABASE_SCHEMA": settings.database_schema,
        "MEMBER_API_REDIS_URL": settings.redis_url or "",
        "MEMBER_API_AUTHORIZATION_URL": settings.authorization_url or "",
        "MEMBER_API_AUTHORIZATION_STORE": settings.authorization_store,
    }
    start = [sys.executable, "-m", "member_api", "--port", "0"]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_command_prints_its_address_and_ends_when_told(command: subprocess.Popen[str]) -> None:
    assert command.stdout is not None
    address = command.stdout.readline().split()[3]
    headers = {"Authorization": "Bearer alice-token"}
    with httpx.Client(base_url=address, headers=headers, timeout=TIMEOUT_SECONDS, verify=tls()) as client:
        assert client.get("/me").json() == {"id": "alice"}
        assert client.put("/me/profile", json={"display_name": "Alice"}).status_code == 200
        assert client.post("/sessions").status_code == 201
        assert client.get("/profiles/bob").status_code == 403
    command.terminate()
    assert command.wait(timeout=60) == 0


def test_what_is_given_is_neither_started_nor_changed(settings: Settings) -> None:
    with ExitStack() as nothing_to_stop:
        assert with_servers(settings, nothing_to_stop) == settings


def test_what_is_missing_is_started_and_stopped_again() -> None:
    given = Settings(database_url="postgresql://elsewhere", redis_url="redis://elsewhere")
    with ExitStack() as stack:
        complete = with_servers(given, stack)
        assert complete.authorization_url is not None
        httpx.get(f"{complete.authorization_url}/stores", verify=tls()).raise_for_status()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{complete.authorization_url}/stores", verify=tls())
