"""PostgreSQL: an engine whose connections see one schema, and the tables in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, HTTPException, Request, status
from sqlalchemy import Boolean, Column, DateTime, Engine, MetaData, String, Table, create_engine, make_url
from sqlalchemy.schema import CreateSchema

from member_api.settings import Settings

metadata = MetaData()

members = Table(
    "members",
    metadata,
    Column("id", String, primary_key=True),
    Column("number", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False, unique=True),
    Column("joined_at", DateTime(timezone=True), nullable=False),
)
# Whoever signs in may answer, also before they are a member: no foreign key.
consents = Table(
    "consents",
    metadata,
    Column("member_id", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("granted", Boolean, nullable=False),
    Column("recorded_by", String, nullable=False),
)
profiles = Table(
    "profiles",
    metadata,
    Column("member_id", String, primary_key=True),
    Column("display_name", String, nullable=False),
    Column("about", String, nullable=False),
)
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
)


@contextmanager
def open_engine(settings: Settings) -> Iterator[Engine | None]:
    """Give an engine for the database in the settings, if there is one, and close its connections at the end."""
    if settings.database_url is None:
        yield None
        return
    # The search path is our schema and nothing else: a table that is missing there must not be found in `public`.
    engine = create_engine(
        make_url(settings.database_url).set(drivername="postgresql+psycopg"),
        connect_args={"options": f"-c search_path={settings.database_schema}"},
    )
    try:
        yield engine
    finally:
        engine.dispose()


def create_tables(settings: Settings) -> None:
    """Make the schema and the tables that are missing."""
    with open_engine(settings) as engine:
        if engine is not None:
            with engine.begin() as connection:
                connection.execute(CreateSchema(settings.database_schema, if_not_exists=True))
                metadata.create_all(connection)


def get_engine(request: Request) -> Engine:
    """Return the engine of the application that serves `request`. Raises HTTPException 503 where there is none."""
    engine: Engine | None = request.app.state.engine
    if engine is None:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "this needs MEMBER_API_DATABASE_URL")
    return engine


Database = Annotated[Engine, Depends(get_engine)]
