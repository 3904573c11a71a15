"""What can go wrong when a worker asks for something of its own. Each message says what to type next."""

from __future__ import annotations


class WorkerResourceError(RuntimeError):
    """A worker cannot have what it asked for; the message says why, and what to do."""


class LeaseError(WorkerResourceError):
    """No lease can be had: the folder of the leases cannot be used, or everything is leased."""


class ExhaustedError(WorkerResourceError):
    """The machine or the server has fewer of these than there are workers."""


class ForeignDataError(WorkerResourceError):
    """What would be emptied holds data that no test run has left there."""


class MissingServerError(WorkerResourceError):
    """Nobody said where the server is."""


class MissingLibraryError(ImportError, WorkerResourceError):
    """An optional library is not installed; the message names the extra to install."""
