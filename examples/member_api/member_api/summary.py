"""A summary of a member's data, written by a language model behind Ollama's interface."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import APIRouter, Depends, HTTPException, Request, status
from pydantic import BaseModel, Field

from member_api.model_names import MODEL_NAME
from member_api.outbound import http_client
from member_api.profiles import OwnData, UserData
from member_api.rate_limit import limit_rate
from member_api.settings import Configured, Settings
from member_api.telemetry import span

router = APIRouter(prefix="/summaries", tags=["summaries"], dependencies=[Depends(limit_rate)])


class SummaryRequest(BaseModel):
    """Which model is to write; None for that of the settings."""

    model: str | None = Field(default=None, pattern=MODEL_NAME, examples=["llama3.2:3b"])


class Summary(BaseModel):
    """What a model wrote."""

    model: str
    text: str


@asynccontextmanager
async def open_provider(
    settings: Settings, transport: httpx.AsyncBaseTransport | None
) -> AsyncIterator[httpx.AsyncClient | None]:
    """Give a client of the provider in the settings, if there is one."""
    if settings.provider_url is None:
        yield None
        return
    async with http_client(settings.provider_url, transport) as client:
        yield client


async def get_provider(request: Request) -> httpx.AsyncClient:
    """Return the provider's client. Raises HTTPException 503 where there is none."""
    client: httpx.AsyncClient | None = request.app.state.provider
    if client is None:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "this needs MEMBER_API_PROVIDER_URL")
    return client


Provider = Annotated[httpx.AsyncClient, Depends(get_provider)]


def prompt_for(data: UserData) -> str:
    """Return what the model is asked."""
    told = f"{data.profile.display_name}: {data.profile.about}" if data.profile else "nothing"
    agreed = ", ".join(consent.purpose for consent in data.consents if consent.granted) or "nothing"
    return f"Summarise in one sentence what we know about a member. They told: {told}. They agree to: {agreed}."


@router.post("", status_code=status.HTTP_201_CREATED)
async def summarise(asked: SummaryRequest, data: OwnData, provider: Provider, settings: Configured) -> Summary:
    """Have the caller's data summed up."""
    model = asked.model or settings.summary_model
    with span("summary.generate", **{"gen_ai.request.model": model}):
        return Summary(model=model, text=await _generate(provider, model, prompt_for(data)))


async def _generate(provider: httpx.AsyncClient, model: str, prompt: str) -> str:
    try:
        response = await provider.post("/api/generate", json={"model": model, "prompt": prompt, "stream": False})
        text: str = response.raise_for_status().json()["response"]
    except httpx.HTTPStatusError as error:
        if error.response.status_code == status.HTTP_404_NOT_FOUND:
            raise HTTPException(status.HTTP_502_BAD_GATEWAY, f"the provider has no model {model}") from error
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the provider is in trouble") from error
    except httpx.HTTPError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the provider does not answer") from error
    except (KeyError, ValueError) as error:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, "the provider's answer cannot be read") from error
    return text.strip()
