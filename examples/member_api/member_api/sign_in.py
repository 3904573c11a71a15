"""Routes for sessions: sign in with a long-lived token, and work with a short-lived one."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from pydantic import BaseModel

from member_api import clock, tokens
from member_api.auth import CurrentUser
from member_api.rate_limit import limit_rate
from member_api.sessions import Sessions, get_sessions
from member_api.settings import Configured

router = APIRouter(prefix="/sessions", tags=["sessions"], dependencies=[Depends(limit_rate)])


class NewSession(BaseModel):
    """A token for the session that has begun, and how long it lasts."""

    token: str
    expires_in: int


class SessionState(BaseModel):
    """How long the caller's session still lasts."""

    member: str
    seconds_left: int


async def required_sessions(sessions: Annotated[Sessions | None, Depends(get_sessions)]) -> Sessions:
    """Return the sessions of the application. Raises HTTPException 503 where there is no Redis."""
    if sessions is None:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "sessions need MEMBER_API_REDIS_URL")
    return sessions


Required = Annotated[Sessions, Depends(required_sessions)]


@router.post("", status_code=status.HTTP_201_CREATED)
async def begin(user: CurrentUser, sessions: Required, settings: Configured) -> NewSession:
    """Begin a session of the caller."""
    if not settings.token_secret:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "sessions need MEMBER_API_TOKEN_SECRET")
    expires = int(clock.now().timestamp()) + settings.session_seconds
    claims = tokens.Claims(sub=user.id, sid=await sessions.open(user.id), exp=expires)
    return NewSession(token=tokens.sign(claims, settings.token_secret), expires_in=settings.session_seconds)


@router.get("/current")
async def read_current(user: CurrentUser, sessions: Required) -> SessionState:
    """Tell how long the session of the caller's token lasts."""
    return SessionState(member=user.id, seconds_left=await sessions.seconds_left(_session_of(user.session)))


@router.delete("/current", status_code=status.HTTP_204_NO_CONTENT)
async def end(user: CurrentUser, sessions: Required) -> None:
    """End the session of the caller's token; the token is refused from now on."""
    await sessions.close(_session_of(user.session))


def _session_of(session_id: str | None) -> str:
    if session_id is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "this token belongs to no session")
    return session_id
