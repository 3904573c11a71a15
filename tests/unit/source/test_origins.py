"""Where a value was made, and how long it lives."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from hermetic.source.origins import OWN, SHARED, UNKNOWN, origins, passed_from
from hermetic.source.project import Project
from hermetic.source.scope import last_meant
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.source.module import Module
    from hermetic.source.origins import Origin

SERVICE = """
from functools import cache

class App: ...

app = App()

def create_app():
    made = App()
    return made

def current_app():
    return app

@cache
def cached_app():
    return App()
"""
HEAD = "import pytest\nfrom client import Client\nfrom service import App, app, cached_app, create_app, current_app\n\n"


def modules(files: dict[str, str], folder: Path) -> tuple[Project, dict[str, Module]]:
    """Return a project and its parsed files."""
    write_files(files, folder)
    project = Project(str(folder))
    return project, {path: module for path in files if (module := project.module(str(folder / path))) is not None}


def found_in(test: str, folder: Path) -> list[Origin]:
    """Return the origins of what the last function of a test file returns."""
    files = {"service.py": SERVICE, "test_it.py": HEAD + textwrap.dedent(test)}
    project, parsed = modules(files, folder)
    function = parsed["test_it.py"].top.functions[-1]
    function.module.load(function)
    value = function.node.body[-1].value  # type: ignore[attr-defined]
    return origins(function, value, project)


LIVES = {
    "app": (SHARED, "app"),
    "App()": (OWN, ""),
    "create_app()": (OWN, "made"),
    "current_app()": (SHARED, "app"),
    "cached_app()": (SHARED, ""),
    "Client(app).app": (SHARED, "app"),
    "Client(create_app()).app": (OWN, "made"),
    "Client(transport=Client(app=app)).app": (SHARED, "app"),
    "Client(transport=Client(app=App())).transport.app": (OWN, ""),
    "undefined": (SHARED, "undefined"),
    "(app if app else None)": (SHARED, "app"),
    "[app][0]": (SHARED, "app"),
}


@pytest.mark.parametrize(("expression", "expected"), LIVES.items())
def test_an_expression_leads_to_what_made_it(expression: str, expected: tuple[str, str], tmp_path: Path) -> None:
    found = found_in(f"def test_a():\n    return {expression}\n", tmp_path)
    assert (found[0].life, found[0].name) == expected


FIXTURES = {
    ("function", "create_app()"): OWN,
    ("function", "app"): SHARED,
    ("class", "create_app()"): SHARED,
    ("session", "create_app()"): SHARED,
}


@pytest.mark.parametrize(("case", "life"), FIXTURES.items())
def test_a_fixture_gives_what_it_returns_for_as_long_as_it_lives(
    case: tuple[str, str], life: str, tmp_path: Path
) -> None:
    scope, value = case
    test = f"""
    @pytest.fixture(scope="{scope}")
    def api():
        yield {value}

    def test_a(api):
        return api
    """
    assert [origin.life for origin in found_in(test, tmp_path)] == [life]


def test_a_fixture_as_wide_as_the_one_that_it_uses_owns_the_value(tmp_path: Path) -> None:
    test = """
    @pytest.fixture(scope="session")
    def api():
        return create_app()

    @pytest.fixture(scope="session")
    def client(api):
        return api
    """
    assert [origin.life for origin in found_in(test, tmp_path)] == [OWN]


def test_a_fixture_that_is_not_in_the_project_is_not_known(tmp_path: Path) -> None:
    assert [origin.life for origin in found_in("def test_a(api):\n    return api\n", tmp_path)] == [UNKNOWN]


SELVES = {"setUp": OWN, "setup_method": OWN, "setUpClass": SHARED}


@pytest.mark.parametrize(("setup", "life"), SELVES.items())
def test_an_attribute_of_self_lives_as_long_as_what_sets_it(setup: str, life: str, tmp_path: Path) -> None:
    test = f"""
    class Base:
        def {setup}(self):
            self.app = create_app()

    class TestA(Base):
        def test_a(self):
            return self.app
    """
    assert [origin.life for origin in found_in(test, tmp_path)] == [life]


def test_a_helper_gets_what_its_callers_pass(tmp_path: Path) -> None:
    test = """
    def test_a():
        use(1, app)
        use(2, api=create_app())

    def use(number, api):
        return api
    """
    assert [origin.life for origin in found_in(test, tmp_path)] == [SHARED, OWN]


def test_the_callers_of_a_helper_in_another_file_are_found_there(tmp_path: Path) -> None:
    files = {
        "helpers.py": "def use(api): ...\n",
        "test_it.py": "import helpers\ndef test_a(app):\n    helpers.use(app)\n",
    }
    project, parsed = modules(files, tmp_path)
    helper = parsed["helpers.py"].top.functions[0]
    values = [value for _, value in passed_from("api", helper, parsed["test_it.py"], project)]
    assert [value.id for value in values] == ["app"]  # type: ignore[attr-defined]


def test_names_that_lead_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    test = """
    one = two
    two = one

    def test_a():
        return one
    """
    assert found_in(test, tmp_path)[0].life in {SHARED, UNKNOWN}


def test_none_in_place_of_a_failed_import_does_not_hide_the_import(tmp_path: Path) -> None:
    text = "try:\n    from service import app\nexcept ImportError:\n    app = None\nother = 1\nother = None\n"
    _, parsed = modules({"mod.py": text}, tmp_path)
    bindings = parsed["mod.py"].top.bindings
    assert last_meant(bindings["app"]).value == "service.app"
    assert last_meant(bindings["other"]) is bindings["other"][-1]
