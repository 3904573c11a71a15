"""`@pytest.mark.hermetic(allow=["HRM101"])`: what the plugin allows a test to do, the linter allows as well."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast

    from hermetic.finding import Finding
    from hermetic.source.module import Module

TOKEN = b".hermetic("
MARK = "pytest.mark.hermetic"


class Allowance:
    """What a function is allowed by the marks on it, its classes and its file: its lines, and the codes."""

    __slots__ = ("codes", "first", "last")

    def __init__(self, first: int, last: int, codes: frozenset[str]) -> None:
        self.first = first
        self.last = last
        self.codes = codes

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is what the mark allows."""
        return finding.code in self.codes and self.first <= (finding.line or 0) <= self.last


def read(module: Module) -> list[Allowance]:
    """Return what the functions of a file are allowed."""
    if TOKEN not in module.data:
        return []
    from hermetic.source.marks import marks_of

    found = []
    for function in module.top.functions:
        codes = [code for name, mark in marks_of(function) if name == MARK for code in codes_of(mark)]
        if codes:
            found.append(Allowance(function.line, function.last_line, frozenset(codes)))
    return found


def codes_of(mark: ast.expr) -> list[str]:
    """Return the codes that a mark names; what cannot be read here is the plugin's to refuse."""
    given = [keyword.value for keyword in getattr(mark, "keywords", ()) if keyword.arg == "allow"]
    return [str(getattr(item, "value", "")) for value in given for item in getattr(value, "elts", ())]
