"""What a rule is."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, TypeVar

    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.state import State

    Owner = TypeVar("Owner", bound="Rule")
    Check = Callable[[Owner, Module, Project], Iterator[Finding]]

MARK = "# <- "
LINT, GUARD, COLLECTION, VERIFY, AUDIT = "lint", "guard", "collection", "verify", "audit"
RECOMMENDED, MEMORY, PROJECT = "recommended", "memory", "project"


class Example:
    """Source files that show a hazard, or a correct way to write the same thing.

    `title` says what is shown; for a good example it is the reason why it is left alone. `files` maps relative paths to
    source, in the order in which pytest is to run them. In a bad example a line that ends with `# <- CODE` is one where
    a finding is expected. `claims` are the layers that must catch a bad example.

    `harm` says how plain pytest shows the harm of a bad example: `forward` (a test fails in file order that passes
    alone), `reverse`, `fails` (a test fails or errors), `state` (`probe`, an expression evaluated in the pytest
    process, differs after the run), or `none`, with the reason in `why`. `needs` are modules that running it takes
    beyond pytest.
    """

    __slots__ = ("claims", "files", "harm", "needs", "probe", "title", "why")

    def __init__(  # noqa: PLR0913 - a record: one argument for each of its fields
        self,
        title: str,
        files: Mapping[str, str],
        *,
        claims: Iterable[str] = (),
        harm: str = "forward",
        needs: Iterable[str] = (),
        probe: str = "None",
        why: str = "",
    ) -> None:
        self.title = title
        self.files = {path: source.lstrip("\n") for path, source in files.items()}
        self.claims = tuple(claims)
        self.harm = harm
        self.needs = tuple(needs)
        self.probe = probe
        self.why = why

    def marks(self, code: str) -> set[tuple[str, int]]:
        """Return the `(path, line)` pairs at which findings with `code` are expected."""
        return {
            (path, number)
            for path, source in self.files.items()
            for number, line in enumerate(source.splitlines(), 1)
            if line.rstrip().endswith(MARK + code)
        }


class Rule:
    """One hazard. Subclasses are found by walking this package; their docstring is the page.

    The docstring's first line is the title; then come the sections `Why it breaks`, `Do this instead`, and where it
    applies `Options` and `Limits`, each a line of its own followed by a colon.

    `tokens` are bytes of which one occurs in every file that can break the rule; a file without any is not checked for
    it. An empty tuple means: always. `tokens_from` names a setting that replaces them: the names of calls that stand
    first in its rows. `companions`, where given, are bytes of which one stands in the same file as a
    token. `reached` are the tokens that count in what a file imports, where those are not the same.
    `through_fixtures` says that a file can break the rule as well when it uses a fixture of a conftest that leads
    to a token; `follows` says which imports of a file count: those of any file (an empty string), those of files
    with `tests`, fixtures or setups, or only what a test file or conftest `calls`. `claims` are the layers of
    examples that do not say otherwise, `no_claims` gives the reason for each layer that is left out.
    `fixed_by` is the dotted name of a module whose `fix(place)` gives what repairs a finding (see `hermetic.repair`);
    it is imported only when somebody asks.
    `presets` names the selections that the rule belongs to. `symptoms` are what somebody sees who does not know the
    rule, in the words that they would search for.
    """

    code: str
    name: str
    message: str
    repair: str = ""  # what to write instead, in one line
    fixed_by: str = ""
    presets: tuple[str, ...] = (RECOMMENDED,)
    claims: tuple[str, ...] = (LINT,)
    no_claims: Mapping[str, str] = {}
    tokens: tuple[bytes, ...] = ()
    tokens_from: str = ""
    companions: tuple[bytes, ...] = ()
    reached: tuple[bytes, ...] | None = None
    through_fixtures: bool = False
    follows: str = ""
    related: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    bad: tuple[Example, ...] = ()
    good: tuple[Example, ...] = ()

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield what breaks the rule in a file. A rule without a `check` of its own is not one of the linter's."""
        raise NotImplementedError

    def finding(self, module: Module, node: ast.AST, message: str, *, test: str = "") -> Finding:
        """Return a finding at a node; for a definition the place is its name's line, not its decorator's."""
        place: Any = node  # whatever a rule points at, it has lines and columns
        line, offset = place.lineno, place.col_offset
        end_line, end_offset = place.end_lineno, place.end_col_offset
        column = module.column(line, offset)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            end_line, end_column = line, len(module.lines[line - 1].decode("utf-8", "replace").rstrip()) + 1
        else:
            end_column = module.column(end_line, end_offset)
        return Finding(
            self.code,
            self.name,
            message,
            module.path,
            line,
            column,
            end_line,
            end_column,
            test=test,
            repair=self.repair,
        )


class StateRule(Rule):
    """A rule about one or more kinds of process state; the restore idioms are the same for all of them.

    `message` is a format with `{what}` (the object or call that changes the state), `{kind}` (the name of the state)
    and `{where}` (what reaches it); `late_message` is used where the state is put back, but only when nothing fails
    first.
    What is done only where a name is there that a fresh process lacks counts where the `project` preset is on.
    `at_import` says whether a change made while a test file is imported counts; in a conftest it counts only where the
    `project` preset is on, since there it is usually configuration.
    """

    message = "{what} is changed {where} and not put back"
    late_message = "{what} is changed {where} and put back only when nothing fails in between"
    states: tuple[State, ...] = ()
    at_import = True
    follows = "calls"

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the changes that reach the next test."""
        from hermetic.source.leaks import find_leaks
        from hermetic.source.putback import removes_maybe

        for state in self.states:
            for leak in find_leaks(module, state, project, self.tokens):
                if leak.root is None and not self.counts_at_import(module, project):
                    continue
                if PROJECT not in project.presets and removes_maybe(leak.change, state):
                    continue
                if self.keeps(leak):
                    yield self.leak_finding(leak)

    def keeps(self, leak: Leak) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a leak is a finding."""
        return True

    def counts_at_import(self, module: Module, project: Project) -> bool:
        """Tell whether a change at import time of this file is a finding."""
        conftest = module.path.replace("\\", "/").rpartition("/")[2] == "conftest.py"
        return self.at_import and (not conftest or PROJECT in project.presets)

    def leak_finding(self, leak: Leak) -> Finding:
        """Turn a leak into a finding at the line that changes the state."""
        change, root = leak.change, leak.root
        module = change.scope.module
        test = node_id(root) if root is not None else ""
        template = self.late_message if leak.late else self.message
        where = reached_from(change.scope, root)
        message = template.format(what=self.subject(change), kind=change.kind, where=where)
        return self.finding(module, change.node, message, test=test)

    def subject(self, change: Change) -> str:
        """Return what the message says is changed."""
        return spelled(change.what, change.key)


def one_per_line(check: Check[Owner]) -> Check[Owner]:
    """Make a rule's check give the first finding of each line only, where several tests lead to the same one."""

    def first(self: Owner, module: Module, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, int]] = set()
        for finding in check(self, module, project):
            if (finding.path, finding.line) not in seen:
                seen.add((finding.path, finding.line))
                yield finding

    first.__doc__ = check.__doc__
    return first


def spelled(what: str, key: str) -> str:
    """Return how a message names what is changed: the object, with its key where that is written out, or the call."""
    text = what.lstrip("@.[").replace("<with>", "")
    for name in ITEMS:
        if text == name or text.startswith(f"{name}."):
            return f"{name}[{key}]" if key.startswith(("'", '"')) else name
    if text.startswith("logging.Logger.") and key.startswith("logging."):
        return f"{key}.{text.rpartition('.')[2]}"
    return text


ITEMS = ("os.environ", "os.environb", "sys.modules", "sys.path", "sys.argv", "sys.meta_path", "sys.path_hooks")


def reached_from(scope: Scope, root: Scope | None) -> str:
    """Return the part of a message that says who reaches the change."""
    if root is None:
        return "when the file is imported"
    if root is scope or (scope.parent is root):
        return f"in {root.name}"
    where = "" if root.module is scope.module else f" ({root.module.path}:{root.line})"
    return f"in {scope.name}, called from {root.name}{where}"


def node_id(function: Scope) -> str:
    """Return pytest's node id of a function (without parameters)."""
    names = [function.name]
    owner = function.owner
    while owner is not None:
        names.insert(0, owner.name)
        owner = owner.owner
    return "::".join([function.module.path.replace("\\", "/"), *names])
