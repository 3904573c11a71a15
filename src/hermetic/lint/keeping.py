"""What a run takes up from earlier ones, and leaves to later ones."""

from __future__ import annotations

import os

from hermetic.lint.facts import Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.finding import Finding
    from hermetic.lint.by_file import ByFile
    from hermetic.lint.engine import Engine
    from hermetic.lint.warm import Run


class Keeping:
    """What is kept around one check of an engine: facts about other files and, of a `run` over many, its results."""

    def __init__(self, engine: Engine, paths: list[str], run: Run | None = None) -> None:
        self.engine = engine
        self.paths = paths
        self.run = run
        self.facts = Facts(engine.settings, engine.selection, engine.project)
        self.by_file: ByFile | None = None
        if run is None:  # the files have changed, and few others ask for them
            engine.project.plain = frozenset(map(os.path.abspath, paths))
            return
        from hermetic.lint.by_file import ByFile

        self.by_file = ByFile(run, engine)
        self.by_file.recall()

    def keep(self, found: list[Finding]) -> None:
        """Keep what came of the check."""
        if self.run is not None and self.by_file is not None:
            self.run.keep(self.engine.project.noted or {}, found, self.engine.left_out)
            self.by_file.keep()
        self.facts.keep(self.paths)
