"""Check files in several processes: each takes the next share of them until none is left.

What comes out is what one process finds: the results of a file do not depend on the files before it, and they are put
together in the order of the files; rules that compare files wait for the one that asked. Where a process dies, its
files are checked again by that one.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from hermetic.finding import Finding
    from hermetic.lint.suppressions import Comments

    Message = tuple[int, list["Result"], Any]  # the number of a share, its results, and what else the process tells

FEWEST = 40  # files: below this, to start processes costs more than they save
PER_PROCESS = 8  # shares: the last ones should be small, and neighbours stay together, since they import the same
SIZE = 4  # bytes of a number that is sent


class Result:
    """What came of one file: its findings, its comments and marks, why it is no test data, and what failed there.

    `waiting` are the codes of rules that one process has to run over all of their files; `uncollected` tells whether
    findings were left out, since pytest cannot import the file.
    """

    __slots__ = ("comments", "data", "failures", "findings", "uncollected", "waiting")

    def __init__(  # noqa: PLR0913 - a record: one argument for each of its fields
        self,
        findings: list[Finding],
        comments: Comments | None,
        data: Finding | None,
        failures: list[str],
        waiting: Iterable[str] = (),
        *,
        uncollected: bool = False,
    ) -> None:
        self.findings = findings
        self.comments = comments
        self.data = data
        self.failures = failures
        self.waiting = list(waiting)
        self.uncollected = uncollected


def processes(jobs: int, paths: list[str]) -> int:
    """Return how many processes are worth it: `jobs`, or for 0 as many as there are processors."""
    if not hasattr(os, "fork") or (not jobs and len(paths) < FEWEST):
        return 1
    return min(jobs or processors(), len(paths)) or 1


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def results(
    paths: list[str],
    check: Callable[[str], Result],
    jobs: int,
    progress: Callable[[int, int], None] | None,
    telling: tuple[Callable[[], Any], Callable[[Any], None]] = (lambda: None, lambda _: None),
) -> Iterator[Result]:
    """Yield what came of each file, in their order; `progress` is told (done, total).

    `telling` is asked in another process after each share what else there is to tell, and is given that in this one.
    """
    tell, hear = telling
    done: dict[int, list[Result]] = {}
    shares = divided(paths, jobs * PER_PROCESS)
    if jobs > 1:
        for number, found, told in in_processes(shares, check, jobs, tell):
            done[number] = found
            hear(told)
            if progress is not None:
                progress(sum(map(len, done.values())), len(paths))
    count = 0
    for number, share in enumerate(shares):
        known = done.get(number)
        for place, path in enumerate(share):
            yield known[place] if known is not None else check(path)
            count += 1
            if progress is not None and known is None:
                progress(count, len(paths))


def divided(paths: list[str], number: int) -> list[list[str]]:
    """Return neighbouring files in shares of about as many bytes."""
    sizes = [size_of(path) for path in paths]
    most = max(1, sum(sizes) // max(1, number))
    shares: list[list[str]] = []
    filled = most
    for path, size in zip(paths, sizes, strict=True):
        if filled >= most:
            shares.append([])
            filled = 0
        shares[-1].append(path)
        filled += size
    return shares


def size_of(path: str) -> int:
    """Return how large a file is; one that cannot be looked at costs next to nothing."""
    try:
        return os.stat(path).st_size + 1
    except (OSError, ValueError):
        return 1


def in_processes(
    shares: list[list[str]], check: Callable[[str], Result], jobs: int, tell: Callable[[], Any]
) -> Iterator[Message]:
    """Yield what each share's process sends, as it comes; a share that was lost is left out."""
    import select
    import signal

    numbers, feed = os.pipe()
    os.write(feed, b"".join(number.to_bytes(SIZE, "big") for number in range(len(shares))))
    os.close(feed)
    children: dict[int, int] = {}  # where its results come from -> its process
    waiting: dict[int, bytes] = {}
    try:
        for _ in range(jobs):
            source, process = started(numbers, shares, check, tell)
            children[source], waiting[source] = process, b""
        while waiting:
            for source in select.select(list(waiting), [], [])[0]:
                data = os.read(source, 1 << 16)
                waiting[source] += data
                whole, waiting[source] = messages(waiting[source])
                yield from whole
                if not data:
                    del waiting[source]
    finally:
        os.close(numbers)
        for source, process in children.items():
            os.close(source)
            if waiting:  # it is left early: nobody wants the rest
                os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def started(
    numbers: int, shares: list[list[str]], check: Callable[[str], Result], tell: Callable[[], Any]
) -> tuple[int, int]:
    """Start a process that works off shares; return where its results come from, and its number."""
    source, sink = os.pipe()
    process = os.fork()
    if process:
        os.close(sink)
        return source, process
    try:  # from here on in the other process, which must never come back
        import pickle

        while number := os.read(numbers, SIZE):
            place = int.from_bytes(number, "big")
            data = pickle.dumps((place, [check(path) for path in shares[place]], tell()))
            send(sink, len(data).to_bytes(SIZE, "big") + data)
    finally:
        os._exit(0)


def send(sink: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(sink, data) :]


def messages(data: bytes) -> tuple[list[Message], bytes]:
    """Return the whole messages in what has come so far, and the rest."""
    import pickle

    found = []
    while len(data) >= SIZE and len(data) >= (end := SIZE + int.from_bytes(data[:SIZE], "big")):
        found.append(pickle.loads(data[SIZE:end]))  # noqa: S301 - written by our own child, into our own pipe
        data = data[end:]
    return found, data
