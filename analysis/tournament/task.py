"""A match as it is sent to a process, and how long each part of it may take there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.scenario import Scenario, parse

LOADING, COMPILING, PLAYING, CHECKING, EXPLAINING = "loading", "compiling", "playing", "checking", "explaining"
MEMORY = 2 * 2**30  # bytes that a process may take beyond the market's own code
IMPORTS = 20.0  # seconds for the packages that a file imports
PATIENCE = 180.0  # seconds for Numba, and for the contract, which runs the strategy in plain Python too


@dataclass(frozen=True)
class Task:
    """What is to be played, as it is sent to a process.

    Attributes
    ----------
    players : keys of the entries, with the path of each file; that of the yardstick is empty.
    population : whose members they are.
    given, source, folder : the scenario, as its file says it, with changes.
    seeds : those that are to be run.
    examine : whether the player is looked at besides: what it reads, and its contract.
    seconds : that one run may take.
    """

    players: dict[str, str]
    population: str
    given: dict[str, Any]
    source: str
    folder: str
    seeds: tuple[int, ...]
    examine: bool
    seconds: float

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario with its own strategies."""
        return parse(self.given, self.source, Path(self.folder))

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Task:
        """What :meth:`as_json` made."""
        return cls(**{**said, "seeds": tuple(said["seeds"])})


def limits_of(task: Task) -> dict[str, float]:
    """Seconds for each phase. Whoever plays with others has their time too."""
    return {
        LOADING: task.seconds + IMPORTS * len(task.players),
        COMPILING: PATIENCE * len(task.players),
        PLAYING: task.seconds * len(task.players),
        CHECKING: PATIENCE,
        EXPLAINING: task.seconds + 30.0,
    }
