"""HRM102: a test changes the working directory, and the next one does not find its file."""

import os

import shop


# pattern: another working directory for one test [HRM102]
def test_cwd_pattern(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.csv").write_text("cake,3\n")
    assert shop.price_list() == "cake,3\n"


# end of pattern


def test_cwd_after_pattern():
    assert shop.price_list() == "tea,4\n"


def test_cwd_polluter(tmp_path):
    os.chdir(tmp_path)  # leak HRM102
    (tmp_path / "prices.csv").write_text("cake,3\n")
    assert shop.price_list() == "cake,3\n"


def test_cwd_victim():
    assert shop.price_list() == "tea,4\n"
