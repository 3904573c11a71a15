"""What the gate of the documentation does with a page's code blocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PAGE = """\
# Page

```{{ .python .text title="added.py" data-project="service"{copied} }}
print("added")
```

```{{ .console .run data-project="service" }}
$ ls member_api/consents.py added.py 2>&1
```

```{{ .text .output data-project="service" }}
added.py
member_api/consents.py
```
"""


def checked(folder: Path, copied: str) -> subprocess.CompletedProcess[str]:
    page = folder / "page.md"
    page.write_text(PAGE.format(copied=copied), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "scripts/check_docs.py", str(page)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_block_brings_a_folder_of_the_repository_and_its_own_file_beside_it(tmp_path: Path) -> None:
    done = checked(tmp_path, ' data-from="examples/member_api"')
    assert done.returncode == 0, done.stdout


def test_without_the_folder_the_command_does_not_find_it(tmp_path: Path) -> None:
    done = checked(tmp_path, "")
    assert done.returncode == 1
    assert "exit code 2" in done.stdout


def test_a_folder_that_is_not_there_is_told_by_its_place(tmp_path: Path) -> None:
    done = checked(tmp_path, ' data-from="examples/nowhere"')
    assert done.returncode == 1
    assert "page.md:3: data-from names no folder of the repository: examples/nowhere" in done.stdout


SLOW = """\
# Page

```{{ .console .run data-project="slow" }}
$ echo '{said}'
```

```{{ .text .output data-project="slow" }}
2 passed in 0.02s
```
"""


@pytest.mark.parametrize(
    ("said", "right"),
    [("2 passed in 3.50s", True), ("2 passed in 77.58s (0:01:17)", True), ("2 passed in a while", False)],
)
def test_how_long_it_took_is_of_no_account(said: str, right: bool, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(SLOW.format(said=said), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "scripts/check_docs.py", str(page)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == (0 if right else 1), done.stdout
