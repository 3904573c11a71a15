"""What a call that patches covers of a `State`: `monkeypatch`, `mock.patch` in all its forms, trial's `self.patch`."""

from __future__ import annotations

import _ast as ast

from hermetic.source.changes import Change, called
from hermetic.source.names import resolve
from hermetic.source.spelling import is_monkeypatch, is_patch, is_within, key_of
from hermetic.source.undoing import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope
    from hermetic.source.state import State


class UndoByPatch(Undo):
    """Undo for a change of a `State`, by what replaces it, or records it for the end of the test."""

    def __init__(self, state: State, change: Change) -> None:
        self.state = state
        self.change = change
        self.tokens = state.undo_tokens

    def by_use(self, scope: Scope) -> bool:
        """Accept a `monkeypatch` call (under any name) that records the same key, or `mocker.patch` of the state."""
        for name, calls in called(scope).items():
            owner, _, method = name.rpartition(".")
            if method == "patch" and not is_patch(name) and any(self.patches_for_test(scope, call) for call in calls):
                return True
            if name in self.state.uses:
                if any(not call.keywords or self.same_owner(scope, call) for call in calls):
                    return True
            elif is_monkeypatch(owner):
                if any(self.records(scope, call, method) for call in calls):
                    return True
            elif is_patch(name) and "mocker." in name and any(self.patches_state(scope, call, name) for call in calls):
                return True
        return False

    def same_owner(self, scope: Scope, call: ast.Call) -> bool:
        """Whether the last keyword of a recording call (`logger="app"`) may name the key of the change."""
        named = key_of(scope, call.keywords[-1].value)
        return not named or not self.change.key or named in self.change.key

    def patches_for_test(self, scope: Scope, call: ast.Call) -> bool:
        """Whether a call is trial's `self.patch(object, "name", value)`, which the end of the test undoes."""
        return (
            len(call.args) > 2  # noqa: PLR2004 - object, name, value
            and not isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[1], ast.Constant)
            and self.holds(dotted_target(scope, call))
        )

    def records(self, scope: Scope, call: ast.Call, method: str) -> bool:
        """Whether a `monkeypatch` call covers the change."""
        if not call.args:
            return False
        if method in self.state.patches:
            return not self.state.keyed or self.covers(key_of(scope, call.args[0]))
        if method == "setattr":
            return self.holds(dotted_target(scope, call))
        target = self.state.name_in(scope, resolve(scope, call.args[0]))
        if method not in ("setitem", "delitem") or target not in self.state.items:
            return False
        return not self.state.keyed or self.covers(key_of(scope, call.args[1]) if len(call.args) > 1 else "")

    def covers(self, key: str) -> bool:
        """Whether a key may be that of the change."""
        return not key or not self.change.key or key == self.change.key

    def holds(self, target: str) -> bool:
        """Whether a dotted name is the object, attribute or function that the change is about."""
        if is_within(target, self.change.what):
            return True
        name = self.state.name_of(target)
        if name in self.state.objects or name in self.state.calls or self.state.is_attribute(name):
            return True
        what = self.change.what
        if what.startswith(f"{name}."):
            return True  # what is changed belongs to a stand-in: `setattr(app, "client", Mock()); app.client.get = get`
        owner = what.partition(".")[0]  # patch("app.main.os"), patch("app.main.os.environ"), patch("app.main.chdir")
        return target.endswith((f".{owner}", f".{what}", f".{self.object_of(what)}", f".{what.rpartition('.')[2]}"))

    def object_of(self, what: str) -> str:
        """Return the object whose method or item a change is, or the change's own name."""
        base = what.rpartition(".")[0]
        return base if base in self.state.objects else what

    def patches_state(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Whether a `mock.patch` call, in any of its forms, replaces or snapshots the state."""
        first: ast.expr | None = call.args[0] if call.args else None
        for keyword in call.keywords:
            first = keyword.value if first is None and keyword.arg in ("in_dict", "target") else first
        if first is None:
            return False
        target = resolve(scope, first) or path_given(scope, first)
        if name.endswith(".dict"):
            items = self.state.items
            return self.state.name_of(target) in items or any(is_within(target, item) for item in items)
        if name.endswith(".multiple"):
            return any(self.holds(f"{target}.{keyword.arg}") for keyword in call.keywords)
        if not call.args:
            return False
        target = dotted_target(scope, call)
        return self.holds(self.state.name_in(scope, target)) or self.state.stands_for(scope, target)


def dotted_target(scope: Scope, call: ast.Call) -> str:
    """Return the attribute that `setattr(obj, "name", ...)` or `patch("a.b")` replaces."""
    first = call.args[0]
    if isinstance(first, ast.Constant):
        return str(first.value)
    second = call.args[1] if len(call.args) > 1 else None
    written = isinstance(second, ast.Constant)
    path = path_given(scope, first) if not (written and isinstance(first, (ast.Name, ast.Attribute))) else ""
    if path or second is None:
        return path
    name = str(second.value) if isinstance(second, ast.Constant) else path_given(scope, second)
    return f"{resolve(scope, first)}.{name}" if name else ""


def path_given(scope: Scope, expression: ast.expr) -> str:
    """Return the dotted path that a text gives which is put together, "" for anything else."""
    from hermetic.source.dotted import dotted_path

    return dotted_path(scope, expression)
