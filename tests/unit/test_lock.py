"""The locks hold what pyproject.toml asks for, with hashes, and name no registry."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def pins(name: str) -> dict[str, set[str]]:
    """Versions by distribution; more than one where interpreters need different ones."""
    found: dict[str, set[str]] = {}
    lock = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    for distribution, version in re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE):
        found.setdefault(distribution, set()).add(version)
    return found


def requirements() -> list[Requirement]:
    """Everything that this distribution asks for: its dependencies, its extras, its build backend."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = data["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    asked = [Requirement(line) for line in [*project["dependencies"], *extras, *data["build-system"]["requires"]]]
    return [requirement for requirement in asked if requirement.name != "hermetic"]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_the_lock_holds_what_the_project_asks_for(requirement: Requirement) -> None:
    versions = pins("dev.txt").get(canonicalize_name(requirement.name), set())

    assert versions
    assert all(version in requirement.specifier for version in versions)


def test_the_small_lock_agrees_with_the_large_one() -> None:
    assert pins("demo.txt").items() <= pins("dev.txt").items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash(lock: Path) -> None:
    entries = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]

    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_no_lock_names_a_registry_or_a_path(lock: Path) -> None:
    assert re.findall(r"\w+://\S+|^--?(?!hash)\w\S*|\s/\w\S*", lock.read_text(encoding="utf-8"), re.MULTILINE) == []
