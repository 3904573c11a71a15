"""Which packages a project lists as those that it needs, as far as the files of its root tell."""

from __future__ import annotations

import os

from hermetic.source.requested import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project

REQUIRING = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "noxfile.py", "Pipfile")
LISTS = ("requirements", "requires", "deps", "ci")  # how files and folders with lists of packages start


def requires(project: Project, plugin: str) -> bool:
    """Tell whether the project's lists of packages name a plugin of pytest, which its settings do not switch off."""
    known: bool | None = project.seen.get(("requires", plugin))
    if known is None:
        word, off = plugin.encode(), b"no:" + plugin.removeprefix("pytest-").encode()
        datas = [project.read(path) or b"" for path in lists_of(project)]
        known = any(word in data for data in datas) and not any(off in data for data in datas)
        project.seen["requires", plugin] = known
    return known


def lists_of(project: Project) -> Iterator[str]:
    """Yield the files in which a project lists the packages that it needs, and what pytest is told."""
    names = project.listing(project.root)
    yield from (os.path.join(project.root, name) for name in sorted({*REQUIRING, *SETTINGS} & names))
    for name in sorted(names):
        path = os.path.join(project.root, name)
        if name.startswith(LISTS) and name.endswith((".txt", ".in")):
            yield path
        elif name in LISTS and os.path.isdir(path):
            listed = sorted(project.listing(path))
            yield from (os.path.join(path, item) for item in listed if item.endswith((".txt", ".in")))
