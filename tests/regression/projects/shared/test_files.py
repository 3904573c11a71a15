"""Two workers run the export of a shop at the same time: in the working directory, and in a folder of their own."""

from pathlib import Path


def export(path, worker):
    with path.open("a") as file:  # leak HRM502
        file.write(f"{worker}\n")


def test_fixed_file(note, meet, worker_identity):
    path = Path("export.csv")
    export(path, worker_identity.worker)
    meet("fixed file")
    note(rows=path.read_text().split())


# pattern: a file for each test
def test_own_file(tmp_path, note, meet, worker_identity):
    path = tmp_path / "export.csv"
    export(path, worker_identity.worker)
    # end of pattern
    meet("own file")
    note(rows=path.read_text().split())
