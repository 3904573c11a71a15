"""The command line: one file for each verb."""

from __future__ import annotations

import os
import sys

USAGE = """\
usage: hermetic COMMAND [options]

  check [PATHS]    look for what breaks isolation between tests
  explain CODE     say why a rule exists and what to do instead
  rules            list the rules

hermetic COMMAND --help shows a command's options.
"""
CANNOT_RUN = 2


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 nothing found, 1 findings, 2 cannot run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        return run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("hermetic: interrupted\n")
        return CANNOT_RUN
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; say nothing more
        return CANNOT_RUN
    except OSError as error:
        sys.stderr.write(f"hermetic: {error}\n")
        return CANNOT_RUN


def run(arguments: list[str]) -> int:
    """Find the command and run it; only its own module is imported."""
    verb = arguments[0] if arguments else ""
    if verb == "check":
        from hermetic.cli.check import main as command  # noqa: PLC0415 - start-up time
    elif verb == "explain":
        from hermetic.cli.explain import main as command  # noqa: PLC0415 - start-up time
    elif verb == "rules":
        from hermetic.cli.rules import main as command  # noqa: PLC0415 - start-up time
    elif verb in ("--version", "-V"):
        from hermetic import __version__  # noqa: PLC0415 - start-up time

        sys.stdout.write(f"hermetic {__version__}\n")
        return 0
    elif verb in ("-h", "--help", "help"):
        sys.stdout.write(USAGE)
        return 0
    else:
        sys.stderr.write(f"hermetic: unknown command {verb!r}\n\n{USAGE}" if verb else USAGE)
        return CANNOT_RUN
    code = command(arguments[1:])
    sys.stdout.flush()
    return code
