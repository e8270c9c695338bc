"""Clusters: all who are linked with each other, directly or through others, decide together and trade at once."""

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import BUY, SELL, component_leader, component_size, market_order, member_number, uniform


@strategy(
    "cluster",
    summary="a connected component of the network acts as one: now and then it buys or sells for all its members",
    source="Cont and Bouchaud 2000",
    parameters={
        "activity": Parameter(
            0.01, "probability that a component buys in a turn, and as much that it sells", low=0.0, high=0.5
        ),
        "quantity": Parameter(1, "lots for each member of the component", unit="lots", low=1, high=1 << 20),
    },
    max_messages=1,
    needs=("network",),
)
def act(me, market):
    """Send the component's order, if this is the member that acts for it: the one of lowest number."""
    choice = me.parameters
    if component_leader(me, market) != member_number(me, market):
        return
    draw = uniform(me, market)
    if draw < 2.0 * choice.activity:
        side = BUY if draw < choice.activity else SELL
        market_order(me, market, me.venue, side, min(MOST_LOTS, choice.quantity * component_size(me, market)))
