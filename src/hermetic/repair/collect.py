"""Garbage is collected after tests that build mocks."""

from __future__ import annotations

from hermetic.finding import Edit, Fix
from hermetic.repair.fixture import is_case
from hermetic.repair.group import definition_at, is_definition
from hermetic.repair.imports import imported
from hermetic.source.callee import ancestry
from hermetic.source.module import first_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place
    from hermetic.source.scope import Scope

FIXTURE = "collect_garbage"


def fix(place: Place) -> Fix | None:
    """Collect in the teardown of the class, or for tests and fixtures outside of one in a fixture of the file."""
    found, imports = definition_at(place), imported(place, "gc")
    if found is None or imports is None:
        return None
    owner = found if found.is_class else found.owner
    if owner is not None:
        case = is_case(owner)
        edit = in_class(place, owner, "tearDown" if case else "teardown_method") if case is not None else None
        return Fix("collect in the teardown", [*imports, edit], safe=not case) if edit is not None else None
    pytest = imported(place, "pytest")
    edit = in_file(place) if pytest is not None else None
    return Fix("collect in a fixture of the file", [*imports, *(pytest or ()), edit]) if edit is not None else None


def in_class(place: Place, owner: Scope, name: str) -> Edit | None:
    """Return the edit that collects at the end of a class's teardown, which is added where it has none."""
    own = next((method for method in owner.functions if method.name == name), None)
    if own is not None:
        return place.layout.below(own.body[-1], ["gc.collect()"])
    if any(method.name == name for cls in ancestry(owner) for method in cls.functions) or name in owner.bindings:
        return None
    first, last = owner.body[0], owner.body[-1]
    layout = place.layout
    indent = layout.indent(layout.offset(first_line(first), first.col_offset))
    if not indent or not layout.is_last(layout.end(last)):
        return None
    inner = indent * 2
    lines = ["", f"{indent}def {name}(self):", *([f"{inner}super().tearDown()"] if name == "tearDown" else [])]
    position = layout.line_end(layout.end(last))
    text = "".join(f"{layout.newline}{line}" for line in (*lines, f"{inner}gc.collect()"))
    return Edit(position, position, text)


def in_file(place: Place) -> Edit | None:
    """Return the edit that adds the fixture above the first definition."""
    first = next((item for item in place.module.tree.body if is_definition(item)), None)
    if first is None or FIXTURE in place.module.top.bindings:
        return None
    position = place.layout.offset(first_line(first), 0)
    lines = ("@pytest.fixture(autouse=True)", f"def {FIXTURE}():", "    yield", "    gc.collect()", "", "", "")
    return Edit(position, position, place.layout.newline.join(lines))
