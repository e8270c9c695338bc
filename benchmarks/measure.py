"""How everything here is measured: medians of five rounds, in which those compared take turns.

An order message is a new, replaced or cancelled order that reaches a venue.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROUNDS = 5
ROOT = Path(__file__).resolve().parents[1]
NOISE, INFORMED, MAKERS = 1_000, 20, 5  # the whole market, whoever runs it


class Skipped(Exception):
    """A measure that cannot be had here; its message is the reason."""


@dataclass(frozen=True)
class Result:
    """What the rounds of one measure gave."""

    name: str
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle sample: one slow round moves it little."""
        return statistics.median(self.samples)


class Stream(NamedTuple):
    """A fixed message stream and what price-time priority makes of it.

    A row of ``messages``, (200000, 5): kind (0 limit, 1 market, 2 cancel), side (1 buy, -1 sell), price in ticks, lots,
    order number.
    """

    messages: NDArray[np.int32]
    trades: int
    volume: int  # lots


def stream(name: str) -> Stream:
    """Load the stream ``thin`` or ``deep`` from the folder SPREADGAME_DATA, else from ../shared/data.

    Raises
    ------
    Skipped
        Where the file does not exist.
    """
    path = Path(os.environ.get("SPREADGAME_DATA") or ROOT.parent / "shared" / "data") / "streams" / f"{name}.npz"
    if not path.is_file():
        raise Skipped(f"no data: {path} does not exist (SPREADGAME_DATA names the folder)")
    with np.load(path) as file:
        return Stream(file["messages"], int(file["trades"]), int(file["volume"]))


def alternate(
    measures: Mapping[str, Callable[[], float]],
    rounds: int = ROUNDS,
    started: Callable[[str], object] = lambda name: None,
) -> tuple[dict[str, Result], dict[str, str]]:
    """Call the measures in turn, ``rounds`` times over, so that a slow minute of the machine falls on all of them.

    Parameters
    ----------
    measures
        By name, what returns one sample or raises Skipped.
    rounds
        Samples of each.
    started
        Told the name of each measure that begins.

    Returns
    -------
    tuple
        The results by name, and the reasons of those skipped by name.
    """
    samples: dict[str, list[float]] = {name: [] for name in measures}
    skipped: dict[str, str] = {}
    for _ in range(rounds):
        for name in [name for name in measures if name not in skipped]:
            started(name)
            try:
                samples[name].append(measures[name]())
            except Skipped as reason:
                skipped[name] = str(reason)
    return {name: Result(name, tuple(s)) for name, s in samples.items() if name not in skipped}, skipped
