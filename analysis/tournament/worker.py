"""A process that plays matches for another: ``python -m analysis.tournament.worker``.

It reads one task per line on standard input, and answers each on standard output with a line. Every match is played in
a process of its own, so no file of a player is ever loaded here.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from analysis.tournament.limits import Tell, adopt, confined
from analysis.tournament.playing import Play, warm
from analysis.tournament.task import MEMORY, Task, limits_of
from sim.core.errors import SpreadgameError
from sim.scenario import parse


def main() -> None:
    """Play what is asked, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    adopt()
    asks = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    for line in iter(asks.readline, b""):
        asked = json.loads(line)
        answers.write(json.dumps(_answer(asked, asks.fileno(), answers.fileno())).encode() + b"\n")
        answers.flush()


def _answer(asked: dict[str, Any], asker: int, answers: int) -> Any:
    if "warm" in asked:
        first = asked["warm"]
        try:
            warm(parse(first["given"], first["source"], Path(first["folder"])), first["population"])
        except SpreadgameError as error:
            return {"wrong": str(error)}
        return {"ready": True}
    task = Task.from_json(asked)

    def work(tell: Tell) -> None:
        for file in (asker, answers):  # nobody but this process answers
            os.dup2(0, file)
        Play(task, tell).play()

    return confined(work, limits_of(task), MEMORY, asker, lambda: os.write(answers, b"\n"))


if __name__ == "__main__":
    main()
    sys.exit(0)
