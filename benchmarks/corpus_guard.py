"""Run a case of the corpus under the plugin in `error` mode, and return what its report says.

Each twin runs in a fork of one process that has imported pytest already: as fresh as a process of its own. Cases cannot
share a process, since many have modules of the same name.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from corpus_cases import Case

    Driver = Any  # tests.utils.proof.Driver

CONFIGURATION = {"pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"}
Finding = tuple[str, int, str, str]  # path, line (0 where none is known), code, layer


class Twin(NamedTuple):
    """What the driver of the proof runs: files, what they need, and a probe that is not used here."""

    files: dict[str, str]
    needs: tuple[str, ...]
    probe: str = "None"


def driver() -> AbstractContextManager[Driver]:
    """Return the process that runs twins, which the proof of the rules has: it lives with the tests."""
    sys.path.append(str(Path(__file__).parents[1]))
    made: AbstractContextManager[Driver] = importlib.import_module("tests.utils.proof").Driver()
    return made


def installed(name: str) -> bool:
    """Tell whether a module, dotted or not, can be found."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package is absent
        return False


def configured(files: dict[str, str], code: str) -> dict[str, str]:
    """Return the files of a twin with a configuration that has the rule `code` on, as well as the recommended ones."""
    files = dict(files)
    if not CONFIGURATION & set(files):
        files["pytest.ini"] = "[pytest]\n"
    files["pyproject.toml"] = (
        f'[tool.hermetic]\nselect = ["recommended", "{code}"]\n\n{files.get("pyproject.toml", "")}'
    )
    return files


def findings(running: Driver, case: Case, files: dict[str, str], order: str = "forward") -> set[Finding]:
    """Return the findings of one run, on two workers where the harm is one of theirs."""
    workers = ["-n2"] if case.harm == "xdist" else []
    twin = Twin(configured(files, case.code), case.needs)
    run = running.run(twin, order, *workers, "--hermetic-trace=auto", guard="error")
    if "INTERNALERROR" in run.output or "is not guarded from here on" in run.output:
        raise SystemExit(f"{case.id}: the plugin failed:\n{run.output}")
    return {(item["path"], item["line"] or 0, item["code"], item["layer"]) for item in run.findings}
