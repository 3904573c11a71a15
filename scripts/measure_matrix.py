"""Measure what each layer does with each example of each rule, and write the page of the site that shows it.

Usage: python scripts/measure_matrix.py [--check]

Every bad example is linted, and run under the plugin; what `hermetic verify` is for is verified. What was measured of
this very tree is kept outside of git, as for the meta-tests. The figures of prevention are those of the corpus, as
docs/measurements.md has them. `--check` writes nothing and compares the page, but for the milliseconds.

Exit code 0: the page is as measured. 1: it is not. 2: a rule could not be measured.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import tempfile
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.utils import meta, meta_matrix, meta_records  # noqa: E402 - run by path

PAGE = ROOT / "docs" / "matrix.md"
MILLISECONDS = re.compile(r"\d+&nbsp;ms")
SCORE = re.compile(r"^(\w+) +(lint|guard|collection|audit|) *(\d+) +(\d+) +(\d+) +(\d+)$", re.MULTILINE)
HEAD = """\
# Who stops what

Each rule has bad examples that are shown to do harm. Here is what each layer did with each of them when it was last
measured, by `python scripts/measure_matrix.py`, with {versions}. A [meta-test](enforcement.md) measures all of it again
and fails when a word of it is not so.

- `caught`: the layer named the rule's code, on exactly the lines that are marked in the example.
- `missed`: the layer claims the example, and did not find it.
- `as HRM104`: the layer does not claim this example, and reports another rule on a marked line.
- `not claimed`: the layer does not say that it sees this, and does not. The reasons stand under *Not found* on the page
  of the rule, and all together under [known gaps](enforcement.md#known-gaps).
- An empty cell was not run: examples of `verify` are repositories, and the others are none.

The milliseconds are for one run of the layer over the example, collection and guard together in one run of pytest.

## Prevention

On its own examples a tool catches everything. So prevention is measured on a [corpus](measurements.md#the-corpus) that
was written before the rules and is frozen: violations that are no rule's example, each with a correct twin.

{prevention}
The last row is a system of this kind as it was measured when it claimed to prevent more than 99 % of violations: its
hooks and plugin stopped 4 of 53 planted ones and refused 9 of 24 correct files. Its regression tests noticed 0 of 8
ways to break what they guard, and its meta-tests 1 of 17 ways to switch the enforcement off. Here
[every mutant](regression-tests.md) is noticed, and [every sabotage](sabotage.md). The misses are listed, with the
command that reproduces the figures, under [measurements](measurements.md#the-corpus).

"""


class MatrixError(Exception):
    """Something could not be measured, or the published scores cannot be read."""


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare the page and write nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hermetic-matrix-") as folder:
        matrix = meta_matrix.measured(meta.Tree(ROOT, Path(folder, "environment")))
    try:
        text = page(matrix)
    except MatrixError as error:
        print(f"matrix: {error}", file=sys.stderr)
        return 2
    if not options.check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    problems = differences(PAGE.read_text(encoding="utf-8") if PAGE.is_file() else "", text)
    print("\n".join([*problems, f"{PAGE.relative_to(ROOT)}: {len(problems)} differences from what is measured"]))
    return 1 if problems else 0


def page(matrix: dict[str, dict[str, Any]]) -> str:
    """Return the page. Raises MatrixError."""
    if wrong := [f"{code}: {found['problems'][0]}" for code, found in sorted(matrix.items()) if found["problems"]]:
        raise MatrixError(wrong[0])
    versions = ", ".join(
        [
            f"Python {platform.python_version()}",
            *(f"{name} {metadata.version(name)}" for name in ("pytest", "pytest-xdist")),
        ]
    )
    parts = [HEAD.format(versions=versions, prevention=prevention())]
    for family, codes in groupby(sorted(matrix), key=lambda code: code[:4]):
        parts += [f"## {family}xx\n\n", f"| example | {' | '.join(meta_matrix.LAYERS)} |\n"]
        parts.append(f"|---|{'---|' * len(meta_matrix.LAYERS)}\n")
        parts += [row(matrix[code], number) for code in codes for number in range(matrix[code]["bad"])]
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


def row(found: dict[str, Any], number: int) -> str:
    """Return the row of one example."""
    cells = {cell["layer"]: cell for cell in found["cells"] if cell["number"] == number}
    title = found["titles"][number].replace("|", "\\|")
    words = [word(cells[layer]) if layer in cells else "" for layer in meta_matrix.LAYERS]
    return f"| [{found['code']}](rules/{found['code']}.md) {title} | {' | '.join(words)} |\n"


def word(cell: dict[str, Any]) -> str:
    """Return what a layer did with an example, and how long it took."""
    if cell["caught"]:
        said = "**caught**"
    elif cell["claimed"]:
        said = "missed"
    else:
        said = f"as {', '.join(cell['others'])}" if cell["others"] else "not claimed"
    return f"{said} {cell['ms']}&nbsp;ms" if cell["layer"] != "collection" else said


def prevention() -> str:
    """Return the table of prevention, from the published score of all layers. Raises MatrixError."""
    score = meta_records.published().get(meta_records.OF_ALL, "")
    lines = ["| | violations | stopped | | false alarms on correct twins |", "|---|---|---|---|---|"]
    sums: dict[str, list[int]] = {}
    for family, layer, *figures in SCORE.findall(score):
        name = "any layer" if family == "any" else layer if family != "all" else ""
        counts = map(int, figures)
        sums[name] = [old + new for old, new in zip(sums.get(name, [0] * 4), counts, strict=True)]
    if sums.get("any layer", [0])[0] < 1:
        raise MatrixError(f"docs/measurements.md has no output of `{meta_records.OF_ALL}`")
    for name in ("lint", "collection", "guard", "audit", "any layer"):
        violations, stopped, _, alarms = sums[name]
        share, noise = f"{stopped / violations:.1%}", f"{alarms} ({alarms / violations:.1%})"
        lines.append(f"| {name} | {violations} | {stopped} | {share} | {noise} |".replace("%", " %"))
    lines.append("| *the earlier system* | 53 | 4 | 7.5 % | 9 of 24 (37.5 %) |")
    return "\n".join(lines) + "\n\n"


def differences(old: str, new: str) -> list[str]:
    """Return where two pages say something different, milliseconds apart."""
    before, after = (MILLISECONDS.sub("", text).splitlines() for text in (old, new))
    return [f"not as measured: {line}" for line in before if line not in after] + [
        f"measured: {line}" for line in after if line not in before
    ]


if __name__ == "__main__":
    sys.exit(main())
