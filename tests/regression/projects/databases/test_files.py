"""SQLite databases, folders, and what a run has once."""

import json
import os
import random
import sqlite3
from contextlib import closing

import pytest
from conftest import TOGETHER


def problem_of_writing(connection):
    """Begin to write, without waiting for others. Return what went wrong, if anything did."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE members (name text)")
    except sqlite3.OperationalError as error:
        return str(error)


def test_one_sqlite_file(note, meet_all):
    with closing(sqlite3.connect(TOGETHER / "test.sqlite3", timeout=0, isolation_level=None)) as connection:
        meet_all("here")
        note(problem=problem_of_writing(connection))
        meet_all("written")


# pattern: a SQLite database for one test [human]
@pytest.fixture
def members(worker_sqlite):
    with closing(sqlite3.connect(worker_sqlite, timeout=0, isolation_level=None)) as connection:
        yield connection


# end of pattern


def test_sqlite_file_for_each(note, meet_all, members):
    meet_all("here")
    note(problem=problem_of_writing(members))
    meet_all("written")


def exported(folder, me, meet_all):
    """Write a file with a usual name. Return what is in it when all have done so."""
    (folder / "export.csv").write_text(me)
    meet_all("written")
    return (folder / "export.csv").read_text()


def test_one_folder(note, meet_all, me):
    note(mine=exported(TOGETHER, me, meet_all) == me)


def test_folder_for_each(note, meet_all, me, worker_tmp):
    note(mine=exported(worker_tmp, me, meet_all) == me)
    meet_all("read")


def tell(**facts):
    """Take a note outside a test."""
    with open(os.path.join(os.environ["MEETING"], f"{os.getpid()}.jsonl"), "a") as file:
        file.write(json.dumps({"test": "fixture", **facts}) + "\n")


@pytest.fixture(scope="session")
def image():
    """A session lasts as long as a worker, so this is done by each."""
    tell(what="image", built=os.getpid())
    return os.getpid()


def start_image():
    tell(what="shared image", built=os.getpid())
    return os.getpid()


def stop_image(number):
    tell(what="shared image", removed=number)


# pattern: something that all workers of a run have together [human]
# yours: start_image, stop_image
def build():
    return {"id": start_image()}  # JSON, for it crosses processes


def remove(image):
    stop_image(image["id"])


@pytest.fixture(scope="session")
def shared_image(once_per_run):
    return once_per_run("image", build, remove)


# end of pattern


def test_set_up_by_each_worker(note, meet_all, image):
    note(image=image)
    meet_all("noted")


def test_set_up_once(note, meet_all, shared_image):
    note(image=shared_image["id"])
    meet_all("noted")


def test_names_by_chance(note, worker_unique_name):
    random.seed(18)  # plugins do so before each test, so that failures can be repeated
    note(random=f"queue_{random.getrandbits(48):012x}", unique=[worker_unique_name("queue") for _ in range(3)])
