"""What the process is given: folders that are gone, streams that are closed or full, an interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.utils.lint import write_files
from tests.utils.process import BAD, HANG, check, environment, offer

if TYPE_CHECKING:
    from pathlib import Path

MAIN = "import sys; from hermetic.cli import main; sys.exit(main(sys.argv[1:]))"


def test_a_current_folder_that_is_gone_is_named(project: Path) -> None:
    code = f"import os, shutil; shutil.rmtree(os.getcwd()); {MAIN}"

    done = check(project, code=code)

    assert done.returncode == 2
    assert done.stderr == "hermetic: the current folder does not exist any more; change to another one\n"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("missing/report.json", "No such file or directory"),
        ("folder", "Is a directory"),
        ("/dev/full", "No space left on device"),
    ],
)
def test_a_report_that_cannot_be_written_comes_on_standard_output(project: Path, target: str, reason: str) -> None:
    (project / "folder").mkdir()

    done = check(project, "--output-format", "concise", "--output-file", target)

    assert done.returncode == 2
    assert (
        done.stderr == f"hermetic: {target}: cannot be written: {reason}; the findings are on standard output instead\n"
    )
    assert done.stdout.startswith("test_ok.py:5:5: HRM101")


def shell(folder: Path, redirection: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a check with its streams redirected, and give its own exit code at the end of standard error."""
    line = f'("{sys.executable}" -m hermetic check --select HRM101; echo "exit $?" >&2) {redirection}'
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env=environment(folder, extra),
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_full_disk_behind_standard_output_is_an_error(project: Path, unbuffered: str) -> None:
    done = shell(project, "> /dev/full", PYTHONUNBUFFERED=unbuffered)

    assert done.stderr == "hermetic: standard output cannot be written: No space left on device\nexit 2\n"


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("count", [1, 2000], ids=["short", "long"])
def test_a_reader_who_leaves_changes_nothing_about_the_exit_code(project: Path, count: int, unbuffered: str) -> None:
    tests = "".join(f'\n\ndef test_{number}():\n    os.environ["R"] = "1"\n' for number in range(count))
    write_files({"test_ok.py": f"import os\n{tests}"}, project)
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-m", "hermetic", "check", "--select", "HRM101"],
        cwd=project,
        env=environment(project, {"PYTHONUNBUFFERED": unbuffered}),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=HANG,
    )
    os.close(writer)

    assert (done.stderr, done.returncode) == (b"", 1)


def test_closed_streams_are_no_reason_to_fail(project: Path) -> None:
    assert shell(project, ">&-").stderr == "exit 1\n"
    assert shell(project, "<&-").stderr == "exit 1\n"


def test_a_closed_standard_input_that_is_to_be_checked_is_an_error(project: Path) -> None:
    line = f'"{sys.executable}" -m hermetic check --stdin-filename test_a.py <&-'

    done = subprocess.run(
        ["sh", "-c", line],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("hermetic: standard input is closed")


@pytest.mark.parametrize("kind", ["full", "concise", "github"])
def test_an_output_that_knows_only_ascii_gets_escapes(project: Path, kind: str) -> None:
    (project / "test_ö.py").write_text(BAD.replace("north", "nörd"), encoding="utf-8")

    done = check(project, "--output-format", kind, extra={"PYTHONIOENCODING": "ascii"})

    assert done.returncode == 1
    assert "test_\\xf6.py" in done.stdout


WAITING = """
import os
import time

from hermetic.catalogue.rule import Rule


class Waiting(Rule):
    '''A rule that takes for ever.'''

    code = "ACME101"
    name = "waiting"
    message = "never"

    def check(self, module, project):
        open(os.environ["STARTED"], "w").close()
        time.sleep(600)
        yield from ()
"""


def test_an_interrupt_in_the_middle_ends_with_a_message(project: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    extra = {**offer(tmp_path / "installed", WAITING, "acme_rules:Waiting"), "STARTED": str(started)}
    command = ["check", "--select", "ACME101"]
    process = subprocess.Popen(
        # Started in the background, a process inherits that interrupts are ignored.
        [sys.executable, "-c", f"import signal as s; s.signal(s.SIGINT, s.default_int_handler); {MAIN}", *command],
        cwd=project,
        env=environment(project, extra),
        stderr=subprocess.PIPE,
        text=True,
    )
    while not started.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=HANG)

    assert errors == "hermetic: interrupted\n"
    assert process.returncode == 2
