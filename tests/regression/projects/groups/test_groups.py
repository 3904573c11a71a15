"""Tests that share a printer, between others. With --dist=load a worker begins with two tests, as they stand here."""

import os

import pytest


# pattern: tests that stay on one worker, with --dist=loadgroup [HRM901]
# yours: printer
# about: pytest 9.2.0 with xdist 3.8.0 ignores groups even there, and HRM901 says so:
# about: [when grouping does nothing](best-practices/fixtures.md#grouping-and-when-it-does-nothing).
@pytest.mark.xdist_group("printer")  # leak HRM901
def test_first_page(printer):
    assert printer.prints("page 1")


# end of pattern


def test_left_one():
    os.environ["ONE"] = "left"  # leak HRM101


@pytest.mark.xdist_group("printer")
def test_second_page(printer):
    assert printer.prints("page 2")


def test_left_two():
    os.environ["TWO"] = "left"  # leak HRM101


@pytest.mark.xdist_group("printer")
def test_third_page(printer):
    assert printer.prints("page 3")
