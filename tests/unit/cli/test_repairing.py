"""`hermetic check --fix`, `--diff` and `--unsafe-fixes`: what is written, what is printed, and the exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hermetic.cli import main
from tests.utils.lint import write_files
from tests.utils.process import BAD, hermetic

FIXED = 'import os\n\n\ndef test_region(monkeypatch):\n    monkeypatch.setenv("REGION", "north")\n'
HELD = "import os\n\n\ndef use():\n    os.environ['A'] = '1'\n\n\ndef test_a():\n    use()\n"
UNSAFE = "import os\n\nX = object()\n\n\ndef test_a():\n    os.environ['A'] = X.name\n    assert X\n"


def content(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


@pytest.mark.usefixtures("project")
def test_fix_writes_and_is_exit_code_0_when_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--fix"]) == 0

    assert content("test_a.py") == FIXED
    assert capsys.readouterr() == ("No findings.\n", "hermetic: fixed: 1 finding in 1 file\n")
    assert main(["check", "--fix"]) == 0
    assert capsys.readouterr() == ("No findings.\n", "")


def test_fix_is_exit_code_1_when_something_is_left(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"test_b.py": HELD, "test_c.py": UNSAFE}, project)

    assert main(["check", "--fix", "--output-format", "concise"]) == 1

    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["test_b.py:5:5:", "test_c.py:7:5:"]
    assert "fixed: 1 finding in 1 file\n" in err
    assert "1 more finding can be fixed with --unsafe-fixes: look at what that changes\n" in err
    assert content("test_c.py") == UNSAFE


def test_unsafe_fixes_are_made_on_request(project: Path) -> None:
    write_files({"test_c.py": UNSAFE}, project)

    assert main(["check", "--fix", "--unsafe-fixes"]) == 0
    assert "def test_a(monkeypatch):\n    monkeypatch.setenv('A', X.name)" in content("test_c.py")


def test_only_what_is_selected_is_fixed(project: Path) -> None:
    source = "import os\n\n\ndef test_a():\n    os.environ['A'] = '1'\n    os.chdir('/')\n"
    write_files({"test_c.py": source}, project)

    assert main(["check", "--fix", "--select", "HRM102", "test_c.py"]) == 0
    assert content("test_c.py") == source.replace("()", "(monkeypatch)").replace("os.chdir", "monkeypatch.chdir")


@pytest.mark.usefixtures("project")
def test_diff_changes_nothing_and_is_what_patch_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--diff"]) == 1

    out, err = capsys.readouterr()
    assert content("test_a.py") == BAD
    assert err == "hermetic: would fix: 1 finding in 1 file\n"
    subprocess.run(["git", "apply", "-p0"], input=out.encode(), check=True)
    assert content("test_a.py") == FIXED
    assert main(["check", "--diff"]) == 0
    assert capsys.readouterr() == ("", "hermetic: nothing to fix\n")


@pytest.mark.parametrize("end", ["\r\n", ""])
def test_a_diff_of_other_ends_of_lines_can_be_applied(
    end: str, project: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = BAD.replace("\n", end).encode() if end else BAD.rstrip().encode()
    (project / "test_a.py").write_bytes(source)

    assert main(["check", "--diff"]) == 1

    subprocess.run(["git", "apply", "-p0"], input=capfdbinary.readouterr().out, check=True)
    assert (project / "test_a.py").read_bytes() == (FIXED.replace("\n", end) if end else FIXED.rstrip()).encode()


@pytest.mark.usefixtures("project")
def test_standard_input_is_passed_on_repaired(project: Path) -> None:
    done = hermetic(project, "check", "--fix", "--stdin-filename", "test_z.py", source=BAD.encode() + b"# \xc3\xa4")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{FIXED}# ä", "")
    assert not Path("test_z.py").exists()
    left = hermetic(project, "check", "--fix", "--stdin-filename", "test_z.py", source=HELD.encode())
    assert (left.returncode, left.stdout) == (1, HELD)
    assert left.stderr.startswith("hermetic: test_z.py:5:5: HRM101 ")


def test_a_file_that_may_not_be_written_is_exit_code_2_and_stays_found(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files({"test_b.py": BAD}, project)
    Path("test_b.py").chmod(0o444)

    assert main(["check", "--fix", "--output-format", "concise"]) == 2

    out, err = capsys.readouterr()
    assert out.startswith("test_b.py:5:5: HRM101 ")
    assert "test_b.py: read-only, so it is left as it is\n" in err
    assert "fixed: 1 finding in 1 file\n" in err
    assert (content("test_a.py"), content("test_b.py")) == (FIXED, BAD)


@pytest.mark.usefixtures("project")
def test_what_the_baseline_holds_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline"]) == 0

    assert main(["check", "--fix", "--baseline", "hermetic-baseline.jsonl"]) == 0
    assert content("test_a.py") == BAD
    assert main(["check", "--diff", "--no-baseline"]) == 1
    assert "+def test_region(monkeypatch):" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
def test_what_a_comment_excuses_is_left() -> None:
    source = BAD.rstrip() + "  # hermetic: ignore[HRM101] on purpose\n"
    Path("test_a.py").write_text(source, encoding="utf-8")

    assert main(["check", "--fix"]) == 0
    assert content("test_a.py") == source


@pytest.mark.usefixtures("project")
def test_json_carries_the_edits_of_each_fix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--output-format", "json"]) == 1

    fix = json.loads(capsys.readouterr().out)["findings"][0]["fix"]
    data = BAD.encode()
    for edit in sorted(fix["edits"], key=lambda edit: edit["start"], reverse=True):
        data = data[: edit["start"]] + edit["text"].encode() + data[edit["end"] :]
    assert (fix["message"], fix["safe"], data.decode()) == ("use monkeypatch.setenv", True, FIXED)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "1 can be fixed with --fix; --diff shows how"),
        ({"test_b.py": UNSAFE}, "1 can be fixed with --fix, 1 more with --unsafe-fixes; --diff shows how"),
        ({"test_a.py": UNSAFE}, "1 can be fixed with --fix --unsafe-fixes; --diff --unsafe-fixes shows how"),
        ({"test_a.py": HELD}, ""),
    ],
)
def test_the_summary_says_how_much_can_be_fixed(
    files: dict[str, str], said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(files, project)

    assert main(["check"]) == 1
    assert [line for line in capsys.readouterr().out.splitlines() if "fixed" in line] == ([said] if said else [])


def test_what_is_left_is_shown_with_the_lines_of_the_repaired_file(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (
        'import os\n\n\ndef test_a():\n    os.environ.update(A="1", B="2")\n\n\n'
        "def use():\n    os.chdir('/')\n\n\ndef test_b():\n    use()\n"
    )
    write_files({"test_a.py": source}, project)

    assert main(["check", "--fix"]) == 1
    assert " 10 |     os.chdir('/')\n" in capsys.readouterr().out
