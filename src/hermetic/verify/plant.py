"""What is planted: each example of each rule, in a folder of its own below the repository's tests."""

from __future__ import annotations

import configparser
import os
import tomllib
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.catalogue.rule import LINT, VERIFY
from hermetic.config import PYTEST_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermetic.catalogue.rule import Example, Rule
    from hermetic.config import Settings
    from hermetic.verify.scratch import Scratch

BAD, GOOD = "bad", "good"
FOLDER = "planted_by_hermetic"
CONFIGURATION = ("pytest.ini", ".pytest.ini", "pytest.toml", "pyproject.toml", "tox.ini", "setup.cfg")


class Planted(NamedTuple):
    """One example in its folder, which is relative to the project; `name` is what the matrix calls it."""

    code: str
    name: str
    kind: str
    folder: str
    files: Mapping[str, str]
    claims: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files, relative to the project."""
        return tuple(f"{self.folder}/{path}" for path in self.files)

    @property
    def configures(self) -> bool:
        """Tell whether it brings a configuration of pytest, which does not count inside another project."""
        return any(path.rpartition("/")[2] in CONFIGURATION for path in self.files)


def planted(rules: Iterable[Rule], settings: Settings, folder: str) -> list[Planted]:
    """Return the examples of rules as they are planted below `folder`, the project's tests."""
    found = []
    for rule in rules:
        if VERIFY in rule.claims and len(rule.claims) == 1:
            continue  # whole repositories, which are no part of another
        for kind, examples in ((BAD, rule.bad), (GOOD, rule.good)):
            for number, example in enumerate(examples):
                found.append(one(rule, kind, number, example, settings, folder))
    return found


def one(  # noqa: PLR0913, PLR0917 - a record: one argument for each thing that it is made of
    rule: Rule, kind: str, number: int, example: Example, settings: Settings, folder: str
) -> Planted:
    """Return one example as it is planted."""
    name = f"{kind}-{number}"
    below = "/".join(filter(None, [folder, FOLDER, f"{rule.code}_{kind}_{number}"]))
    files = {fitting(path, settings.python_files): source for path, source in example.files.items()}
    claims = tuple(example.claims or rule.claims) if kind == BAD else ()
    return Planted(rule.code, name, kind, below, files, claims, example.needs)


def fitting(path: str, patterns: tuple[str, ...]) -> str:
    """Return a path under which the project's pytest takes it for a test file, where it is one."""
    folder, _, name = path.rpartition("/")
    if not name.startswith("test_") or any(fnmatch(name, pattern) for pattern in patterns):
        return path
    renamed = next((pattern.replace("*", name[: -len(".py")]) for pattern in patterns if pattern.count("*") == 1), name)
    return f"{folder}/{renamed}" if folder else renamed


def test_folder(project: str) -> str:
    """Return the folder of the project's tests, relative to it: the configured one, else a usual one."""
    for name in (*test_paths(project), "tests", "test", "testing"):
        inside = not os.path.isabs(name) and ".." not in name.split("/")
        if inside and os.path.isdir(os.path.join(project, name)):
            return os.path.normpath(name).replace(os.sep, "/")
    return "tests"


def test_paths(project: str) -> list[str]:
    """Return `testpaths` of the project's pytest, empty where it does not say or cannot be read: pytest tells that."""
    for name, section, _ in PYTEST_FILES:
        path = os.path.join(project, name)
        if not os.path.isfile(path):
            continue
        found = in_toml(path, section) if name.endswith(".toml") else in_ini(path, section)
        if found:
            return found
    return []


def in_toml(path: str, section: str) -> list[str]:
    """Return `testpaths` of a TOML file."""
    try:
        with open(path, "rb") as file:
            table: Any = tomllib.load(file)
        for name in section.split("."):
            table = table.get(name, {})
        value = table.get("ini_options", table).get("testpaths", [])
    except (OSError, ValueError, AttributeError):
        return []
    return value.split() if isinstance(value, str) else [str(item) for item in value]


def in_ini(path: str, section: str) -> list[str]:
    """Return `testpaths` of an ini file."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read(path, encoding="utf-8")
    except (OSError, ValueError, configparser.Error):
        return []
    return (parser.get(section, "testpaths", fallback=None) or "").split()


def put(scratch: Scratch, plants: Iterable[Planted]) -> None:
    """Write plants into the copy."""
    below = os.path.relpath(scratch.project, scratch.path)
    for plant in plants:
        scratch.write({os.path.join(below, plant.folder, path): source for path, source in plant.files.items()})


def clear(scratch: Scratch, plants: Iterable[Planted]) -> None:
    """Remove plants from the copy."""
    below = os.path.relpath(scratch.project, scratch.path)
    scratch.remove([os.path.join(below, plant.folder) for plant in plants])


def of_lint(plant: Planted) -> bool:
    """Tell whether reading files is to find it; a correct twin is one for every layer."""
    return plant.kind == GOOD or LINT in plant.claims
