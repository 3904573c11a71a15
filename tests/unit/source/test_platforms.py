"""Conditions about the platform, answered for this one."""

from __future__ import annotations

import ast
import os
import sys

import pytest

from hermetic.source.platforms import holds_here

SPELLINGS = [
    f"sys.platform == {sys.platform!r}",
    f"{sys.platform!r} != sys.platform or sys.platform == {sys.platform!r}",
    f"sys.platform in ('x', {sys.platform!r})",
    f"sys.platform.startswith({sys.platform[:3]!r})",
    f"sys.platform.startswith(('x', {sys.platform[:3]!r}))",
    "not sys.platform.startswith('riscos')",
    f"os.name == {os.name!r}",
    "os.name != 'riscos'",
    "sys.version_info >= (3, 8)",
    "sys.version_info[:2] > (3, 2)",
    "sys.version_info[0] == 3",
    "sys.version_info.major == 3",
    "not sys.version_info < (3,)",
    "PY3",
    "not PY2",
    "not compat.IS_PY2",
    "sys.version_info > (3,) and not PY2",
    f"platform.is_darwin() is {sys.platform == 'darwin'}"[: 20 * (sys.platform == "darwin")]
    or "not platform.is_darwin()",
]
OPEN = [
    "x",
    "sys.platform == other",
    "has_numpy()",
    "sys.argv[1] == 'x'",
    "x and PY3",
    "len(sys.platform)",
    "a < b < c",
]


@pytest.mark.parametrize("condition", SPELLINGS)
def test_a_condition_that_holds_here_is_known_to(condition: str) -> None:
    assert holds_here(ast.parse(condition, mode="eval").body) is True


@pytest.mark.parametrize("condition", SPELLINGS)
def test_its_opposite_is_known_not_to(condition: str) -> None:
    assert holds_here(ast.parse(f"not ({condition})", mode="eval").body) is False


@pytest.mark.parametrize("condition", OPEN)
def test_other_conditions_are_open(condition: str) -> None:
    assert holds_here(ast.parse(condition, mode="eval").body) is None
