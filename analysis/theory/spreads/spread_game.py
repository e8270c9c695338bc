"""Spread games: what half-spreads earn where customers mind the price and some traders are informed."""

from __future__ import annotations

import numpy as np

from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import spread_game as model

SOURCE = "Bertrand 1883; Copeland and Galai 1983"
_SHARE, _JUMP, _CHOKE = 0.1, 10.0, 11.0  # elastic_spread_game.toml


@experiment("Bertrand: the elastic spread game")
def spread_game(markets: Markets) -> list[Row]:
    """The payoff of every half-spread of a maker alone, and the one that a monopolist chooses."""
    grid = np.arange(11.0)
    expected = model.payoffs(grid, _SHARE, _JUMP, model.linear(_CHOKE))
    rows, earned = [], []
    for half, target in zip(grid, expected, strict=True):
        run = markets.run("elastic_spread_game", 400_000, 30_000, {"maker.params.half_spread": float(half)})
        earned.append(mean(payoffs(run, "maker")))
        claim = f"payoff of a half-spread of {half:g} ticks"
        rows.append(compare(claim, SOURCE, float(target), earned[-1], unit="ticks per trader"))
    best = float(grid[int(np.argmax([each.value for each in earned]))])
    alone = model.monopoly(grid, _SHARE, _JUMP, model.linear(_CHOKE)).half_spread
    rows.append(
        compare("the half-spread that pays a monopolist most", SOURCE, alone, Estimate(best, 0.0), unit="ticks")
    )
    return rows
