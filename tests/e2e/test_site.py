"""The site builds strictly, every link in it leads somewhere, and it loads nothing from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]


class Link(NamedTuple):
    """What a page points at: followed by a reader (`a`), or loaded by the browser (anything else)."""

    page: Path
    tag: str
    target: str


class Page(HTMLParser):
    """The links and the anchors of one page, raw HTML included."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[Link] = []
        self.anchors = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.append(Link(self.path, tag, value))
            if name == "id" and value:
                self.anchors.add(value)


def destination(link: Link, site: Path) -> tuple[Path, str]:
    """The file that a local link means, and the anchor in it."""
    parts = urlsplit(link.target)
    base = site if parts.path.startswith("/") else link.page.parent
    file = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else link.page
    return (file / "index.html" if file.is_dir() else file), unquote(parts.fragment)


def broken(pages: dict[Path, Page], site: Path) -> list[Link]:
    wrong = []
    for page in pages.values():
        for link in page.links:
            if urlsplit(link.target).scheme or urlsplit(link.target).netloc:
                continue
            file, anchor = destination(link, site)
            known = pages[file].anchors if file in pages else {anchor}
            if not file.is_file() or anchor not in known:
                wrong.append(link)
    return wrong


def foreign(pages: dict[Path, Page]) -> list[Link]:
    return [link for page in pages.values() for link in page.links if link.tag != "a" and urlsplit(link.target).netloc]


def read(site: Path) -> dict[Path, Page]:
    # The error page is served under any address, so its links are absolute to the root of whichever host serves it.
    return {path: Page(path) for path in sorted(site.resolve().rglob("*.html")) if path.name != "404.html"}


@pytest.mark.parametrize("offline", ["false", "true"], ids=["served", "offline"])
def test_the_site_builds_strictly_and_stands_alone(tmp_path: Path, offline: str) -> None:
    site = tmp_path / "site"

    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=ROOT,
        env={**os.environ, "OFFLINE": offline},
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    pages = read(site)
    assert len(pages) > 1
    assert broken(pages, site.resolve()) == []
    assert foreign(pages) == []


def test_a_planted_broken_link_and_a_planted_foreign_asset_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<h1 id="top"><a href="b.html">no page</a><a href="#bottom">no anchor</a><a href="#top">fine</a>'
        '<script src="https://cdn.example/x.js"></script><a href="https://example.org">fine</a>',
        encoding="utf-8",
    )

    pages = read(tmp_path)

    assert [link.target for link in broken(pages, tmp_path.resolve())] == ["b.html", "#bottom"]
    assert [link.target for link in foreign(pages)] == ["https://cdn.example/x.js"]
