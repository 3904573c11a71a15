"""What was worked out about the files of a project, kept for the next run.

A test file that has changed is looked at anew, but most of that time would go to the files behind it, which have not
changed: which of their names lead somewhere, and what these change. The analysis keeps such facts by file, as plain
values (`Project.about`). They hold while all files and folders that they were worked out from are as they were. A file
that was checked is not one of these, unless a name of another file has led to it.
"""

from __future__ import annotations

import os
import time

from hermetic.source.later import BODIES
from hermetic.source.witness import CHANGED, renewed_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hermetic.config import Settings
    from hermetic.lint.selection import Selection
    from hermetic.source.disk import Lasting
    from hermetic.source.project import Project
    from hermetic.source.witness import Mark

KIND = "facts-"


class Facts:
    """The facts that a run takes up from earlier ones, and leaves to later ones."""

    def __init__(self, settings: Settings, selection: Selection, project: Project) -> None:
        self.settings = settings
        self.selection = selection
        self.project = project
        self.start = time.time_ns()
        self.key = b""
        self.marks: dict[str, Mark] = {}  # of what the facts taken up were worked out from
        self.is_fresh = True  # whether the facts taken up, if any, are kept as they are to be
        self.number: dict[tuple[str, object], int] = {}  # of these facts
        project.noted = {} if project.noted is None else project.noted
        project.recall = self.recall

    def recall(self) -> Lasting:
        """Return the facts of earlier runs.

        Where something that they depend on has changed since, only those that name the content that they are about.
        """
        from hermetic import cache
        from hermetic.lint.warm import MOMENT

        root, kind = self.place()
        kept: Any = cache.load(root, kind, self.key)
        try:
            start, named, marks, lasting = kept
            now = renewed_all(marks, start - MOMENT)
            if now is None or named != self.named_in(marks):
                return {BODIES: lasting[BODIES]} if BODIES in lasting else {}
            number = {topic: len(facts) for topic, facts in lasting.items()}
        except (TypeError, ValueError, AttributeError):  # nothing there, or not written by us
            return {}
        self.number = number
        self.is_fresh = all(now[path] is mark for path, mark in marks.items())
        self.marks = now
        for path, mark in now.items():
            self.project.note(path, mark)
        found: Lasting = lasting
        return found

    def place(self) -> tuple[str, str]:
        """Return the folder and the kind under which the facts are kept."""
        from hermetic.lint.warm import key_of

        self.key = self.key or key_of(self.settings, self.selection, [], frozenset())
        return self.settings.root, KIND + self.key.hex()

    def named_in(self, marks: dict[str, Mark]) -> list[str]:
        """Return which of the files that the user names count: they are test files by that."""
        return sorted(path for path in self.project.named if path in marks and self.project.counts_if_named(path))

    def keep(self, paths: list[str]) -> None:
        """Keep the facts of a run over some files, unless there is nothing new, or something changed while it ran."""
        project = self.project
        if project.knows_nothing:
            return
        checked = {os.path.abspath(path) for path in paths}
        alone = checked - project.found - self.marks.keys()  # nothing that another file says depends on these
        if self.is_fresh and not self.has_more(alone):
            return
        lasting = {topic: left for topic, facts in project.lasting.items() if (left := without(facts, alone))}
        marks = {path: mark for path, mark in (project.noted or {}).items() if self.counts(path, checked, alone)}
        if CHANGED in marks.values():
            return
        from hermetic import cache
        from hermetic.lint.warm import KEPT

        root, kind = self.place()
        cache.save(root, kind, self.key, (self.start, self.named_in(marks), marks, lasting))
        cache.prune(root, KIND, KEPT)

    def has_more(self, alone: set[str]) -> bool:
        """Tell whether the run has worked out more facts than it took up, those about some files left out."""
        return any(
            file_of(key) not in alone
            for topic, facts in self.project.lasting.items()
            for key in added(facts, self.number.get(topic, 0))
        )

    def counts(self, path: str, checked: set[str], alone: set[str]) -> bool:
        """Tell whether facts may depend on something that was read."""
        if path in alone:
            return False
        return path.endswith(os.sep) or path in self.project.opened or path in self.marks or path in checked


def without(facts: dict[Any, Any], alone: set[str]) -> dict[Any, Any]:
    """Return the facts but for those about some files."""
    return {key: value for key, value in facts.items() if file_of(key) not in alone}


def file_of(key: str | tuple[str, object]) -> str:
    """Return the file that a fact is about."""
    return key if isinstance(key, str) else key[0]


def added(facts: dict[Any, Any], before: int) -> list[Any]:
    """Return the keys of the facts that came after the first ones."""
    return list(facts)[before:] if len(facts) > before else []
