"""Whether anything asks for a fixture, as far as names tell."""

from __future__ import annotations

import os

from hermetic.source import roles
from hermetic.source.plugins import KNOWN
from hermetic.source.text import WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

TEST = b"def test"
COMPOSED = b"getfixturevalue(f"  # a name that is put together
SETTINGS = ("pytest.ini", "pytest.toml", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
MAX_FILES = 4_000  # below one conftest; of more, nobody asks


def is_never_requested(name: str, module: Module, project: Project) -> bool:
    """Tell whether a file has a fixture by this name, below no class, that nobody who sees it names anywhere.

    A fixture that a plugin asks for has a name that the plugin gives, and counts as requested; so does one in a file,
    or above files, without a test: who uses it is elsewhere.
    """
    found = [item for item in module.top.functions if item.name == name and item.owner is None]
    return bool(found) and all(is_unasked(item, project) for item in found)


def is_unasked(fixture: Scope, project: Project) -> bool:
    """Tell it for one function; what is no fixture, or runs by itself, counts as asked for."""
    module, name = fixture.module, roles.fixture_name(fixture)
    if roles.role_of(fixture) != "fixture" or roles.is_autouse(fixture) or name in KNOWN:
        return False
    own, word = module.text(fixture), name.encode()
    if COMPOSED in module.data or times(word, own) > 1 or times(word, module.data) > times(word, own):
        return False
    if not roles.is_conftest(module.path):
        return module.is_test and TEST in module.data
    tests = False
    for data in files_below(module.folder, project):
        if data is not module.data and (times(word, data) or COMPOSED in data):
            return False
        tests = tests or TEST in data
    return tests and not any(times(word, project.read(path) or b"") for path in settings_of(project))


def times(word: bytes, data: bytes) -> int:
    """Return how often a name stands in some source, not as a part of another name."""
    return data.translate(WORDS).split().count(word)


def files_below(folder: str, project: Project) -> Iterator[bytes]:
    """Yield what stands in the Python files of a folder and below it; a name of any fixture where they are too many."""
    pending = [folder]
    left = MAX_FILES
    while pending:
        current = pending.pop()
        for name in sorted(project.listing(current)):
            path = os.path.join(current, name)
            if name.endswith(".py"):
                text = project.text(path)
                left -= 1
                yield text.data if text is not None else b""
            elif "." not in name and name != "__pycache__" and os.path.isdir(path):
                pending.append(path)
            if not left:
                yield COMPOSED
                return


def settings_of(project: Project) -> list[str]:
    """Return the files of the root in which pytest may be told to use a fixture."""
    names = project.listing(project.root)
    return [os.path.join(project.root, name) for name in SETTINGS if name in names]
