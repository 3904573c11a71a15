"""Who did what, on the `member_api.audit` logger."""

import logging
from contextvars import ContextVar

logger = logging.getLogger("member_api.audit")

actor: ContextVar[str] = ContextVar("actor", default="anonymous")
"""The member on whose behalf the current request runs."""


def record(action: str, subject: str) -> None:
    """Write one line: the actor, what they did, and to what."""
    logger.info("%s %s %s", actor.get(), action, subject)
