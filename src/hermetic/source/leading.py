"""Which imports lead to a token: decided on text, across files, before a tree is made.

A name of a file leads to a token when its text holds one, or mentions a name that leads to one: of the same file, or
imported from another file of the project. Files import each other in circles, so a whole group of files is worked out
at once, from those that hold a token to those that use them.
"""

from __future__ import annotations

import os

from hermetic.source import roles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.outline import Located
    from hermetic.source.project import Project
    from hermetic.source.text import Text

    Tokens = tuple[bytes, ...]
    Names = frozenset[bytes]

NONE: Names = frozenset()
SUPPORT = ("conftest", "test", "helper", "util", "support", "fixture", "common", "base")


class Leading:
    """What leads to the tokens of a run's rules, by file."""

    def __init__(self, project: Project) -> None:
        self.project = project
        # For the tokens of a rule, bytes of which one stands in the same file.
        self.companions: dict[Tokens, Tokens] = {}
        self._names: dict[Tokens, dict[str, Names]] = {}  # for each tokens and file worked out, the names

    def imports(self, text: Text, tokens: Tokens) -> list[tuple[str, str]]:
        """Return `(local name, dotted name)` of what a file imports from the project and what leads to a token."""
        known: list[tuple[str, str]] | None = text.memo.get(tokens)
        if known is None:
            known = text.memo[tokens] = self.among(text.outline.located, text, tokens)
        return known

    def calls(self, text: Text, tokens: Tokens) -> list[tuple[str, str]]:
        """Return those of `imports` that a test file or conftest may call; none for other files."""
        key = ("calls", tokens)
        known: list[tuple[str, str]] | None = text.memo.get(key)
        if known is None:
            known = []
            if text.is_test or roles.is_conftest(text.path):
                called = text.outline.called if text.outline.located else NONE
                known = self.among([item for item in text.outline.located if item.local in called], text, tokens)
            text.memo[key] = known
        return known

    def among(self, located: list[Located], user: Text, tokens: Tokens) -> list[tuple[str, str]]:
        """Return `(local name, dotted name)` of those imports of a file that lead to a token."""
        names = self.names
        return [
            (item.local, item.dotted)
            for item in located
            if (leading := names(item.path, tokens)) and (item.name in leading if item.name else named(leading, user))
        ]

    def leads(self, dotted: str, near: str, tokens: Tokens, user: Text | None = None) -> bool:
        """Tell whether a project name that is imported in the folder `near` leads to one of the tokens.

        A module leads there when `user`, the file that imports it, mentions a name of it that does.
        """
        located = self.project.locate(dotted, near)
        if located is None:
            return False
        path, name = located
        leading = self.names(path, tokens)
        if name or not leading or user is None:
            return name.encode() in leading if name else bool(leading)
        return named(leading, user)

    def names(self, path: str, tokens: Tokens) -> Names:
        """Return the names of a project file that lead to one of the tokens."""
        known = self._names.get(tokens)
        if known is None:
            known = self._names[tokens] = self.project.about("leading", tokens)
        if path not in known:
            self._work_out(path, tokens, known)
        return known[path]

    def _work_out(self, path: str, tokens: Tokens, known: dict[str, Names]) -> None:
        """Find the names of a file, and of all that it imports, directly or not."""
        group: dict[str, Text | None] = {}
        pending = [path]
        while pending:
            current = pending.pop()
            if current not in group and current not in known:
                text = group[current] = self.project.text(current)
                if text is not None:
                    pending.extend(item.path for item in passed_on(text))
        users: dict[str, list[str]] = {}
        for current, text in group.items():
            for item in passed_on(text) if text is not None else ():
                users.setdefault(item.path, []).append(current)
        known.update(dict.fromkeys(group, NONE))
        changed = [current for current, text in group.items() if text is not None and self._starts(text, tokens, known)]
        while changed:
            current = changed.pop()
            text = group[current]
            assert text is not None  # noqa: S101 - only files that can be read get here
            found = text.outline.names_leading_to(tokens, self._brought(text, known), own=self._holds(text, tokens))
            if found != known[current]:
                known[current] = found
                changed.extend(user for user in users.get(current, ()) if user not in changed)

    def _starts(self, text: Text, tokens: Tokens, known: dict[str, Names]) -> bool:
        """Tell whether a file holds a token, or imports something that is already known to lead to one."""
        return self._holds(text, tokens) or any(known.get(item.path) for item in passed_on(text))

    def _holds(self, text: Text, tokens: Tokens) -> bool:
        companions = self.companions.get(tokens)
        return text.holds(tokens) and (companions is None or text.holds(companions))

    @staticmethod
    def _brought(text: Text, known: dict[str, Names]) -> Names:
        """Return the local names under which a file has what leads to a token elsewhere."""
        found: set[bytes] = set()
        for item in passed_on(text):
            leading = known.get(item.path)
            if leading and item.local == "*":
                found |= leading
            elif leading and (item.name in leading if item.name else named(leading, text)):
                found.add(item.local.encode())
        return frozenset(found)

    def through_fixtures(self, text: Text, tokens: Tokens) -> bool:
        """Tell whether a file mentions a fixture of its conftests, or of plugins, that leads to one of the tokens."""
        if b"pytest_plugins" in text.words:
            return True
        conftests = self.project.conftests(text.path)
        return bool(conftests) and named(self._fixtures([item.path for item in conftests], tokens), text)

    def _fixtures(self, paths: list[str], tokens: Tokens) -> Names:
        """Return the names in conftests, the nearest first, that lead to a token; outer ones are seen by inner ones."""
        known: dict[str, Names] = self.project.about("leading fixtures", tokens)
        if paths[0] not in known:
            outer = self._fixtures(paths[1:], tokens) if len(paths) > 1 else NONE
            nearest = self.project.module(paths[0])
            for level in reversed(self.project.with_plugins(nearest) if nearest is not None else []):
                own = self.names(os.path.abspath(level.path), tokens)
                brought = frozenset(local.encode() for local, _ in self.imports(level, tokens))
                outer |= level.outline.names_leading_to(tokens, own | outer | brought, own=False)
            known[paths[0]] = outer
        return known[paths[0]]


def passed_on(text: Text) -> list[Located]:
    """Return the imports that a file passes on: packages and files of the suite do, other code keeps them to itself."""
    if text.is_package_or_support is None:
        text.is_package_or_support = os.path.basename(text.path) == "__init__.py" or is_support(text.path)
    return text.outline.located if text.is_package_or_support else []


def is_support(path: str) -> bool:
    """Tell whether a file belongs to a suite rather than to the code under test, by its name or folder."""
    parts = path.replace("\\", "/").split("/")
    return not {"tests", "test", "testing"}.isdisjoint(parts[-4:]) or parts[-1].startswith(SUPPORT)


def named(leading: Names, user: Text) -> bool:
    """Tell whether a file mentions one of some names; b"" stands for one that cannot be read."""
    words = user.words
    return any(name in words for name in leading)
