"""What each hook and each script checks: the one list that the command line, the scripts and the pages follow."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.catalogue.registry import Entry


class Concern:
    """One hook or script: its id, what it is about, the selectors of its rules, and where its script stands.

    Without selectors it checks what the configuration selects. `is_hook` says whether pre-commit offers it. `strict`
    are codes of rules that report for it what they otherwise leave to the `project` preset.
    """

    __slots__ = ("id", "is_hook", "script", "selectors", "strict", "title")

    def __init__(  # noqa: PLR0913 - a table with one column for each
        self,
        name: str,
        title: str,
        selectors: tuple[str, ...],
        *,
        script: str = "",
        is_hook: bool = True,
        strict: tuple[str, ...] = (),
    ) -> None:
        self.id = name
        self.title = title
        self.selectors = selectors
        self.script = script
        self.is_hook = is_hook
        self.strict = strict

    def entries(self, rules: Iterable[Entry]) -> list[Entry]:
        """Return the rules that the selectors name; a selector may name rules that are yet to be written."""
        return [rule for rule in rules if self.selectors and rule.code.startswith(self.selectors)]


CONCERNS = (
    Concern(
        "check-test-memory-safety",
        "mocks that hold memory, and performance tests that run beside others",
        ("HRM301", "HRM302", "HRM303"),
        script="scripts/check_test_memory_safety.py",
    ),
    Concern(
        "validate-test-isolation",
        "what a test leaves behind for the next one, and what two workers share",
        ("HRM1", "HRM201", "HRM304", "HRM308", "HRM5", "HRM6"),
        script="scripts/validation/validate_test_isolation.py",
    ),
    Concern(
        "validate-test-fixtures",
        "leaks through application overrides and through fixtures that tests share",
        ("HRM202", "HRM203", "HRM403", "HRM404", "HRM405", "HRM406", "HRM605", "HRM801"),
        script="scripts/validate_test_fixtures.py",
    ),
    Concern(
        "validate-fixture-organization",
        "autouse fixtures that are defined twice, or in the wrong file",
        ("HRM401", "HRM402"),
        script="scripts/validate_fixture_organization.py",
        strict=("HRM402",),
    ),
    Concern(
        "check-async-mock-usage",
        "mocks of async functions that nobody can await, or nobody does",
        ("HRM305", "HRM306", "HRM307"),
        script="scripts/check_async_mock_usage.py",
    ),
    Concern("hermetic", "whatever breaks the rules that the configuration selects", ()),
    Concern(
        "check-os-environ-mutations",
        "writes to the environment that nothing undoes",
        ("HRM101",),
        script="scripts/check_os_environ_mutations.py",
        is_hook=False,
    ),
    Concern(
        "check-worker-utils-usage",
        "worker numbers and names made by hand",
        ("HRM507",),
        script="scripts/check_worker_utils_usage.py",
        is_hook=False,
    ),
)


def find(name: str) -> Concern | None:
    """Return a concern by its id."""
    for concern in CONCERNS:
        if concern.id == name:
            return concern
    return None
