"""Which path a call writes, or removes."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.catalogue.resources._paths import FILE, is_relative, path_of
from hermetic.source.blocks import kept_between
from hermetic.source.names import resolve
from hermetic.source.platforms import asked_of
from hermetic.source.spelling import spelled
from hermetic.source.values import UNKNOWN
from hermetic.source.written import Place, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope
    from hermetic.source.visits import Visit

# Functions -> the place among their arguments of what they write.
WRITERS = {
    "os.mkdir": 0, "os.makedirs": 0, "os.mkfifo": 0, "os.symlink": 1, "os.link": 1, "os.rename": 1, "os.renames": 1,
    "os.replace": 1, "shutil.copy": 1, "shutil.copy2": 1, "shutil.copyfile": 1, "shutil.copytree": 1, "shutil.move": 1,
    "shutil.make_archive": 0, "shutil.unpack_archive": 1, "logging.FileHandler": 0, "numpy.save": 0, "numpy.savez": 0,
    "numpy.savetxt": 0, "logging.handlers.RotatingFileHandler": 0, "logging.handlers.TimedRotatingFileHandler": 0,
    "matplotlib.pyplot.savefig": 0, "joblib.dump": 1, "torch.save": 1, "urllib.request.urlretrieve": 1,
    "shelve.open": 0, "dbm.open": 0, "dbm.dumb.open": 0, "distutils.dir_util.mkpath": 0,
}  # fmt: skip
# Functions that open a file -> the place of the mode. What `mode` means is the same for all.
OPENERS = {
    "open": 1, "io.open": 1, "codecs.open": 1, "gzip.open": 1, "bz2.open": 1, "lzma.open": 1, "aiofiles.open": 1,
    "zipfile.ZipFile": 1, "tarfile.open": 1, "gzip.GzipFile": 1, "anyio.open_file": 1, "trio.open_file": 1,
    "builtins.open": 1, "pathlib.Path.open": 1,
}  # fmt: skip
PATH_NAMES = ("file", "filename", "path", "name", "dst", "fname")
METHODS = ("write_text", "write_bytes", "touch", "mkdir", "symlink_to", "hardlink_to", "mkfifo")  # of a path
MOVERS = ("rename", "replace")  # of a path, to what they are given
SAVERS = ("to_csv", "to_json", "to_parquet", "to_pickle", "to_excel", "to_feather", "savefig")
REMOVERS = ("os.remove", "os.unlink", "os.rmdir", "os.removedirs", "shutil.rmtree", "os.rename", "os.replace",
            "shutil.move", "os.renames", "pathlib.Path.unlink", "pathlib.Path.rmdir", "send2trash.send2trash",
            "distutils.dir_util.remove_tree", "aiofiles.os.remove", "aiofiles.os.unlink", "aiofiles.os.rmdir",
            "aiofiles.os.removedirs", "aiofiles.os.rename", "aiofiles.os.renames", "aiofiles.os.replace",
            "aioshutil.rmtree", "aioshutil.move")  # fmt: skip
REMOVING = ("unlink", "rmdir", "rename", "replace", "remove", "rmtree")  # methods of a path
MAKING = (".mkdir", ".makedirs")
EXISTENCE = frozenset({"exists", "isdir", "is_dir", "isfile", "is_file"})
READING = ("read", "load", "seek", "tell", "fileno")  # how methods and functions start that only read a file
WRITING = (*WRITERS, *OPENERS, "logging.basicConfig")  # functions
WRITING_METHODS = (*METHODS, *MOVERS, *SAVERS, "open")


def path_written(visit: Visit, name: str) -> str | None:
    """Return the path that a call writes, None for none, or one that the run decides."""
    call = visit.call
    here = Place(visit.scope, call, visit.before)
    keywords = {item.arg: item.value for item in call.keywords}
    target: ast.expr | None = None
    if name in OPENERS and "fileobj" in keywords:
        return None  # what is given is written, and nothing is opened
    if name in OPENERS:
        target = first(call, keywords, 0) if writes(here, call, keywords, OPENERS[name]) else None
    elif name in WRITERS:
        target = first(call, keywords, WRITERS[name])
    elif name == "logging.basicConfig":
        target = keywords.get("filename") if "force" in keywords else None  # else pytest's handlers are there
    elif isinstance(call.func, ast.Attribute):
        target = of_method(here, call, keywords)
    return path_of(here.at(target)) if target is not None else None


def first(call: ast.Call, keywords: dict[str | None, ast.expr], place: int) -> ast.expr | None:
    """Return the argument at a place, or the one whose name says that it is the path."""
    if len(call.args) > place:
        return call.args[place]
    return next((keywords[name] for name in PATH_NAMES if name in keywords), None)


def of_method(here: Place, call: ast.Call, keywords: dict[str | None, ast.expr]) -> ast.expr | None:
    """Return what a method writes: the path that it belongs to, or that it is given."""
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 - for the type checker
    owner, method = call.func.value, call.func.attr
    if method in METHODS:
        return owner if not isinstance(value_of(here.at(owner)), (str, bytes)) else None
    if method == "open":
        return owner if writes(here, call, keywords, 0) and not isinstance(value_of(here.at(owner)), str) else None
    if method in MOVERS and len(call.args) == 1 and path_of(here.at(owner)) is not None:
        return call.args[0] if value_of(here.at(owner)) is UNKNOWN else None
    return call.args[0] if method in SAVERS and call.args and not is_module(here.scope, owner) else None


def is_module(scope: Scope, expression: ast.expr) -> bool:
    """Tell whether an expression is a module that the file imports: its `to_json` is a function, not a method."""
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    found = scope.find(expression.id, expression.lineno) if isinstance(expression, ast.Name) else None
    return found is not None and found[0].kind == "import"


def writes(here: Place, call: ast.Call, keywords: dict[str | None, ast.expr], place: int) -> bool:
    """Tell whether the mode of a call that opens a file writes."""
    mode = call.args[place] if len(call.args) > place else keywords.get("mode")
    value = value_of(here.at(mode)) if mode is not None else ""
    if not isinstance(value, str) or value.startswith("r:") or not any(sign in value for sign in "wax+"):
        return False
    return not (value.startswith("r") and is_only_read(here.scope, call))


def is_only_read(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a block that opens a file with `r+`, which makes none, only reads it."""
    item = scope.parents.get(call)
    block = scope.parents.get(item) if isinstance(item, ast.withitem) else None
    name = getattr(item.optional_vars, "id", "") if isinstance(item, ast.withitem) else ""
    if not isinstance(block, (ast.With, ast.AsyncWith)) or not name:
        return False
    inside = kept_between(scope, block.lineno + 1, block.end_lineno or 0, ast.Call)
    used = [use for use in inside if name in spelled(use).split()]
    return bool(used) and all(is_reading(use) for use in used)


def is_reading(call: ast.Call) -> bool:
    """Tell whether a call only reads the file that it is given, or whose method it is; `mmap` has to be told so."""
    name = getattr(call.func, "attr", "")
    if name != "mmap":
        return name.startswith(READING)
    return any(getattr(item.value, "attr", "") == "ACCESS_READ" for item in call.keywords)


def is_there(visit: Visit, path: str) -> bool:
    """Tell whether a call makes sure of a folder that stands beside its file already."""
    if is_made_if_missing(visit) and is_in_root(visit, path):
        return True
    asks = any(item.arg == "exist_ok" and getattr(item.value, "value", False) is True for item in visit.call.keywords)
    if not path.startswith(f"{FILE}/") or not (asks or is_let_be(visit)):
        return False
    modules = {item.scope.module: None for item in (visit, *visit.chain())}
    folders = [(module, os.path.join(module.folder, path.removeprefix(f"{FILE}/"))) for module in modules]
    return any(
        os.path.isdir(folder) if module.project is None else module.project.has_folder(folder)
        for module, folder in folders
    )


def is_on_request(visit: Visit) -> bool:
    """Tell whether a call is made only for who sets a variable: `if os.environ.get("UPDATE_SNAPSHOTS"):`."""
    return any(
        isinstance(parent, ast.If) and child in parent.body and bool(asked_of(parent.test))
        for child, parent in visit.scope.ancestors(visit.call)
    )


def is_made_if_missing(visit: Visit) -> bool:
    """Tell whether a call stands where something is missing: below `if not exists(path):`, or the `else` of one."""
    for child, parent in visit.scope.ancestors(visit.call):
        if isinstance(parent, ast.If):
            denied = isinstance(parent.test, ast.UnaryOp) and isinstance(parent.test.op, ast.Not)
            asked = parent.test.operand if isinstance(parent.test, ast.UnaryOp) and denied else parent.test
            asks = isinstance(asked, ast.Call) and getattr(asked.func, "attr", "") in EXISTENCE
            if asks and child in (parent.body if denied else parent.orelse):
                return True
    return False


def folders_above(folder: str, root: str) -> Iterator[str]:
    """Yield a folder, and those above it that lie below the root."""
    while folder.startswith(f"{root}{os.sep}"):
        yield folder
        folder = os.path.dirname(folder)


def is_in_root(visit: Visit, path: str) -> bool:
    """Tell whether a path is there: beside its file, or below a folder where tests are run: the root, or their own."""
    project = visit.scope.module.project
    if project is None or not (path.startswith(f"{FILE}/") or is_relative(path)):
        return False
    folders = {item.scope.module.folder for item in visit.chain()}
    if not path.startswith(f"{FILE}/"):
        folders = {project.root, *folders_above(visit.root.module.folder, project.root)}
    files = [os.path.join(folder, path.removeprefix(f"{FILE}/")) for folder in folders]
    return any(os.path.basename(file) in project.listing(os.path.dirname(file)) for file in files)


def is_let_be(visit: Visit) -> bool:
    """Tell whether a folder is made in a `try` that lets be that it is there: `except OSError: pass`."""
    if not resolve(visit.scope, visit.call.func).endswith(MAKING):
        return False
    return any(
        isinstance(parent, ast.Try)
        and child in parent.body
        and any(getattr(handler.type, "id", "") in ("OSError", "FileExistsError") for handler in parent.handlers)
        for child, parent in visit.scope.ancestors(visit.call)
    )


def is_named_remover(name: str) -> bool:
    """Tell whether a function, of the suite or of a library, removes what it is given, by its name."""
    return not name.startswith(("@", "[")) and "(" not in name and name.rpartition(".")[2] in ("unlink", "rmtree")


def is_parameter(scope: Scope, expression: ast.expr) -> bool:
    """Tell whether a name is that of a parameter, which callers may give another value than its default."""
    found = scope.find(expression.id, expression.lineno) if isinstance(expression, ast.Name) else None
    return found is not None and found[0].kind == "param"


def path_removed(scope: Scope, call: ast.Call, name: str) -> tuple[bool, str | None]:
    """Return whether a call removes something, and the path, None for one that the run decides."""
    here = Place(scope, call)
    if name in REMOVERS or (call.args and is_named_remover(name)):
        known = bool(call.args) and not is_parameter(scope, call.args[0])
        return True, path_of(here.at(call.args[0])) if known else None
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in (*REMOVING, "cleanup"):
        return False, None
    if call.func.attr in ("replace", "remove") and (len(call.args) != 1 or call.func.attr == "remove"):
        return not call.args, None
    return True, path_of(here.at(call.func.value))
