"""The usage lines that are written by hand, since argparse does not know what follows `--`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.cli import audit, hunt, verify

if TYPE_CHECKING:
    from types import ModuleType


@pytest.mark.parametrize("command", [audit, hunt, verify])
def test_the_usage_line_names_each_option(command: ModuleType) -> None:
    parser = command.parser()
    usage, _, options = parser.format_help().partition("\n\n")
    listed = [line.split()[0].strip(",") for line in options.splitlines() if line.startswith("  --")]

    assert listed
    assert [option for option in listed if option not in usage] == []
