"""Every decision says what it costs, and names tests and hooks that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
HEADINGS = ["Status", "Context", "Decision", "Alternatives", "Consequences"]
STATUSES = ("Accepted.", "Proposed.", "Superseded by ", "Rejected.")


def front_matter(text: str) -> dict[str, Any]:
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    assert found, "no front matter"
    data = yaml.safe_load(found[1])
    assert isinstance(data, dict)
    return data


def headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def hook_ids(root: Path) -> set[str]:
    """The hooks that this repository runs on itself."""
    file = root / ".pre-commit-config.yaml"
    if not file.exists():
        return set()
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {hook["id"] for repo in config["repos"] for hook in repo["hooks"]}


def collected(body: list[ast.stmt], prefix: str) -> set[str]:
    """The names under which pytest collects what stands in a module or a class."""
    names = set()
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test"):
                names.add(prefix + name)
            case ast.ClassDef(name=name, body=inner) if name.startswith("Test"):
                below = collected(inner, f"{prefix}{name}::")
                names |= below | ({prefix + name} if below else set())
    return names


def problem_with(reference: str, root: Path) -> str | None:
    """Why a node id or a hook id does not resolve, or None."""
    if "/" not in reference:
        return None if reference in hook_ids(root) else f"{reference}: no such hook in .pre-commit-config.yaml"
    path, _, name = reference.partition("::")
    file = root / path
    if not (path.startswith("tests/") and file.name.startswith("test_") and file.suffix == ".py" and file.is_file()):
        return f"{reference}: no test file {path}"
    tests = collected(ast.parse(file.read_bytes()).body, "")
    if not tests:
        return f"{reference}: no test in {path}"
    if name and name.partition("[")[0] not in tests:
        return f"{reference}: no test {name} in {path}"
    return None


def test_there_are_decisions_and_the_first_is_the_isolation_strategy() -> None:
    assert ADRS[0].name == "0001-isolation-strategy.md"


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
class TestEveryDecision:
    def test_its_title_carries_its_number(self, path: Path) -> None:
        assert re.search(rf"^# {int(path.name[:4])}\. \S", path.read_text(encoding="utf-8"), re.MULTILINE)

    def test_it_has_the_headings_in_order(self, path: Path) -> None:
        assert headings(path.read_text(encoding="utf-8")) == HEADINGS

    def test_no_section_is_empty(self, path: Path) -> None:
        sections = re.split(r"^## .+$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        assert all(section.strip() for section in sections)

    def test_it_has_a_known_status(self, path: Path) -> None:
        _, _, status = path.read_text(encoding="utf-8").partition("## Status\n\n")
        assert status.startswith(STATUSES)

    def test_every_alternative_has_a_price(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        _, _, rest = text.partition("## Alternatives\n")
        section, _, _ = rest.partition("\n## ")
        alternatives = re.split(r"^(?=\*\*)", section, flags=re.MULTILINE)[1:]
        assert len(alternatives) > 1
        assert [text for text in alternatives if "Price" not in text] == []

    def test_it_is_enforced_or_says_why_not(self, path: Path) -> None:
        data = front_matter(path.read_text(encoding="utf-8"))
        assert bool(data["enforced_by"]) != bool(data.get("not_enforced_because"))

    def test_what_enforces_it_exists(self, path: Path) -> None:
        references = front_matter(path.read_text(encoding="utf-8"))["enforced_by"]
        assert [problem for reference in references if (problem := problem_with(reference, ROOT))] == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one hook and one test file."""
    (tmp_path / ".pre-commit-config.yaml").write_text(
        "repos: [{repo: local, hooks: [{id: hermetic, name: hermetic, entry: hermetic check, language: system}]}]\n",
        encoding="utf-8",
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_some.py").write_text(
        "def test_one(): ...\nclass TestTwo:\n    async def test_three(self): ...\ndef helper(): ...\n",
        encoding="utf-8",
    )
    (tmp_path / "tests" / "test_none.py").write_text("def helper(): ...\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "reference",
    [
        "hermetic",
        "tests/test_some.py",
        "tests/test_some.py::test_one",
        "tests/test_some.py::test_one[case]",
        "tests/test_some.py::TestTwo",
        "tests/test_some.py::TestTwo::test_three",
    ],
)
def test_a_reference_that_exists_resolves(repository: Path, reference: str) -> None:
    assert problem_with(reference, repository) is None


@pytest.mark.parametrize(
    "reference",
    [
        "hermetik",
        "tests/test_absent.py",
        "tests/test_none.py",
        "tests/test_some.py::test_absent",
        "tests/test_some.py::helper",
        "tests/test_some.py::test_three",
        "tests/test_some.py::TestTwo::test_one",
        "src/test_some.py::test_one",
    ],
)
def test_a_reference_to_nothing_is_noticed(repository: Path, reference: str) -> None:
    assert str(problem_with(reference, repository)).startswith(f"{reference}: no ")
