"""Which tests run on a fake disk, that of pyfakefs: no file that they write and no folder that they enter is real."""

from __future__ import annotations

from hermetic.source import roles
from hermetic.source.teardown import arrangement
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

FIXTURES = frozenset({"fs", "fs_class", "fs_module", "fs_session", "fake_filesystem", "pyfakefs"})
SET_UPS = (b"setUpPyfakefs", b"setUpClassPyfakefs")


def is_on_fake_disk(root: Scope, project: Project) -> bool:
    """Tell whether a test or fixture, or what is set up for it, puts a fake disk in place."""
    if not root.is_function:
        return False
    return not FIXTURES.isdisjoint(roles.used_fixtures(root)) or any(
        place.is_function and contains(place.module.text(place), SET_UPS) for place in arrangement(root, project)
    )
