"""Which token looked at whose data, on the `member_api.access` logger.

The line names the token and not the member: a stolen token shows here although it says that it is somebody. So this
dependency asks `bearer_scheme` itself, and a test that overrides `get_current_user` alone still meets the scheme.
"""

import hashlib
import logging

from fastapi import Request

from member_api.auth import Credentials

logger = logging.getLogger("member_api.access")


def fingerprint(token: str) -> str:
    """Return eight digits that tell tokens apart and give none away."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


async def log_access(request: Request, credentials: Credentials) -> None:
    """Write one line: the token's fingerprint, the method and the path."""
    logger.info("%s %s %s", fingerprint(credentials.credentials), request.method, request.url.path)
