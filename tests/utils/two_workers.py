"""Run examples on two workers, with plain pytest."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.utils.proof_driver import WITHOUT

if TYPE_CHECKING:
    from hermetic.catalogue.rule import Example


def stands_alone(example: Example) -> bool:
    """Whether an example can share a run with others: test files and conftests that import nothing from each other."""
    files = [Path(path) for path in example.files]
    if any(file.name != "conftest.py" and not file.match("test_*.py") for file in files):
        return False
    own = {part.removesuffix(".py") for file in files for part in file.parts}
    source = "\n".join(example.files.values())
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [item.name for item in node.names])
    }
    return not own & imported and "pytest_plugins" not in source


def run_on_two_workers(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").touch()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", *(f"-pno:{name}" for name in WITHOUT)]
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
