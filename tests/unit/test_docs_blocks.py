"""What the gate of the documentation does with a page's code blocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
    done = checked(tmp_path, ' data-copy="examples/member_api"')
    assert done.returncode == 0, done.stdout


def test_without_the_folder_the_command_does_not_find_it(tmp_path: Path) -> None:
    done = checked(tmp_path, "")
    assert done.returncode == 1
    assert "exit code 2" in done.stdout


def test_a_folder_that_is_not_there_is_told_by_its_place(tmp_path: Path) -> None:
    done = checked(tmp_path, ' data-copy="examples/nowhere"')
    assert done.returncode == 1
    assert "page.md:3: data-copy names no folder of the repository: examples/nowhere" in done.stdout
