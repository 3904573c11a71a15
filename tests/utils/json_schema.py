"""The part of JSON Schema that our own schemas use. A keyword that is not known here is an error: none is skipped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
}  # fmt: skip
SILENT = {"$schema", "$id", "title", "description", "default", "examples"}
KNOWN = SILENT | {
    "type", "enum", "anyOf", "pattern", "minLength", "minimum", "items", "minItems", "maxItems", "uniqueItems",
    "properties", "required", "additionalProperties",
}  # fmt: skip


def problems(value: Any, schema: dict[str, Any], at: str = "") -> list[str]:
    """Return what is wrong with a value, each with where it stands."""
    if unknown := set(schema) - KNOWN:
        raise ValueError(f"keywords that are not understood here: {sorted(unknown)}")
    return [f"{at or 'it'} {what}" for what in wrong(value, schema)] + list(within(value, schema, at))


def wrong(value: Any, schema: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the value itself."""
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"is no {kind}: {value!r}"
        return
    if value not in schema.get("enum", [value]):
        yield f"is none of {schema['enum']}: {value!r}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"does not match {schema['pattern']}: {value!r}"
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        yield "is too short"
    if isinstance(value, int) and value < schema.get("minimum", value):
        yield f"is too small: {value}"
    if isinstance(value, list) and not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"has {len(value)} items"
    if isinstance(value, list) and schema.get("uniqueItems") and any(value.count(item) > 1 for item in value):
        yield "has an item twice"
    for name in schema.get("required", ()) if isinstance(value, dict) else ():
        if name not in value:
            yield f"lacks {name}"


def within(value: Any, schema: dict[str, Any], at: str) -> Iterator[str]:
    """Yield what is wrong with what the value holds."""
    options = schema.get("anyOf")
    if options and all(problems(value, option, at) for option in options):
        yield f"{at or 'it'} is nothing of what it may be: {value!r}"
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from problems(item, schema["items"], f"{at}[{number}]")
    if isinstance(value, dict):
        rest = schema.get("additionalProperties", True)
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, rest)
            if inner is False:
                yield f"{at or 'it'} has an unknown {name}"
            elif inner is not True:
                yield from problems(item, inner, f"{at}.{name}")
