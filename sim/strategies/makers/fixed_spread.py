"""A maker with a fixed spread around a reference price that it shifts against its inventory."""

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    NO_BID,
    SELL,
    inventory,
    last_price,
    mark_price,
    price_from_ticks,
    public_value,
    signal,
    tick_above,
    tick_below,
)
from sim.strategy_kit.quoting import MOST_LEVELS, keep_quotes, room_to_trade

_PUBLIC_VALUE, _MID, _LAST, _AVERAGE, _SIGNAL = range(5)


@strategy(
    "fixed_spread",
    summary="quotes a fixed half-spread around a reference price that it shifts against its inventory",
    source="the inventory maker of Ho and Stoll 1981 with a constant fee; Amihud and Mendelson 1980",
    parameters={
        "half_spread": Parameter(
            0.05, "distance of the best quotes from the reference; quotes are rounded outward", unit="currency", low=0.0
        ),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
        "inventory_skew": Parameter(
            0.0, "how far the reference moves down for each lot held", unit="currency per lot", low=0.0
        ),
        "inventory_limit": Parameter(0, "most lots held either way, 0 for no limit", unit="lots", low=0),
        "levels": Parameter(1, "orders on each side", low=1, high=MOST_LEVELS),
        "level_gap": Parameter(1, "distance of one order from the next", unit="ticks", low=1, high=1_000_000),
        "reference": Parameter(
            "public_value",
            "price around which it quotes; the initial value until this price exists",
            choices=("public_value", "mid", "last", "average", "signal"),
            needs={"signal": "signal"},
        ),
        "average_weight": Parameter(0.1, "weight of the newest mid in the average, once per turn", above=0.0, high=1.0),
        "sides": Parameter("both", "quote on both sides or on one", choices=("both", "buy", "sell")),
    },
    memory={"average": float, "begun": int, "bids": (int, MOST_LEVELS), "asks": (int, MOST_LEVELS)},
    max_messages=lambda given: 2 * given["levels"],
)
def act(me, market):
    """Quote around the reference."""
    choice = me.parameters
    kept = me.memory
    held = inventory(me, market)
    middle = mark_price(me, market, me.instrument)
    kept.average = middle if kept.begun == 0 else kept.average + choice.average_weight * (middle - kept.average)
    kept.begun = 1
    reference = middle
    if choice.reference == _PUBLIC_VALUE:
        reference = public_value(me, market)
    elif choice.reference == _LAST and last_price(me, market, me.venue) != NO_BID:
        reference = price_from_ticks(me, market, me.venue, last_price(me, market, me.venue))
    elif choice.reference == _AVERAGE:
        reference = kept.average
    elif choice.reference == _SIGNAL:
        reference = signal(me, market)
    reference -= choice.inventory_skew * held
    bid = tick_below(me, market, me.venue, reference - choice.half_spread)
    ask = tick_above(me, market, me.venue, reference + choice.half_spread)
    most = choice.quantity * choice.levels
    buying = room_to_trade(choice.inventory_limit, held, BUY, most) if choice.sides != 2 else 0
    selling = room_to_trade(choice.inventory_limit, held, SELL, most) if choice.sides != 1 else 0
    if ask <= bid and buying > 0 and selling > 0:
        ask = bid + 1  # with a half-spread of 0 on a tick, its bid would equal its ask
    keep_quotes(me, market, me.venue, kept.bids, kept.asks, bid, buying, ask, selling, choice.quantity, choice.levels,
                choice.level_gap)  # fmt: skip
