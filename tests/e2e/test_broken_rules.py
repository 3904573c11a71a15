"""Rules of other distributions that cannot be used, or that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.utils.lint import write_files
from tests.utils.process import BAD, check, hermetic, offer

if TYPE_CHECKING:
    from pathlib import Path

RULE = """
from hermetic.catalogue.rule import Rule


class Offered(Rule):
    '''A rule of others.'''

    code = "ACME101"
    name = "offered"
    message = "offered"

    def check(self, module, project):
        yield self.finding(module, module.tree.body[0], "offered")
"""


@pytest.mark.parametrize(
    ("source", "point", "reason"),
    [
        pytest.param("import nowhere\n", "acme_rules:Offered", "cannot be imported: ModuleNotFoundError", id="import"),
        pytest.param("def (:\n", "acme_rules:Offered", "cannot be imported: SyntaxError", id="syntax"),
        pytest.param(RULE, "acme_rules:Other", "cannot be imported: AttributeError", id="attribute"),
        pytest.param(RULE, "acme_rules:Rule.check", "is not a subclass of hermetic.catalogue.rule.Rule", id="type"),
        pytest.param(
            RULE.replace("ACME101", "HRM101"), "acme_rules:Offered", "code HRM101, which is taken", id="taken"
        ),
        pytest.param(
            RULE.replace("ACME101", "HRM905"), "acme_rules:Offered", "code HRM905, which is taken", id="engine"
        ),
        pytest.param(RULE.replace("ACME101", "acme"), "acme_rules:Offered", "code must be", id="code"),
        pytest.param(RULE.replace('    code = "ACME101"', ""), "acme_rules:Offered", "code must be", id="no-code"),
        pytest.param(RULE.replace('    name = "offered"', ""), "acme_rules:Offered", "name must be", id="no-name"),
        pytest.param(RULE + '    tokens = "environ"\n', "acme_rules:Offered", "tokens must be", id="tokens"),
        pytest.param(RULE + '    presets = ("mine",)\n', "acme_rules:Offered", "presets must be", id="presets"),
    ],
)
def test_a_broken_rule_of_others_is_an_error_that_names_it(
    project: Path, tmp_path: Path, source: str, point: str, reason: str
) -> None:
    extra = offer(tmp_path / "installed", source, point)
    for command in (["check"], ["rules"], ["explain", "HRM101"]):
        done = hermetic(project, *command, extra=extra)

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"hermetic: acme-rules: entry point offered = {point} of hermetic.rules")
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("error", ["1 / 0", "self.check(module, project).__next__()"], ids=["error", "recursion"])
def test_a_rule_that_fails_hides_no_finding_of_others(project: Path, tmp_path: Path, error: str) -> None:
    source = RULE.replace("yield self", f"{error}\n        yield self")
    write_files({"test_second.py": BAD}, project)

    done = check(
        project, "--extend-select", "ACME101", "--output-format", "concise", extra=offer(tmp_path / "a", source)
    )

    assert done.returncode == 2
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["test_ok.py:5:5:", "test_second.py:5:5:"]
    first, second = done.stderr.splitlines()
    assert first.startswith("hermetic: ACME101 (acme_rules) failed on test_ok.py: ")
    assert "acme_rules.py:" in first
    assert second.startswith("hermetic: ACME101 (acme_rules) failed on test_second.py: ")
    assert second.endswith("this is a defect of the rule: leave it out with --ignore, and report it")
