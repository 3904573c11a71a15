"""What pytest itself puts back around each phase of a test, as far as its configuration says so."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

STREAMS = "streams"  # sys.stdout and sys.stderr: the capture sets them anew, unless it is off
ROOT_LEVEL = "root level"  # of the root logger, where `log_level` is set


def is_kept(scope: Scope, what: str) -> bool:
    """Tell whether pytest puts something back in the project that a scope belongs to."""
    project = scope.module.project
    return project is not None and what in project.kept
