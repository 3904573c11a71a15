"""The one place that asks what time it is."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def local_day(moment: datetime) -> str:
    """Return the date of `moment` where this host stands, as `YYYY-MM-DD`."""
    return moment.astimezone().date().isoformat()
