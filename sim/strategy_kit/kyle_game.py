"""Shared by Kyle's insiders and makers: their game, its equilibrium, and the price after an auction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.core.compiled import njit
from sim.core.world import Market
from sim.models import kyle
from sim.strategy_kit.declare import Parameter
from sim.strategy_kit.interface import last_trade_price, public_value, step, trades_of_venue
from sim.strategy_kit.seat import Seat

GAME = {
    "value_deviation": Parameter(
        1.0, "standard deviation of the value, given what is public", unit="currency", above=0.0, high=1e9
    ),
    "noise_deviation": Parameter(
        1000.0, "standard deviation of what noise traders buy net, in all auctions", unit="lots", above=0.0, high=1e9
    ),
    "insiders": Parameter(1, "how many know the value", low=1, high=100),
    "auctions": Parameter(
        1, "auctions, one a step, until the value is public and all begins anew", low=1, high=100
    ),
}  # fmt: skip
KEPT = {"price": float, "trades": int}  # of the strategy's memory, for follow_price


def equilibrium(given: Mapping[str, Any]) -> kyle.Equilibrium:
    """Kyle's equilibrium for parameters as in GAME."""
    return kyle.solve(given["value_deviation"], given["noise_deviation"], given["auctions"], given["insiders"])


def unsolvable(given: Mapping[str, Any]) -> str:
    """Why there is no equilibrium to play, or an empty text."""
    try:
        equilibrium(given)
    except ValueError as error:
        return str(error)
    return ""


@njit
def follow_price(me: Seat, market: Market, restarts: bool) -> int:
    """Keep the price of the last auction, at first what is public. Returns the number of the auction to come.

    ``restarts``: whether the price is what is public again when the auctions of the game begin anew.
    """
    kept = me.memory
    auction: int = step(me, market) % me.parameters.auctions
    if step(me, market) == 0 or (restarts and auction == 0):
        kept.price = public_value(me, market, me.instrument)
    elif trades_of_venue(me, market, me.venue) > kept.trades:
        kept.price = last_trade_price(me, market, me.venue)
    kept.trades = trades_of_venue(me, market, me.venue)
    return auction
