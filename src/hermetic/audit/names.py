"""What both sides of an experiment have to know, without importing pytest."""

from __future__ import annotations

import re

VARIABLE = "HERMETIC_HUNT"
AUDIT = "HERMETIC_AUDIT"  # names the file that tells a run of an audit what to do
ORDER = "HERMETIC_AUDIT_ORDER"  # an order of tests, for people who repeat a run
OVER = "over"  # the last word of a run, after which only threads that tests have left keep its process
GRACE = 1.0  # seconds that such a process is given
# How other plugins are kept from choosing the order or the process: the first that pytest accepts. A plugin cannot be
# left out where `addopts` gives it options.
PLAIN = (
    ("-p", "no:randomly", "-p", "no:xdist"),
    ("-p", "no:randomly", "-n0"),
    ("-p", "no:xdist", "--randomly-dont-reorganize"),
    ("-n0", "--randomly-dont-reorganize"),
)
UNRECOGNIZED = re.compile(r"unrecognized arguments|no such option|expected one argument")
