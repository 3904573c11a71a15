"""Whatever stands where a test file is expected: a clear finding, nothing lost, and never a traceback."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

import pytest
from tests.utils.lint import write_files
from tests.utils.process import AS_NOBODY, BAD, OK, SELECT, check, findings, found_in, needs_root, places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        pytest.param(b"import os\ndef test_(:\n", 2, "invalid syntax", id="syntax"),
        pytest.param(b"if x:\nimport os\n", 2, "expected an indented block", id="indentation"),
        pytest.param(b"import os\nx = '\xe9'\n", 2, "can't decode byte 0xe9", id="not-utf-8"),
        pytest.param(b"# coding: nosuch\nimport os\n", None, "unknown encoding: nosuch", id="unknown-cookie"),
        pytest.param(b"# coding: hex\nimport os\n", None, "encoding", id="cookie-of-no-text"),
        pytest.param(b"\xef\xbb\xbf# coding: latin-1\nimport os\n", None, "with BOM", id="mark-against-cookie"),
        pytest.param(b"import os\nx = 1\x00\n", 2, "null bytes", id="null"),
        pytest.param("import os\n".encode("utf-16"), 1, "", id="utf-16"),
        pytest.param(b"import os\nos.environ['A'] = '1'\n\x1a", 3, "invalid non-printable character", id="control-z"),
        pytest.param(b"x = " + b"(" * 2000 + b")" * 2000, 1, "too many nested parentheses", id="parentheses"),
        # Without a token of a rule nobody needs its tree, and the parser itself takes it.
        pytest.param(b"x = " + b"1 + " * 20_000 + b"environ", None, "nested too deeply", id="sum"),
    ],
)
def test_what_python_cannot_parse_is_a_finding_at_its_line(
    project: Path, source: bytes, line: int | None, reason: str
) -> None:
    (project / "test_bad.py").write_bytes(source)

    found = findings(project, *SELECT)

    assert places(found) == [("HRM001", "test_bad.py", line), OK]
    assert reason in found[0]["message"]
    assert ("line_reason" in found[0]) == (line is None)


@pytest.mark.parametrize(
    ("source", "line", "column", "shown"),
    [
        pytest.param(b"\xef\xbb\xbf" + BAD.encode(), 5, 5, 'os.environ["REGION"]', id="byte-order-mark"),
        pytest.param(
            b'# coding: latin-1\nimport os\ndef test_a():\n    x = "\xe9\xe9"; os.environ["R"] = "\xe9"\n',
            4, 15, 'x = "éé"; os.environ["R"] = "é"', id="cookie",
        ),
        pytest.param(
            'import os\ndef test_a():\n    x = "é€"; os.environ["R"] = ""\n'.encode(),
            3, 15, 'x = "é€"; os.environ["R"]', id="utf-8",
        ),
        pytest.param(BAD.replace("\n", "\r\n").encode(), 5, 5, 'os.environ["REGION"]', id="crlf"),
        pytest.param(BAD.replace("\n", "\r").encode(), 5, 5, 'os.environ["REGION"]', id="cr"),
        pytest.param(BAD.replace("def", "\fdef").encode(), 5, 5, 'os.environ["REGION"]', id="form-feed"),
        pytest.param(
            b'import os\ndef test_a():\n    """\x0c\x0b\x1c\xc2\x85\xe2\x80\xa8"""\n    os.environ["R"] = ""\n',
            4, 5, 'os.environ["R"]', id="other-line-ends",
        ),
        pytest.param(BAD.rstrip().encode(), 5, 5, 'os.environ["REGION"]', id="no-last-line-end"),
        pytest.param(BAD.replace('"north"', r'"\d"').encode(), 5, 5, r'= "\d"', id="invalid-escape"),
    ],
)  # fmt: skip
def test_an_odd_but_valid_file_is_checked_and_shown_at_the_right_place(
    project: Path, source: bytes, line: int, column: int, shown: str
) -> None:
    (project / "test_ok.py").write_bytes(source)

    done = check(project)

    assert f"test_ok.py:{line}:{column}\n" in done.stdout
    rows = done.stdout.splitlines()
    number = next(index for index, row in enumerate(rows) if row.startswith(f" {line} |"))
    assert shown in rows[number]
    assert rows[number + 1].index("^") == rows[number].index("os.environ")
    assert done.stderr == ""


@pytest.mark.parametrize("filters", ["default", "error"])
def test_what_the_compiler_warns_of_neither_shows_nor_hides_a_file(project: Path, filters: str) -> None:
    write_files({"test_ok.py": BAD.replace('"north"', r'"\d"')}, project)

    assert places(findings(project, *SELECT, extra={"PYTHONWARNINGS": filters})) == [OK]


def test_an_empty_file_and_a_lone_byte_order_mark_are_clean(project: Path) -> None:
    (project / "test_ok.py").write_bytes(b"")
    (project / "test_mark.py").write_bytes(b"\xef\xbb\xbf")

    assert check(project).returncode == 0


@pytest.fixture
def special(project: Path) -> Iterator[Path]:
    """A project that holds everything but files under the names of test files."""
    os.mkfifo(project / "test_pipe.py")
    (project / "test_folder.py").mkdir()
    (project / "test_nowhere.py").symlink_to("gone.py")
    (project / "test_itself.py").symlink_to("test_itself.py")
    (project / "test_void.py").symlink_to("/dev/null")
    (project / "test_up").symlink_to("..")
    # The path of a socket is short, whatever the folder's is.
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(project):
        server.bind("test_socket.py")
        yield project


def test_what_is_no_file_is_a_finding_and_blocks_nothing(special: Path) -> None:
    found = findings(special, *SELECT)

    assert places(found) == [
        ("HRM001", "test_itself.py", None),
        ("HRM001", "test_nowhere.py", None),
        OK,
        ("HRM001", "test_pipe.py", None),
        ("HRM001", "test_socket.py", None),
        ("HRM001", "test_void.py", None),
    ]
    reasons = {item["path"]: item["message"] for item in found}
    assert "Too many levels of symbolic links" in reasons["test_itself.py"]
    assert "No such file" in reasons["test_nowhere.py"]
    assert "not a regular file" in reasons["test_pipe.py"]


def test_a_pipe_that_is_named_or_imported_blocks_nothing(special: Path) -> None:
    os.mkfifo(special / "helpers.py")
    os.mkfifo(special / "conftest.py")
    write_files({"test_ok.py": f"from helpers import use\n{BAD}"}, special)

    assert found_in(special, "test_pipe.py", "test_ok.py") == [
        ("HRM101", "test_ok.py", 6),
        ("HRM001", "test_pipe.py", None),
    ]


def test_a_file_that_the_system_refuses_to_read_is_a_finding(project: Path) -> None:
    (project / "test_memory.py").symlink_to("/proc/self/mem")

    found = findings(project, *SELECT)

    assert places(found) == [("HRM001", "test_memory.py", None), OK]
    assert "cannot be read: " in found[0]["message"]


@needs_root
def test_files_and_folders_that_another_user_may_not_read_are_findings(project: Path) -> None:
    write_files({"test_secret.py": BAD, "closed/test_a.py": BAD}, project)
    (project / "test_secret.py").chmod(0o600)
    (project / "closed").chmod(0o700)
    for folder in (project, *project.parents):
        if str(folder).startswith("/tmp/"):  # noqa: S108 - pytest's own folders
            folder.chmod(0o755)

    done = check(project, "--output-format", "concise", code=AS_NOBODY)

    assert done.stdout.splitlines()[:3] == [
        "closed:0:1: HRM001 cannot be read: Permission denied",
        "test_ok.py:5:5: HRM101 os.environ['REGION'] is changed in test_region and not put back",
        "test_secret.py:0:1: HRM001 cannot be read: Permission denied",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "test_a b.py",
        "test_ä€.py",
        "test_a\nb.py",
        "test_\x1b[31mred.py",
        "test_\udce9.py",
        "test_%0A,:.py",
        "test_\\.py",
    ],
    ids=["space", "non-ascii", "newline", "control", "not-utf-8", "of-a-format", "backslash"],
)
def test_a_file_of_any_name_is_reported_under_it(project: Path, name: str) -> None:
    (project / name).write_bytes(BAD.encode())

    found = findings(project, *SELECT)
    texts = [check(project, "--output-format", kind).stdout for kind in ("full", "concise", "github")]

    assert sorted(places(found)) == sorted([("HRM101", name, 5), OK])
    assert [text.count("REGION") for text in texts[1:]] == [2, 2]
    assert len(texts[1].splitlines()) == len(texts[2].splitlines()) == 2
