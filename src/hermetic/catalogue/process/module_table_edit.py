"""HRM104."""

from __future__ import annotations

import _ast as ast
import sys

from hermetic.catalogue.process._loaded import LOADED
from hermetic.catalogue.process._reloaded import gives_the_same, is_again
from hermetic.catalogue.rule import COLLECTION, GUARD, LINT, Example, StateRule, spelled
from hermetic.source import roles
from hermetic.source.changes import called
from hermetic.source.names import resolve
from hermetic.source.putback import is_removal
from hermetic.source.spelling import is_monkeypatch, key_of, text_of
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak
    from hermetic.source.module import Module
    from hermetic.source.scope import Scope

METHODS = ("update", "pop", "popitem", "setdefault", "clear", "__setitem__", "__delitem__", "__ior__")
PATHS = (b"join(", b".joinpath(", b".py", b"mkdir(", b"write_text(")  # what makes a file's name of a module's
IMPORTERS = ("importlib.import_module", "__import__", "runpy.run_module")


class ModuleTable(State):
    """`sys.modules`: an entry for what was just loaded from a file is an import, spelled out."""

    def counts_target(self, scope: Scope, target: ast.expr) -> bool:
        """Leave out what `module_from_spec` made."""
        node = scope.parents.get(target)
        value = node.value if isinstance(node, ast.Assign) else None
        return not resolve(scope, value).endswith("module_from_spec()")

    def gives_back(self, scope: Scope, key: str, value: ast.expr | None) -> bool:
        """Tell it for the module itself, as it was imported above: `sys.modules["app"] = app`."""
        found = scope.find(value.id, value.lineno) if isinstance(value, ast.Name) else None
        return found is not None and found[0].kind == "import" and repr(str(found[0].value)) == key

    def is_usually_absent(self, scope: Scope, key: str) -> bool:
        """Tell it for a module that the file imports nowhere: data of some tests, under a name that they share."""
        name = key.strip("'\"")
        return key != name and name.encode() not in b" ".join(lines_that_import(scope.module))

    def is_left_over(self, scope: Scope, key: str) -> bool:
        """Tell it for such a module of nobody: neither the project nor what pytest starts with has one of its name.

        So it is for a name that only the caller knows: who asks for it first does not count on it. Not so a function
        that imports it again itself, for then there are two of it.
        """
        if not key:
            return not any(resolve(scope, call.func) in IMPORTERS for call in scope.kept(ast.Call))
        name, project = key.strip("'\""), scope.module.project
        first = name.partition(".")[0]
        if not first or project is None or name == key or is_imported_beside(scope, name):
            return False
        return first not in LOADED and project.file_of(first, scope.module.folder) is None


TABLE = ModuleTable(
    "module table",
    items=("sys.modules",),
    attributes=("sys.modules",),
    methods={"sys.modules": METHODS},
    restores=("test.support.import_helper.modules_cleanup",),
    saves=("test.support.import_helper.modules_setup",),
    managers=(
        "test.support.import_helper.CleanImport",
        "test.support.import_helper.isolated_modules",
        "test.test_importlib.util.uncache",
    ),
    fixtures=("pytester", "testdir"),
    words=("module", "uncache", "import"),
    keyed=True,
)


class LoadedModule(State):
    """What a module holds: a reload below the block that changed what it reads puts it back."""

    def call_key(self, scope: Scope, call: ast.Call, name: str) -> str:
        """Return the module, also where it is imported on the spot: `reload(import_module("app"))`."""
        key = super().call_key(scope, call, name)
        maker, _, imported = key.partition("(")
        return imported.strip("'\")") if maker in IMPORTERS else key

    def repeats(self, first: Change, again: Change) -> bool:
        """Tell it for a reload outside of a `with` around the first one, which stays in place where none is there."""
        blocks = (ast.With, ast.AsyncWith)
        around = {parent for _, parent in again.scope.ancestors(again.node)}
        if any(isinstance(parent, blocks) and parent not in around for _, parent in first.scope.ancestors(first.node)):
            return True
        return not any(is_monkeypatch(name.rpartition(".")[0]) for name in called(first.scope))


def is_imported_here(change: Change) -> bool:
    """Tell whether a removal names its module by the `__name__` of what the function itself has imported above."""
    scope, node = change.scope, change.node
    keys = node.args[:1] if isinstance(node, ast.Call) else [target.slice for target in removed(node)]
    if not keys or not isinstance(keys[-1], ast.Attribute) or keys[-1].attr != "__name__":
        return False
    name = keys[-1].value
    found = scope.find(name.id, change.line) if isinstance(name, ast.Name) else None
    if found is None or found[1] is not scope or found[0].line >= change.line:
        return False
    binding = found[0]
    if binding.kind == "assign" and isinstance(binding.value, ast.Call):
        return resolve(scope, binding.value.func) in IMPORTERS
    return binding.kind == "import"


def is_own_reload(change: Change) -> bool:
    """Tell whether a module is reloaded that the same function has imported under a name put together for it."""
    scope, call = change.scope, change.node
    if not isinstance(call, ast.Call) or not call.args:
        return False
    name = call.args[0]
    if not isinstance(name, ast.Name):
        return False
    found = scope.find(name.id, change.line)
    bindings = found[1].bindings[name.id] if found is not None and found[1] is scope else []
    values = [item.value for item in bindings if isinstance(item.value, ast.Call)]
    imported = [value for value in values if resolve(scope, value.func) in IMPORTERS and value.args]
    return bool(imported) and all(isinstance(value.args[0], (ast.JoinedStr, ast.BinOp)) for value in imported)


def removed(node: ast.AST) -> list[ast.Subscript]:
    """Return the items that a statement deletes."""
    targets = node.targets if isinstance(node, ast.Delete) else []
    return [target for target in targets if isinstance(target, ast.Subscript)]


def is_of_own_making(change: Change) -> bool:
    """Tell whether only modules go whose name begins as that of a file that the same test file writes."""
    scope = change.scope
    for child, parent in scope.ancestors(change.node):
        call = parent.test if isinstance(parent, ast.If) and child in parent.body else None
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "startswith" and call.args:
            start = text_of(call.args[0]).encode()
            lines = (line for line in scope.module.lines if start and start in line)
            return any(maker in line for line in lines for maker in PATHS)
    return False


class ModuleTableEdit(StateRule):
    """A test replaces, removes or reloads a module, and nothing puts the old one back.

    Why it breaks:
    Every `import` reads `sys.modules`. A stub that stays there is what all later tests import; a removed module is
    imported a second time, so that there are two copies of its classes and of its state; `importlib.reload` runs a
    module again in place and resets what other tests rely on. `isinstance` checks and patches then miss for no visible
    reason.

    Do this instead:
    Use `monkeypatch.setitem(sys.modules, ...)` and `monkeypatch.delitem(sys.modules, ...)`, or
    `mock.patch.dict(sys.modules, {...})`, which also takes out what was imported in its block. After a reload, reload
    once more in a `finally` or after the fixture's `yield`, when what the module read is back to normal.

    Options:
    Edits at import time of a `conftest.py` are reported only when the `project` preset is selected.

    Limits:
    An entry for a module that `importlib.util.module_from_spec` made counts as an import, and a module that a test
    imports for the first time is no finding. Removing a module that the same function has imported, or that an
    assertion above has looked at, is taken for cleaning up. A module that is popped to be imported afresh below counts
    even with a default (`pop("app", None)`): whether an earlier test has imported it cannot be read from one file. An
    autouse fixture that only removes a module which its file imports nowhere (`sys.modules.pop("target", None)`) is
    taken for a reset. A module of the standard library that hardly anybody imports, and the file nowhere but in its
    tests, is held by nobody if it is there at all: that a test makes sure of it (`if "chunk" in sys.modules: del ...`)
    counts with the `project` preset. A module that a function is handed, by a fixture or its caller, may be one that
    was made for the test: its reload is left alone. So is that of a module which only imports what others define, and
    of one that defines plain functions besides, unless something is patched above. In code under test only what
    certainly runs for the named test counts: not what stands below a condition that cannot be read from the call, nor
    what a call inside `pytest.raises` makes. The guard sees the rest.
    """

    code = "HRM104"
    name = "module-table-edit"
    symptoms = (
        "isinstance fails although the class looks the same",
        "a patch has no effect, because the module was loaded twice",
        "ModuleNotFoundError or a stub in place of a module, after another test",
    )
    repair = "use monkeypatch.setitem/delitem(sys.modules, ...), or patch.dict(sys.modules)"
    fixed_by = "hermetic.repair.module_table"
    claims = (LINT, GUARD)
    message = "{what} is changed {where} and not put back"
    late_message = "{what} is changed {where} and put back only when nothing fails in between"
    tokens = (b"modules", b"reload")
    related = ("HRM103", "HRM308")
    states = (
        TABLE,
        LoadedModule(
            "module",
            calls=("importlib.reload", "imp.reload"),
            words=("reload", "module"),
            keyed=True,
            also=(TABLE,),
        ),
    )

    def subject(self, change: Change) -> str:
        """Name the module that is reloaded."""
        if change.what.endswith(".reload"):
            return f"the module {change.key or 'behind a variable'} ({change.what})"
        return spelled(change.what, change.key)

    def keeps(self, leak: Leak) -> bool:
        """Leave alone the removal of what the function itself has imported, and the reload of what it is handed."""
        change = leak.change
        if change.what.endswith(".reload"):
            return not (is_handed(change) or is_own_reload(change) or gives_the_same(change) or is_again(change))
        if not is_removal(change):
            return True
        imported = {
            key_of(change.scope, call.args[0])
            for name, calls in called(change.scope).items()
            for call in calls
            if name in IMPORTERS and call.args and call.lineno < change.line
        }
        for bindings in change.scope.bindings.values() if leak.root is not None else ():
            imported |= {
                repr(part)
                for binding in bindings
                if binding.kind == "import" and binding.line < change.line
                for part in prefixes(str(binding.value))
            }
        if is_of_own_making(change):
            return False
        return change.key not in imported and not (leak.root is not None and is_imported_here(change))

    bad = (
        Example(
            "a stub takes the place of a module for all later tests",
            {
                "test_optional.py": """
import sys
import types


def test_the_fast_parser_is_used():
    stub = types.ModuleType("json_fast")
    stub.loads = lambda text: "stub"
    sys.modules["json_fast"] = stub  # <- HRM104
    import json_fast

    assert json_fast.loads("{}") == "stub"


def test_the_fast_parser_is_optional():
    try:
        import json_fast
    except ImportError:
        json_fast = None
    assert json_fast is None
"""
            },
        ),
        Example(
            "None blocks an import that the next test needs",
            {
                "test_fallback.py": """
import sys


def test_without_sqlite_there_is_a_message():
    sys.modules["sqlite3"] = None  # <- HRM104
    try:
        import sqlite3
    except ImportError as error:
        assert "sqlite3" in str(error)


def test_a_database_is_opened():
    import sqlite3

    assert sqlite3.connect(":memory:").execute("select 1").fetchone() == (1,)
"""
            },
        ),
        Example(
            "a removed module is imported again, and its classes are no longer the same",
            {
                "test_fresh.py": """
import sys
import uuid


def fresh(name):
    sys.modules.pop(name, None)  # <- HRM104
    return __import__(name)


def test_a_fresh_import_makes_other_keys():
    assert fresh("uuid").uuid4() != uuid.uuid4()


def test_keys_are_uuids():
    from uuid import UUID

    assert isinstance(uuid.uuid4(), UUID)
"""
            },
        ),
        Example(
            "a module is reloaded with a patched environment, and keeps what it read",
            {
                "shop_settings.py": """
import os

CURRENCY = os.environ.get("SHOP_CURRENCY", "EUR")
""",
                "test_currency.py": """
import importlib

import shop_settings


def test_the_currency_is_configurable(monkeypatch):
    monkeypatch.setenv("SHOP_CURRENCY", "USD")
    importlib.reload(shop_settings)  # <- HRM104
    assert shop_settings.CURRENCY == "USD"


def test_prices_are_in_euro():
    assert shop_settings.CURRENCY == "EUR"
""",
            },
        ),
        Example(
            "a test file replaces a heavy dependency when it is imported",
            {
                "test_camera.py": """
import sys
from unittest.mock import MagicMock

sys.modules.setdefault("picamera", MagicMock())  # <- HRM104


def test_a_picture_is_taken():
    import picamera

    picamera.PiCamera().capture("a.jpg")
""",
                "test_camera_missing.py": """
import importlib.util
import sys


def test_the_camera_is_not_installed():
    assert "picamera" not in sys.modules
""",
            },
            claims=(LINT, COLLECTION),
        ),
        Example(
            "a setup removes a module, and no teardown brings it back",
            {
                "test_plugins.py": """
import sys
import unittest

import colorsys


class PluginTest(unittest.TestCase):
    def setUp(self):
        for name in [name for name in sys.modules if name.startswith("colorsys")]:
            sys.modules.pop(name)  # <- HRM104

    def test_the_module_can_be_imported_again(self):
        self.assertTrue(__import__("colorsys").rgb_to_hsv)


def test_there_is_one_copy_of_the_module():
    assert __import__("colorsys") is colorsys
"""
            },
        ),
    )
    good = (
        Example(
            "monkeypatch and patch.dict put the table back",
            {
                "test_optional.py": """
import sys
import types
from unittest import mock


def test_the_fast_parser_is_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "json_faster", types.ModuleType("json_faster"))
    import json_faster

    assert json_faster.__name__ == "json_faster"


def test_without_sqlite_there_is_a_message():
    with mock.patch.dict(sys.modules, {"sqlite3": None}):
        try:
            import sqlite3
        except ImportError as error:
            assert "sqlite3" in str(error)


@mock.patch.dict("sys.modules")
def test_a_stub_in_a_patched_table():
    sys.modules["json_stub"] = types.ModuleType("json_stub")
    import json_stub

    assert json_stub.__name__ == "json_stub"
"""
            },
        ),
        Example(
            "the saved module is put back in a finally, and a reload is repeated when the patch is over",
            {
                "market_settings.py": """
import os

CURRENCY = os.environ.get("MARKET_CURRENCY", "EUR")
""",
                "test_market.py": """
import importlib
import sys

import market_settings
import pytest


@pytest.fixture
def dollars():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARKET_CURRENCY", "USD")
        yield importlib.reload(market_settings)
    importlib.reload(market_settings)


def test_the_currency_is_configurable(dollars):
    assert dollars.CURRENCY == "USD"


def test_prices_are_in_euro():
    assert market_settings.CURRENCY == "EUR"


def test_a_fresh_import_is_another_module():
    saved = sys.modules.pop("market_settings")
    try:
        import market_settings as fresh

        assert fresh is not saved
    finally:
        sys.modules["market_settings"] = saved
""",
            },
        ),
        Example(
            "what the test itself imported is removed again",
            {
                "test_generated.py": """
import importlib
import sys


def test_the_generated_client_can_be_imported(tmp_path, monkeypatch):
    (tmp_path / "generated_client.py").write_text("VERSION = 3")
    monkeypatch.syspath_prepend(tmp_path)
    client = importlib.import_module("generated_client")
    del sys.modules["generated_client"]
    assert client.VERSION == 3
"""
            },
        ),
    )


def prefixes(dotted: str) -> list[str]:
    """Return a dotted name and the packages that importing it imports."""
    parts = dotted.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def lines_that_import(module: Module) -> list[bytes]:
    """Return the lines of a file that import something."""
    return [line for line in module.lines if b"import" in line]


def is_imported_beside(scope: Scope, name: str) -> bool:
    """Tell whether a line of the file imports a module, or may.

    Of the standard library, what a test imports that runs once is its own: when it ends, it holds the module no more.
    """
    lines = lines_that_import(scope.module)
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return name.encode() in b" ".join(lines)
    if is_single_test(scope):
        kept = list(scope.module.lines)
        for test in filter(is_single_test, scope.module.top.functions):
            kept[test.line - 1 : test.last_line] = [b""] * (test.last_line - test.line + 1)
        lines = [line for line in kept if b"import" in line]
    return name.encode() in b" ".join(lines)


def is_single_test(scope: Scope) -> bool:
    """Tell whether a function is a test that nothing decorates, so that it runs once."""
    return roles.role_of(scope) == "test" and not getattr(scope.node, "decorator_list", ())


def is_handed(change: Change) -> bool:
    """Tell whether the module that is reloaded is a parameter of the function, or one of those in a parameter."""
    argument = change.node.args[0] if isinstance(change.node, ast.Call) and change.node.args else None
    found = change.scope.find(argument.id, change.line) if isinstance(argument, ast.Name) else None
    if found is not None and found[0].kind == "for" and isinstance(found[0].value, ast.Name):
        found = change.scope.find(found[0].value.id, change.line)
    return found is not None and found[0].kind == "param"
