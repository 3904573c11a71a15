"""`hermetic baseline`, and checks that leave out what it holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermetic.cli import main
from tests.utils.lint import write_files
from tests.utils.process import BAD, environment, hermetic

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "hermetic-baseline.jsonl"
CHDIR = 'import os\n\n\ndef test_folder():\n    os.chdir("/")\n'
CONFIGURED = f'[tool.hermetic]\nbaseline = "{NAME}"\n'
CONCISE = ("--output-format", "concise")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two findings, whose configuration names a baseline; it is the current folder."""
    folder = tmp_path / "project"
    write_files({"pyproject.toml": CONFIGURED, "tests/test_a.py": BAD, "tests/test_b.py": CHDIR}, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def held(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The baseline of the project, written."""
    assert main(["baseline"]) == 0
    capsys.readouterr()
    return project / NAME


def entries(file: str | Path = NAME) -> list[tuple[str, str]]:
    rows = [json.loads(row) for row in Path(file).read_text(encoding="utf-8").splitlines()[1:]]
    return [(row["path"], row["code"]) for row in rows]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    return code, *capsys.readouterr()


# --- the first time ---


@pytest.mark.usefixtures("project")
def test_the_first_time_all_findings_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "baseline") == (0, f"{NAME}: 2 entries written\n     1  HRM101\n     1  HRM102\n", "")
    assert entries() == [("tests/test_a.py", "HRM101"), ("tests/test_b.py", "HRM102")]
    assert run(capsys, "check")[0] == 0


def test_without_a_setting_the_next_step_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"pyproject.toml": ""}, project)

    assert f'put baseline = "{NAME}" under [tool.hermetic]' in run(capsys, "baseline")[1]
    assert run(capsys, "check")[0] == 1
    assert run(capsys, "check", "--baseline", NAME)[0] == 0


@pytest.mark.usefixtures("project")
def test_the_file_may_be_named_and_the_paths_and_rules_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "baseline", "tests/test_a.py", "--file", "a.jsonl")[0] == 0
    assert run(capsys, "baseline", "--select", "HRM102", "--file", "b.jsonl")[0] == 0

    assert entries("a.jsonl") == [("tests/test_a.py", "HRM101")]
    assert entries("b.jsonl") == [("tests/test_b.py", "HRM102")]
    assert not Path(NAME).exists()


def test_a_clean_suite_gets_an_empty_baseline(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("test_a.py", "test_b.py"):
        write_files({f"tests/{name}": "def test_a():\n    pass\n"}, project)

    assert run(capsys, "baseline")[:2] == (0, f"{NAME}: 0 entries written\n")
    assert run(capsys, "check") == (0, "No findings.\n", "")


def test_a_file_that_cannot_be_read_is_not_accepted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"tests/test_c.py": "def (:\n"}, project)

    for arguments in ((), ("--accept-new", "ALL")):
        code, out, err = run(capsys, "baseline", *arguments)
        assert code == 1
        assert "tests/test_c.py:1:5: HRM001 " in out
        assert err.startswith("hermetic: of a file that cannot be read nothing is known: repair it, or leave it out")
        assert len(entries()) == 2
    assert run(capsys, "check", *CONCISE)[:2] == (1, "tests/test_c.py:1:5: HRM001 cannot be parsed: invalid syntax\n")


# --- a check ---


def test_a_check_leaves_out_what_is_held_and_says_how_much(held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check")

    assert (code, out) == (0, "No findings.\n")
    assert err == f"hermetic: left out: 2 findings that {NAME} holds; --no-baseline shows them\n"
    assert run(capsys, "check", "--no-baseline")[0] == 1
    held.rename("other.jsonl")
    assert run(capsys, "check", "--baseline", "other.jsonl")[0] == 0


@pytest.mark.usefixtures("held")
def test_a_check_finds_what_is_new(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"tests/test_a.py": f"{BAD}\n\ndef test_more():\n    os.environ['REGION'] = 'north'\n"}, project)

    code, out, err = run(capsys, "check", *CONCISE)

    assert (code, out.count("HRM"), out[:19]) == (1, 1, "tests/test_a.py:9:5")
    assert "left out: 2 findings" in err


@pytest.mark.usefixtures("held")
def test_lines_that_move_and_neighbours_with_new_names_change_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project / "tests/test_a.py").read_text(encoding="utf-8")
    for above in ("test_first", "test_second"):
        write_files({"tests/test_a.py": text.replace("\n\n\n", f"\n\n\ndef {above}():\n    pass\n\n\n", 1)}, project)
        code, out, err = run(capsys, "check", "--strict-baseline")
        assert (code, out, "stale" in err) == (0, "No findings.\n", False)


@pytest.mark.usefixtures("held")
def test_stale_entries_are_named_and_fail_only_a_strict_check(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tests/test_b.py").unlink()

    code, _, err = run(capsys, "check")
    assert code == 0
    assert f"1 stale entry in {NAME}; remove: hermetic baseline --file {NAME}\n" in err
    assert "stale: tests/test_b.py: HRM102 in test_folder\n" in err
    assert run(capsys, "check", "--strict-baseline")[0] == 1


@pytest.mark.usefixtures("held")
def test_of_many_stale_entries_ten_are_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests = "".join(f"def test_{number}():\n    os.chdir('/')\n\n\n" for number in range(12))
    write_files({"tests/test_b.py": f"import os\n\n\n{tests}"}, project)
    main(["baseline", "--accept-new", "HRM102"])
    capsys.readouterr()
    (project / "tests/test_b.py").unlink()

    err = run(capsys, "check")[2]

    assert f"12 stale entries in {NAME}" in err
    assert err.count("stale: tests/") == 10
    assert "stale: and 2 more" in err


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    "arguments", [["tests/test_a.py"], ["--select", "HRM101"], ["--stdin-filename", "tests/test_a.py"]]
)
def test_a_check_of_a_part_takes_no_entry_for_stale(project: Path, arguments: list[str]) -> None:
    (project / "tests/test_b.py").write_text("", encoding="utf-8")

    done = hermetic(project, "check", "--strict-baseline", *arguments, source=BAD.encode())

    assert (done.returncode, done.stdout) == (0, "No findings.\n")
    assert "left out: 1 finding " in done.stderr
    assert "stale" not in done.stderr


@pytest.mark.usefixtures("held")
def test_standard_input_is_compared_as_it_is_and_not_as_the_file(project: Path) -> None:
    write_files({"tests/test_a.py": "def test_region():\n    pass\n"}, project)

    done = hermetic(project, "check", "--stdin-filename", "tests/test_a.py", source=f"# new\n{BAD}".encode())

    assert (done.returncode, done.stdout) == (0, "No findings.\n")


@pytest.mark.usefixtures("held")
def test_hooks_leave_out_what_the_configured_baseline_holds(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for hook in ("hermetic", "validate-test-isolation"):
        assert run(capsys, "hook", hook, "tests/test_a.py", "tests/test_b.py")[0] == 0
        assert run(capsys, "hook", hook, "--no-baseline", "tests/test_a.py")[0] == 1
    write_files({"tests/test_a.py": BAD.replace("north", "south")}, project)
    assert run(capsys, "hook", "hermetic", "tests/test_a.py")[0] == 1


@pytest.mark.usefixtures("held")
def test_the_setting_is_relative_to_its_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "tests")

    assert main(["check"]) == 0


def test_machines_get_the_notes_on_standard_error(held: Path) -> None:
    done = hermetic(held.parent, "check", "--output-format", "json")

    assert json.loads(done.stdout)["findings"] == []
    assert "left out: 2 findings" in done.stderr


@pytest.mark.parametrize("command", ["check", "baseline"])
def test_a_log_that_takes_both_streams_has_the_findings_first(held: Path, command: str) -> None:
    write_files({"tests/test_c.py": BAD}, held.parent)
    given = {name: value for name, value in environment(held.parent).items() if name != "PYTHONUNBUFFERED"}

    done = subprocess.run(
        [sys.executable, "-m", "hermetic", command],
        cwd=held.parent,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert 0 < done.stdout.index("tests/test_c.py") < done.stdout.index("hermetic: ")


def test_sarif_says_that_what_is_left_is_new(held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"tests/test_a.py": BAD.replace("north", "south")}, held.parent)

    (result,) = json.loads(run(capsys, "check", "--output-format", "sarif")[1])["runs"][0]["results"]
    (alone, _) = json.loads(run(capsys, "check", "--no-baseline", "--output-format", "sarif")[1])["runs"][0]["results"]

    assert result["baselineState"] == "new"
    assert "baselineState" not in alone


@pytest.mark.parametrize("command", [["check"], ["baseline"], ["hook", "hermetic", "tests/test_a.py"]])
@pytest.mark.parametrize("text", ["", "{}", '{"version": 9, "tool": "hermetic", "paths": []}', "<<<<<<< HEAD\n"])
def test_a_file_that_is_broken_stops_every_command(
    project: Path, command: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / NAME).write_text(text, encoding="utf-8")

    code, out, err = run(capsys, *command)

    assert (code, out) == (2, "")
    assert err.startswith(f"hermetic: {NAME}:")
    assert "hermetic baseline" in err
    assert (project / NAME).read_text(encoding="utf-8") == text


@pytest.mark.usefixtures("project")
def test_a_check_without_the_configured_file_cannot_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check") == (
        2,
        "",
        f"hermetic: {NAME}: there is no such baseline; write it: hermetic baseline --file {NAME}\n",
    )


@pytest.mark.parametrize("value", ["3", '""', '["a"]'])
def test_a_setting_that_names_no_file_is_refused(project: Path, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"pyproject.toml": f"[tool.hermetic]\nbaseline = {value}\n"}, project)

    code, _, err = run(capsys, "check")

    assert code == 2
    assert "baseline must be the name of a file" in err


# --- afterwards it can only shrink ---


@pytest.mark.usefixtures("held")
def test_what_is_gone_is_removed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"tests/test_b.py": "def test_folder():\n    pass\n"}, project)

    assert run(capsys, "baseline") == (
        0,
        f"{NAME}: 1 entry (1 removed, 0 followed, 0 added)\nremoved: tests/test_b.py: HRM102 in test_folder\n",
        "",
    )
    assert entries() == [("tests/test_a.py", "HRM101")]
    assert run(capsys, "check", "--strict-baseline")[0] == 0


@pytest.mark.usefixtures("held")
def test_what_is_new_is_refused_while_the_rest_shrinks(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"tests/test_b.py": BAD}, project)

    code, out, err = run(capsys, "baseline")

    assert code == 1
    assert "tests/test_b.py:5:5: HRM101 " in out
    assert "1 finding that the baseline does not hold, and it can only shrink: repair, or accept by rule: " in err
    assert err.endswith("--accept-new HRM101\n")
    assert entries() == [("tests/test_a.py", "HRM101")]


@pytest.mark.usefixtures("held")
def test_new_findings_are_taken_in_only_for_the_rules_that_are_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files({"tests/test_c.py": BAD, "tests/test_d.py": CHDIR}, project)

    code, out, err = run(capsys, "baseline", "--accept-new", "HRM102")

    assert code == 1
    assert "added: tests/test_d.py: HRM102 in test_folder\n" in out
    assert "--accept-new HRM101\n" in err
    assert [path for path, _ in entries()] == ["tests/test_a.py", "tests/test_b.py", "tests/test_d.py"]
    assert run(capsys, "baseline", "--accept-new", "ALL")[0] == 0
    assert len(entries()) == 4


@pytest.mark.usefixtures("project")
def test_what_is_no_rule_cannot_be_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    main(["baseline"])
    capsys.readouterr()

    code, _, err = run(capsys, "baseline", "--accept-new", "HRM777")

    assert code == 2
    assert "'HRM777' selects no rule" in err


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda: write_files({"tests/test_a.py": BAD.replace("test_region", "test_area")}, Path()), "tests/test_a.py"),
        (lambda: Path("tests/test_a.py").rename("tests/test_region.py"), "tests/test_region.py"),
    ],
    ids=["function", "file"],
)
def test_an_entry_follows_a_new_name(change: object, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    change()  # type: ignore[operator]
    assert run(capsys, "check")[0] == 1

    code, out, _ = run(capsys, "baseline")

    assert code == 0
    assert "2 entries (0 removed, 1 followed, 0 added)\nfollowed: tests/test_a.py: HRM101 in test_region -> " in out
    assert path in [name for name, _ in entries()]
    assert run(capsys, "check", "--strict-baseline")[0] == 0


@pytest.mark.usefixtures("held")
def test_one_entry_follows_only_one_finding(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twice = BAD.replace("test_region", "test_area") + BAD.replace("test_region", "test_other").replace("import os", "")
    write_files({"tests/test_a.py": twice}, project)

    code, out, _ = run(capsys, "baseline")

    assert code == 1
    assert "1 followed" in out
    assert len(entries()) == 2


@pytest.mark.usefixtures("held")
def test_a_part_of_the_suite_removes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "tests/test_b.py").unlink()

    code, out, _ = run(capsys, "baseline", "tests/test_a.py")

    assert code == 0
    assert "Nothing was removed: that takes a check of all that the file was written for (.)" in out
    assert len(entries()) == 2


@pytest.mark.usefixtures("held")
def test_rules_that_are_not_selected_lose_no_entry(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "tests/test_b.py").unlink()

    assert "(0 removed" in run(capsys, "baseline", "--select", "HRM101")[1]
    assert "(1 removed" in run(capsys, "baseline")[1]


@pytest.mark.usefixtures("project")
def test_later_the_paths_of_the_first_time_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "baseline", "tests/test_a.py")[0] == 0
    assert run(capsys, "baseline")[:2] == (0, f"{NAME}: 1 entry (0 removed, 0 followed, 0 added)\n")
    assert run(capsys, "baseline", "tests/test_b.py", "--accept-new", "ALL")[0] == 0
    assert len(entries()) == 2
    assert "2 entries (0 removed" in run(capsys, "baseline")[1]
    Path("tests/test_b.py").write_text("", encoding="utf-8")
    assert "(1 removed" in run(capsys, "baseline")[1]


@pytest.mark.usefixtures("held")
def test_a_file_that_does_not_change_is_not_written_and_one_in_disorder_is_put_in_order(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / NAME
    before = (file.stat().st_ino, file.read_bytes())

    assert run(capsys, "baseline")[0] == 0
    assert (file.stat().st_ino, file.read_bytes()) == before
    lines = before[1].splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], lines[2], lines[1], lines[2]]))
    assert run(capsys, "baseline")[0] == 0
    assert file.read_bytes() == before[1]


@pytest.mark.usefixtures("held")
def test_an_empty_baseline_says_that_it_can_go(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("test_a.py", "test_b.py"):
        (project / "tests" / name).write_text("", encoding="utf-8")

    assert "The file is not needed any more: remove it, and the setting `baseline`\n" in run(capsys, "baseline")[1]


def test_a_rule_that_fails_leaves_the_file_as_it_is(
    held: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Iterator[object]:
        raise ZeroDivisionError

    monkeypatch.setattr("hermetic.catalogue.process.cwd_change.CwdChange.check", broken)
    before = held.read_bytes()

    code, _, err = run(capsys, "baseline")
    assert code == 2
    assert "stays as it is" in err
    assert held.read_bytes() == before
    code, _, err = run(capsys, "check")
    assert code == 2
    assert "stale" not in err


def test_a_folder_that_cannot_be_written_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "baseline", "--file", "gone/b.jsonl")

    assert code == 2
    assert "gone/b.jsonl: cannot be written: No such file or directory; name another file" in err
    assert not (project / "gone").exists()


def test_nothing_in_the_file_steers_a_terminal(held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = json.loads(held.read_text(encoding="utf-8").splitlines()[1])
    with held.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**row, "scope": "a\x1b[2J", "path": "b\nc.py"}) + "\n")
        file.write(json.dumps({**row, "code": "HRM\x1b[2J"}) + "\n")

    shown = [run(capsys, *command) for command in (["check"], ["baseline", "--counts"], ["baseline"])]

    assert "\x1b" not in "".join(out + err for _, out, err in shown)
    assert r"removed: b\nc.py: HRM101 in a\x1b[2J" in shown[2][1]


# --- counts over time ---


def commit(folder: Path, date: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("add", "."), ("commit", "--quiet", "--allow-empty", "--message", "x")):
        dated = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        subprocess.run(["git", *who, *words], cwd=folder, env=environment(folder, dated), check=True)


@pytest.mark.usefixtures("held")
def test_counts_are_printed_for_each_commit_and_for_now(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=project, env=environment(project), check=True)
    commit(project, "2026-01-31T12:00:00Z")
    (project / NAME).write_text("broken", encoding="utf-8")
    commit(project, "2026-02-01T12:00:00Z")
    (project / NAME).unlink()
    (project / "tests/test_b.py").unlink()
    commit(project, "2026-02-02T12:00:00Z")
    main(["baseline"])
    capsys.readouterr()

    code, out, err = run(capsys, "baseline", "--counts")

    assert (code, err) == (0, "")
    assert [line.split()[-4:] if "now" not in line else line.split() for line in out.splitlines()] == [
        ["date", "total", "HRM101", "HRM102"],
        ["2026-01-31", "2", "1", "1"],
        [out.splitlines()[2].split()[0], "2026-02-01", "?"],
        ["2026-02-02", "0", "0", "0"],
        ["now", "1", "1", "0"],
    ]
    assert not [line for line in out.splitlines() if line != line.rstrip()]


@pytest.mark.usefixtures("held")
def test_without_git_the_counts_are_those_of_now(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "baseline", "--counts")

    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["commit", "date", "total", "HRM101", "HRM102"],
        ["now", "2", "1", "1"],
    ]


@pytest.mark.usefixtures("project")
def test_there_are_no_counts_without_a_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "baseline", "--counts")

    assert code == 2
    assert f"{NAME}: there is no such baseline, and git knows none; write it: hermetic baseline" in err
