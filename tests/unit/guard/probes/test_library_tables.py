"""Whose entries of the tables that the standard library and PyYAML keep for all are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

REGISTERING = """
import copyreg
import mimetypes
import sqlite3
import xml.etree.ElementTree as ET
import yaml


class Thing:
    pass


def thing(*args):
    return ""


def register():
    yaml.add_representer(Thing, thing)
    sqlite3.register_adapter(Thing, thing)
    sqlite3.register_converter("thing", thing)
    mimetypes.add_type("application/thing", ".thing")
    copyreg.pickle(Thing, thing)
    ET.register_namespace("thing", "http://thing")
"""
IMPORTS = "import copyreg, mimetypes, sqlite3, xml.etree.ElementTree, yaml\n\nmimetypes.init()\n\n\n"
STATES = ("yaml.Dumper.yaml_representers", "sqlite3.adapters", "sqlite3.converters", "mimetypes.",
          "copyreg.dispatch_table", "xml.etree.ElementTree._namespace_map")  # fmt: skip

pytest.importorskip("yaml")


def test_what_the_project_registers_is_told(tmp_path: Path) -> None:
    test = f"{IMPORTS}import things\n\n\ndef test_it():\n    things.register()\n"

    run = guarded(tmp_path / "suite", files={"things.py": REGISTERING, "test_it.py": test})

    assert {state for state in STATES if any(item["state"].startswith(state) for item in run.findings)} == set(STATES)


def test_what_a_library_registers_when_it_is_imported_late_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "things.py").write_text(f"{REGISTERING}\n\nregister()\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    # Where no file of the project names what writes such a table, nobody looks at it.
    named = "NAMES = 'add_representer register_adapter sqlite3 mimetypes copyreg ElementTree'\n\n\n"
    test = f"{IMPORTS}{named}def test_it():\n    import things\n    assert things.Thing\n"

    run = guarded(tmp_path / "suite", files={"test_it.py": test})

    assert (run.exit, run.findings) == (0, [])
