"""What the formats for people and for GitHub print, also for paths, messages and sources that are out to trick them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic import report
from hermetic.finding import Finding
from hermetic.report import concise, full, github, printable

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = b'import os\n\n\ndef test_a():\n\tos.environ["A"] = "\xc3\xa9\x1b[31m"  # \xe2\x82\xac\n'


def finding(**changes: object) -> Finding:
    values = {
        "code": "HRM101", "name": "environ-write", "message": "os.environ is changed", "path": "test_a.py", "line": 5,
        "column": 2, "end_line": 5, "end_column": 19,
    } | changes  # fmt: skip
    return Finding(**values)  # type: ignore[arg-type]


UNREADABLE = finding(code="HRM001", name="cannot-read", message="cannot be read: gone", line=0, column=1, end_column=0)


def test_every_format_has_a_renderer_of_its_own() -> None:
    assert len({report.renderer(name) for name in report.FORMATS}) == len(report.FORMATS)


def test_concise_is_one_line_for_each_finding() -> None:
    text = concise.render([finding(), UNREADABLE], colour=False)

    assert text == (
        "test_a.py:5:2: HRM101 os.environ is changed\ntest_a.py:0:1: HRM001 cannot be read: gone\n"
    )  # fmt: skip


def test_full_shows_the_line_and_marks_the_place() -> None:
    text = full.render([finding()], colour=False, sources={"test_a.py": SOURCE})

    assert (
        text
        == """\
HRM101 environ-write: os.environ is changed
  --> test_a.py:5:2
   |
 5 |  os.environ["A"] = "é\\x1b[31m"  # €
   |  ^^^^^^^^^^^^^^^^^

1 finding in 1 file
     1  HRM101  environ-write
Read more: hermetic explain HRM101
"""
    )


def test_full_marks_the_place_behind_characters_that_are_escaped() -> None:
    text = full.render([finding(column=23, end_column=27)], colour=False, sources={"test_a.py": SOURCE})

    line, marks = text.splitlines()[3:5]
    assert line[marks.index("^") : marks.rindex("^") + 1] == "[31m"


def test_full_marks_the_rest_of_the_line_where_a_finding_spans_several() -> None:
    text = full.render(
        [finding(end_line=7, end_column=3)], colour=False, sources={"test_a.py": b"\n" * 4 + b" call(  \n a,\n )\n"}
    )

    assert text.splitlines()[4] == "   |  ^^^^^"


def test_full_cuts_a_long_line_and_marks_its_end() -> None:
    text = full.render(
        [finding(column=5000, end_column=5003)], colour=False, sources={"test_a.py": b"\n" * 4 + b"x" * 9000}
    )

    line, marks = text.splitlines()[3:5]
    assert len(line) == len(" 5 | ") + full.LONGEST
    assert marks.endswith("^")
    assert len(marks) <= len(line) + 1


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_full_counts_lines_as_python_does(end: bytes) -> None:
    source = end.join([b'"""\x0c\x0b\x1c\xc2\x85\xe2\x80\xa8"""', b"", b"", b"", b" os.environ.clear()", b""])

    assert " 5 |  os.environ.clear()\n" in full.render([finding()], colour=False, sources={"test_a.py": source})


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("# coding: latin-1\n\n\n\n x = 'é'\n".encode("latin-1"), id="cookie"),
        pytest.param("\ufeff\n\n\n\n x = 'é'\n".encode(), id="byte-order-mark"),
    ],
)
def test_full_reads_the_line_in_the_encoding_of_the_file(source: bytes, tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_bytes(source)

    assert " 5 |  x = 'é'\n" in full.render([finding(path=str(path))], colour=False)


@pytest.mark.parametrize("source", [b"", b"\n" * 9, b"# coding: nosuch\n\n\n\n\xe9\n"])
def test_full_does_without_a_line_that_is_not_there(source: bytes) -> None:
    text = full.render([finding()], colour=False, sources={"test_a.py": source})

    assert "  --> test_a.py:5:2\n" in text


def test_full_names_no_line_of_a_file_that_cannot_be_read() -> None:
    assert full.render([UNREADABLE], colour=False).startswith(
        "HRM001 cannot-read: cannot be read: gone\n  --> test_a.py\n\n"
    )


def test_full_counts_findings_by_rule_and_names_the_next_step() -> None:
    other = finding(code="HRM102", name="cwd-change", path="test_b.py")

    text = full.render([UNREADABLE, other, other, finding()], colour=False)

    assert text.endswith("""\
4 findings in 2 files
     1  HRM001  cannot-read
     1  HRM101  environ-write
     2  HRM102  cwd-change
Read more: hermetic explain CODE, with a code of this list
""")


def test_full_says_so_when_nothing_was_found() -> None:
    assert full.render([], colour=False) == "No findings.\n"


def test_full_is_coloured_only_when_asked() -> None:
    assert "\x1b" not in full.render([finding()], colour=False, sources={"test_a.py": SOURCE})
    coloured = full.render([finding()], colour=True, sources={"test_a.py": SOURCE})
    assert coloured.startswith("\x1b[1m\x1b[31mHRM101\x1b[0m environ-write")
    assert r"\x1b[31m" in coloured  # the source's own colours stay visible text


@pytest.mark.parametrize("render", [concise.render, full.render, github.render])
@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\x07b", "a\u202eb", "a\x9bb", "a\udce9b", "a\nb", "a\rb"])
def test_nothing_in_a_path_or_message_steers_the_reader(render: object, text: str) -> None:
    item = finding(path=f"{text}.py", message=text)

    rendered = render([item], colour=False)  # type: ignore[operator]

    assert text not in rendered
    rendered.encode()
    assert len(rendered.splitlines()) == len(render([finding(path="b.py")], colour=False).splitlines())  # type: ignore[operator]


def test_what_can_be_printed_stays_as_it_is() -> None:
    assert printable("é€ 漢字 🎉\t'\"\\") == "é€ 漢字 🎉\t'\"\\"


def test_github_gets_one_command_for_each_finding() -> None:
    (first, second) = github.render([finding(), UNREADABLE], colour=False).splitlines()

    assert first == (
        "::error file=test_a.py,line=5,col=2,endLine=5,endColumn=19,title=HRM101 environ-write::"
        "os.environ is changed (https://hermetic.readthedocs.io/en/stable/rules/HRM101/)"
    )
    assert second.startswith("::error file=test_a.py,line=1,col=1,title=HRM001 cannot-read::cannot be read: gone (")


def test_github_escapes_what_would_end_a_command() -> None:
    text = github.render([finding(path="a,b:c%\n.py", message="100%\r\n::error::x")], colour=False)

    assert text.startswith("::error file=a%2Cb%3Ac%25%0A.py,")
    assert "::100%25%0D%0A::error::x (" in text
