"""What an expression means, however often it is asked."""

from __future__ import annotations

import ast

from hermetic.source.module import Module
from hermetic.source.names import resolve

SOURCE = b"""import os


def use():
    table = os.environ
    return table
"""


def test_a_name_that_was_asked_for_early_means_what_the_function_binds_once_it_is_walked() -> None:
    module = Module("test_it.py", SOURCE)
    function = module.top.functions[0]
    returned = function.node.body[-1].value  # type: ignore[attr-defined]

    early = resolve(function, returned)
    module.load(function)

    assert isinstance(returned, ast.Name)
    assert early == "table"
    assert [resolve(function, returned), resolve(function, returned)] == ["os.environ", "os.environ"]
