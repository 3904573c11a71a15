"""HRM902."""

from __future__ import annotations

from hermetic.catalogue.rule import VERIFY, Example, Rule


class GuardOff(Rule):
    """The guard does not stop a leaking test: it is unloaded, switched off, or only warns where nobody reads it.

    Why it breaks:
    The plugin is installed, the suite is green, and everybody believes that leaks would be seen. `-p no:hermetic` in
    `addopts`, the mode `off`, levels that take every rule out, or a CI that runs with `--hermetic=warn` leave all that
    in place and stop nothing. Such a line is usually written to get one build through.

    Do this instead:
    Set `hermetic = "error"` in the configuration of pytest. Excuse the one test that needs it with
    `@pytest.mark.hermetic(allow=[...])`, or the one rule with a level, and leave the rest on.

    Limits:
    `hermetic verify` runs pytest as the repository configures it, on planted leaks. What only CI sets is read in the
    files that it can read (GitHub, GitLab, `.ci`), and what those call: make, tox, nox and shell scripts. A guard in
    `warn` mode is left alone where a run in CI says `--hermetic=error`.
    """

    code = "HRM902"
    name = "guard-off"
    symptoms = (
        "a test leaks and the run stays green",
        "the summary of hermetic never appears",
        "hermetic only warns, and nobody reads it",
    )
    message = "the guard does not stop a leaking test"
    repair = 'set `hermetic = "error"` in the configuration of pytest'
    claims = (VERIFY,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "lint": "whether pytest loads the plugin is known only when it runs",
        "collection": "what is switched off cannot tell that it is",
        "guard": "what is switched off cannot tell that it is",
    }
    related = ("HRM903", "HRM904")
    bad = (
        Example(
            "the plugin is kept out, so the leak reaches the next test",
            {
                "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
hermetic = "error"
addopts = "-p no:hermetic"  # <- HRM902
""",
                ".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - id: hermetic
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
""",
                ".github/workflows/ci.yml": """
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pre-commit run --all-files
      - run: pytest -n 2
""",
                "tests/test_region.py": """
import os


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ
""",
            },
            harm="forward",
        ),
        Example(
            "the guard is switched off",
            {
                "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
hermetic = "off"  # <- HRM902
""",
                ".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - id: hermetic
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
""",
                ".github/workflows/ci.yml": """
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pre-commit run --all-files
      - run: pytest -n 2
""",
                "tests/test_region.py": """
import os


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ
""",
            },
            harm="forward",
        ),
        Example(
            "CI lets the guard only warn",
            {
                "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
hermetic = "error"
""",
                ".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - id: hermetic
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
""",
                ".github/workflows/ci.yml": """
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pre-commit run --all-files
      - run: pytest -n 2 --hermetic=warn  # <- HRM902
""",
                "tests/test_region.py": """
import os


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ
""",
            },
            harm="forward",
        ),
        Example(
            "the level of the one selected rule says off",
            {
                "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
hermetic = "error"

[tool.hermetic]
select = ["HRM101"]

[tool.hermetic.guard]
levels = {HRM101 = "off"}  # <- HRM902
""",
                ".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - id: hermetic
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
""",
                ".github/workflows/ci.yml": """
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pre-commit run --all-files
      - run: pytest -n 2
""",
                "tests/test_region.py": """
import os


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ
""",
            },
            harm="forward",
        ),
    )
    good = (
        Example(
            "a leak fails the test that leaked",
            {
                "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
hermetic = "error"
""",
                ".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - id: hermetic
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
""",
                ".github/workflows/ci.yml": """
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pre-commit run --all-files
      - run: pytest -n 2
""",
                "tests/test_region.py": """
import os


def test_the_region_is_chosen(monkeypatch):
    monkeypatch.setenv("REGION", "north")
    assert os.environ["REGION"] == "north"


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ
""",
            },
        ),
        Example(
            "the guard warns at home, and CI makes it an error",
            {
                "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
hermetic = "warn"
""",
                ".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - id: hermetic
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
""",
                ".github/workflows/ci.yml": """
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pre-commit run --all-files
      - run: pytest -n 2 --hermetic=error
""",
                "tests/test_region.py": """
import os


def test_the_region_is_chosen(monkeypatch):
    monkeypatch.setenv("REGION", "north")
    assert os.environ["REGION"] == "north"


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ
""",
            },
        ),
        Example(
            "one rule is off by its level, and the others count",
            {
                "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
hermetic = "error"

[tool.hermetic.guard]
levels = {HRM108 = "off"}
""",
                ".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - id: hermetic
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
""",
                ".github/workflows/ci.yml": """
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pre-commit run --all-files
      - run: pytest -n 2
""",
                "tests/test_region.py": """
import os


def test_the_region_is_chosen(monkeypatch):
    monkeypatch.setenv("REGION", "north")
    assert os.environ["REGION"] == "north"


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ
""",
            },
        ),
    )
