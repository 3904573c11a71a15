"""What a file imports from the project, seen as text: from which file, behind those that only pass it on."""

from __future__ import annotations

import os

from hermetic.source.imports import brought_by, imports_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.text import Text

MAX_HOPS = 4  # re-exports of re-exports


def located_in(text: Text) -> list[tuple[str, str, bytes]]:
    """Return `(local name, file, name in it)` of what a file imports from the project, in its functions too.

    What a file only passes on is that of the file behind it.
    """
    known: list[tuple[str, str, bytes]] | None = text.memo.get("located behind")
    project = text.project
    if known is None and project is not None:
        found = [(local, *origin(project, path, name)) for local, path, name in located_near(text)]
        known = text.memo["located behind"] = found
    return known or []


def located_near(text: Text) -> list[tuple[str, str, bytes]]:
    """Return what `located_in` does, before it looks behind files that pass something on."""
    known: list[tuple[str, str, bytes]] | None = text.memo.get("located everywhere")
    project = text.project
    if known is None and project is not None:
        found = brought_by(text, list(imports_in(text, everywhere=True)))[0]
        places = ((local, project.locate(dotted, text.folder)) for local, dotted in found)
        known = [(local, place[0], place[1].encode()) for local, place in places if place is not None]
        text.memo["located everywhere"] = known
    return known or []


def origin(project: Project, path: str, name: bytes) -> tuple[str, bytes]:
    """Return the file that defines a name which another one imports, and what it is called there."""
    if not name:
        return path, name
    known: dict[tuple[str, bytes], tuple[str, bytes]] = project.about("origin")
    found = known.get((path, name))
    if found is None:
        found = known[path, name] = find_origin(project, path, name)
    return found


def find_origin(project: Project, path: str, name: bytes) -> tuple[str, bytes]:
    """Work out what `origin` returns."""
    for _ in range(MAX_HOPS):
        text = project.text(path)
        local = name.decode("utf-8", "replace")
        found = next((item for item in located_near(text) if item[0] == local and item[2]), None) if text else None
        if found is None:
            break
        _, path, name = found
    return path, name


def any_around(module: Module, project: Project, condition: Callable[[Text], bool]) -> bool:
    """Tell whether a condition holds for a file, one that gives it fixtures, or one that these import in turn."""
    starts = (os.path.abspath(item.path) for item in reversed(project.providers(module)))
    return any(holds_behind(path, project, condition) for path in starts)


def holds_behind(start: str, project: Project, condition: Callable[[Text], bool]) -> bool:
    """Tell whether a condition holds for a file, or for one that it imports in turn; each is asked once in a run."""
    known: dict[str, bool] = project.about("around", condition.__name__)
    users: dict[str, str] = {}  # by which file each one was found
    pending = [(start, "")]
    while pending:
        path, user = pending.pop()
        if path in users or known.get(path) is False:
            continue
        users[path] = user
        text = project.text(path) if path not in known else None
        if path in known or (text is not None and condition(text)):
            while path:
                known[path] = True
                path = users[path]
            return True
        pending.extend((there, path) for _, there, _ in (located_in(text) if text is not None else ()))
    known.update(dict.fromkeys(users, False))
    return False
