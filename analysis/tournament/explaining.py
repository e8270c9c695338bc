"""What a compiled strategy raised: the run is made again in plain Python, ``python -m analysis.tournament.explaining``.

Compiled code can only say that something was raised. A task stands on standard input; the answer is a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from analysis.tournament.limits import limit_memory
from analysis.tournament.loading import loaded, names_of
from analysis.tournament.matches import market_of
from analysis.tournament.task import Task
from sim.core.errors import SpreadgameError
from sim.core.questions import Answer
from sim.experiment.reuse import Reusable
from sim.runs.simulation import Simulation

_MEMORY = 2**28  # bytes: what takes all of them does so sooner
_MOST = 400  # characters


def main() -> NoReturn:
    """Play the first seed of a task up to a step, and say what was raised."""
    asked = json.loads(sys.stdin.read())
    with Answer() as answer:
        answer.give(_raised(asked))
    os._exit(0)


def _raised(asked: dict[str, Any]) -> dict[str, Any]:
    task = Task.from_json(asked["task"])
    world = Reusable(market_of(task.scenario, task.population, names_of(task.players, loaded(task.players))))
    world.begin(task.seeds[0])
    cause: BaseException | None = None
    limit_memory(_MEMORY)
    try:
        Simulation(world.built).run(until=asked["until"])
    except SpreadgameError as error:
        cause = error.__cause__
    except MemoryError as error:
        cause = error
    told = f"{type(cause).__name__}: {cause}".rstrip(": ")[:_MOST] + _where(cause, task) if cause else ""
    return {"memory": isinstance(cause, MemoryError), "raised": told}


def _where(cause: BaseException, task: Task) -> str:
    """The line of the author's file from which it came, where it came from one."""
    files = {str(Path(path).resolve()): Path(path).name for path in task.players.values() if path}
    frames = reversed(traceback.extract_tb(cause.__traceback__))
    found = next(((files[file], each.lineno) for each in frames if (file := _resolved(each.filename)) in files), None)
    return f" ({found[0]}, line {found[1]})" if found else ""


def _resolved(file: str) -> str:
    return str(Path(file).resolve())


if __name__ == "__main__":
    main()
