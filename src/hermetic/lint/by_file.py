"""What came of each file of a run, kept for the next one, which then checks only what has changed.

The result of a file holds while the file is the same, and all else that the run has read for other files: code under
test, conftests, helpers, folders. A test file that no other one leads to counts for its own result alone. Rules that
compare files run again in any case.
"""

from __future__ import annotations

import os

from hermetic import cache
from hermetic.lint.allowances import Allowance
from hermetic.lint.shares import Result
from hermetic.lint.suppressions import Comments, Suppression
from hermetic.lint.warm import KEPT, MOMENT, finding_of, row_of
from hermetic.source.witness import CHANGED, renewed, renewed_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hermetic.lint.engine import Engine
    from hermetic.lint.warm import Run
    from hermetic.source.witness import Mark

KIND = "files-"
SUPPRESSED = ("comment_line", "line", "column", "codes", "problem")


class ByFile:
    """The results of the files of one run, taken up from an earlier one and left to a later one."""

    def __init__(self, run: Run, engine: Engine) -> None:
        self.run = run
        self.engine = engine
        self.kind = KIND + run.key.hex()
        self.rows: dict[str, tuple[Any, ...]] = {}  # by path as given, what `row_of_result` gives
        self.marks: dict[str, Mark] = {}  # of what the results taken up depend on besides their own files
        engine.on_result = self.take

    def recall(self) -> None:
        """Give the engine the results that still hold."""
        kept: Any = cache.load(self.run.root, self.kind, self.run.key)
        try:
            start, marks, rows = kept
            now = renewed_all(marks, start - MOMENT)
            if now is None:
                return
            for path, (mark, row) in rows.items():
                current = renewed(os.path.abspath(path), mark, start - MOMENT, folder=False)
                if current is not None:
                    self.engine.prior[path] = result_of(row)
                    self.rows[path] = row
                    now[os.path.abspath(path)] = current
        except (TypeError, ValueError, AttributeError):  # nothing there, or not written by us
            self.engine.prior, self.rows = {}, {}
            return
        self.marks = marks
        for path, mark in now.items():
            self.engine.project.note(path, mark)

    def take(self, path: str, result: Result) -> None:
        """Note what came of a file, before comments are applied."""
        self.rows[path] = row_of_result(result)

    def keep(self) -> None:
        """Keep the results of a run without failures, unless something changed while it ran."""
        noted = self.engine.project.noted or {}
        if CHANGED in noted.values():
            return
        full = {path: os.path.abspath(path) for path in self.rows}
        alone = set(full.values()) - self.engine.reached - self.marks.keys()
        marks = {path: mark for path, mark in noted.items() if path not in alone}
        rows = {}
        for path, row in self.rows.items():
            mark = noted.get(full[path], CHANGED)
            if mark[2] >= 0:  # it could be read
                rows[path] = (mark, row)
        cache.save(self.run.root, self.kind, self.run.key, (self.run.start, marks, rows))
        cache.prune(self.run.root, KIND, KEPT)


def row_of_result(result: Result) -> tuple[Any, ...]:
    """Return what came of a file as plain values."""
    comments = result.comments
    said = None
    if comments is not None:
        items = [tuple(getattr(item, name) for name in SUPPRESSED) for item in comments.items]
        said = (items, [(mark.first, mark.last, mark.codes) for mark in comments.marks], comments.decided)
    data = row_of(result.data) if result.data is not None else None
    return ([row_of(item) for item in result.findings], said, data, result.waiting, result.uncollected)


def result_of(row: tuple[Any, ...]) -> Result:
    """Return the result that `row_of_result` was given. Raises ValueError or TypeError for anything else."""
    findings, said, data, waiting, uncollected = row
    comments = None
    if said is not None:
        items, marks, decided = said
        comments = Comments(None, [Allowance(*mark) for mark in marks])
        comments.items, comments.decided = [Suppression(*item) for item in items], decided
    not_code = finding_of(data) if data is not None else None
    return Result([finding_of(item) for item in findings], comments, not_code, [], waiting, uncollected=uncollected)
