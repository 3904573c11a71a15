"""Routes for what a member agrees to."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from pydantic import BaseModel

from member_api import audit
from member_api.auth import CurrentUser, bearer_scheme
from member_api.registry import Consent, Registry

PURPOSES = frozenset((Path(__file__).parent / "purposes.txt").read_text(encoding="utf-8").split())

# The scheme stands on the router so that a route added later asks for a token too.
router = APIRouter(prefix="/consents", tags=["consents"], dependencies=[Depends(bearer_scheme)])


class Answer(BaseModel):
    """Yes or no."""

    granted: bool


def known_purpose(purpose: str) -> str:
    """Return the purpose in the path. Raises HTTPException 404 for one that was never published."""
    if purpose not in PURPOSES:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such purpose")
    return purpose


@router.get("")
def list_consents(user: CurrentUser, registry: Registry) -> list[Consent]:
    """List the caller's latest answers."""
    return registry.consents_of(user.id)


@router.put("/{purpose}")
def answer(
    purpose: Annotated[str, Depends(known_purpose)], given: Answer, user: CurrentUser, registry: Registry
) -> Consent:
    """Keep the caller's answer for one purpose."""
    consent = Consent(purpose=purpose, granted=given.granted, recorded_by=audit.actor.get())
    registry.set_consent(user.id, consent)
    audit.record("granted" if given.granted else "withdrew", purpose)
    return consent
