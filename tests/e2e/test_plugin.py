"""The plugin in real runs of pytest, with and without workers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.utils.guarding import clean_environment, guarded
from tests.utils.lint import write_files
from tests.utils.proof_driver import plugin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.utils.guarding import Guarded

WORKERS = pytest.mark.parametrize("workers", ["-n0", "-n2"])
CLEAN = {
    "conftest.py": """
import os
import signal

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    before = signal.signal(signal.SIGALRM, lambda *_: item)
    try:
        return (yield)
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def region():
    os.environ["REGION"] = "north"
    yield os.environ["REGION"]
    del os.environ["REGION"]


@pytest.fixture(scope="module", params=[1, 2])
def size(request, region):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIZE", str(request.param))
        yield request.param
""",
    "test_clean.py": """
import asyncio
import io
import logging
import os
import random
import subprocess
import sys
import types
import unittest
import weakref

import pytest


def setup_module():
    os.environ["MODULE"] = "1"


def teardown_module():
    os.environ.pop("MODULE")


def test_sizes(size, monkeypatch, tmp_path, caplog, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["x"])
    monkeypatch.syspath_prepend(tmp_path)
    caplog.set_level(logging.DEBUG)
    print("hello")
    assert os.environ["SIZE"] == str(size)
    assert random.random() < 1


class Members(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["CLASS"] = "1"

    @classmethod
    def tearDownClass(cls):
        del os.environ["CLASS"]

    def test_member(self):
        with self.assertLogs("members", "INFO") as seen:
            logging.getLogger("members").info("new")
        self.assertEqual(len(seen.output), 1)

    @unittest.skip("later")
    def test_later(self):
        raise AssertionError


@pytest.mark.xfail(strict=True)
def test_expected():
    assert False


def test_loop():
    assert asyncio.run(asyncio.sleep(0, 3)) == 3


def test_child():
    assert subprocess.run([sys.executable, "-c", "pass"]).returncode == 0


def test_lazy_import():
    import concurrent.futures
    import sqlite3

    assert sqlite3.connect(":memory:").close() is None


def test_streams_left_to_pytest(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    print("nobody sees this")


def test_a_logger_of_its_own(tmp_path):
    logger = logging.getLogger(f"own.{tmp_path.name}")
    logger.propagate = False
    logger.addHandler(logging.StreamHandler(io.StringIO()))


class Template(types.ModuleType):
    pass


def test_a_module_that_goes_with_its_owner():
    module = Template("template")
    sys.modules["template"] = weakref.proxy(module, lambda _: sys.modules.pop("template", None))


def test_without_frames(monkeypatch):
    monkeypatch.delattr(sys, "_getframe")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_FRAMES", "1")
    random.seed()


def double(number):
    '''
    >>> double(2)
    4
    '''
    return 2 * number
""",
}
LEAKS = {
    "conftest.py": """
import logging
import os

import pytest


@pytest.fixture(scope="module")
def kept():
    os.environ["KEPT"] = "1"


@pytest.fixture(scope="module")
def returned():
    os.environ["RETURNED"] = "1"
    yield
    os.environ.pop("RETURNED", None)
""",
    "test_leaks.py": """
import logging
import os
import sys
import unittest

import pytest


def setup_module():
    sys.argv.append("--by-setup")


def test_uses_both(kept, returned):
    assert os.environ["KEPT"] == os.environ["RETURNED"] == "1"


def test_changes_what_a_fixture_holds(returned):
    os.environ["RETURNED"] = "2"  # here


def test_sees_the_fixtures_own_value(returned):
    assert os.environ["RETURNED"] == "1"


@pytest.mark.hermetic(allow=["HRM101"])
def test_may():
    os.environ["ALLOWED"] = "1"


def test_says_so():
    os.environ["COMMENTED"] = "1"  # hermetic: ignore[HRM101] the process ends here


@pytest.mark.parametrize("number", [1, 2])
def test_leaks_twice(number):
    logging.getLogger("twice").parent.setLevel(number)


class Case(unittest.TestCase):
    def test_case(self):
        os.environ["CASE"] = "1"
""",
}


def plain(folder: Path, *arguments: str) -> str:
    """Return what pytest prints without the plugin."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:hermetic", "-p", "no:randomly", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def timeless(output: str) -> list[str]:
    """Return lines without times, progress (in any order under xdist) and the list of installed plugins."""
    lines = [line for line in output.splitlines() if not line.endswith("%]") and not line.startswith("plugins:")]
    return sorted(re.sub(r"\d+\.\d+s( \(\d+:\d+:\d+\))?|0x[0-9a-f]+|gw\d", "", line).strip(" =") for line in lines)


def states(run: Guarded) -> dict[str, tuple[str, str | None]]:
    """Return (test or fixture, code) by state."""
    return {item["state"]: (item["owner"] or item["test"].rpartition("::")[2], item["code"]) for item in run.findings}


@WORKERS
@pytest.mark.parametrize("mode", ["warn", "off"])
def test_a_clean_suite_prints_the_same_with_and_without_the_plugin(mode: str, workers: str, tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    arguments = ["--doctest-modules", "-rA", workers, "-p", "no:cacheprovider"]
    write_files(CLEAN, folder)
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    expected = plain(folder, *arguments)
    command = [sys.executable, "-m", "pytest", *plugin(), "-p", "no:randomly", f"--hermetic={mode}", *arguments]

    done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)

    assert "passed" in expected
    assert timeless(done.stdout) == timeless(expected)


@WORKERS
def test_a_clean_suite_is_silent_in_error_mode(workers: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", "--doctest-modules", workers, files=CLEAN)

    assert (run.findings, run.exit) == ([], 0), run.output


@WORKERS
def test_each_leak_is_reported_once_and_belongs_to_the_test_or_the_fixture(workers: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", workers, "--dist=loadfile", files=LEAKS)

    assert states(run) == {
        "os.environ['KEPT']": ("kept", "HRM101"),
        "os.environ['RETURNED']": ("test_changes_what_a_fixture_holds", "HRM101"),
        "logging.getLogger().level": ("test_leaks_twice[2]", "HRM105"),
        "os.environ['CASE']": ("test_case", "HRM101"),
        "sys.argv": ("setup_module", "HRM107"),
    }, run.output
    assert len(run.findings) == 6, run.output
    assert ("HRM101", "test_leaks.py", 19) in run.found
    assert "7 passed" in run.output or "8 passed" in run.output


def test_in_warn_mode_leaks_are_listed_and_nothing_fails(tmp_path: Path) -> None:
    files = {
        "test_env.py": "import os\n\n\ndef test_env():\n    os.environ['A'] = '1'\n\n\ndef test_next():\n    pass\n"
    }
    run = guarded(tmp_path / "suite", mode="warn", files=files)

    assert run.exit == 0
    assert run.found == {("HRM101", "test_env.py", 5)}
    assert "test_env.py:5: HRM101 test_env left os.environ['A'] changed: absent -> '1'" in run.output


def test_a_test_that_cleans_up_after_another_is_not_reported(tmp_path: Path) -> None:
    files = {
        "test_env.py": "import os\n\n\ndef test_env():\n    os.environ['A'] = '1'\n\n\n"
        "def test_cleans():\n    os.environ.pop('A')\n"
    }
    run = guarded(tmp_path / "suite", mode="warn", files=files)

    assert [item["test"] for item in run.findings] == ["test_env.py::test_env"]


@WORKERS
def test_a_mark_that_cannot_be_understood_is_an_error_of_collection(workers: str, tmp_path: Path) -> None:
    files = {
        "test_mark.py": "import pytest\n\n\n@pytest.mark.hermetic('HRM101')\ndef test_a(): ...\n\n\n"
        "@pytest.mark.hermetic(allow=['HRM999', 'HRM1'])\ndef test_b(): ...\n",
        "test_class.py": "import pytest\n\n\nclass TestBare:\n    pytestmark = [pytest.mark.hermetic]\n\n"
        "    def test_c(self): ...\n\n\n@pytest.mark.hermetic(allow=['HRM998'])\nclass TestB:\n"
        "    def test_d(self): ...\n",
    }
    run = guarded(tmp_path / "suite", workers, files=files)

    assert run.exit != 0
    assert "write @pytest.mark.hermetic(allow=['HRM101'])" in run.output
    assert "'HRM999', which is no rule; did you mean" in run.output
    assert "'HRM1', which is no rule; a mark names whole codes" in run.output
    assert "test_class.py::TestBare: @pytest.mark.hermetic() cannot be understood" in run.output
    assert "test_class.py::TestB: @pytest.mark.hermetic allows 'HRM998', which is no rule" in run.output
    assert "INTERNALERROR" not in run.output


def test_levels_of_single_rules_win_over_the_mode(tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    source = "import os, sys\n\n\ndef test_it(tmp_path):\n    os.environ['A'] = '1'\n    os.chdir(tmp_path)\n"
    write_files({"test_it.py": source + "    sys.argv.append('x')\n"}, folder)
    text = '[tool.hermetic.guard]\nlevels = {HRM101 = "off", HRM102 = "warn"}\n'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")

    run = guarded(folder)

    assert {code for code, _, _ in run.found} == {"HRM102", "HRM107"}
    assert "ERROR at teardown" in run.output
    assert "HRM102" not in run.output.partition("= hermetic =")[0]


def test_a_mark_that_a_test_adds_to_itself_allows_what_it_names(tmp_path: Path) -> None:
    add = "import os\nimport pytest\n\n\n@pytest.fixture(autouse=True)\ndef mark(request):\n    "
    test = "\n\n\ndef test_it():\n    os.environ['A'] = '1'\n"
    for mark, found in (("hermetic(allow=['HRM101'])", set()), ("hermetic", {"HRM101"})):
        files = {"test_it.py": f"{add}request.node.add_marker(pytest.mark.{mark}){test}"}

        assert {code for code, _, _ in guarded(tmp_path / mark[:10], files=files).found} == found


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        ('levels = {HRM101 = "loud"}', "[tool.hermetic.guard] takes levels"),
        ('levels = {HRM999 = "error"}', "[tool.hermetic.guard] levels: 'HRM999' selects no rule; did you mean"),
        ('levels = {environ-write = "error"}', "[tool.hermetic.guard] levels: 'environ-write' selects no rule"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_a_usage_error(guard: str, said: str, tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    write_files({"test_it.py": "def test_it(): ...\n"}, folder)
    (folder / "pyproject.toml").write_text(f"[tool.hermetic.guard]\n{guard}\n", encoding="utf-8")

    run = guarded(folder)

    assert run.exit == pytest.ExitCode.USAGE_ERROR
    assert said in run.output


@pytest.mark.parametrize("depth", ["abc", "-1", "²", ""])
def test_a_depth_that_is_no_number_is_a_usage_error(depth: str, tmp_path: Path) -> None:
    files = {"test_it.py": "def test_it(): ...\n", "pytest.ini": f"[pytest]\nhermetic_depth = {depth}\n"}

    run = guarded(tmp_path / "suite", files=files)

    assert run.exit == pytest.ExitCode.USAGE_ERROR
    assert f"hermetic_depth must be a whole number from 0 on, not {depth!r}" in run.output


FINDER = """
import sys


class Finder:
    def find_spec(self, *given):
        raise RuntimeError("no import")


def test_it():
    sys.meta_path.insert(0, Finder())  # <-


def test_next():
    import wave

    assert wave
"""


@pytest.mark.parametrize(("mode", "said"), [("error", "1 error"), ("warn", "1 failed, 1 passed")])
def test_a_finder_that_raises_does_not_keep_the_guard_from_telling(mode: str, said: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", mode=mode, files={"test_it.py": FINDER})

    assert run.found == {("HRM103", "test_it.py", 11)}
    assert said in run.output


PROBE = """
import pytest

from hermetic.guard.probe import Change, Probe

STATE = []


class ListProbe(Probe[int]):
    code = "ACME101"

    def snapshot(self):
        return len(STATE)

    def changes(self, before, after):
        if before != after:
            yield Change("STATE", before, after, STATE.clear)


class BrokenProbe(Probe[int]):
    code = "ACME102"

    def snapshot(self):
        if STATE:
            raise ValueError("no good")
        return 0

    def changes(self, before, after):
        return ()


def pytest_hermetic_probes(config):
    return [ListProbe(), BrokenProbe()]
"""


@WORKERS
def test_others_add_probes_and_one_that_raises_is_switched_off_and_said_to_be(workers: str, tmp_path: Path) -> None:
    files = {
        "conftest.py": PROBE,
        "test_state.py": "import conftest\n\n\ndef test_a():\n    conftest.STATE.append(1)\n\n\ndef test_b():\n"
        "    assert not conftest.STATE\n",
    }
    run = guarded(tmp_path / "suite", workers, "--hermetic-trace=off", files=files)

    found = [(item["code"], item["before"], item["after"]) for item in run.findings if item["code"] != "HRM601"]
    assert found == [("ACME102", "", ""), ("ACME101", "0", "1")]
    assert "ACME102 is not guarded from here on" in run.output
    assert "BrokenProbe raised ValueError: no good" in run.output
    assert "2 passed" in run.output


def test_pytest_within_a_test_has_a_guard_of_its_own_and_the_outer_one_goes_on(tmp_path: Path) -> None:
    files = {
        "conftest.py": "pytest_plugins = ['pytester']\n",
        "test_outer.py": """
import os


def test_inner(pytester):
    pytester.makepyfile("import os\\ndef test_it():\\n    os.environ['INNER'] = '1'\\n")
    result = pytester.runpytest_inprocess(*PLUGIN, "--hermetic=error")
    result.assert_outcomes(passed=1, errors=1)
    assert "INNER" not in os.environ


def test_outer():
    os.environ["OUTER"] = "1"
""".replace("PLUGIN", repr(plugin())),
    }
    run = guarded(tmp_path / "suite", "-p", "no:xdist", files=files)

    assert "2 passed" in run.output

    assert [(item["state"], item["line"]) for item in run.findings] == [("os.environ['OUTER']", 13)], run.output


def test_wrapped_functions_pickle_and_look_like_the_originals(tmp_path: Path) -> None:
    source = """
import inspect
import logging
import pickle
import signal


def test_same():
    from signal import signal as bound

    assert bound is signal.signal
    assert pickle.loads(pickle.dumps(signal.signal)) is signal.signal
    assert pickle.loads(pickle.dumps(logging.disable)) is logging.disable
    assert signal.signal.__name__ == "signal"
    assert list(inspect.signature(logging.Logger.setLevel).parameters) == ["self", "level"]
"""
    run = guarded(tmp_path / "suite", files={"test_same.py": source})

    assert run.exit == 0, run.output


def test_a_line_that_nothing_hears_is_found_by_running_the_test_again(tmp_path: Path) -> None:
    files = {
        "helper.py": "import sys\n\n\ndef quiet(names):\n    it = getattr(sys, 'a' + 'rgv')\n    it.extend(names)\n",
        "test_hidden.py": "import helper\n\n\ndef test_hidden():\n    helper.quiet(['--quiet'])\n",
    }
    traced = guarded(tmp_path / "suite", files=files)
    untraced = guarded(tmp_path / "suite", "--hermetic-trace=off")

    assert traced.found == {("HRM107", "helper.py", 6)}, traced.output
    (finding,) = untraced.findings
    assert (finding["line"], finding["path"]) == (None, "test_hidden.py")
    assert finding["line_reason"]


@pytest.mark.parametrize(
    ("arguments", "leaks"),
    [(["-x"], 1), (["--maxfail=2"], 2), (["-k", "second"], 1), (["--collect-only"], 0), (["-p", "no:xdist"], 3)],
)
def test_options_of_pytest_mean_what_they_mean(arguments: list[str], leaks: int, tmp_path: Path) -> None:
    names = ("first", "second", "third")
    source = "import os\n\n\n" + "".join(f"def test_{n}():\n    os.environ['{n}'] = '1'\n\n\n" for n in names)
    run = guarded(tmp_path / "suite", *arguments, files={"test_three.py": source})

    assert len(run.findings) == leaks, run.output


@pytest.mark.parametrize("mode", ["off", "warn", "error"])
def test_the_report_tells_the_mode_and_is_written_when_the_guard_is_off_too(mode: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", mode=mode, files={"test_it.py": "def test_it(): ...\n"})

    assert run.reported
    assert run.findings == []
    assert json.loads((tmp_path / "suite-report.json").read_text(encoding="utf-8"))["mode"] == mode


def test_nothing_of_the_guard_is_imported_while_it_is_off(tmp_path: Path) -> None:
    code = f"""
import sys

import pytest

pytest.main([*{plugin()!r}, "--hermetic=off", "--collect-only", "-q"])
print(sorted(name for name in sys.modules if name.startswith("hermetic.") and ".workers" not in name))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    guards = re.findall(r"'(hermetic\.(?!workers|plugin)[\w.]+)'", done.stdout.splitlines()[-1])
    assert guards == ["hermetic.guard", "hermetic.guard.hookspecs"]


def test_a_probe_that_raises_fails_no_test_where_warnings_are_errors(tmp_path: Path) -> None:
    files = {
        "conftest.py": PROBE,
        "pytest.ini": "[pytest]\nfilterwarnings = error\n",
        "test_it.py": "import conftest\n\n\ndef test_it():\n    conftest.STATE.append(1)\n",
    }

    run = guarded(tmp_path / "suite", mode="warn", files=files)

    assert "is not guarded from here on" in run.output
    assert run.exit == 0, run.output


def test_folders_that_pytest_adds_to_the_import_path_again_are_its_own_affair(tmp_path: Path) -> None:
    files = dict.fromkeys(("conftest.py", "a/conftest.py", "b/test_b.py", "test_c.py"), "def test_it(): ...\n")

    run = guarded(tmp_path / "suite", "b", ".", "a", files={**files, "a/test_a.py": "def test_it(): ...\n"})

    assert (run.findings, run.exit) == ([], 0), run.output


SESSION_WIDE = """
import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def region():
    os.environ["REGION"] = "north"


@pytest.fixture(scope="session")
def asked_for():
    os.environ["ASKED"] = "1"


def test_it(asked_for):
    pass
"""


@pytest.mark.parametrize(
    ("name", "options", "states"),
    [
        ("conftest.py", (), {"os.environ['ASKED']"}),
        ("conftest.py", ("project",), {"os.environ['ASKED']", "os.environ['REGION']"}),
        ("test_it.py", (), {"os.environ['ASKED']", "os.environ['REGION']"}),
    ],
)
def test_what_a_conftest_does_once_before_all_tests_is_configuration(
    name: str, options: tuple[str, ...], states: set[str], tmp_path: Path
) -> None:
    fixtures, test = SESSION_WIDE.split("def test_it")
    in_conftest = {"conftest.py": fixtures, "test_it.py": f"def test_it{test}"}
    files = in_conftest if name == "conftest.py" else {name: SESSION_WIDE}
    if options:
        files["pyproject.toml"] = '[tool.hermetic]\nextend-select = ["project"]\n'

    run = guarded(tmp_path / "suite", mode="warn", files=files)

    assert {item["state"] for item in run.findings if item["code"] == "HRM101"} == states, run.output
