"""Calls that lead somewhere are followed however they are spelled: what leads nowhere is told by names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.source.imports import any_around
from hermetic.source.interest import Interest, names_in
from hermetic.source.project import Project
from tests.utils.lint import lint_files, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.source.text import Text

REPORT = """
import shutil
from shutil import copy as duplicate

SAVED = open

def write():
    with open("report.csv", "w") as file:
        file.write("id")

def copied():
    duplicate("a", "report.csv")

def saved():
    SAVED("report.csv", "w").close()

class Report:
    def __init__(self, made=False):
        if made:
            write()

    def save(self):
        write()

class Made:
    def __init__(self):
        write()

class Loud(Made):
    pass
"""
HELD = "# a word of the rule, so that it looks at the file: open(\n"
BEHIND = f"""{HELD}
def behind():
    from report import write
    write()

from report import Report, write as renamed
"""
SPELLINGS = {
    "a function of another file": "from report import write\ndef test_it():\n    write()\n",
    "under another name": "from report import write as put\ndef test_it():\n    put()\n",
    "through its module": "import report\ndef test_it():\n    report.write()\n",
    "by a star": "from report import *\ndef test_it():\n    write()\n",
    "imported in the test": "def test_it():\n    from report import write\n    write()\n",
    "a variable of the file": "from report import write\nput = write\ndef test_it():\n    put()\n",
    "a variable of the test": "from report import write\ndef test_it():\n    put = write\n    put()\n",
    "a method of an object": "from report import Report\ndef test_it():\n    Report().save()\n",
    "an object of the test": "from report import Report\ndef test_it():\n    report = Report()\n    report.save()\n",
    "an object of the setup": """
from report import Report
class TestIt:
    def setup_method(self):
        self.report = Report()
    def test_it(self):
        self.report.save()
""",
    "a constructor": "from report import Made\ndef test_it():\n    Made()\n",
    "an inherited constructor": "from report import Loud\ndef test_it():\n    Loud()\n",
    "a class of the test file that inherits": """
from report import Made
class Mine(Made):
    pass
def test_it():
    Mine()
""",
    "a helper of the class": """
from report import write
class TestIt:
    def put(self):
        write()
    def test_it(self):
        self.put()
""",
    "a helper kept in an attribute": """
from report import write
class TestIt:
    def setup_method(self):
        self.put = write
    def test_it(self):
        self.put()
""",
    "a thread": """
import threading
from report import write
def test_it():
    thread = threading.Thread(target=write)
    thread.start()
""",
    "an import in a function of the code under test": "from behind import behind\ndef test_it():\n    behind()\n",
    "a name that a file passes on": "from behind import renamed\ndef test_it():\n    renamed()\n",
    "a class that a file passes on": "from behind import Report\ndef test_it():\n    Report().save()\n",
    "an import under another name in a function": """
def test_it():
    from shutil import copy as duplicate
    duplicate("a", "report.csv")
""",
    "a function of a library under another name": "from report import copied\ndef test_it():\n    copied()\n",
}


@pytest.mark.parametrize("source", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_write_behind_a_call_is_found_however_the_call_is_spelled(source: str, tmp_path: Path) -> None:
    files = {"report.py": REPORT, "behind.py": BEHIND, "test_it.py": f"{HELD}{source}"}
    assert [item.code for item in lint_files(files, tmp_path) if item.code == "HRM502"] == ["HRM502"]


def test_a_call_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    source = "from report import Report\ndef test_it():\n    Report()\n    Report().missing()\n"
    found = lint_files({"report.py": REPORT, "test_it.py": source}, tmp_path)
    assert [item.code for item in found if item.code == "HRM502"] == []


def test_a_name_goes_on_through_any_number_of_files_also_in_a_circle(tmp_path: Path) -> None:
    passing = {f"part_{number}.py": f"from part_{number + 1} import *  # write\n" for number in range(6)}
    write_files({**passing, "part_6.py": "from part_0 import *\n\n\ndef save(target):\n    target.write()\n"}, tmp_path)
    interest = Interest("TRY101", (b"write",), (), ("write",), rounds=1)
    project = Project(str(tmp_path))

    for number in range(7):
        names, _ = names_in(project, str(tmp_path / f"part_{number}.py"), interest)
        assert b"save" in names


def test_a_definition_that_mentions_a_name_is_one_step_on_the_way(tmp_path: Path) -> None:
    inner = "def save(target):\n    target.write()\n\n\ndef first():\n    save(0)\n\n\ndef second():\n    first()\n"
    write_files({"inner.py": inner}, tmp_path)
    project = Project(str(tmp_path))

    def found(rounds: int) -> frozenset[bytes]:
        interest = Interest(f"TRY{rounds}", (b"write",), (), ("write",), rounds=rounds)
        return names_in(project, str(tmp_path / "inner.py"), interest)[0]

    assert [found(rounds) for rounds in (1, 2, 3)] == [{b"save"}, {b"save", b"first"}, {b"save", b"first", b"second"}]


@pytest.mark.parametrize("held", ["far", "nowhere"])
def test_a_file_behind_several_tests_is_asked_once(held: str, tmp_path: Path) -> None:
    asked: list[str] = []

    def tells(text: Text) -> bool:
        asked.append(text.name)
        return text.name == held

    tests = {f"test_{number}.py": "import near\n" for number in range(3)}
    behind = {"near.py": "import side\nimport far\n", "side.py": "import near\n", "far.py": "import near\n"}
    write_files({**tests, **behind}, tmp_path)
    project = Project(str(tmp_path))
    modules = [project.module(str(tmp_path / name)) for name in tests]

    found = [any_around(module, project, tells) for module in modules if module is not None]

    assert found == [held == "far"] * 3
    assert len(asked) == len(set(asked))
