"""A maker that learns from the tape, from the moves that follow trades, and from public news.

Its belief is an average of trade prices. Published values correct it, and the imbalance of the order flow shifts it.
The maker compares every trade with its belief some trades later (the mark-out). If prices move in the direction of
earlier trades, these trades were informed, and the maker quotes wider by the size of the move. At the fixed point the
half-spread equals what a trade reveals, as in Glosten and Milgrom. Forecast volatility and inventory move the quotes as
in Avellaneda and Stoikov. The forecast of volatility is an average of squared moves, or Bollerslev's GARCH.
"""

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    HISTORY,
    SELL,
    instrument_of,
    inventory,
    mark_price,
    next_trade_number,
    public_value,
    recent_trade,
    tick_above,
    tick_below,
    trade_price,
)
from sim.strategy_kit.quoting import MOST_LEVELS, keep_quotes, room_to_trade

_RING = 64


def _validate(given):
    if given["forecast"] == "garch" and given["garch_news"] + given["garch_persistence"] >= 1.0:
        return "garch_news and garch_persistence must sum to less than 1: else there is no variance to return to"
    return ""


@strategy(
    "adaptive",
    summary="learns value, volatility and adverse selection from the tape; quotes wider if trades are more informed",
    source="Glosten and Milgrom 1985 (quotes as conditional expectations); Das 2005 (a learning maker); Avellaneda and "
    "Stoikov 2008 (inventory); Bollerslev 1986 (garch)",
    parameters={
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
        "margin": Parameter(0.01, "what it asks beyond the mean move that follows a trade", unit="currency", low=0.0),
        "risk_aversion": Parameter(
            0.1,
            "price of risk: the belief moves down by this times variance times lots held",
            unit="1 / currency",
            low=0.0,
        ),
        "inventory_limit": Parameter(0, "most lots held either way, 0 for no limit", unit="lots", low=0),
        "horizon": Parameter(40, "trades after which a trade is marked against the belief", low=1, high=_RING - 1),
        "average_weight": Parameter(0.5, "weight of a trade's price in the average", low=0.0, high=0.9),
        "public_weight": Parameter(
            0.05, "how fast the average goes to the public value, once that moves", low=0.0, high=1.0
        ),
        "imbalance_weight": Parameter(
            0.0, "share of the half-spread by which full imbalance of the flow leans the quotes", low=0.0, high=5.0
        ),
        "learning_rate": Parameter(
            0.005,
            "weight of the newest trade in the estimates of mark-out, imbalance and volatility",
            above=0.0,
            high=1.0,
        ),
        "learns_from": Parameter(
            "tape", "whose trades it marks: all, or those against its own orders", choices=("tape", "own_fills")
        ),
        "forecast": Parameter(
            "average", "of the variance: the average, or garch around it", choices=("average", "garch")
        ),
        "garch_news": Parameter(0.05, "weight of the newest squared move in garch, alpha", low=0.0, high=1.0),
        "garch_persistence": Parameter(0.9, "weight of the last forecast in garch, beta", low=0.0, high=1.0),
        "levels": Parameter(1, "orders on each side", low=1, high=MOST_LEVELS),
        "level_gap": Parameter(1, "distance of one order from the next", unit="ticks", low=1, high=1_000_000),
    },
    memory={
        "begun": int,
        "seen": int,
        "trades": int,
        "average": float,
        "published": float,
        "informative": int,
        "before": float,
        "variance": float,
        "forecast": float,
        "imbalance": float,
        "marked": int,
        "markout": float,
        "beliefs": (float, _RING),
        "signs": (int, _RING),
        "bids": (int, MOST_LEVELS),
        "asks": (int, MOST_LEVELS),
    },
    max_messages=lambda given: 2 * given["levels"],
    validate=_validate,
)
def act(me, market):
    """Learn from what happened since the last turn, then quote."""
    choice = me.parameters
    kept = me.memory
    if kept.begun == 0:
        kept.begun = 1
        kept.seen = next_trade_number(me, market)
        kept.average = mark_price(me, market, me.instrument)
        kept.published = public_value(me, market)
        kept.before = kept.average
    _learn(me, market)
    held = inventory(me, market)
    half = choice.margin + max(0.0, kept.markout)
    half += 0.5 * choice.risk_aversion * kept.forecast
    centre = kept.average + choice.imbalance_weight * half * kept.imbalance
    centre -= choice.risk_aversion * kept.forecast * held
    bid = tick_below(me, market, me.venue, centre - half)
    ask = max(bid + 1, tick_above(me, market, me.venue, centre + half))
    most = choice.quantity * choice.levels
    buying = room_to_trade(choice.inventory_limit, held, BUY, most)
    selling = room_to_trade(choice.inventory_limit, held, SELL, most)
    keep_quotes(me, market, me.venue, kept.bids, kept.asks, bid, buying, ask, selling, choice.quantity, choice.levels,
                choice.level_gap)  # fmt: skip


@njit
def _learn(me, market):
    choice = me.parameters
    kept = me.memory
    published = public_value(me, market)
    if published != kept.published:
        kept.informative = 1  # this market has news, so published values are useful
        kept.published = published
    if kept.informative == 1:
        kept.average += choice.public_weight * (published - kept.average)
    serial = max(kept.seen, next_trade_number(me, market) - HISTORY)
    while serial < next_trade_number(me, market):
        trade = recent_trade(me, market, serial)
        if instrument_of(me, market, trade.venue) == me.instrument:
            followed = choice.learns_from == 0 or trade.maker == me.agent
            _learn_from_trade(me, trade_price(me, market, trade), trade.aggressor, followed)
        serial += 1
    kept.seen = next_trade_number(me, market)
    move = kept.average - kept.before
    kept.before = kept.average
    kept.variance += choice.learning_rate * (move * move - kept.variance)
    if choice.forecast == 0:
        kept.forecast = kept.variance
    else:  # the forecast returns to the average
        returning = 1.0 - choice.garch_news - choice.garch_persistence
        kept.forecast = (
            returning * kept.variance + choice.garch_news * move * move + choice.garch_persistence * kept.forecast
        )


@njit
def _learn_from_trade(me, price, side, followed):
    choice = me.parameters
    kept = me.memory
    # The mark is the belief before the trade: the trade's own effect on the belief belongs to the move after it.
    kept.beliefs[kept.trades % _RING] = kept.average
    kept.signs[kept.trades % _RING] = side if followed else 0
    kept.average += choice.average_weight * (price - kept.average)
    kept.imbalance += choice.learning_rate * (side - kept.imbalance)
    kept.trades += 1
    if kept.trades > choice.horizon:
        then = (kept.trades - 1 - choice.horizon) % _RING
        if kept.signs[then] != 0:
            kept.marked += 1
            moved = kept.signs[then] * (kept.average - kept.beliefs[then])
            weight = max(choice.learning_rate, 1.0 / kept.marked)
            kept.markout += weight * (moved - kept.markout)
