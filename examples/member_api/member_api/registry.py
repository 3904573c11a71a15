"""Members and their consents: what they are, and a place in memory that keeps them."""

import random
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from member_api import clock


class NewMember(BaseModel):
    """What someone tells us to become a member."""

    name: str
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")


class Member(NewMember):
    """A member as we know them."""

    id: str
    number: str
    joined_at: datetime


class Consent(BaseModel):
    """A member's answer for one purpose."""

    purpose: str
    granted: bool
    recorded_by: str


class DuplicateEmailError(Exception):
    """Someone else is a member under this address."""


class MemberStore(Protocol):
    """Where members and consents are kept: in memory, or in PostgreSQL."""

    def add(self, new: NewMember) -> Member:
        """Admit `new` under a fresh id and number. Raises DuplicateEmailError."""

    def find(self, member_id: str) -> Member | None:
        """Return the member with this id, if there is one."""

    def all(self) -> list[Member]:
        """Return every member, in the order in which they joined."""

    def set_consent(self, member_id: str, consent: Consent) -> None:
        """Keep `consent` as the member's latest answer for its purpose."""

    def consents_of(self, member_id: str) -> list[Consent]:
        """Return the member's latest answers, one per purpose."""


def member_number(draw: Callable[[int], int]) -> str:
    """Return a number for a member; `draw(n)` gives its digits, a whole number below `n`."""
    return f"M-{draw(10**8):08d}"


class MemberRegistry:
    """All members and consents of one application."""

    def __init__(self, draw: Callable[[int], int] = random.randrange) -> None:
        """Start empty; `draw(n)` gives the digits of a member's number, a whole number below `n`."""
        self._draw = draw
        self._members: dict[str, Member] = {}
        self._consents: dict[str, dict[str, Consent]] = {}

    def add(self, new: NewMember) -> Member:
        """Admit `new` under a fresh id and number. Raises DuplicateEmailError."""
        if any(member.email == new.email for member in self._members.values()):
            raise DuplicateEmailError(new.email)
        member = Member(
            id=uuid.uuid4().hex,
            number=member_number(self._draw),
            joined_at=clock.now(),
            name=new.name,
            email=new.email,
        )
        self._members[member.id] = member
        return member

    def find(self, member_id: str) -> Member | None:
        """Return the member with this id, if there is one."""
        return self._members.get(member_id)

    def all(self) -> list[Member]:
        """Return every member, in the order in which they joined."""
        return list(self._members.values())

    def set_consent(self, member_id: str, consent: Consent) -> None:
        """Keep `consent` as the member's latest answer for its purpose."""
        self._consents.setdefault(member_id, {})[consent.purpose] = consent

    def consents_of(self, member_id: str) -> list[Consent]:
        """Return the member's latest answers, one per purpose."""
        return list(self._consents.get(member_id, {}).values())


def get_registry(request: Request) -> MemberStore:
    """Return the registry of the application that serves `request`."""
    registry: MemberStore = request.app.state.registry
    return registry


Registry = Annotated[MemberStore, Depends(get_registry)]
