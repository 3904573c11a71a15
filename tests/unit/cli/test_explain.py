"""`hermetic explain`: every code that a report can print has an explanation."""

from __future__ import annotations

import pytest

from hermetic.catalogue import registry
from hermetic.cli import main
from hermetic.lint.own import with_own

CODES = [entry.code for entry in with_own(registry.indexed())]


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 0

    out, err = capsys.readouterr()
    assert out.startswith(f"{code} ")
    assert "\nWhy it breaks:\n" in out
    assert "\nDo this instead:\n" in out
    assert err == ""


@pytest.mark.parametrize("word", ["HRM101", "hrm101", "environ-write"])
def test_a_rule_is_found_by_code_and_by_name_with_its_examples(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == 0

    out = capsys.readouterr().out
    assert out.startswith("HRM101 environ-write\n\nA test writes the environment, and nothing puts it back.\n")
    assert "\nPresets: recommended\nCaught by: lint" in out
    assert "\nBad: an item is set in a test\n\n    # test_settings.py\n    import os\n" in out
    assert out.index("\nBad: ") < out.index("\nGood: ")


@pytest.mark.parametrize(("word", "meant"), [("HRM1101", "HRM110"), ("environ-writes", "environ-write")])
def test_a_misspelt_rule_is_answered_with_the_nearest(
    word: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", word]) == 2
    assert capsys.readouterr() == ("", f"hermetic: no rule {word!r}; did you mean {meant!r}?\n")


def test_without_a_code_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["explain"])
    assert capsys.readouterr().err.startswith("usage: hermetic explain")
