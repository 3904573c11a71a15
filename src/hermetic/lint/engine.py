"""Run the selected rules over files."""

from __future__ import annotations

import gc
import os

from hermetic.finding import Finding
from hermetic.lint import allowances, discovery, shares, suppressions
from hermetic.lint.collection import deselected, kept_by_pytest
from hermetic.lint.incomplete import IncompleteError, why_failed, why_unreadable
from hermetic.lint.selection import CANNOT_READ
from hermetic.lint.shares import Result
from hermetic.lint.suppressions import Comments
from hermetic.source.module import CannotParseError, check_syntax
from hermetic.source.project import Project
from hermetic.source.roles import is_conftest
from hermetic.source.text import needles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermetic.catalogue.registry import Entry
    from hermetic.catalogue.rule import Rule
    from hermetic.config import Settings
    from hermetic.lint.allowances import Allowance
    from hermetic.lint.selection import Selection
    from hermetic.repair.maker import Maker
    from hermetic.source.module import Module
    from hermetic.source.text import Text

CALLS, TESTS = "calls", "tests"  # see `Rule.follows`
PROJECT = "project"
# Rules that compare files with one another, so that one process has to see all of them; a changed file can cause a
# finding in one that did not change. With each the name of the files that it compares, "" for all.
COMPARING = {"HRM401": "", "HRM404": "conftest.py"}
LOOKING = ("HRM402",)  # rules that look through the other test files
TEMPLATE = "{{"  # in the name of a file or folder: it is written when the template is used


class Engine:
    """Checks files with one selection; rules are imported when a file holds one of their tokens."""

    def __init__(self, settings: Settings, selection: Selection) -> None:
        self.settings = settings
        self.selection = selection
        self.project = Project(settings.root, selection.presets, settings.options, settings.python_files)
        self.project.deselected = deselected(settings)
        self.project.find_kept = lambda: kept_by_pytest(settings)
        self.entries = [entry for entry in selection.entries if entry.lints]
        for entry in self.entries:
            entry.configure(settings.options)
        self._needles = needles(token for entry in self.entries for token in (*entry.tokens, *entry.companions))
        together = {entry.tokens: entry.companions for entry in selection.entries if entry.companions}
        self.project.leading.companions = together
        self._rules: dict[str, Rule] = {}
        self._comments: dict[str, Comments] = {}
        self._named: dict[str, str] = {}  # absolute path -> path as it was given, of the checked files
        self._failures: list[str] = []
        self.jobs = 0  # processes; 0: as many as are worth it
        self.apart = False  # whether the rules that look at other checked files wait until the others are done
        self.prior: dict[str, Result] = {}  # what is known of files from an earlier run, by path as given
        self.on_result: Callable[[str, Result], None] | None = None  # is told what came of each of the others
        self.reached: set[str] = set()  # the files, in full, that were asked for while others were checked
        # The files that the user names, in full; None: all. What he does not name may be test data, see `is_data`.
        self.named: frozenset[str] | None = None
        self.maker: Maker | None = None  # gives findings their fixes, where these are wanted
        self.data: dict[str, Finding] = {}  # why files that look like test data cannot be parsed, by their full path
        self.uncollected: set[str] = set()  # files with findings that pytest cannot import, see `collected`

    def check(self, paths: list[str], progress: Callable[[int, int], None] | None = None) -> list[Finding]:
        """Check files and return the findings, sorted by place; `progress` is told (done, total) after each file.

        Raises `IncompleteError`, with the other findings, when a rule fails.
        """
        collecting = gc.isenabled()
        gc.disable()  # a run makes many small objects that live until its end, and few cycles
        self.start(paths)
        try:
            found: dict[tuple[str, int, int, str], Finding] = {}
            waiting: list[tuple[str, list[str]]] = []
            for path, result in self.results(paths, progress):
                self.note(path, result)
                for finding in result.findings:
                    found.setdefault(finding.place, finding)
                if result.waiting:
                    waiting.append((path, result.waiting))
            self.reached = self.project.found | self.project.asked
            for finding in (item for path, codes in waiting for item in self.compared(path, codes)):
                found.setdefault(finding.place, finding)
            for finding in self.no_data(paths):
                found[finding.place] = finding
            return self.settled(list(found.values()))
        finally:
            if collecting:
                gc.enable()

    def results(self, paths: list[str], progress: Callable[[int, int], None] | None) -> Iterator[tuple[str, Result]]:
        """Yield what comes of each file, in their order, those that are known from before among them."""
        left = [path for path in paths if path not in self.prior]
        jobs = shares.processes(self.jobs, left)
        self.apart = jobs > 1 or self.on_result is not None
        telling = (self.project.tell, self.project.hear)
        fresh = shares.results(left, self.result, jobs, progress, telling)
        for path in paths:
            known = self.prior.get(path)
            if known is None:
                known = next(fresh)
                if self.on_result is not None:
                    self.on_result(path, known)
            yield path, known
        next(fresh, None)  # lets it tell of the last one

    @property
    def left_out(self) -> tuple[int, int]:
        """How many files were left out as test data, and of how many that pytest cannot import findings were."""
        return len(self.data), len(self.uncollected)

    def check_source(self, data: bytes, path: str) -> list[Finding]:
        """Check source that is not (or not yet) on disk, as if it stood at `path`.

        Raises `IncompleteError`, as `check` does.
        """
        self.start([path])
        self.project.hold(path, data)
        result = self.result(path, data)
        self.note(path, result)
        return self.settled(list({finding.place: finding for finding in result.findings}.values()))

    def start(self, paths: list[str]) -> None:
        """Forget what the last run noted."""
        self._named = {os.path.abspath(path): path for path in paths}
        self._comments, self._failures, self.data, self.apart = {}, [], {}, False
        self.uncollected = set()
        self.project.named = self.named or frozenset()

    def note(self, path: str, result: Result) -> None:
        """Keep what else came of a file than findings."""
        if result.comments is not None:
            self._comments[path] = result.comments
        if result.data is not None:
            self.data[os.path.abspath(path)] = result.data
        if result.uncollected:
            self.uncollected.add(path)
        self._failures += result.failures

    def result(self, path: str, data: bytes | None = None) -> Result:
        """Check one file, from disk unless its source is given; findings are those before suppressions."""
        self.project.current = os.path.abspath(path)
        data = self.project.read(path) if data is None else data
        if data is None:
            return Result([Finding(CANNOT_READ, "cannot-read", why_unreadable(path), path, 0)], None, None, [])
        text = self.project.checked(path, data)
        text.look_for(self._needles)
        entries = [entry for entry in self.entries if self.concerns(entry, text)]
        found: list[Finding] = []
        failures: list[str] = []
        marks: list[Allowance] = []
        waiting: list[str] = []
        comments, not_code = None, None
        left_out = False
        try:
            if entries:
                waiting = [entry.code for entry in entries if self.apart and entry.code in (*COMPARING, *LOOKING)]
                module = self.project.parsed(text)
                now = [entry for entry in entries if entry.code not in waiting]
                found.extend(finding for entry in now for finding in self.found_by(entry, module, failures))
                found, left_out = self.collected(found, module)
                marks = allowances.read(module) if found else []
            else:
                check_syntax(data, path)
            comments = Comments(text, marks)
        except CannotParseError as error:
            message = f"cannot be parsed: {error.reason}"
            found = [Finding(CANNOT_READ, "cannot-read", message, path, error.line, max(error.column, 1))]
            if self.may_be_data(text):
                not_code = found.pop()
        self.project.forget(path)
        return Result(found, comments, not_code, failures, waiting, uncollected=left_out)

    def collected(self, found: list[Finding], module: Module) -> tuple[list[Finding], bool]:
        """Leave out what no run gets to: of fixtures that nobody asks for, and of a file that cannot be imported.

        Such a file imports a helper of the suite that is nowhere, or from a package that it is not in; told is whether
        anything was left out for that. pytest cannot collect it, or the helper stands where the linter does not look:
        what it puts back is not known. The `project` preset, and a rule that is to say as much without it, report it
        all the same.
        """
        wide = self.selection.presets
        if not found or PROJECT in wide or all(item.code in wide for item in found):
            return found, False
        from hermetic.source.absent import lacks_helpers

        found = self.requested(found, module)
        if not found or not lacks_helpers(module, self.project):
            return found, False
        kept = [item for item in found if item.code in wide]
        return kept, len(kept) < len(found)

    def requested(self, found: list[Finding], module: Module) -> list[Finding]:
        """Leave out what only a fixture does that nobody asks for, but for rules that are to say more."""
        named = {item.test: item.test.rpartition("::")[2] for item in found if item.test.count("::") == 1}
        if not named:
            return found
        from hermetic.source.requested import is_never_requested

        idle = {test for test, name in named.items() if is_never_requested(name, module, self.project)}
        return [item for item in found if item.test not in idle or item.code in self.selection.presets]

    def compared(self, path: str, codes: list[str]) -> list[Finding]:
        """Return what the comparing rules find in a file that other processes have checked."""
        data = self.project.read(path)
        try:
            module = self.project.parsed(self.project.checked(path, data or b""))
        except CannotParseError:  # it has changed since
            return []
        entries = [entry for entry in self.entries if entry.code in codes]
        found = [finding for entry in entries for finding in self.found_by(entry, module, self._failures)]
        found, left_out = self.collected(found, module)
        if left_out:
            self.uncollected.add(path)
        if found and path in self._comments:
            self._comments[path].marks = allowances.read(module)
        self.project.forget(path)
        return found

    def may_be_data(self, text: Text) -> bool:
        """Tell whether nobody says that a file is code: neither the user nor `project`, nor its name to pytest."""
        if self.named is None or PROJECT in self.selection.presets or os.path.abspath(text.path) in self.named:
            return False
        if text.is_test and self.is_ignored_by_pytest(text):
            return True
        return (not text.is_test and not is_conftest(text.path)) or TEMPLATE in text.path

    def is_ignored_by_pytest(self, text: Text) -> bool:
        """Tell whether a conftest keeps pytest from a file by its name, as for a newer Python than this one."""
        name = os.path.basename(text.path).encode()
        paths = self.project.conftests_above(os.path.dirname(os.path.abspath(text.path)))
        conftests = [data for data in map(self.project.read, paths) if data is not None]
        return any(b"collect_ignore" in data and name in data for data in conftests)

    def no_data(self, paths: list[str]) -> list[Finding]:
        """Take back, and return, what was noted of files that test files import: these are no test data."""
        reached: set[str] = set()
        tests = (path for path in paths if is_conftest(path) or self.project.is_test(path)) if self.data else ()
        pending = [path for path in tests if os.path.abspath(path) not in self.data]
        while pending:
            text = self.project.text(pending.pop())
            found = {os.path.abspath(item.path) for item in text.outline.located} if text is not None else set()
            pending.extend(sorted(found - reached))
            reached |= found
        return [self.data.pop(path) for path in sorted(reached & set(self.data))]

    def concerns(self, entry: Entry, text: Text) -> bool:
        """Tell whether a rule has to look at a file: it holds a token of it, or names something that leads to one."""
        tokens = entry.tokens
        if not tokens or (text.holds(tokens) and (not entry.companions or text.holds(entry.companions))):
            return True
        if entry.reached and self.reaches(entry, text):
            return True
        return entry.through_fixtures and self.project.leading.through_fixtures(text, entry.reached)

    def reaches(self, entry: Entry, text: Text) -> bool:
        """Tell whether a file imports what leads to one of the tokens, where that can count for the rule."""
        if entry.follows == CALLS:
            return bool(self.project.leading.calls(text, entry.reached))
        if entry.follows == TESTS and not text.may_hold_tests:
            return False
        return bool(self.project.leading.imports(text, entry.reached))

    def found_by(self, entry: Entry, module: Module, failures: list[str]) -> list[Finding]:
        """Return what one rule finds in a file; a rule that fails there is noted, and the run goes on."""
        found = []
        try:
            rule = self.rule(entry)
            for finding in rule.check(module, self.project):
                if self.maker is not None:
                    finding.fix = self.maker.fix_of(rule, finding, module, self.project)
                if finding.path != module.path:
                    finding.path = self._named.get(os.path.abspath(finding.path), finding.path)
                found.append(finding)
        except Exception as error:  # noqa: BLE001 - a rule, perhaps of a third party, can fail in any way
            failures.append(why_failed(f"{entry.code} ({entry.module}) failed on {module.path}", error))
        return found

    def rule(self, entry: Entry) -> Rule:
        """Return a rule, imported once."""
        if entry.code not in self._rules:
            rule = self._rules[entry.code] = entry.load()
            for number, state in enumerate(getattr(rule, "states", ())):
                state.known_as = (entry.code, number)
        return self._rules[entry.code]

    def settled(self, findings: list[Finding]) -> list[Finding]:
        """Apply suppressions and per-file ignores, add unused suppressions, and sort.

        Raises `IncompleteError` when a rule has failed.
        """
        by_file: dict[str, list[Finding]] = {}
        for finding in findings:
            by_file.setdefault(finding.path, []).append(finding)
        kept = []
        for path in {**by_file, **self._comments}:
            comments = self._comments.get(path) or self.comments_of_helper(path)
            kept.extend(comments.left(by_file.get(path, [])))
            if path in self._comments:
                kept.extend(comments.unused(path, self.selection))
        kept = [item for item in kept if item.code in self.selection.codes and not self.ignored(item)]
        kept.sort(key=lambda finding: finding.place)
        if self._failures:
            raise IncompleteError(kept, self._failures)
        return kept

    def comments_of_helper(self, path: str) -> Comments:
        """Return the suppressions of a file that is reported without being checked itself."""
        data = self.project.read(path)
        mentioned = data is not None and suppressions.is_mentioned(data)
        return Comments(self.project.text(path) if mentioned else None, [])

    def ignored(self, finding: Finding) -> bool:
        """Tell whether per-file ignores cover a finding."""
        return any(
            finding.code in codes and discovery.covers(pattern, discovery.below(finding.path, self.settings.root))
            for pattern, codes in self.selection.ignored
        )
