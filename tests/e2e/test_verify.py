"""`hermetic verify` on repositories with real hooks: healthy, dead, half-wired."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.utils.lint import write_files
from tests.utils.process import environment, hermetic
from tests.utils.verifying import CI, GUARD, HEALTHY, HOOK, HOOKS, LEAK, contents, repository, status

if TYPE_CHECKING:
    from pathlib import Path

HANG = 120  # seconds
LAYERS = ("lint", "hook", "collection", "guard", "ci")
SHELL = "bash -c 'hermetic hook hermetic \"$@\" || true' --"
DEAD = {
    "commented out": (HOOKS.replace("      - id: hermetic", "      # - id: hermetic"), "is commented out"),
    "manual stage": (f"{HOOKS}        stages: [manual]\n", "runs only when somebody calls it"),
    "entry: true": (HOOKS.replace("entry: hermetic hook hermetic", 'entry: "true"'), "cannot fail"),
    "|| true": (HOOKS.replace("entry: hermetic hook hermetic", f"entry: {SHELL}"), "cannot fail"),
    "files: ^$": (f"{HOOKS}        files: ^$\n", "match nothing"),
}
# A comment must not leave the list of hooks empty.
OTHER = "      - id: other\n        name: other\n        entry: python -c pass\n        language: system\n"


class Verified:
    """One run of the command: how it ended, what it printed, and the JSON document that it wrote."""

    def __init__(self, folder: Path, *arguments: str, extra: dict[str, str] | None = None) -> None:
        report = folder.parent / "verify.json"
        done = hermetic(folder, "verify", "--select", "HRM101", f"--json={report}", *arguments, extra=extra)
        self.code, self.output, self.errors = done.returncode, done.stdout, done.stderr
        self.document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}

    def results(self, layer: str) -> set[str]:
        """Return the results of a layer where it claims the example."""
        return {cell["result"] for cell in self.document["matrix"] if cell["layer"] == layer and cell["claimed"]}

    def codes(self) -> set[str]:
        """Return the codes of the findings."""
        return {item["code"] for item in self.document["findings"]}


def test_a_healthy_repository_stops_everything_in_each_layer(tmp_path: Path) -> None:
    run = Verified(repository(tmp_path / "healthy", HEALTHY))

    assert (run.code, run.document["findings"]) == (0, []), run.output + run.errors
    assert [run.results(layer) for layer in LAYERS] == [{"caught"}] * len(LAYERS)
    assert (run.document["version"], run.document["tool"]) == (1, "hermetic")
    for cell in run.document["matrix"]:
        assert {"rule", "example", "layer", "claimed", "result", "codes", "ms"} <= set(cell)
    assert "HRM101  2/2   2/2   1/1         1/1    2/2" in run.output
    assert "false alarm" not in run.output


@pytest.mark.parametrize("name", DEAD)
def test_a_dead_hook_is_named_with_its_line_and_the_other_layers_still_stand(name: str, tmp_path: Path) -> None:
    hooks, why = DEAD[name]
    if "#" in hooks:
        hooks = hooks.partition("      # -")[0] + OTHER + "      # - id: hermetic\n"
    folder = repository(tmp_path / "dead", {**HEALTHY, ".pre-commit-config.yaml": hooks})

    run = Verified(folder)

    (finding,) = run.document["findings"]
    assert (run.code, finding["code"], finding["path"]) == (1, "HRM903", ".pre-commit-config.yaml")
    assert "id: hermetic" in hooks.splitlines()[finding["line"] - 1]
    assert why in finding["message"]
    # No hook at all is not measured; a commit that went past a hook is.
    assert run.results("hook") == {"not-measured" if name == "commented out" else "missed"}
    assert run.results("guard") == {"caught"}


def test_hooks_without_the_plugin_and_with_a_blind_ci_are_half_wired(tmp_path: Path) -> None:
    files = {
        **HEALTHY,
        "pyproject.toml": GUARD.replace('"error"', '"off"'),
        ".github/workflows/ci.yml": CI.replace("--all-files", "--from-ref a --to-ref b").replace("-n 2", "-n 0"),
    }

    run = Verified(repository(tmp_path / "half", files))

    assert (run.code, run.codes()) == (1, {"HRM902", "HRM904"})
    assert (run.results("hook"), run.results("guard"), run.results("ci")) == ({"caught"}, {"missed"}, {"missed"})
    places = {(item["code"], item["path"], item["line"]) for item in run.document["findings"]}
    assert places == {
        ("HRM902", "pyproject.toml", 3),
        ("HRM904", ".github/workflows/ci.yml", 6),
        ("HRM904", ".github/workflows/ci.yml", 7),
    }


def test_a_guard_that_only_warns_has_missed_what_it_saw(tmp_path: Path) -> None:
    folder = repository(tmp_path / "warns", {**HEALTHY, "pyproject.toml": GUARD.replace('"error"', '"warn"')})

    run = Verified(folder)
    asked = Verified(folder, "--", "--hermetic=error")

    assert (run.code, run.codes(), run.results("guard")) == (1, {"HRM902"}, {"missed"})
    assert "only warned of HRM101" in json.dumps(run.document["matrix"])
    assert (asked.code, asked.results("guard")) == (0, {"caught"})


def test_uncommitted_changes_count_and_the_working_tree_is_not_touched(tmp_path: Path) -> None:
    folder = repository(tmp_path / "dirty", HEALTHY)
    (folder / ".pre-commit-config.yaml").write_text(f"{HOOKS}        files: ^$\n", encoding="utf-8")
    (folder / "tests/test_sum.py").unlink()
    write_files({"tests/test_new.py": LEAK, "conftest.py": "import shop\n", "shop.py": ""}, folder)
    before, said = contents(folder), status(folder)
    hostile = {
        "GIT_DIR": str(folder / ".git"),
        "GIT_INDEX_FILE": str(folder / ".git/index"),
        "PYTEST_ADDOPTS": "-p no:hermetic",
        "SKIP": "hermetic",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": os.devnull,
    }

    run = Verified(folder, extra=hostile)

    assert (run.code, run.codes()) == (1, {"HRM903"}), run.output + run.errors
    assert contents(folder) == before
    assert status(folder) == said


def test_a_plant_that_kills_its_process_loses_only_its_own_cells(tmp_path: Path) -> None:
    deadly = "import os\n\n\ndef pytest_runtest_call(item):\n    if 'HRM102' in str(item.path):\n        os._exit(3)\n"
    folder = repository(tmp_path / "crash", {**HEALTHY, "conftest.py": deadly})

    run = Verified(folder, "--select", "HRM102")

    results = {cell["rule"]: cell["result"] for cell in run.document["matrix"] if cell["layer"] == "guard"}
    assert results == {"HRM101": "caught", "HRM102": "not-measured"}
    assert run.code == 0


@pytest.mark.parametrize(
    ("options", "caught"), [("-p no:hermetic", "missed"), ("--hermetic-report=own.json", "caught")]
)
def test_a_strict_configuration_and_a_report_of_its_own_do_not_hide_the_guard(
    options: str, caught: str, tmp_path: Path
) -> None:
    strict = f'{GUARD}addopts = "--strict-config --strict-markers {options}"\n'
    if caught == "missed":
        strict = strict.replace('hermetic = "error"\n', "")  # a strict pytest refuses what no plugin knows
    folder = repository(tmp_path / "strict", {**HEALTHY, "pyproject.toml": strict})

    run = Verified(folder)

    assert (run.codes(), run.results("guard")) == ({"HRM902"} if caught == "missed" else set(), {caught})
    assert not (folder / "own.json").exists()


def test_tests_that_the_repository_cannot_set_up_are_not_measured(tmp_path: Path) -> None:
    fixture = (
        "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef database():\n    raise ConnectionError('no database')\n"
    )
    folder = repository(tmp_path / "absent", {**HEALTHY, "conftest.py": fixture})

    run = Verified(folder)

    assert (run.code, run.results("guard")) == (0, {"not-measured"})
    assert "the planted tests cannot run: ConnectionError: no database" in run.output


def test_a_layer_that_flags_correct_code_is_told(tmp_path: Path) -> None:
    flags = "import sys\nfor path in sys.argv[1:]:\n    print(f'{path}:1:1: HRM101 wrong')\nsys.exit(1)\n"
    hooks = HOOKS.replace("entry: hermetic hook hermetic", "entry: python flag.py")
    folder = repository(tmp_path / "alarm", {**HEALTHY, ".pre-commit-config.yaml": hooks, "flag.py": flags})

    run = Verified(folder)

    assert "false alarm: a hook flags the correct example HRM101 good-0" in run.output
    assert run.results("hook") == {"caught"}


def test_hooks_that_cannot_be_fetched_or_started_are_not_measured(tmp_path: Path) -> None:
    absent = "  - repo: file:///nowhere/hermetic\n    rev: v1\n    hooks:\n      - id: validate-test-isolation\n"
    lost = HOOKS.replace("entry: hermetic hook", "entry: no-such-program hook")
    first = repository(tmp_path / "fetched", {**HEALTHY, ".pre-commit-config.yaml": f"repos:\n{absent}"})
    second = repository(tmp_path / "started", {**HEALTHY, ".pre-commit-config.yaml": lost})

    fetched, started = Verified(first), Verified(second)

    for run in (fetched, started):
        assert run.results("hook") == {"not-measured"}
        assert "HRM903" not in run.codes()
    assert "the hooks of file:///nowhere/hermetic cannot be installed" in fetched.output
    assert "cannot be run here" in started.output


def test_without_git_hooks_or_ci_the_rest_is_measured_and_the_next_step_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    write_files({"pyproject.toml": GUARD, "tests/test_sum.py": LEAK, ".pre-commit-config.yaml": HOOKS}, folder)

    run = Verified(folder)

    assert (run.results("hook"), run.results("ci")) == ({"not-measured"}, {"not-measured"})
    assert (run.results("lint"), run.results("guard")) == ({"caught"}, {"caught"})
    assert "type `git init`" in run.output
    assert run.codes() == {"HRM904"}


def test_broken_configuration_is_told_with_its_path(tmp_path: Path) -> None:
    yaml = repository(tmp_path / "yaml", {**HEALTHY, ".pre-commit-config.yaml": "repos: [\n"})
    toml = repository(tmp_path / "toml", {**HEALTHY, "pyproject.toml": "[tool.hermetic\n"})

    hooks, project = Verified(yaml), hermetic(toml, "verify")

    assert hooks.results("hook") == {"not-measured"}
    assert ".pre-commit-config.yaml is not valid YAML" in hooks.output
    assert (project.returncode, project.stdout) == (2, "")
    assert "pyproject.toml: not valid TOML" in project.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    folder = repository(tmp_path / "stopped", {**HEALTHY, "conftest.py": "import time\n\ntime.sleep(60)\n"})
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "hermetic", "verify", "--select", "HRM101"],
        cwd=folder,
        env=environment(folder, {"TMPDIR": str(temporary)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs tests in the background has its children ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no thread runs here
    )
    until = time.monotonic() + HANG
    while not list(temporary.glob("hermetic-verify-*/runs-*")) and time.monotonic() < until:
        time.sleep(0.05)

    process.send_signal(number)
    _, errors = process.communicate(timeout=HANG)

    assert process.returncode == 2
    assert errors.endswith("hermetic: interrupted\n")
    assert list(temporary.iterdir()) == []


def test_the_page_needs_nothing_else_and_shows_no_markup_of_the_repository(tmp_path: Path) -> None:
    hooks = HOOKS.replace("entry: hermetic hook hermetic", "entry: echo '<script>'")
    folder = repository(tmp_path / "<b>bold", {**HEALTHY, ".pre-commit-config.yaml": hooks})
    page = tmp_path / "verify.html"

    Verified(folder, f"--html={page}")

    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "&lt;b&gt;bold" in text
    assert "http" not in text
    assert '<td class="missed"' in text


def test_a_hook_is_measured_through_its_own_configuration(tmp_path: Path) -> None:
    hooks = f"exclude: ^tests/planted\nrepos:\n  - repo: local\n    hooks:\n{HOOK}"
    run = Verified(repository(tmp_path / "excluded", {**HEALTHY, ".pre-commit-config.yaml": hooks}))

    assert run.codes() == {"HRM903"}
    assert run.results("hook") == {"missed"}
