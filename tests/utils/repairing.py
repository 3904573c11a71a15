"""Repair files given as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hermetic import config
from hermetic.catalogue import registry
from hermetic.lint import selection
from hermetic.lint.engine import Engine
from hermetic.lint.fix import Repairer
from hermetic.repair.maker import Maker
from tests.utils.lint import relative, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.finding import Finding
    from hermetic.lint.fix import Repaired


def repair_files(files: Mapping[str, str], folder: Path, *, unsafe: bool = False) -> Repaired:
    """Return what all rules' fixes make of files written below `folder`, which stay as they are."""
    return repair_paths(write_files(files, folder), folder, unsafe=unsafe)


def repair_paths(paths: list[str], folder: Path, *, unsafe: bool = False) -> Repaired:
    """Return what all rules' fixes make of files below `folder`."""
    (folder / "pyproject.toml").touch()
    settings = config.load(str(folder))
    settings.select = ("ALL",)
    chosen = selection.choose(registry.indexed(), settings)
    maker = Maker(str(folder), thorough=True)

    def check(held: Mapping[str, bytes], some: list[str]) -> list[Finding]:
        engine = Engine(settings, chosen)
        engine.maker = maker
        for path, data in held.items():
            engine.project.hold(path, data)
        return engine.check(some or paths)

    return Repairer(check, read, unsafe=unsafe).run()


def read(path: str) -> bytes:
    """Return a file's bytes."""
    return Path(path).read_bytes()


def after(done: Repaired, files: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the files as the fixes leave them, those that stay as they are too."""
    changed = {relative(path, folder): data.decode() for path, (_, data) in done.files.items()}
    return {**files, **changed}


def repaired(source: str, folder: Path, *, unsafe: bool = False, name: str = "test_it.py") -> str:
    """Return what one file becomes."""
    return after(repair_files({name: source}, folder, unsafe=unsafe), {name: source}, folder)[name]
