"""Insiders who know the value: each trades in proportion to the value less the last price."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import nearest_lots, precomputed, signal
from sim.strategy_kit.kyle_game import GAME, KEPT, equilibrium, follow_price, unsolvable
from sim.strategy_kit.taking import trade


@strategy(
    "kyle_insider",
    summary="knows the value; in each auction it buys in proportion to the value less the last price",
    source="Kyle 1985; Holden and Subrahmanyam 1992 (several insiders)",
    parameters=GAME
    | {
        "factor": Parameter(1.0, "its intensity, as a multiple of the equilibrium's", low=0.0, high=100.0),
    },
    memory=KEPT,
    max_messages=1,
    needs=("signal",),
    validate=unsolvable,
    precompute=lambda given, steps: equilibrium(given).intensity,
)
def act(me, market):
    """Send one market order."""
    auction = follow_price(me, market, True)
    intensity = me.parameters.factor * precomputed(me, market, auction)
    trade(me, market, nearest_lots(intensity * (signal(me, market) - me.memory.price)))
