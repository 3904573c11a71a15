"""The words of a name."""

from __future__ import annotations

import pytest

from hermetic.source.name_words import CACHED, COUNT, speaks_of, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("TaxCache", {"tax", "cache"}),
        ("tax_cache", {"tax", "cache"}),
        ("TAX_CACHE2", {"tax", "cache"}),
        ("_seen", {"seen"}),
        ("__", set()),
        ("nextID", {"next", "id"}),
    ],
)
def test_a_name_has_words(name: str, words: set[str]) -> None:
    assert words_of(name) == words


def test_a_word_within_another_does_not_count() -> None:
    assert speaks_of("price_cache", CACHED)
    assert not speaks_of("cachet", CACHED)
    assert speaks_of("last_id", COUNT)
    assert not speaks_of("width", COUNT)
