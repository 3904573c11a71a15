"""What child processes see."""

import os

from hermetic.workers import isolated_environment


def test_writes_for_children():
    os.environ["INHERITED"] = "yes"


def test_child_of_the_next_test(child, note):
    note(child=child("INHERITED"))


# pattern: an environment for the programs that one block starts [HRM101]
def test_lends_to_children(child):
    with isolated_environment(LENT="yes", POPPED=None):
        assert child("LENT") == "yes"
        assert child("POPPED") is None


# end of pattern


def test_child_after_lending(child, note):
    note(lent=child("LENT"), removed=child("POPPED"))


def test_puts():
    os.putenv("PUT", "yes")


def test_child_after_putting(child, note):
    note(here=os.environ.get("PUT"), child=child("PUT"))
