"""Small repositories that are verified: real git, real hooks, real runs of pytest."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

from hermetic.verify.prove import Proof, Wanted, prove
from tests.utils.commits import environment
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LEAK = 'import os\n\n\ndef test_region():\n    os.environ["REGION"] = "north"\n'
CLEAN = "def test_sum():\n    assert 1 + 1 == 2\n"
GUARD = '[tool.pytest.ini_options]\ntestpaths = ["tests"]\nhermetic = "error"\n'
HOOK = "      - id: hermetic\n        name: hermetic\n        entry: hermetic hook hermetic\n        language: system\n"
HOOKS = f"repos:\n  - repo: local\n    hooks:\n{HOOK}        types: [python]\n"
STEPS = "      - run: pre-commit run --all-files\n      - run: pytest -n 2\n"
CI = f"on: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n{STEPS}"
HEALTHY = {
    "pyproject.toml": GUARD,
    ".pre-commit-config.yaml": HOOKS,
    ".github/workflows/ci.yml": CI,
    "tests/test_sum.py": CLEAN,
}


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """Make a git repository with one commit of these files."""
    write_files(files, folder)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=Start"]):
        subprocess.run(["git", *words], cwd=folder, env=environment(folder.parent), check=True)
    return folder


def proof_of(folder: Path, *select: str, arguments: tuple[str, ...] = ()) -> Proof:
    """Verify a repository with the examples of some rules."""
    return prove(str(folder), Wanted(select or ("HRM101",), arguments=arguments), lambda _: None)


def found(proof: Proof, code: str = "") -> set[tuple[str, int]]:
    """Return (path, line) of the findings, relative to the repository."""
    return {(item.path, item.line) for item in proof.findings if item.code.startswith(code)}


def results(proof: Proof, layer: str) -> set[str]:
    """Return the results of the cells that a layer claims."""
    return {cell.result for cell in proof.cells if cell.layer == layer and cell.claimed}


def contents(folder: Path) -> dict[str, str]:
    """Return a digest of every file of a repository, those of git included."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def status(folder: Path) -> str:
    """Return what git says of the working tree."""
    done = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=folder,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
