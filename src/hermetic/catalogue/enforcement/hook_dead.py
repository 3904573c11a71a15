"""HRM903."""

from __future__ import annotations

from hermetic.catalogue.rule import VERIFY, Example, Rule


class HookDead(Rule):
    """A pre-commit hook is missing, or is there and stops nothing.

    Why it breaks:
    A hook that is commented out, waits in the stage `manual`, matches no file, or ends in `|| true` looks like one that
    works. Each commit goes through, and the first to learn of a violation is whoever has to find out why the suite
    fails in another order.

    Do this instead:
    Keep the hook as it is offered, `hermetic hook hermetic` for whatever the configuration selects. Excuse a single
    line with a comment that names the rule, and a file with `per-file-ignores`.

    Limits:
    `hermetic verify` commits planted violations in a copy, through the hooks of hermetic alone, and sees which of them
    fail and name what is wrong. Hooks that cannot be fetched or installed are not measured. Hooks of other tools, and
    of other managers than pre-commit, are not run.
    """

    code = "HRM903"
    name = "hook-dead"
    symptoms = (
        "pre-commit says Passed or Skipped although the file breaks a rule",
        "a commit goes through that a colleague's is stopped for",
        "(no files to check) beside a hook",
    )
    message = "a hook is missing, or stops nothing"
    repair = "let the hook run `hermetic hook hermetic` on the tests"
    claims = (VERIFY,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "lint": "whether a hook stops a commit is known only when one is tried",
        "collection": "what is switched off cannot tell that it is",
        "guard": "what is switched off cannot tell that it is",
    }
    related = ("HRM902", "HRM904")
    bad = (
        Example(
            "the hook is commented out",
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
      - id: check-yaml
        name: check yaml
        entry: python -c pass
        language: system
      # - id: hermetic  # <- HRM903
      #   entry: hermetic hook hermetic
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
            "the hook runs only when somebody calls it",
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
      - id: hermetic  # <- HRM903
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
        stages: [manual]
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
            "the pattern of the hook matches no file",
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
      - id: hermetic  # <- HRM903
        name: hermetic
        entry: hermetic hook hermetic
        language: system
        types: [python]
        files: ^$
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
            "the shell around the hook forgets that it failed",
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
      - id: hermetic  # <- HRM903
        name: hermetic
        entry: bash -c 'hermetic hook hermetic "$@" || true' --
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
            "the command of the hook is another one",
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
      - id: hermetic  # <- HRM903
        name: hermetic
        entry: "true"
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
            "the hook looks at each commit",
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
            "the hooks look at the folder of the tests alone, each for its own concern",
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
      - id: validate-test-isolation
        name: validate-test-isolation
        entry: hermetic hook validate-test-isolation
        language: system
        types: [python]
        files: ^tests/
      - id: validate-test-fixtures
        name: validate-test-fixtures
        entry: hermetic hook validate-test-fixtures
        language: system
        types: [python]
        files: ^tests/
      - id: validate-fixture-organization
        name: validate-fixture-organization
        entry: hermetic hook validate-fixture-organization
        language: system
        types: [python]
        files: ^tests/
      - id: check-async-mock-usage
        name: check-async-mock-usage
        entry: hermetic hook check-async-mock-usage
        language: system
        types: [python]
        files: ^tests/
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
            "a hook of another tool may be manual",
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
      - id: links
        name: links
        entry: python -c pass
        language: system
        stages: [manual]
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
