"""A sandwich: an attacker buys before a victim of a constant-product pool and sells after it.

The victim buys q lots and accepts to pay up to 1 + τ times its quote. The attacker buys as many lots before as bring
the victim's cost to that limit, and sells them after it. The fee stays in the pool.

Source: Züst 2021 (Analyzing and Preventing Sandwich Attacks in Ethereum), Heimbach and Wattenhofer 2022 (arXiv
2202.03762); that the limit is the best the attacker can do, where any sandwich pays, was found numerically.
"""

from __future__ import annotations

from typing import NamedTuple

from scipy.optimize import brentq

from sim.models.ranges import positive, probability_below_one


class Sandwich(NamedTuple):
    """What a sandwich does: lots bought before and sold after, gain of the attacker and loss of the victim, cash."""

    lots: float
    gain: float
    victim_loss: float


def largest(x: float, y: float, quantity: float, tolerance: float, fee: float) -> Sandwich:
    """The sandwich that brings a victim to its limit; its gain may be negative, then none pays.

    Parameters
    ----------
    x, y : lots and cash of the pool, above 0.
    quantity : q, lots that the victim buys, below x.
    tolerance : τ, above 0.
    fee : share of what comes in, from 0 to below 1.
    """
    positive(x=x, y=y, quantity=quantity, tolerance=tolerance)
    probability_below_one(fee=fee)
    if quantity >= x:
        raise ValueError(f"quantity must be below the pool's {x} lots, not {quantity}")
    kept = 1.0 - fee
    quote = y * quantity / (kept * (x - quantity))

    def run(lots: float) -> tuple[float, float]:
        first = y * lots / (kept * (x - lots))
        victim = (y + first) * quantity / (kept * (x - lots - quantity))
        lots_left, cash = x - lots - quantity, y + first + victim
        return victim, cash * kept * lots / (lots_left + kept * lots) - first

    limit = (1.0 + tolerance) * quote
    lots = float(brentq(lambda lots: run(lots)[0] - limit, 0.0, (x - quantity) * (1.0 - 1e-12), xtol=1e-14 * x))
    return Sandwich(lots, run(lots)[1], tolerance * quote)
