"""What of the guard is in this process."""

import random
import sys
import threading


def test_off_guard(note):
    wrapped = [one.__qualname__ for one in (random.seed, threading.Thread.start) if hasattr(one, "__wrapped__")]
    note(guard="hermetic.guard.session" in sys.modules, wrapped=wrapped)
