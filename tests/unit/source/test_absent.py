"""A test file that imports a helper of its suite which is nowhere is judged by request alone, and only such a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hermetic.cli import main
from tests.utils.lint import lint_files, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAK = '\n\ndef test_region():\n    os.environ["REGION"] = "north"\n'
PLAIN = {"shop/__init__.py": "", "shop/prices.py": "RATE = 1\n", "tests/data/rows.txt": ""}


def found(
    statement: str, folder: Path, files: Mapping[str, str] = PLAIN, *, select: tuple[str, ...] = ("recommended",)
) -> list[str]:
    """Return the codes in `tests/test_a.py`, which imports something and leaks."""
    tree = {**PLAIN, **files, "tests/test_a.py": f"import os\n{statement}\n{LEAK}"}
    return [item.code for item in lint_files(tree, folder, select=select)]


@pytest.mark.parametrize(
    "statement",
    [
        "from .helpers import region",
        "from . import helpers",
        "from ..tests.helpers import region",
        "from .data.regions import NORTH",
        "from tests.helpers import region",
        "from tests import helpers",
        "import tests.helpers",
        "from helpers.regions import region",
        "import helpers",
        "import test_base",
    ],
)
def test_a_helper_that_is_nowhere_leaves_nothing_to_judge(statement: str, tmp_path: Path) -> None:
    assert found(statement, tmp_path) == []
    assert found(statement, tmp_path, select=("recommended", "project")) == ["HRM101"]


@pytest.mark.parametrize(
    ("statement", "files"),
    [
        ("from .helpers import region", {"tests/helpers.py": "region = 1\n"}),
        ("from . import helpers", {"tests/helpers.py": ""}),
        ("from tests import helpers", {"tests/__init__.py": "helpers = 1\n"}),
        ("from tests.helpers import region", {"tests/__init__.py": "__path__ = []\n"}),
        ("from tests import helpers", {"tests/__init__.py": "from shop.prices import *\n"}),
        ("from tests.api_pb2 import Row", {}),
        ("from tests.data import rows", {}),
        ("from helpers.regions import region", {"lib/helpers/regions.py": "region = 1\n"}),
        ("import helpers", {"tools/helpers.py": ""}),
        ("import library_of_others", {}),
        ("from library.forms import Form", {"tests/library/models.py": ""}),
        ("from library.forms import Form", {"tests/__init__.py": "", "tests/library/__init__.py": ""}),
        ("from shop._speedups import fast", {}),
        ("from shop import RATE", {}),
        ("from test.support import captured_stdout", {}),
        ("try:\n    import helpers\nexcept ImportError:\n    helpers = None", {}),
        ("if os.name == 'nt':\n    from . import helpers", {}),
        ("def later():\n    from . import helpers", {}),
    ],
)
def test_what_may_be_there_is_judged(statement: str, files: dict[str, str], tmp_path: Path) -> None:
    assert found(statement, tmp_path, files) == ["HRM101"]


@pytest.mark.parametrize(
    ("statement", "files", "expected"),
    [
        ("from .base import Base", {"tests/base.py": "from .case import Case as Base\n"}, []),
        ("import shop", {"tests/conftest.py": "from .case import Case\n"}, []),
        ("import shop", {"tests/base.py": "from .case import Case\n"}, ["HRM101"]),
        (
            "from . import one",
            {"tests/one.py": "from . import two\n", "tests/two.py": "from . import one\n"},
            ["HRM101"],
        ),
    ],
)
def test_a_helper_of_a_helper_and_of_a_conftest_count(
    statement: str, files: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    assert found(statement, tmp_path, files) == expected


HELPER = {"tests/helpers.py": "region = 1\n"}
INNER = "import pytest\nfrom .helpers import region"
OUTER = "import pytest\nfrom ..shop.prices import RATE"


@pytest.mark.parametrize(
    ("statement", "files", "expected"),
    [
        (INNER, {}, []),
        (OUTER, {"tests/__init__.py": ""}, []),
        (INNER, {"tests/__init__.py": ""}, ["HRM101"]),
        (OUTER, {"tests/__init__.py": "", "__init__.py": ""}, ["HRM101"]),
        (INNER.replace("import pytest", "import unittest"), {}, ["HRM101"]),
        (INNER.replace("from .helpers", "from shop.prices"), {}, ["HRM101"]),
        (INNER, {"pytest.ini": "[pytest]\naddopts = --import-mode=importlib\n"}, ["HRM101"]),
        (INNER, {"tox.ini": "[testenv]\ncommands = python -m unittest\n"}, ["HRM101"]),
        (INNER, {".github/workflows/tests.yml": "run: pytest --import-mode importlib\n"}, ["HRM101"]),
        (INNER, {".github/workflows/tests.yml": "run: pytest\n"}, []),
    ],
)
def test_a_file_in_no_package_imports_nothing_from_one(
    statement: str, files: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    assert found(statement, tmp_path, {**HELPER, **files}) == expected


def test_a_package_that_comes_later_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an earlier run has kept holds only as long as nothing says that the folder is a package."""
    monkeypatch.chdir(tmp_path)
    write_files({"pyproject.toml": "", **HELPER, "tests/test_a.py": f"import os\n{INNER}{LEAK}"}, tmp_path)
    for path, text in (("tests/__init__.py", ""), (".github/workflows/tests.yml", "pytest --import-mode=importlib")):
        for _ in range(2):
            assert main(["check", "."]) == 0
            assert "without __init__.py" in capsys.readouterr().err
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
        assert main(["check", "."]) == 1
        assert "left out" not in capsys.readouterr().err
        Path(path).unlink()


def test_a_root_within_a_repository_may_have_its_helpers_above_it(tmp_path: Path) -> None:
    assert found("import helpers", tmp_path / "service") == []
    write_files({".git/HEAD": "", "helpers.py": ""}, tmp_path)
    assert found("import helpers", tmp_path / "service") == ["HRM101"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_it_is_said_that_findings_were_left_out(
    jobs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    leaking = {f"tests/test_{name}.py": f"import os\nfrom .helpers import region{LEAK}" for name in "ab"}
    passing = {f"tests/test_{number}.py": "from .helpers import region\n" for number in range(45)}
    write_files({"pyproject.toml": "", **leaking, **passing}, tmp_path)

    for _ in range(2):  # the second run takes what the first has kept
        assert main(["check", "--jobs", jobs, "."]) == 0
        assert "left out: findings in 2 files that import a helper which is nowhere, or from" in capsys.readouterr().err
    Path("tests/helpers.py").touch()
    assert main(["check", "--jobs", jobs, "."]) == 1
    assert "left out" not in capsys.readouterr().err
