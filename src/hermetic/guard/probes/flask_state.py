"""What Flask applications hold: configuration, functions around requests, error handlers, template filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hermetic.guard._kept import Keeper, Kept
from hermetic.guard._parts import PartsProbe
from hermetic.guard.containers import Part, deep_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from hermetic.guard.probe import Change

TABLES = (
    "before_request_funcs", "after_request_funcs", "teardown_request_funcs", "teardown_appcontext_funcs",
    "template_context_processors", "url_value_preprocessors", "url_default_functions", "url_build_error_handlers",
    "error_handler_spec", "view_functions", "blueprints",
)  # fmt: skip
OF_TEMPLATES = ("filters", "tests", "globals")
DEPTH = 3  # of the tables: the scope, the code, the exception


class FlaskProbe(PartsProbe):
    """Applications that a module of the project keeps, or that a fixture of wider scope gave (HRM403 then)."""

    code = "HRM601"
    gate = "flask.app"

    def __init__(self) -> None:
        super().__init__()
        self.apps = Keeper("flask.app.Flask")

    def fixture_is_set_up(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Watch an application that outlives the test."""
        if self.apps.gave(fixturedef):
            self.give()

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Forget the application of a fixture."""
        self.apps.takes(fixturedef)

    def version(self) -> object:
        """Return the list of applications."""
        return self.apps.objects()

    def find(self) -> Iterator[Part]:
        """Yield the tables of each application."""
        for app in self.apps.objects():
            yield from tables_of(app)

    def told(self, part: Part, change: Change) -> Change:
        """Give the change of a fixture's application the rule for fixtures."""
        of_fixture = any(app.by_fixture and part.path.startswith(f"{app.name}.") for app in self.apps.objects())
        return change._replace(code="HRM403") if of_fixture else change


def tables_of(app: Kept) -> Iterator[Part]:
    """Yield the tables of one application; of its template environment only when there is one."""
    held = app.value.__dict__
    config = held.get("config")
    if isinstance(config, dict):
        yield Part(f"{app.name}.config", config)
        for key, value in list(config.items()):
            yield from deep_parts(value, f"{app.name}.config[{key!r}]", 1)
    for name in TABLES:
        yield from deep_parts(held.get(name), f"{app.name}.{name}", DEPTH)
    templates = held.get("jinja_env")
    for name in OF_TEMPLATES if templates is not None else ():
        yield from deep_parts(getattr(templates, name, None), f"{app.name}.jinja_env.{name}", 0)
