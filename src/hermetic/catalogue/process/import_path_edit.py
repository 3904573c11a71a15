"""HRM103."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.rule import COLLECTION, GUARD, LINT, Example, StateRule
from hermetic.source.certain import is_under_test, may_be_empty
from hermetic.source.names import resolve
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.leaks import Leak
    from hermetic.source.scope import Scope

SAME_PLACE = frozenset({
    "abspath", "absolute", "as_posix", "dirname", "fspath", "join", "joinpath",
    "normpath", "realpath", "resolve", "split", "str", "Path", "PurePath",
})  # fmt: skip
PATH_MODULES = ("os", "os.path", "pathlib")
OWN_FILE = ("inspect.getfile", "inspect.getsourcefile", "inspect.getabsfile")  # of the frame that runs
FRAME = "inspect.currentframe()"
MAX_STEPS = 8  # variables that are looked up, one from the other
LIST_METHODS = ("append", "insert", "extend", "remove", "pop", "clear", "reverse", "sort", "__setitem__", "__iadd__")


class ImportPath(State):
    """`sys.path` and its like: code under test that adds what passes a filter may add nothing."""

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Leave out `extend` by what may be empty."""
        extends = name.endswith((".extend", ".__iadd__")) and call.args and is_under_test(scope.module)
        return not (extends and may_be_empty(scope, call.args[0]))

    def counts_target(self, scope: Scope, target: ast.expr) -> bool:
        """Leave out `+=` of what may be empty."""
        node = scope.parents.get(target)
        if not isinstance(node, ast.AugAssign) or not is_under_test(scope.module):
            return True
        return not may_be_empty(scope, node.value)


class ImportPathEdit(StateRule):
    """A test edits where Python looks for modules, and nothing takes the edit back.

    Why it breaks:
    `sys.path`, `sys.meta_path` and `sys.path_hooks` belong to the process. A folder that one file puts in front can
    hide a module of the same name that another file means, and an import can succeed only because another test file
    ran before: alone, or in another worker, it fails.

    Do this instead:
    Install the package, or set pytest's `pythonpath`. Where a test really needs a folder of its own, use
    `monkeypatch.syspath_prepend(folder)`, or `mock.patch.object(sys, "path", [...])`. A `try`/`finally`, a fixture that
    removes the entry after its `yield`, and a slice assignment of a saved copy are accepted too.

    Options:
    Edits at import time of a `conftest.py` are reported only when the `project` preset is selected.

    Limits:
    What a test file adds when it is imported is left alone where that is its own folder or one above it: the folders
    that pytest itself puts there. `PYTHONPATH` is HRM101's. Editing the path of a child process, or `__path__` of one
    package, is not seen here.
    Code under test that extends the path by what passes a filter (`filter(os.path.isdir, ...)`, a comprehension with
    an `if`) may add nothing, and is left alone.
    In code under test only what certainly runs for the named test counts: not what stands below a condition that cannot
    be read from the call, nor what a call inside `pytest.raises` makes. The guard sees the rest.
    """

    code = "HRM103"
    name = "import-path-edit"
    symptoms = (
        "ModuleNotFoundError, depending on the order",
        "the wrong module of two with one name is imported",
        "a test passes only after the one that edited sys.path",
    )
    repair = "use monkeypatch.syspath_prepend, or the pythonpath setting of pytest"
    fixed_by = "hermetic.repair.import_path"
    claims = (LINT, GUARD)
    message = "{what} is edited {where} and not put back"
    late_message = "{what} is edited {where} and put back only when nothing fails in between"
    tokens = (
        b"sys.path",
        b"sys import",
        b"sys as",
        b"addsitedir",
        b"addpackage",
        b"(sys, ",
        b"meta_path",
        b"path_hooks",
    )
    related = ("HRM104", "HRM101")
    states = (
        ImportPath(
            "import path",
            calls=("site.addsitedir", "site.addpackage"),
            items=("sys.path",),
            attributes=("sys.path",),
            methods={"sys.path": LIST_METHODS},
            managers=("test.support.import_helper.DirsOnSysPath",),
            patches=("syspath_prepend",),
            fixtures=("pytester", "testdir"),
            words=("syspath", "sys_path", "pythonpath", "import_path", "path_entry", "module_path", "importable"),
            tokens=(b"sys.path", b"sys import", b"sys as", b"addsitedir", b"addpackage", b"(sys, "),
        ),
        ImportPath(
            "import hooks",
            items=("sys.meta_path", "sys.path_hooks"),
            attributes=("sys.meta_path", "sys.path_hooks"),
            methods=dict.fromkeys(("sys.meta_path", "sys.path_hooks"), LIST_METHODS),
            managers=("test.test_importlib.util.import_state",),
            words=("meta_path", "import_state", "importer", "import_hook"),
        ),
    )

    def keeps(self, leak: Leak) -> bool:
        """Leave alone a folder that pytest itself adds."""
        node = leak.change.node
        if leak.root is not None or not isinstance(node, ast.Call) or not node.args:
            return True
        return not is_above(leak.change.scope, node.args[-1])

    bad = (
        Example(
            "a test puts its folder in front, and the next one imports the wrong module",
            {
                "test_plugins.py": """
import importlib
import sys


def test_a_plugin_is_loaded(tmp_path):
    (tmp_path / "shipping_rates.py").write_text("RATE = 5")
    sys.path.insert(0, str(tmp_path))  # <- HRM103
    assert importlib.import_module("shipping_rates").RATE == 5


def test_without_plugins_there_are_no_rates():
    assert importlib.util.find_spec("shipping_rates") is None
"""
            },
        ),
        Example(
            "a test file adds its own folder when it is imported",
            {
                "billing/test_invoice.py": """
import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "stubs"))  # <- HRM103


def test_invoice_total():
    assert sum([1, 2]) == 3
""",
                "billing/stubs/tax_tables.py": "TAX = 0.2",
                "billing/test_tax.py": """
import importlib.util


def test_tax_tables_are_not_installed():
    assert importlib.util.find_spec("tax_tables") is None
""",
            },
            claims=(LINT, COLLECTION),
        ),
        Example(
            "a fixture extends the path through an alias and forgets it",
            {
                "conftest.py": """
from sys import path as search_path

import pytest


@pytest.fixture
def vendored(tmp_path):
    (tmp_path / "vendored_client.py").write_text("NAME = 'client'")
    search_path[:0] = [str(tmp_path)]  # <- HRM103
    return tmp_path
""",
                "test_vendored.py": """
import importlib.util


def test_the_client_can_be_imported(vendored):
    import vendored_client

    assert vendored_client.NAME == "client"


def test_the_client_is_optional():
    assert importlib.util.find_spec("vendored_client") is None
""",
            },
        ),
        Example(
            "an import hook stays installed",
            {
                "test_hooks.py": """
import sys


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == "optional_backend":
            raise ImportError("blocked")


def test_a_missing_backend_is_reported():
    sys.meta_path.insert(0, Blocker())  # <- HRM103
    try:
        import optional_backend
    except ImportError as error:
        assert str(error) == "blocked"


def test_the_default_message_names_the_module():
    try:
        import optional_backend
    except ImportError as error:
        assert "optional_backend" in str(error)
"""
            },
        ),
    )
    good = (
        Example(
            "monkeypatch takes the entry out again",
            {
                "test_plugins.py": """
import importlib
import sys


def test_a_plugin_is_loaded(tmp_path, monkeypatch):
    (tmp_path / "parcel_rates.py").write_text("RATE = 5")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "parcel_rates", raising=False)
    assert importlib.import_module("parcel_rates").RATE == 5


def test_a_folder_can_be_added_to_a_patched_path(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.path.append(str(tmp_path))
    assert str(tmp_path) in sys.path
"""
            },
        ),
        Example(
            "a slice assignment of a saved copy restores the list in place",
            {
                "test_search.py": """
import sys

import pytest


@pytest.fixture
def own_path():
    before = sys.path[:]
    yield sys.path
    sys.path[:] = before


def test_search_finds_the_folder(own_path, tmp_path):
    own_path.insert(0, str(tmp_path))
    sys.path.append("/nowhere")
    assert str(tmp_path) in sys.path


def test_search_removes_what_it_added(tmp_path):
    sys.path.insert(0, str(tmp_path))
    try:
        assert sys.path[0] == str(tmp_path)
    finally:
        sys.path.remove(str(tmp_path))
"""
            },
        ),
        Example(
            "mock.patch gives the test a path of its own, and the path of a package is not the search path",
            {
                "test_package.py": """
import os.path
import sys
import types
from unittest import mock


def test_a_package_gets_a_second_folder(tmp_path):
    package = types.ModuleType("package")
    package.path = []
    package.path.append(str(tmp_path))
    assert os.path.basename(package.path[0]) == tmp_path.name


def test_hooks_are_ignored():
    with mock.patch.object(sys, "meta_path", []):
        sys.meta_path.append(object())
        assert len(sys.meta_path) == 1


@mock.patch("sys.path", ["/first"])
def test_order():
    sys.path.insert(0, "/zeroth")
    assert sys.path == ["/zeroth", "/first"]
"""
            },
        ),
    )


def is_above(scope: Scope, value: ast.AST) -> bool:
    """Tell whether an expression is the folder of the file, or one above it."""
    names: set[str] = set()
    return only_goes_up(scope, value, names) and "__file__" in names


def is_last_part(value: ast.expr) -> bool:
    """Tell whether an expression is what `os.path.split` gives besides the folder."""
    if not isinstance(value, ast.Subscript) or not isinstance(value.value, ast.Call):
        return False
    function = value.value.func
    is_split = getattr(function, "attr", getattr(function, "id", "")) == "split"
    return is_split and getattr(value.slice, "value", None) != 0


def only_goes_up(scope: Scope, value: ast.AST, names: set[str], steps: int = MAX_STEPS) -> bool:
    """Tell whether an expression is made of `__file__`, `..` and what leads up from there; collect its names."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, int) or (isinstance(value.value, str) and not value.value.strip("./\\"))
    if isinstance(value, ast.Name):
        names.add(value.id)
        found = scope.find(value.id, value.lineno) if value.id != "__file__" and steps else None
        given = found[0].value if found is not None and found[0].kind == "assign" else None
        return value.id == "__file__" or (isinstance(given, ast.expr) and only_goes_up(scope, given, names, steps - 1))
    if isinstance(value, ast.Attribute):
        return value.attr in ("pardir", "curdir", "sep") or (
            value.attr in ("parent", "parents") and only_goes_up(scope, value.value, names, steps)
        )
    if isinstance(value, ast.Call):
        function = value.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        if resolve(scope, function) in OWN_FILE and value.args and resolve(scope, value.args[0]) == FRAME:
            names.add("__file__")
            return True
        owners = [function.value] if isinstance(function, ast.Attribute) else []
        followed = [*value.args, *(owner for owner in owners if resolve(scope, owner) not in PATH_MODULES)]
        return name in SAME_PLACE and all(only_goes_up(scope, part, names, steps) for part in followed)
    parts = [getattr(value, field, None) for field in ("left", "right", "value", "slice")]
    if isinstance(value, (ast.Tuple, ast.List)):
        parts = [*value.elts]
    is_path = isinstance(value, (ast.BinOp, ast.Subscript, ast.Tuple, ast.List)) and not is_last_part(value)
    return is_path and all(only_goes_up(scope, part, names, steps) for part in parts if part is not None)
