"""Report formats from modules that someone else installed."""

import sys
from pathlib import Path
from types import ModuleType

from member_api.exports import load_format

SHOUT = "def render(members):\n    return ' '.join(m.name.upper() for m in members)\n"


def test_installed_module_renders(tmp_path: Path) -> None:
    (tmp_path / "member_format_shout.py").write_text(SHOUT)
    sys.path.insert(0, str(tmp_path))
    assert load_format("shout")([]) == ""


def test_module_loaded_earlier_renders() -> None:
    xml = ModuleType("member_format_xml")
    xml.render = lambda members: f"<members count='{len(members)}'/>"
    sys.modules["member_format_xml"] = xml
    assert load_format("xml")([]) == "<members count='0'/>"
