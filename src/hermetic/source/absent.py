"""Whether a file of tests imports what it cannot: a module of its own suite that is nowhere, or from no package.

pytest cannot collect such a file.

Asked is only what is certain by the names on disk. What a build writes or compiles stands beside the code under test,
so a module that is not there counts where the folder that should hold it is one of tests. A name that stands in no
folder of the roots may be installed; it counts where it is one for helpers alone, and nothing in the project has it.
"""

from __future__ import annotations

import _ast as ast
import os
import sys

from hermetic.source.text import contains
from hermetic.source.unreached import FORMER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project

SUITES = frozenset({"test", "tests", "testing"})
HELPERS = frozenset({"tests", "helper", "helpers", "common", "utils"})  # what nobody installs under this name
GENERATED = ("_pb2", "_pb2_grpc", "version", "version_", "version__")  # what a build writes, a folder of tests or not
# By these a package brings names, or looks for modules elsewhere, in ways that its folder does not show.
OPEN = (b"__path__", b"__getattr__", b"import *", b"globals()", b"sys.modules", b"extend_path", b"declare_namespace")
MAX_FOLDERS = 3000
# Where a project says how its tests are run, and what it says there if folders are packages without an `__init__.py`.
RUNS = (
    "Makefile", "makefile", "justfile", "noxfile.py", "tox.ini", ".travis.yml", ".gitlab-ci.yml", "pyproject.toml",
    "pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "setup.cfg", "manage.py",
)  # fmt: skip
WORKFLOWS = os.path.join(".github", "workflows")
AS_PACKAGES = (b"import-mode", b"import_mode", b"namespace_packages", b"unittest", b"manage.py", b"django")


class Imported:
    """One import: the dots in front, the parts of the module's name, and the names that are taken out of it."""

    __slots__ = ("level", "names", "parts")

    def __init__(self, level: int, dotted: str, names: tuple[str, ...]) -> None:
        self.level = level
        self.parts = dotted.split(".") if dotted else []
        self.names = names


def lacks_helpers(module: Module, project: Project) -> bool:
    """Tell whether a file, what it imports of its suite, or a conftest around it imports what is not there."""
    if any(is_broken(item, project, set()) for item in (module, *project.conftests(module.path))):
        return True
    return is_in_no_package(module, project) and not has_packages_without_file(project)


def is_in_no_package(module: Module, project: Project) -> bool:
    """Tell whether a file for pytest imports from its package (`from .helpers import till`), and is in none."""
    if b"pytest" not in module.words:
        return False
    folder, packages = os.path.dirname(os.path.abspath(module.path)), 0
    while "__init__.py" in project.listing(folder):
        folder, packages = os.path.dirname(folder), packages + 1
    return any(item.level > packages for item in imports_of(module))


def has_packages_without_file(project: Project) -> bool:
    """Tell whether the project says how its tests are run, and that folders may be packages without a file for it."""
    known: bool | None = project.seen.get("packages without file")
    if known is None:
        folders = [project.root, *folders_above(project)]
        paths = [os.path.join(folder, name) for folder in folders for name in project.listing(folder) if name in RUNS]
        for folder in (os.path.join(folder, WORKFLOWS) for folder in folders):
            paths += [os.path.join(folder, name) for name in project.listing(folder)]
        known = any(contains(project.read(path) or b"", AS_PACKAGES) for path in paths)
        project.seen["packages without file"] = known
    return known


def is_broken(module: Module, project: Project, seen: set[str]) -> bool:
    """Tell it for one file and what it imports; `seen` are the files that were asked."""
    path = os.path.abspath(module.path)
    known: bool | None = module.top.memo.get("lacks helpers")
    if known is None and path not in seen:
        seen.add(path)
        folder, imports = os.path.dirname(path), list(imports_of(module))
        known = any(is_absent(item, folder, project) for item in imports) or any(
            is_broken(other, project, seen) for item in imports for other in helpers_in(item, folder, project)
        )
        module.top.memo["lacks helpers"] = known
    return bool(known)


def imports_of(module: Module) -> Iterator[Imported]:
    """Yield what a file imports whatever the conditions: at its margin, in no `if`, `try` or function."""
    for statement in module.tree.body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield Imported(0, alias.name, ())
        elif isinstance(statement, ast.ImportFrom):
            names = tuple(alias.name for alias in statement.names)
            yield Imported(statement.level, statement.module or "", names)


def is_absent(item: Imported, near: str, project: Project) -> bool:
    """Tell whether an import leads nowhere, as far as the names of files and folders say."""
    folders = list(starts(item, near, project))
    if folders:
        return all(
            (item.level or is_searched(folder, item.parts[0], near, project)) and is_lacking(folder, item, project)
            for folder in folders
        )
    head = item.parts[0] if item.parts and not item.level else ""
    is_helper = head in HELPERS or head.startswith("test_") or head in FORMER
    return is_helper and head not in sys.stdlib_module_names and is_nowhere(head, project)


def starts(item: Imported, near: str, project: Project) -> Iterator[str]:
    """Yield the folders in which an import is looked up, of those that have the first part of its name."""
    if item.level:
        for _ in range(item.level - 1):
            near = os.path.dirname(near)
        yield near
    elif item.parts[0] not in sys.stdlib_module_names:
        head = item.parts[0]
        yield from (folder for folder in project.roots(near) if project.listing(folder) & {head, f"{head}.py"})


def is_searched(folder: str, head: str, near: str, project: Project) -> bool:
    """Tell whether pytest looks for a package in a folder, and finds it there before one that is installed."""
    while "__init__.py" in project.listing(near):
        near = os.path.dirname(near)
    if folder not in (near, project.root, os.path.join(project.root, "src")):
        return False
    return head in HELPERS or "__init__.py" in project.listing(os.path.join(folder, head))


def is_lacking(folder: str, item: Imported, project: Project) -> bool:
    """Tell whether what is imported stands nowhere below a folder."""
    for part in item.parts:
        names = project.listing(folder)
        if f"{part}.py" in names:
            return False
        if part not in names or not project.listing(os.path.join(folder, part)):
            return is_of_tests(folder, project) and not may_be_made(part, names) and not is_open(folder, project)
        folder = os.path.join(folder, part)
    return is_of_tests(folder, project) and any(is_no_name(name, folder, project) for name in item.names)


def is_no_name(name: str, folder: str, project: Project) -> bool:
    """Tell whether a package has neither a module nor anything else of a name."""
    if name == "*" or may_be_made(name, project.listing(folder)) or is_open(folder, project):
        return False
    text = project.text(os.path.join(folder, "__init__.py"))
    return text is None or name.encode() not in text.words


def may_be_made(name: str, beside: frozenset[str]) -> bool:
    """Tell whether a module is there in another form than Python source, or is one that a build writes."""
    made = name.endswith(GENERATED) or "generated" in name
    return made or any(other.partition(".")[0] == name for other in beside)


def is_open(folder: str, project: Project) -> bool:
    """Tell whether a package may have modules or names from elsewhere."""
    text = project.text(os.path.join(folder, "__init__.py"))
    return text is not None and contains(text.data, OPEN)


def is_of_tests(folder: str, project: Project) -> bool:
    """Tell whether a folder is one of tests: by its name or that of one above it, or since it holds some."""
    below = os.path.relpath(folder, project.root).split(os.sep)
    if not SUITES.isdisjoint(below):
        return True
    names = project.listing(folder)
    if "__init__.py" in names:  # a package of code, with tests beside it
        return False
    return "conftest.py" in names or any(project.is_named_test(os.path.join(folder, name)) for name in names)


def is_nowhere(head: str, project: Project) -> bool:
    """Tell whether no file or folder of the project has a name; the root may be a part of a larger repository."""
    wanted = {head, f"{head}.py"}
    pending, count = [project.root], 0
    while pending:
        folder = pending.pop()
        names = project.listing(folder)
        count += 1
        if wanted & names or count > MAX_FOLDERS:
            return False
        inner = (os.path.join(folder, name) for name in names if not name.startswith(".") and "." not in name)
        pending.extend(path for path in inner if project.has_folder(path) and not os.path.islink(path))
    return not wanted & names_above(project)


def names_above(project: Project) -> set[str]:
    """Return what stands in the folders above the root, up to that of the repository; nothing outside of one."""
    return {name for folder in folders_above(project) for name in project.listing(folder)}


def folders_above(project: Project) -> list[str]:
    """Return the folders above the root, up to that of the repository; none outside of one."""
    folder, found = project.root, list[str]()
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return []
        folder = above
        found.append(folder)
    return found


def helpers_in(item: Imported, near: str, project: Project) -> Iterator[Module]:
    """Yield the files of tests that an import runs."""
    for folder in starts(item, near, project):
        for names in ((), *((name,) for name in item.names)):
            path = os.path.join(folder, *item.parts, *names)
            for file in (f"{path}.py", os.path.join(path, "__init__.py")):
                found = module_at(file, project)
                if found is not None:
                    yield found


def module_at(path: str, project: Project) -> Module | None:
    """Return a file of tests, None where there is none."""
    folder, name = os.path.split(path)
    if name not in project.listing(folder) or not is_of_tests(folder, project):
        return None
    return project.module(path)
