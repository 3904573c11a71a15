"""API keys: members make them for programs, and programs ask with them."""

import hashlib
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Security, status
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field
from sqlalchemy import delete, insert, select

from member_api.auth import CurrentUser
from member_api.consents import known_purpose
from member_api.database import Database, api_keys, consents
from member_api.rate_limit import limit_rate

router = APIRouter(prefix="/api-keys", tags=["api keys"], dependencies=[Depends(limit_rate)])
partner_router = APIRouter(prefix="/partner", tags=["partners"])

key_scheme = APIKeyHeader(name="X-API-Key", description="A key made with `POST /api-keys`.")


class NewKey(BaseModel):
    """What a key is for."""

    name: str = Field(min_length=1, max_length=80)


class KeyInfo(NewKey):
    """A key as we know it."""

    id: str


class CreatedKey(KeyInfo):
    """A key as its owner sees it, once."""

    key: str


def digest(key: str) -> str:
    """Return what is kept of a key. Keys are long and random, so a plain hash cannot be turned round."""
    return hashlib.sha256(key.encode()).hexdigest()


def get_partner(key: Annotated[str, Security(key_scheme)], engine: Database) -> str:
    """Return whose key the request carries. Raises HTTPException 401 for a key that nobody has."""
    with engine.connect() as connection:
        owner = connection.execute(
            select(api_keys.c.owner).where(api_keys.c.digest == digest(key))
        ).scalar_one_or_none()
    if owner is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown key", headers={"WWW-Authenticate": "APIKey"})
    return str(owner)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_key(new: NewKey, user: CurrentUser, engine: Database) -> CreatedKey:
    """Make a key of the caller. The answer is the only place that ever shows it."""
    created = CreatedKey(id=secrets.token_hex(8), name=new.name, key=secrets.token_urlsafe(32))
    row = {"id": created.id, "owner": user.id, "name": created.name, "digest": digest(created.key)}
    with engine.begin() as connection:
        connection.execute(insert(api_keys).values(row))
    return created


@router.get("")
def list_keys(user: CurrentUser, engine: Database) -> list[KeyInfo]:
    """List the caller's keys, by name."""
    mine = select(api_keys).where(api_keys.c.owner == user.id).order_by(api_keys.c.name)
    with engine.connect() as connection:
        rows = connection.execute(mine).all()
    return [KeyInfo.model_validate(row, from_attributes=True) for row in rows]


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_key(key_id: str, user: CurrentUser, engine: Database) -> None:
    """Refuse a key of the caller from now on."""
    mine = (api_keys.c.id == key_id) & (api_keys.c.owner == user.id)
    with engine.begin() as connection:
        revoked = connection.execute(delete(api_keys).where(mine)).rowcount
    if not revoked:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such key")


@partner_router.get("/consents/{purpose}", dependencies=[Depends(get_partner)])
def list_consenting(purpose: Annotated[str, Depends(known_purpose)], engine: Database) -> list[str]:
    """List the members who agree to a purpose, for programs that act on it."""
    agreed = select(consents.c.member_id).where(consents.c.purpose == purpose, consents.c.granted)
    with engine.connect() as connection:
        return list(connection.execute(agreed.order_by(consents.c.member_id)).scalars())
