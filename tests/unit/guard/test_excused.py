"""A comment that excuses a line speaks for it where the linter takes it to: on the line, or alone above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

EXCUSE = "# hermetic: ignore[HRM101] the process ends here"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([f"os.environ['A'] = '1'  {EXCUSE}"], []),
        ([EXCUSE, "os.environ['A'] = '1'"], []),
        ([EXCUSE, "# and so does the test", "os.environ['A'] = '1'"], []),
        ([EXCUSE, "", "# further above", "os.environ['A'] = '1'"], []),
        ([EXCUSE.replace("101", "102"), "os.environ['A'] = '1'"], [6]),
        ([f"print()  {EXCUSE}", "os.environ['A'] = '1'"], [6]),
        ([EXCUSE, "print()", "os.environ['A'] = '1'"], [7]),
        (["os.environ['A'] = '1'", EXCUSE], [5]),
    ],
)
def test_an_excuse_speaks_for_its_line_or_the_one_below(lines: list[str], found: list[int], tmp_path: Path) -> None:
    test = "import os\n\n\ndef test_it():\n" + "".join(f"    {line}\n" for line in lines)

    run = guarded(tmp_path, files={"test_it.py": test})

    assert [record["line"] for record in run.findings] == found
