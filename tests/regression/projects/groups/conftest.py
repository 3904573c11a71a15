"""A printer that notes who has printed: tests that share one have to run on the same worker."""

import pytest


class Printer:
    """Prints one page after the other."""

    def __init__(self, note):
        self.note = note

    def prints(self, page):
        """Tell whether a page has come out."""
        self.note(page=page)
        return True


@pytest.fixture
def printer(note):
    return Printer(note)
