"""Fixes are spliced into the bytes of a file, checked, and taken back where they do not help."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from hermetic.finding import Edit, Finding, Fix
from hermetic.lint.fix import Repairer
from hermetic.lint.rewrite import NotWrittenError, rewrite
from hermetic.lint.splice import spliced
from tests.utils.repairing import repair_paths, repaired

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def bytes_repaired(data: bytes, folder: Path) -> bytes:
    """Return what one file becomes."""
    path = folder / "test_it.py"
    path.write_bytes(data)
    done = repair_paths([str(path)], folder)
    return done.files[str(path)][1] if done.files else data


BYTES = {
    "windows lines": (
        b'import os\r\n\r\n\r\ndef test_a():\r\n    os.environ["A"] = "1"  # why\r\n',
        b'import os\r\n\r\n\r\ndef test_a(monkeypatch):\r\n    monkeypatch.setenv("A", "1")  # why\r\n',
    ),
    "several lines of windows": (
        b'import os\r\ndef test_a():\r\n\tos.environ.update(A="1", B="")\r\n',
        b'import os\r\ndef test_a(monkeypatch):\r\n\tmonkeypatch.setenv("A", "1")\r\n\tmonkeypatch.setenv("B", "")\r\n',
    ),
    "old mac lines": (
        b'import os\rdef test_a():\r    os.environ["A"] = "1"\r',
        b'import os\rdef test_a(monkeypatch):\r    monkeypatch.setenv("A", "1")\r',
    ),
    "a byte order mark": (
        b'\xef\xbb\xbfimport os\ndef test_a(): os.environ["A"] = "1"\n',
        b'\xef\xbb\xbfimport os\ndef test_a(monkeypatch): monkeypatch.setenv("A", "1")\n',
    ),
    "a mark, all on its line": (
        b'\xef\xbb\xbfdef test_a(): import os; os.environ["A"] = "1"\n',
        b'\xef\xbb\xbfdef test_a(monkeypatch): import os; monkeypatch.setenv("A", "1")\n',
    ),
    "latin": (
        '# coding: latin-1\nimport os\ndef test_ä():\n    "ß"; os.environ["Ä"] = "ö"; "ü"\n'.encode("latin-1"),
        '# coding: latin-1\nimport os\ndef test_ä(monkeypatch):\n    "ß"; monkeypatch.setenv("Ä", "ö"); "ü"\n'.encode(
            "latin-1"
        ),
    ),
    "letters of many bytes": (
        'import os\ndef test_ä(日本=1):\n    "日本"; os.environ["日"] = "🐍"; "本"\n'.encode(),
        'import os\ndef test_ä(monkeypatch, 日本=1):\n    "日本"; monkeypatch.setenv("日", "🐍"); "本"\n'.encode(),
    ),
    "tabs and form feeds": (
        b'import os\n\x0c\ndef test_a():\n\tif os:\n\t\tos.environ["A"] = "1"\n\x0c\n',
        b'import os\n\x0c\ndef test_a(monkeypatch):\n\tif os:\n\t\tmonkeypatch.setenv("A", "1")\n\x0c\n',
    ),
    "no newline at the end": (
        b'import os\ndef test_a():\n    os.environ["A"] = "1"',
        b'import os\ndef test_a(monkeypatch):\n    monkeypatch.setenv("A", "1")',
    ),
    "several on a line": (
        b'import os\ndef test_a(): os.environ["A"] = ""; os.chdir("/"); os.environ["B"] = ""\n',
        b'import os\ndef test_a(%s): %s.setenv("A", ""); %s.chdir("/"); %s.setenv("B", "")\n' % ((b"monkeypatch",) * 4),
    ),
    "a value on many lines": (
        b'import os\ndef test_a():\n    os.environ["A"] = (  # why\n    "1"  # one\n    "2"\n    )\n',
        b'import os\ndef test_a(monkeypatch):\n    monkeypatch.setenv("A", (  # why\n    "1"  # one\n    "2"\n    ))\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "expected"), BYTES.values(), ids=BYTES)
def test_everything_around_an_edit_stays_as_it_is(before: bytes, expected: bytes, tmp_path: Path) -> None:
    assert bytes_repaired(before, tmp_path) == expected


@pytest.mark.parametrize(
    "statement",
    [
        'os.environ["A"] = os.environ["B"] = "1"',
        'os.environ["A"], x = "1", 2',
        'os.environ["A"] = "1", ',
        'os.environ["A"] = \\\n        "1"',
        'os.environ.update({  # all\n        "A": "1",\n    })',
        'x = os.environ.setdefault("A", "1")',
        "os.environ.clear()",
        'with contextlib.suppress(KeyError): os.environ.update(A="1", B="2")',
        'os.environ.update(A="1"); os.environ.update(B="2", C="3")',
        "os.environ.update(x)",
        'f = lambda: os.environ.update(A="1"); f()',
        "os.environ.update(A=next(x), B=next(x))",
    ],
)
def test_what_cannot_be_spliced_in_without_a_loss_is_left(statement: str, tmp_path: Path) -> None:
    source = f"import contextlib\nimport os\n\nx = iter(())\n\n\ndef test_a():\n    {statement}\n"

    assert repaired(source, tmp_path).count("setenv") <= statement.count('; os.environ.update(B="2"')


@pytest.mark.parametrize("data", [b"def (:\n", b"\0", b"# coding: nobody\nx = 1\n", b'"\xff"\n', b"", b"\xef\xbb\xbf"])
def test_a_file_that_cannot_be_parsed_is_left(data: bytes, tmp_path: Path) -> None:
    assert bytes_repaired(data, tmp_path) == data


def finding(fix: Fix | None, line: int = 1, message: str = "m") -> Finding:
    item = Finding("X1", "x", message, "a.py", line)
    item.fix = fix
    return item


def test_of_two_fixes_that_overlap_one_waits() -> None:
    first = finding(Fix("", [Edit(0, 3, "A"), Edit(6, 7, "B")]))
    second = finding(Fix("", [Edit(2, 4, "C")]), 2)
    third = finding(Fix("", [Edit(4, 5, "D")]), 3)

    assert spliced(b"0123456789", [third, second, first]) == (b"A3D5B789", [first, third])


def test_fixes_share_an_edit_that_both_make_and_keep_the_order_of_two_at_one_place() -> None:
    shared = Edit(1, 1, "x")
    one = finding(Fix("", [shared, Edit(4, 4, "a"), Edit(4, 4, "b"), Edit(4, 6, "c")]))
    other = finding(Fix("", [Edit(1, 1, "x"), Edit(8, 9, "")]), 2)

    assert spliced(b"0123456789", [one, other]) == (b"0x123abc679", [one, other])


def test_two_insertions_at_one_place_by_different_fixes_do_not_mix() -> None:
    one, other = finding(Fix("", [Edit(1, 1, "x")])), finding(Fix("", [Edit(1, 1, "y")]), 2)

    assert spliced(b"01", [one, other]) == (b"0x1", [one])


class Rules:
    """A check that finds each word of a file, with the fix that a table gives for it."""

    def __init__(self, fixes: Mapping[bytes, str], source: bytes, *, safe: bool = True) -> None:
        self.fixes = fixes
        self.source = source
        self.safe = safe
        self.checks = 0

    def check(self, held: Mapping[str, bytes], _paths: list[str]) -> list[Finding]:
        self.checks += 1
        data = held.get("a.py", self.source)
        found = []
        for word in (b"bad", b"new", b"worse"):
            start = data.find(word)
            while start >= 0:
                text = self.fixes.get(word)
                edits = [Edit(start, start + len(word), text)] if text is not None else []
                fix = Fix("f", edits, safe=self.safe) if edits else None
                found.append(finding(fix, data.count(b"\n", 0, start) + 1, word.decode()))
                start = data.find(word, start + 1)
        return found

    def read(self, _path: str) -> bytes:
        return self.source


@pytest.mark.parametrize("text", ["bad ", "new", "bad; new", "'", "'good' 'new'"])
def test_a_fix_that_leaves_its_finding_or_brings_another_or_breaks_the_file_is_refused(text: str) -> None:
    rules = Rules({b"bad": text}, b"x = 'bad'\n")

    done = Repairer(rules.check, rules.read).run()

    assert done.files == {}
    assert done.fixed == []
    assert len(done.refused) == 1
    assert [item.message for item in done.left] == ["bad"]


def test_a_fix_that_is_refused_does_not_keep_the_others_of_its_file_out() -> None:
    rules = Rules({b"bad": "good", b"worse": "worse still"}, b"x = 'bad'\ny = 'worse'\nz = 'bad'\n")

    done = Repairer(rules.check, rules.read).run()

    assert done.files == {"a.py": (rules.source, b"x = 'good'\ny = 'worse'\nz = 'good'\n")}
    assert [item.message for item in done.fixed] == ["bad", "bad"]
    assert [item.message for item in done.refused] == ["worse"]


def test_an_unsafe_fix_waits_until_it_is_asked_for() -> None:
    rules = Rules({b"bad": "good"}, b"x = 'bad'\n", safe=False)

    assert Repairer(rules.check, rules.read).run().files == {}
    assert Repairer(rules.check, rules.read, unsafe=True).run().files == {"a.py": (b"x = 'bad'\n", b"x = 'good'\n")}


def test_a_check_that_finds_nothing_is_made_once() -> None:
    rules = Rules({}, b"x = 1\n")

    assert Repairer(rules.check, rules.read).run().files == {}
    assert rules.checks == 1


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path) -> None:
    file, link = tmp_path / "real.py", tmp_path / "link.py"
    file.write_bytes(b"old")
    file.chmod(0o750)
    link.symlink_to("real.py")

    rewrite(str(link), b"old", b"new")

    assert link.is_symlink()
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o750)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["link.py", "real.py"]


def test_a_file_that_somebody_else_has_changed_is_left(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"newer")

    with pytest.raises(NotWrittenError, match="changed while it was being checked"):
        rewrite(str(file), b"old", b"new")
    assert file.read_bytes() == b"newer"


def test_a_read_only_file_is_left(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")
    file.chmod(0o444)

    with pytest.raises(NotWrittenError, match="read-only"):
        rewrite(str(file), b"old", b"new")
    assert file.read_bytes() == b"old"


def test_where_a_file_cannot_be_replaced_nothing_is_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")
    (tmp_path / f"a.py.hermetic-{os.getpid()}").mkdir()  # where the new content would be written first

    with pytest.raises(NotWrittenError, match="cannot be written"):
        rewrite(str(file), b"old", b"new")
    assert file.read_bytes() == b"old"


def test_a_fix_that_brings_a_finding_to_another_file_is_refused() -> None:
    rules = Rules({b"bad": "good"}, b"x = 'bad'\ny = 'bad bad'\n")

    def check(held: Mapping[str, bytes], paths: list[str]) -> list[Finding]:
        found = rules.check(held, paths)
        if b"y = 'good" in held.get("a.py", b"") and not paths:
            found.append(Finding("X1", "x", "far", "b.py", 1))
        return found

    done = Repairer(check, rules.read).run()

    assert done.files == {"a.py": (rules.source, b"x = 'good'\ny = 'bad bad'\n")}
    assert [item.path for item in done.left] == ["a.py", "a.py"]


def test_a_file_that_is_written_by_another_name_already_is_well(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"new")

    rewrite(str(file), b"old", b"new")

    assert file.read_bytes() == b"new"
