"""The patterns to copy run as they are copied: each block in a file of its own, beside the modules that it names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.utils.lint import write_files
from tests.utils.process import environment
from tests.utils.scripts import ROOT, imported

if TYPE_CHECKING:
    from pathlib import Path

pattern_pages: Any = imported("scripts/pattern_pages.py")

FOLDERS = [ROOT / "examples/member_api", *(path.parent for path in pattern_pages.FOLDER.glob("projects/**/*.py"))]
CONFIGURATION = "[pytest]\naddopts = --import-mode=importlib --hermetic=error\nmarkers = xdist_group: on one worker\n"
MODULES = {"shop", "api", "applications", "settings", "till", "member_api"}


def test_each_pattern_that_needs_only_modules_passes_in_a_file_of_its_own(tmp_path: Path) -> None:
    patterns = [each for each in pattern_pages.every() if set(each.own) <= MODULES]
    for number, pattern in enumerate(patterns):
        name = "conftest.py" if pattern.path.endswith("/conftest.py") else "test_block.py"
        write_files({f"{number}/{name}": f"{pattern.code}\n"}, tmp_path)
    (tmp_path / "pytest.ini").write_text(CONFIGURATION, encoding="utf-8")
    paths = os.pathsep.join(dict.fromkeys(map(str, FOLDERS)))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment(tmp_path) | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )

    tests = sum(len(re.findall(r"(?m)^def test_", pattern.code)) for pattern in patterns)
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout
    assert passed is not None
    assert len(patterns) > 40
    assert int(passed[1]) >= tests > 25
