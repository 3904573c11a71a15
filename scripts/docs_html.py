"""What must hold of the built site, read from its HTML: links, anchors, images, headings, nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

# Attributes through which a browser loads something by itself.
LOADS = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("object", "data"),
    ("embed", "src"),
    ("use", "href"),
    ("image", "href"),
}
LOADING_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "manifest", "modulepreload"}
CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)["']?\s*((?:https?:)?//[^"')\s;]+)""", re.IGNORECASE)
# Found in every page of the theme, and never loaded: they name things.
NAMES_ONLY = ("http://www.w3.org/",)


class Page(HTMLParser):
    """One page: the anchors that it offers, the links that it follows, and what is wrong with it by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.headings = 0
        self.problems: list[str] = []
        self.feed(text)
        self.close()
        if self.headings != 1:
            self.problems.append(f"{self.headings} headings of the first level, not one")
        self.problems += [f"loads {address} from elsewhere" for address in CSS_ADDRESS.findall(text)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag means for the page."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        self.headings += tag == "h1"
        if tag == "img" and not values.get("alt", "").strip():
            self.problems.append(f"an image without a text in its place: {values.get('src')}")
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        loaded = [values[name] for kind, name in LOADS if kind == tag and name in values]
        if tag == "link" and LOADING_LINKS & set(values.get("rel", "").split()):
            loaded.append(values.get("href", ""))
        for address in loaded:
            if is_elsewhere(address):
                self.problems.append(f"loads {address} from elsewhere")
            elif not address.startswith("data:"):
                self.links.append(address)


def is_elsewhere(address: str) -> bool:
    """Tell whether an address leads to another host."""
    return bool(urlsplit(address).netloc)


def problems_of(site: Path) -> list[str]:
    """Return what is wrong with a built site, a line each, with the page's path in front."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    if not pages:
        return [f"{site} holds no page"]
    found = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve()).as_posix()
        # The page for addresses that do not exist is served anywhere, so its links begin at the top of the site.
        base = site.resolve() if name == "404.html" else path.parent
        problems = [*page.problems, *(text for link in page.links if (text := broken(link, path, base, pages, site)))]
        found += [f"{name}: {problem}" for problem in dict.fromkeys(problems)]
    for sheet in sorted(site.rglob("*.css")):
        loaded = CSS_ADDRESS.findall(sheet.read_text(encoding="utf-8"))
        found += [f"{sheet.relative_to(site).as_posix()}: loads {address} from elsewhere" for address in loaded]
    return found


def broken(link: str, path: Path, base: Path, pages: dict[Path, Page], site: Path) -> str:
    """Return what is wrong with a link of a page, or nothing; links to other hosts are not followed."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    address, anchor = urldefrag(link)
    plain = unquote(urlsplit(address).path)
    if not plain:
        target = path
    elif plain.startswith("/"):
        target = site.resolve() / plain.lstrip("/")
    else:
        target = (base / plain).resolve()
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return f"a link to {link}, which is not there"
    page = pages.get(target)
    if anchor and page and unquote(anchor) not in page.anchors:
        return f"a link to {link}, where no such anchor is"
    return ""
