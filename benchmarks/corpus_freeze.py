"""Freeze the corpus, or check that it is as it was frozen.

Usage: python benchmarks/corpus_freeze.py [--check]
`benchmarks/corpus/FROZEN` holds the SHA-256 of every case. A case may be added; to change or remove one, say why in
`benchmarks/corpus/CHANGES.md` and freeze again.
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from corpus_cases import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = ROOT / "FROZEN"


def digests(root: Path = ROOT) -> dict[str, str]:
    """Return the SHA-256 of each case by its path below the corpus."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*.toml"))
    }


def frozen(manifest: Path = MANIFEST) -> dict[str, str]:
    """Return the digests of the manifest."""
    rows = (line.split("  ", 1) for line in manifest.read_text(encoding="utf-8").splitlines())
    return {path: digest for digest, path in rows}


def differences(now: dict[str, str], then: dict[str, str]) -> list[str]:
    """Return what has been changed, removed or added without being frozen, as sentences."""
    found = [f"{path} was removed" for path in then if path not in now]
    found += [f"{path} was changed" for path in then if path in now and now[path] != then[path]]
    return found + [f"{path} is not frozen" for path in now if path not in then]


def main(arguments: list[str]) -> int:
    """Write the manifest or check it; return the exit code."""
    now = digests()
    if "--check" in arguments:
        found = differences(now, frozen())
        print("\n".join(found) if found else f"{len(now)} cases, as frozen")
        return 1 if found else 0
    MANIFEST.write_text("".join(f"{digest}  {path}\n" for path, digest in now.items()), encoding="utf-8")
    print(f"froze {len(now)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
