"""HRM304: a test starts a patch, and the next one still has the mock."""

from unittest.mock import patch

import shop


# pattern: a patch for one test [HRM304]
def test_patches_pattern():
    with patch("shop.price", return_value=0):
        assert shop.price("tea") == 0


# end of pattern


def test_patches_after_pattern():
    assert shop.price("tea") == 4


def test_patches_polluter():
    patch("shop.price", return_value=0).start()  # leak HRM304
    assert shop.price("tea") == 0


def test_patches_victim():
    assert shop.price("tea") == 4
