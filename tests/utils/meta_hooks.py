"""Commits in a copy of the tree, through all of its hooks as it configures them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from tests.utils.commits import CONFIG
from tests.utils.lint import write_files
from tests.utils.meta_plants import PLANTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.utils.meta import Tree

STATUS = re.compile(r"^(?P<name>.+?)\.{3,}(?:\([^)]*\))?(?P<status>Passed|Failed|Skipped)$", re.MULTILINE)
DEAD_HOOK = """\
  - repo: local
    hooks:
      - id: planted-dead
        name: planted-dead
        entry: "true"
        language: system
        files: ^no/such/file$
"""
# What the tools besides hermetic have to stop, in one commit.
OTHERS = {
    "scripts/planted_unused.py": '"""Planted."""\n\nimport os\n',
    "scripts/planted_layout.py": '"""Planted."""\n\nVALUE = ( 1 )\n',
    "docs/planted.txt": "<" * 7 + " ours\n",
}
OTHERS_RIGHT = {
    "scripts/planted_unused.py": '"""Planted."""\n',
    "scripts/planted_layout.py": '"""Planted."""\n\nVALUE = 1\n',
    "docs/planted.txt": "Nothing is in conflict.\n",
}
DRIFTING = "docs/rules/HRM101.md"


def planted_tree(tree: Tree, folder: Path, *, bad: bool) -> Tree:
    """Return a copy of the tree with all plants, or with their correct twins, staged."""
    copy = tree.copied(folder / "tree", folder / "environment")
    for plant in PLANTS.values():
        write_files(plant.bad if bad else plant.good, copy.root)
    write_files(OTHERS if bad else OTHERS_RIGHT, copy.root)
    config = copy.root / CONFIG
    text = config.read_text(encoding="utf-8")
    # A comment, so that the hooks which look at the configuration look at it.
    config.write_text(text + (DEAD_HOOK if bad else "# Planted.\n"), encoding="utf-8")
    if bad:
        page = copy.root / DRIFTING
        page.write_text(page.read_text(encoding="utf-8") + "\nPlanted.\n", encoding="utf-8")
    return copy


def committed(tree: Tree, folder: Path, *, bad: bool) -> dict[str, Any]:
    """Commit plants or their twins through the hooks; return what each hook did and said, and whether HEAD moved."""
    copy = planted_tree(tree, folder, bad=bad)
    installed = copy.script("-m", "pre_commit", "install")
    assert installed.code == 0, installed.output
    copy.run("git", "add", "--all")
    before = copy.run("git", "rev-parse", "HEAD").output
    done = copy.run("git", "commit", "--message=Plant")
    moved = copy.run("git", "rev-parse", "HEAD").output != before
    return {**read(done.output, names(tree)), "moved": moved}


def names(tree: Tree) -> dict[str, str]:
    """Return the ids of the hooks by the names under which pre-commit reports them."""
    config = yaml.safe_load((tree.root / CONFIG).read_text(encoding="utf-8"))
    found = {hook.get("name", hook["id"]): hook["id"] for repo in config["repos"] for hook in repo["hooks"]}
    return {
        ("Check hooks apply to the repository" if one == "check-hooks-apply" else n): one for n, one in found.items()
    }


def read(output: str, ids: dict[str, str]) -> dict[str, Any]:
    """Return the status of each hook, and what it said."""
    statuses: dict[str, str] = {}
    said: dict[str, str] = {}
    matches = list(STATUS.finditer(output))
    for match, following in zip(matches, [*matches[1:], None], strict=True):
        hook = ids.get(match["name"], match["name"])
        if hook == "planted-dead":
            continue
        statuses[hook] = match["status"]
        said[hook] = output[match.end() : following.start() if following else len(output)]
    return {"hooks": statuses, "said": said, "output": "" if statuses else output}
