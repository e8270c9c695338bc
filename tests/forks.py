"""Processes that begin with Numba imported: forked from one that waits, they take a quarter of the time of new ones.

What is ours is imported in each of them anew, from where its ``PYTHONPATH`` says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_PARENT = """
import json, os, sys, traceback
import numba

numba.njit(lambda number: 2 * number)(1)


def run(code, cwd, environment, printed, screen):
    for number, path in ((0, os.devnull), (1, printed), (2, screen)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    numba.config.reload_config()
    sys.path[:1] = ["", *environment["PYTHONPATH"].split(os.pathsep)]
    ended = 0
    try:
        exec(code, {"__name__": "__main__"})
    except BaseException:
        traceback.print_exc()
        ended = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended)


for line in sys.stdin:
    child = os.fork()
    if not child:
        run(**json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Forks:
    """One process that waits, and forks another for each script; closed, it ends."""

    def __init__(self, folder: Path) -> None:
        self._printed, self._screen = folder / "printed", folder / "screen"
        self._parent = subprocess.Popen(
            [sys.executable, "-c", _PARENT], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, code: str, cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """A script, run to its end in a folder; ``environment`` names a ``PYTHONPATH``."""
        asked = {"code": code, "cwd": str(cwd), "environment": environment}
        asked |= {"printed": str(self._printed), "screen": str(self._screen)}
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(asked) + "\n")
        self._parent.stdin.flush()
        ended = int(self._parent.stdout.readline())
        printed, screen = (path.read_text(encoding="utf-8") for path in (self._printed, self._screen))
        return subprocess.CompletedProcess(code, ended, printed, screen)

    def close(self) -> None:
        """The parent ends when it has read all that is asked of it."""
        self._parent.communicate()
