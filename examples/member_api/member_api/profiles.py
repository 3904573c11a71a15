"""Routes for what a member tells about themselves, and for whom they let read it."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from pydantic import BaseModel, Field
from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from member_api import audit, database
from member_api.access_log import log_access
from member_api.auth import CurrentUser
from member_api.authorization import Authorization, Relation
from member_api.database import Database
from member_api.rate_limit import limit_rate
from member_api.registry import Consent, Registry

router = APIRouter(tags=["user data"], dependencies=[Depends(limit_rate)])


class Profile(BaseModel):
    """What a member tells about themselves."""

    display_name: str = Field(min_length=1, max_length=80)
    about: str = Field(default="", max_length=2000)


class UserData(BaseModel):
    """Everything that is kept about a member."""

    member: str
    profile: Profile | None
    consents: list[Consent]


def find_profile(engine: Engine, member_id: str) -> Profile | None:
    """Return a member's profile, if they have written one."""
    with engine.connect() as connection:
        mine = select(database.profiles).where(database.profiles.c.member_id == member_id)
        row = connection.execute(mine).one_or_none()
    return None if row is None else Profile.model_validate(row, from_attributes=True)


def collect_data(user: CurrentUser, engine: Database, registry: Registry) -> UserData:
    """Return everything that is kept about the caller."""
    return UserData(member=user.id, profile=find_profile(engine, user.id), consents=registry.consents_of(user.id))


OwnData = Annotated[UserData, Depends(collect_data)]


@router.get("/me/data")
def read_data(data: OwnData) -> UserData:
    """Show the caller everything that is kept about them."""
    return data


@router.put("/me/profile")
def write_profile(profile: Profile, user: CurrentUser, engine: Database) -> Profile:
    """Keep what the caller tells about themselves, in place of what they told before."""
    statement = upsert(database.profiles).values(member_id=user.id, **profile.model_dump())
    with engine.begin() as connection:
        connection.execute(statement.on_conflict_do_update(constraint="profiles_pkey", set_=profile.model_dump()))
    return profile


@router.delete("/me/data", status_code=status.HTTP_204_NO_CONTENT)
def erase_data(user: CurrentUser, engine: Database) -> None:
    """Forget the caller's profile, answers and keys, all of them or none."""
    owners = {
        database.profiles: database.profiles.c.member_id,
        database.consents: database.consents.c.member_id,
        database.api_keys: database.api_keys.c.owner,
    }
    with engine.begin() as connection:
        for table, owner in owners.items():
            connection.execute(delete(table).where(owner == user.id))
    audit.record("erased", user.id)


@router.put("/me/readers/{reader}", status_code=status.HTTP_204_NO_CONTENT)
async def admit_reader(reader: str, user: CurrentUser, authorization: Authorization) -> None:
    """Let another member read the caller's profile."""
    await authorization.write(_reads(reader, user.id))


@router.delete("/me/readers/{reader}", status_code=status.HTTP_204_NO_CONTENT)
async def dismiss_reader(reader: str, user: CurrentUser, authorization: Authorization) -> None:
    """Let them read it no longer."""
    await authorization.delete(_reads(reader, user.id))


async def may_read(member_id: str, user: CurrentUser, authorization: Authorization) -> None:
    """Raise HTTPException 403 unless the caller may read the profile of `member_id`."""
    if user.id != member_id and not await authorization.check(_reads(user.id, member_id)):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "not your data")


@router.get("/profiles/{member_id}", dependencies=[Depends(may_read), Depends(log_access)])
def read_profile(member_id: str, engine: Database) -> Profile:
    """Show a member's profile to those whom they let read it."""
    profile = find_profile(engine, member_id)
    if profile is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such profile")
    return profile


def _reads(reader: str, member_id: str) -> Relation:
    return Relation(user=f"user:{reader}", relation="reader", object=f"profile:{member_id}")
