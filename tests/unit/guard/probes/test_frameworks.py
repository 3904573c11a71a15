"""What applications, session factories and signals of libraries keep: what counts as left, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

MODELS = """
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import QueuePool

engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=5)
Session = scoped_session(sessionmaker(bind=engine))
Factory = sessionmaker()
"""

SESSIONS = """
import pytest
from sqlalchemy import create_engine, event, text

import models

KEPT = []


def test_a_session_is_left():
    models.Session.execute(text("select 1"))  # <-


def test_a_connection_is_left():
    KEPT[:] = [models.engine.connect()]  # <-


def test_a_factory_is_bound():
    models.Factory.configure(bind=models.engine)  # <-


def test_a_listener_is_left():
    @event.listens_for(models.engine, "connect")  # <-
    def hear(connection, record):
        pass


def test_a_session_is_removed():
    models.Session.execute(text("select 1"))
    models.Session.remove()


def test_a_session_is_closed_and_holds_nothing():
    models.Session.execute(text("select 1"))
    models.Session.close()


def test_a_connection_is_given_back():
    with models.engine.connect() as connection:
        connection.execute(text("select 1"))


def test_an_engine_of_its_own():
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda *args: None)
    connection = engine.connect()
    connection.close()


def test_a_listener_is_removed():
    def hear(connection, record):
        pass

    event.listen(models.engine, "connect", hear)
    event.remove(models.engine, "connect", hear)


@pytest.fixture(scope="module")
def connection():
    with models.engine.connect() as connection:
        yield connection


def test_a_module_s_connection(connection):
    connection.execute(text("select 1"))
"""

COLUMNS = """
from sqlalchemy import Column, String, create_engine

engine = create_engine("sqlite://")
name = Column("name", String)
"""

LISTENERS = """
from sqlalchemy import event

import models


def hear(*args):
    pass


def test_of_a_column():
    event.listen(models.name, "before_parent_attach", hear)


def test_of_an_engine():
    event.remove(models.name, "before_parent_attach", hear)
    event.listen(models.engine, "connect", hear)


def test_once_more():
    event.listen(models.engine, "connect", hear)
"""

FLASK = """
import pytest
from flask import Flask

import shop


def test_a_setting_is_left():
    shop.app.config["SIZE"] = 2  # <-


def test_a_function_is_left():
    shop.app.before_request_funcs.setdefault(None, []).append(print)  # <-


def test_a_setting_is_put_back(monkeypatch):
    monkeypatch.setitem(shop.app.config, "SIZE", 3)


def test_requests_change_nothing():
    assert shop.app.test_client().get("/").status_code == 404
    shop.app.jinja_env.from_string("{{ 1 }}").render()


def test_an_application_of_its_own():
    app = Flask("own")
    app.config["SIZE"] = 4


@pytest.fixture(scope="module")
def app():
    return Flask("shared")


def test_the_application_of_a_fixture(app):
    app.config["SIZE"] = 5
"""

DJANGO = """
import pytest
from django.core.cache import cache
from django.core.signals import request_started
from django.conf import settings
from django.test import override_settings
from django.utils import translation


def test_a_setting_is_left():
    settings.KEY = "other"  # <-


def test_a_cache_is_left():
    cache.set("a", 1)  # <-


def test_a_language_is_left():
    translation.activate("de")  # <-


def test_a_receiver_is_left():
    request_started.connect(print, weak=False)  # <-


def test_a_receiver_that_goes_with_the_test():
    def hear(**kwargs):
        pass

    request_started.connect(hear)


@override_settings(KEY="overridden")
def test_a_setting_is_overridden():
    assert settings.KEY == "overridden"


def test_a_cache_is_cleared():
    cache.set("b", 1)
    cache.clear()


def test_a_language_for_a_block():
    with translation.override("fr"):
        pass
"""

SETTINGS = """
import django
from django.conf import settings

settings.configure(
    KEY="", USE_I18N=True, CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
)
django.setup()
"""


def marked(source: str) -> set[int]:
    return {number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# <-")}


def test_sqlalchemy(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")

    run = guarded(tmp_path, files={"models.py": MODELS, "test_models.py": SESSIONS})

    mine = {line for path, line in run.places("HRM601") if path == "test_models.py"}
    assert marked(SESSIONS) <= mine
    states = {item["state"] for item in run.findings}
    assert states == {
        "the session of models.Session",
        "the connections of models.engine",
        "test_models.KEPT",
        "models.Factory.kw['bind']",
        "the listener test_a_listener_is_left.<locals>.hear of models.engine to connect",
    }


def test_sqlalchemy_listeners_of_what_cannot_be_compared(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")

    run = guarded(tmp_path, mode="warn", files={"models.py": COLUMNS, "test_it.py": LISTENERS})

    assert "is not guarded" not in run.output
    assert [item["state"] for item in run.findings if item["layer"] == "guard"] == [
        "the listener hear of models.name to before_parent_attach",
        "the listener hear of models.engine to connect",
    ]


def test_flask(tmp_path: Path) -> None:
    pytest.importorskip("flask")
    shop = "from flask import Flask\n\napp = Flask(__name__)\napp.config['SIZE'] = 1\n"

    run = guarded(tmp_path, files={"shop.py": shop, "test_shop.py": FLASK})

    assert run.places("HRM601") == {("test_shop.py", line) for line in marked(FLASK)}
    assert [item["state"] for item in run.findings if item["code"] == "HRM403"] == ["app.config['SIZE']"]


def test_django(tmp_path: Path) -> None:
    pytest.importorskip("django")

    run = guarded(tmp_path, files={"conftest.py": SETTINGS, "test_site.py": DJANGO})

    assert run.found == {("HRM601", "test_site.py", line) for line in marked(DJANGO)}


def test_blinker(tmp_path: Path) -> None:
    pytest.importorskip("blinker")
    source = """
from blinker import Signal, signal

saved = signal("saved")


def hear(sender):
    pass


def test_a_receiver_is_left():
    saved.connect(hear)  # <-


def test_a_receiver_is_taken_back():
    with saved.connected_to(print):
        pass


def test_a_signal_of_its_own():
    Signal().connect(hear)
"""

    run = guarded(tmp_path, files={"test_saved.py": source})

    assert run.found == {("HRM601", "test_saved.py", line) for line in marked(source)}
