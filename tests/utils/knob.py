"""One kind of state for tests of the engine that all state rules stand on, and what leaks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermetic.source.leaks import find_leaks
from hermetic.source.project import Project
from hermetic.source.state import State
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STATE = State(
    "knob",
    calls=("panel.knob",),
    items=("panel.table",),
    attributes=("panel.table", "panel.knob_value"),
    methods={"panel.table": ("update", "pop", "clear", "setdefault", "__setitem__", "__delitem__")},
    neutral={"panel.dim_knob": ("0", "None")},
    restores=("panel.reset_knob",),
    saves=("panel.knob", "panel.read_knob"),
    managers=("panel.kept_knob",),
    patches=("knob",),
    uses=("@recorder.knob",),
    fixtures=("panel_plugin",),
    words=("knob",),
    keyed=True,
)
HEAD = "import contextlib, functools, os, pytest, unittest\nfrom unittest import mock\nimport panel\n\n"
# Helpers that each file of the tables ends with.
TAIL = """
KEY = "a"

@pytest.fixture
def recorder():
    return panel.Recorder()

def wipe():
    panel.table.clear()

def wiper():
    def end():
        panel.table.clear()
    return end

@contextlib.contextmanager
def kept():
    old = dict(panel.table)
    try:
        yield
    finally:
        panel.table.clear()
        panel.table.update(old)

@contextlib.contextmanager
def plain():
    yield
    panel.table.clear()

class Kept:
    def __enter__(self):
        self.old = dict(panel.table)

    def __exit__(self, *exc_info):
        panel.table.clear()
        panel.table.update(self.old)

def patched():
    return mock.patch.dict(panel.table)
"""


def leaks(files: Mapping[str, str], folder: Path, state: State = STATE) -> list[tuple[str, int, bool]]:
    """Return `(file, line, late)` of each leak in files written below `folder`."""
    write_files(files, folder)
    project = Project(str(folder))
    found = set()
    for path in files:
        module = project.module(str(folder / path))
        assert module is not None, f"{path} does not parse"
        for leak in find_leaks(module, state, project):
            name = leak.change.scope.module.path.removeprefix(f"{folder}/")
            found.add((name, leak.change.line, leak.late))
    return sorted(found)
