"""HRM103: a test adds a folder to the import path, and the next one imports from it."""

import sys

import shop


# pattern: a folder on the import path for one test [HRM103]
def test_import_path_pattern(monkeypatch, tmp_path):
    (tmp_path / "discounts.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert shop.has_discounts()


# end of pattern


def test_import_path_after_pattern():
    assert not shop.has_discounts()


def test_import_path_polluter(tmp_path):
    (tmp_path / "discounts.py").touch()
    sys.path.insert(0, str(tmp_path))  # leak HRM103
    assert shop.has_discounts()


def test_import_path_victim():
    assert not shop.has_discounts()
