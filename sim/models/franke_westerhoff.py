"""Franke and Westerhoff 2012 (DCA-HPM): their equations iterated without a market, for comparison with a market."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Parameters(NamedTuple):
    """Parameters of the model, named as in the paper."""

    phi: float = 0.12
    chi: float = 1.5
    alpha_0: float = -0.327
    alpha_n: float = 1.79
    alpha_p: float = 18.43
    sigma_f: float = 0.758
    sigma_c: float = 2.087
    mu: float = 0.01
    beta: float = 1.0
    frozen: bool = False


def returns(given: Parameters, steps: int, seeds: int, seed: int) -> NDArray[np.float64]:
    """Changes of the log price, with a fundamental value of 0; float64 ``(seeds, steps)``."""
    random = np.random.default_rng(seed)
    price = before = np.zeros(seeds)
    share = np.full(seeds, 0.5)
    made = np.empty((steps, seeds))
    for place in range(steps):
        if place and not given.frozen:
            attraction = given.alpha_n * (2 * share - 1) + given.alpha_0 + given.alpha_p * before**2
            share = 1.0 / (1.0 + np.exp(-given.beta * attraction))
        fundamental = -given.phi * price + given.sigma_f * random.standard_normal(seeds)
        chartist = given.chi * (price - before) + given.sigma_c * random.standard_normal(seeds)
        move = given.mu * (share * fundamental + (1 - share) * chartist)
        before, price = price, price + move
        made[place] = move
    return made.T
