"""Report formats from modules that someone else installed."""

import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest
from member_api.exports import load_format

SHOUT = "def render(members):\n    return ' '.join(m.name.upper() for m in members)\n"


def test_installed_module_renders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "member_format_shout.py").write_text(SHOUT)
    monkeypatch.syspath_prepend(tmp_path)
    # The import adds to `sys.modules`, which `syspath_prepend` does not undo.
    with patch.dict(sys.modules):
        assert load_format("shout")([]) == ""


def test_module_loaded_earlier_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    xml = ModuleType("member_format_xml")
    vars(xml)["render"] = lambda members: f"<members count='{len(members)}'/>"
    monkeypatch.setitem(sys.modules, "member_format_xml", xml)
    assert load_format("xml")([]) == "<members count='0'/>"
