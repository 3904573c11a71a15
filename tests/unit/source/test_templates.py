"""Templates that sources write out are filled while they are read, but never with more than a few signs of padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.source.spelling import may_widen
from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "shop.py": "import os\n\n\ndef send():\n    os.environ['SENT'] = '1'\n",
    "test_it.py": (
        "from unittest.mock import patch\n\nimport shop\n\n\n"
        "@patch({template})\ndef test_send(send):\n    shop.send()\n\n\n"
        "def test_write():\n    with open({template}, 'w') as file:\n        file.write('a')\n"
    ),
}


@pytest.mark.parametrize(
    "template", ["%s", "a%%b", "%02d.txt", "%-9s", "{}", "{0}.{name}", "{:02d}", "{:>8}", "localhost:54321/{}", "50 %"]
)
def test_a_template_that_pads_little_is_filled(template: str) -> None:
    assert not may_widen(template)


WIDE = ["%999999999s", "%0999999999d", "%.999999999f", "%*s", "{:>999999999}", "{:{}}", "{0:{1}}", "{name:>{width}}"]


@pytest.mark.parametrize("template", WIDE)
def test_a_template_that_may_give_any_length_is_left_alone(template: str) -> None:
    assert may_widen(template)


@pytest.mark.parametrize("template", ['"%99999999999s" % "send"', '"{:>99999999999}".format("send")'])
def test_sources_with_such_templates_are_read_in_no_more_memory(template: str, tmp_path: Path) -> None:
    """Filled, each would be a text of a hundred gigabytes."""
    files = {name: source.replace("{template}", template) for name, source in FILES.items()}

    assert "HRM101" in {item.code for item in lint_files(files, tmp_path)}
