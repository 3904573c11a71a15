"""Two workers run the export of a shop at the same time: in the working directory, and in a folder of their own."""

from pathlib import Path

import pytest


def export(path, worker):
    with path.open("a") as file:  # leak HRM502
        file.write(f"{worker}\n")


def test_fixed_file(note, meet, worker_identity):
    path = Path("export.csv")
    export(path, worker_identity.worker)
    meet("fixed file")
    note(rows=path.read_text().split())


# pattern: a file for each test [HRM502]
@pytest.fixture
def export_file(tmp_path):
    return tmp_path / "export.csv"


# end of pattern


def test_own_file(export_file, note, meet, worker_identity):
    export(export_file, worker_identity.worker)
    meet("own file")
    note(rows=export_file.read_text().split())
