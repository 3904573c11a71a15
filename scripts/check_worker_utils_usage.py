"""Find ports, databases and names that are computed from the worker's name by hand.

Usage: python scripts/check_worker_utils_usage.py [PATH ...]
Files or folders are checked; without one, the tests of the current project. Exit 0: nothing found, 1: findings,
2: cannot check. It needs no installation.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from hermetic.cli.hook import script

if __name__ == "__main__":
    sys.exit(script("check-worker-utils-usage"))
