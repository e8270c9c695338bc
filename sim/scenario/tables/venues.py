"""Where instruments are traded: venues, and the books of a chain of options."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sim.scenario.tables.derivatives import Expiry, Strikes
from sim.scenario.tables.table import Amount, Delay, EverySteps, Name, NotNegative, Positive, Steps, Table, refuse

MOST_RESERVE = 2**53  # lots, or units of money, of a pool: sim.venues.pools.constant_product
POOLS = ("constant_product",)  # mechanisms that trade by a curve


class Auction(Table):
    """When a venue collects orders and trades them at one price: always, at the start of an episode, or at its end."""

    every: EverySteps | None = Field(
        default=None, description="steps between the clearings of a call auction; omitted: 1 for a call auction"
    )
    opening: Steps = Field(
        default=0, description="first steps of an episode in which a limit order book only collects orders"
    )
    closing: Steps = Field(
        default=0, description="last steps of an episode in which a limit order book only collects orders"
    )
    pricing: Literal["tick", "free"] = Field(
        default="tick", description="a clearing price is a whole number of ticks, or of units of money"
    )


class Liquidity(Table):
    """What a pool begins an episode with: lots, and money worth as much at the price that it begins with."""

    lots: int = Field(ge=2, le=MOST_RESERVE // 2, description="lots of its instrument")
    price: Positive = Field(description="its first price, currency")


class Venue(Table):
    """A place that trades one instrument by one mechanism."""

    name: Name = Field(description="what populations call it")
    instrument: str = Field(default="", description="name of what it trades; omitted: the only instrument")
    mechanism: Literal["limit_order_book", "call_auction", "constant_product"] | None = Field(
        default=None,
        description="how orders meet, or the curve of a pool; omitted: call_auction if auction.every is given, else a "
        "book",
    )
    fee: float | None = Field(
        default=None,
        ge=0.0,
        lt=1.0,
        description="of a pool: the share of what comes in that it keeps, in whole millionths; omitted: 0.003",
    )
    liquidity: Liquidity | None = Field(default=None, description="of a pool: what it begins an episode with")
    auction: Auction = Field(default=Auction(), description="when orders collect and trade at one price")
    tick_size: Positive = Field(default=0.01, description="smallest price increment, currency")
    matching: Literal["price_time", "pro_rata"] = Field(
        default="price_time",
        description="who trades first at one price: the first to come, or all in proportion to size",
    )
    self_trade_prevention: Literal["cancel_resting", "cancel_incoming", "allow"] = Field(
        default="cancel_resting",
        description="which order is cancelled if an agent would trade with itself; auctions ignore this",
    )
    maker_fee: Amount = Field(default=0.0, description="fee of the resting side, as fee_per says; negative is a rebate")
    taker_fee: Amount = Field(
        default=0.0, description="fee of the arriving side, as fee_per says; negative is a rebate"
    )
    fee_per: Literal["notional", "lot"] = Field(
        default="notional", description="fees are a fraction of the money traded, or currency per lot"
    )
    post_only: Literal["reject", "reprice"] = Field(
        default="reprice",
        description="whether a post-only order that would trade is rejected, or repriced one tick away",
    )
    clear_book_after_trade: bool = Field(
        default=False, description="whether a trade empties the book, as in laboratory double auctions"
    )
    order_delay: Delay = Field(default=0, description="steps until an order arrives; so far only 0 is allowed")
    data_delay: Delay = Field(default=0, description="steps until the book is seen; so far only 0 is allowed")


def _by_the_chain(name: str) -> str:
    if name:
        raise refuse(f"{name!r} cannot be set: the books of a chain are called as its options are")
    return name


class ChainVenue(Venue):
    """The book of each option of a chain."""

    name: Annotated[str, AfterValidator(_by_the_chain)] = Field(default="", description="left out: the option's")
    instrument: Annotated[str, AfterValidator(_by_the_chain)] = Field(default="", description="left out: the option")


class Chain(Table):
    """Calls and puts on one instrument, an instrument and its book for each expiry and strike.

    Each is called by the chain's name, expiry, strike and kind: ``options-500-80-call``, with _ for a decimal point.
    """

    name: Name = Field(description="what populations call all its books together")
    of: Name = Field(description="name of the instrument that they follow from")
    expiries: tuple[Expiry, ...] = Field(
        min_length=1, max_length=1000, description="they are settled in cash after so many moves of its value"
    )
    strikes: Strikes = Field(description="prices at which they may be exercised")
    kinds: tuple[Literal["call", "put"], ...] = Field(
        default=("call", "put"), min_length=1, max_length=2, description="which options there are at each strike"
    )
    settles_at: Literal["value", "mid"] = Field(
        default="value", description="what counts as that instrument's price at expiry: its value, or its mid"
    )
    average: int = Field(
        default=1, ge=1, le=10**6, description="they are settled at the mean price of so many steps, the last ones"
    )
    volatility: NotNegative | None = Field(
        default=None,
        description="relative, per square root of a step, at which they are valued where the law of that instrument's "
        "value does not say it; omitted: the law does",
    )
    lot_size: Positive = Field(default=1.0, description="units of that instrument in a lot")
    venue: ChainVenue = Field(default=ChainVenue(), description="settings of each book, as in [[venues]]")
