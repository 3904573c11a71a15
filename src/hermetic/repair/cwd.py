"""The working directory is changed through `monkeypatch`."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Edit, Fix
from hermetic.repair.fixture import ask, is_of_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place

CHDIR = "os.chdir"
SAVED = ("os.getcwd", "os.getcwdb", "pathlib.Path.cwd", "os.curdir")


def fix(place: Place) -> Fix | None:
    """Use `monkeypatch.chdir`, which takes and gives what `os.chdir` does."""
    call = place.node
    if not isinstance(call, ast.Call) or goes_back(place, call) or not is_spelled(place, call):
        return None
    if is_of_case(place):
        return by_cleanup(place, call)
    asked = ask(place, "monkeypatch")
    if asked is None or place.scope is None:
        return None
    calls = [other for other in place.scope.kept(ast.Call) if other is call or is_alike(place, other)]
    return Fix("use monkeypatch.chdir", [*asked.edits, *(replaced(place, item) for item in calls)], safe=asked.safe)


def is_spelled(place: Place, call: ast.Call) -> bool:
    """Tell whether a call is `os.chdir(folder)`, whatever it is called here, or `tmpdir.chdir()`."""
    if place.name(call.func) == CHDIR:
        return len(call.args) + len(call.keywords) == 1
    return is_of_folder(place, call) and place.alone(call) is not None


def is_of_folder(place: Place, call: ast.Call) -> bool:
    """Tell whether a call is `tmpdir.chdir()`."""
    return place.name(call.func) == "@tmpdir.chdir" and not call.args and not call.keywords


def is_alike(place: Place, call: ast.Call) -> bool:
    """Tell whether another call of the function changes the directory as well, and not back."""
    return place.name(call.func) == CHDIR and is_spelled(place, call) and not goes_back(place, call)


def goes_back(place: Place, call: ast.Call) -> bool:
    """Tell whether the folder is one that the function has found."""
    return bool(call.args) and place.is_saved(call.args[0], *SAVED)


def replaced(place: Place, call: ast.Call) -> Edit:
    """Return the edit of one call."""
    layout = place.layout
    if place.name(call.func) == CHDIR:
        return Edit(layout.start(call.func), layout.end(call.func), "monkeypatch.chdir")
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 - for the type checker
    return Edit(layout.start(call), layout.end(call), f"monkeypatch.chdir({place.text(call.func.value)})")


def by_cleanup(place: Place, call: ast.Call) -> Fix | None:
    """Arrange for the way back, in a test or setup of unittest."""
    function = call.func
    if not isinstance(function, ast.Attribute) or place.name(function.value) != "os":
        return None
    module = place.text(function.value)
    edit = place.above([f"self.addCleanup({module}.chdir, {module}.getcwd())"])
    return Fix("change back in a cleanup", [edit], safe=False) if edit is not None else None
