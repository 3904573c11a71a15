"""Settings, read once from the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from fastapi.requests import HTTPConnection

from member_api.model_names import model_name

PREFIX = "MEMBER_API_"


@dataclass(frozen=True)
class Settings:
    """What differs between one deployment and another. A part without its URL is off; its routes answer 503."""

    tokens: Mapping[str, str] = field(default_factory=dict)
    """The member id that each long-lived bearer token stands for."""

    token_secret: str = ""
    """What signs the tokens of sessions; without it nobody can sign in for a session."""

    session_seconds: int = 1800
    """How long a session lasts, in seconds."""

    region: str = "eu"
    """Where the members live; part of every report's name."""

    export_dir: Path = Path("exports")
    """The folder for reports; a relative one starts at the working directory."""

    report_format: str = "csv"
    """`csv`, or the NAME of an importable module `member_format_NAME`."""

    notify_url: str | None = None
    """Who is told about new members, if anyone."""

    database_url: str | None = None
    """PostgreSQL. Without it members and consents are kept in memory."""

    database_schema: str = "member_api"
    """The schema that holds every table, and the whole search path of every connection."""

    redis_url: str | None = None
    """Redis or Valkey, for sessions and rate limits; the database number is part of the URL."""

    redis_prefix: str = "member-api:"
    """What every key begins with."""

    requests_per_minute: int = 60
    """How often one member may ask before the answer is 429."""

    authorization_url: str | None = None
    """The authorization store: a server that speaks OpenFGA's interface."""

    authorization_store: str = ""
    """The id of our store on that server."""

    breaker_failures: int = 3
    """After how many failed calls in a row the authorization store is left alone."""

    breaker_seconds: float = 30.0
    """For how long, in seconds."""

    provider_url: str | None = None
    """The language model provider: a server that speaks Ollama's interface."""

    summary_model: str = "llama3.2:3b"
    """The model that writes summaries unless a request names another."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables of `environ` that are named `MEMBER_API_` and a field in capitals.

        `MEMBER_API_TOKENS` holds `token=member` pairs, separated by commas. Raises ValueError for a pair without `=`,
        for what should be a number and is not, and for a model name that no provider could know.
        """
        given = {name: environ.get(PREFIX + name.upper()) for name in (each.name for each in fields(cls))}
        return cls(**{name: _PARSERS.get(name, str)(text) for name, text in given.items() if text is not None})


def _tokens(text: str) -> dict[str, str]:
    # A pair without `=` makes `dict` raise ValueError.
    return dict(pair.split("=", maxsplit=1) for pair in text.split(",") if pair)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "tokens": _tokens,
    "export_dir": Path,
    "session_seconds": int,
    "requests_per_minute": int,
    "breaker_failures": int,
    "breaker_seconds": float,
    "summary_model": model_name,
}


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process, the same object at every call."""
    return Settings.from_environ(os.environ)


async def current_settings(connection: HTTPConnection) -> Settings:
    """Return what the application was created with, or else the settings of the process."""
    given: Settings | None = connection.app.state.settings
    return given if given is not None else get_settings()


Configured = Annotated[Settings, Depends(current_settings)]
