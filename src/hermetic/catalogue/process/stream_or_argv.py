"""HRM107."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.rule import GUARD, LINT, Example, StateRule
from hermetic.source.changes import stored
from hermetic.source.kept import STREAMS as STREAMS_KEPT
from hermetic.source.kept import is_kept
from hermetic.source.names import resolve
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak
    from hermetic.source.scope import Scope

LIST_METHODS = ("append", "insert", "extend", "remove", "pop", "clear", "reverse", "sort", "__setitem__", "__iadd__")
LOOPED = ("for", "other")  # how the variables of a loop are bound, one or several
STREAMS = ("stdin", "stdout", "stderr")
CAPTURED = ("sys.stdout", "sys.stderr")
# What `redirect_stdout` and its kin restore is the attribute, so they do not help against `close`.
REPLACED = tuple(
    State(
        f"sys.{name}",
        attributes=(f"sys.{name}",),
        saves=(f"sys.__{name}__",),
        managers=(
            f"contextlib.redirect_{name}",
            f"test.support.captured_{name}",
            "test.support.captured_output",
            "test.support.swap_attr",
        ),
        words=(name, "redirect", "captur", "stream", "stdio"),
    )
    for name in STREAMS
)
CLOSED = State(
    "closed",
    methods={f"sys.{mark}{name}{mark}": ("close", "detach") for name in STREAMS for mark in ("", "__")},
    words=STREAMS,
)
ARGV = State(
    "sys.argv",
    items=("sys.argv", "sys.orig_argv"),
    attributes=("sys.argv", "sys.orig_argv"),
    methods={"sys.argv": LIST_METHODS},
    words=("argv", "command_line", "cli_args"),
)


def wraps_buffer(change: Change) -> bool:
    """Tell whether the code around a replaced stream has to do with the buffer of the stream that was there."""
    scope = change.scope
    text = scope.module.text(scope) if scope.is_function else scope.module.data
    return b".buffer" in text or b"detach" in text


def is_option(change: Change) -> bool:
    """Tell whether `sys.argv` is edited only below a question for one argument, which a file run by hand is given."""
    return any(
        isinstance(parent, ast.If)
        and child in parent.body
        and isinstance(parent.test, ast.Compare)
        and asks_for_argument(change.scope, parent.test)
        for child, parent in change.scope.ancestors(change.node)
    )


def asks_for_argument(scope: Scope, test: ast.Compare) -> bool:
    """Tell whether a comparison is `"--big" in sys.argv`, or one of an item of it with such a text."""
    sides = [test.left, test.comparators[0]]
    texts = [item for item in sides if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    if len(texts) != 1 or not isinstance(test.ops[0], (ast.In, ast.Eq)):
        return False
    return resolve(scope, container_of(scope, sides[1 - sides.index(texts[0])])) == "sys.argv"


def container_of(scope: Scope, item: ast.expr) -> ast.expr:
    """Return what an item is one of: by its place (`sys.argv[1]`), or as the variable of a loop."""
    if isinstance(item, ast.Subscript):
        return item.value
    found = scope.find(item.id, item.lineno) if isinstance(item, ast.Name) else None
    value = found[0].value if found is not None and found[0].kind in LOOPED else item
    if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "enumerate" and value.args:
        return value.args[0]
    return value if isinstance(value, ast.expr) else item


class StreamOrArgv(StateRule):
    """A test replaces or closes a standard stream, or edits `sys.argv`, and nothing undoes it.

    Why it breaks:
    Programs read `sys.argv` when they start, so the next test that starts one parses the arguments of this one. A
    closed stream makes the next `print` fail, in pytest's own code as well. A replaced stream swallows the output of
    all that follows: with pytest's capture on, until the phase ends; with `-s`, for the rest of the run. A `sys.stdin`
    stays in either case. A wrapper of `sys.stdout.buffer` closes that buffer when it is freed, and pytest's capture
    ends the run.

    Do this instead:
    Use `monkeypatch.setattr(sys, "argv", [...])`, the `capsys` and `capfd` fixtures, `contextlib.redirect_stdout` and
    `redirect_stderr`, or pass arguments and streams to the function under test.

    Limits:
    A replaced `sys.stdout` or `sys.stderr` counts where pytest's configuration switches the capture off (`-s`), and
    where it is a wrapper of the buffer: else the capture sets the stream anew when the phase ends, and `-s` on the
    command line is not known here. An edit of `sys.argv` below a question for one argument (`if "--big" in sys.argv:`)
    is for a file that is run by hand, and left alone. Streams of other objects, and descriptors that are duplicated
    with `os.dup2`, are not seen here. In code under test only what certainly runs for the named test counts: not what
    stands below a condition that cannot be read from the call, nor what a call inside `pytest.raises` makes. The guard
    sees the rest.
    """

    code = "HRM107"
    name = "stream-or-argv"
    symptoms = (
        "capsys is empty, or output is lost, after another test",
        "ValueError: I/O operation on closed file",
        "argparse fails, because sys.argv holds another test's arguments",
    )
    repair = "use capsys, contextlib.redirect_stdout, or monkeypatch.setattr(sys, ...)"
    claims = (LINT, GUARD)
    message = "{what} {where} and not put back"
    late_message = "{what} {where} and put back only when nothing fails in between"
    tokens = (b"argv", b"stdin", b"stdout", b"stderr")
    related = ("HRM106",)
    states = (*REPLACED, CLOSED, ARGV)

    def keeps(self, leak: Leak) -> bool:
        """Leave alone what pytest's capture puts back, own options, and a stream of the test's own that is closed.

        A wrapper of the captured stream's buffer is another matter: it closes that.
        """
        change = leak.change
        if change.what in CAPTURED and is_kept(change.scope, STREAMS_KEPT):
            return wraps_buffer(change)
        if change.kind == ARGV.kind:
            return not is_option(change)
        if change.kind != CLOSED.kind:
            return True
        stream = change.what.rpartition(".")[0]
        return all(name != stream for _, name, _, _ in stored(change.scope))

    def subject(self, change: Change) -> str:
        """Name the stream and what happens to it."""
        stream, _, method = change.what.rpartition(".")
        if change.kind == CLOSED.kind:
            return f"{stream} is closed" if method == "close" else f"{stream} is detached"
        return f"{change.kind} is {'changed' if change.kind == ARGV.kind else 'replaced'}"

    bad = (
        Example(
            "the arguments of one program run are there in the next test",
            {
                "test_command.py": """
import argparse
import sys


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_known_args()[0]


def test_verbose_is_parsed():
    sys.argv = ["report", "--verbose"]  # <- HRM107
    assert parse().verbose


def test_the_default_is_quiet():
    assert not parse().verbose
"""
            },
        ),
        Example(
            "a slice of the arguments is replaced in a setup",
            {
                "test_convert.py": """
import sys
import unittest


class ConvertTest(unittest.TestCase):
    def setUp(self):
        sys.argv[1:] = ["--format", "csv"]  # <- HRM107

    def test_format(self):
        self.assertIn("csv", sys.argv)


def test_no_format_is_given():
    assert "csv" not in sys.argv
"""
            },
        ),
        Example(
            "the arguments are put back below the assertion",
            {
                "test_main.py": """
from sys import argv


def main():
    return len(argv)


def test_an_argument_is_counted():
    argv.append("--dry-run")  # <- HRM107
    assert main() == 0
    argv.remove("--dry-run")


def test_it_is_no_dry_run():
    assert "--dry-run" not in argv
"""
            },
        ),
        Example(
            "a closed stream fails the next test that prints",
            {
                "test_pipe.py": """
import sys


def test_a_broken_pipe_is_survived():
    sys.stdout.close()  # <- HRM107


def test_the_summary_is_printed():
    print("3 members")
"""
            },
        ),
        Example(
            "without capture, a replaced stream swallows the output of later tests",
            {
                "pytest.ini": """
[pytest]
addopts = -s
""",
                "test_output.py": """
import io
import sys


def test_the_summary_is_printed():
    sys.stdout = buffer = io.StringIO()  # <- HRM107
    print("3 members")
    assert buffer.getvalue() == "3 members\\n"


def test_output_goes_to_the_terminal():
    assert not isinstance(sys.stdout, io.StringIO)
""",
            },
        ),
    )
    good = (
        Example(
            "monkeypatch and mock restore the arguments",
            {
                "test_command.py": """
import sys
from unittest import mock


def test_verbose_is_parsed(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["report", "--verbose"])
    sys.argv.append("--dry-run")
    assert sys.argv[-1] == "--dry-run"


@mock.patch.object(sys, "argv", ["report"])
def test_the_default_is_quiet():
    sys.argv += ["--quiet"]
    assert sys.argv == ["report", "--quiet"]


def test_in_a_block():
    with mock.patch("sys.argv", ["report"]):
        assert sys.argv == ["report"]
"""
            },
        ),
        Example(
            "streams are redirected for a block, or put back in a finally",
            {
                "test_output.py": """
import contextlib
import io
import sys


def test_the_summary_is_printed():
    with contextlib.redirect_stdout(io.StringIO()) as buffer:
        print("3 members")
    assert buffer.getvalue() == "3 members\\n"


def test_errors_are_printed(capsys):
    print("broken", file=sys.stderr)
    assert capsys.readouterr().err == "broken\\n"


def test_the_answer_is_read():
    before, sys.stdin = sys.stdin, io.StringIO("yes\\n")
    try:
        assert input() == "yes"
    finally:
        sys.stdin = before
"""
            },
        ),
        Example(
            "a fixture restores a copy of the arguments, and a list of one's own is nobody else's",
            {
                "test_main.py": """
import sys

import pytest


@pytest.fixture
def arguments():
    before = sys.argv[:]
    yield sys.argv
    sys.argv[:] = before


def test_an_argument_is_counted(arguments):
    arguments.append("--count")
    assert "--count" in sys.argv


def test_a_copy():
    argv = list(sys.argv)
    argv.append("--copy")
    assert "--copy" not in sys.argv
"""
            },
        ),
    )
