"""Modules of the standard library that a bare start of pytest has loaded, or a usual plugin of it."""

from __future__ import annotations

LOADED = frozenset({
    "abc", "argparse", "array", "ast", "asyncio", "atexit", "base64", "bdb", "binascii", "bisect", "builtins", "bz2",
    "calendar", "cmd", "code", "codecs", "codeop", "collections", "concurrent", "contextlib", "contextvars", "copy",
    "copyreg", "csv", "ctypes", "dataclasses", "datetime", "decimal", "difflib", "dis", "email", "encodings", "enum",
    "errno", "faulthandler", "fcntl", "fnmatch", "fractions", "functools", "gc", "genericpath", "getpass", "gettext",
    "glob", "grp", "hashlib", "heapq", "hmac", "html", "importlib", "inspect", "io", "ipaddress", "itertools", "json",
    "keyword", "linecache", "locale", "logging", "lzma", "marshal", "math", "mimetypes", "multiprocessing", "ntpath",
    "numbers", "opcode", "operator", "os", "pathlib", "pdb", "pickle", "pkgutil", "platform", "posix", "posixpath",
    "pprint", "pwd", "py_compile", "pyexpat", "queue", "quopri", "random", "re", "readline", "reprlib", "resource",
    "runpy", "secrets", "select", "selectors", "shlex", "shutil", "signal", "site", "socket", "sqlite3", "ssl", "stat",
    "statistics", "string", "stringprep", "struct", "subprocess", "sys", "sysconfig", "tempfile", "textwrap",
    "threading", "time", "timeit", "token", "tokenize", "tomllib", "traceback", "tracemalloc", "types", "typing",
    "unicodedata", "unittest", "urllib", "uuid", "warnings", "weakref", "xml", "zipfile", "zipimport", "zlib",
})  # fmt: skip
