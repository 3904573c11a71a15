"""Summaries by a language model. The provider behind the network is a stub; everything before it is real."""

from dataclasses import replace

import httpx
import pytest
from fastapi.testclient import TestClient
from member_api.app import create_app
from member_api.model_names import model_name
from member_api.settings import Settings
from tests.stub_provider import StubProvider


def test_summary_is_what_the_model_wrote(client: TestClient, alice: dict[str, str]) -> None:
    response = client.post("/summaries", json={}, headers=alice)
    assert response.status_code == 201
    assert response.json() == {"model": "llama3.2:3b", "text": "A member."}


def test_model_is_told_what_the_member_told_and_agreed_to(
    client: TestClient, alice: dict[str, str], provider: StubProvider
) -> None:
    client.put("/me/profile", json={"display_name": "Alice", "about": "Likes tests."}, headers=alice)
    client.put("/consents/research", json={"granted": True}, headers=alice)
    client.put("/consents/partners", json={"granted": False}, headers=alice)
    client.post("/summaries", json={}, headers=alice)
    (asked,) = provider.asked
    assert "Alice: Likes tests." in asked["prompt"]
    assert asked["prompt"].endswith("They agree to: research.")
    assert asked["stream"] is False


def test_request_may_name_the_model(client: TestClient, alice: dict[str, str], provider: StubProvider) -> None:
    client.post("/summaries", json={"model": "team/qwen2.5:7b"}, headers=alice)
    assert [asked["model"] for asked in provider.asked] == ["team/qwen2.5:7b"]


@pytest.mark.parametrize("wrong", ["", "Llama 3", "openai/gpt:4:mini", "a/b/c", ":3b", "llama3.2:"])
def test_wrong_model_name_is_refused_before_anybody_is_asked(
    client: TestClient, alice: dict[str, str], provider: StubProvider, wrong: str
) -> None:
    assert client.post("/summaries", json={"model": wrong}, headers=alice).status_code == 422
    assert provider.asked == []


@pytest.mark.parametrize("name", ["llama3.2", "llama3.2:3b", "team/llama3.2:3b-instruct_q4"])
def test_right_model_name_stays_as_it_is(name: str) -> None:
    assert model_name(name) == name


def test_wrong_model_name_in_the_environment_stops_the_start() -> None:
    with pytest.raises(ValueError, match="is not a model name"):
        Settings.from_environ({"MEMBER_API_SUMMARY_MODEL": "Llama 3"})


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (httpx.Response(404, json={"error": "model not found"}), 502),
        (httpx.Response(500), 503),
        (httpx.Response(200, json={"error": "no response"}), 502),
        (httpx.Response(200, text="<html>"), 502),
    ],
    ids=["no such model", "in trouble", "no text", "no JSON"],
)
def test_what_is_wrong_with_the_provider_is_said(
    client: TestClient, alice: dict[str, str], provider: StubProvider, reply: httpx.Response, status: int
) -> None:
    provider.reply = lambda: reply
    assert client.post("/summaries", json={}, headers=alice).status_code == status


def test_provider_that_does_not_answer_is_unavailable(
    client: TestClient, alice: dict[str, str], provider: StubProvider
) -> None:
    def nobody() -> httpx.Response:
        message = "refused"
        raise httpx.ConnectError(message)

    provider.reply = nobody
    assert client.post("/summaries", json={}, headers=alice).status_code == 503


def test_without_a_provider_there_are_no_summaries(settings: Settings, alice: dict[str, str]) -> None:
    with TestClient(create_app(replace(settings, provider_url=None))) as client:
        assert client.post("/summaries", json={}, headers=alice).status_code == 503


def test_summary_needs_a_member(client: TestClient, provider: StubProvider) -> None:
    assert client.post("/summaries", json={}).status_code == 401
    assert provider.asked == []
