"""The codes with which our commands end, and which error ends with which.

Imports nothing that is slow.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
_OF_A_SIGNAL = 128  # and the signal's number: what a shell expects

EXIT_CODES = (
    "exit codes: 0 done; 1 a replay that differs or a claim that fails; 2 bad input or a full disk; "
    "130 Ctrl-C; 143 SIGTERM"
)


def of_signal(number: int) -> int:
    """The code of a command that a signal ended."""
    return _OF_A_SIGNAL + number


def exit_code_of(act: Callable[[], int]) -> int:
    """Run a command. Returns its exit code; an error that a user can mend ends as its message, never as a traceback."""
    from analysis.output.console import complain
    from sim.core.errors import SpreadgameError

    try:
        code = act()
        sys.stdout.flush()
        return code
    except SpreadgameError as error:
        complain(str(error))
        return BAD_INPUT
    except KeyboardInterrupt as interrupt:
        from sim.runs.leaving import interrupted

        complain(interrupted(getattr(interrupt, "where", "")))
        number = getattr(interrupt, "signal", None)
        return of_signal(number) if number else INTERRUPTED
    except BrokenPipeError:  # somebody closed our output, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        return BAD_INPUT
    except MemoryError:
        complain("there is not enough memory for this — take fewer agents, or record less ([record] in the scenario)")
        return BAD_INPUT
