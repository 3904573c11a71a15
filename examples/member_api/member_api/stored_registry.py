"""Members and their consents, kept in PostgreSQL."""

import random
import uuid
from collections.abc import Callable

from sqlalchemy import Engine, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from member_api import clock
from member_api.database import consents, members
from member_api.registry import Consent, DuplicateEmailError, Member, NewMember, member_number


class StoredRegistry:
    """All members and consents of one schema."""

    def __init__(self, engine: Engine, draw: Callable[[int], int] = random.randrange) -> None:
        """Use an engine; `draw(n)` gives the digits of a member's number, a whole number below `n`."""
        self._engine = engine
        self._draw = draw

    def add(self, new: NewMember) -> Member:
        """Admit `new` under a fresh id and number. Raises DuplicateEmailError."""
        member = Member(
            id=uuid.uuid4().hex,
            number=member_number(self._draw),
            joined_at=clock.now(),
            name=new.name,
            email=new.email,
        )
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(members).values(member.model_dump()))
        except IntegrityError as error:
            if "members_email_key" not in str(error.orig):
                raise
            raise DuplicateEmailError(new.email) from error
        return member

    def find(self, member_id: str) -> Member | None:
        """Return the member with this id, if there is one."""
        with self._engine.connect() as connection:
            row = connection.execute(select(members).where(members.c.id == member_id)).one_or_none()
        return None if row is None else Member.model_validate(row, from_attributes=True)

    def all(self) -> list[Member]:
        """Return every member, in the order in which they joined."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(members).order_by(members.c.joined_at)).all()
        return [Member.model_validate(row, from_attributes=True) for row in rows]

    def set_consent(self, member_id: str, consent: Consent) -> None:
        """Keep `consent` as the member's latest answer for its purpose."""
        answer = {"granted": consent.granted, "recorded_by": consent.recorded_by}
        statement = upsert(consents).values(member_id=member_id, purpose=consent.purpose, **answer)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(constraint="consents_pkey", set_=answer))

    def consents_of(self, member_id: str) -> list[Consent]:
        """Return the member's latest answers, one per purpose."""
        mine = select(consents).where(consents.c.member_id == member_id).order_by(consents.c.purpose)
        with self._engine.connect() as connection:
            rows = connection.execute(mine).all()
        return [Consent.model_validate(row, from_attributes=True) for row in rows]
