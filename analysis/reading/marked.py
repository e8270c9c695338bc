"""In which episodes an instrument had a mark: where its book never had both sides, none of its marks was a price.

The engine then takes what everybody knew at the start for the mark, so that positions have a value and the ledger can
be read. It is a convention of accounting, and nothing can be measured against it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import columns
from sim.runs.result import Run

NEVER = "there never was a mid: the book never had both a bid and an ask"


def marked(run: Run, instrument: str) -> NDArray[np.bool_]:
    """Whether an instrument's mark was a price in each episode: a mid, or what an auction cleared at; (episodes,).

    Of an episode that was stopped it is known from the samples of the book; without these it is taken to be one.
    """
    key = "marked", instrument
    if key not in run.derived:
        run.derived[key] = _marked(run, instrument)
    found: NDArray[np.bool_] = run.derived[key]
    return found


def _marked(run: Run, instrument: str) -> NDArray[np.bool_]:
    settlements = columns(run, "settlements", ["instrument", "marked"])
    ended = settlements["marked"][(settlements["instrument"] == instrument).to_numpy(bool)].to_numpy(bool)
    episodes = -(-int(run.manifest["steps"]) // run.scenario.run.steps)
    found = np.ones(episodes, bool)
    found[: len(ended)] = ended
    if episodes > len(ended) and run.scenario.record.levels:
        book = columns(run, "book", ["episode", "venue", "mark"])
        venues = [each.name for each in run.scenario.venues if each.instrument == instrument]
        own = book[(book["episode"] == episodes - 1) & book["venue"].isin(venues)]
        found[-1] = own.empty or bool(own["mark"].notna().any())
    return found
