"""What kind of state makes a test fail: from the rule that saw it, from what a test says, else unknown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.finding import Finding

OTHER = "other"
SETTINGS, DATABASE, ENVIRONMENT = "settings or cache", "database", "environment"
FILE, PORT, THREAD, TELEMETRY = "file", "port", "thread", "telemetry"
OVERRIDE, PATCH, IMPORTS = "override", "mock or patch", "imports"
LOGGING, RANDOM, DATA = "logging", "random numbers", "shared data"
RULES = {
    "HRM101": ENVIRONMENT, "HRM102": FILE, "HRM103": IMPORTS, "HRM104": IMPORTS, "HRM105": LOGGING,
    "HRM106": ENVIRONMENT, "HRM108": RANDOM, "HRM109": THREAD, "HRM110": THREAD,
    "HRM201": OVERRIDE, "HRM202": OVERRIDE, "HRM203": OVERRIDE,
    "HRM304": PATCH, "HRM305": PATCH, "HRM306": PATCH, "HRM308": PATCH, "HRM403": DATA,
    "HRM501": PORT, "HRM502": FILE, "HRM503": DATABASE, "HRM504": DATABASE, "HRM505": DATABASE, "HRM506": DATABASE,
    "HRM602": SETTINGS, "HRM603": SETTINGS, "HRM604": TELEMETRY,
}  # fmt: skip
# What a message says, the first that fits. Only the words of the error itself are read, not the test's source.
WORDS = (
    (PORT, r"address already in use|errno 98\b|errno 48\b|eaddrinuse|port \d+ is (already )?in use"),
    (
        DATABASE,
        r"database is locked|sqlite3\.|psycopg|sqlalchemy|integrityerror|operationalerror|redis\.|unique constraint",
    ),
    (TELEMETRY, r"opentelemetry|tracerprovider|\bspans?\b|meterprovider"),
    (ENVIRONMENT, r"os\.environ|environ\[|getenv|environment variable"),
    (
        FILE,
        r"filenotfounderror|fileexistserror|permissionerror|isadirectoryerror|no such file or directory|file exists",
    ),
    (THREAD, r"\bthreads?\b|event loop is closed|deadlock|timed? ?out waiting"),
    (SETTINGS, r"settings|cache_info|lru_cache|\bcached?\b|singleton"),
)
PATTERNS = tuple((cause, re.compile(words, re.IGNORECASE)) for cause, words in WORDS)
WORD = re.compile(r"\w{4,}")
STATES = (
    (ENVIRONMENT, re.compile(r"environ", re.IGNORECASE)),
    (TELEMETRY, re.compile(r"opentelemetry|tracer|telemetry", re.IGNORECASE)),
    (DATABASE, re.compile(r"sqlite|engine|database|\bdb\b", re.IGNORECASE)),
    (SETTINGS, re.compile(r"settings|config|cache|singleton|instance", re.IGNORECASE)),
)


def of_finding(item: Finding) -> str:
    """Return the kind of state that a finding is about."""
    found = RULES.get(item.code) or of_state(item.state)
    return DATA if found == OTHER and item.code.startswith("HRM6") else found


def of_state(state: str) -> str:
    """Return the kind of a state by its name."""
    return next((cause for cause, words in STATES if words.search(state)), OTHER)


def of_text(text: str) -> str:
    """Return the kind of state that an error message speaks of."""
    return next((cause for cause, words in PATTERNS if words.search(text)), OTHER)


def best(found: Iterable[Finding], text: str) -> Finding | None:
    """Return the finding that explains an error best: one whose state it names, else the first with a cause."""
    known = list(found)
    named = [item for item in known if any(word in text for word in words_of(item.state))]
    caused = [item for item in known if of_finding(item) != OTHER]
    return next(iter([*named, *caused, *known]), None)


def words_of(state: str) -> list[str]:
    """Return the words of a state by which an error may name it: `os.environ['REGION']` -> REGION."""
    return [word for word in WORD.findall(state) if word not in ("environ", "modules", "path")]
