"""Repair what can be repaired: splice, compile, check again, and keep only what has helped."""

from __future__ import annotations

from collections import Counter

from hermetic.lint.splice import is_sound, spliced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hermetic.finding import Finding

    # Checks with some files taken as given instead of as they are on disk; without paths, all that the run is about.
    Check = Callable[[Mapping[str, bytes], list[str]], list[Finding]]
    Key = tuple[str, str, str]

ROUNDS = 6  # a fix that overlaps with another one waits for the next


class Repaired:
    """What a run would change: `files` maps paths to the bytes before and after.

    `fixed` are the findings that are gone by that, `refused` those whose fix did not help, and `left` what a check of
    the repaired files still finds.
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, bytes]] = {}
        self.fixed: list[Finding] = []
        self.refused: list[Finding] = []
        self.left: list[Finding] = []


class Repairer:
    """Applies fixes to files in memory. `unsafe`: also those that somebody has to look at."""

    def __init__(self, check: Check, read: Callable[[str], bytes | None], *, unsafe: bool = False) -> None:
        self.check = check
        self.read = read
        self.unsafe = unsafe
        self.held: dict[str, bytes] = {}
        self.refused: set[Key] = set()
        self.done = Repaired()

    def run(self) -> Repaired:
        """Return what the repaired files look like, and what is left to find in them."""
        findings = self.check({}, [])
        for _ in range(ROUNDS):
            batch = self.batch(findings)
            if not batch:
                break
            findings = self.round(findings, batch)
        self.done.left = findings
        for path, after in self.held.items():
            before = self.read(path)
            if before is not None and before != after:
                self.done.files[path] = (before, after)
        return self.done

    def batch(self, findings: Iterable[Finding]) -> dict[str, list[Finding]]:
        """Return the findings with a fix that is wanted and was not refused, by file."""
        found: dict[str, list[Finding]] = {}
        for item in findings:
            if item.fix is not None and (item.fix.safe or self.unsafe) and key_of(item) not in self.refused:
                found.setdefault(item.path, []).append(item)
        return found

    def round(self, findings: list[Finding], batch: dict[str, list[Finding]]) -> list[Finding]:
        """Apply the fixes of all files at once; where something is wrong then, apply that file's one by one."""
        after, done = self.spliced(batch)
        found = self.check({**self.held, **after}, [])
        wrong = wrong_files(findings, found, done)
        elsewhere = wrong - set(done)  # a conftest can bring a finding to any file
        wrong = set(batch) if elsewhere else wrong | (set(batch) - set(done))
        if not wrong:
            return self.accept(after, done, found)
        self.held |= {path: data for path, data in after.items() if path not in wrong}
        self.done.fixed += [item for path, items in done.items() if path not in wrong for item in items]
        for path in sorted(wrong):
            self.one_by_one(path, batch[path], [] if elsewhere else [path])
        return self.check(self.held, [])

    def accept(self, after: dict[str, bytes], done: dict[str, list[Finding]], found: list[Finding]) -> list[Finding]:
        """Keep a round as it is."""
        self.held |= after
        self.done.fixed += [item for items in done.values() for item in items]
        return found

    def spliced(self, batch: dict[str, list[Finding]]) -> tuple[dict[str, bytes], dict[str, list[Finding]]]:
        """Return the files with their fixes, and the findings that these are for; without files that do not compile."""
        after: dict[str, bytes] = {}
        done: dict[str, list[Finding]] = {}
        for path, items in batch.items():
            data, taken = spliced(self.current(path), items)
            if taken and is_sound(data, path):
                after[path], done[path] = data, taken
        return after, done

    def one_by_one(self, path: str, items: list[Finding], paths: list[str]) -> None:
        """Apply the fixes of a file each alone, and refuse those that leave what they repair or bring anything new.

        `paths` are the files in which something new may be, all without any.
        """
        for _ in items:
            before = self.check(self.held, paths)
            wanted = self.batch(item for item in before if item.path == path).get(path, [])
            if not wanted:
                break
            item = wanted[0]
            data, _ = spliced(self.current(path), [item])
            if is_sound(data, path):
                found = self.check({**self.held, path: data}, paths)
                if not wrong_files(before, found, {path: [item]}):
                    self.held[path] = data
                    self.done.fixed.append(item)
                    continue
            self.refused.add(key_of(item))
            self.done.refused.append(item)

    def current(self, path: str) -> bytes:
        """Return a file as the rounds so far have left it."""
        return self.held[path] if path in self.held else self.read(path) or b""


def wrong_files(before: Iterable[Finding], after: Iterable[Finding], done: Mapping[str, list[Finding]]) -> set[str]:
    """Return the files in which something is found that should be gone, or that was not there before."""
    expected = Counter(map(key_of, before))
    expected.subtract(key_of(item) for items in done.values() for item in items)
    return {path for path, _, _ in (Counter(map(key_of, after)) - expected)}


def key_of(item: Finding) -> tuple[str, str, str]:
    """Return what a finding is known by when its line moves: the numbers of lines in its message do not count."""
    parts = item.message.split(":")
    return (item.path, item.code, ":".join(part.lstrip("0123456789") if part[:1].isdigit() else part for part in parts))
