"""Settings from the environment."""

import pytest
from member_api.settings import Settings, get_settings


def test_everything_has_a_default_but_no_token_does() -> None:
    assert Settings.from_environ({}) == Settings(tokens={})


def test_each_token_stands_for_one_member() -> None:
    settings = Settings.from_environ({"MEMBER_API_TOKENS": "a-token=alice,b-token=bob"})
    assert settings.tokens == {"a-token": "alice", "b-token": "bob"}


def test_token_without_a_member_is_refused() -> None:
    with pytest.raises(ValueError, match="sequence"):
        Settings.from_environ({"MEMBER_API_TOKENS": "a-token"})


def test_region_and_listener_come_from_the_environment() -> None:
    settings = Settings.from_environ(
        {"MEMBER_API_REGION": "us", "MEMBER_API_NOTIFY_URL": "http://listener.test/events"}
    )
    assert (settings.region, settings.notify_url) == ("us", "http://listener.test/events")


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBER_API_REGION", "us")
    first = get_settings()
    monkeypatch.setenv("MEMBER_API_REGION", "asia")
    assert get_settings() is first
    assert first.region == "us"
