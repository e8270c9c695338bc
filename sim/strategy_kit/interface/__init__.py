"""What an agent can see and do in its turn. Every strategy, ours or a user's, is written with these.

``me`` is the agent's seat, ``market`` the market, which shows nothing but through these functions. Prices are whole
ticks, quantities whole lots, values and cash currency (float64). ``side`` is BUY (1) or SELL (-1). A strategy reads
what a real trader could: the public value, its own signal, the books, the tape, itself.

A venue is an argument of every function that is about one. An instrument may be left out where the agent's venues trade
one instrument; where they trade several, the run ends and says which argument is missing.

A venue, an instrument, a side or the serial number of a trade that does not exist is a mistake in the strategy: the run
ends when the turn is over and says which. What a market may reject, such as a price beyond its grid, is rejected and
counted.

One file per idea: ``time``, ``places`` (venues and instruments), ``seeing`` (the market), ``valuing``, ``own_state``,
``sending``, ``prices``, ``randomness``, ``risk``, ``options``, ``society`` (neighbours and opinions). What is seen is
read in :mod:`sim.strategy_kit.view`.
"""

from sim.core.world import BUY, HISTORY, NOTHING, SELL, Market
from sim.instruments.exposures import Exposure
from sim.models.options import Greeks
from sim.strategy_kit.interface.options import (
    exposure,
    greeks,
    implied_volatility,
    is_settled,
    moves_to_expiry,
    underlying_of,
    value_volatility,
)
from sim.strategy_kit.interface.own_state import (
    cash,
    filled,
    inventory,
    is_live,
    open_quantity,
    order_price,
    own_order,
    own_orders,
    publish_belief,
)
from sim.strategy_kit.interface.places import instrument_of, venue_count, venue_of
from sim.strategy_kit.interface.prices import (
    nearest_lots,
    nearest_tick,
    price_from_ticks,
    round_lots,
    taker_cost,
    tick_above,
    tick_below,
    tick_size,
)
from sim.strategy_kit.interface.randomness import normal, uniform
from sim.strategy_kit.interface.risk import expected_shortfall, margin_use, risk_use, room, stress, value_at_risk
from sim.strategy_kit.interface.seeing import (
    Trade,
    best_ask,
    best_bid,
    best_of_others,
    best_volume,
    imbalance,
    in_auction,
    indicative_lots,
    indicative_price,
    last_price,
    last_trade_price,
    mark_price,
    next_trade_number,
    public_value,
    recent_trade,
    trade_price,
    trades_of_venue,
)
from sim.strategy_kit.interface.sending import (
    cancel_all,
    cancel_order,
    demand_schedule,
    fill_or_kill_order,
    immediate_or_cancel_order,
    limit_order,
    market_order,
    post_only_order,
    replace_order,
    requote,
)
from sim.strategy_kit.interface.society import (
    component_leader,
    component_size,
    member_number,
    members,
    neighbour,
    neighbours,
    opinion_of,
    publish_opinion,
)
from sim.strategy_kit.interface.time import episode, episode_steps, messages_left, step, turn_in_step
from sim.strategy_kit.interface.valuing import precomputed, precomputed_count, private_value, reservation_price, signal
from sim.strategy_kit.seat import Seat
from sim.venues.ticks import NO_ASK, NO_BID

__all__ = [
    "BUY",
    "HISTORY",
    "NOTHING",
    "NO_ASK",
    "NO_BID",
    "SELL",
    "Exposure",
    "Greeks",
    "Market",
    "Seat",
    "Trade",
    "best_ask",
    "best_bid",
    "best_of_others",
    "best_volume",
    "cancel_all",
    "cancel_order",
    "cash",
    "component_leader",
    "component_size",
    "demand_schedule",
    "episode",
    "episode_steps",
    "expected_shortfall",
    "exposure",
    "fill_or_kill_order",
    "filled",
    "greeks",
    "imbalance",
    "immediate_or_cancel_order",
    "implied_volatility",
    "in_auction",
    "indicative_lots",
    "indicative_price",
    "instrument_of",
    "inventory",
    "is_live",
    "is_settled",
    "last_price",
    "last_trade_price",
    "limit_order",
    "margin_use",
    "mark_price",
    "market_order",
    "member_number",
    "members",
    "messages_left",
    "moves_to_expiry",
    "nearest_lots",
    "nearest_tick",
    "neighbour",
    "neighbours",
    "next_trade_number",
    "normal",
    "open_quantity",
    "opinion_of",
    "order_price",
    "own_order",
    "own_orders",
    "post_only_order",
    "precomputed",
    "precomputed_count",
    "price_from_ticks",
    "private_value",
    "public_value",
    "publish_belief",
    "publish_opinion",
    "recent_trade",
    "replace_order",
    "requote",
    "reservation_price",
    "risk_use",
    "room",
    "round_lots",
    "signal",
    "step",
    "stress",
    "taker_cost",
    "tick_above",
    "tick_below",
    "tick_size",
    "trade_price",
    "trades_of_venue",
    "turn_in_step",
    "underlying_of",
    "uniform",
    "value_at_risk",
    "value_volatility",
    "venue_count",
    "venue_of",
]
