"""The pages, by way of the gate that `make docs` is: what it lets pass, and what it says of this tree."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import yaml

from tests.utils import meta
from tests.utils.lint import write_files
from tests.utils.meta_suites import commands

if TYPE_CHECKING:
    from pathlib import Path

    from tests.utils.meta import Tree

DOCS = meta.ROOT / "docs"
EXECUTED = ("bad", "good", "run", "output")
# What these show is run where it is drawn from: the fourth and the ninth of the tests see to that.
DRAWN = ("docs/rules/", "docs/reference/", "docs/patterns.md")
FENCE = re.compile(r"^ *(`{3,}|~{3,})(.+)$")
ROLE = re.compile(r"^\{ \.[\w+-]+ \.(bad|good|run|output|text)\b")
TICKS = "`" * 3
WORDS = 60  # fewer on a page of the menu, and it says nothing
# What the gate has to refuse: a page with one block, and what is wrong with it.
REFUSED = {
    "no role": f"{TICKS}python\nx = 1\n{TICKS}",
    "bad code that no layer finds": f'{TICKS}{{ .python .bad data-rule="HRM101" }}\ndef test_it():\n    pass\n{TICKS}',
    "good code that breaks a rule": (
        f"{TICKS}{{ .python .good }}\nimport os\n\n\ndef test_it():\n    os.environ['PLANTED'] = '1'\n{TICKS}"
    ),
    "a test that fails": f"{TICKS}{{ .python .good }}\ndef test_it():\n    assert 1 == 2\n{TICKS}",
    "a command that fails": f"{TICKS}{{ .console .run }}\n$ exit 3\n{TICKS}",
    "another output": f"{TICKS}{{ .console .run }}\n$ echo one\n{TICKS}\n\n{TICKS}{{ .text .output }}\ntwo\n{TICKS}",
}
ACCEPTED = (
    f"{TICKS}{{ .python .good }}\ndef test_it():\n    assert 1 == 1\n{TICKS}\n\n"
    f"{TICKS}{{ .console .run }}\n$ echo one\n{TICKS}\n\n{TICKS}{{ .text .output }}\none\n{TICKS}"
)


def pages() -> list[str]:
    """Return the pages of the site, as paths below the tree."""
    return sorted(path.relative_to(meta.ROOT).as_posix() for path in DOCS.rglob("*.md"))


def roles(page: str) -> tuple[Counter[str], list[str]]:
    """Return how many blocks of each role a page has, and the heads of those without one."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    closing = ""
    for line in (meta.ROOT / page).read_text(encoding="utf-8").splitlines():
        if closing:
            closing = "" if line.strip() == closing else closing
        elif match := FENCE.match(line):
            closing = match[1]
            role = ROLE.match(match[2].strip())
            counts[role[1] if role else ""] += 1
            wrong += [] if role else [f"{page}: {line.strip()}"]
        elif line.strip() in (TICKS, "~~~"):
            closing = line.strip()
            wrong.append(f"{page}: {line.strip()}")
    return counts, wrong


def prose(page: str) -> int:
    """Return how many words a page has besides headings, comments and code."""
    text = re.sub(r"(?ms)^ *(`{3,}|~{3,}).*?^ *\1 *$", "", (meta.ROOT / page).read_text(encoding="utf-8"))
    text = re.sub(r"(?ms)\A---$.*?^---$|<!--.*?-->", "", text)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return len(re.findall(r"\w+", " ".join(lines)))


def menu() -> list[str]:
    """Return the pages that the menu of the site names."""

    class Loader(yaml.SafeLoader):
        """Reads mkdocs.yml, whose `!ENV` means nothing here."""

    Loader.add_constructor("!ENV", lambda *_: False)
    nav = yaml.load((meta.ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)["nav"]  # noqa: S506 - a safe one

    def leaves(node: object) -> list[str]:
        if isinstance(node, str):
            return [f"docs/{node}"]
        parts = node.values() if isinstance(node, dict) else node
        return [leaf for part in parts for leaf in leaves(part)]  # type: ignore[attr-defined]

    return leaves(nav)


def executed(tree: Tree, pages: list[str]) -> str:
    """Execute the blocks of pages; return what is wrong, and keep of each that all was right.

    The gate tries as many blocks at a time as there are processors, so it is asked once, for all that is not kept.
    """
    keys = {page: key_of(page) for page in pages}
    with meta.alone(*keys.values()):
        waiting = [page for page, key in keys.items() if meta.read(key) is None]
        if not waiting:
            return ""
        done = tree.script("scripts/check_docs.py", *waiting)
        if done.code != 0 or f"{len(waiting)} pages: all holds" not in done.output:
            return done.output or "it says nothing"
        for page in waiting:
            meta.keep(keys[page], "")
    return ""


def key_of(page: str) -> str:
    """Return the key of what is kept of a page's blocks."""
    return meta.digest(f"page {page}", inputs_of(page))


def inputs_of(page: str) -> tuple[str, ...]:
    """Return what the outcome of a page's blocks depends on."""
    return ("src", "pyproject.toml", "requirements/dev.txt", "tests/utils/servers.py", "examples", *gate(), page)


def keep_pages(report: Path) -> int:
    """Keep that the blocks of these pages did what they claim, as the gate has just seen; return of how many."""
    pages = [str(page) for page in json.loads(report.read_text(encoding="utf-8"))] if report.is_file() else []
    for page in pages:
        meta.keep(key_of(page), "")
    return len(pages)


def gate() -> list[str]:
    """Return the files of the gate."""
    return [f"scripts/{name}.py" for name in ("check_docs", "docs_blocks", "docs_fences", "docs_html")]


def blind(tree: Tree, folder: Path) -> list[str]:
    """Return what the gate lets pass: blocks, and in a copy of the tree a broken link, by what `make docs` runs."""
    found = []
    for number, (what, text) in enumerate({**REFUSED, "": ACCEPTED}.items()):
        write_files({f"{number}.md": f"# Planted\n\n{text}\n"}, folder)
        done = tree.script("scripts/check_docs.py", folder / f"{number}.md")
        if (done.code, what) not in ((1, what), (0, "")):
            found.append(f"the gate says {done.code} to a page with {what or 'nothing wrong'}: {done.output}")
    copy = tree.copied(folder / "tree", folder / "environment")
    page = copy.root / "docs" / "start.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[Planted](planted-nowhere.md)\n", encoding="utf-8")
    (command,) = commands(copy, "docs")
    done = copy.run(*command, *(["--no-blocks"] if "check_docs" in " ".join(command) else []))
    if done.code != 1 or "planted-nowhere" not in done.output:
        found.append(f"`make docs` lets a broken link pass: {done.code}\n{done.output[-1500:]}")
    return found
