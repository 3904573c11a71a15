"""The file of accepted findings: what it holds, how it survives edits and merges, and how a broken one is refused."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermetic.finding import Finding
from hermetic.lint import baseline
from hermetic.lint.baseline import Baseline, BaselineError, Entry
from hermetic.lint.selection import Selection
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = '{"version": 1, "tool": "hermetic", "paths": ["."]}\n'
ENTRY = Entry("tests/test_a.py", "HRM101", "test_a", "0123456789ab", 1)
SOURCE = "import os\n\n\ndef test_a():\n    os.environ['A'] = 'x'\n    os.environ['A'] = 'x'\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def at(*lines: int, path: str = "test_a.py", code: str = "HRM101") -> list[Finding]:
    return [Finding(code, "environ-write", "os.environ is changed", path, line) for line in lines]


def selection(*codes: str, known: Iterable[str] = ("HRM101", "HRM102")) -> Selection:
    return Selection([], frozenset(), frozenset(codes), known=frozenset(known))


def refused(data: bytes) -> str:
    """Return what is said of a baseline with these bytes."""
    Path("b.jsonl").write_bytes(data)
    with pytest.raises(BaselineError) as caught:
        baseline.load("b.jsonl")
    return str(caught.value)


# --- the file ---


def test_what_is_written_is_read_again() -> None:
    made = Baseline("b.jsonl", [ENTRY, ENTRY._replace(code="HRM102")], ["tests", "e2e"])
    made.write()

    read = baseline.load("b.jsonl")

    assert (read.entries, read.paths) == (made.entries, ["e2e", "tests"])


def test_entries_stand_a_line_each_sorted_below_a_header_with_the_version() -> None:
    others = [ENTRY._replace(path=f"{letter}/test_z.py") for letter in "kajbicdh"]
    others += [ENTRY._replace(code="HRM102"), ENTRY._replace(number=2)]

    head, *rows = Baseline("b.jsonl", [ENTRY, *others], ["."]).text().splitlines()

    assert json.loads(head) == {"version": 1, "tool": "hermetic", "paths": ["."]}
    assert [tuple(json.loads(row).values()) for row in rows] == sorted([ENTRY, *others])
    assert all("line" not in json.loads(row) for row in rows)


@pytest.mark.parametrize("path", ["é€.py", "a\nb.py", 'a"b.py', "\udce9.py", "a\u2028b.py"])
def test_any_path_stays_on_one_line_and_comes_back(path: str) -> None:
    Baseline("b.jsonl", [ENTRY._replace(path=path)]).write()

    assert Path("b.jsonl").read_bytes().count(b"\n") == 2
    assert [entry.path for entry in baseline.load("b.jsonl").entries] == [path]


def test_two_branches_that_remove_different_entries_merge() -> None:
    entries = [ENTRY._replace(path=f"test_{letter}.py") for letter in "abcdef"]

    def git(*words: str) -> int:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
        return subprocess.run(["git", *who, *words], capture_output=True, check=False).returncode

    def commit(kept: list[Entry]) -> None:
        Baseline("b.jsonl", kept, ["."]).write()
        assert git("add", ".") == git("commit", "--quiet", "--message", "x") == 0

    git("init", "--quiet")
    commit(entries)
    git("checkout", "--quiet", "-b", "other")
    commit(entries[1:])
    git("checkout", "--quiet", "main")
    commit(entries[:-1])

    assert git("merge", "--quiet", "--no-edit", "other") == 0
    assert baseline.load("b.jsonl").entries == set(entries[1:-1])


@pytest.mark.parametrize("change", [lambda data: data.replace(b"\n", b"\r\n"), lambda data: b"\xef\xbb\xbf" + data])
def test_what_editors_and_git_do_to_text_files_is_understood(change: object) -> None:
    Path("b.jsonl").write_bytes(change(Baseline("b.jsonl", [ENTRY], ["."]).text().encode()))  # type: ignore[operator]

    assert baseline.load("b.jsonl").entries == {ENTRY}


def test_an_entry_that_a_merge_has_doubled_counts_once() -> None:
    text = Baseline("b.jsonl", [ENTRY], ["."]).text()
    Path("b.jsonl").write_text(text + text.splitlines()[1] + "\n\n", encoding="utf-8")

    assert baseline.load("b.jsonl").entries == {ENTRY}


def test_a_write_keeps_the_rights_of_the_file_and_a_link_to_it(folder: Path) -> None:
    Path("real.jsonl").write_text(HEAD, encoding="utf-8")
    Path("real.jsonl").chmod(0o640)
    Path("b.jsonl").symlink_to("real.jsonl")

    Baseline("b.jsonl", [ENTRY]).write()

    assert Path("b.jsonl").is_symlink()
    assert stat.S_IMODE(Path("real.jsonl").stat().st_mode) == 0o640
    assert baseline.load("real.jsonl").entries == {ENTRY}
    assert sorted(path.name for path in folder.iterdir()) == ["b.jsonl", "real.jsonl"]


def test_a_write_that_fails_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("b.jsonl").write_text(HEAD, encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BaselineError, match=r"b\.jsonl: cannot be written: No space left on device; name another file"):
        Baseline("b.jsonl", [ENTRY]).write()

    assert Path("b.jsonl").read_text(encoding="utf-8") == HEAD
    assert [path.name for path in folder.iterdir()] == ["b.jsonl"]


# --- what it holds ---


def test_a_finding_is_held_wherever_its_lines_move() -> None:
    write_files({"test_a.py": SOURCE}, Path())
    made = Baseline("b.jsonl")
    made.entries = set(made.entries_of(at(5, 6)))
    write_files({"test_a.py": "# new\n" + SOURCE.replace("def", "def test_new():\n    pass\n\n\ndef")}, Path())

    new, used = made.divided(at(10, 11))

    assert (new, used) == ([], made.entries)


def test_one_more_of_the_same_is_new() -> None:
    write_files({"test_a.py": SOURCE}, Path())
    made = Baseline("b.jsonl")
    made.entries = set(made.entries_of(at(5)))

    new, used = made.divided(at(5, 6))

    assert [item.line for item in new] == [6]
    assert used == made.entries


def test_one_less_of_the_same_leaves_one_stale() -> None:
    write_files({"test_a.py": SOURCE}, Path())
    made = Baseline("b.jsonl")
    made.entries = set(made.entries_of(at(5, 6)))

    (stale,) = made.stale(made.divided(at(6))[1], selection("HRM101"))

    assert stale.number == 2


def test_a_finding_of_another_rule_or_file_is_not_held() -> None:
    write_files({"test_a.py": SOURCE, "test_b.py": SOURCE}, Path())
    made = Baseline("b.jsonl")
    made.entries = set(made.entries_of(at(5)))

    assert len(made.divided([*at(5, code="HRM102"), *at(5, path="test_b.py")])[0]) == 2


def test_source_that_is_not_on_disk_is_what_counts() -> None:
    made = Baseline("b.jsonl")
    made.entries = set(made.entries_of(at(5), {"test_a.py": SOURCE.encode()}))

    assert made.divided(at(5), {"test_a.py": SOURCE.encode()})[0] == []
    assert len(made.divided(at(5))[0]) == 1


def test_entries_are_relative_to_the_file_wherever_the_check_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    write_files({"tests/unit/test_a.py": SOURCE}, Path())
    made = Baseline("tests/b.jsonl")
    made.entries = set(made.entries_of(at(5, path="tests/unit/test_a.py")))
    made.write()
    assert [entry.path for entry in made.entries] == ["unit/test_a.py"]
    monkeypatch.chdir("tests/unit")

    assert baseline.load("../b.jsonl").divided(at(5))[0] == []


def test_a_file_that_cannot_be_read_is_never_held() -> None:
    made = Baseline("b.jsonl")
    made.entries = set(made.entries_of(at(0, code="HRM001")))

    assert len(made.divided(at(0, code="HRM001"))[0]) == 1


# --- what is stale ---


def test_only_the_selected_rules_tell_what_is_stale() -> None:
    made = Baseline("b.jsonl", [ENTRY, ENTRY._replace(code="HRM102")])

    assert [entry.code for entry in made.stale(set(), selection("HRM102"))] == ["HRM102"]


def test_an_entry_of_a_rule_that_is_no_more_is_stale_and_one_of_a_strange_rule_is_not() -> None:
    made = Baseline("b.jsonl", [ENTRY._replace(code="HRM777"), ENTRY._replace(code="ACME1")])

    assert [entry.code for entry in made.stale(set(), selection("HRM102"))] == ["HRM777"]


@pytest.mark.parametrize(
    ("paths", "given", "covered"),
    [
        (["."], ["."], True),
        (["tests"], ["."], True),
        (["tests"], ["tests/"], True),
        (["tests", "e2e"], ["e2e", "tests"], True),
        (["tests"], ["tests/unit"], False),
        (["."], ["tests"], False),
        (["tests", "e2e"], ["tests"], False),
        (["tests"], ["tests2"], False),
        (["tests2"], ["tests"], False),
        (["tests", "gone"], ["tests"], True),
    ],
)
def test_only_a_check_of_all_that_it_was_written_for_covers_it(
    paths: list[str], given: list[str], covered: bool
) -> None:
    for name in ("tests/unit", "tests2", "e2e"):
        Path(name).mkdir(parents=True)

    assert Baseline("b.jsonl", (), paths).covered(given) is covered


# --- what is refused ---


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "b.jsonl:1: is not the first line of a baseline; take the file back from git"),
        (b"[]\n", "b.jsonl:1: is not the first line of a baseline"),
        (b'{"version": 1}\n', "b.jsonl:1: is not the first line of a baseline"),
        (b"[" * 100_000, "b.jsonl:1: is not the first line of a baseline"),
        (b"\xff\xfe\n", "b.jsonl:1: is not text"),
        (HEAD.replace("1", "2").encode(), "b.jsonl: is a baseline of version 2, and this hermetic reads version 1"),
        (HEAD.replace('["."]', "3").encode(), "b.jsonl:1: names no list of paths"),
        (HEAD.encode() + b"nothing\n", "b.jsonl:2: is no entry; take the file back from git"),
        (HEAD.encode() + b"3\n", "b.jsonl:2: is no entry"),
        (HEAD.encode() + b'{"path": "a"}\n', "b.jsonl:2: is no entry"),
        (HEAD.encode() + json.dumps(ENTRY._replace(path=3)._asdict()).encode(), "b.jsonl:2: is no entry"),  # type: ignore[arg-type]
        (HEAD.encode() + json.dumps(ENTRY._replace(number="1")._asdict()).encode(), "b.jsonl:2: is no entry"),  # type: ignore[arg-type]
        (HEAD.encode() + b"\n<<<<<<< HEAD\n", "b.jsonl:3: is left over from a merge; keep the entries of both sides"),
    ],
)
def test_a_broken_file_is_refused_with_the_line_and_the_next_step(data: bytes, said: str) -> None:
    text = refused(data)

    assert text.startswith(said)
    assert "hermetic baseline" in text


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (str, "there is no such baseline; write it: hermetic baseline --file b.jsonl"),
        (Path.mkdir, "is not a regular file"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.symlink_to("gone"), "is not a regular file"),
    ],
)
def test_what_is_no_file_is_refused(make: object, said: str) -> None:
    make(Path("b.jsonl"))  # type: ignore[operator]

    with pytest.raises(BaselineError, match=f"^b.jsonl: {said}"):
        baseline.load("b.jsonl")


def test_a_file_without_the_right_to_read_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("b.jsonl").write_text(HEAD, encoding="utf-8")

    def forbidden(*_: object) -> None:  # root may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", forbidden)

    with pytest.raises(BaselineError, match=r"^b\.jsonl: cannot be read: Permission denied; "):
        baseline.load("b.jsonl")
