"""What is looked for in a file as text."""

from __future__ import annotations

import pytest

from hermetic.source.text import WORDS, has_word

TEXTS = {
    "alone": (b"load", True),
    "called": (b"x = load()", True),
    "an attribute": (b"shop.load\n", True),
    "in a string": (b"'load'", True),
    "the end of a longer one": (b"reload()", False),
    "the start of a longer one": (b"loads(load_all)", False),
    "behind a longer one": (b"reload(loads, load)", True),
    "twice in one": (b"loadload", False),
    "beside a digit": (b"load2", False),
    "beside another letter": ("loadé".encode(), False),
    "nowhere": (b"lo ad", False),
    "in nothing": (b"", False),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_word_is_found_where_it_is_no_part_of_a_longer_one(name: str) -> None:
    text, there = TEXTS[name]

    assert has_word(text, b"load") is there
    assert (b"load" in text.translate(WORDS).split()) is there
