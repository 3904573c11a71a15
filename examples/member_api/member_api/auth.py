"""Who is asking: bearer tokens and the member behind them."""

import logging
from typing import Annotated

from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from member_api import clock, tokens
from member_api.audit import actor
from member_api.sessions import OpenSessions, Sessions
from member_api.settings import Configured

logger = logging.getLogger("member_api.auth")

bearer_scheme = HTTPBearer(description="A token from `MEMBER_API_TOKENS`, or that of a session.")

Credentials = Annotated[HTTPAuthorizationCredentials, Depends(bearer_scheme)]


class User(BaseModel):
    """The member who sent the request."""

    id: str
    session: str | None = Field(default=None, exclude=True)
    """The id of the session, for a token that belongs to one."""


async def get_current_user(credentials: Credentials, settings: Configured, sessions: OpenSessions) -> User:
    """Return the member that the token stands for, and make them the actor of this request.

    Raises HTTPException 401 for a token that stands for nobody, or whose session is over.
    """
    token = credentials.credentials
    user = User(id=settings.tokens[token]) if token in settings.tokens else None
    user = user or await _user_of_session(token, settings.token_secret, sessions)
    if user is None:
        logger.warning("refused an unknown token")
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown token", headers={"WWW-Authenticate": "Bearer"})
    # A context variable set here reaches the endpoint only because this function is async:
    # FastAPI runs a plain one in a thread, on a copy of the context.
    actor.set(user.id)
    return user


async def _user_of_session(token: str, secret: str, sessions: Sessions | None) -> User | None:
    try:
        claims = tokens.read(token, secret, clock.now())
    except tokens.InvalidTokenError:
        return None
    if sessions is None or await sessions.member_of(claims.sid) != claims.sub:
        return None
    return User(id=claims.sub, session=claims.sid)


CurrentUser = Annotated[User, Depends(get_current_user)]
