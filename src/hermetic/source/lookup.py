"""What a dotted name means in a project: the file, function, class or value behind it. Nothing is imported."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source.files import Files
from hermetic.source.names import MAX_BASES, resolve
from hermetic.source.scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.module import Module
    from hermetic.source.scope import Binding

MAX_HOPS = 4  # re-exports of re-exports
MAX_STARS = 40  # files behind the stars of one


class Lookup(Files):
    """Names, looked up as files below the roots and in what those files bind."""

    def __init__(self, root: str, python_files: tuple[str, ...]) -> None:
        super().__init__(root, python_files)
        self._files: dict[tuple[str, str], tuple[str, str] | None] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        self._sources: dict[str, str | None] = {}
        self._own: dict[tuple[str, str], bool] = {}
        # What dotted names are bound to, by (name, folder); forgotten with the files.
        self._bindings: dict[tuple[str, str], tuple[Binding, Scope] | None] = {}

    def forget_worked_out(self) -> None:
        """Forget what names are bound to."""
        self._bindings = {}

    def is_own(self, head: str, near: str) -> bool:
        """Tell whether the first part of a dotted name (b"" where it is relative) stands below the roots."""
        known = self._own.get((near, head))
        if known is None:
            known = not head or any(
                head in names or f"{head}.py" in names for names in map(self.listing, self.roots(near))
            )
            self._own[near, head] = known
        return known

    def roots(self, near: str) -> tuple[str, ...]:
        """Return the folders in which an import made in the folder `near` is looked up, nearest first."""
        if near not in self._roots:
            folders = [near]
            while folders[-1] != self.root and folders[-1].startswith(self.root + os.sep):
                folders.append(os.path.dirname(folders[-1]))
            if self.root not in folders:
                folders.append(self.root)
            if "src" in self.listing(self.root):
                folders.append(os.path.join(self.root, "src"))
            self._roots[near] = tuple(folders)
        return self._roots[near]

    def file_of(self, dotted: str, near: str) -> str | None:
        """Return the file of a module by its dotted name, None when it is not one of the project's."""
        head, _, _ = dotted.partition(".")
        for folder in self.roots(near):
            names = self.listing(folder)
            if head not in names and f"{head}.py" not in names:
                continue
            base = os.path.join(folder, *dotted.split("."))
            beside, last = self.listing(os.path.dirname(base)), os.path.basename(base)
            found = f"{base}.py" if f"{last}.py" in beside else ""
            if not found and (last in beside or not last) and "__init__.py" in self.listing(base):
                found = os.path.join(base, "__init__.py")
            if found:
                self.found.add(found)
                return found
        return None

    def locate(self, dotted: str, near: str) -> tuple[str, str] | None:
        """Split a dotted name into a project file and the name inside it ("" for the module itself)."""
        key = (near, dotted)
        if key not in self._files:
            path, name = self.file_of(dotted, near), ""
            if path is None and "." in dotted:
                base, _, name = dotted.rpartition(".")
                path = self.file_of(base, near)
            self._files[key] = (path, name) if path is not None else None
        return self._files[key]

    def source_of(self, dotted: str, near: str) -> str | None:
        """Return the file that defines a dotted name, behind the packages that only pass it on; None for others'."""
        key = f"{near}\0{dotted}"
        if key not in self._sources:
            self._sources[key] = self._source_of(dotted, near)
        return self._sources[key]

    def _source_of(self, dotted: str, near: str) -> str | None:
        path: str | None = None
        for _ in range(MAX_HOPS):
            located = self.locate(dotted, near)
            if located is None:
                return path
            path, name = located
            module = self.module(path) if name and os.path.basename(path) == "__init__.py" else None
            passed = module.top.bindings.get(name) if module is not None else None
            if not passed or passed[-1].kind != "import":
                return path
            dotted, near = str(passed[-1].value), os.path.dirname(path)
        return path

    def definition(self, dotted: str, near: str) -> Scope | None:
        """Return the function or class that a dotted name means; None when it is not the project's."""
        found = self.binding(dotted, near)
        for _ in range(MAX_HOPS):  # `TestCase = tests.TestCase` gives a class another name
            if found is None or found[0].kind != "assign" or not isinstance(found[0].value, (ast.Name, ast.Attribute)):
                break
            name = resolve(found[1], found[0].value)
            top = found[1]
            found = self.binding(name, top.module.folder) if "." in name[1:] else top.find(name[1:])
        return found[0].value if found is not None and isinstance(found[0].value, Scope) else None

    def binding(self, dotted: str, near: str) -> tuple[Binding, Scope] | None:
        """Return what a dotted name is bound to in the project file that holds it, and that file's top scope."""
        key = (dotted, near)
        if key not in self._bindings:
            found = self.find_binding(dotted, near, MAX_HOPS)
            self._bindings[key] = found
            return found
        return self._bindings[key]

    def find_binding(self, dotted: str, near: str, hops: int) -> tuple[Binding, Scope] | None:
        """Work out what `binding` returns."""
        located = self.locate(dotted, near)
        if located is None or not located[1] or not hops:
            return None
        module = self.module(located[0])
        found = module.top.find(located[1]) if module is not None else None
        if found is not None and found[0].kind == "import":
            return self.find_binding(str(found[0].value), os.path.dirname(located[0]), hops - 1)
        if found is None and module is not None:
            return self.find_behind_stars(located[1], module, hops - 1)
        return found

    def find_behind_stars(self, name: str, module: Module, hops: int) -> tuple[Binding, Scope] | None:
        """Return what a name is bound to in the files that a file imports with a star, and in those behind them."""
        pending, seen = [module] if not name.startswith("_") else [], {module}
        while pending:
            level = pending.pop()
            stars = (self.file_of(str(star.value), level.folder) for star in level.top.bindings.get("*", ()))
            for path in [found for found in stars if found is not None][::-1]:  # the last one wins
                behind = self.module(path)
                found = behind.top.find(name) if behind is not None else None
                if found is not None and found[0].kind == "import":
                    return self.find_binding(str(found[0].value), os.path.dirname(path), hops)
                if found is not None:
                    return found
                if behind is not None and behind not in seen and len(seen) < MAX_STARS:
                    seen.add(behind)
                    pending.append(behind)
        return None

    def lineage(self, owner: Scope) -> list[Scope]:
        """Return a class and its base classes, those from other files of the project too, nearest first."""
        known: list[Scope] | None = owner.memo.get("lineage")
        if known is None or not all(map(vars, known)):  # a file that has been let go leaves nothing in its scopes
            known = owner.memo["lineage"] = self.find_lineage(owner)
        return known[:]

    def find_lineage(self, owner: Scope) -> list[Scope]:
        """Work out what `lineage` returns."""
        order: list[Scope] = []
        pending = [owner]
        while pending and len(order) < MAX_BASES:
            cls = pending.pop(0)
            if cls in order or not cls.is_class:
                continue
            order.append(cls)
            outer = cls.parent or cls
            for base in cls.bases:
                name = resolve(outer, base)
                if name.startswith("."):
                    found = nested_in(outer, name[1:])
                else:
                    near = cls.module.folder
                    found = self.definition(name, near) if "." in name else None
                if isinstance(found, Scope):
                    pending.append(found)
        return order

    def imports(self, module: Module) -> list[tuple[str, str, str]]:
        """Return `(local name, dotted name, file)` for each project name that a file imports at its top level."""
        known = module.top.memo.get("project imports")
        if known is None:
            near = module.folder
            known = []
            for local, bindings in module.top.bindings.items():
                for binding in bindings:
                    path = self.source_of(str(binding.value), near) if binding.kind == "import" else None
                    if path is not None:
                        known.append((local, str(binding.value), path))
            module.top.memo["project imports"] = known
        return known


def nested_in(scope: Scope, dotted: str) -> Scope | None:
    """Return the class of a file that a dotted name means there: `Cases.Base` is a class in a class."""
    first, *others = dotted.split(".")
    bound = scope.find(first)
    found = bound[0].value if bound is not None else None
    for name in others:
        inner = found.bindings.get(name, ()) if isinstance(found, Scope) else ()
        found = inner[-1].value if inner else None
    return found if isinstance(found, Scope) else None
