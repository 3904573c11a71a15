"""Tests that share a printer, between others. With --dist=load a worker begins with two tests, as they stand here."""

import os

import pytest


# pattern: tests that stay on one worker, with --dist=loadgroup [HRM901]
@pytest.mark.xdist_group("printer")  # leak HRM901
def test_first_page(note):
    note(page=1)


# end of pattern


def test_left_one():
    os.environ["ONE"] = "left"  # leak HRM101


@pytest.mark.xdist_group("printer")
def test_second_page(note):
    note(page=2)


def test_left_two():
    os.environ["TWO"] = "left"  # leak HRM101


@pytest.mark.xdist_group("printer")
def test_third_page(note):
    note(page=3)
