"""Sizes of positions: how fast wealth grows at half of Kelly's fraction, at all of it, and at more."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.runs.result import Run

_KELLY = "Kelly 1956"
_UP = 0.55  # in kelly.toml
_EDGE = 2.0 * _UP - 1.0
_FRACTIONS = {
    0.5: "half of Kelly's position",
    1.0: "Kelly's position",
    1.5: "1.5 times it",
    2.0: "twice Kelly's position",
}
_COST = 3e-7  # of growth per bet: half a tick on what is traded, which is the square of the share, and whole lots


def _growth(share: float) -> float:
    """Mean growth of log wealth per bet at even money, if ``share`` of wealth is bet."""
    return _UP * math.log1p(share) + (1.0 - _UP) * math.log1p(-share)


def _grown(run: Run, share: float) -> NDArray[np.float64]:
    """Growth of each episode per bet, less what it owes to more or fewer bets won than on average.

    A bet that is won instead of lost adds ln((1 + share)/(1 - share)). How many are won is drawn, with a known mean, so
    the mean growth stays what it is, and its error is small. The value's first move comes before the first bet.
    """
    bets = run.scenario.run.steps - 1
    last, first = arrays(run, "settlements", "price")[0], arrays(run, "book", "value")[0][:: bets + 1]
    luck = (last - first) / bets - _EDGE
    grown = np.log1p(payoffs(run, "bettor")) / bets
    return np.asarray(grown - 0.5 * luck * math.log((1.0 + share) / (1.0 - share)))


@experiment("Kelly: how fast wealth grows by the size of positions")
def risk_kelly(markets: Markets) -> list[Row]:
    """Kelly's position makes wealth grow fastest; twice as much of it loses.

    At even money and a chance of 0.55 to win, Kelly's position is 0.1 of wealth. The limit of capital sizes it, from
    the wealth before each bet.
    """
    rows = []
    for fraction, words in _FRACTIONS.items():
        run = markets.run("kelly", 400, 40, {"bettor.risk.capital.fraction": fraction})
        share = fraction * _EDGE
        rows.append(
            compare(f"growth of log wealth per bet, {words}", _KELLY, _growth(share), mean(_grown(run, share)),
                    tolerance=_COST)
        )  # fmt: skip
    return rows
