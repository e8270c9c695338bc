"""Words of a venue's settings and their codes for compiled code; amounts of money that depend on the tick."""

from __future__ import annotations

from typing import Any

from sim.core import codes
from sim.core.ledger import MOST_MONEY
from sim.venues.levels import HIGHEST_PRICE

MECHANISMS = {
    "limit_order_book": codes.CONTINUOUS,
    "call_auction": codes.CALL_AUCTION,
    "constant_product": codes.CONSTANT_PRODUCT,
}
MATCHING = {"price_time": codes.PRICE_TIME, "pro_rata": codes.PRO_RATA}
SELF_TRADE = {"cancel_resting": codes.CANCEL_RESTING, "cancel_incoming": codes.CANCEL_INCOMING, "allow": codes.ALLOW}
POST_ONLY = {"reject": codes.REJECT, "reprice": codes.REPRICE}
FEE_PER = {"notional": codes.PER_NOTIONAL, "lot": codes.PER_LOT}
ORDER_KINDS = {name: number for number, name in enumerate(codes.KINDS[:5])}


def set_tick_units(venue: Any, units: int) -> None:
    """Set the money units of one tick times one lot, and what follows from them.

    A trade of at most ``safe_lots`` cannot overflow at any price.
    """
    venue["tick_units"] = venue["price_units"] = units
    venue["per_tick"] = 1
    venue["safe_lots"] = int(MOST_MONEY) // (units * (HIGHEST_PRICE + 1))
