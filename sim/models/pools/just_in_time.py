"""Liquidity just in time: a provider adds to a pool before one swap and withdraws after it.

Source: Capponi, Jia and Zhu 2023 (arXiv 2311.18164) on the practice; the numbers follow from the curve.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.models.ranges import not_negative, positive, probability_below_one


class Split(NamedTuple):
    """Gains at the price before the swap, cash: of those who were there, and of who came just in time."""

    resident: float
    just_in_time: float


def gains(x: float, y: float, paid: float, added: float, fee: float) -> Split:
    """Who gains what of a buyer's swap through a constant-product pool.

    Parameters
    ----------
    x, y : lots and cash of the pool before, above 0.
    paid : cash that the buyer pays, above 0.
    added : liquidity added for the swap, as a multiple of what is there.
    fee : share of what comes in, from 0 to below 1.
    """
    positive(x=x, y=y, paid=paid)
    not_negative(added=added)
    probability_below_one(fee=fee)
    times, kept = 1.0 + added, (1.0 - fee) * paid
    lots = times * x * kept / (times * y + kept)
    gain = paid - lots * y / x
    return Split(gain / times, gain * added / times)
