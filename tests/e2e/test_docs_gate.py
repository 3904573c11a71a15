"""The gate of the documentation lets a true page through, and names what is wrong with each kind of false one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.utils.scripts import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """\
site_name: small
theme:
  name: material
  font: false
validation:
  links:
    anchors: warn
markdown_extensions:
  - attr_list
  - pymdownx.superfences
"""
BAD = '```{ .python .bad data-rule="HRM101" }'
LEAK = 'import os\n\n\ndef test_a():\n    os.environ["A"] = "1"\n'
CLEAN = "def test_a():\n    assert True\n"
ORDERED = """\
SEEN = []


def test_a():
    SEEN.append(1)  # hermetic: ignore[HRM601] the second needs it


def test_b():
    assert SEEN
"""
TRUE = f"# A page\n\n{BAD}\n{LEAK}```\n\n```{{ .python .good }}\n{CLEAN}```\n"
RUN = '```{ .console .run data-project="p" }\n$ echo seen\n```\n'
OUTPUT = '```{{ .text .output data-project="p" }}\n{}\n```\n'
# What a page says -> what the gate says of it; blocks are tried without building the site.
BLOCKS = {
    "a-fence-without-a-role": ("```python\nx = 1\n```", "has no role"),
    "a-fence-without-anything": ("```\nx = 1\n```", "has no role"),
    "an-unknown-role": ("```{ .python .shown }\nx = 1\n```", "has the role shown"),
    "an-unknown-option": ('```{ .python .good name="a" }\nx = 1\n```', "has an option name"),
    "a-bad-block-without-its-rule": ("```{ .python .bad }\nx = 1\n```", "does not say which rule finds it"),
    "an-unknown-layer": ('```{ .python .bad data-rule="HRM101" data-layer="eye" }\nx = 1\n```', "names the layer eye"),
    "a-block-without-an-end": ("```{ .python .good }\nx = 1", "is never closed"),
    "a-bad-block-that-no-rule-finds": (f"{BAD}\n{CLEAN}```", "lint does not find HRM101 in it"),
    "a-bad-block-that-no-guard-finds": (
        f'```{{ .python .bad data-rule="HRM101" data-layer="guard" }}\n{CLEAN}```',
        "guard does not find HRM101 in it",
    ),
    "a-good-block-that-is-flagged": (f"```{{ .python .good }}\n{LEAK}```", "lint finds something in what is good"),
    "a-good-block-whose-test-fails": (
        "```{ .python .good }\ndef test_a():\n    assert 1 > 2\n```",
        "its tests do not pass",
    ),
    "a-good-block-that-fails-in-reverse-order": (
        f"```{{ .python .good }}\n{ORDERED}```",
        "in reverse order its tests do not pass",
    ),
    "a-configuration-that-cannot-be-read": ("```{ .toml .good }\na = = 1\n```", "cannot be read"),
    "a-run-block-that-fails": ('```{ .console .run data-project="p" }\n$ exit 3\n```', "exit code 3"),
    "an-output-that-differs": (RUN + OUTPUT.format("not seen"), "this was printed instead"),
}
# What a page or the tree says -> what the gate says of the built site.
PAGES = {
    "a-broken-link": ("[there](nowhere.md)", "nowhere.md"),
    "a-broken-link-in-html": ('<a href="../nowhere/">there</a>', "a link to ../nowhere/, which is not there"),
    "a-broken-anchor": ('<a href="#nowhere">there</a>', "a link to #nowhere, where no such anchor is"),
    "a-broken-anchor-of-markdown": ("[there](index.md#nowhere)", "#nowhere"),
    "an-image-without-a-text": ("![](dot.svg)", "an image without a text in its place"),
    "two-headings-of-the-first-level": ("# Another", "2 headings of the first level"),
    "a-script-from-elsewhere": ('<script src="https://elsewhere.example/a.js"></script>', "loads https://elsewhere"),
    "a-style-from-elsewhere": ("<style>@import '//elsewhere.example/a.css'</style>", "loads //elsewhere.example/a.css"),
    "an-image-from-elsewhere": ("![a dot](https://elsewhere.example/a.png)", "loads https://elsewhere.example/a.png"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small site on which all holds."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "docs/index.md").write_text("# Front\n\nWords.\n", encoding="utf-8")
    (tmp_path / "docs/dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    return tmp_path


def gate(*arguments: str | Path, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the gate."""
    command = [sys.executable, str(root / "scripts/check_docs.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def write(tree: Path, name: str, text: str) -> Path:
    page = tree / "docs" / f"{name}.md"
    page.write_text(text, encoding="utf-8")
    return page


def problems(done: subprocess.CompletedProcess[str], page: str) -> str:
    """What the gate prints about one page: its line, with what is indented below."""
    lines = done.stdout.splitlines()
    kept, mine = [], False
    for line in lines:
        mine = line.startswith((f"docs/{page}.md:", f"{page}/index.html:")) or (mine and line.startswith("    "))
        kept += [line] if mine else []
    return "\n".join(kept)


def test_a_true_page_passes(tree: Path) -> None:
    write(tree, "true", TRUE + RUN + OUTPUT.format("se..."))

    done = gate("--docs", tree)

    assert (done.returncode, done.stdout) == (0, "2 pages: all holds\n"), done.stderr


def test_each_kind_of_false_block_is_named_and_the_exit_code_is_1(tree: Path) -> None:
    for name, (text, _) in BLOCKS.items():
        write(tree, name, f"# A page\n\n{text}\n")

    done = gate("--docs", tree, "--no-build")

    assert done.returncode == 1
    said = {name: problems(done, name) for name in BLOCKS}
    assert {name: text for name, text in said.items() if BLOCKS[name][1] not in text} == {}
    assert all(text.count(f"docs/{name}.md:3:") >= 1 for name, text in said.items() if name != "an-output-that-differs")


def test_the_roles_alone_are_checked_without_running_anything(tree: Path) -> None:
    write(tree, "role", "# A page\n\n```python\nx = 1\n```\n")
    write(tree, "run", '# A page\n\n```{ .console .run data-project="p" }\n$ exit 3\n```\n')

    done = gate("--docs", tree, "--no-blocks", "--no-build")

    assert done.returncode == 1
    assert "docs/role.md:3: the code block has no role" in done.stdout
    assert "docs/run.md" not in done.stdout


def test_each_kind_of_broken_page_is_named_and_the_exit_code_is_1(tree: Path) -> None:
    for name, (text, _) in PAGES.items():
        write(tree, name, f"# A page\n\n{text}\n")

    done = gate("--docs", tree, "--no-blocks")

    assert done.returncode == 1
    said = {
        name: [line for line in done.stdout.splitlines() if f"{name}/index.html" in line or f"{name}.md" in line]
        for name in PAGES
    }
    assert {name: lines for name, lines in said.items() if PAGES[name][1] not in "\n".join(lines)} == {}
    assert "index.html: " not in done.stdout.replace("/index.html: ", "")  # nothing is wrong with the front page


def test_a_warning_of_the_build_is_a_problem_although_mkdocs_itself_is_content(tree: Path) -> None:
    write(tree, "unlisted", "# Not in the navigation\n")
    with (tree / "mkdocs.yml").open("a", encoding="utf-8") as file:
        file.write("nav: [index.md]\nstrict: false\n")
    settings = (tree / "mkdocs.yml").read_text(encoding="utf-8")
    (tree / "mkdocs.yml").write_text(
        settings.replace("validation:\n", "validation:\n  nav:\n    omitted_files: warn\n"), encoding="utf-8"
    )

    done = gate("--docs", tree, "--no-blocks")

    assert done.returncode == 1
    assert "the build warns: " in done.stdout
    assert "unlisted.md" in done.stdout


def test_a_site_that_cannot_be_built_is_a_problem(tree: Path) -> None:
    (tree / "mkdocs.yml").write_text("site_name: small\ntheme:\n  name: nowhere\n", encoding="utf-8")

    done = gate("--docs", tree, "--no-blocks")

    assert done.returncode == 1
    assert "the site cannot be built" in done.stdout


def test_a_page_that_is_not_there_cannot_be_checked(tree: Path) -> None:
    done = gate(tree / "docs/nowhere.md")

    assert done.returncode == 2
    assert "no such page" in done.stderr


@pytest.mark.parametrize("page", ["docs/rules/HRM101.md", "docs/patterns.md", "docs/reference/commands.md"])
def test_a_generated_page_that_was_edited_by_hand_is_a_problem(tmp_path: Path, page: str) -> None:
    copy = tmp_path / "copy"
    left_out = shutil.ignore_patterns("__pycache__", ".git", ".venv", "site", "benchmarks", "unit", "e2e", ".*_cache")
    shutil.copytree(ROOT, copy, ignore=left_out)
    with (copy / page).open("a", encoding="utf-8") as file:
        file.write("\nBy hand.\n")

    done = gate("--no-build", "--no-blocks", root=copy)

    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == f"{page} is not as generated"
    assert done.stdout.splitlines()[1].startswith("1 problems in ")
