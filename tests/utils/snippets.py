"""Snippets of test code in one text, so that tables of them stay readable."""

from __future__ import annotations

MARK = "### "


def snippets(text: str) -> dict[str, str]:
    """Split a text at its `### title` lines and return title -> source."""
    found: dict[str, str] = {}
    title = ""
    for line in text.splitlines(keepends=True):
        if line.startswith(MARK):
            title = line.removeprefix(MARK).strip()
            if title in found:
                raise ValueError(f"two snippets are called {title!r}")
            found[title] = ""
        elif title:
            found[title] += line
    return {title: source.strip("\n") + "\n" for title, source in found.items()}
