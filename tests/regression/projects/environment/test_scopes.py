"""Fixtures of a class and of a file: one that leaves what it set, and two that lend it."""

import os

import pytest

from hermetic.workers import isolated_environment


@pytest.fixture(scope="class")
def region_that_stays():
    os.environ["STAYS"] = "yes"


# pattern: a variable for all tests of a class, or of a file, set when they run and not when they are imported [HRM101]
@pytest.fixture(scope="class")
def region_of_the_class():
    with isolated_environment(OF_CLASS="yes"):
        yield


@pytest.fixture(scope="module")
def region_of_the_file():
    with isolated_environment(OF_FILE="yes"):
        yield


# end of pattern


@pytest.mark.usefixtures("region_of_the_class")
class TestLent:
    def test_first_of_class(self):
        pass

    def test_second_of_class(self, note):
        note(value=os.environ.get("OF_CLASS"))


@pytest.mark.usefixtures("region_that_stays")
class TestStays:
    def test_only_of_class(self, note):
        note(value=os.environ.get("STAYS"))


def test_after_the_classes():
    pass


def test_in_the_file(region_of_the_file, note):
    note(value=os.environ.get("OF_FILE"))
