"""Moments and the days they fall on."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from member_api import clock

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def host_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Move this host into the time zone of the parameter.

    The C library keeps a zone until it is told to look again, so restoring `TZ` alone would not bring it back.
    """
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


def test_now_is_the_present_in_utc() -> None:
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(minutes=1)


@pytest.mark.usefixtures("host_zone")
@pytest.mark.parametrize(
    ("host_zone", "day"), [("UTC0", "2024-06-01"), ("LINT-14", "2024-06-02")], indirect=["host_zone"]
)
def test_day_is_the_hosts_own(day: str) -> None:
    assert clock.local_day(NOON) == day
