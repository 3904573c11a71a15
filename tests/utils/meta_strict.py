"""What the tree's own tools must not let pass, each tried with something planted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.utils.lint import write_files
from tests.utils.meta_plants import LEAK
from tests.utils.meta_suites import commands, suite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.utils.meta import Tree

UNTYPED = "def planted(value):\n    return value\n"
UNDOCUMENTED = '"""Planted."""\n\n\ndef planted() -> None:\n    pass\n'
LAX = {
    "an unknown mark": "import pytest\n\n\n@pytest.mark.planted_mark\ndef test_planted():\n    pass\n",
    "an expected failure that passes": "import pytest\n\n\n@pytest.mark.xfail\ndef test_planted():\n    pass\n",
    "a warning": "import warnings\n\n\ndef test_planted():\n    warnings.warn('planted')\n",
}
COLLECTS = """
def pytest_collection_finish(session):
    with open("PLACE", "w") as file:
        file.write("\\n".join(sorted({item.nodeid.partition("::")[0] for item in session.items})))
"""


def collected(tree: Tree, *arguments: str) -> set[str]:
    """Return the files with tests that a command line of pytest runs."""
    plugin, place = tree.home / "planted_collects.py", tree.home / "collected.txt"
    plugin.write_text(COLLECTS.replace("PLACE", str(place)), encoding="utf-8")
    place.unlink(missing_ok=True)
    given = ["--collect-only", "-q", "-n0", "-p", "planted_collects"]
    done = tree.run(tree.python, "-m", "pytest", *arguments, *given, PYTHONPATH=str(tree.home))
    assert place.exists(), done.output
    return set(place.read_text(encoding="utf-8").splitlines())


def files_with_tests(tree: Tree, *, only: str = "tests", but: str = "tests/regression/projects") -> set[str]:
    """Return the test files of the tree; what asks a registry is left out of any ordinary run."""
    found = {path.relative_to(tree.root).as_posix() for path in (tree.root / only).rglob("test_*.py")}
    left_out = (f"{but}/", "tests/regression/projects/")
    return {path for path in found if not path.startswith(left_out) and not path.endswith("/test_try_repo.py")}


def lenient(tree: Tree, folder: Path) -> list[str]:
    """Return what the configuration of the tools lets pass."""
    found = []
    for number, (what, source) in enumerate(LAX.items()):
        ran = tree.pytest("tests", folder=suite(tree, folder / str(number), test_planted=source))
        if ran.code == 0:
            found.append(f"pytest lets {what} pass")
    static = commands(tree, "static")
    wanted = {
        "mypy": UNTYPED,
        "interrogate": UNDOCUMENTED,
    }
    for tool, source in wanted.items():
        (command,) = [words for words in static if words[0].endswith(f"/{tool}")] or [[]]
        if not command:
            found.append(f"`make static` does not run {tool}")
            continue
        home = folder / tool
        write_files({"src/planted.py": source}, home)
        (home / "pyproject.toml").write_text(configuration(tree), encoding="utf-8")
        words = [*command, "src/planted.py"] if tool == "mypy" else command
        done = tree.run(*words, folder=home)
        if done.code == 0:
            found.append(f"{tool} lets something pass that it must not: {done.output}")
    ends = {" ".join(words).partition("/bin/")[2] for words in static}
    needed = (
        "ruff check",
        "ruff format --check",
        "python scripts/generate.py --check",
        "hermetic check .",
        "python scripts/check_docs.py",
    )
    return found + [f"`make static` does not run {each}" for each in needed if each not in ends]


def configuration(tree: Tree) -> str:
    """Return pyproject.toml, for a folder in which the paths that it names are not there."""
    text = (tree.root / "pyproject.toml").read_text(encoding="utf-8")
    return re.sub(r'^files = \["src".*\]$', 'files = ["src"]', text, flags=re.MULTILINE)


def unguarded_files(tree: Tree, folder: Path) -> list[str]:
    """Return the test files of the tree in which a planted violation is not found by a check of all files."""
    copy = tree.copied(folder / "tree", folder / "environment")
    expected = {}
    for path in sorted(files_with_tests(copy)):
        file = copy.root / path
        text = file.read_text(encoding="utf-8").rstrip("\n")
        file.write_text(f"{text}\n\n\n{LEAK}", encoding="utf-8")
        expected[path] = len(text.splitlines()) + 2 + len(LEAK.splitlines())
    done = copy.run("hermetic", "check", "--no-cache", "--output-format=concise", ".")
    return [
        path
        for path, line in expected.items()
        if not re.search(rf"^{re.escape(path)}:{line}:.*HRM101", done.output, re.MULTILINE)
    ]
