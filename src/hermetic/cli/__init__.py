"""The command line: one file for each verb."""

from __future__ import annotations

import os
import sys

from hermetic.config import CannotRunError
from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

USAGE = """\
usage: hermetic COMMAND [options]

  check [PATHS]    look for what breaks isolation between tests
  hook ID [FILES]  check changed files, as the pre-commit hooks do
  baseline         hold the findings of today, so that only new ones are reported
  explain CODE     say why a rule exists and what to do instead
  rules            list the rules
  audit            say of each failing test what it fails for, and what to repair first
  hunt             find the tests that others break, and those others
  verify           see who would stop a violation in this repository

hermetic COMMAND --help shows a command's options.
"""
COMMANDS = ("check", "hook", "baseline", "explain", "rules", "audit", "hunt", "verify")
CANNOT_RUN = 2


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 nothing found, 1 findings, 2 cannot run."""
    if arguments is None:
        return ended(safely(run_last, sys.argv[1:]))
    return safely(run, arguments)


def run_last(arguments: Sequence[str]) -> int:
    """Run a command as all that the process does: what it has made is left to the end of the process."""
    import gc

    gc.disable()
    code = run(arguments)
    gc.freeze()  # where the end is a usual one, the collector would walk all trees once more
    return code


def ended(code: int) -> int:
    """End the process with a code at once, its memory as it is; return it where somebody waits for a usual end."""
    import atexit

    counted: Callable[[], int] | None = getattr(atexit, "_ncallbacks", None)
    if counted is None or counted() or "threading" in sys.modules or sys.getprofile() or sys.gettrace():
        return code
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):  # the usual end says what it says of that
        return code
    os._exit(code)


def safely(command: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run a command; what stops it from outside is exit code 2, not a traceback."""
    given = sys.stdout
    try:
        if given is None:  # closed by the caller
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - closed with the process
        return flushed(command(arguments))
    except CannotRunError as error:
        return complain(str(error))
    except KeyboardInterrupt:
        return complain("interrupted")
    except BrokenPipeError:
        return silenced(0)  # the reader of a list or a help text has seen enough
    except OSError as error:
        return complain(os_problem(error))
    except Exception:  # noqa: BLE001 - whatever it is, the exit code must not say "findings"
        import traceback

        traceback.print_exc()
        return complain("the above is a defect of hermetic itself; nothing is known about the files")
    finally:
        sys.stdout = given


def flushed(code: int) -> int:
    """Send what was printed on its way, and return the exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return silenced(code)
    except OSError as error:
        return silenced(complain(f"standard output cannot be written: {error.strerror}"))
    return code


def silenced(code: int) -> int:
    """Let go of the standard output, which nobody can or wants to read, and return the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def complain(message: str) -> int:
    """Print why there is no result, and return the exit code for that."""
    if sys.stderr is not None:
        sys.stderr.write(f"hermetic: {printable(message)}\n")
    return CANNOT_RUN


def os_problem(error: OSError) -> str:
    """Return what the operating system refused, and to what."""
    try:
        os.getcwd()
    except OSError:
        return "the current folder does not exist any more; change to another one"
    name = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
    return f"{name}{error.strerror or error}"


def say(text: str) -> None:
    """Print text; what the encoding of the output lacks is escaped."""
    if not text.isascii():
        encoding = sys.stdout.encoding or "utf-8"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CannotRunError(f"standard output cannot be written: {error.strerror}") from error


def run(arguments: Sequence[str]) -> int:
    """Find the command and run it; only its own module is imported."""
    verb = arguments[0] if arguments else ""
    if verb in COMMANDS:
        return run_module(f"{__name__}.{verb}", arguments[1:])
    if verb in ("--version", "-V"):
        from hermetic import __version__

        sys.stdout.write(f"hermetic {__version__}\n")
        return 0
    if verb in ("-h", "--help", "help"):
        sys.stdout.write(USAGE)
        return 0
    sys.stderr.write(f"hermetic: unknown command {verb!r}\n\n{USAGE}" if verb else USAGE)
    return CANNOT_RUN


def run_module(name: str, arguments: Sequence[str]) -> int:
    """Run the `main` of a module."""
    module = __import__(name, fromlist=["main"])  # importlib would be one more module to load
    code: int = module.main(arguments)
    return code
