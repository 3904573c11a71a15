"""Small suites that are run under this tree's own configuration of pytest, and what came of them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import TYPE_CHECKING, Any

from tests.utils.lint import write_files
from tests.utils.meta import ROOT
from tests.utils.servers import start_postgres, start_valkey, stop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.utils.meta import Ran, Tree

HELPERS_KNOWN = 9  # functions of tests/utils/worker_utils.py
TWICE = """
import pytest


@pytest.fixture(scope="session", autouse=True)
def planted_everywhere():
    yield


def test_planted_sum():
    assert 1 + 1 == 2
"""
# Notes the worker of each test, where results come together.
NOTES = """
SEEN = []


def pytest_runtest_logreport(report):
    if report.when == "call" and hasattr(report, "worker_id"):
        SEEN.append(report.nodeid.partition("planted_")[2].partition("[")[0] + " " + report.worker_id)


def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        with open("workers.txt", "w") as file:
            file.write("\\n".join(SEEN))
"""
# Eight tests of each of three groups.
GROUPS = "".join(
    f"""
@pytest.mark.xdist_group("{group}")
@pytest.mark.parametrize("number", range(8))
def test_planted_{group}(number):
    time.sleep(0.01)

"""
    for group in ("one", "two", "three")
)
# What pairs of pytest and xdist do that ignore groups: xdist's hook is called, and changes nothing that anybody reads.
IGNORING = """
import pytest


def pytest_configure(config):
    for plugin in list(config.pluginmanager.get_plugins()):
        if type(plugin).__name__ == "WorkerInteractor":
            config.pluginmanager.unregister(plugin)
            type(plugin).pytest_collection_modifyitems = lambda self, config, items: None
            config.pluginmanager.register(plugin)
"""
SAYS_OPTIONS = """
import json


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        said = {
            "workers": config.getoption("numprocesses"),
            "dist": config.getoption("dist"),
            "hermetic": config.pluginmanager.hasplugin("hermetic"),
            "mode": config.getini("hermetic"),
            "skipped": [str(path) for path in config.getoption("ignore") or []],
            "deselected": [str(name) for name in config.getoption("deselect") or []],
            "keyword": config.getoption("keyword"),
            "mark": config.getoption("markexpr"),
        }
        with open("options.json", "w") as file:
            json.dump(said, file)
"""
# Each worker says what it has by fixture and by function, and waits for the others: all of them live at one time.
HELPERS = """
import json
import os
import pathlib
import time

from hermetic import workers
from tests.utils import worker_utils

OUT = pathlib.Path(os.environ["PLANTED_OUT"])


def test_planted_helpers(
    worker_identity, worker_slot, worker_port_block, worker_port_offset, worker_port, worker_postgres_schema,
    worker_redis_database, worker_redis_prefix, worker_store_name, worker_tmp, worker_sqlite,
):
    by_fixture = {
        "id": worker_identity.worker,
        "slot": worker_slot,
        "offset": worker_port_offset,
        "schema": worker_postgres_schema.name,
        "redis prefix": worker_redis_prefix,
        "store": worker_store_name,
        "tmp": str(worker_tmp),
    }
    same = [name for name in worker_utils.__all__ if getattr(worker_utils, name) is getattr(workers, name)]
    by_function = {
        "id": worker_utils.get_worker_id(),
        "slot": worker_utils.get_worker_num(),
        "offset": worker_utils.get_worker_port_offset(),
        "schema": worker_utils.get_worker_postgres_schema(),
        "redis prefix": worker_utils.get_worker_redis_prefix(),
        "store": worker_utils.get_worker_store_name(),
        "tmp": str(worker_utils.worker_tmp_path()),
    }
    said = {
        "by_fixture": by_fixture,
        "by_function": by_function,
        "same": same,
        "port": worker_port,
        "ports": [worker_port_block.first, worker_port_block.last],
        "database": worker_redis_database.number,
        "unique": worker_utils.unique_resource_name(),
        "sqlite": str(worker_sqlite),
    }
    (OUT / f"{os.getpid()}.new").write_text(json.dumps(said))
    (OUT / f"{os.getpid()}.new").rename(OUT / f"{os.getpid()}.json")
    deadline = time.monotonic() + 90
    while len(list(OUT.glob("*.json"))) < int(os.environ["PLANTED_EXPECTED"]):
        assert time.monotonic() < deadline, "the others did not come"
        time.sleep(0.05)
"""


def suite(tree: Tree, folder: Path, **files: str) -> Path:
    """Make a project with the tree's own configuration of pytest; `files` are modules below `tests`."""
    write_files({f"tests/{name}.py": source for name, source in files.items()}, folder)
    shutil.copy2(tree.root / "pyproject.toml", folder)
    for name in ("__init__", "utils/__init__", "utils/worker_utils"):
        (folder / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree.root / "tests" / f"{name}.py", folder / "tests" / f"{name}.py")
    return folder


def commands(tree: Tree, target: str, *variables: str) -> list[list[str]]:
    """Return the commands that `make TARGET` runs, in this environment; the set-up of `.venv` is left out."""
    stamps = ("-o", ".venv/.dev-installed", "-o", ".venv/.demo-installed")
    done = tree.run("make", "-n", *stamps, target, *variables)
    assert done.code == 0, done.output
    found = [shlex.split(line) for line in done.output.splitlines()]
    return [[word.replace(".venv/bin", str(tree.home / "bin")) for word in words] for words in found if words]


def suite_options(tree: Tree, target: str = "test") -> list[str]:
    """Return the options that `make TARGET` gives to pytest, without the tests that it names."""
    (command,) = [words for words in commands(tree, target) if "pytest" in words]
    given = command[command.index("pytest") + 1 :]
    return [word for word in given if not word.startswith("tests")]


def grouped(tree: Tree, folder: Path, *options: str, ignoring: bool = False) -> tuple[Ran, dict[str, set[str]]]:
    """Run marked groups; return the run, and the workers that each group's tests ran on."""
    conftest = NOTES + (IGNORING if ignoring else "")
    suite(tree, folder, test_planted=f"import time\nimport pytest\n\n{GROUPS}", conftest=conftest)
    ran = tree.pytest(*options, "tests", folder=folder)
    found: dict[str, set[str]] = {}
    notes = folder / "workers.txt"
    for line in notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []:
        group, worker = line.split()
        found.setdefault(group, set()).add(worker)
    return ran, found


def options_of(tree: Tree, folder: Path, *given: str) -> dict[str, Any]:
    """Return how pytest is configured in the tree, for a command line with these options alone."""
    suite(tree, folder, conftest=SAYS_OPTIONS, test_planted="def test_planted():\n    pass\n")
    ran = tree.pytest(*given, "tests", folder=folder)
    assert ran.code == 0, ran.output
    said: dict[str, Any] = json.loads((folder / "options.json").read_text(encoding="utf-8"))
    return said


def helpers(tree: Tree, folder: Path, *, runs: int = 2, workers: int = 3) -> list[dict[str, Any]]:
    """Run several suites at the same time, with real servers; return what each of their workers said."""
    out = folder / "out"
    out.mkdir()
    started = [start_postgres(), start_valkey()]
    said = {"PLANTED_OUT": str(out), "PLANTED_EXPECTED": str(runs * workers)}
    said |= {"HERMETIC_POSTGRES_URL": started[0]["url"], "HERMETIC_REDIS_URL": started[1]["url"]}

    def run(number: int) -> str:
        home = suite(tree, folder / str(number), test_planted=HELPERS)
        words = (tree.python, "-m", "pytest", f"-n{workers}", "--dist=each", "-q", "tests")
        return tree.run(*words, folder=home, **said).output

    try:
        with ThreadPoolExecutor(runs) as pool:
            outputs = list(pool.map(run, range(runs)))
    finally:
        for server in started:
            stop(server)
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("*.json"))]
    return [*found, *({"output": output} for output in outputs if " passed" not in output or " failed" in output)]


def disjoint(said: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with what workers said that lived at the same time."""
    found = [one["output"] for one in said if "output" in one]
    workers = [one for one in said if "output" not in one]
    for one in workers:
        if one["by_fixture"] != one["by_function"]:
            found.append(f"the fixtures give {one['by_fixture']}, the functions {one['by_function']}")
        if len(one["same"]) < HELPERS_KNOWN:
            found.append(f"tests/utils/worker_utils.py hands on only {one['same']}")
        if not one["ports"][0] <= one["port"] <= one["ports"][1]:
            found.append(f"port {one['port']} is not one of {one['ports']}")
    for name in ("slot", "offset", "schema", "redis prefix", "store", "tmp"):
        found += shared(name, [one["by_function"][name] for one in workers])
    for name in ("database", "unique", "sqlite", "port"):
        found += shared(name, [one[name] for one in workers])
    ports = [port for one in workers for port in range(one["ports"][0], one["ports"][1] + 1)]
    return found + shared("a block of ports", ports)


def shared(name: str, values: list[Any]) -> list[str]:
    """Return a line when a value is there twice."""
    return [f"two workers share {name}: {sorted(values, key=str)}"] if len(set(values)) < len(values) else []


def installed(*names: str) -> dict[str, str]:
    """Return the versions of distributions that are installed."""
    return {name: metadata.version(name) for name in names}


def locked(*names: str) -> dict[str, str]:
    """Return the versions of distributions in the lock."""
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    return {
        name: version for name, version in re.findall(r"^([\w.-]+)==([^ \\;]+)", text, re.MULTILINE) if name in names
    }
