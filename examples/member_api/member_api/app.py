"""The application: `uvicorn member_api.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from member_api import consents, members
from member_api.notifier import Notifier
from member_api.registry import MemberRegistry


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Send events for as long as the application serves."""
    with app.state.notifier:
        yield


def create_app() -> FastAPI:
    """Return an application with a registry and a notifier of its own."""
    app = FastAPI(title="Member API", lifespan=lifespan)
    app.state.registry = MemberRegistry()
    app.state.notifier = Notifier()
    app.include_router(members.router)
    app.include_router(consents.router)
    return app


app = create_app()
