"""Settings from the environment."""

import os

from member_api.settings import Settings, get_settings


def test_region_and_listener_come_from_the_environment() -> None:
    os.environ["MEMBER_API_REGION"] = "us"
    os.environ["MEMBER_API_NOTIFY_URL"] = "http://127.0.0.1:9/events"
    settings = Settings.from_environ(os.environ)
    assert settings.region == "us"
    assert settings.notify_url == "http://127.0.0.1:9/events"


def test_settings_are_read_once() -> None:
    assert get_settings() is get_settings()
