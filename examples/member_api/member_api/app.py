"""The application: `python -m member_api`, or `uvicorn member_api.app:app`."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from fastapi import FastAPI

from member_api import api_keys, consents, members, profiles, sign_in, summary
from member_api.authorization import open_store
from member_api.breaker import UnavailableError, answer_unavailable
from member_api.database import open_engine
from member_api.notifier import Notifier
from member_api.registry import MemberRegistry
from member_api.sessions import open_redis
from member_api.settings import Settings, get_settings
from member_api.stored_registry import StoredRegistry
from member_api.telemetry import TraceRequests


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep the connections open, and send events, for as long as the application serves."""
    settings = app.state.settings or get_settings()
    async with AsyncExitStack() as stack:
        app.state.engine = stack.enter_context(open_engine(settings))
        if app.state.engine is not None:
            app.state.registry = StoredRegistry(app.state.engine)
        app.state.redis = await stack.enter_async_context(open_redis(settings))
        app.state.authorization = await stack.enter_async_context(open_store(settings))
        app.state.provider = await stack.enter_async_context(
            summary.open_provider(settings, app.state.provider_transport)
        )
        stack.enter_context(app.state.notifier)
        yield


def create_app(
    settings: Settings | None = None, *, provider_transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """Return an application that shares nothing with another one.

    Without `settings` it uses those of the environment. `provider_transport` stands in for the network between this
    service and the language model provider.
    """
    app = FastAPI(title="Member API", lifespan=lifespan)
    app.state.settings = settings
    app.state.provider_transport = provider_transport
    app.state.registry = MemberRegistry()
    app.state.notifier = Notifier()
    app.state.engine = app.state.redis = app.state.authorization = app.state.provider = None
    for router in (
        members.router,
        consents.router,
        profiles.router,
        api_keys.router,
        api_keys.partner_router,
        sign_in.router,
        summary.router,
    ):
        app.include_router(router)
    app.add_exception_handler(UnavailableError, answer_unavailable)
    app.add_middleware(TraceRequests)
    return app


app = create_app()
