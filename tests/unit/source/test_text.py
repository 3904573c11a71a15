"""What is looked for in a file as text."""

from __future__ import annotations

import pytest

from hermetic.source.text import WORDS, Text, has_word, needles

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


TOKENS = (b"load", b".load(", b"import load", b"load_all.load(", b"] = ", b"# ")
HOLDING = {
    "a word": (b"x = load", {b"load"}),
    "a part of a word": (b"x = reloads", {b"load"}),
    "a call": (b"shop.load()", {b"load", b".load("}),
    "a call of a longer name": (b"shop.loads()", {b"load"}),
    "two words, side by side": (b"import loader", {b"load", b"import load"}),
    "two words, the other way round": (b"load = 'import'", {b"load"}),
    "the longest word alone": (b"x.load_all", {b"load"}),
    "all of a long one": (b"x.load_all.load()", {b"load", b".load(", b"load_all.load("}),
    "signs without a word": (b"x[1] = 2  # \n", {b"] = ", b"# "}),
    "words in other letters": ("importé = loadé".encode(), {b"load"}),
    "nothing": (b"", set()),
}


@pytest.mark.parametrize("name", HOLDING)
def test_a_token_is_held_where_its_bytes_stand(name: str) -> None:
    data, held = HOLDING[name]
    at_once = Text("a.py", data)
    at_once.look_for(needles(TOKENS))

    assert {token for token in TOKENS if token in data} == held
    assert {token for token in TOKENS if at_once.holds((token,))} == held
    assert {token for token in TOKENS if Text("a.py", data).holds((token,))} == held


BY_CHANCE = {
    "the licence": (b"# you can redistribute it\n# Redistribution is permitted\n", False),
    "the licence and a client": (b"# you can redistribute it\nfrom redis import Redis\n", True),
    "a longer name": (b"redis_client = connect()\n", True),
}


@pytest.mark.parametrize("name", BY_CHANCE)
def test_a_licence_is_no_token_of_redis(name: str) -> None:
    data, held = BY_CHANCE[name]
    at_once = Text("a.py", data)
    at_once.look_for(needles((b"redis", b"Redis")))

    assert at_once.holds((b"redis", b"Redis")) is held
    assert Text("a.py", data).holds((b"redis", b"Redis")) is held
    assert (b"redistribute" in at_once.words) is (b"redistribute" in data)


@pytest.mark.parametrize("first", ["words", "word_set"])
def test_every_word_is_there_once(first: str) -> None:
    text = Text("a.py", b"a.b(b, 'a c')\n")
    getattr(text, first)

    assert text.word_set == {b"a", b"b", b"c"}
    assert sorted(text.words.split()) == [b"a", b"b", b"c"]
