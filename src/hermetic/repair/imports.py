"""Import one more module at the top of a file."""

from __future__ import annotations

import _ast as ast
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.finding import Edit
    from hermetic.repair.place import Place


def imported(place: Place, name: str) -> list[Edit] | None:
    """Return the edits by which a module of one word is imported; None where its name means something else."""
    bound = place.module.top.bindings.get(name, [])
    if bound:
        return [] if all(binding.kind == "import" and binding.value == name for binding in bound) else None
    body = place.module.tree.body
    imports = [item for item in body if isinstance(item, (ast.Import, ast.ImportFrom)) and not is_future(item)]
    layout = place.layout
    before = next((item for item in imports if sorts_behind(item, name)), None)
    if before is not None:
        edit = layout.above(before, [f"import {name}"])
    elif imports:
        edit = layout.below(imports[-1], [*([] if name in sys.stdlib_module_names else [""]), f"import {name}"])
    else:
        first = next((item for item in body if not is_preamble(item)), None)
        edit = layout.above(first, [f"import {name}", "", ""]) if first is not None else None
    return [edit] if edit is not None else None


def is_future(statement: ast.stmt) -> bool:
    """Tell whether a statement is `from __future__ import ...`."""
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def is_preamble(statement: ast.stmt) -> bool:
    """Tell whether a statement has to stand before all imports."""
    return is_future(statement) or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))


def sorts_behind(statement: ast.Import | ast.ImportFrom, name: str) -> bool:
    """Tell whether an import belongs behind that of a module: Python's own first, then by name, `from` last."""
    other = statement.names[0].name if isinstance(statement, ast.Import) else statement.module or "~"
    return key_of(other, isinstance(statement, ast.ImportFrom)) > key_of(name, False)  # noqa: FBT003 - a plain import


def key_of(name: str, is_from: bool) -> tuple[bool, bool, str]:  # noqa: FBT001 - half of a key
    """Return what imports are sorted by."""
    return (name.partition(".")[0] not in sys.stdlib_module_names, is_from, name)
