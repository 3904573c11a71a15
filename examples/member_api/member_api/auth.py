"""Who is asking: bearer tokens and the member behind them."""

import logging
from typing import Annotated

from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from member_api.audit import actor
from member_api.settings import Settings, get_settings

logger = logging.getLogger("member_api.auth")

bearer_scheme = HTTPBearer(description="A token from `MEMBER_API_TOKENS`.")


class User(BaseModel):
    """The member who sent the request."""

    id: str


async def get_current_user(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer_scheme)],
    settings: Annotated[Settings, Depends(get_settings)],
) -> User:
    """Return the member that the token stands for, and make them the actor of this request.

    Raises HTTPException 401 for a token that stands for nobody.
    """
    member_id = settings.tokens.get(credentials.credentials)
    if member_id is None:
        logger.warning("refused an unknown token")
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown token", headers={"WWW-Authenticate": "Bearer"})
    # A context variable set here reaches the endpoint only because this function is async:
    # FastAPI runs a plain one in a thread, on a copy of the context.
    actor.set(member_id)
    return User(id=member_id)


CurrentUser = Annotated[User, Depends(get_current_user)]
