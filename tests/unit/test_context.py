"""The identity of a finding: it stays when lines move, and changes when the code does."""

from __future__ import annotations

import pytest

from hermetic.context import Sources, bare, identities, scopes
from hermetic.finding import Finding

SOURCE = """\
import os


class TestRegion:
    def test_north(self):
        os.environ["REGION"] = "north"
        os.environ["REGION"] = "north"

    @mark(
        os.environ.pop("A"),
    )
    async def test_south(self):
        def inner():
            try:
                pass
            except KeyError:
                os.environ["REGION"] = "north"


os.environ["REGION"] = "north"
"""
LINES = (6, 7, 10, 17, 20)


def at(*lines: int, path: str = "test_a.py", code: str = "HRM101") -> list[Finding]:
    return [Finding(code, "environ-write", "os.environ is changed", path, line) for line in lines]


def fingerprints(source: str, *lines: int) -> list[str]:
    named = identities(at(*lines), Sources({"test_a.py": source.encode()}))
    return [what.fingerprint("test_a.py") for what in named]


def test_a_scope_is_the_innermost_function_or_class() -> None:
    sources = Sources({"test_a.py": SOURCE.encode()})

    assert [sources.scope(item) for item in at(1, 4, *LINES)] == [
        "", "TestRegion", "TestRegion.test_north", "TestRegion.test_north", "TestRegion.test_south",
        "TestRegion.test_south.inner", "",
    ]  # fmt: skip


def test_a_function_is_found_in_every_kind_of_block() -> None:
    blocks = "try:\n def a(): 1\nexcept E:\n def b(): 1\nelse:\n def c(): 1\nfinally:\n def d(): 1\n"
    blocks += "match x:\n case 1:\n  def e(): 1\nwith x:\n if y:\n  pass\n else:\n  async def f(): 1\n"

    assert sorted(name for _, _, name in scopes(blocks.encode())) == ["a", "b", "c", "d", "e", "f"]


def test_a_decorator_belongs_to_its_function() -> None:
    assert scopes(b"@mark(\n  1\n)\ndef test_a():\n  pass\n") == [(1, 5, "test_a")]


@pytest.mark.parametrize("data", [b"def (:\n", b"\0", b"", b"\xff"])
def test_a_file_that_cannot_be_parsed_has_no_scopes(data: bytes) -> None:
    assert scopes(data) == []


def test_what_python_warns_about_in_a_file_is_not_printed() -> None:
    assert scopes(b'def test_a():\n    assert "\\d" is 1\n') == [(1, 2, "test_a")]


def test_equal_findings_of_a_function_are_numbered_in_their_order() -> None:
    sources = Sources({"test_a.py": SOURCE.encode()})

    assert [what.number for what in identities(at(*LINES), sources)] == [1, 2, 1, 1, 1]
    assert len(set(fingerprints(SOURCE, *LINES))) == len(LINES)


def test_findings_of_several_files_and_rules_are_numbered_apart() -> None:
    sources = Sources({"test_a.py": SOURCE.encode(), "test_b.py": SOURCE.encode()})

    found = identities([*at(6), *at(6, code="HRM102"), *at(6, path="test_b.py")], sources)

    assert [what.number for what in found] == [1, 1, 1]
    assert len({what.fingerprint("test_a.py") for what in found[:2]}) == 2
    assert found[0].fingerprint("test_a.py") != found[2].fingerprint("test_b.py")


def test_lines_that_move_change_no_identity() -> None:
    moved = "# new\n\n" + SOURCE.replace("    @mark", "    def test_more(self):\n        pass\n\n    @mark")

    assert fingerprints(moved, 8, 9, 15, 22, 25) == fingerprints(SOURCE, *LINES)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param('    os.environ["REGION"]="north"', id="spaces"),
        pytest.param('    os.environ[ "REGION" ]\t=  "north"  ', id="tab"),
        pytest.param('    os.environ["REGION"] = "north"  # noqa', id="comment"),
        pytest.param('    os.environ["REGION"] = "north"# "', id="comment-with-a-quote"),
    ],
)
def test_neither_white_space_nor_a_comment_changes_an_identity(other: str) -> None:
    source = SOURCE.replace('        os.environ["REGION"] = "north"\n', f"    {other}\n", 1)

    assert bare(other) == 'os.environ["REGION"]="north"'
    assert len(set(fingerprints(source, 6) + fingerprints(SOURCE, 6))) == 1


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('x = "#1"  # no', 'x="#1"'),
        ("x = '\"#'  # no", "x='\"#'"),
        (r'x = "\"#" # no', r'x="\"#"'),
        (r'x = "\\" # no', r'x="\\"'),
        ('x = """a # b', 'x="""a#b'),
        ("# all", ""),
    ],
)
def test_a_hash_in_a_string_starts_no_comment(line: str, kept: str) -> None:
    assert bare(line) == kept


@pytest.mark.parametrize(
    ("old", "new"), [("north", "south"), ("test_north", "test_west"), ("TestRegion", "TestArea"), ("REGION", "A")]
)
def test_other_code_on_the_line_or_another_function_is_another_finding(old: str, new: str) -> None:
    assert fingerprints(SOURCE.replace(old, new), 6) != fingerprints(SOURCE, 6)


def test_a_finding_without_a_line_or_a_file_has_an_identity_too() -> None:
    (first, second) = identities([*at(0, path="gone.py"), *at(3, path="gone.py")], Sources())

    assert (first.scope, first.number, second.number) == ("", 1, 2)


def test_a_file_that_has_first_a_finding_without_a_line_has_scopes() -> None:
    sources = Sources({"test_a.py": SOURCE.encode()})

    assert [sources.scope(item) for item in at(0, 6)] == ["", "TestRegion.test_north"]


def test_a_path_that_is_not_text_has_a_fingerprint() -> None:
    (what,) = identities(at(1, path="\udce9.py"), Sources({"\udce9.py": b"x"}))

    assert len(what.fingerprint("\udce9.py")) == 32


def test_identities_stay_what_they_are_on_every_python_since_baselines_hold_them() -> None:
    source = b"class A:\n  @x(\n 1)\n  def test_a(self):\n    os.environ[f'{ a !r:>{w}}'] = f\"{'#'}\"  # x\n"

    decorated, inside = identities(at(2, 5), Sources({"test_a.py": source}))

    # When these change, the version of the baseline has to change as well.
    assert (decorated.scope, decorated.text) == ("A.test_a", "fff287f53dde")
    assert (inside.scope, inside.text) == ("A.test_a", "7416a257dd22")


@pytest.mark.parametrize(
    "source",
    [
        b"a\nb = 1\nc\n",
        b"a\r\nb = 1\r\nc",
        b"a\rb = 1\rc",
        "ä\nb = 1\n".encode(),
        b"\xef\xbb\xbfa\nb = 1\n",
        b"# coding: latin-1\nb = 1\n",
        b"\xe4\nb = 1\n",
    ],
)
def test_the_line_of_a_finding_is_found_however_the_file_is_written(source: bytes) -> None:
    sources = Sources({"test_a.py": source})

    assert [sources.line(item) for item in at(2, 9, 0)] == ["b = 1", "", ""]
