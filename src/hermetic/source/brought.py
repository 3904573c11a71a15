"""Which arguments `**mapping` brings to a call, where that is written out."""

from __future__ import annotations

import _ast as ast

from hermetic.source.marks import marks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope


def names_brought(scope: Scope, mapping: ast.expr) -> set[str] | None:
    """Return the names that a mapping passes, None where they are not all written out.

    They are those of a dictionary, or of the dictionaries with which a test is parametrised.
    """
    if isinstance(mapping, ast.Name):
        found = scope.find(mapping.id, mapping.lineno)
        is_parameter = found is not None and found[1] is scope and len(scope.bindings[mapping.id]) == 1
        return names_of_parameter(scope, mapping.id) if is_parameter else None
    if not isinstance(mapping, ast.Dict):
        return None
    names = [getattr(key, "value", None) for key in mapping.keys]
    known = {name for name in names if isinstance(name, str)}
    return known if len(known) == len(names) else None


def names_of_parameter(test: Scope, name: str) -> set[str] | None:
    """Return the keys of the dictionaries that `parametrize` gives a parameter of a test, None for what is not read."""
    for mark, call in marks_of(test):
        given = call.args if isinstance(call, ast.Call) and mark.endswith("parametrize") else []
        if len(given) > 1 and getattr(given[0], "value", None) == name:
            rows = given[1].elts if isinstance(given[1], (ast.List, ast.Tuple)) else []
            found = [names_brought(test, row) for row in rows]
            known = [names for names in found if names is not None]
            return set[str]().union(*known) if len(known) == len(rows) > 0 else None
    return None
