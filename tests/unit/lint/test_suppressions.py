"""`# hermetic: ignore[CODE]` comments: which line they speak for, and what is said of those that do nothing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from hermetic import config
from hermetic.catalogue import registry
from hermetic.guard.judge import SUPPRESSION
from hermetic.lint import selection, suppressions
from hermetic.lint.engine import Engine
from tests.utils.lint import lint_files, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.finding import Finding

CODES = ("HRM101", "HRM905")


def linted(
    source: str, folder: Path, select: tuple[str, ...] = CODES, name: str = "test_a.py"
) -> list[tuple[str, int]]:
    return [(item.code, item.line) for item in lint_files({name: source}, folder, select=select)]


def function(line: str, above: str = "") -> str:
    return f"import os\n\n\ndef test_a():\n{above}    {line}\n"


WRITE = 'os.environ["A"] = "1"'


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(function(f"{WRITE}  # hermetic: ignore[HRM101] the app reads it"), id="at-the-end"),
        pytest.param(function(f"{WRITE}  # hermetic: ignore[HRM101]"), id="no-reason"),
        pytest.param(function(f"{WRITE}  # hermetic: ignore[ HRM101 ] spaces"), id="spaces"),
        pytest.param(function(f"{WRITE}  # type: ignore  # hermetic: ignore[HRM101] two marks"), id="behind-another"),
        pytest.param(function(f"{WRITE}  # hermetic:ignore[HRM101] as noqa:X"), id="no-blank"),
        pytest.param(function(f"{WRITE}  #hermetic: ignore[HRM101]"), id="no-blank-before"),
        pytest.param(function(f"{WRITE}  # hermetic: ignore [HRM101] x"), id="blank-before-codes"),
        pytest.param(function(f"{WRITE}  # Hermetic: Ignore[HRM101] x"), id="capitals"),
        pytest.param(function(f"{WRITE}  # HERMETIC: IGNORE[HRM101] x"), id="all-capitals"),
        pytest.param(function(f"{WRITE}  # noqa: X hermetic: not pure; hermetic: ignore[HRM101]"), id="second-mention"),
        pytest.param(function(WRITE, "    # hermetic: ignore[HRM101] above\n"), id="above"),
        pytest.param(function(WRITE, "    # hermetic: ignore[HRM101] above\n\n    # and more\n"), id="further-above"),
        pytest.param(
            function('os.environ.update(\n        A="1",\n    )  # hermetic: ignore[HRM101] at its end'), id="last-line"
        ),
        pytest.param(function(f"{WRITE}  # hermetic: ignore[HRM101] x").replace("\n", "\r\n"), id="crlf"),
        pytest.param(function(f"{WRITE}  # hermetic: ignore[HRM101] x").replace("\n", "\r"), id="cr"),
        pytest.param("\ufeff" + function(f"{WRITE}  # hermetic: ignore[HRM101] x"), id="byte-order-mark"),
        pytest.param(function(f"{WRITE}  # hermetic: ignore[HRM101] x").rstrip(), id="no-last-line-end"),
        pytest.param(function(f'x = "é"; {WRITE}  # hermetic: ignore[HRM101] ü'), id="not-ascii"),
    ],
)
def test_a_comment_speaks_for_its_line_or_the_next_line_of_code(source: str, tmp_path: Path) -> None:
    assert linted(source, tmp_path) == []


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# hermetic: ignore[HRM101] x", "HRM101"),
        ("# hermetic:ignore[HRM101]", "HRM101"),
        ("# Hermetic: ignore [HRM101]", "HRM101"),
        ("# type: ignore  # hermetic: ignore[HRM101,HRM102] x", "HRM101,HRM102"),
        ("# noqa: X, hermetic: ignore[HRM101] x", "HRM101"),
        ("# hermetic: disable[HRM101]", None),
        ("# hermetic: ignore", None),
    ],
)
def test_the_guard_takes_the_same_spellings_as_the_linter(comment: str, codes: str | None) -> None:
    line = f"x = 1  {comment}"
    excuse = SUPPRESSION.search(line)
    read = suppressions.parse(comment, 1, 8, line)

    assert (excuse and excuse[1]) == codes
    assert read is not None
    assert ",".join(read.codes) == (codes or "")


def test_one_comment_may_name_several_codes(tmp_path: Path) -> None:
    source = function(f"os.chdir('/'); {WRITE}  # hermetic: ignore[HRM101, HRM102] both")

    assert linted(source, tmp_path, ("HRM101", "HRM102", "HRM905")) == []


@pytest.mark.parametrize(
    "text", ["x = '# hermetic: ignore[HRM101]'", '"""\n# hermetic: ignore[HRM101]\n"""', "# hermetic: allow[HRM101]"]
)
def test_what_is_no_comment_of_ours_suppresses_nothing(text: str, tmp_path: Path) -> None:
    assert linted(function(f"{text}\n    {WRITE}"), tmp_path)[-1][0] == "HRM101"


def reported(source: str, folder: Path, select: tuple[str, ...] = CODES, name: str = "test_a.py") -> list[Finding]:
    found = lint_files({name: source}, folder, select=select)
    return [item for item in found if item.code == "HRM905"]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore[HRM101] stale", "this suppression of HRM101 suppresses nothing; remove it"),
        ("ignore", "names no code; write # hermetic: ignore[HRM101] reason"),
        ("ignore HRM101", "names no code"),
        ("ignore[HRM101", "names no code"),
        ("ignore[]", "needs whole codes such as HRM101, not nothing"),
        ("ignore[HRM1] prefix", "needs whole codes such as HRM101, not HRM1"),
        ("ignore[hrm101] small", "needs whole codes such as HRM101, not hrm101"),
        ("ignore[HRM999] misspelt", "names HRM999, which no rule has"),
        (
            "disable[HRM101] pylint's word",
            "says disable, which excuses nothing; write # hermetic: ignore[HRM101] reason",
        ),
        ("Disable [HRM101]", "says Disable, which excuses nothing"),
        ("disable=HRM101", "says disable, which excuses nothing"),
        ("disable HRM101", "says disable, which excuses nothing"),
        ("noqa: HRM101", "says noqa, which excuses nothing"),
        ("noqa", "says noqa, which excuses nothing"),
        ("allow[HRM101]", "says allow, which excuses nothing"),
        ("ignores[HRM101]", "says ignores, which excuses nothing"),
    ],
)
def test_a_comment_that_suppresses_nothing_is_reported_where_it_stands(
    comment: str, message: str, tmp_path: Path
) -> None:
    (found,) = reported(function(f"x = 'é'  # hermetic: {comment}"), tmp_path)

    assert message in found.message
    assert (found.path, found.line, found.column) == ("test_a.py", 5, 14)


@pytest.mark.parametrize(
    "comment",
    [
        "# hermetic: see HRM101 for the reason",
        "# hermetic: this test has a container of its own",
        "# hermetic: skip this where there is no network",
        "# Hermetic [HRM101]: the guard's own name for it",
        "# a hermetic test: ignore[HRM101] has another owner",
        "# unlike noqa: HRM101",
    ],
)
def test_what_only_speaks_of_the_tool_is_not_taken_for_an_excuse(comment: str, tmp_path: Path) -> None:
    assert reported(function(f"x = 1  {comment}"), tmp_path) == []


def test_a_comment_for_another_rule_leaves_the_finding(tmp_path: Path) -> None:
    source = function(f"{WRITE}  # hermetic: ignore[HRM102] wrong")

    assert linted(source, tmp_path, ("HRM101", "HRM102", "HRM905")) == [("HRM101", 5), ("HRM905", 5)]


def test_a_comment_for_a_rule_that_is_off_is_left_alone(tmp_path: Path) -> None:
    assert linted(function("x = 1  # hermetic: ignore[HRM102] of another run"), tmp_path) == []


def test_a_comment_for_a_rule_of_others_is_left_alone_where_they_are_not_installed(tmp_path: Path) -> None:
    assert linted(function("x = 1  # hermetic: ignore[ACME101] of another machine"), tmp_path) == []


def test_nothing_is_said_of_comments_when_that_is_not_selected(tmp_path: Path) -> None:
    assert linted(function("x = 1  # hermetic: ignore"), tmp_path, ("HRM101",)) == []


HELPER = 'import os\n\n\ndef use_region():\n    os.environ["REGION"] = "north"{comment}\n'
CALLER = "from helpers import use_region\n\n\ndef test_a():\n    use_region()\n"


@pytest.mark.parametrize("checked", [["test_a.py"], ["test_a.py", "helpers.py"], ["helpers.py", "test_a.py"]])
def test_a_comment_in_a_helper_counts_whether_or_not_the_helper_is_checked(checked: list[str], tmp_path: Path) -> None:
    quiet = HELPER.format(comment="  # hermetic: ignore[HRM101] a process of its own")
    assert checked_codes(
        {"helpers.py": HELPER.format(comment=""), "test_a.py": CALLER}, checked, tmp_path / "loud"
    ) == ["HRM101"]
    assert checked_codes({"helpers.py": quiet, "test_a.py": CALLER}, checked, tmp_path / "quiet") == []


def checked_codes(files: dict[str, str], checked: list[str], folder: Path) -> list[str]:
    write_files({"pyproject.toml": "", **files}, folder)
    settings = config.load(str(folder))
    settings.select = CODES
    engine = Engine(settings, selection.choose(registry.indexed(), settings))
    return [item.code for item in engine.check([str(folder / name) for name in checked])]


def test_in_a_helper_that_is_checked_alone_a_comment_is_not_called_unused(tmp_path: Path) -> None:
    quiet = HELPER.format(comment="  # hermetic: ignore[HRM101] a process of its own")

    assert linted(quiet, tmp_path, name="helpers.py") == []


def test_in_a_helper_a_misspelt_comment_is_reported(tmp_path: Path) -> None:
    source = HELPER.format(comment="  # hermetic: ignore[HRM999] misspelt")

    assert linted(source, tmp_path, name="helpers.py") == [("HRM905", 5)]


def test_a_file_that_does_not_hold_the_mark_is_not_tokenized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(io, "StringIO", None)

    assert linted(function(WRITE), tmp_path) == [("HRM101", 5)]
