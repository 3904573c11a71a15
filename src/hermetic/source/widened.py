"""Which tokens lead a rule into a file: its own, and the names that the file gives to what holds one."""

from __future__ import annotations

from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.scope import Binding


def widened(module: Module, tokens: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the tokens, and the names that the file's top level binds on a line that holds one of them."""
    if not tokens:
        return tokens
    bound = module.top.memo.get("bound")
    if bound is None:
        bound = module.top.memo["bound"] = list(bound_at_import(module))
        module.top.memo["bound text"] = b"\n".join(text for _, text in bound)
    if not contains(module.top.memo["bound text"], tokens):
        return tokens
    return (*tokens, *(name for name, text in bound if contains(text, tokens)))


def bound_at_import(module: Module) -> Iterator[tuple[bytes, bytes]]:
    """Yield each name that the module or a class body binds, with the text of the line that binds it."""
    lines = module.lines
    for scope in (module.top, *module.top.classes):
        for name, bindings in scope.bindings.items():
            for binding in bindings:
                if binding.kind in ("import", "assign"):
                    yield name.encode(), lines[binding.line - 1] + b" " + imported_name(binding)


def imported_name(binding: Binding) -> bytes:
    """Return the dotted name that an import binds (the statement may spell it on a later line), b"" for others."""
    return str(binding.value).encode() if binding.kind == "import" else b""
