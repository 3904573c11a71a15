"""FastAPI's dependency trees, read statically."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.source.dependencies import kind_of, subdependencies
from hermetic.source.origins import Origin, origins
from hermetic.source.project import Project
from hermetic.source.routes import Scheme, routes_of
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

DEPS = """
from functools import partial
from typing import Annotated
from unittest.mock import AsyncMock
from fastapi import APIRouter, Depends, FastAPI, Security, params

def plain(): ...
async def awaited(): ...
def generator():
    yield
async def agenerator():
    yield
class Made: ...
class Instance:
    async def __call__(self, one=Depends(plain)): ...
instance = Instance()
bound = partial(awaited, 1)
small = lambda: 1
mock = AsyncMock()
number = 3
Alias = Annotated[int, Depends(plain)]
class WithInit:
    def __init__(self, one=Depends(plain)): ...

def by_default(one=Depends(plain)): ...
def by_security(*, one=Security(awaited, scopes=["a"])): ...
def by_annotation(one: Annotated[int, Depends(generator)]): ...
def by_alias(one: Alias): ...
def by_class(one: WithInit = Depends()): ...
def by_keyword(one=params.Depends(dependency=agenerator)): ...
def by_factory(one=Depends(make("a"))): ...
def make(role):
    def check(user=Depends(plain)): ...
    return check
def without(one=1, two: int = 2): ...
"""


def project_of(text: str, folder: Path) -> tuple[Project, dict[str, Origin]]:
    """Return a project of one file, and the origins of its top-level names."""
    write_files({"deps.py": text}, folder)
    project = Project(str(folder))
    module = project.module(str(folder / "deps.py"))
    assert module is not None
    found = {}
    for name in module.top.bindings:
        tree = compile(name, "", "eval", 0x400)
        found[name] = origins(module.top, tree.body, project)[0]  # type: ignore[attr-defined]
    return project, found


KINDS = {
    "plain": "plain",
    "awaited": "async",
    "generator": "generator",
    "agenerator": "async generator",
    "Made": "plain",
    "instance": "async",
    "bound": "async",
    "small": "plain",
    "mock": "async",
    "number": "",
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_the_kind_of_a_dependency_is_how_fastapi_runs_it(name: str, kind: str, tmp_path: Path) -> None:
    project, found = project_of(DEPS, tmp_path)
    assert kind_of(found[name], project) == kind


BELOW = {
    "by_default": ["plain"],
    "by_security": ["awaited"],
    "by_annotation": ["generator"],
    "by_alias": ["plain"],
    "by_class": ["WithInit"],
    "by_keyword": ["agenerator"],
    "by_factory": ["check"],
    "WithInit": ["plain"],
    "instance": ["plain"],
    "without": [],
    "number": [],
}


@pytest.mark.parametrize(("name", "below"), BELOW.items())
def test_the_parameters_name_what_a_dependency_depends_on(name: str, below: list[str], tmp_path: Path) -> None:
    project, found = project_of(DEPS, tmp_path)
    assert [origin.name for origin in subdependencies(found[name], project)] == below


APP = (
    DEPS
    + """
inner = APIRouter(prefix="/inner", dependencies=[Depends(generator)])
@inner.get("/a")
def a(): ...
@inner.websocket("/ws")
async def ws(): ...
app = FastAPI(dependencies=[Depends(plain)])
@app.api_route("/b", dependencies=[Security(awaited)])
def b(one=Depends(agenerator)): ...
def c(): ...
app.add_api_route("/c", c)
app.add_api_route("/d", endpoint=c, dependencies=[Depends(bound)])
app.include_router(inner, prefix="/v1", dependencies=[Depends(small)])
def other(): ...
"""
)


def test_the_routes_of_an_app_carry_what_app_router_and_route_depend_on(tmp_path: Path) -> None:
    project, found = project_of(APP, tmp_path)
    routes = routes_of(found["app"], project)
    assert routes.complete
    assert {(route.path, *(origin.name for origin in route.added)) for route in routes.found} == {
        ("/b", "plain", "awaited"),
        ("/c", "plain"),
        ("/d", "plain", "bound"),
        ("/v1/inner/a", "plain", "small", "generator"),
        ("/v1/inner/ws", "plain", "small", "generator"),
    }


def test_a_function_of_another_file_that_is_given_the_app_adds_routes(tmp_path: Path) -> None:
    write_files({"setup.py": "def register(number, api):\n    @api.get('/a')\n    def a(): ...\n"}, tmp_path)
    text = "from setup import register\ndef create():\n    made = FastAPI()\n    register(1, made)\n    return made\n"
    project, found = project_of(f"{DEPS}\n{text}app = create()\n", tmp_path)
    assert [route.path for route in routes_of(found["app"], project).found] == ["/a"]


class Wanted(Scheme):
    """Looks for one name; `None` replaces the overridden one."""

    def __init__(self, name: str, overridden: str = "") -> None:
        self.name = name
        self.overridden = overridden

    def accepts(self, origin: Origin) -> bool:
        return origin.name == self.name

    def replaced(self, origin: Origin) -> list[Origin] | None:
        return [] if origin.name == self.overridden else None


def test_an_overridden_dependency_takes_its_own_dependencies_with_it(tmp_path: Path) -> None:
    text = DEPS + "app = FastAPI()\n@app.get('/')\ndef read(one=Depends(by_default), two=Depends(by_security)): ...\n"
    project, found = project_of(text, tmp_path)
    routes = routes_of(found["app"], project)
    assert routes.reaching(Wanted("plain"), routes.found[0])
    assert not routes.reaching(Wanted("plain", "by_default"), routes.found[0])
    assert routes.reaching(Wanted("awaited", "by_default"), routes.found[0])


UNREADABLE = ("app = make_it()", "app = FastAPI()\napp.include_router(find())", "app = FastAPI()\napp.include_router()")


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_cannot_be_read_makes_the_routes_incomplete(text: str, tmp_path: Path) -> None:
    project, found = project_of(f"{DEPS}\nfrom library import find, make_it\n{text}\n", tmp_path)
    assert not routes_of(found["app"], project).complete
