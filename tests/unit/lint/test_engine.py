"""Files in, findings out: what is read, what is remembered, and that the work grows with the input alone."""

from __future__ import annotations

import cProfile
import gc
import pstats
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermetic import config
from hermetic.catalogue import registry
from hermetic.lint import selection
from hermetic.lint.engine import Engine
from hermetic.source import module
from tests.utils.lint import lint_files, write_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.finding import Finding

BAD = 'import os\n\n\ndef test_region():\n    os.environ["REGION"] = "north"\n'
HELPER = 'import os\n\n\ndef use_region():\n    os.environ["REGION"] = "north"\n'
CALLER = "from helpers import use_region\n\n\ndef test_a():\n    use_region()\n"
RESTORE = """\
import os

import pytest


@pytest.fixture(autouse=True)
def clean():
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
"""


def engine_for(folder: Path, **settings: object) -> Engine:
    (folder / "pyproject.toml").touch()
    wanted = config.load(str(folder))
    wanted.select = ("HRM001", "HRM101", "HRM905")
    for name, value in settings.items():
        setattr(wanted, name, value)
    return Engine(wanted, selection.choose(registry.indexed(), wanted))


def places(found: list[Finding]) -> list[tuple[str, str, int]]:
    return [(item.code, Path(item.path).name, item.line) for item in found]


def test_findings_are_sorted_by_place(tmp_path: Path) -> None:
    two = BAD + '\n\ndef test_second():\n    os.environ["ZONE"] = "a"\n'

    found = lint_files({"test_b.py": two, "test_a.py": BAD}, tmp_path, select=["HRM101"])

    assert [(item.path, item.line) for item in found] == [("test_a.py", 5), ("test_b.py", 5), ("test_b.py", 9)]


def test_a_helper_is_reported_once_under_the_name_by_which_it_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files({"helpers.py": HELPER, "test_a.py": CALLER, "test_b.py": CALLER}, tmp_path)
    monkeypatch.chdir(tmp_path)
    names = [str(tmp_path / name) for name in ("test_a.py", "test_b.py", "helpers.py")]

    assert [item.path for item in engine_for(tmp_path).check(names)] == [str(tmp_path / "helpers.py")]
    assert [item.path for item in engine_for(tmp_path).check(names[:2])] == ["helpers.py"]


@pytest.mark.parametrize("pattern", ["test_a.py", "test_*.py", "**/test_a.py"])
def test_codes_are_ignored_for_the_files_that_a_pattern_covers(pattern: str, tmp_path: Path) -> None:
    write_files({"test_a.py": BAD, "tests/b.py": BAD, "test_b.txt": "("}, tmp_path)
    engine = engine_for(tmp_path, per_file_ignores={pattern: ("HRM1",)})

    found = engine.check([str(tmp_path / name) for name in ("test_a.py", "test_b.txt")])

    assert places(found) == [("HRM001", "test_b.txt", 1)]


def test_a_file_that_cannot_be_read_is_reported_whatever_is_selected_unless_it_is_ignored(tmp_path: Path) -> None:
    write_files({"test_a.py": "("}, tmp_path)
    names = [str(tmp_path / "test_a.py"), str(tmp_path / "test_gone.py")]

    found = engine_for(tmp_path, select=("HRM101",)).check(names)

    assert places(found) == [("HRM001", "test_a.py", 1), ("HRM001", "test_gone.py", 0)]
    assert engine_for(tmp_path, ignore=("HRM001",)).check(names) == []


def test_source_that_is_not_on_disk_sees_the_project_around_it(tmp_path: Path) -> None:
    write_files({"helpers.py": HELPER, "tests/conftest.py": "", "tests/test_a.py": "raise SystemExit\n"}, tmp_path)
    path = str(tmp_path / "tests" / "test_a.py")

    assert places(engine_for(tmp_path).check_source(BAD.encode(), path)) == [("HRM101", "test_a.py", 5)]
    assert places(engine_for(tmp_path).check_source(CALLER.encode(), path)) == [("HRM101", "helpers.py", 5)]
    write_files({"tests/conftest.py": RESTORE}, tmp_path)
    assert engine_for(tmp_path).check_source(BAD.encode(), path) == []


def test_source_that_is_not_on_disk_is_what_it_finds_when_it_imports_itself(tmp_path: Path) -> None:
    write_files({"test_a.py": ""}, tmp_path)
    source = (
        "import os\nfrom test_a import use\n\n\ndef use():\n    os.environ['A'] = '1'\n\n\ndef test_a():\n    use()\n"
    )

    found = engine_for(tmp_path).check_source(source.encode(), str(tmp_path / "test_a.py"))

    assert places(found) == [("HRM101", "test_a.py", 6)]


def test_what_has_been_checked_is_let_go(tmp_path: Path) -> None:
    names = [f"test_{number}.py" for number in range(5)]
    write_files(dict.fromkeys(names, BAD), tmp_path)
    engine = engine_for(tmp_path)

    engine.check([str(tmp_path / name) for name in names])

    assert not [path for path in engine.project._data if path.endswith(tuple(names))]
    assert not [path for path in engine.project._modules if path.endswith(tuple(names))]


def test_what_other_files_import_is_kept_only_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 22
    helpers = {f"helpers_{number}.py": HELPER for number in range(count)}
    callers = {f"test_{number}.py": CALLER.replace("helpers", f"helpers_{number}") for number in range(count)}
    write_files({**helpers, **callers}, tmp_path)
    monkeypatch.setattr("hermetic.source.files.KEPT_BYTES", 3 * len(HELPER))
    engine = engine_for(tmp_path)

    found = engine.check([str(tmp_path / name) for name in callers])

    assert {Path(item.path).name for item in found} == set(helpers)
    assert 0 < len(engine.project._modules) < 10


def test_what_most_files_import_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 22
    shared = "from helpers import use_region\nfrom helpers_{} import use_region as other\n\n\n"
    body = "def test_a():\n    use_region()\n    other()\n"
    helpers = {f"helpers_{number}.py": HELPER for number in range(count)}
    callers = {f"test_{number:02}.py": shared.format(number) + body for number in range(count)}
    write_files({"helpers.py": HELPER, **helpers, **callers}, tmp_path)
    monkeypatch.setattr("hermetic.source.files.KEPT_BYTES", 6 * len(HELPER))
    parsed: list[str] = []
    parse = module.parse
    monkeypatch.setattr(module, "parse", lambda data, path: parsed.append(Path(path).name) or parse(data, path))

    engine_for(tmp_path).check([str(tmp_path / name) for name in callers])

    assert parsed.count("helpers.py") == 1
    assert parsed.count("helpers_0.py") == 1


def test_what_stays_forgets_what_it_knew_of_files_that_were_let_go(tmp_path: Path) -> None:
    base, derived = "class Base:\n    pass\n", "from base import Base\n\n\nclass Derived(Base):\n    pass\n"
    write_files({"base.py": base, "derived.py": derived}, tmp_path)
    project = engine_for(tmp_path).project
    for number in range(4):
        kept = project.module(str(tmp_path / "derived.py"))
        project.forget(f"test_{number}.py")
    assert kept is not None
    before = project.lineage(kept.top.classes[0])

    project.let_go()

    assert project.module(str(tmp_path / "derived.py")) is kept
    assert [scope.memo for scope in kept.scopes()] == [{}] * len(kept.scopes())
    after = project.lineage(kept.top.classes[0])
    assert [scope.name for scope in after] == ["Derived", "Base"]
    assert before[1] is not after[1]


@pytest.mark.parametrize("collecting", [True, False])
def test_a_run_leaves_the_garbage_collector_as_it_was(tmp_path: Path, collecting: object) -> None:
    write_files({"test_a.py": BAD}, tmp_path)
    was = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        engine_for(tmp_path).check([str(tmp_path / "test_a.py")])

        assert gc.isenabled() is collecting
    finally:
        (gc.enable if was else gc.disable)()


def test_progress_is_told_after_each_file(tmp_path: Path) -> None:
    names = [str(tmp_path / f"test_{number}.py") for number in range(3)]
    told: list[tuple[int, int]] = []

    engine_for(tmp_path).check(names, lambda done, total: told.append((done, total)))

    assert told == [(1, 3), (2, 3), (3, 3)]


# --- how the work grows ---


def plain(count: int) -> str:
    return "".join(f'\n\ndef test_{number}():\n    os.environ["A"] = "1"\n' for number in range(count))


def with_helpers(count: int) -> str:
    return "".join(
        f'\n\ndef use_{number}():\n    os.environ["A"] = "1"\n\n\ndef test_{number}():\n    use_{number}()\n'
        for number in range(count)
    )


def with_fixtures(count: int) -> str:
    return "".join(
        f'\n\n@pytest.fixture\ndef fix_{number}():\n    os.environ["A"] = "1"\n\n\n'
        f'def test_{number}(fix_{number}):\n    os.environ["B"] = "1"\n'
        for number in range(count)
    )


def autouse_fixtures(count: int) -> str:
    return plain(count) + "".join(
        f"\n\n@pytest.fixture(autouse=False)\ndef fix_{number}():\n    pass\n" for number in range(count)
    )


def classes(count: int) -> str:
    return "class Test0:\n    pass\n" + "".join(
        f'\n\nclass Test{number}(Test{number - 1}):\n    def test_it(self):\n        os.environ["A"] = "1"\n'
        for number in range(1, count)
    )


def methods(count: int) -> str:
    return "class TestIt:\n" + "".join(
        f'    def test_{number}(self):\n        os.environ["A"] = "1"\n\n' for number in range(count)
    )


def statements(count: int) -> str:
    return 'def test_it():\n    os.environ["A"] = "1"\n' + "".join(
        f"    x{n} = {n}\n    use({n})\n" for n in range(count)
    )


def teardowns(count: int) -> str:
    return (
        plain(count)
        + "\n\ndef teardown_module():\n    pass\n"
        + "".join(f"\n\ndef plain_{n}():\n    pass\n" for n in range(count))
    )


def suppressions(count: int) -> str:
    return plain(count).replace('= "1"', '= "1"  # hermetic: ignore[HRM101] why')


def work(source: str, folder: Path) -> int:
    """Return how many calls it takes to check a file."""
    (folder / "test_it.py").write_text(f"import os\n\nimport pytest\n\n\n{source}", encoding="utf-8")
    engine = engine_for(folder, select=("ALL",))
    profile = cProfile.Profile()
    profile.runcall(engine.check, [str(folder / "test_it.py")])
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "shape",
    [
        plain, with_helpers, with_fixtures, autouse_fixtures, classes, methods, statements, teardowns,
        suppressions,
    ],
)  # fmt: skip
def test_the_work_grows_with_the_file_and_not_with_its_square(shape: Callable[[int], str], tmp_path: Path) -> None:
    work(shape(1), tmp_path)  # what is imported once
    small, medium, large = (work(shape(count), tmp_path) for count in (100, 200, 400))

    assert large - medium < 2.5 * (medium - small)


def test_the_work_grows_with_the_files_and_not_with_their_square(tmp_path: Path) -> None:
    def run(count: int) -> int:
        names = [f"test_{number}.py" for number in range(count)]
        write_files(dict.fromkeys(names, plain(3)), tmp_path)
        engine = engine_for(tmp_path, select=("ALL",))
        engine.jobs = 1  # what other processes do is not counted
        profile = cProfile.Profile()
        profile.runcall(engine.check, [str(tmp_path / name) for name in names])
        return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]

    run(1)
    small, medium, large = (run(count) for count in (50, 100, 200))

    assert large - medium < 2.5 * (medium - small)


@pytest.mark.parametrize(
    ("node", "expected"),
    [("tests/test_a.py::test_region", 0), ("tests/test_a.py", 0), ("tests/test_a.py::test_other", 1)],
)
def test_a_test_that_pytest_is_told_to_leave_out_changes_nothing(node: str, expected: int, tmp_path: Path) -> None:
    files = {"tests/test_a.py": BAD, "pytest.ini": f"[pytest]\naddopts = -q --deselect={node}\n"}

    assert len(lint_files(files, tmp_path, select=("HRM101",))) == expected


def test_what_a_run_lets_go_of_is_gone_without_the_collector(tmp_path: Path) -> None:
    paths = write_files({"helpers.py": HELPER, "test_a.py": CALLER, "test_b.py": CALLER, "test_c.py": BAD}, tmp_path)
    settings = config.load(str(tmp_path))
    engine = Engine(settings, selection.choose(registry.indexed(), settings))
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        found = engine.check(paths)
        gc.collect()
        left = {type(item).__name__ for item in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()

    assert len(found) == len({"helpers.py", "test_c.py"})
    assert left & {"Text", "Module", "Outline", "Scope", "Block"} == set()
