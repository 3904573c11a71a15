"""The kinds of containers: how they are written out and made, and which methods change them."""

from __future__ import annotations

import _ast as ast

DICT, LIST, SET, TUPLE, OBJECT = "dict", "list", "set", "tuple", "object"
LITERALS: dict[type, str] = {
    ast.Dict: DICT, ast.DictComp: DICT, ast.List: LIST, ast.ListComp: LIST, ast.Set: SET, ast.SetComp: SET,
    ast.Tuple: TUPLE,
}  # fmt: skip
MAKERS = {
    "dict": DICT, "dict.fromkeys": DICT, "collections.defaultdict": DICT, "collections.OrderedDict": DICT,
    "collections.Counter": DICT, "collections.UserDict": DICT, "json.load": DICT, "json.loads": DICT,
    "tomllib.load": DICT, "tomllib.loads": DICT, "dataclasses.asdict": DICT, "os.environ.copy": DICT,
    "list": LIST, "sorted": LIST, "collections.deque": LIST, "collections.UserList": LIST, "bytearray": LIST,
    "set": SET, "types.SimpleNamespace": OBJECT, "argparse.Namespace": OBJECT,
}  # fmt: skip
METHODS = {
    DICT: frozenset({
        "update", "pop", "popitem", "setdefault", "clear", "move_to_end", "subtract", "__setitem__", "__delitem__",
        "__ior__",
    }),
    LIST: frozenset({
        "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "appendleft", "extendleft",
        "popleft", "rotate", "__setitem__", "__delitem__", "__iadd__",
    }),
    SET: frozenset({
        "add", "update", "discard", "remove", "pop", "clear", "difference_update", "intersection_update",
        "symmetric_difference_update", "__ior__", "__iand__", "__isub__", "__ixor__",
    }),
}  # fmt: skip
ALL_METHODS = tuple(sorted(METHODS[DICT] | METHODS[LIST] | METHODS[SET]))
