"""Give a test or fixture one more of pytest's fixtures to use, where that changes nothing else."""

from __future__ import annotations

import _ast as ast

from hermetic.repair.place import below
from hermetic.repair.signature import added
from hermetic.source import roles
from hermetic.source.callee import ancestry
from hermetic.source.names import is_generator, resolve
from hermetic.source.scope import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.finding import Edit
    from hermetic.repair.place import Place
    from hermetic.source.module import Module
    from hermetic.source.scope import Scope

TYPES = {"monkeypatch": "MonkeyPatch", "request": "FixtureRequest"}  # of pytest's own module, by fixture
CASES = ("unittest.", "django.test.", "twisted.trial.", "testtools.", "asynctest.", "absl.testing.")
METHODS = frozenset({"setUp", "asyncSetUp"})
HARMLESS = ("pytest.mark.", "pytest.fixture", "pytest.yield_fixture", "pytest_asyncio.fixture")


class Asked:
    """A fixture that is at hand: its name, and the edits that make it so."""

    __slots__ = ("edits", "name", "safe")

    def __init__(self, name: str, edits: list[Edit], *, safe: bool = True) -> None:
        self.name = name
        self.edits = edits
        self.safe = safe


def ask(place: Place, name: str) -> Asked | None:
    """Return how the code at a place gets one of pytest's fixtures, None where it cannot."""
    root = place.root
    if root is None or not isinstance(root.node, FUNCTIONS) or place.scope is None or is_hidden(place, root, name):
        return None
    role = roles.role_of(root)
    if role not in ("test", "fixture") or not is_free(place, root):
        return None
    if role == "fixture" and roles.fixture_scope(root) != "function":
        return of_wide_fixture(place, root, name)
    if name in roles.parameters(root):
        return Asked(name, []) if name in roles.requested(root) else None
    if role == "test" and is_generator(root):
        return None
    edits = added(place.layout, root.node, f"{name}{annotation(root, name)}")
    return Asked(name, edits, safe=not is_overridden(place, root)) if edits is not None else None


def of_wide_fixture(place: Place, root: Scope, name: str) -> Asked | None:
    """Return how a fixture for a class, module or session gets a `MonkeyPatch` of its own: never without a look."""
    if name != "monkeypatch" or not binds_pytest(root) or place.scope is not root or "monkeypatch" in root.bindings:
        return None
    assert isinstance(root.node, FUNCTIONS)  # noqa: S101 - a fixture is a function
    lines = ["monkeypatch = pytest.MonkeyPatch()", "request.addfinalizer(monkeypatch.undo)"]
    edit = place.above(lines, top_statement(place, root))
    if edit is None:
        return None
    request: list[Edit] | None = []
    if "request" not in roles.parameters(root):
        request = added(place.layout, root.node, f"request{annotation(root, 'request')}")
    return Asked(name, [*request, edit], safe=False) if request is not None else None


def top_statement(place: Place, root: Scope) -> ast.stmt | None:
    """Return the statement of a function's own body that holds the finding."""
    line = place.finding.line
    return next((statement for statement in root.body if statement.lineno <= line <= (statement.end_lineno or 0)), None)


def is_hidden(place: Place, root: Scope, name: str) -> bool:
    """Tell whether the name means something else: a variable, a nested class, a fixture of the project's own."""
    top = place.module.top
    if name in top.bindings or any(name in scope.bindings for scope in root.family() if scope is not root):
        return True
    bound = root.bindings.get(name, [])
    if any(binding.kind != "param" for binding in bound):
        return True
    if any(scope.is_class for scope in root.family()):
        return True
    return place.project.fixture(name, place.module, root) is not None


def is_free(place: Place, root: Scope) -> bool:
    """Tell whether pytest alone calls a function, and with what its own signature names."""
    if any(not is_harmless(root, decorator) for decorator in root.decorators):
        return False
    owner = root.owner
    if owner is not None and not is_plain(owner):
        return False
    if roles.role_of(root) == "fixture":  # pytest refuses to let anybody else call it
        return True
    if is_named(place.module, root.name):
        return False
    return place.uses is None or not place.uses.is_called(root.name)


def is_plain(owner: Scope) -> bool:
    """Tell whether a class is one of pytest's: all of it is read, and no base or decorator calls its methods."""
    if is_case(owner) is not False or any("__init__" in cls.bindings for cls in ancestry(owner)):
        return False
    return all(
        resolve(cls.parent or cls, item).startswith(("pytest.mark.", "unittest.mock.patch"))
        for cls in ancestry(owner)
        for item in cls.decorators
    )


def is_harmless(root: Scope, decorator: ast.expr) -> bool:
    """Tell whether a decorator leaves a function's parameters to pytest; those of mock come first."""
    outer = root.parent or root
    name = resolve(outer, decorator).removesuffix("()")
    if name.startswith("unittest.mock.patch"):
        return not root.arguments.defaults
    return name.startswith(HARMLESS)


def is_case(owner: Scope) -> bool | None:
    """Tell whether a class is one of unittest's; None where a base of it cannot be read."""
    answer: bool | None = False
    for cls in ancestry(owner):
        for base in cls.bases:
            name = resolve(cls.parent or cls, base)
            if name.startswith(CASES) or name.endswith("TestCase"):
                return True
            if name != "object" and not is_known(cls, base):
                answer = None
    return answer


def is_known(cls: Scope, base: ast.expr) -> bool:
    """Tell whether a base class is one whose source was read."""
    name = getattr(base, "id", getattr(base, "attr", ""))
    return any(item.name == name for item in ancestry(cls))


def is_named(module: Module, name: str) -> bool:
    """Tell whether a file uses a function by its name; one that stands there once is the definition itself."""
    if module.data.isascii() and module.data.count(name.encode()) <= 1:
        return False
    known: set[str] | None = module.memo.get("names used")
    if known is None:
        known = module.memo["names used"] = set()
        for node in below(module.tree):
            if isinstance(node, ast.Name):
                known.add(node.id)
            elif isinstance(node, ast.Attribute):
                known.add(node.attr)
    return name in known


def is_overridden(place: Place, root: Scope) -> bool:
    """Tell whether another function may stand in for a fixture, or be given it: what that needs is not known here."""
    if roles.role_of(root) != "fixture" or (root.owner is None and not roles.is_conftest(place.module.path)):
        return False
    return place.uses is not None and place.uses.is_defined_again(root.name)


def annotation(root: Scope, name: str) -> str:
    """Return the annotation that a new parameter needs to look like the others, "" where they have none."""
    arguments = root.arguments
    others = [*arguments.args, *arguments.kwonlyargs][root.owner is not None :]
    typed = all(argument.annotation for argument in others) if others else root.returned is not None
    return f": pytest.{TYPES[name]}" if typed and binds_pytest(root) else ""


def binds_pytest(root: Scope) -> bool:
    """Tell whether `pytest` means the module, at the top of the file."""
    found = root.module.top.bindings.get("pytest", [])
    return bool(found) and all(binding.kind == "import" and binding.value == "pytest" for binding in found)


def is_of_case(place: Place) -> bool:
    """Tell whether a place stands in a test or setup of unittest that runs for each test, with `self` at hand."""
    root = place.root
    if root is None or root.owner is None or is_case(root.owner) is not True:
        return False
    arguments = root.arguments.args
    runs = roles.role_of(root) == "test" or root.name in METHODS
    plain = not any(resolve(root.owner, item) in ("classmethod", "staticmethod") for item in root.decorators)
    return runs and plain and bool(arguments) and arguments[0].arg == "self" and place.scope is root
