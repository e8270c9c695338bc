"""What an instrument is worth at any price of what it follows from, at one time: the World is asked once, then priced.

Whoever wants many prices of one instrument, as a scan of scenarios does, takes its contract first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sim.core.compiled import njit
from sim.models.options import Terms, price_of


class Contract(NamedTuple):
    """An instrument at one time.

    Attributes
    ----------
    side : +1 of a call, −1 of a put, 0 of what moves in proportion to its underlying.
    terms : what an option pays on; of anything else it is worth spot · of − strike.
    rate : continuous, per step.
    deviation : of a move of the underlying's value until it expires, relative or in currency.
    absolute : whether that is in currency.
    """

    side: int
    terms: Terms
    rate: float
    deviation: float
    absolute: bool


@njit
def worth_at(contract, spot, deviation):
    """What a unit is worth at a price of the underlying and a deviation of its moves. Currency."""
    terms = contract.terms
    if contract.side == 0:
        return spot * terms.of - terms.strike
    absolute, deviation = law_at(terms, spot, deviation, contract.absolute)
    return price_of(absolute, contract.side, spot, terms, contract.rate, deviation)


@njit
def parity_at(contract, spot):
    """What a call is worth more than a put of the same terms at a price of the underlying. Currency."""
    terms = contract.terms
    return math.exp(-contract.rate * terms.payment) * (spot * terms.of - terms.strike)


@njit
def law_at(terms, spot, deviation, absolute):
    """The law by which an option is valued: whether moves are in currency, and their deviation.

    At a price that is not positive no relative change matters any more: it is worth what it would pay now.
    """
    if not absolute and spot * terms.of <= 0.0:
        return True, 0.0
    return absolute, deviation
