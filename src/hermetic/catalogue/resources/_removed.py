"""What takes a fixed path away again, or makes it another one: a removal, another working folder, a fake disk."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.resources._paths import FILE, HOME, is_below, is_relative, path_of
from hermetic.catalogue.resources._writes import path_removed
from hermetic.source import roles
from hermetic.source.callee import call_behind, find_class, find_helper, method_in
from hermetic.source.changes import called
from hermetic.source.fake_disk import FIXTURES, is_on_fake_disk
from hermetic.source.names import is_context_maker, is_generator, resolve
from hermetic.source.origins import argument
from hermetic.source.reach import entries_of
from hermetic.source.replaced import named_around
from hermetic.source.restore import after_yield, puts_back
from hermetic.source.teardown import arrangement, helpers_of
from hermetic.source.text import contains
from hermetic.source.undoing import Undo
from hermetic.source.written import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.visits import Visit

APART = ("temp", "tmp", "isolat", "cleanup", "clean_up", "remov", "sandbox", "chdir", "working_dir", "workdir", "cwd")
MOVING = (b"chdir", b"isolated_filesystem", b"as_cwd", b"in_tempdir", b"workdir", b"as_working_dir", b"pushd")
HOMES = ("Path.home", "path.expanduser")
HOME_VARIABLES = (b'"HOME"', b"'HOME'", b"HOME=")
ENTERING = frozenset({"__enter__", "enter_context", "enterContext", "enterClassContext"})
READERS = {"write_text": "read_text", "write_bytes": "read_bytes"}
IN_OWN_FOLDER = frozenset({"testdir", "pytester"})  # fixtures of pytest


class Removed(Undo):
    """Undo for a path that was written, by a call of `visit`: what is read only below that is no old content."""

    def __init__(self, path: str, visit: Visit | None = None) -> None:
        self.path = path
        self.visit = visit

    def by_node(self, scope: Scope, node: ast.AST) -> bool:
        """Accept a removal of the path, of a folder around it, or of one that only the run knows."""
        if not isinstance(node, ast.Call):
            return False
        if self.is_written_again(scope, node):
            return True
        own = self.visit is not None and self.visit.scope is scope
        if is_written_back(scope, node, self.path, self.visit.call.lineno if own and self.visit else node.lineno):
            return True
        removes, path = path_removed(scope, node, resolve(scope, node.func))
        return removes and (path is None or path == self.path or is_below(self.path, path))

    def is_written_again(self, scope: Scope, call: ast.Call) -> bool:
        """Tell whether a call writes a constant text to a file that is there anyway, beside its own."""
        project = scope.module.project
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in READERS or project is None:
            return False
        if not call.args or not isinstance(call.args[0], ast.Constant) or not self.path.startswith(f"{FILE}/"):
            return False
        folder, _, last = self.path.removeprefix(f"{FILE}/").rpartition("/")
        there = last in project.listing(f"{scope.module.folder}/{folder}")
        return (
            there
            and call is not getattr(self.visit, "call", None)
            and path_of(Place(scope, call.func.value)) == self.path
        )

    def by_plain_node(self, scope: Scope, node: ast.AST) -> bool:
        """Accept a helper too, where it removes the path that it is given, or this one."""
        return self.by_node(scope, node) or (isinstance(node, ast.Call) and self.by_helper(scope, node))

    def by_helper(self, scope: Scope, call: ast.Call) -> bool:
        """Tell whether a function of the project that is called removes the path, itself."""
        helper = find_helper(scope, call.func)
        if helper is None or is_generator(helper):
            return False
        for item in helper.module.load(helper).kept(ast.Call):
            removes, path = path_removed(helper, item, resolve(helper, item.func))
            target = item.args[0] if item.args else getattr(item.func, "value", None)
            if removes and path is None and isinstance(target, ast.Name):
                passed = next(argument(target.id, helper, scope, call), None)
                path = path_of(Place(*passed)) if passed is not None else None
            if removes and path is not None and (path == self.path or is_below(self.path, path)):
                return True
        return False

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:
        """Accept a manager of the project that removes, and one whose name says that it keeps apart."""
        target = expression.func if isinstance(expression, ast.Call) else expression
        own = find_helper(scope, target)
        if own is not None:
            return is_context_maker(own) and (puts_back(own, self) or after_yield(own, self))
        last = resolve(scope, target).rpartition(".")[2].lower()
        return any(word in last for word in APART)

    def by_use(self, scope: Scope) -> bool:
        """Accept another working folder, where the path is relative."""
        return is_relative(self.path) and any(name.rpartition(".")[2] == "chdir" for name in called(scope))

    def by_fixture_name(self, name: str) -> bool:
        """Accept a fixture of a plugin whose name says that it keeps apart."""
        return name in FIXTURES or name in IN_OWN_FOLDER or any(word in name.lower() for word in APART)


def is_written_back(scope: Scope, call: ast.Call, path: str, line: int) -> bool:
    """Tell whether a call writes to a path what was read from it above a line: `path.write_text(old)`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in READERS or not call.args:
        return False
    value, target = call.args[0], path_of(Place(scope, call.func.value))
    if not isinstance(value, ast.Name):
        return False
    found = scope.find(value.id, value.lineno)
    if found is None or target != path:
        return False
    bound = (item.value for item in found[1].bindings[value.id] if item.line < line)
    return any(
        isinstance(item, ast.Call)
        and isinstance(item.func, ast.Attribute)
        and item.func.attr == READERS[call.func.attr]
        and path_of(Place(found[1], item.func.value)) == path
        for given in bound
        for item in ((given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,))
    )


def is_moved(root: Scope, path: str, project: Project) -> bool:
    """Tell whether a test has a working folder, or home, of its own, as far as that can be told, or on a fake disk."""
    if not root.is_function:
        return False
    if is_on_fake_disk(root, project) or not IN_OWN_FOLDER.isdisjoint(roles.used_fixtures(root)):
        return True
    if path.startswith(HOME):
        return has_own_home(root, project)
    if not is_relative(path):
        return False
    if "" in roles.lazy_fixtures(root) or (root.owner and any(map(is_of_trial, project.lineage(root.owner)))):
        return True
    places = [place for place in arrangement(root, project) if place.is_function]
    helpers = (helper for place in places for helper in helpers_of(place))
    managers = (manager for place in places for manager in entered_by_hand(place))
    return any(contains(place.module.text(place), MOVING) for place in (*places, *helpers, *managers))


def is_handed_out(visit: Visit, path: str, project: Project) -> bool:
    """Tell whether a function that a fixture gives to its tests makes the call, where tests may have own folders."""
    root = visit.root
    if not is_relative(path) or roles.role_of(root) != "fixture":
        return False
    handed = any(
        item.scope.parent is root
        and all(isinstance(entry, (ast.Return, ast.Yield)) for entry in entries_of(item.scope))
        for item in visit.chain()
    )
    return handed and any(contains(level.data, MOVING) for level in project.providers(root.module))


def entered_by_hand(place: Scope) -> Iterator[Scope]:
    """Yield the `__enter__` of the project's managers that a function enters by a call: `self.folder.__enter__()`."""
    for call in place.kept(ast.Call):
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in ENTERING:
            continue
        entered = call.func.value if call.func.attr == "__enter__" else next(iter(call.args), None)
        made = call_behind(place, entered) if entered is not None else None
        manager = find_class(place, made.func) if made is not None else None
        method = method_in(manager, "__enter__") if manager is not None else None
        if method is not None:
            yield method


def has_own_home(root: Scope, project: Project) -> bool:
    """Tell whether a test, or what is set up for it, says which folder is the user's: by `HOME`, or by a patch."""
    if any(name.endswith(HOMES) for name in named_around(root, project)):
        return True
    return any(contains(place.module.text(place), HOME_VARIABLES) for place in arrangement(root, project))


def is_in_own_folder(visit: Visit, path: str) -> bool:
    """Tell whether a call, or one that leads to it, stands in a block that changes the working folder, by its name."""
    return is_relative(path) and any(
        isinstance(parent, (ast.With, ast.AsyncWith)) and any(is_apart(item.scope, entered) for entered in parent.items)
        for item in visit.chain()
        for _, parent in item.scope.ancestors(item.call)
    )


def is_apart(scope: Scope, entered: ast.withitem) -> bool:
    """Tell whether a context manager's name says that it keeps something apart; one that names a folder does not."""
    target = entered.context_expr
    name = resolve(scope, target.func if isinstance(target, ast.Call) else target)
    last = name.rpartition(".")[2].lower()
    return not name.startswith("tempfile.") and any(word in last for word in APART)


def is_of_trial(cls: Scope) -> bool:
    """Tell whether a class is a test of Twisted's trial, which changes to a folder of its own."""
    return any(resolve(cls.parent or cls, base).startswith("twisted.trial") for base in cls.bases)
