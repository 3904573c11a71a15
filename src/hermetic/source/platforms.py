"""Conditions about the interpreter and the platform, answered for the ones that run here."""

from __future__ import annotations

import _ast as ast
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IMPLEMENTATION = sys.implementation.name
ACTUAL = {
    "sys.version_info": sys.version_info,
    "version_info": sys.version_info,
    "sys.platform": sys.platform,
    "os.name": os.name,
    "sys.implementation.name": IMPLEMENTATION,
}
SYSTEMS = {"win32": "Windows", "cygwin": "Windows", "darwin": "Darwin", "linux": "Linux"}
IS_WINDOWS, IS_MAC, IS_LINUX = sys.platform in ("win32", "cygwin"), sys.platform == "darwin", sys.platform == "linux"
USUAL = ("'HOME'", "'PATH'", "'USER'", "'LANG'", "'PWD'", "'SHELL'", "'TERM'")  # variables that most machines set
# Names that suites give to such conditions, in lower case, without `is_` and `on_`.
NAMED = {
    "windows": IS_WINDOWS, "win": IS_WINDOWS, "win32": IS_WINDOWS, "nt": IS_WINDOWS, "running_on_windows": IS_WINDOWS,
    "mac": IS_MAC, "macos": IS_MAC, "osx": IS_MAC, "darwin": IS_MAC, "macosx": IS_MAC,
    "linux": IS_LINUX, "posix": not IS_WINDOWS,
    "pypy": IMPLEMENTATION == "pypy", "cpython": IMPLEMENTATION == "cpython",
    "py2": False, "python2": False, "py3": True, "python3": True, "type_checking": False,
}  # fmt: skip


def holds_here(test: ast.expr) -> bool | None:
    """Return whether a condition about the interpreter or the platform holds here, None for others."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        holds = holds_here(test.operand)
        return None if holds is None else not holds
    if isinstance(test, ast.BoolOp):
        return combined(test)
    if isinstance(test, ast.Constant):
        return bool(test.value)  # `if 0 and broken:`
    if isinstance(test, ast.Compare):
        return compared(test) if len(test.ops) == 1 else None
    if isinstance(test, ast.Call) and getattr(test.func, "attr", "") == "startswith":
        return starts(test)
    name = test.func if isinstance(test, ast.Call) and not test.args else test
    last = str(getattr(name, "attr", getattr(name, "id", ""))).lower().lstrip("_")
    return NAMED.get(last.removeprefix("is_").removeprefix("on_"))


def combined(test: ast.BoolOp) -> bool | None:
    """Answer `a and b` or `a or b`: one operand may decide."""
    answers = [holds_here(item) for item in test.values]
    deciding = isinstance(test.op, ast.Or)
    if deciding in answers:
        return deciding
    return None if None in answers else not deciding


def starts(call: ast.Call) -> bool | None:
    """Answer `sys.platform.startswith("win")`."""
    known = actual(call.func.value) if isinstance(call.func, ast.Attribute) else None
    wanted = constant(call.args[0]) if call.args else None
    if not isinstance(known, str) or not isinstance(wanted, (str, tuple)):
        return None
    return any(
        isinstance(item, str) and known.startswith(item) for item in (wanted if wanted.__class__ is tuple else [wanted])
    )


def actual(node: ast.expr) -> object:
    """Return what an expression is here: `sys.platform`, `sys.version_info[:2]`; None where that is not known."""
    if isinstance(node, ast.Subscript):
        known = actual(node.value)
        if not isinstance(known, tuple):
            return None
        place = node.slice
        if isinstance(place, ast.Slice):
            stop = constant(place.upper)
            return tuple(known)[:stop] if place.lower is None and isinstance(stop, int) else None
        number = constant(place)
        return known[number] if isinstance(number, int) else None
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", "")
        if name == "system":
            return SYSTEMS.get(sys.platform)
        return {"cpython": "CPython", "pypy": "PyPy"}.get(IMPLEMENTATION) if name == "python_implementation" else None
    if isinstance(node, ast.Attribute) and node.attr in ("major", "minor"):
        known = actual(node.value)
        return getattr(known, node.attr, None) if isinstance(known, tuple) else None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return ACTUAL.get(f"{node.value.id}.{node.attr}")
    return ACTUAL.get(node.id) if isinstance(node, ast.Name) else None


def constant(node: ast.expr | None) -> object:
    """Return a written-out constant or tuple of such, None for others."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return tuple(constant(item) for item in node.elts)
    return node.value if isinstance(node, ast.Constant) else None


def compared(test: ast.Compare) -> bool | None:
    """Answer a comparison of such a value with a constant."""
    sign = test.ops[0]
    one: Any = actual(test.left)
    other: Any = constant(test.comparators[0])
    if one is None or other is None:
        return None
    try:
        if isinstance(sign, (ast.Eq, ast.NotEq)):
            return bool(one == other) == isinstance(sign, ast.Eq)
        if isinstance(sign, (ast.In, ast.NotIn)):
            return bool(one in other) == isinstance(sign, ast.In)
        if isinstance(sign, (ast.Lt, ast.GtE)):
            return bool(one < other) == isinstance(sign, ast.Lt)
        if isinstance(sign, (ast.Gt, ast.LtE)):
            return bool(one > other) == isinstance(sign, ast.Gt)
    except TypeError:
        pass
    return None


def asked_of(test: ast.expr) -> str:
    """Return the variable of the environment, in source form, that a condition asks for; "" for other conditions."""
    name: ast.expr | None = None
    test = test.value if isinstance(test, ast.NamedExpr) else test
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In) and is_environ(test.comparators[0]):
        name = test.left
    elif isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.args:
        asks = test.func.attr == "getenv" or (test.func.attr == "get" and is_environ(test.func.value))
        name = test.args[0] if asks else None
    return repr(name.value) if isinstance(name, ast.Constant) else ""


def is_on_demand(test: ast.expr, own: str) -> bool:
    """Tell whether a condition asks for a variable that somebody has to set: not for its own, nor for a usual one."""
    return asked_of(test) not in ("", own, *USUAL)


def is_environ(node: ast.expr) -> bool:
    """Tell whether an expression is `os.environ`."""
    return getattr(node, "attr", getattr(node, "id", "")) == "environ"
