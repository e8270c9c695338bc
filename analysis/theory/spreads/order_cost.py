"""Roll 1984: where trades say nothing, prices bounce between bid and ask, and the bounce gives the spread away."""

from __future__ import annotations

import numpy as np

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean, ratio
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets
from analysis.theory.rows import Row, compare
from sim.models import order_cost as model

_COST, _DEVIATION, _TICK = 0.05, 0.1, 1e-5


@experiment("Roll: the bounce of prices")
def order_cost(markets: Markets) -> list[Row]:
    """Roll's estimate is the spread, and a variance ratio below 1 is the bounce."""
    run = markets.run("order_cost", 1_000, 60)
    (price,) = arrays(run, "trades", "price")
    prices = price.reshape(run.scenario.run.episodes, run.scenario.run.steps)
    changes = np.diff(prices, axis=1)
    following = mean((changes[:, 1:] * changes[:, :-1]).mean(axis=1))
    estimate = model.estimated_spread(following.value)
    roll = Estimate(estimate, following.standard_error * 2 / estimate)
    rows = [
        compare(
            "autocovariance of trade-price changes",
            "Roll 1984",
            model.autocovariance(_COST),
            following,
            tolerance=2 * _COST * _TICK,
            unit="currency²",
        ),
        compare(
            "Roll's estimate is the spread",
            "Roll 1984",
            model.spread(_COST),
            roll,
            tolerance=2 * _TICK,
            unit="currency",
        ),
    ]
    for period in (2, 5, 10):
        long = prices[:, period:] - prices[:, :-period]
        found = ratio((long**2).mean(axis=1) / period, (changes**2).mean(axis=1))
        target = model.variance_ratio(period, _DEVIATION, _COST)
        rows.append(compare(f"variance ratio over {period} trades", "Lo and MacKinlay 1988", target, found))
    return rows
