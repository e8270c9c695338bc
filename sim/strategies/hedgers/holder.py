"""Holders: they keep what they have, or trade to a number of lots at the market, and leave the rest to their hedge."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import BUY, instrument_of, inventory, is_settled, room, venue_count, venue_of
from sim.strategy_kit.taking import trade, trade_on


@strategy(
    "holder",
    summary="keeps its endowment, a stated number of lots, or all that its capital allows; the rest is its hedge",
    source="buy and hold; with capital by Kelly, Kelly 1956",
    parameters={
        "hold": Parameter(
            "endowment",
            "what it keeps: its endowment, the target, or of each instrument as many lots as limits and capital allow",
            choices=("endowment", "target", "capital"),
            needs={"capital": "capital"},
        ),
        "target": Parameter(
            0, "lots of its first venue's instrument, negative for short", unit="lots", low=-(10**9), high=10**9
        ),
    },
    max_messages=1,
    per_venue=True,
    venues="any",
)
def act(me, market):
    """Send a market order if lots are missing, or are too many."""
    choice = me.parameters
    if choice.hold == 1:
        trade(me, market, choice.target - inventory(me, market, me.instrument))
    elif choice.hold == 2:
        for place in range(venue_count(me, market)):
            venue = venue_of(me, market, place)
            if not is_settled(me, market, instrument_of(me, market, venue)):
                trade_on(me, market, venue, room(me, market, venue, BUY))
