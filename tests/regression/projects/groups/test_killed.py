"""A worker dies, after its first tests have left something."""

import os


def test_killed():
    os._exit(1)


def test_left_later():
    os.environ["LATER"] = "left"  # leak HRM101
