"""`hermetic check`: options, exit codes, where the findings go, and when they are coloured."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from hermetic import report
from hermetic.cli import main
from tests.utils.lint import write_files
from tests.utils.process import BAD, HANG, environment, findings, hermetic, places

GOOD = "def test_a():\n    pass\n"
CONCISE = ("--output-format", "concise")


def refused(*arguments: str) -> int:
    """Return the exit code of a call that the option parser refuses."""
    with pytest.raises(SystemExit) as caught:
        main(["check", *arguments])
    return int(str(caught.value.code))


@pytest.mark.usefixtures("project")
def test_findings_are_exit_code_1_and_none_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--select", "HRM101", *CONCISE]) == 1
    assert capsys.readouterr().out.startswith("test_a.py:5:5: HRM101 ")
    Path("test_a.py").write_text(GOOD, encoding="utf-8")
    assert main(["check"]) == 0
    assert capsys.readouterr() == ("No findings.\n", "")


def test_a_file_of_a_test_folder_that_no_test_imports_may_be_data_that_cannot_be_parsed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = dict.fromkeys(("tests/data/case.py", "tests/helpers.py", "tests/deeper.py", "tests/test_a.py"), "def (:\n")
    passing = {"tests/through.py": "from tests import deeper\n"}
    write_files({**broken, **passing, "tests/test_b.py": "from tests import helpers, through\n"}, project)
    Path("test_a.py").unlink()

    assert main(["check", *CONCISE]) == 1
    out, err = capsys.readouterr()
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "tests/deeper.py", "tests/helpers.py", "tests/test_a.py",
    ]  # fmt: skip
    assert "left out: 1 Python file that no test imports and that cannot be parsed; name" in err
    for arguments in (["tests/data/case.py"], ["tests/data", "--extend-select", "project"]):
        assert main(["check", *arguments, *CONCISE]) == 1
        assert capsys.readouterr().out.startswith("tests/data/case.py:1:5: HRM001 ")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.py"], "gone.py: no such file or folder"),
        (["gone"], "gone: no such file or folder"),
        (["-"], "-: no such file or folder; standard input is checked with --stdin-filename "),
        (["empty"], "no file to check in empty; test files are those that match test_*.py, *_test.py"),
        (["--select", "HRM777"], "'HRM777' selects no rule; did you mean "),
        (["--ignore", "ALL"], "no rule is left to run"),
        (["--strict-baseline"], "--strict-baseline needs a baseline"),
        (["--select", "HRM101", "--ignore", "HRM1"], "no rule is left to run: selected is HRM101, ignored is HRM1"),
    ],
)
def test_what_cannot_run_is_exit_code_2_with_the_reason(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()

    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"hermetic: {said}")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('select = ["HRM1xx"]', "select: 'HRM1xx' selects no rule; did you mean 'HRM"),
        ('extend-select = ["HRM777"]', "extend-select: 'HRM777' selects no rule"),
        ('ignore = ["environ-write"]', "ignore: 'environ-write' selects no rule"),
        ('per-file-ignores = {"a.py" = ["HRM1xx"]}', "per-file-ignores of 'a.py': 'HRM1xx' selects no rule"),
    ],
)
def test_a_value_of_the_configuration_that_selects_nothing_is_told_with_its_file_and_its_setting(
    setting: str, said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files({"pyproject.toml": f"[tool.hermetic]\n{setting}\n"}, project)

    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith(f"hermetic: {project / 'pyproject.toml'}: {said}")


@pytest.mark.usefixtures("project")
def test_what_the_command_line_selects_is_told_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM1"]\n'}, Path.cwd())

    assert main(["check", "--extend-select", "HRM1xx"]) == 2
    assert capsys.readouterr().err.startswith("hermetic: 'HRM1xx' selects no rule; ")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fix", "--diff"], "--diff changes nothing, so it does not go with --fix"),
        (["--unsafe-fixes"], "--unsafe-fixes says which fixes are applied, so it needs --fix or --diff"),
        (["--diff", "--output-format", "json"], "--diff prints what would change instead of findings"),
        (["--diff", "--statistics"], "--diff prints what would change instead of findings"),
        (["--baseline", "b.jsonl", "--no-baseline"], "--no-baseline does not go with --baseline"),
        (["--strict-baseline", "--no-baseline"], "--no-baseline does not go with"),
        (["--stat"], "unrecognized arguments: --stat"),
        (["--output-format", "html"], "invalid choice: 'html'"),
        (["--select", ""], "argument --select: names no rule; give codes, prefixes, presets or ALL"),
        (["--ignore", " , "], "argument --ignore: names no rule"),
        (["--statistics", "--output-format", "sarif"], "--statistics is text or JSON"),
        (["--stdin-filename", "a.py", "b.py"], "--stdin-filename checks standard input alone"),
    ],
)
def test_options_that_are_unknown_or_contradict_each_other_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(*arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--select", "HRM102,HRM101"],
        ["--select", " HRM102, HRM101 "],
        ["--select", "HRM102 HRM101"],
        ["--select", "HRM102", "--select", "HRM101"],
        ["--select=HRM102", "--extend-select=HRM101"],
        ["--select", "ALL", "--ignore", "HRM2", "--ignore", "HRM3,HRM4"],
    ],
)
def test_codes_may_be_given_in_any_list(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *arguments, *CONCISE]) == 1
    assert capsys.readouterr().out.count("HRM101") == 1


def test_the_command_line_replaces_the_selection_of_the_configuration(project: Path) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM102"]\n'}, project)

    assert main(["check"]) == 0
    assert main(["check", "--select", "HRM101"]) == 1
    assert main(["check", "--extend-select", "HRM101"]) == 1


def test_the_configuration_is_the_one_of_the_first_path(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nignore = ["HRM101"]\n'}, project)
    write_files({"pyproject.toml": "", "test_a.py": GOOD}, project.parent / "other")
    monkeypatch.chdir(project.parent)

    assert main(["check", "project", "other"]) == 0
    assert main(["check", "other", "project"]) == 1


# --- formats ---


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("source", [BAD, GOOD])
def test_json_is_always_a_document(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("test_a.py").write_text(source, encoding="utf-8")

    code = main(["check", "--select", "HRM101", "--output-format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert (document["version"], document["tool"]) == (1, "hermetic")
    assert len(document["findings"]) == code == (source == BAD)


def test_paths_are_relative_to_the_folder_of_the_call(project: Path) -> None:
    write_files({"tests/test_b.py": BAD}, project)

    def paths(folder: Path, *arguments: str) -> list[str]:
        return [item["path"] for item in findings(folder, "--select", "HRM101", *arguments)]

    assert paths(project) == ["test_a.py", "tests/test_b.py"]
    assert paths(project, str(project / "tests"), "./test_a.py") == ["test_a.py", "tests/test_b.py"]
    assert paths(project.parent, "project/tests") == ["project/tests/test_b.py"]
    assert paths(project / "tests", "../test_a.py", ".") == ["../test_a.py", "test_b.py"]


@pytest.mark.usefixtures("project")
def test_an_output_file_gets_what_would_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--output-format", "json"]) == 1
    printed = capsys.readouterr().out

    assert main(["check", "--output-format", "json", "--output-file", "report.json"]) == 1
    assert capsys.readouterr() == ("", "")
    assert Path("report.json").read_text(encoding="utf-8") == printed


@pytest.mark.usefixtures("project")
def test_statistics_count_by_rule_the_commonest_first(capsys: pytest.CaptureFixture[str]) -> None:
    source = BAD + "    os.chdir('/')\n\n\ndef test_b():\n    os.chdir('/')\n"
    Path("test_a.py").write_text(source, encoding="utf-8")

    assert main(["check", "--select", "HRM101,HRM102", "--statistics"]) == 1
    assert capsys.readouterr().out == "     2  HRM102  cwd-change\n     1  HRM101  environ-write\n"
    assert main(["check", "--select", "HRM101,HRM102", "--statistics", "--output-format", "json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "tool": "hermetic",
        "statistics": [
            {"code": "HRM102", "name": "cwd-change", "count": 2},
            {"code": "HRM101", "name": "environ-write", "count": 1},
        ],
    }


@pytest.mark.parametrize("arguments", [[], ["--output-format", "json"]])
def test_statistics_of_nothing_are_there(
    arguments: list[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files({"test_a.py": GOOD}, project)

    assert main(["check", "--statistics", *arguments]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["statistics"] == [] if arguments else out == ""


READERS = {
    "full": str.splitlines,
    "concise": str.splitlines,
    "json": lambda text: json.loads(text)["findings"],
    "github": str.splitlines,
    "gitlab": json.loads,
    "sarif": lambda text: json.loads(text)["runs"][0]["results"],
    "junit": lambda text: re.findall("<(?:failure|error) ", ET.canonicalize(text)),
}


@pytest.mark.parametrize("name", report.FORMATS)
def test_every_format_says_what_was_found_what_cannot_be_read_and_that_nothing_was(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "test_gone.py").symlink_to("nowhere.py")
    write_files({"test_broken.py": "def (:\n"}, project)

    assert main(["check", "--output-format", name]) == 1
    out = capsys.readouterr().out
    assert out.count("test_gone.py") >= 1
    assert len(READERS[name](out)) >= 3
    for path in ("test_a.py", "test_broken.py", "test_gone.py"):
        assert path in out
        (project / path).unlink()
    write_files({"test_a.py": GOOD}, project)
    assert main(["check", "--output-format", name]) == 0
    out = capsys.readouterr().out
    assert READERS[name](out) == (["No findings."] if name == "full" else [])


@pytest.mark.usefixtures("project")
def test_sarif_brings_the_help_of_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--output-format", "sarif"])

    (rule,) = json.loads(capsys.readouterr().out)["runs"][0]["tool"]["driver"]["rules"]
    assert "monkeypatch.setenv" in rule["help"]["text"]


@pytest.mark.parametrize("name", ["sarif", "gitlab", "junit"])
def test_a_format_whose_reader_wants_to_know_lines_takes_them_from_standard_input(project: Path, name: str) -> None:
    write_files({"test_a.py": GOOD}, project)

    def found(source: str) -> set[str]:
        done = from_stdin(project, source, "test_a.py", "--output-format", name)
        return set(re.findall("[0-9a-f]{32}|in test_region", done.stdout))

    assert found(BAD)
    assert found(BAD) == found(f"# new\n{BAD}")
    assert name == "junit" or found(BAD) != found(BAD.replace("north", "south"))


# --- standard input ---


def from_stdin(folder: Path, source: str, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return hermetic(
        folder, "check", "--select", "HRM001,HRM101", "--stdin-filename", name, *arguments, source=source.encode()
    )


def test_standard_input_is_checked_and_shown_instead_of_the_file(project: Path) -> None:
    write_files({"test_a.py": "nothing\nof\nthis\nis\nshown = '!'\n"}, project)

    done = from_stdin(project, BAD, "test_a.py")

    assert done.returncode == 1
    assert '  --> test_a.py:5:5\n   |\n 5 |     os.environ["REGION"] = "north"\n' in done.stdout


def test_standard_input_may_be_a_file_that_does_not_exist_yet(project: Path) -> None:
    found = json.loads(from_stdin(project, BAD, "tests/new/test_b.py", "--output-format", "json").stdout)["findings"]

    assert places(found) == [("HRM101", "tests/new/test_b.py", 5)]


def test_standard_input_is_configured_and_surrounded_like_the_file(project: Path) -> None:
    helper = "import os\n\n\ndef use():\n    os.environ['A'] = '1'\n"
    write_files({"helpers.py": helper}, project)
    source = "from helpers import use\n\n\ndef test_b():\n    use()\n"

    assert from_stdin(project, source, "test_b.py", *CONCISE).stdout.startswith("helpers.py:5:5: HRM101")
    write_files({"pyproject.toml": '[tool.hermetic]\nper-file-ignores = {"test_b.py" = ["ALL"]}\n'}, project)
    assert from_stdin(project, BAD, "test_b.py").returncode == 0


def test_standard_input_that_cannot_be_parsed_is_a_finding(project: Path) -> None:
    assert from_stdin(project, "def (:\n", "test_b.py", *CONCISE).stdout.startswith("test_b.py:1:5: HRM001")


# --- the cache ---


def test_no_cache_neither_reads_nor_writes_it(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM101"]\n'}, project)
    main(["check", "--no-cache"])
    assert not (tmp_path / "cache").exists()
    main(["check"])
    assert list((tmp_path / "cache" / "hermetic").iterdir())
    monkeypatch.setattr("hermetic.cache.load", lambda *_: {"tool": {"hermetic": {"select": ["HRM102"]}}})

    assert main(["check"]) == 0
    assert main(["check", "--no-cache"]) == 1


@pytest.mark.parametrize("home", ["file", "missing", "full"])
def test_a_cache_that_cannot_be_used_changes_nothing(project: Path, tmp_path: Path, home: str) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM101"]\n'}, project)
    (tmp_path / "file").touch()
    places_of_it = {"file": str(tmp_path / "file"), "missing": "", "full": "/dev/full"}
    extra = {"XDG_CACHE_HOME": places_of_it[home], "HOME": ""}

    done = hermetic(project, "check", *CONCISE, extra=extra)

    assert (done.returncode, done.stderr) == (1, "")
    assert [path.name for path in project.iterdir()] == ["pyproject.toml", "test_a.py"]


# --- terminals ---


def on_a_terminal(folder: Path, *arguments: str, **extra: str) -> tuple[str, str]:
    """Run a check with a terminal for its standard output, and one for its errors; return what each shows."""
    outputs = [pty.openpty(), pty.openpty()]
    given = {name: value for name, value in environment(folder, extra).items() if extra or name != "NO_COLOR"}
    subprocess.run(
        [sys.executable, "-m", "hermetic", "check", "--select", "HRM101", *arguments],
        cwd=folder,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=outputs[0][1],
        stderr=outputs[1][1],
        check=False,
        timeout=HANG,
    )
    shown = []
    for leader, follower in outputs:
        os.write(follower, b"\0")  # so that there is something to read
        text = b""
        while not text.endswith(b"\0"):
            text += os.read(leader, 65536)
        os.close(leader)
        os.close(follower)
        shown.append(text[:-1].decode())
    return shown[0], shown[1]


def test_a_terminal_gets_colours(project: Path) -> None:
    assert "\x1b[31mHRM101\x1b[0m" in on_a_terminal(project)[0]


def test_no_color_is_respected(project: Path) -> None:
    shown, _ = on_a_terminal(project, NO_COLOR="1")

    assert "HRM101" in shown
    assert "\x1b" not in shown


def test_what_goes_to_a_file_or_a_pipe_is_not_coloured(project: Path) -> None:
    on_a_terminal(project, "--output-file", "report.txt")

    assert "\x1b" not in (project / "report.txt").read_text(encoding="utf-8")
    assert "\x1b" not in hermetic(project, "check").stdout


@pytest.mark.parametrize("format_name", ["concise", "json", "github"])
def test_formats_for_programs_are_not_coloured(project: Path, format_name: str) -> None:
    assert "\x1b" not in on_a_terminal(project, "--output-format", format_name)[0]


def test_a_source_line_cannot_colour_a_terminal(project: Path) -> None:
    write_files({"test_a.py": BAD.replace("north", "\x1b[2J")}, project)

    shown, _ = on_a_terminal(project)

    assert "\x1b[2J" not in shown
    assert r"\x1b[2J" in shown


def test_progress_is_shown_on_a_terminal_and_wiped_at_the_end(project: Path) -> None:
    write_files({f"test_{number}.py": GOOD for number in range(50)}, project)

    _, errors = on_a_terminal(project)

    assert "\r20/51 files" in errors
    assert errors.endswith("\r\x1b[K")


def test_a_run_over_few_files_shows_no_progress(project: Path) -> None:
    assert on_a_terminal(project)[1] == ""


def test_without_a_terminal_there_is_no_progress(project: Path) -> None:
    write_files({f"test_{number}.py": GOOD for number in range(50)}, project)

    assert hermetic(project, "check").stderr == ""


# --- the rest of the command line ---


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "usage: hermetic COMMAND"),
        (["--help"], 0, "usage: hermetic COMMAND"),
        (["--version"], 0, "hermetic "),
        (["chekc"], 2, "hermetic: unknown command 'chekc'\n\nusage:"),
    ],
)
def test_a_call_without_a_command_says_what_there_is(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert (captured.err if code else captured.out).startswith(said)


def test_a_defect_is_exit_code_2_and_says_that_nothing_is_known(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hermetic.cli.check.find", broken)

    assert main(["check", str(project)]) == 2
    assert capsys.readouterr().err.endswith("a defect of hermetic itself; nothing is known about the files\n")
