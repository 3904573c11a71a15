"""Read the polluters, freeze them, or check that they are as they were frozen.

Usage: python benchmarks/polluter_cases.py [--check | --harm]
`benchmarks/polluters/FROZEN` holds the SHA-256 of every case. A case may be added; to change or remove one, say why in
`benchmarks/polluters/CHANGES.md` and freeze again. `--harm` runs each case with plain pytest, without hermetic, and
names those in which no test fails in file order that passes alone.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import corpus_freeze
import corpus_guard

ROOT = Path(__file__).parent / "polluters"
MARK = "# <-"


class Polluter(NamedTuple):
    """One polluter.

    `files` maps relative paths to source. `state` holds the words that name what it leaves behind, `path` and `line`
    (1-based) where it is changed; `needs` the modules beyond the standard library and pytest.
    """

    id: str
    code: str
    kind: str
    title: str
    source: str
    state: tuple[str, ...]
    needs: tuple[str, ...]
    files: dict[str, str]
    path: str
    line: int


def read_polluter(path: Path) -> Polluter:
    """Read one case; raises `ValueError`, naming the file, when a field or the one marked line is missing."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    marked = [
        (name, number)
        for name, text in raw.get("files", {}).items()
        for number, line in enumerate(text.splitlines(), start=1)
        if line.rstrip().endswith(MARK)
    ]
    if len(marked) != 1:
        raise ValueError(f"{path}: one line has to end with {MARK}, not {len(marked)}")
    try:
        fields = {name: raw[name] for name in ("code", "kind", "title", "source", "files")}
        state = tuple(raw["state"])
    except KeyError as error:
        raise ValueError(f"{path}: the field {error} is missing") from error
    ((file, line),) = marked
    return Polluter(path.stem, state=state, needs=tuple(raw.get("needs", ())), path=file, line=line, **fields)


def read_polluters(root: Path = ROOT) -> list[Polluter]:
    """Read every case, sorted by id."""
    return [read_polluter(path) for path in sorted(root.glob("*.toml"))]


def harmless(cases: list[Polluter]) -> list[str]:
    """Return the cases, as sentences, in which no test fails in file order that passes alone."""
    found = []
    with corpus_guard.driver() as driver:
        for case in cases:
            twin = corpus_guard.Twin(case.files, case.needs)
            run = driver.run(twin)
            victims = [name for name in run.failed if "::" not in name or driver.run(twin, "forward", name).passed]
            if not victims:
                found.append(f"{case.id}: failed {run.failed or 'nothing'}")
    return found


def main(arguments: list[str]) -> int:
    """Write the manifest, or check it or the harm; return the exit code."""
    if "--harm" in arguments:
        names = [name for name in arguments if not name.startswith("-")]
        found = harmless([case for case in read_polluters() if not names or case.id in names])
        print("\n".join(found) if found else "each has a victim")
        return 1 if found else 0
    now = corpus_freeze.digests(ROOT)
    if "--check" in arguments:
        found = corpus_freeze.differences(now, corpus_freeze.frozen(ROOT / "FROZEN"))
        print("\n".join(found) if found else f"{len(now)} cases, as frozen")
        return 1 if found else 0
    (ROOT / "FROZEN").write_text("".join(f"{digest}  {path}\n" for path, digest in now.items()), encoding="utf-8")
    print(f"froze {len(now)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
