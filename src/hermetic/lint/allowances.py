"""`@pytest.mark.hermetic(allow=["HRM101"])`: what the plugin allows a test to do, the linter allows as well."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast

    from hermetic.finding import Finding
    from hermetic.source.text import Text

MARK = b"mark.hermetic"


class Allowance:
    """A mark: the first and the last line that it speaks for, and the codes."""

    __slots__ = ("codes", "first", "last")

    def __init__(self, first: int, last: int, codes: frozenset[str]) -> None:
        self.first = first
        self.last = last
        self.codes = codes

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is what the mark allows."""
        return finding.code in self.codes and self.first <= (finding.line or 0) <= self.last


def read(text: Text) -> list[Allowance]:
    """Return the marks of functions and classes, and those of the whole file in `pytestmark`."""
    if MARK not in text.data:
        return []
    import ast  # noqa: PLC0415 - only for files that hold the mark

    try:
        tree = ast.parse(text.data)
    except (SyntaxError, ValueError):
        return []  # a finding of its own
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            last = node.end_lineno or node.lineno
            found += [Allowance(node.lineno, last, codes_of(decorator)) for decorator in node.decorator_list]
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "pytestmark" for target in node.targets):
            marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            found += [Allowance(1, len(text.lines), codes_of(mark)) for mark in marks]
    return found


def codes_of(mark: ast.expr) -> frozenset[str]:
    """Return the codes of a mark, none for any other expression; what cannot be read is the plugin's to refuse."""
    import ast  # noqa: PLC0415 - as above

    if not isinstance(mark, ast.Call) or not ast.unparse(mark.func).endswith(MARK.decode()):
        return frozenset()
    given = [keyword.value for keyword in mark.keywords if keyword.arg == "allow"]
    return frozenset(
        item.value
        for value in given
        if isinstance(value, ast.List | ast.Tuple | ast.Set)
        for item in value.elts
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    )
