"""`hermetic verify --sabotage` on repositories with real hooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.utils.process import hermetic
from tests.utils.verifying import GUARD, HEALTHY, LEAK, contents, proof_of, repository

from hermetic.verify.prove import Wanted
from hermetic.verify.sabotage import attempt, table
from hermetic.verify.switches import Switch

if TYPE_CHECKING:
    from pathlib import Path

HALF = {"pyproject.toml": GUARD.replace('"error"', '"off"'), "tests/test_leak.py": LEAK}


# One of each part: all of them take a minute.
SOME = {
    "hook-or-true": "HRM903 the hook hermetic cannot fail",
    "guard-warns": "HRM902 the guard only warns",
    "lint-excludes-all": "HRM903 the hook hermetic passes",
    "ci-tests-soft": "HRM904 CI runs the suite in parallel and ignores",
}


def test_sabotages_of_a_healthy_repository_are_noticed_and_nothing_in_it_is_touched(tmp_path: Path) -> None:
    folder = repository(tmp_path / "healthy", HEALTHY)
    report, before = tmp_path / "report.json", contents(folder)

    done = hermetic(folder, "verify", f"--sabotage={','.join(SOME)}", f"--json={report}")

    document = json.loads(report.read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (document["version"], document["tool"]) == (1, "hermetic")
    assert [one["name"] for one in document["sabotage"]] == [*SOME]
    for one in document["sabotage"]:
        assert one["noticed"][0].startswith(SOME[one["name"]]), one
    assert f"{len(SOME)} sabotages, {len(SOME)} noticed" in done.stdout
    assert contents(folder) == before


def test_what_a_repository_has_not_got_or_has_switched_off_is_not_tried(tmp_path: Path) -> None:
    done = hermetic(repository(tmp_path / "half", HALF), "verify", "--sabotage")

    said = {line.partition("  ")[0]: line.rpartition("  ")[2] for line in done.stdout.splitlines() if "  " in line}
    assert done.returncode == 0, done.stdout + done.stderr
    for what in ("the hooks run `true`", "the guard is off", "CI runs no tests"):
        assert said[what].startswith("not tried: "), said
    assert said["pytest is told not to load the plugin"].startswith("HRM902 pytest runs without the plugin")
    assert said["the linter excludes every file"] == "the layer lint stops less"
    assert "Some things are wrong already" in done.stdout


def test_a_sabotage_that_nobody_notices_is_said(tmp_path: Path) -> None:
    folder = repository(tmp_path / "healthy", HEALTHY)
    harmless = Switch("readme", "somebody writes a page", lambda _: {"README.md": "Nothing.\n"})

    tried = attempt(str(folder), Wanted(("HRM101",)), harmless, proof_of(folder))

    assert tried.survived
    assert table([tried]) == "somebody writes a page  NOBODY NOTICES\n\n1 sabotages, 0 noticed\n"


def test_a_sabotage_that_there_is_not_is_said(tmp_path: Path) -> None:
    done = hermetic(tmp_path, "verify", "--sabotage=hook-of-mine")

    assert done.returncode == 2
    assert "no sabotage is named 'hook-of-mine'; there are hook-entry-true, " in done.stderr


def test_a_page_cannot_be_asked_of_it(tmp_path: Path) -> None:
    done = hermetic(tmp_path, "verify", "--sabotage", "--html=page.html")

    assert done.returncode == 2
    assert "--json" in done.stderr
    assert not (tmp_path / "page.html").exists()
