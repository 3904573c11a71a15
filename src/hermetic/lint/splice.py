"""Put edits into the bytes of a file."""

from __future__ import annotations

from hermetic.repair.layout import encoding_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.finding import Edit, Finding


def spliced(data: bytes, findings: Iterable[Finding]) -> tuple[bytes, list[Finding]]:
    """Return the file with the fixes of findings, and the findings whose fix is in it.

    A fix goes in as a whole or not at all: one that overlaps with an earlier one is left for the next round. Two that
    make the same edit, as those that need the same parameter do, share it.
    """
    taken: dict[tuple[int, int, str], Edit] = {}
    done: list[Finding] = []
    for item in sorted(findings, key=first_edit):
        edits = {edit.key: edit for edit in item.fix.edits} if item.fix is not None else {}
        new = [edit for key, edit in edits.items() if key not in taken]
        if edits and not any(overlap(edit, other) for edit in new for other in taken.values()):
            taken.update((edit.key, edit) for edit in new)
            done.append(item)
    encoding = encoding_of(data)
    for edit in reversed(sorted(taken.values(), key=lambda edit: (edit.start, edit.end))):  # noqa: C413 - the first of two at one place stays the first
        data = data[: edit.start] + edit.text.encode(encoding) + data[edit.end :]
    return data, done


def first_edit(item: Finding) -> tuple[int, int]:
    """Return where the first edit of a finding's fix starts, and where the finding stands."""
    return (min((edit.start for edit in item.fix.edits), default=0) if item.fix is not None else 0, item.line)


def overlap(one: Edit, other: Edit) -> bool:
    """Tell whether two edits touch the same bytes, or put something at the same place."""
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


def is_sound(data: bytes, path: str) -> bool:
    """Tell whether Python compiles a file."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
