"""What the pages say by hand is so: what is installed, where files are, what is checked, and who printed an output."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from hermetic.cli.check import Options, find
from hermetic.workers._place import private_folder
from tests.utils.scripts import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
INSTALLED = re.compile(r"pip install (?:-e )?['\"]?(\S*hermetic\S*?)['\"`)]*(?:\s|$|\.\s)")


def written(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_what_a_page_installs_is_a_clone_since_no_index_has_the_package() -> None:
    found = [(page.name, name) for page in PAGES for name in INSTALLED.findall(page.read_text(encoding="utf-8"))]

    assert {"start.md", "audit.md", "verify.md", "workers.md", "ci.md"} <= {page for page, _ in found}
    assert [item for item in found if not item[1].startswith("path/to/hermetic")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="the name of the folder has no number there")
def test_leases_are_in_the_folder_that_the_page_of_the_workers_names(tmp_path: Path) -> None:
    named = re.search(r"Leases are in `(hermetic-\w+)` below `HERMETIC_LEASE_DIR`", written("workers.md"))

    assert named is not None
    assert named[1].replace("UID", str(os.geteuid())) == Path(private_folder(str(tmp_path))).name


def test_the_reason_of_an_excuse_is_for_the_reader_since_no_rule_asks_for_it(tmp_path: Path) -> None:
    file = tmp_path / "test_region.py"
    file.write_text(
        'import os\n\n\ndef test_region():\n    os.environ["REGION"] = "north"  # hermetic: ignore[HRM101]\n',
        encoding="utf-8",
    )
    options = Options()
    options.paths, options.select = [str(file)], ["ALL"]
    items = re.findall(r"(?ms)^- (.+?)(?=^- |^#|\Z)", written("review.md"))

    assert find(options) == []
    (reader,) = [item for item in items if "excuse" in item.casefold() and "`human`" in item]
    (checked,) = [item for item in items if "[HRM905]" in item]
    assert "reason" in reader
    assert "reason" not in checked


def test_an_output_that_depends_on_the_version_of_pytest_says_which_versions_printed_it() -> None:
    lock = (ROOT / "requirements/dev.txt").read_text(encoding="utf-8")
    used = dict(re.findall(r"(?m)^(pytest|pytest-xdist)==(\S+)", lock))

    beside = written("memory-safety.md").partition('```{ .text .output data-project="large" }')[2][:300]

    assert f"pytest {used['pytest']} with xdist {used['pytest-xdist']}" in beside
