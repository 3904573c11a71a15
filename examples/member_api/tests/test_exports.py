"""The report about all members."""

from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from member_api import clock
from member_api.exports import UnknownFormatError, load_format, write_report
from member_api.registry import MemberRegistry, NewMember
from member_api.settings import Settings

FINN = NewMember(name="Finn", email="finn@example.org")
NOON = datetime(2030, 1, 1, 12).astimezone()


@pytest.fixture(autouse=True)
def frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every report of this file be written at noon of the same day."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.mark.parametrize("name", ["shout", "xml"])
def test_format_that_nobody_installed_is_refused(name: str) -> None:
    with pytest.raises(UnknownFormatError):
        load_format(name)


def test_file_is_named_after_region_and_day(settings: Settings) -> None:
    path = write_report([], settings)
    assert path == settings.export_dir / "members-eu-2030-01-01.csv"


def test_second_report_of_the_day_replaces_the_first(settings: Settings) -> None:
    finn = MemberRegistry(draw=lambda _: 7).add(FINN)
    first = write_report([], settings).read_text()
    second = write_report([finn], settings).read_text()
    assert first == "number,name,email\n"
    assert second == "number,name,email\nM-00000007,Finn,finn@example.org\n"


def test_relative_folder_starts_at_the_working_directory(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(settings.export_dir.parent)
    path = write_report([], Settings())
    assert path.resolve() == settings.export_dir.resolve() / path.name


def test_route_names_the_file_that_it_wrote(client: TestClient, alice: dict[str, str], settings: Settings) -> None:
    name = client.post("/reports", headers=alice).json()["file"]
    assert (settings.export_dir / name).exists()
