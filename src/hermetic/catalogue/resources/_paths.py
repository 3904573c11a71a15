"""Paths that are written out, as one text by which two spellings of the same place compare equal."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.written import Place, behind, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_STEPS = 12
BACKSLASH = "\\"
FILE, HOME, TEMP = "<file>", "<home>", "<temp>"
MAKERS = ("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "anyio.Path", "trio.Path", "os.fspath", "str",
          "os.fsencode", "os.fsdecode", "py.path.local", "upath.UPath")  # fmt: skip
SAME = ("os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.normcase", "os.path.expandvars",
        "os.path.expanduser")  # fmt: skip
SAME_METHODS = ("resolve", "absolute", "as_posix", "expanduser", "strip")
FOLDERS = {
    "pathlib.Path.cwd": "", "os.getcwd": "", "os.getcwdb": "", "pathlib.Path.home": HOME, "tempfile.gettempdir": TEMP,
}  # fmt: skip
SCHEMES = (":", "file:", "data:")  # of addresses that need no slash
SPECIAL = ("/dev/", "/proc/", "/sys/")
CACHES = frozenset({
    ".cache", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".benchmarks", ".git",
    ".testmondata", ".matplotlib", ".ipython", ".coverage",
})  # fmt: skip


def path_of(place: Place, steps: int = MAX_STEPS) -> str | None:
    """Return the path that an expression gives, None where the run decides; "" is the working folder."""
    if not steps:
        return None
    place = behind(place)
    reader = READ.get(place.node.__class__)
    return reader(place, steps - 1) if reader is not None else text_at(place)


def text_at(place: Place) -> str | None:
    """Return the text of an expression as a path."""
    value = value_of(place)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return normal(value) if isinstance(value, str) else None


def normal(text: str) -> str:
    """Return a path without what changes nothing: `./a//b` is `a/b`."""
    text = text.replace("\\", "/")
    if text.startswith("~"):
        text = HOME + text[1:]
    if text.startswith("/tmp/"):  # noqa: S108 - what others write
        text = TEMP + text[4:]
    parts: list[str] = []
    for part in text.split("/"):
        if part == ".." and parts and parts[-1] not in ("..", FILE, HOME, TEMP, ""):
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return ("/" if text.startswith("/") else "") + "/".join(parts)


def joined(first: str | None, *others: str | None) -> str | None:
    """Return parts of a path put together, None where one is not known."""
    path = first
    for other in others:
        if path is None or other is None:
            return None
        path = other if other.startswith(("/", FILE, HOME, TEMP)) or not path else f"{path}/{other}"
    return normal(path) if path is not None else None


def above(path: str | None) -> str | None:
    """Return the folder that holds a path."""
    if path is None or not path:
        return path
    return path.rpartition("/")[0]


def from_name(place: Place, _steps: int) -> str | None:
    """Read `__file__`; other names have been followed."""
    node = place.node
    if not isinstance(node, ast.Name) or node.id != "__file__":
        return None
    return f"{FILE}/{place.scope.module.path.replace(BACKSLASH, '/').rpartition('/')[2]}"


def from_division(place: Place, steps: int) -> str | None:
    """Read `folder / name`."""
    node = place.node
    assert isinstance(node, ast.BinOp)  # noqa: S101 - for the type checker
    if not isinstance(node.op, ast.Div):
        return text_at(place)
    return joined(path_of(place.at(node.left), steps), path_of(place.at(node.right), steps))


def from_attribute(place: Place, steps: int) -> str | None:
    """Read `path.parent`."""
    node = place.node
    assert isinstance(node, ast.Attribute)  # noqa: S101 - for the type checker
    return above(path_of(place.at(node.value), steps)) if node.attr == "parent" else None


def from_item(place: Place, steps: int) -> str | None:
    """Read `path.parents[1]`."""
    node = place.node
    assert isinstance(node, ast.Subscript)  # noqa: S101 - for the type checker
    number = value_of(place.at(node.slice))
    if not isinstance(node.value, ast.Attribute) or node.value.attr != "parents" or not isinstance(number, int):
        return None
    path = path_of(place.at(node.value.value), steps)
    for _ in range(number + 1):
        path = above(path)
    return path


def from_call(place: Place, steps: int) -> str | None:
    """Read the calls that make paths, join them, or give the same one in another form."""
    call = place.node
    assert isinstance(call, ast.Call)  # noqa: S101 - for the type checker
    name = resolve(place.scope, call.func)
    if name in FOLDERS:
        return FOLDERS[name]
    given = [path_of(place.at(item), steps) for item in call.args]
    if name in MAKERS or name == "os.path.join":
        return joined(*given) if given else ""
    if name in SAME or name == "os.path.dirname":
        only = given[0] if given else None
        return above(only) if name == "os.path.dirname" else only
    return from_method(place, call, given, steps) if isinstance(call.func, ast.Attribute) else text_at(place)


def from_method(place: Place, call: ast.Call, given: list[str | None], steps: int) -> str | None:
    """Read a method of a path that gives another one."""
    function = call.func
    assert isinstance(function, ast.Attribute)  # noqa: S101 - for the type checker
    if function.attr in SAME_METHODS:
        return path_of(place.at(function.value), steps)
    if function.attr == "joinpath":
        return joined(path_of(place.at(function.value), steps), *given)
    if function.attr in ("with_name", "with_suffix") and given and given[0] is not None:
        base = path_of(place.at(function.value), steps)
        return renamed(base, given[0], function.attr) if base is not None else None
    return text_at(place)


def renamed(base: str, given: str, method: str) -> str:
    """Return a path with another last name or suffix."""
    folder, slash, last = base.rpartition("/")
    return folder + slash + (given if method == "with_name" else last.rpartition(".")[0] + given)


READ: dict[type, Callable[[Place, int], str | None]] = {
    ast.Name: from_name,
    ast.BinOp: from_division,
    ast.Attribute: from_attribute,
    ast.Subscript: from_item,
    ast.Call: from_call,
}


def is_file(path: str | None) -> bool:
    """Tell whether a path is a place that stays, and no cache: what is there was not announced as temporary."""
    if not path or path.startswith(SPECIAL) or ":/" in path or "*" in path or path.startswith(SCHEMES):
        return False
    return not any(part in CACHES or part.endswith("_cache") for part in path.split("/"))


def is_relative(path: str) -> bool:
    """Tell whether a path depends on the working folder."""
    return not path.startswith(("/", FILE, HOME, TEMP))


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path lies in a folder."""
    return path.startswith(f"{folder}/")
