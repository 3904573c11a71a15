"""HRM904."""

from __future__ import annotations

from hermetic.catalogue.rule import VERIFY, Example, Rule


class CiBlind(Rule):
    """CI does not run the hooks on all files, or the suite in parallel, or the meta-tests.

    Why it breaks:
    A hook sees the files of one commit, on the machines where it is installed; CI is the only place where nobody can
    leave it out. A suite that CI runs in one process, in one order, says nothing about two workers. And a check whose
    failure is ignored is none.

    Do this instead:
    Run `pre-commit run --all-files`, the whole suite with `-n 2` or more, and `tests/meta` where there is one, each in
    a step whose failure fails the build.

    Limits:
    CI is read, never run: workflows of GitHub, `.gitlab-ci.yml`, and files in `.ci`, with the make, tox and nox targets
    and the shell scripts that they call. `hermetic check` on all files counts as the hooks. Other services, reusable
    workflows of other repositories and steps that a program writes are not seen. A workflow that no commit starts does
    not count.
    """

    code = "HRM904"
    name = "ci-blind"
    symptoms = (
        "CI is green although a hook fails on another machine",
        "the pipeline is green, and no job runs the hooks or the suite in parallel",
        "a violation reaches the main branch through CI",
    )
    message = "CI does not run the hooks on all files, or the suite in parallel, or the meta-tests"
    repair = "run `pre-commit run --all-files` and `pytest -n 2` in CI"
    claims = (VERIFY,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "lint": "what CI runs stands in no Python file",
        "collection": "what is switched off cannot tell that it is",
        "guard": "what is switched off cannot tell that it is",
    }
    related = ("HRM902", "HRM903")
    bad = (
        Example(
            "the hooks see only what a pull request changes",
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
      - run: pre-commit run --from-ref origin/main --to-ref HEAD  # <- HRM904
      - run: pytest -n 2
""",
                "tests/test_region.py": """
import os


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"
""",
            },
            harm="reverse",
        ),
        Example(
            "the suite runs in one process, where its order hides the leak",
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
      - run: pytest  # <- HRM904
""",
                "tests/test_region.py": """
import os


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"
""",
            },
            harm="reverse",
        ),
        Example(
            "the failure of the suite is ignored",
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
      - run: pytest -n 2 || true  # <- HRM904
""",
                "tests/test_region.py": """
import os


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"
""",
            },
            harm="reverse",
        ),
        Example(
            "the meta-tests are left out",
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
      - run: pytest -n 2 --ignore=tests/meta  # <- HRM904
""",
                "tests/meta/test_enforcement.py": """
def test_the_guard_is_on(pytestconfig):
    assert pytestconfig.getini("testpaths") == ["tests"]
""",
                "tests/test_region.py": """
import os


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"
""",
            },
            harm="reverse",
        ),
        Example(
            "the script that CI calls runs one worker",
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
      - run: ./test.sh
""",
                "test.sh": """
#!/bin/sh
set -e
python -m pytest -n 0 tests  # <- HRM904
""",
                "tests/test_region.py": """
import os


def test_there_is_no_region_by_default():
    assert "REGION" not in os.environ


def test_the_region_is_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"
""",
            },
            harm="reverse",
        ),
    )
    good = (
        Example(
            "the hooks on all files, and the suite on two workers",
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
            "a script does both, and the number of workers stands in a variable",
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
      - run: ./check.sh
""",
                "check.sh": """
#!/bin/sh
set -e
pre-commit run --all-files
python -m pytest -n "${WORKERS:-4}" tests
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
            "workers are the default of the suite, and a further job may fail",
            {
                "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
hermetic = "error"
addopts = "-n 2"
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
      - run: pytest
      - run: pytest -m slow || true
""",
                "tests/meta/test_enforcement.py": """
def test_the_guard_is_on(pytestconfig):
    assert pytestconfig.getini("testpaths") == ["tests"]
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
