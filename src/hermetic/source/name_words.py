"""What the words of a name say that it is for: to be filled, to count, or to say that something was done."""

from __future__ import annotations

CACHED = frozenset({"cache", "caches", "cached", "memo", "memos", "memoized", "lru", "interned"})
MEMO = CACHED | frozenset({
    "pool", "pools", "seen", "compiled", "warned", "instances", "counter", "counters", "lazy", "stats", "lock", "locks",
    "threadlocal",
})  # fmt: skip
DONE = frozenset({
    "init", "inited", "initialized", "initialised", "ready", "loaded", "setup", "configured", "warned", "done",
    "started", "registered", "installed", "patched", "imported", "checked",
})  # fmt: skip
COUNT = frozenset({
    "count", "counts", "next", "last", "seq", "sequence", "serial", "number", "total", "version", "id", "ids", "uid",
    "index", "hits", "misses", "calls", "created", "time", "timestamp",
})  # fmt: skip


def words_of(name: str) -> set[str]:
    """Return the words of a name, in lower case: `TaxCache`, `tax_cache` and `tax_cache2` have the same two."""
    found, current = set(), ""
    for sign in name:
        if not sign.isalpha() or (sign.isupper() and current and not current[-1].isupper()):
            found.add(current.lower())
            current = ""
        current += sign if sign.isalpha() else ""
    return {*found, current.lower()} - {""}


def speaks_of(name: str, words: frozenset[str]) -> bool:
    """Tell whether one of the words that a name consists of is one of `words`."""
    return not words.isdisjoint(words_of(name))
