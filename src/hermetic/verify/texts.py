"""Configuration files of the copy, read as text and as YAML."""

from __future__ import annotations

import importlib
import os
import re
from typing import TYPE_CHECKING, Any

from hermetic.config import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

LARGEST = 1_000_000  # bytes: what is longer was not written by people
INSTALL = "install it with: pip install 'hermetic[verify]'"


class UnreadableError(CannotRunError):
    """A file cannot be understood; the message says where, and what to do."""


def yaml() -> ModuleType:
    """Return the YAML library. Raises `UnreadableError` where it is not installed."""
    try:
        return importlib.import_module("yaml")
    except ImportError as error:
        raise UnreadableError(f"PyYAML is not installed; {INSTALL}") from error


def read(root: str, path: str) -> str:
    """Return the text of a file of the copy, "" where there is none that can be read."""
    full = os.path.join(root, path)
    try:
        if not os.path.isfile(full) or os.path.getsize(full) > LARGEST:
            return ""
        with open(full, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def loaded(text: str, path: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what a YAML text holds. Raises `UnreadableError` where it is none."""
    library = yaml()
    try:
        return library.safe_load(text)
    except (library.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableError(f"{path} is not valid YAML ({' '.join(str(error).split())}); repair it") from error


def composed(text: str, path: str) -> Any:  # noqa: ANN401 - a node of PyYAML, which has no types
    """Return a YAML text as nodes, which know their lines. Raises `UnreadableError` where it is none."""
    library = yaml()
    try:
        return library.compose(text, Loader=library.SafeLoader)
    except (library.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableError(f"{path} is not valid YAML ({' '.join(str(error).split())}); repair it") from error


def line_of(text: str, pattern: str, *, comments: bool = False) -> int:
    """Return the 1-based number of the first line that matches, 0 where none does; comments count only on request."""
    wanted = re.compile(pattern)
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") is comments and wanted.search(line):
            return number
    return 0


def place_of(root: str, paths: Iterable[str], pattern: str) -> tuple[str, int]:
    """Return the first file and line that match, ("", 0) where none does."""
    for path in paths:
        number = line_of(read(root, path), pattern)
        if number:
            return path, number
    return "", 0
