"""`.ci/run` with tools that only note what they are asked for, and fail on request: does it ask, and does it listen?"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.utils.meta import Tree

META = "tests.meta.test_pytest_xdist_enforcement"
# It notes its command line. A report is copied where one is asked for. Which commands fail stands in a file.
TOOL = """\
#!/bin/sh
echo "$(basename "$0") $*" >>"$TOLD/asked"
for word in "$@"; do
    report=${word##*--junitxml=}
    if [ "$report" != "$word" ]; then cp "$TOLD/$(basename "$report")" "$report" 2>/dev/null; fi
done
while read -r failing; do
    case " $* " in *" $failing "*) exit 1 ;; esac
done <"$TOLD/failing"
exit 0
"""
CASE = '<testcase classname="{classname}" name="{name}">{inside}</testcase>'
SUITE = '<testsuites><testsuite tests="{count}" skipped="{skipped}">{cases}</testsuite></testsuites>'
NAMES = [f"test_{number:02}_planted" for number in range(1, 17)]


class Told(NamedTuple):
    """How a run of `.ci/run` ended, what it asked for, and what it printed."""

    code: int
    asked: list[str]
    output: str


class Ci:
    """`.ci/run` of a tree, alone in a folder with the tools that note."""

    def __init__(self, tree: Tree, folder: Path) -> None:
        self.tree, self.folder = tree, folder
        (folder / ".ci").mkdir(parents=True)
        shutil.copy2(tree.root / ".ci" / "run", folder / ".ci" / "run")
        for name in ("make", ".venv/bin/pre-commit", ".venv/bin/python", "pre-commit", "chromium"):
            write_files({f"tools/{name}" if "/" not in name else name: TOOL}, folder)
            (folder / (f"tools/{name}" if "/" not in name else name)).chmod(0o755)

    def run(self, *failing: str, meta: str | None = None, suite: str | None = None) -> Told:
        """Run it; commands with one of the words `failing` fail, and the reports are these."""
        good = report(*NAMES)
        for name, content in {"asked": "", "failing": "".join(f"{word}\n" for word in failing)}.items():
            (self.folder / name).write_text(content, encoding="utf-8")
        for name, content in {"meta.xml": meta, "junit.xml": suite}.items():
            (self.folder / name).unlink(missing_ok=True)
            if content != "":
                (self.folder / name).write_text(good if content is None else content, encoding="utf-8")
        path = f"{self.folder / 'tools'}:{self.tree.environment['PATH']}"
        said = {"PATH": path, "TOLD": str(self.folder), "PYTHON": str(self.tree.python), "CI": ""}
        done = self.tree.run("bash", ".ci/run", folder=self.folder, **said)
        return Told(done.code, (self.folder / "asked").read_text(encoding="utf-8").splitlines(), done.output)


def report(*names: str, skipped: str = "", failed: str = "") -> str:
    """Return a report of meta-tests."""
    inside = {skipped: "<skipped/>", failed: "<failure/>"}
    cases = [CASE.format(classname=META, name=name, inside=inside.get(name, "")) for name in names]
    return SUITE.format(count=len(names), skipped=int(bool(skipped)), cases="".join(cases))


def deaf(tree: Tree, folder: Path) -> list[str]:
    """Return what `.ci/run` does not ask for, and what it does not listen to."""
    ci = Ci(tree, folder)
    green = ci.run()
    found = [] if green.code == 0 else [f"it fails when all is well:\n{green.output}"]
    asked = {
        "the suite": "make test ",
        "the meta-tests": "make meta ",
        "the static checks": "make --keep-going static",
        "the hooks on all files": "pre-commit run --all-files",
    }
    found += [
        f"it does not run {what}" for what, start in asked.items() if not any(a.startswith(start) for a in green.asked)
    ]
    found += [
        f"it does not listen to {word}" for word in ("test", "meta", "static", "--all-files") if not ci.run(word).code
    ]
    reports = {
        "a meta-test is gone": report(*NAMES[1:]),
        "a meta-test is skipped": report(*NAMES, skipped=NAMES[3]),
        "a meta-test failed": report(*NAMES, failed=NAMES[15]),
        "there are no meta-tests": report(),
        "there is no report of the meta-tests": "",
    }
    found += [f"it passes when {what}" for what, text in reports.items() if not ci.run(meta=text).code]
    return found + [
        f"it passes when the suite is {what}"
        for what, text in {"empty": report(), "not there": ""}.items()
        if not ci.run(suite=text).code
    ]


def workflow_problems(tree: Tree) -> list[str]:
    """Return what keeps `.ci/run` from failing the build, in the workflow that a push and a pull request start."""
    document: dict[Any, Any] = yaml.safe_load((tree.root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    events = document.get("on", document.get(True)) or {}
    found = [f"no {event} starts it" for event in ("push", "pull_request") if event not in events]
    runs = []
    for name, job in document["jobs"].items():
        for part in (job, *job["steps"]):
            if part.get("continue-on-error") or "if" in part:
                found.append(f"{name}: a step is optional: {part.get('name', name)}")
            runs.append(str(part.get("run", "")).strip())
    return found if ".ci/run" in runs else [*found, "no step is `.ci/run`"]
