"""Which functions of the project are called by name: a parameter that only pytest knows of would break those calls."""

from __future__ import annotations

import os

from hermetic.source.text import WORDS
from hermetic.source.witness import read_file

MANY = 5000  # files that are read
SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist"})


class Uses:
    """The words of the Python files below a folder, read when somebody first asks."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.files: list[bytes] | None = None

    def read(self) -> list[bytes]:
        """Return the contents of the files."""
        if self.files is None:
            self.files = []
            for folder, folders, names in os.walk(self.root):
                folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
                for name in sorted(names):
                    if name.endswith(".py") and len(self.files) < MANY:
                        data, _ = read_file(os.path.join(folder, name), marked=False)
                        self.files.append(data or b"")
        return self.files

    def is_called(self, name: str) -> bool:
        """Tell whether a function of this name is called, or taken from an object, somewhere in the project."""
        word = name.encode()
        holding = [data for data in self.read() if word in data]
        return any(is_called_in(data, word) for data in holding)

    def is_defined_again(self, name: str) -> bool:
        """Tell whether the project has several functions of this name."""
        return sum(data.count(f"def {name}(".encode()) for data in self.read()) > 1


def is_called_in(data: bytes, word: bytes) -> bool:
    """Tell whether a file calls what has this name, or takes it from an object."""
    position = data.find(word)
    while position >= 0:
        end = position + len(word)
        line = data[data.rfind(b"\n", 0, position) + 1 : position]
        whole = not (line[-1:] + data[end : end + 1]).translate(WORDS).strip()
        used = data[end : end + 80].lstrip()[:1] == b"(" or line.endswith(b".")
        if whole and used and b"#" not in line and not line.rstrip().endswith((b"def", b"class")):
            return True
        position = data.find(word, end)
    return False
