"""The hooks that others are offered work from a clone, in the environment that pre-commit builds for them."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from tests.utils.commits import ROOT, Repository, hazard

from hermetic.catalogue.registry import entry_of, walked
from hermetic.lint.concerns import CONCERNS

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.catalogue.rule import Rule


pytestmark = pytest.mark.registry


def clone(folder: Path) -> Path:
    """Commit what this working tree would be as a clone, new files included, to a repository of its own."""
    folder.mkdir()
    repository = Repository(folder)
    listed = repository.git("-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("benchmarks/"):
            (repository.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, repository.path / name)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=Clone")
    return repository.path


def planted() -> dict[str, type[Rule]]:
    """One rule for each hook, by hook id: the first of its selection, of the configured one the first default rule."""
    rules = {rule.code: rule for rule in walked()}
    entries = [entry_of(rule) for rule in rules.values()]
    default = [entry for entry in entries if "recommended" in entry.presets]
    hooks = [concern for concern in CONCERNS if concern.is_hook]
    return {hook.id: rules[(hook.entries(entries) if hook.selectors else default)[0].code] for hook in hooks}


def test_every_offered_hook_tells_its_hazard_from_its_correct_twin(tmp_path: Path) -> None:
    hooks = planted()
    repository = Repository(tmp_path)
    repository.environment.pop("PYTHONPATH", None)  # only what pre-commit installs may be found
    for rule in hooks.values():
        for folder, example in (("bad", hazard(rule)), ("good", rule.good[0])):
            repository.write({f"{rule.code}/{folder}/{path}": source for path, source in example.files.items()})
    repository.git("add", "--all")

    source = clone(tmp_path / "source")
    done = repository.run(sys.executable, "-m", "pre_commit", "try-repo", str(source), "--all-files", "--color=never")

    assert done.code == 1
    parts = {part.split("\n", 1)[0]: part for part in done.output.split("- hook id: ")[1:]}
    assert set(parts) == set(hooks), done.output
    for name, rule in hooks.items():
        assert f"{rule.code} {rule.name}" in parts[name]
        assert f"{rule.code}/good/" not in parts[name]
        for path, line in hazard(rule).marks(rule.code):
            assert f"{rule.code}/bad/{path}:{line}:" in parts[name]
