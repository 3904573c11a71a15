"""Settings, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What differs between one deployment and another."""

    tokens: Mapping[str, str] = field(default_factory=dict)
    """The member id that each bearer token stands for."""

    region: str = "eu"
    """Where the members live; part of every report's name."""

    export_dir: Path = Path("exports")
    """The folder for reports; a relative one starts at the working directory."""

    report_format: str = "csv"
    """`csv`, or the NAME of an importable module `member_format_NAME`."""

    notify_url: str | None = None
    """Who is told about new members, if anyone."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the `MEMBER_API_*` variables of `environ`.

        `MEMBER_API_TOKENS` holds `token=member` pairs, separated by commas. Raises ValueError for a pair without `=`.
        """
        pairs = [pair for pair in environ.get("MEMBER_API_TOKENS", "").split(",") if pair]
        return cls(
            tokens=dict(pair.split("=", maxsplit=1) for pair in pairs),
            region=environ.get("MEMBER_API_REGION", cls.region),
            export_dir=Path(environ.get("MEMBER_API_EXPORT_DIR", cls.export_dir)),
            report_format=environ.get("MEMBER_API_REPORT_FORMAT", cls.report_format),
            notify_url=environ.get("MEMBER_API_NOTIFY_URL"),
        )


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process, the same object at every call."""
    return Settings.from_environ(os.environ)
