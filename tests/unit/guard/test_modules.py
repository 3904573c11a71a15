"""The table of modules: what a reload changes, and what stands in for a module."""

from __future__ import annotations

import importlib
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.probes.modules import ModulesProbe
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

FILES = {
    "guard_clock": "def now():\n    return 1\n",
    "guard_hooks": "from guard_clock import now\n\n\ndef stamp():\n    return now()\n",
}


@pytest.fixture
def hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that imports a function of another."""
    for name, source in FILES.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in FILES:
        monkeypatch.setitem(sys.modules, name, importlib.import_module(name))
    return sys.modules["guard_hooks"]


def reloaded(probe: ModulesProbe, *modules: ModuleType) -> list[tuple[str, object]]:
    """Reload modules under the eyes of a probe, and return what it says changed, and to what."""
    before = probe.snapshot()
    for module in modules:
        probe.called("importlib.reload", (module,), {})
        importlib.reload(module)
    return [(change.state, change.after) for change in probe.changes(before, probe.snapshot())]


def test_a_reload_that_imports_a_fake_is_a_change_and_can_be_undone(
    hooks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = hooks.now
    with monkeypatch.context() as patch:
        patch.setattr("guard_clock.now", lambda: 42)
        probe, before = ModulesProbe(), ModulesProbe().snapshot()
        probe.called("importlib.reload", (hooks,), {})
        importlib.reload(hooks)

    (change,) = probe.changes(before, probe.snapshot())

    assert change.state == "guard_hooks.now"
    assert change.undo is not None
    change.undo()
    assert hooks.now is real


def test_modules_that_are_reloaded_together_hold_the_same(hooks: ModuleType) -> None:
    assert reloaded(ModulesProbe(), sys.modules["guard_clock"], hooks) == []


def test_a_namespace_in_the_place_of_a_module_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = ModulesProbe()
    before = probe.snapshot()
    monkeypatch.setitem(sys.modules, "guard_gallery", SimpleNamespace())  # type: ignore[arg-type]

    assert [change.state for change in probe.changes(before, probe.snapshot())] == ["sys.modules['guard_gallery']"]


@pytest.mark.parametrize(("package", "made_up"), [("new", []), ("known", ["sys.modules['guard_top.in.part']"])])
def test_a_part_that_its_package_puts_in_place_while_it_is_imported_is_not_made_up(
    package: str, made_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, part = type(sys)("guard_top.in"), type(sys)("guard_top.in.part")
    module.__spec__ = sys.__spec__
    monkeypatch.setitem(sys.modules, "guard_top", sys)
    if package == "known":
        monkeypatch.setitem(sys.modules, "guard_top.in", module)
    probe = ModulesProbe()
    before = probe.snapshot()
    monkeypatch.setitem(sys.modules, "guard_top.in", module)
    monkeypatch.setitem(sys.modules, "guard_top.in.part", part)

    assert [change.state for change in probe.changes(before, probe.snapshot())] == made_up


def test_a_proxy_of_a_module_that_is_gone_switches_nothing_off(tmp_path: Path) -> None:
    source = """
import sys
import types
import weakref


def test_a_template_is_loaded():
    module = types.ModuleType("template")
    sys.modules["template"] = weakref.proxy(module)


def test_a_stub_is_left():
    sys.modules["a_stub"] = types.SimpleNamespace()
"""

    run = guarded(tmp_path, files={"test_templates.py": source})

    assert "is not guarded from here on" not in run.output
    assert ("HRM104", "test_templates.py", 13) in run.found


def test_a_flag_of_a_module_that_a_test_imports_is_seen_from_then_on(tmp_path: Path) -> None:
    files = {
        "early.py": "from threading import Event\n\nOPEN = Event()\n",
        "late.py": "from threading import Event\n\nREADY = Event()\n",
        "test_it.py": """
import early


def test_imports():
    import late

    assert not late.READY.is_set()


def test_sets():
    import late

    late.READY.set()
""",
    }

    run = guarded(tmp_path / "suite", "-p", "no:randomly", mode="warn", files=files)

    assert [(item["test"].partition("::")[2], item["state"]) for item in run.findings] == [("test_sets", "late.READY")]
