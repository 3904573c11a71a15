"""Run the linter over files given as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermetic import config
from hermetic.catalogue import registry
from hermetic.lint import selection
from hermetic.lint.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hermetic.finding import Finding


def write_files(files: Mapping[str, str], folder: Path) -> list[str]:
    """Write `path: source` below a folder and return the Python files."""
    for path, source in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source, encoding="utf-8")
    return [str(folder / path) for path in files if path.endswith(".py")]


def lint_files(
    files: Mapping[str, str], folder: Path, *, select: Iterable[str] = ("ALL",), ignore: Iterable[str] = ()
) -> list[Finding]:
    """Return the findings for files written below `folder`, with paths relative to it."""
    paths = write_files(files, folder)
    (folder / "pyproject.toml").touch()
    settings = config.load(str(folder))
    settings.select, settings.ignore = tuple(select), tuple(ignore)
    engine = Engine(settings, selection.choose(registry.indexed(), settings))
    found = engine.check(paths)
    for item in found:
        item.path = relative(item.path, folder)
    return found


def relative(path: str, folder: Path) -> str:
    """Return a path below `folder` as the files were given."""
    return path.removeprefix(f"{folder}/")
