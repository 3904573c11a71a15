"""Run the command line as its users do: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEAD = "import os\nimport contextlib\nimport pytest\n\n\n"
BAD = 'import os\n\n\ndef test_region():\n    os.environ["REGION"] = "north"\n'
OK = ("HRM101", "test_ok.py", 5)  # where that is wrong
SELECT = ("--select", "HRM001,HRM101,HRM905")
# What pytest would import in each of the many processes of an audit or a hunt, and no suite here needs.
WITHOUT = ("valkey", "hypothesispytest", "pytest_cov", "asyncio", "anyio", "pytest_mock", "rerunfailures", "timeout")
LEAN = " ".join(f"-p no:{name}" for name in WITHOUT)
HANG = 120  # seconds after which a command counts as hanging
needs_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become another user")
# Imports what a check needs and then becomes another user, who may be unable to read the interpreter itself.
AS_NOBODY = """\
import _blake2, json, os, sys, tokenize
from hermetic.catalogue import registry
from hermetic.cli import main
from hermetic.cli import check
from hermetic.lint import engine, warm
from hermetic.repair import maker, place, uses
from hermetic.report import json_report
check.parser()
[__import__(rule.fixed_by) for rule in [entry.load() for entry in registry.all_entries()] if rule.fixed_by]
os.setgid(65534)
os.setuid(65534)
sys.exit(main(sys.argv[1:]))
"""


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment less what a surrounding git says, with a cache beside `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_"))}
    return {**kept, "XDG_CACHE_HOME": f"{folder}-cache", "PYTEST_ADDOPTS": LEAN, **(extra or {})}


def hermetic(
    folder: Path, *arguments: str, extra: Mapping[str, str] | None = None, source: bytes | None = None, code: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `hermetic ARGUMENTS` in a folder, with `source` as its input; `code` replaces the start of the program."""
    start = ["-c", code] if code else ["-m", "hermetic"]
    done = subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=folder,
        env=environment(folder, extra),
        input=source if source is not None else b"",
        capture_output=True,
        check=False,
        timeout=HANG,
    )
    texts = (stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, *texts)


def findings(folder: Path, *arguments: str, **options: Any) -> list[dict[str, Any]]:
    """Return the findings of `hermetic check ARGUMENTS`, which must be able to run."""
    done = hermetic(folder, "check", "--output-format", "json", *arguments, **options)
    assert done.stderr == ""
    document: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if document["findings"] else 0)
    return document["findings"]  # type: ignore[no-any-return]


def places(found: list[dict[str, Any]]) -> list[tuple[str, str, int | None]]:
    """Return `(code, path, line)` of findings."""
    return [(item["code"], item["path"], item["line"]) for item in found]


def check(folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a check, and make sure that nothing in its output is a traceback or steers a terminal."""
    done = hermetic(folder, "check", *SELECT, *arguments, **options)
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    return done


def found_in(folder: Path, *arguments: str, **options: Any) -> list[tuple[str, str, int | None]]:
    """Return `(code, path, line)` of what a check finds."""
    return places(findings(folder, *SELECT, *arguments, **options))


def offer(folder: Path, source: str, point: str = "acme_rules:Offered") -> dict[str, str]:
    """Put a distribution with one rule into a folder, and return the environment in which it is installed."""
    files = {
        "acme_rules.py": source,
        "acme_rules-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n",
        "acme_rules-1.0.dist-info/entry_points.txt": f"[hermetic.rules]\noffered = {point}\n",
    }
    write_files(files, folder)
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))}
