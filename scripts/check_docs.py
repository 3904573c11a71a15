"""The gate of the documentation: nothing on the site may be untrue.

Usage: python scripts/check_docs.py [PAGE ...] [--no-blocks] [--no-build] [--report FILE]

It builds the site strictly and counts the warnings itself, so that no option of mkdocs can silence them; follows every
link and anchor of the built pages; asks for one heading of the first level, a text for each image, and nothing that is
loaded from elsewhere; asks for a role on every code block and tries what it claims; and for generated pages that are as
generated. With pages (`docs/start.md`), only their code blocks. The report is a list of the pages, written when all
blocks were tried and all holds. Exit code 0 when all holds, 1 when something does not, 2 when it cannot be found out.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

import docs_html
import generate
from docs_blocks import Project, problems_of
from docs_fences import Fence, fences_of

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
sys.path.insert(0, str(ROOT))  # for the servers of the tests
# What these show is run by the suite where it is drawn from: the examples of the rules, and the regression tests.
DRAWN = ("docs/rules/", "docs/patterns.md")
SERVERS = ("worker_postgres", "worker_redis", "worker_sqlalchemy")


class Warnings(logging.Handler):
    """What the build warns about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text."""
        self.texts.append(record.getMessage())


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path, help="only the code blocks of these pages")
    parser.add_argument("--no-blocks", action="store_true", help="do not run the code blocks; their roles are checked")
    parser.add_argument("--no-build", action="store_true", help="do not build the site")
    parser.add_argument("--docs", type=Path, default=ROOT, help="a tree with mkdocs.yml and docs (default: this one)")
    parser.add_argument("--report", type=Path, help="write the pages whose blocks were tried to a file, as JSON")
    options = parser.parse_args()
    tree = options.docs.resolve()
    pages = [page.resolve() for page in options.pages] or sorted((tree / "docs").rglob("*.md"))
    if absent := [str(page) for page in pages if not page.is_file()]:
        print(f"check_docs: no such page: {', '.join(absent)}", file=sys.stderr)
        return 2
    problems: list[str] = []
    if not options.pages and not options.no_build:
        problems += timed("build, links and anchors", lambda: site_problems(tree))
    if not options.pages and tree == ROOT:
        problems += timed("generated pages", generated_problems)
    problems += timed("code blocks", lambda: block_problems(pages, tree, roles_only=options.no_blocks))
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems in {len(pages)} pages" if problems else f"{len(pages)} pages: all holds")
    if options.report and not problems and not options.no_blocks:
        options.report.write_text(json.dumps([str(page.relative_to(tree)) for page in pages]), encoding="utf-8")
    return 1 if problems else 0


def timed(what: str, find: Callable[[], list[str]]) -> list[str]:
    """Return what a part finds, and say how long it took."""
    started = time.monotonic()
    found = find()
    print(f"{what}: {len(found)} problems, {time.monotonic() - started:.1f} s", file=sys.stderr)
    return found


def site_problems(tree: Path) -> list[str]:
    """Build the site into a temporary folder; return the warnings, and what is wrong with the pages."""
    warnings = Warnings()
    logger = logging.getLogger("mkdocs")
    level, disabled = logger.level, logger.disabled
    logger.addHandler(warnings)
    logger.setLevel(logging.INFO)
    logger.disabled = False
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    try:
        with tempfile.TemporaryDirectory(prefix="hermetic-site-") as folder:
            config = load_config(str(tree / "mkdocs.yml"), site_dir=folder, strict=False)
            build(config)
            found = docs_html.problems_of(Path(folder))
    except MkDocsException as error:
        return [f"the site cannot be built: {error}"]
    finally:
        logger.removeHandler(warnings)
        logger.setLevel(level)
        logger.disabled = disabled
    return [f"the build warns: {text}" for text in warnings.texts] + found


def generated_problems() -> list[str]:
    """Return the generated pages that are not as generated, and what keeps them from being generated."""
    try:
        expected = generate.generated()
    except ValueError as error:
        return [str(error)]
    return [*expected.problems, *generate.drift(expected)]


def block_problems(pages: list[Path], tree: Path, *, roles_only: bool) -> list[str]:
    """Return what is wrong with the code blocks of pages."""
    projects: defaultdict[tuple[str, str], list[Fence]] = defaultdict(list)
    problems: list[str] = []
    for page in pages:
        name = page.relative_to(tree).as_posix() if page.is_relative_to(tree) else str(page)
        found, wrong = fences_of(page, name)
        problems += wrong
        if not name.startswith(DRAWN):
            for fence in found:
                projects[name, fence.project].append(fence)
    return problems if roles_only else problems + executed(list(projects.values()))


def executed(projects: list[list[Fence]]) -> list[str]:
    """Try the claims of all projects, as many at a time as there are processors."""
    with tempfile.TemporaryDirectory(prefix="hermetic-docs-") as folder, Servers() as servers:

        def tried(numbered: tuple[int, list[Fence]]) -> list[str]:
            number, fences = numbered
            needs = any(word in fence.text for fence in fences for word in SERVERS)
            home = Path(folder, str(number), "project")
            home.mkdir(parents=True)
            return list(problems_of(Project(fences, home, servers.urls() if needs else {})))

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return [problem for found in pool.map(tried, enumerate(projects)) for problem in found]


class Servers(ExitStack):
    """Real servers for the blocks that need them: started when the first one does, and stopped at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._urls: dict[str, str] = {}

    def urls(self) -> dict[str, str]:
        """Return where the servers are, as variables of the environment."""
        from tests.utils.servers import start_postgres, start_valkey, stop  # noqa: PLC0415 - most pages do without

        with self._guard:
            for name, start in (("HERMETIC_POSTGRES_URL", start_postgres), ("HERMETIC_REDIS_URL", start_valkey)):
                if name not in self._urls:
                    server = start()
                    self.callback(stop, server)
                    self._urls[name] = server["url"]
        return self._urls


if __name__ == "__main__":
    sys.exit(main())
