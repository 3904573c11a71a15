"""By which names what patches is known: `mock.patch` in all its forms, and pytest's `monkeypatch`."""

from __future__ import annotations


def is_patch(name: str) -> bool:
    """Tell whether a dotted name is `mock.patch` or one of its forms, pytest-mock's too."""
    head = name.removesuffix(".dict").removesuffix(".object").removesuffix(".multiple")
    return head.endswith(".mock.patch") or (head.startswith("@") and head.endswith("mocker.patch"))


def is_monkeypatch(name: str) -> bool:
    """Tell whether a dotted name is a `MonkeyPatch` object."""
    bare = name.removesuffix("<with>").removesuffix("()")
    return bare.startswith(("@monkeypatch", "@mp")) or "MonkeyPatch" in bare or bare.endswith("monkeypatch")
