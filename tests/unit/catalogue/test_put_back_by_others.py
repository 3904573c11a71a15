"""What somebody else puts back or stands in for: a reload, a function handed on, a patch from another root."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = "import os\n\nREGION = os.getenv('REGION')\n"
FIRST = """
from importlib import reload
from unittest.mock import patch


def test_a():
    {above}
    with {block}:
        {inside}
    reload(shop.settings)


def test_b():
    import shop.settings
    assert shop.settings.REGION is None
"""
ENVIRON = 'patch.dict("os.environ", REGION="north")'


@pytest.mark.parametrize(
    ("above", "block", "inside", "found"),
    [
        ("pass", ENVIRON, "import shop.settings", []),
        ("pass", ENVIRON, "import shop.settings\n        assert shop.settings.REGION", []),
        ("import shop.settings", ENVIRON, "assert shop.settings.REGION is None", ["HRM104"]),
        ("import pytest", "pytest.raises(OSError)", "import shop.settings", ["HRM104"]),
    ],
)
def test_a_reload_puts_back_what_an_import_in_a_block_has_read(
    above: str, block: str, inside: str, found: list[str], tmp_path: Path
) -> None:
    source = FIRST.format(above=above, block=block, inside=inside)
    files = {"shop/__init__.py": "", "shop/settings.py": SETTINGS, "test_it.py": source}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM104",))] == found


@pytest.mark.parametrize(
    ("line", "found"), [("warnings.warn('old', DeprecationWarning)", []), ("warnings.simplefilter", ["HRM104"])]
)
def test_a_module_that_warns_and_passes_on_is_the_same_after_a_reload(
    line: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "shop/__init__.py": f"import warnings\n\nfrom shop.till import Till\n\n{line}\n",
        "shop/till.py": "class Till:\n    pass\n",
        "test_it.py": "import importlib\n\nimport shop\n\n\ndef test_a():\n    importlib.reload(shop)\n",
    }

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM104",))] == found


SERVER = """
import os
from unittest.mock import patch


class Server:
    def __init__(self, at_end):
        self.at_end = at_end


def start():
    region = patch.dict(os.environ, {{"REGION": "north"}})
    region.start()

    def stop_all():
        {inside}

    return Server({given})


def test_a():
    assert start()
"""


@pytest.mark.parametrize(
    ("inside", "given", "found"),
    [
        ("region.stop()", "at_end=stop_all", []),
        ("region.stop()", "stop_all", []),
        ("region.stop()", "at_end=None", ["HRM304"]),
        ("print(region)", "at_end=stop_all", ["HRM304"]),
    ],
)
def test_a_function_that_stops_a_patcher_may_be_handed_on(
    inside: str, given: str, found: list[str], tmp_path: Path
) -> None:
    source = SERVER.format(inside=inside, given=given)

    assert [item.code for item in lint_files({"test_it.py": source}, tmp_path, select=("HRM304",))] == found


SCRIPT = """
def write_list(names):
    with open("names.txt", "w") as file:
        file.write(names)


def run(names):
    write_list(names)
"""
OF_SCRIPT = """
import sys
import unittest
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))
import make_list


class Tests(unittest.TestCase):
    def setUp(self):
        self.enterContext(patch.object({patched}))

    def test_a(self):
        make_list.run("a")
"""


@pytest.mark.parametrize(
    ("patched", "found"),
    [('make_list, "write_list"', []), ('make_list, "write_lists"', ["HRM502"]), ('Path, "write_list"', ["HRM502"])],
)
def test_a_module_has_its_name_from_the_folder_that_it_was_found_in(
    patched: str, found: list[str], tmp_path: Path
) -> None:
    files = {"scripts/make_list.py": SCRIPT, "scripts/tests/test_it.py": OF_SCRIPT.format(patched=patched)}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM502",))] == found


FUNCTIONS = "import sys\n\nNAME = 'shop'\n\n\ndef main(name=None):\n    return name or sys.argv\n\n\n{last}\n"


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ("if __name__ == '__main__':\n    main()", []),
        ("FOUND = main('x')", ["HRM104"]),
        ("class Till:\n    pass", ["HRM104"]),
        ("def run(name=[]):\n    name.append(1)", ["HRM104"]),
        ("import functools\n\n\n@functools.cache\ndef run():\n    return main()", ["HRM104"]),
    ],
)
def test_a_module_of_functions_is_the_same_after_a_reload(last: str, found: list[str], tmp_path: Path) -> None:
    test = "import importlib\n\nimport shop\n\n\ndef test_a():\n    importlib.reload(shop)\n"

    items = lint_files({"shop.py": FUNCTIONS.format(last=last), "test_it.py": test}, tmp_path, select=("HRM104",))

    assert [item.code for item in items] == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("importlib.reload(shop)\n    with patch('sys.argv'):\n        shop.main()", []),
        ("with patch('sys.argv'):\n        importlib.reload(shop)", ["HRM104"]),
        ("patch('sys.argv').start()\n    importlib.reload(shop)", ["HRM104"]),
    ],
)
def test_a_module_of_functions_that_is_reloaded_under_a_patch_keeps_the_fake(
    body: str, found: list[str], tmp_path: Path
) -> None:
    test = f"import importlib\nfrom unittest.mock import patch\n\nimport shop\n\n\ndef test_a():\n    {body}\n"

    items = lint_files({"shop.py": FUNCTIONS.format(last=""), "test_it.py": test}, tmp_path, select=("HRM104",))

    assert [item.code for item in items] == found


MENU = """
import os
from shop.window import set_title


def show():
    set_title()
    os.environ["MENU"] = "shown"


def late():
    from shop.window import set_title
    set_title()
    os.environ["MENU"] = "late"
"""
OF_MENU = """
import sys
from unittest.mock import Mock, patch

import shop.menu


def test_a(monkeypatch):
    {stand_in}
        shop.menu.{called}()
"""


@pytest.mark.parametrize(
    ("stand_in", "called", "found"),
    [
        ('with patch.dict("sys.modules", {"shop.window": Mock()}):', "late", []),
        ('with patch.dict(sys.modules, {"shop.window": Mock()}):', "late", []),
        ('monkeypatch.setitem(sys.modules, "shop.window", Mock())\n    if True:', "late", []),
        ('with patch.dict("sys.modules", {"shop.windows": Mock()}):', "late", ["HRM101"]),
        ('with patch.dict("sys.path_hooks", {"shop.window": Mock()}):', "late", ["HRM101"]),
        ('with patch.dict("sys.modules", {"shop.window": Mock()}):', "show", ["HRM101"]),
    ],
)
def test_what_is_imported_late_comes_from_what_stands_in_for_the_module(
    stand_in: str, called: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/window.py": "import os\n\n\ndef set_title():\n    os.environ['TITLE'] = 'shop'\n",
        "shop/menu.py": MENU,
        "test_it.py": OF_MENU.format(stand_in=stand_in, called=called),
    }

    items = lint_files(files, tmp_path, select=("HRM101",))

    assert [item.code for item in items if item.path == "shop/window.py"] == found
