"""The JSON schema of `[tool.hermetic]`, for editors and for whatever else checks a pyproject.toml."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import command_pages
from hermetic import config
from hermetic.finding import DOCS
from hermetic.lint.own import OWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.catalogue.rule import Rule

PATH = "docs/reference/hermetic.schema.json"
URL = DOCS.removesuffix("rules/") + PATH.removeprefix("docs/")
DRAFT = "http://json-schema.org/draft-07/schema#"  # the newest one that every editor knows
CODES = "^[A-Z]+[0-9]*$"  # a prefix, or a rule of another distribution
RULE_LISTS = ("select", "extend-select", "ignore")
STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}


def files(rules: Sequence[type[Rule]]) -> dict[str, str]:
    """Return the generated file: path below the repository -> content. Raises ValueError for an unknown setting."""
    every: list[type[Rule]] = [*OWN, *rules]
    return {PATH: json.dumps(schema(sorted(rule.code for rule in every)), indent=2) + "\n"}


def schema(codes: list[str]) -> dict[str, Any]:
    """Return the schema of the table."""
    named = {"anyOf": [{"enum": ["ALL", *config.PRESETS, *codes]}, {"type": "string", "pattern": CODES}]}
    selectors = {"type": "array", "items": named}
    shapes = {name: selectors if name in RULE_LISTS else STRINGS for name in config.LISTS}
    shapes["per-file-ignores"] = {"type": "object", "additionalProperties": selectors}
    shapes["baseline"] = {"type": "string", "minLength": 1}
    levels = {"type": "object", "additionalProperties": {"type": "string", "enum": list(config.LEVELS)}}
    shapes["guard"] = {"type": "object", "properties": {"levels": levels}, "additionalProperties": False}
    if set(shapes) != set(config.NAMES):
        raise ValueError(f"{__file__}: schema() has to say what {sorted(set(shapes) ^ set(config.NAMES))} look like")
    defaults = command_pages.defaults()
    meanings = command_pages.meanings()
    properties = {
        name: {"description": meanings[name].replace("`", ""), **shape_of(name, shapes), **default_of(defaults[name])}
        for name in meanings
    }
    return {
        "$schema": DRAFT,
        "$id": URL,
        "title": "[tool.hermetic]",
        "description": "The settings of hermetic in pyproject.toml.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def shape_of(name: str, shapes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what a setting looks like; those of single rules are lists of strings, or of rows of strings."""
    if name in shapes:
        return shapes[name]
    least, most, _ = config.ROWS.get(name, (0, 0, ""))
    return {"type": "array", "items": {**STRINGS, "minItems": least, "maxItems": most}} if most else STRINGS


def default_of(value: object) -> dict[str, Any]:
    """Return the default of a setting, as far as it has one."""
    return {"default": list(value) if isinstance(value, tuple) else value} if value else {}
