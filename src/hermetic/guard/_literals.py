"""Whether a number is written out in code that ran, and where: a port that is fixed, not one that was found free."""

from __future__ import annotations

import dis
import types
from typing import TYPE_CHECKING, Any

from hermetic.guard.places import MACHINE, USER, whose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import CodeType, FrameType

DEEPEST = 60  # frames
# Several instructions hold a constant, and newer interpreters have more of them: one that returns it at once, for one.
CONSTANTS = {*dis.hasconst, dis.opmap.get("LOAD_SMALL_INT")}


def users_frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of the project's code at and above a frame."""
    for _ in range(DEEPEST):
        if frame is None:
            return
        if whose(frame.f_code.co_filename) == USER:
            yield frame
        frame = frame.f_back


def by_machine(frame: FrameType | None) -> bool:
    """Tell whether pytest or hermetic itself does something, on behalf of the project or not."""
    while frame is not None and whose(frame.f_code.co_filename) != USER:
        if whose(frame.f_code.co_filename) == MACHINE:
            return True
        frame = frame.f_back
    return False


def holds(value: Any, number: int) -> bool:
    """Tell whether a constant is a number, has it among its parts, or names it as a port: `localhost:8080`."""
    if type(value) is int:
        return value == number
    if type(value) is str:
        return value == str(number) or value.partition("/")[0].endswith(f":{number}") or f":{number}/" in value
    return type(value) in {tuple, list, frozenset} and any(holds(part, number) for part in value)


def in_code(code: CodeType, number: int) -> bool:
    """Tell whether a function has a number among its constants, and does not count up from it."""
    return "range" not in code.co_names and any(holds(value, number) for value in code.co_consts)


def in_names(names: Mapping[str, object], number: int) -> bool:
    """Tell whether a module or class binds a name to a number, or gives it to a function of its own as a default."""
    return any(
        holds(value, number) or (type(value) is types.FunctionType and in_defaults(value, number))
        for value in list(names.values())
    )


def in_defaults(function: types.FunctionType, number: int) -> bool:
    """Tell whether a number is the default of an argument."""
    return any(
        holds(value, number) for value in (function.__defaults__ or (), *(function.__kwdefaults__ or {}).values())
    )


def in_module(names: Mapping[str, object], number: int) -> bool:
    """Tell whether a module, or a class that it holds, binds a name to a number."""
    classes = [value for value in list(names.values()) if isinstance(value, type)]
    own = [one for one in classes if one.__module__ == names.get("__name__")]
    return in_names(names, number) or any(in_names(vars(one), number) for one in own)


def line_in(codes: Iterable[CodeType], number: int) -> tuple[str, int, str] | None:
    """Return the file, line and function in which a number is written out."""
    for code in codes:
        if not in_code(code, number):
            continue
        for instruction in dis.get_instructions(code):
            if instruction.opcode in CONSTANTS and holds(instruction.argval, number):
                found = instruction.positions.lineno if instruction.positions is not None else None
                return code.co_filename, found or code.co_firstlineno, code.co_name
    return None
