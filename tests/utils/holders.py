"""Processes that run some code, say what came of it, and then live on until they are told to end, or are killed."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60  # seconds
SOURCE = Path(__file__).parents[2] / "src"
# What the code leaves in `said` is reported; errors by kind and text.
FRAME = """
import json, os, sys, time
from hermetic import workers
try:
{code}
except workers.WorkerResourceError as error:
    said = {{"error": type(error).__name__, "message": str(error)}}
print(json.dumps(said), flush=True)
sys.stdin.readline()
"""


def environment(leases: Path, **variables: str) -> dict[str, str]:
    """What a process needs to lease in a folder of its own, whoever is running this test."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "HERMETIC"))}
    return {**inherited, "PYTHONPATH": str(SOURCE), "HERMETIC_LEASE_DIR": str(leases), **variables}


class Holder:
    """One such process; `said` is what its code has left there."""

    def __init__(self, code: str, env: dict[str, str], **options: Any) -> None:
        indented = textwrap.indent(textwrap.dedent(code), "    ")
        self.process = subprocess.Popen(
            [sys.executable, "-c", FRAME.format(code=indented)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )

    @property
    def said(self) -> Any:
        if not hasattr(self, "_said"):
            assert self.process.stdout is not None
            readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            assert readable, f"said nothing for {PATIENCE} seconds"
            self._said = json.loads(self.process.stdout.readline())
        return self._said

    def end(self) -> None:
        """Let it come to its end, and wait for that."""
        self.process.communicate("\n")

    def kill(self) -> None:
        """End it with SIGKILL, once it has said its word."""
        assert self.said is not None
        self.process.kill()
        self.process.communicate()


@contextmanager
def holding(*codes: str, env: dict[str, str], **options: Any) -> Iterator[list[Holder]]:
    """Start processes at the same time; whatever happens, none outlives the block."""
    holders = [Holder(code, env, **options) for code in codes]
    try:
        yield holders
    finally:
        for holder in holders:
            if holder.process.poll() is None:
                holder.process.kill()
            holder.process.communicate()


def say(code: str, env: dict[str, str], **options: Any) -> Any:
    """Run code in a process that ends at once, and return what it said."""
    with holding(code, env=env, **options) as (holder,):
        said = holder.said
        holder.end()
        return said
