"""Glob patterns for file names."""

from __future__ import annotations


def matches(name: str, pattern: str) -> bool:
    """Match one glob pattern; the two common shapes need no regular expressions, whose import takes 5 ms."""
    head, star, tail = pattern.partition("*")
    rest = head + tail
    if not ("*" in tail or "?" in rest or "[" in rest):
        if not star:
            return name == pattern
        return len(name) >= len(rest) and name.startswith(head) and name.endswith(tail)
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern)
