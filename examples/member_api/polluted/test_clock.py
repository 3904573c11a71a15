"""Moments and the days they fall on."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from member_api import clock

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_now_is_the_present_in_utc() -> None:
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(minutes=1)


def test_day_at_home_is_that_of_utc_at_noon() -> None:
    assert clock.local_day(NOON) == "2024-06-01"


def test_day_on_kiritimati_begins_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "LINT-14")
    time.tzset()
    assert clock.local_day(NOON) == "2024-06-02"
