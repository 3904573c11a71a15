"""Routes for members and the report about them."""

from fastapi import APIRouter, Depends, HTTPException, status

from member_api import audit, exports
from member_api.auth import CurrentUser, User, get_current_user
from member_api.notifier import Outbox
from member_api.registry import DuplicateEmailError, Member, NewMember, Registry
from member_api.settings import Configured

# A database makes its caller wait, so endpoints that use one are plain functions: FastAPI runs them in threads.
router = APIRouter(tags=["members"], dependencies=[Depends(get_current_user)])


@router.get("/me")
async def read_me(user: CurrentUser) -> User:
    """Tell the caller who they are."""
    return user


@router.get("/members")
def list_members(registry: Registry) -> list[Member]:
    """List every member, oldest first."""
    return registry.all()


@router.post("/members", status_code=status.HTTP_201_CREATED)
def add_member(
    new: NewMember,
    registry: Registry,
    outbox: Outbox,
    settings: Configured,
) -> Member:
    """Admit a member, and announce them if someone listens."""
    try:
        member = registry.add(new)
    except DuplicateEmailError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, "already a member") from error
    audit.record("admitted", member.number)
    if settings.notify_url is not None:
        outbox.submit(settings.notify_url, {"event": "member.joined", "number": member.number})
    return member


@router.get("/members/{member_id}")
def read_member(member_id: str, registry: Registry) -> Member:
    """Show one member."""
    member = registry.find(member_id)
    if member is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such member")
    return member


@router.post("/reports", status_code=status.HTTP_201_CREATED)
def write_report(registry: Registry, settings: Configured) -> dict[str, str]:
    """Write the report about all members, and name its file."""
    return {"file": exports.write_report(registry.all(), settings).name}
