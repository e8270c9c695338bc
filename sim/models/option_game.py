"""What makers of two options earn whose quotes are solved by vega, less what their vega risks: exact, step by step.

In each step a buyer and a seller come to each option, and a quote at a distance d from its worth is taken with
probability A·e^(−kd), at most 1. What is counted is the sum of the distances of all fills, less (γ/2)ξ²V² per step with
the vega V of all that is held. One maker quotes both options by the vega of both, or two makers quote one each by its
own. Vegas fall as time passes; quotes are solved every few steps, with vegas that count until the next solution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sim.models import options
from sim.models.portfolio_vega import MOST_PLACES, distance, solve

Floats = NDArray[np.float64]
_LIMIT = 20.0  # quotes of the largest vega


@dataclass(frozen=True)
class OptionGame:
    """Two options at one strike, a call and a put.

    Attributes
    ----------
    spot, strike, volatility : of the options; volatility per √step.
    steps : until they expire.
    decay, rate : k, per currency, and A, per step and side.
    risk_aversion, volatility_of_volatility : γ, per currency, and ξ, per √step.
    refit : steps between two solutions.
    most : lots of each option either way up to which positions are followed; what would lead beyond is not quoted.
    """

    spot: float = 100.0
    strike: float = 100.0
    volatility: float = 0.02
    steps: int = 120
    decay: float = 20.0
    rate: float = 0.25
    risk_aversion: float = 1.0
    volatility_of_volatility: float = 3.2e-4
    refit: int = 10
    most: int = 12

    @property
    def penalty(self) -> float:
        """(γ/2)ξ²."""
        return 0.5 * self.risk_aversion * self.volatility_of_volatility**2

    def vega(self, step: int) -> float:
        """A unit's vega in a step, the same of call and put."""
        left = float(self.steps - 1 - step)
        return options.greeks(options.CALL, self.spot, self.strike, left, 0.0, 0.0, self.volatility).vega

    def earned(self, joint: bool, factor: float = 1.0) -> float:
        """Expected distances of all fills less the penalty, over all steps. Currency.

        Parameters
        ----------
        joint : whether one maker quotes both options.
        factor : by which the quotes' risk aversion differs from the one that counts.
        """
        lots = np.arange(-self.most, self.most + 1)
        chance = np.zeros((len(lots), len(lots)))
        chance[self.most, self.most] = 1.0
        total, of, solved = 0.0, 0.0, self._solved(0.0, joint, factor)
        for step in range(self.steps):
            v, left = self.vega(step), float(self.steps - 1 - step)
            held = lots[:, None] * v + lots[None, :] * v
            after = np.zeros_like(chance)
            if step % self.refit == 0:
                solved, of = self._solved(v, joint, factor), v
            distances = self._distances(of, lots, joint, solved, left)
            taken = np.where(np.isfinite(distances), np.minimum(1.0, self.rate * np.exp(-self.decay * distances)), 0.0)
            gain = np.where(np.isfinite(distances), distances, 0.0) * taken
            total += float((chance * gain.sum(axis=(0, 1))).sum())
            for fills in product((False, True), repeat=4):  # bid and ask of the first, then of the second
                weight = chance.copy()
                for (option, side), fill in zip(product((0, 1), (0, 1)), fills, strict=True):
                    weight *= taken[option, side] if fill else 1.0 - taken[option, side]
                after += _moved(weight, int(fills[0]) - int(fills[1]), int(fills[2]) - int(fills[3]))
            chance = after
            total -= self.penalty * float((chance * held**2).sum())
        return total

    def _solved(self, v: float, joint: bool, factor: float) -> tuple[Floats, int, float]:
        """The utility of vegas, on how many places, and the limit; of no option without vega: on none."""
        u, count = np.empty(MOST_PLACES), 2 if joint else 1
        if v <= 0.0:
            return u, 0, 0.0
        rates = np.full(count, self.rate)
        places, limit = solve(np.full(count, v), rates, self.decay, self.penalty * factor, _LIMIT * v, u)
        return u, places, limit

    def _distances(
        self, v: float, lots: NDArray[np.int64], joint: bool, solved: tuple[Floats, int, float], left: float
    ) -> Floats:
        """Distances of bid and ask of each option by positions, (2, 2, lots, lots); infinite: no quote."""
        found = np.full((2, 2, len(lots), len(lots)), 1.0 / self.decay)
        u, places, limit = solved
        if places > 0:
            sums = range(2 * lots[0], 2 * lots[-1] + 1)
            by_lots = np.array(
                [[distance(u, places, limit, self.decay, n * v, side * v) for n in sums] for side in (1.0, -1.0)]
            )
            first, second = np.meshgrid(lots, lots, indexing="ij")
            for option, own in enumerate((first, second)):
                seen = first + second if joint else own
                found[option] = by_lots[:, seen - 2 * lots[0]]
        for option, side in ((0, options.CALL), (1, options.PUT)):
            worth = options.price(side, self.spot, self.strike, left, 0.0, 0.0, self.volatility)
            found[option, 0][worth - found[option, 0] <= 0.0] = math.inf  # nobody bids nothing
        found[0, 0, -1] = found[0, 1, 0] = math.inf
        found[1, 0, :, -1] = found[1, 1, :, 0] = math.inf
        return found


def _moved(weight: Floats, first: int, second: int) -> Floats:
    """Chances after so many lots of each option more; what would leave the range is nothing."""
    after = np.zeros_like(weight)
    n = len(weight)
    to = tuple(slice(max(0, by), n + min(0, by)) for by in (first, second))
    of = tuple(slice(max(0, -by), n + min(0, -by)) for by in (first, second))
    after[to] = weight[of]
    return after
