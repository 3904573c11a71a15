"""Slots: small numbers, each leased to one process of this user at a time, whatever test run it belongs to."""

from __future__ import annotations

import itertools
import os
import threading
from typing import TYPE_CHECKING

from hermetic.workers import identity
from hermetic.workers._locks import FileLock, try_acquire
from hermetic.workers._place import lease_folder
from hermetic.workers.errors import LeaseError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

SLOTS = 1000
# A Redis server has 16 databases unless told otherwise, and 0 is left alone. A worker whose number is larger than
# both this and the size of its run is a late replacement: counting on would use up what is scarce.
_FAMILIAR = 15


class _Lease:
    """The slot of this process, once it has one."""

    def __init__(self) -> None:
        self.guard = threading.RLock()
        self.slot: int | None = None
        self.lock: FileLock | None = None


_lease = _Lease()


def lease_slot() -> int:
    """Return the slot of this process, leased on the first call and held until the process ends.

    A forked child sees the slot of its parent, and does not keep it alive. Raises LeaseError when there is no slot,
    or nowhere to note it.
    """
    with _lease.guard:
        if _lease.slot is None:
            _lease.slot, _lease.lock = _first_free(lease_folder())
        return _lease.slot


def guard() -> AbstractContextManager[object]:
    """Keep the other threads of this process out of what is leased once for all of them."""
    return _lease.guard


def release_slot() -> None:
    """Let the slot go. The next call of `lease_slot` leases one again, in a forked child one of its own."""
    with _lease.guard:
        if _lease.lock is not None:
            _lease.lock.release()
        _lease.slot = _lease.lock = None


def _first_free(folder: str) -> tuple[int, FileLock]:
    """Lease the slot that equals the worker's own number, or else the lowest that is free."""
    own = identity.own_number()
    wanted = [own] if own < max(identity.worker_count(), _FAMILIAR) else []
    for slot in itertools.chain(wanted, range(SLOTS)):
        lock = try_acquire(os.path.join(folder, f"slot-{slot}.lock"))
        if lock is not None:
            return slot, lock
    raise LeaseError(
        f"all {SLOTS} slots in {folder} are leased to running processes; end test runs that hang, "
        "or give this run a folder of its own with HERMETIC_LEASE_DIR"
    )


def _renew_guard_in_child() -> None:
    # Another thread may have held it at the moment of the fork, and that thread is not here to let it go.
    _lease.guard = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_guard_in_child)
