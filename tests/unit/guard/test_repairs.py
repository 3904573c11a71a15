"""A finding shows its repair as a line of code for this very state."""

from __future__ import annotations

import re
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue import registry
from hermetic.catalogue.rule import GUARD
from hermetic.cli import main
from hermetic.guard._repairs import repair_as_code
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.judge import read_on
from hermetic.guard.probe import Change
from hermetic.guard.probes.breakers import Condition
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.catalogue.rule import Rule


@pytest.mark.parametrize(
    ("code", "change", "written"),
    [
        ("HRM101", Change("os.environ['MODE']", ABSENT, "fast"), "monkeypatch.setenv('MODE', 'fast')"),
        ("HRM101", Change("os.environ['MODE']", "slow", ABSENT), "monkeypatch.delenv('MODE')"),
        ("HRM104", Change("sys.modules['pins']", ABSENT, max), "monkeypatch.setitem(sys.modules, 'pins', value)"),
        ("HRM104", Change("sys.modules['re']", re, ModuleType("re")), "monkeypatch.delitem(sys.modules, 're')"),
        ("HRM103", Change("sys.path", ABSENT, ["/plugins"]), "monkeypatch.syspath_prepend('/plugins')"),
        ("HRM103", Change("sys.path", ["/plugins"], ABSENT), "monkeypatch.syspath_prepend(folder)"),
        (
            "HRM103",
            Change("sys.meta_path", ABSENT, [max]),
            'monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, one])',
        ),
        ("HRM601", Change("shop.RATES['eur']", 1.0, 2.0), "monkeypatch.setitem(shop.RATES, 'eur', 2.0)"),
        (
            "HRM601",
            Change("shop.BASKET", ABSENT, ["tea"], whole=([], ["tea"])),
            'monkeypatch.setattr(shop, "BASKET", shop.BASKET.copy())',
        ),
        ("HRM601", Change("shop.BASKET", ABSENT, ["tea"]), 'monkeypatch.setattr(shop, "BASKET", value, raising=False)'),
        ("HRM601", Change("shop.SEPARATORS", [], "*"), "monkeypatch.setattr(shop, \"SEPARATORS\", '*')"),
        ("HRM601", Change("shop.NEW", ABSENT, 3), 'monkeypatch.setattr(shop, "NEW", 3, raising=False)'),
        ("HRM603", Change("shop.Config.strict", 0, 1), 'monkeypatch.setattr(shop.Config, "strict", 1)'),
        ("HRM308", Change("time.sleep", max, min), 'monkeypatch.setattr(time, "sleep", value)'),
        (
            "HRM601",
            Change("shop.app.config['PAGE']", 20, 2),
            "monkeypatch.setitem(shop.app.config, 'PAGE', 2)",
        ),
        ("HRM601", Change("django.conf.settings.DEBUG", 0, 1), "@override_settings(DEBUG=...)"),
        (
            "HRM601",
            Change("the session of models.Session", "none", "one"),
            "in a fixture, after its yield: models.Session.remove()",
        ),
        (
            "HRM105",
            Change("logging.getLogger('app').level", Described("NOTSET"), Described("DEBUG")),
            "caplog.set_level(logging.DEBUG, logger='app')",
        ),
        (
            "HRM106",
            Change("decimal.getcontext().prec", 28, 2),
            "with decimal.localcontext() as context: context.prec = ...",
        ),
        (
            "HRM106",
            Change("the umask", 18, 0),
            "in a fixture, after its yield: os.umask(before)",
        ),
        (
            "HRM106",
            Change("the handler of SIGUSR1", "default", "ignored"),
            "in a fixture, after its yield: signal.signal(signal.SIGUSR1, before)",
        ),
        (
            "HRM109",
            Change("the thread 'worker'", ABSENT, "running"),
            "in a fixture, after its yield: thread.join(), once it has been told to stop",
        ),
        ("HRM109", Change("a ThreadPoolExecutor", ABSENT, "running"), "with ThreadPoolExecutor(...) as pool:"),
        ("HRM110", Change("an event loop", ABSENT, "not closed"), "in a fixture, after its yield: loop.close()"),
        (
            "HRM201",
            Change("api.app.dependency_overrides[api.user]", ABSENT, max),
            "monkeypatch.setitem(api.app.dependency_overrides, api.user, value)",
        ),
        (
            "HRM202",
            Change("the override of api.user", "as async def as the dependency", "a coroutine"),
            "async def double(): ...  # for api.user",
        ),
        ("HRM305", Change("the call client.get() (2)", ABSENT, "not awaited"), "await client.get()"),
        ("HRM502", Change("out/report.txt", ABSENT, "written"), "path = tmp_path / 'report.txt'"),
        ("HRM502", Change("report.txt of test_b.py::test_b", ABSENT, "shared"), "path = tmp_path / 'report.txt'"),
        (
            "HRM602",
            Change("what shop.settings() keeps of MODE", "slow", Described("filled with MODE 'fast'")),
            "in a fixture, after its yield: shop.settings.cache_clear()",
        ),
        ("HRM604", Change("the global tracer provider", ABSENT, max), "def test_it(worker_telemetry): ..."),
        (
            "HRM604",
            Change("what RequestsInstrumentor instruments", Described("not instrumented"), Described("instrumented")),
            "in a fixture, after its yield: RequestsInstrumentor().uninstrument()",
        ),
        (
            "HRM605",
            Change("pay.breaker", Condition("closed", 0), Condition("open", 2), None, ("pybreaker.CircuitBreaker", 0)),
            "in a fixture, after its yield: pay.breaker.close()",
        ),
        (
            "HRM605",
            Change("pay.breaker.listeners", [], [max], None, ("pybreaker.CircuitBreaker", 0)),
            "in a fixture, after its yield: pay.breaker.remove_listener(listener)",
        ),
        (
            "HRM605",
            Change("shop.fuse.is_open", 0, 1, None, ("shop.Fuse", 0)),
            'monkeypatch.setattr(shop.fuse, "is_open", 1)',
        ),
        (
            "HRM605",
            Change("shop.fuse.listeners", Described("none"), [max], None, ("shop.Fuse", 0)),
            'monkeypatch.setattr(shop.fuse, "listeners", shop.fuse.listeners.copy())',
        ),
        ("HRM901", Change("what no rule of ours names", 0, 1), ""),
    ],
)
def test_a_repair_is_written_for_the_state(code: str, change: Change, written: str) -> None:
    assert repair_as_code(code, change) == written


def test_a_finding_prints_its_repair_and_where_to_read_on(tmp_path: Path) -> None:
    files = {"test_mode.py": 'import os\n\ndef test_mode():\n    os.environ["MODE"] = "fast"\n'}

    run = guarded(tmp_path, mode="warn", files=files)

    assert "    for example: monkeypatch.setenv('MODE', 'fast'); see hermetic explain HRM101\n" in run.output


def test_a_finding_without_code_for_its_repair_tells_where_to_read_on() -> None:
    record = {"code": "HRM403", "repair": "change a copy", "as_code": ""}

    assert read_on(record) == ["    see hermetic explain HRM403"]
    assert read_on({**record, "repair": ""}) == []  # no rule of that name has a page


GUARDED = [entry.load() for entry in registry.indexed() if GUARD in entry.load().claims]


@pytest.mark.parametrize("rule", GUARDED, ids=lambda rule: rule.code)
def test_what_a_finding_points_to_has_its_repair_and_code_that_works(
    rule: Rule, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", rule.code]) == 0

    out = capsys.readouterr().out
    assert rule.repair
    assert f"\nRepair: {rule.repair}\n" in out
    assert "\nGood: " in out


OWN_SHOP = """
QUEUE = []
NAMES = {"tea"}
RATES = {"eur": 1}
"""
# What leaks, as it stands in a file; and the line for example that is printed.
PLACES = {
    'os.environ["AT"] = "1"\n\n\ndef test_it():\n    pass': "in a fixture: monkeypatch.setenv('AT', '1')",
    '@pytest.fixture(scope="module")\ndef wide():\n    os.environ["AT"] = "1"\n\n\ndef test_it(wide):\n    pass': (
        "with pytest.MonkeyPatch.context() as patch: patch.setenv('AT', '1'); yield"
    ),
    'def setup_module():\n    os.environ["AT"] = "1"\n\n\ndef test_it():\n    pass': (
        "patch = pytest.MonkeyPatch(); patch.setenv('AT', '1'), and patch.undo() in teardown_module"
    ),
    'class TestIt(unittest.TestCase):\n    def test_it(self):\n        os.environ["AT"] = "1"': (
        "self.enterContext(pytest.MonkeyPatch.context()).setenv('AT', '1')"
    ),
    'MINE = {}\n\n\ndef test_it():\n    MINE["a"] = 1': "monkeypatch.setitem(MINE, 'a', 1)",
    "MINE = False\n\n\ndef test_it():\n    global MINE\n    MINE = True": (
        'monkeypatch.setattr(sys.modules[__name__], "MINE", True)'
    ),
    "def test_it():\n    QUEUE.append(1)": "in a fixture: before = QUEUE.copy(); yield; QUEUE[:] = before",
    "def test_it():\n    NAMES.add('cash')": (
        "in a fixture: before = NAMES.copy(); yield; NAMES.clear(); NAMES.update(before)"
    ),
    "MINE = []\n\n\ndef test_it():\n    MINE.append(1)": (
        'monkeypatch.setattr(sys.modules[__name__], "MINE", MINE.copy())'
    ),
    "def test_it():\n    shop.QUEUE2.append(1)": 'monkeypatch.setattr(shop, "QUEUE2", shop.QUEUE2.copy())',
}


def test_the_line_fits_the_place_that_changes_the_state(tmp_path: Path) -> None:
    head = "import os, sys, unittest\n\nimport pytest\n\nimport shop\nfrom shop import NAMES, QUEUE\n\n\n"
    files = {
        f"test_{number}.py": f"{head}{place}\n".replace("AT", f"AT{number}") for number, place in enumerate(PLACES)
    }

    run = guarded(tmp_path, files={**files, "shop.py": f"{OWN_SHOP}QUEUE2 = []\n"}, mode="warn")

    said = dict(re.findall(r"test_(\d)\.py:.*(?:\n    .*)*?\n    for example: (.+); see hermetic", run.output))
    assert said == {f"{n}": line.replace("AT", f"AT{n}") for n, line in enumerate(PLACES.values())}, run.output


def applied(place: str, line: str) -> str:
    """Return a file with the leak repaired by the printed line: at its place, or in a fixture of its own."""
    change = next(
        part for part in place.splitlines() if any(sign in part for sign in ("os.environ", "MINE[", "QUEUE.", "NAMES."))
    )
    indent = change[: len(change) - len(change.lstrip())]
    if not line.startswith("in a fixture: "):
        return place.replace(change, f"{indent}{line}")
    body = line.removeprefix("in a fixture: ")
    fixture = f"@pytest.fixture(autouse=True)\ndef repaired(monkeypatch):\n    {body}\n\n\n"
    return fixture + (place.replace(change, "") if "monkeypatch" in body else place)


@pytest.mark.parametrize("number", [0, 1, 3, 6, 7])
def test_a_leak_is_gone_once_its_line_is_applied(number: int, tmp_path: Path) -> None:
    place, line = [*PLACES.items()][number]
    head = "import os, sys, unittest\n\nimport pytest\n\nimport shop\nfrom shop import NAMES, QUEUE\n\n\n"
    test = f"{head}{applied(place, line)}\n"
    compile(test, "test_it.py", "exec")

    run = guarded(tmp_path, files={"test_it.py": test, "shop.py": OWN_SHOP})

    assert (run.exit, run.findings) == (0, []), run.output + test
