"""Use the entry points under `scripts/` and `benchmarks/`: as modules, or in a copy of the tree that may be broken."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container

ROOT = Path(__file__).parents[2]


def imported(path: str) -> Any:
    """Return a script as a module; as when it is run, its neighbours can be imported by bare name."""
    file = ROOT / path
    before = list(sys.path)
    sys.path.insert(0, str(file.parent))
    try:
        return importlib.import_module(file.stem)
    finally:
        sys.path[:] = before


def scratch_tree(folder: Path, *, keep: Container[str] | None = None) -> Path:
    """Copy the package, the scripts and the tests' helpers; of the rules only the files in `keep`, if given.

    `keep` holds paths below `src/hermetic/catalogue`, such as `process/environ_write.py`.
    """
    for name in ("src/hermetic", "scripts", "tests/utils", "tests/unit/catalogue"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    catalogue = folder / "src" / "hermetic" / "catalogue"
    for file in catalogue.glob("*/*.py"):
        wanted = keep is None or file.relative_to(catalogue).as_posix() in keep
        if file.name != "__init__.py" and not wanted:
            file.unlink()
    return folder


def run_in(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy of the tree, with that copy's package."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment["PYTHONPATH"] = str(tree / "src")
    return subprocess.run(
        [sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
