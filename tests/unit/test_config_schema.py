"""The JSON schema of `[tool.hermetic]` and the linter agree on what may stand there."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from hermetic import config
from hermetic.catalogue import registry
from hermetic.lint import selection
from tests.utils.json_schema import problems
from tests.utils.lint import write_files
from tests.utils.scripts import ROOT, imported, run_in, scratch_tree

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: dict[str, Any] = json.loads((ROOT / "docs/reference/hermetic.schema.json").read_text(encoding="utf-8"))
PROPERTIES: dict[str, Any] = SCHEMA["properties"]
schema_pages: Any = imported("scripts/schema_pages.py")


def is_accepted(text: str, folder: Path) -> bool:
    """Whether the linter starts with a configuration."""
    write_files({"pyproject.toml": f"[tool.hermetic]\n{text}\n"}, folder)
    try:
        settings = config.load(str(folder), cached=False)
        selection.choose(registry.indexed(), settings)
    except config.ConfigError:
        return False
    return True


def is_valid(text: str) -> bool:
    return not problems(tomllib.loads(f"[tool.hermetic]\n{text}\n")["tool"]["hermetic"], SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'select = ["ALL"]',
        'select = ["recommended", "memory", "project"]',
        'extend-select = ["HRM1", "HRM"]',
        'ignore = ["HRM101"]',
        "ignore = []",
        'exclude = ["vendor", "tests/data/*.py"]',
        'python-files = ["check_*.py"]',
        'per-file-ignores = {"tests/a.py" = ["HRM1"], "b" = []}',
        'baseline = "hermetic-baseline.jsonl"',
        'guard = {levels = {HRM101 = "error", HRM102 = "warn", HRM103 = "off"}}',
        "[tool.hermetic.guard]",
        'async-dependencies = ["get_user"]',
        'bearer-pairs = [["get_user", "scheme"]]',
        "bearer-pairs = []",
        'literals = [["Client.send", "topic", "test-*", "a=b"]]',
        'breaker-classes = ["app.Fuse"]\nshared-clients = ["*authz*"]',
    ],
)
def test_what_the_linter_accepts_is_valid(text: str, tmp_path: Path) -> None:
    assert is_accepted(text, tmp_path)
    assert is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        'selct = ["ALL"]',
        'select = "ALL"',
        "select = [3]",
        'select = ["all"]',
        'select = ["HRM-101"]',
        'ignore = ["environ-write"]',
        "exclude = [true]",
        'exclude = "vendor"',
        'per-file-ignores = ["HRM101"]',
        'per-file-ignores = {"a.py" = "HRM101"}',
        "baseline = true",
        'baseline = ""',
        'guard = "off"',
        'guard = {level = "off"}',
        'guard = {levels = {HRM101 = "of"}}',
        "guard = {levels = {HRM101 = true}}",
        'async-dependencies = "get_user"',
        'bearer-pairs = ["get_user"]',
        'bearer-pairs = [["get_user"]]',
        'bearer-pairs = [["get_user", "scheme", "more"]]',
        'literals = [["Client.send", "topic"]]',
        "literals = [[1, 2, 3]]",
    ],
)
def test_what_the_linter_refuses_is_invalid(text: str, tmp_path: Path) -> None:
    assert not is_accepted(text, tmp_path)
    assert not is_valid(text)


def test_every_setting_has_a_description_and_its_default() -> None:
    settings = config.Settings("")

    assert set(PROPERTIES) == {*config.NAMES, *config.OPTIONS}
    assert all(entry["description"] for entry in PROPERTIES.values())
    assert PROPERTIES["select"]["default"] == list(settings.select)
    assert {name: PROPERTIES[name].get("default", []) for name in config.OPTIONS} == settings.options


def test_every_default_is_valid() -> None:
    given = {name: entry["default"] for name, entry in PROPERTIES.items() if "default" in entry}

    assert len(given) > 5
    assert problems(given, SCHEMA) == []


def test_editors_are_offered_every_rule() -> None:
    offered = PROPERTIES["select"]["items"]["anyOf"][0]["enum"]

    assert {entry.code for entry in registry.indexed()} | registry.ENGINE_CODES <= set(offered)


def test_the_configuration_of_this_repository_is_valid() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert problems(table["tool"]["hermetic"], SCHEMA) == []


def test_the_address_in_it_is_where_the_site_has_it() -> None:
    assert SCHEMA["$id"] == "https://hermetic.readthedocs.io/en/stable/reference/hermetic.schema.json"


def test_a_setting_that_the_schema_does_not_know_stops_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "NAMES", (*config.NAMES, "more"))

    with pytest.raises(ValueError, match="more"):
        schema_pages.schema([])


def test_a_schema_that_has_drifted_is_noticed(tmp_path: Path) -> None:
    tree = scratch_tree(tmp_path, keep={"process/environ_write.py"})
    assert run_in(tree, "scripts/generate.py").returncode == 0
    options = tree / "src/hermetic/config.py"
    text = options.read_text(encoding="utf-8")
    options.write_text(text.replace('"breaker-classes": (', '"fuse-classes": ('), encoding="utf-8")

    done = run_in(tree, "scripts/generate.py", "--check")

    assert done.returncode == 1
    assert "docs/reference/hermetic.schema.json is not as generated\n" in done.stdout
