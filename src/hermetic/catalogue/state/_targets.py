"""What an assignment to an attribute sets: a function or class, data of a class, or data of a module."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue._containers import LITERALS, MAKERS
from hermetic.source.callee import CASTS, find_class
from hermetic.source.changes import import_time
from hermetic.source.names import resolve
from hermetic.source.roles import is_conftest
from hermetic.source.scope import FUNCTIONS, Scope
from hermetic.source.values import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Binding

REPLACED, CLASS_STATE, MODULE_STATE = "HRM308", "HRM603", "HRM601"
MOCKS = ("Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock", "create_autospec", "partial",
         "staticmethod", "classmethod", "property", "PropertyMock", "stub", "mock_open")  # fmt: skip
# Their attributes are the business of other rules, or of nobody.
OTHERS = ("sys", "builtins", "logging", "warnings", "os.environ", "pytest", "gc", "signal", "locale", "threading",
          "__main__", "multiprocessing", "socket.setdefaulttimeout", "django.conf.settings", "matplotlib")  # fmt: skip
# Stand-ins for an object that goes with its request or application context.
OF_CONTEXT = frozenset({"flask.g", "flask.session", "flask.request", "quart.g", "quart.session", "quart.request"})
DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
FOLLOWED = 4
HOOKS = ("pytest_configure", "pytest_sessionstart", "pytest_load_initial_conftests")  # run before the first test
IN_ITS_PLACE = b"sys.modules[__name__] ="  # another object than the module, which takes attributes as it likes


def code_of(scope: Scope, base: str, name: str, value: ast.expr | None, project: Project) -> str:
    """Return the rule whose business it is that `base.name` is set to a value, "" for an object of the test's own."""
    if not base or base[0] in "@[" or any(mark in base for mark in "([<") or name.startswith("__"):
        return ""
    if base[0] == ".":
        found = scope.module.top.find(base[1:]) if "." not in base[1:] else None
        cls = found[0].value if found is not None and found[0].kind == "class" else None
        return of_class(scope, cls, name, value, project) if isinstance(cls, Scope) else ""
    if base in OTHERS or base in OF_CONTEXT or base.startswith(tuple(f"{other}." for other in OTHERS)):
        return ""
    located = project.locate(base, scope.module.folder)
    bound = project.binding(base, scope.module.folder)
    if located is not None and not located[1]:
        module = project.module(located[0])
        if module is not None and IN_ITS_PLACE in module.data:
            return ""
        return of_module(scope, module.top.bindings.get(name, [None])[-1] if module is not None else None, value)
    if bound is not None and bound[0].kind == "class" and isinstance(bound[0].value, Scope):
        return of_class(scope, bound[0].value, name, value, project)
    held = bound[0].kind == "assign" if bound is not None else is_held(scope, base, project)
    if held and bound is not None and says_what_setting_does(bound[0].value, bound[1], project):
        return ""
    library = located is None and is_imported(scope, base)
    return REPLACED if (held or library) and is_callable(scope, value) else ""


def says_what_setting_does(value: object, where: Scope, project: Project) -> bool:
    """Tell whether the class of an object of the project has a `__setattr__`, which may keep the value elsewhere."""
    cls = find_class(where, value.func) if isinstance(value, ast.Call) else None
    return cls is not None and any("__setattr__" in level.bindings for level in project.lineage(cls))


def is_held(scope: Scope, base: str, project: Project) -> bool:
    """Tell whether a dotted name reaches into an object that a module of the project holds: `shop.clerk.till`."""
    while "." in base:
        base = base.rpartition(".")[0]
        bound = project.binding(base, scope.module.folder)
        if bound is not None:
            return bound[0].kind == "assign" and isinstance(bound[0].value, ast.Call)
    return False


def is_imported(scope: Scope, base: str) -> bool:
    """Tell whether a dotted name starts with something that is imported in a scope, and not with a builtin."""
    current: Scope | None = scope
    first = base.partition(".")[0]
    while current is not None:
        for bindings in current.bindings.values():
            if any(item.kind == "import" and str(item.value).partition(".")[0] == first for item in bindings):
                return True
        current = current.parent
    return False


def of_module(scope: Scope, binding: Binding | None, value: ast.expr | None) -> str:
    """Return the rule for a name of a module of the project."""
    if binding is not None and binding.kind in ("def", "class", "import"):
        return REPLACED
    if is_mock(scope, value) or (binding is None and is_callable(scope, value)):
        return REPLACED
    if binding is not None and isinstance(binding.value, ast.Lambda):
        return REPLACED
    return MODULE_STATE if binding is not None else ""


def of_class(scope: Scope, cls: Scope, name: str, value: ast.expr | None, project: Project) -> str:
    """Return the rule for an attribute of a class of the project; one that is defined in a function is the test's."""
    if cls.parent is not None and cls.parent.is_function:
        return ""
    lineage = project.lineage(cls)
    for level in lineage:
        found = level.bindings.get(name)
        if found:
            defined = found[-1].kind in ("def", "class") or isinstance(found[-1].value, ast.Lambda)
            return REPLACED if defined or is_mock(scope, value) else CLASS_STATE
    keywords = (item for level in lineage for item in getattr(level.node, "keywords", ()))
    if any(item.arg == "metaclass" for item in keywords):
        return ""  # which may have a property of that name
    return REPLACED if is_callable(scope, value) else CLASS_STATE


def is_mock(scope: Scope, value: ast.expr | None) -> bool:
    """Tell whether a value is a mock, or a function made by a call."""
    return isinstance(value, ast.Call) and resolve(scope, value.func).rpartition(".")[2] in MOCKS


def is_callable(scope: Scope, value: ast.expr | None, steps: int = FOLLOWED) -> bool:
    """Tell whether a value is a function, a class, a method or a mock, as far as the source says it."""
    if isinstance(value, ast.Lambda) or is_mock(scope, value):
        return True
    if isinstance(value, ast.Name):
        found = scope.find(value.id, value.lineno)
        if found is None:
            return False
        binding, where = found
        if binding.kind == "import":
            project = scope.module.project
            near = where.module.folder
            return project is not None and project.definition(str(binding.value), near) is not None
        if isinstance(binding.value, Scope):
            return True
        inner = binding.value if binding.kind == "assign" and isinstance(binding.value, ast.expr) else None
        return steps > 0 and is_callable(where, inner, steps - 1)
    return isinstance(value, ast.Attribute) and is_method(scope, value)


def is_method(scope: Scope, value: ast.Attribute) -> bool:
    """Tell whether an attribute is a method: of a list or another container that was made here, or of the class."""
    if value.attr in ("append", "add", "extend", "update", "put", "put_nowait", "appendleft"):
        return True
    name = resolve(scope, value)
    project = scope.module.project
    found = project.definition(name, scope.module.folder) if project is not None and "." in name.strip(".") else None
    return found is not None and isinstance(found.node, (*FUNCTIONS, ast.ClassDef))


def container_kind(scope: Scope, value: object) -> str:
    """Return the kind of container that an expression makes, "" for none."""
    if not isinstance(value, ast.expr):
        return ""
    if isinstance(value, ast.Call):
        kind = MAKERS.get(resolve(scope, value.func), "")
        return kind if kind not in ("object", "tuple") else ""
    kind = LITERALS.get(value.__class__, "")
    return "" if kind == "tuple" else kind


def tried(scope: Scope, name: str) -> Iterator[ast.expr]:
    """Yield what a module binds a name to in the body of a `try`."""
    for statement in getattr(scope.node, "body", ()):
        for item in (*statement.body, *statement.orelse) if isinstance(statement, ast.Try) else ():
            if isinstance(item, ast.Assign) and any(getattr(target, "id", "") == name for target in item.targets):
                yield item.value


def is_initial(scope: Scope, dotted: str, value: ast.expr, project: Project) -> bool:
    """Tell whether a value is the one that a name has when the tests begin: to set it is a reset.

    It has the one with which it is defined, or one that the packages of the tests or a conftest set when they are
    imported. That is a constant, the same name, or an object that the same call makes of the same constants.
    """
    defined = origin(scope, dotted, project)
    if is_same(scope, value, *defined) or is_imported_there(scope, dotted, value, project):
        return True
    return any(is_same(scope, value, *given) for given in set_at_import(scope.module, dotted, project))


def is_imported_there(scope: Scope, dotted: str, value: ast.expr, project: Project) -> bool:
    """Tell whether a module imports under a name the very thing that it is set to."""
    owner, _, name = dotted.rpartition(".")
    path = project.file_of(owner, scope.module.folder) if owner else None
    module = project.module(path) if path is not None else None
    bound = module.top.bindings.get(name, []) if module is not None else []
    given = resolve(scope, value) if bound else ""
    return any(item.kind == "import" and str(item.value) == given for item in bound)


def set_at_import(module: Module, dotted: str, project: Project) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield what files that are imported before a test file assign to an attribute of another module or class.

    Hooks of a conftest that run before the tests count, too.
    """
    last = dotted.rpartition(".")[2].encode()
    for other in project.imported_before(module, last):
        hooks = (
            [other.load(item) for item in other.top.functions if item.name in HOOKS] if is_conftest(other.path) else []
        )
        for scope in (import_time(other.top)[0], *hooks):
            for node in scope.kept(ast.Assign):
                if any(isinstance(item, ast.Attribute) and resolve(scope, item) == dotted for item in node.targets):
                    yield scope, node.value


def is_same(scope: Scope, value: ast.expr, where: Scope, first: object) -> bool:
    """Tell whether two expressions, each read in its scope, give the same constant, thing, or kind of object."""
    if isinstance(first, ast.Call) and len(first.args) > 1 and resolve(where, first.func) in CASTS:
        first = first.args[1]
    if isinstance(first, ast.Subscript):
        first = looked_up(where, first)
    if isinstance(value, ast.Constant) and isinstance(first, (ast.Call, ast.Compare, ast.UnaryOp)):
        from hermetic.catalogue.state._unset import unset_value

        return same(value.value, unset_value(where, first))
    if isinstance(value, ast.Constant) and isinstance(first, ast.Constant):
        return same_literal(value, first)
    if isinstance(value, ast.Call) and isinstance(first, ast.Call):
        return made_alike(value, first)
    if isinstance(value, DISPLAYS) and value.__class__ is first.__class__:
        mine, others = items_of(value), items_of(first)
        return len(mine) == len(others) and all(map(lambda one, other: is_same(scope, one, where, other), mine, others))
    names = (ast.Name, ast.Attribute)
    if not isinstance(value, names) or not isinstance(first, names):
        return False
    return last_part(value) == last_part(first) or resolve(scope, value) == resolve(where, first) != ""


def looked_up(scope: Scope, item: ast.Subscript) -> ast.expr:
    """Return what a table that the same file writes out holds under a constant: `DEFAULTS["page"]`."""
    found = scope.find(item.value.id, item.lineno) if isinstance(item.value, ast.Name) else None
    table = found[0].value if found is not None else None
    pairs = zip(table.keys, table.values, strict=True) if isinstance(table, ast.Dict) else ()
    return next((value for key, value in pairs if key is not None and same_literal(key, item.slice)), item)


def same_literal(one: ast.expr, other: ast.expr) -> bool:
    """Tell whether two expressions write out the same constant, list, tuple, set or dictionary."""
    if isinstance(one, ast.Constant) and isinstance(other, ast.Constant):
        return same(one.value, other.value)
    if one.__class__ is not other.__class__ or not isinstance(one, DISPLAYS):
        return False
    mine, others = items_of(one), items_of(other)
    return len(mine) == len(others) and all(map(same_literal, mine, others))


def items_of(literal: ast.expr) -> list[ast.expr]:
    """Return the items of a list, tuple or set that is written out; of a dictionary the keys, then the values."""
    if isinstance(literal, ast.Dict):
        return [item for item in (*literal.keys, *literal.values) if item is not None]
    return list(getattr(literal, "elts", ()))


def made_alike(one: ast.Call, other: ast.Call) -> bool:
    """Tell whether two calls make the same kind of object of the same constants."""
    return given(one) == given(other) is not None and last_part(one.func) == last_part(other.func) != ""


def given(call: ast.Call) -> list[tuple[str | None, tuple[str, type, object]]] | None:
    """Return the constants that a call is given, with their names, None where it is given something else."""
    pairs = [*((None, item) for item in call.args), *((item.arg, item.value) for item in call.keywords)]
    constants = [(name, constant) for name, item in pairs if (constant := constant_of(item)) is not None]
    return constants if len(constants) == len(pairs) else None


def constant_of(value: ast.expr) -> tuple[str, type, object] | None:
    """Return a constant by its type and value, with what is around it: `-1`, or a function that returns it."""
    around = ""
    while isinstance(value, (ast.Lambda, ast.UnaryOp)):
        around += value.op.__class__.__name__ if isinstance(value, ast.UnaryOp) else value.__class__.__name__
        value = value.operand if isinstance(value, ast.UnaryOp) else value.body
    return (around, type(value.value), value.value) if isinstance(value, ast.Constant) else None


def last_part(expression: ast.expr) -> str:
    """Return the last part of a dotted name, "" for other expressions."""
    return str(getattr(expression, "attr", getattr(expression, "id", "")))


def initial(scope: Scope, dotted: str, project: Project) -> object:
    """Return the expression to which a module or class binds a name, None where it cannot be found."""
    return origin(scope, dotted, project)[1]


def origin(scope: Scope, dotted: str, project: Project) -> tuple[Scope, object]:
    """Return where a module or class binds a name, and the expression, None where it cannot be found.

    Where it is bound again in a `try` (`FAST = True` below `import speedups`), that counts, and not the fallback.
    """
    found = project.binding(dotted, scope.module.folder)
    if found is not None:
        binding, where = found  # which may have another name there: `from shop import _till as till`
        named = ((name, items[0]) for name, items in where.bindings.items() if binding in items)
        name, first = next(named, ("", binding))
        return where, next(tried(where, name), first.value)
    owner, _, name = dotted.rpartition(".")
    cls = project.definition(owner, scope.module.folder)
    for level in project.lineage(cls) if cls is not None and cls.is_class else ():
        if name in level.bindings:
            return level, level.bindings[name][0].value
    return scope, None
