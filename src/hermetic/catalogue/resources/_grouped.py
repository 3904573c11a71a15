"""Whether all tests that share something run in one worker, by their `xdist_group`."""

from __future__ import annotations

import _ast as ast

from hermetic.source.marks import marks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.source.scope import Scope


def group_of(test: Scope) -> str:
    """Return the name of a test's group in source form, "" without one."""
    for name, expression in marks_of(test):
        if name == "pytest.mark.xdist_group" and isinstance(expression, ast.Call):
            given = [*expression.args, *(item.value for item in expression.keywords)]
            return repr(given[0].value) if given and isinstance(given[0], ast.Constant) else "computed"
    return ""


def are_grouped(tests: Iterable[Scope]) -> bool:
    """Tell whether some tests are all in one group."""
    groups = {group_of(test) for test in tests}
    return len(groups) == 1 and "" not in groups
