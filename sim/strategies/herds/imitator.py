"""Imitators: each takes over the opinion of a random neighbour, or now and then forms its own."""

import numpy as np

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    market_order,
    member_number,
    neighbour,
    neighbours,
    opinion_of,
    publish_opinion,
    uniform,
)


def _first(given, members):
    return (np.arange(members) < given["up"]).astype(float)


@strategy(
    "imitator",
    summary="copies the opinion of a random neighbour, or draws its own; up buys, down sells",
    source="Kirman 1993; without mutation the voter model of Clifford and Sudbury 1973",
    parameters={
        "mutation": Parameter(
            0.0, "probability that its opinion is drawn anew, up or down alike, and not copied", low=0.0, high=1.0
        ),
        "up": Parameter(0, "so many members, the first by number, begin an episode with the opinion up", low=0),
        "quantity": Parameter(1, "lots bought (up) or sold (down) in each turn; 0: it only talks", unit="lots", low=0,
                              high=MOST_LOTS),
    },
    max_messages=1,
    needs=("network",),
    first_opinions=_first,
)  # fmt: skip
def act(me, market):
    """Form an opinion, then trade on it."""
    choice = me.parameters
    opinion = opinion_of(me, market, member_number(me, market))
    linked = neighbours(me, market)
    if uniform(me, market) < choice.mutation:
        opinion = 1.0 if uniform(me, market) < 0.5 else 0.0
    elif linked > 0:
        opinion = opinion_of(me, market, neighbour(me, market, np.int64(uniform(me, market) * linked)))
    publish_opinion(me, market, opinion)
    if choice.quantity > 0:
        market_order(me, market, me.venue, BUY if opinion > 0.5 else SELL, choice.quantity)
