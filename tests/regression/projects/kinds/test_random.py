"""HRM108: a test seeds the global generator, and what the next one draws can be guessed."""

import random

import shop


def can_be_guessed(drawn):
    known = random.Random(7)
    return drawn in [shop.coupon(known) for _ in range(10)]


# pattern: numbers that are known beforehand, for one test [HRM108]
def test_random_pattern():
    generator = random.Random(7)
    assert can_be_guessed(shop.coupon(generator))


# end of pattern


def test_random_after_pattern():
    assert not can_be_guessed(shop.coupon())


def test_random_polluter():
    random.seed(7)  # leak HRM108
    assert can_be_guessed(shop.coupon())


def test_random_victim():
    assert not can_be_guessed(shop.coupon())
