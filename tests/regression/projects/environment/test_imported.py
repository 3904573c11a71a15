"""A test file that writes when it is imported: before any test of any file runs."""

import os

os.environ["IMPORTED"] = "yes"


def test_imported():
    pass
