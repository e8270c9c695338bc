"""An option's price at many prices of its underlying, read from a curve through a few.

Between two nodes a cubic has both prices and both deltas. It is off by h⁴/384 times the fourth derivative, which is at
most 0.4 / s³ where nodes are h apart and s is the deviation until expiry. The curve is drawn only where h ≤ s / 3, and
is off by less than 2e-5 of s.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import njit
from sim.instruments.contract import law_at
from sim.models.options import greeks_of

NODES = 32


@njit
def draw_curve(world, contract, low, high):
    """Value an option at the nodes from one price of its underlying to another. Returns False if that is too far."""
    width = (high - low) / np.float64(NODES - 1)
    deviation = contract.deviation * math.sqrt(contract.terms.time) * (1.0 if contract.absolute else min(low, high))
    if not 0.0 < width <= deviation / 3.0:
        return False
    for node in range(NODES):
        spot = low + np.float64(node) * width
        absolute, deviation = law_at(contract.terms, spot, contract.deviation, contract.absolute)
        one = greeks_of(absolute, contract.side, spot, contract.terms, contract.rate, 0.0, deviation)
        world.curve[2 * node] = one.price
        world.curve[2 * node + 1] = one.delta * width
    return True


@njit
def read_curve(world, low, high, spot):
    """What the option is worth at a price between the two from which and to which its curve was drawn. Currency."""
    place = (spot - low) / (high - low) * np.float64(NODES - 1)
    node = max(np.int64(0), min(np.int64(place), np.int64(NODES - 2)))
    x = place - np.float64(node)
    first, slope = world.curve[2 * node], world.curve[2 * node + 1]
    rise, bend = world.curve[2 * node + 2] - first, world.curve[2 * node + 3]
    return first + x * (slope + x * (3.0 * rise - 2.0 * slope - bend + x * (slope + bend - 2.0 * rise)))
