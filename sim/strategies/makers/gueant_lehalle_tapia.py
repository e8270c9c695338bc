"""A risk-averse maker with an inventory limit, who quotes the solution of its control problem."""

import math

import numpy as np

from sim.models import inventory as models
from sim.strategy_kit.control_quotes import GAME, keep_solved_quotes, steps_solved, unsolvable
from sim.strategy_kit.declare import Parameter, strategy


def _solve(given, longer, steps):
    """The exact distances, solved on a grid whose steps are longer by the given factor."""
    return models.gueant_lehalle_tapia(
        given["risk_aversion"],
        given["volatility"] * math.sqrt(longer),
        given["fill_decay"],
        given["arrival_rate"] * longer,
        given["inventory_limit"],
        steps,
    )


def _distances(given, steps):
    if given["solution"] == "exact":
        return _solve(given, 1, steps_solved(given, steps))
    limit = given["inventory_limit"]
    distances = np.array(
        [
            models.gueant_lehalle_tapia_asymptotic(
                given["risk_aversion"], given["volatility"], given["fill_decay"], given["arrival_rate"], held
            )
            for held in range(-limit, limit + 1)
        ]
    )
    distances[-1, 0] = distances[0, 1] = np.inf
    return distances


@strategy(
    "gueant_lehalle_tapia",
    summary="quotes one lot per side at the optimal distances of a risk-averse maker with an inventory limit",
    source="Guéant, Lehalle and Fernandez-Tapia 2013: the solution (exact) and its limit far from the end (asymptotic)",
    parameters={
        "solution": Parameter("exact", "exact, or the closed form far from the end", choices=("exact", "asymptotic")),
        "risk_aversion": Parameter(0.1, "of its exponential utility, gamma", unit="1 / currency", low=0.0),
        "volatility": Parameter(0.05, "of the value, sigma", unit="currency per square root of a step", low=0.0),
        **GAME,
    },
    memory={"bids": (int, 1), "asks": (int, 1)},
    max_messages=2,
    validate=lambda given: unsolvable(_solve)(given) if given["solution"] == "exact" else "",
    precompute=_distances,
)
def act(me, market):
    """Quote the solution for the steps that remain and the inventory."""
    keep_solved_quotes(me, market)
