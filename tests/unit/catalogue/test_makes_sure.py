"""What only makes sure, is not passed, or is there already changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = ("recommended",)


def codes(files: dict[str, str], folder: Path) -> list[str]:
    return [item.code for item in lint_files(files, folder, select=DEFAULTS)]


REMOVING = """
import os


def test_a():
    if "COLORTERM" in os.environ:
        del os.environ["COLORTERM"]
    assert "COLORTERM" not in os.environ
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('os.environ.pop("COLORTERM", None)', []),
        ('os.environ["COLORTERM"] = "yes"', ["HRM101"]),
        ('os.environ.pop("TERM", None)', ["HRM101"]),
    ],
)
def test_a_variable_that_the_conftest_has_removed_is_not_there_to_lose(
    line: str, found: list[str], tmp_path: Path
) -> None:
    conftest = f"import os\n\n\ndef pytest_configure(config):\n    {line}\n"

    assert codes({"conftest.py": conftest, "test_it.py": REMOVING}, tmp_path) == found


HELPER = """
import shop


def terminal(timeout=None, **options):
    if timeout is not None:
        shop.TIMEOUT = timeout
    return options
"""
CALLING = """
import pytest
from tests.helper import terminal


@pytest.mark.parametrize("options", [{rows}])
def test_a(options):
    assert terminal({given}) is not None
"""


@pytest.mark.parametrize(
    ("rows", "given", "found"),
    [
        ("{'plain': True}, {'wide': False}", "**options", []),
        ("{'plain': True}", "**{'wide': 1}", []),
        ("{'plain': True}", "**{'timeout': 1}", ["HRM601"]),
        ("{'plain': True}, {'timeout': 2}", "**options", ["HRM601"]),
        ("{'plain': True}, dict(wide=1)", "**options", ["HRM601"]),
        ("{'plain': True}", "timeout=2, **options", ["HRM601"]),
    ],
)
def test_a_mapping_that_is_written_out_passes_nothing_else(
    rows: str, given: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "shop.py": "TIMEOUT = 5\n",
        "tests/__init__.py": "",
        "tests/helper.py": HELPER,
        "tests/test_it.py": CALLING.format(rows=rows, given=given),
    }

    assert codes(files, tmp_path) == found


STORE = """
from pathlib import Path


class Store:
    def __init__(self, path):
        self.path = Path(path)
        {making}
"""
STORED = """
from pathlib import Path

import store

FOLDER = Path(__file__).with_suffix("")


def test_a():
    assert store.Store(str(FOLDER))
"""
LET_BE = "try:\n            self.path.mkdir(parents=True)\n        except {error}:\n            pass"


@pytest.mark.parametrize(
    ("making", "rows", "found"),
    [
        ("self.path.mkdir(exist_ok=True)", "tests/test_it/rows.txt", []),
        (LET_BE.format(error="OSError"), "tests/test_it/rows.txt", []),
        (LET_BE.format(error="ValueError"), "tests/test_it/rows.txt", ["'beside the file: test_it'"]),
        ("self.path.mkdir()", "tests/test_it/rows.txt", ["'beside the file: test_it'"]),
        (LET_BE.format(error="OSError"), "tests/rows.txt", ["'beside the file: test_it'"]),
    ],
)
def test_a_folder_that_stands_beside_the_test_is_not_made(
    making: str, rows: str, found: list[str], tmp_path: Path
) -> None:
    files = {"src/store.py": STORE.format(making=making), "tests/test_it.py": STORED, rows: ""}

    items = lint_files(files, tmp_path, select=DEFAULTS)

    assert [item.message.partition(" is ")[0] for item in items] == found


@pytest.mark.parametrize(("base", "found"), [("logging.NullHandler", []), ("logging.StreamHandler", ["HRM105"])])
def test_a_handler_that_does_nothing_may_have_a_class_of_another_file(
    base: str, found: list[str], tmp_path: Path
) -> None:
    name = base.rpartition(".")[2]
    helper = f"import logging\n\n\nclass {name}({base}):\n    pass\n"
    test = f"""
import logging
from shop import {name}


def test_a():
    logging.getLogger("shop").addHandler({name}())
"""

    assert codes({"shop.py": helper, "test_it.py": test}, tmp_path) == found


FRESH = """
import sys
{above}

def load(name):
    return __import__(name)


{mark}def test_a():
    if "{name}" in sys.modules:
        del sys.modules["{name}"]
    assert load("{name}")
    assert not sys.modules.get("other")
"""


@pytest.mark.parametrize(
    ("name", "above", "mark", "found"),
    [
        ("http.client", "", "", []),
        ("http.client", "import http.client", "", ["HRM104"]),
        ("http.client", "", "@pytest.mark.parametrize('n', [1, 2])\n", []),
        ("string", "", "", ["HRM104"]),
        ("json.decoder", "", "", ["HRM104"]),
    ],
)
def test_a_module_of_python_that_nobody_imports_may_never_be_there_to_lose(
    name: str, above: str, mark: str, found: list[str], tmp_path: Path
) -> None:
    test = f"import pytest\n{FRESH.format(name=name, above=above, mark=mark)}"

    assert codes({"test_it.py": test}, tmp_path) == found


REMOVED = """
import sys


{mark}def test_a(n=1):
    if "sched" in sys.modules:
        del sys.modules["sched"]
    import sched
    assert sched


{other}
"""


@pytest.mark.parametrize(
    ("mark", "other", "found"),
    [
        ("", "", []),
        ("", "def test_b():\n    import sched\n    assert sched", []),
        ("", "class TestB:\n    def test_b(self):\n        import sched\n        assert sched", []),
        ("", "def load():\n    import sched\n    return sched", ["HRM104"]),
        ("", "if __name__ != 'it':\n    import sched", ["HRM104"]),
        ("", "@pytest.mark.flaky\ndef test_b():\n    import sched\n    assert sched", ["HRM104"]),
        ("@pytest.mark.parametrize('n', [1, 2])\n", "", ["HRM104"]),
    ],
)
def test_what_tests_import_that_run_once_nobody_holds(mark: str, other: str, found: list[str], tmp_path: Path) -> None:
    test = f"import pytest\n{REMOVED.format(mark=mark, other=other)}"

    assert codes({"test_it.py": test}, tmp_path) == found


SESSION = """
import os


class Session:
    def __init__(self, given=None):
        if given is None:
            self._folder: str = {folder}
        else:
            self._folder: str = os.path.abspath(given)
        os.chdir(self.{used})

    @property
    def folder(self):
        return self._folder
"""


@pytest.mark.parametrize("used", ["_folder", "folder"])
@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("os.environ.get('SHOP_DIR') or os.getcwd()", []),
        ("os.environ.get('SHOP_DIR', os.getcwd())", []),
        ("os.path.abspath('.')", []),
        ("os.environ.get('SHOP_DIR') or '/shop'", ["HRM102"]),
        ("given or os.getcwd()", ["HRM102"]),
        ("os.path.join(os.getcwd(), 'shop')", ["HRM102"]),
    ],
)
def test_a_change_to_what_falls_back_to_the_current_folder_may_be_none(
    used: str, folder: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "session.py": SESSION.format(folder=folder, used=used),
        "test_it.py": "from session import Session\n\n\ndef test_a():\n    assert Session()\n",
    }

    assert codes(files, tmp_path) == found


MADE = """
import os


def test_a():
    if not os.path.isdir("{folder}"):
        os.mkdir("{folder}")
    assert os.listdir("{folder}")
"""


@pytest.mark.parametrize(("folder", "found"), [("data", []), ("out", ["HRM502"])])
def test_a_folder_that_lies_beside_the_tests_is_not_made(folder: str, found: list[str], tmp_path: Path) -> None:
    files = {"tests/data/shop.txt": "tea\n", "tests/test_it.py": MADE.format(folder=folder)}

    assert codes(files, tmp_path) == found


ARGUMENTS = """
import sys

{edit}
print(sys.argv)


def test_a():
    assert sys
"""


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        ("if '--big' in sys.argv:\n    sys.argv.remove('--big')", []),
        ("for n, one in enumerate(sys.argv):\n    if one == '--big':\n        sys.argv.pop(n)", []),
        ("for one in sys.argv:\n    if '--big' == one:\n        sys.argv.remove(one)", []),
        ("if sys.argv[1] == '--big':\n    sys.argv.pop(1)", []),
        ("if '--big' not in sys.argv:\n    sys.argv.append('--big')", ["HRM107"]),
        ("if len(sys.argv) > 1:\n    sys.argv.append('--big')", ["HRM107"]),
        ("if 'win32' == sys.path[0]:\n    sys.argv.pop(1)", ["HRM107"]),
        ("sys.argv.append('--big')", ["HRM107"]),
    ],
)
def test_an_argument_that_only_a_start_by_hand_gives_is_not_there_to_lose(
    edit: str, found: list[str], tmp_path: Path
) -> None:
    assert codes({"test_it.py": ARGUMENTS.format(edit=edit)}, tmp_path) == found


WIDE = """
import pytest


@pytest.fixture(autouse=True, scope="session")
def server():
    with open("log.txt", "w") as file:
        yield file
"""


@pytest.mark.parametrize(
    ("path", "test", "found"),
    [
        ("tests/support/servers.py", "def test_a(): ...\n", []),
        ("tests/servers.py", "def test_a(): ...\n", ["HRM402"]),
        ("tests/support/servers.py", "from support.servers import server\n\n\ndef test_a(): ...\n", ["HRM402"]),
    ],
)
def test_a_wide_fixture_of_a_file_that_stands_with_no_test_and_none_imports_is_nobodys(
    path: str, test: str, found: list[str], tmp_path: Path
) -> None:
    files = {path: WIDE, "tests/test_it.py": test}

    assert [item.code for item in lint_files(files, tmp_path, select=DEFAULTS) if item.code == "HRM402"] == found


ABOVE = """
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "{name}"


def test_a():
    if not DATA.exists():
        DATA.write_text("tea")
"""


@pytest.mark.parametrize(("name", "found"), [("shop.txt", []), ("other.txt", ["HRM502"])])
def test_a_file_that_lies_above_the_tests_is_not_written(name: str, found: list[str], tmp_path: Path) -> None:
    files = {"tests/data/shop.txt": "tea\n", "tests/unit/test_it.py": ABOVE.format(name=name)}

    assert codes(files, tmp_path) == found
