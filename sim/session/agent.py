"""One agent of a session: what it has, what it sees, and the messages it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.core import codes
from sim.core.arguments import side as one_side
from sim.core.arguments import whole
from sim.core.renamed import old_attributes_refused
from sim.session import python_gateway as gateway
from sim.session.message_arguments import (
    UNFIT,
    handle_argument,
    order_arguments,
    price_and_quantity,
    schedule_arguments,
)
from sim.venues.gateway import WRONG
from sim.venues.ticks import NO_ASK, NO_BID

if TYPE_CHECKING:
    from sim.session.session import Session

_NO_BID, _NO_ASK = int(NO_BID), int(NO_ASK)
_send_order, _send_cancel, _send_replace = gateway.send_order, gateway.send_cancel, gateway.send_replace
_best_bid, _best_ask, _uniform = gateway.best_bid, gateway.best_ask, gateway.uniform


@old_attributes_refused
class Agent:
    """One agent: a row of the World of a session.

    It sends its messages in its turn where it acts in Python, and between two steps where it is driven from outside.
    Prices are whole ticks, quantities whole lots, cash and values currency; ``side`` is 1 to buy and -1 to sell.

    Raises
    ------
    RunError
        By every message that is sent when it may not be: in no turn or another agent's, while a step is going on, after
        the end.
    """

    def __init__(self, session: Session, row: int) -> None:
        self._row = whole("row", row, low=0, high=len(session.population_rows) - 1)
        self._session = session
        number = session.population_rows[self._row]
        self._of = session.scenario.populations[number]
        self._number = self._row - int(session.world.populations[number]["first"])
        self._venues = tuple(session.venue_numbers[name] for name in self._of.venues)
        self._venue = self._venues[0]
        venue = session.world.venues[self._venue]
        self._instrument, self._tick_size = int(venue["instrument"]), float(venue["tick_size"])

    @property
    def row(self) -> int:
        """Its row among all agents of the market."""
        return self._row

    @property
    def population(self) -> str:
        """The name of its population."""
        return self._of.name

    @property
    def number(self) -> int:
        """Its number within its population, from 0."""
        return self._number

    @property
    def venues(self) -> tuple[int, ...]:
        """The numbers of its venues."""
        return self._venues

    @property
    def venue(self) -> int:
        """The number of its first venue, to which messages go that name no other."""
        return self._venue

    @property
    def instrument(self) -> int:
        """The number of its first venue's instrument."""
        return self._instrument

    @property
    def tick_size(self) -> float:
        """Its first venue's tick. Currency."""
        return self._tick_size

    @property
    def _address(self) -> int:
        return self._session.address  # a copy's is another one

    # --- what it has ------------------------------------------------------------------------------------------------

    @property
    def inventory(self) -> int:
        """Lots of its first venue's instrument, negative when short."""
        return int(gateway.lots_held(self._address, self._row, self._instrument))

    @property
    def cash(self) -> float:
        """Cash, currency."""
        return float(self._session.world.accounts[self._row]["cash"]) * self._session.scenario.money.unit

    @property
    def wealth(self) -> float:
        """Cash and positions at the mark, currency."""
        return float(gateway.account_wealth(self._address, self._row))

    @property
    def profit(self) -> float:
        """Wealth less what the episode began with, lots at the initial value, currency."""
        return self.wealth - self._session.first_wealth(self._row)

    @property
    def quotes(self) -> list[dict[str, Any]]:
        """Its resting orders, the oldest first: venue, side, price (ticks), quantity (open lots), order, handle."""
        return gateway.own_orders(self._session.world, self._row)

    @property
    def rejection(self) -> str:
        """Why the venue rejected the last message of this turn, a word of ``sim.core.codes.REASONS``; else empty."""
        return self._session.rejection

    # --- what it sees -----------------------------------------------------------------------------------------------

    def best_bid(self, venue: int | str | None = None) -> int | None:
        """The best bid in ticks, None where there is none, or where an auction hides it."""
        price = _best_bid(self._session.address, self._row, self._venue if venue is None else self._place(venue))
        return None if price == _NO_BID else price

    def best_ask(self, venue: int | str | None = None) -> int | None:
        """The best ask in ticks, None where there is none, or where an auction hides it."""
        price = _best_ask(self._session.address, self._row, self._venue if venue is None else self._place(venue))
        return None if price == _NO_ASK else price

    def in_auction(self, venue: int | str | None = None) -> bool:
        """Whether the venue collects orders for an auction, so that nothing trades before that is cleared."""
        return bool(gateway.in_auction(self._address, self._row, self._place(venue)))

    def indicative_price(self, venue: int | str | None = None) -> float:
        """The price at which an auction would clear now, the mark where nothing would trade, currency."""
        return float(gateway.indicative_price(self._address, self._row, self._place(venue)))

    def indicative_lots(self, venue: int | str | None = None) -> int:
        """What an auction would trade if it were cleared now."""
        return int(gateway.indicative_lots(self._address, self._row, self._place(venue)))

    def imbalance(self, venue: int | str | None = None) -> int:
        """Demand less supply that an auction would leave if it were cleared now, lots."""
        return int(gateway.imbalance(self._address, self._row, self._place(venue)))

    @property
    def public_value(self) -> float:
        """What everybody knows of the value, currency."""
        return float(gateway.public_value(self._address, self._row, self._instrument))

    @property
    def signal(self) -> float:
        """What its population sees of the value, currency. Needs ``sees`` in the scenario."""
        if self._of.sees is None:
            raise AttributeError(f'population {self.population!r} has no signal; give it sees = {{ of = "value" }}')
        return float(gateway.signal(self._address, self._row, self._instrument))

    def reservation_price(self, side: int) -> float:
        """A draw of the price beyond which it does not trade now, currency. Needs ``reservation`` in the scenario."""
        if self._of.reservation is None:
            raise AttributeError(f"population {self.population!r} has no reservation in the scenario")
        return float(self._session.do(self._row, "reservation_price", self._instrument, one_side(side)))

    def uniform(self) -> float:
        """A random number on (0, 1) from its own stream: the same run gives the same numbers."""
        session = self._session
        if session.acting != self._row:
            return float(session.do(self._row, "uniform"))
        return float(_uniform(session.address, self._row))

    # --- what it does -----------------------------------------------------------------------------------------------

    def begin_turn(self) -> None:
        """From outside: begin its turn without an order. What was added to an obliged maker's quotes is gone then."""
        self._session.do(self._row, "begin_turn")

    def limit_order(
        self, side: int, price: int, quantity: int, *, venue: int | str | None = None, lifetime: int = 0
    ) -> int:
        """Trade up to a price and rest with what is left. Returns the handle if it rests, else 0."""
        return self._order(codes.LIMIT, side, price, quantity, venue, lifetime)

    def post_only_order(
        self, side: int, price: int, quantity: int, *, venue: int | str | None = None, lifetime: int = 0
    ) -> int:
        """Rest at a price without trading. Returns the handle, 0 if rejected."""
        return self._order(codes.POST_ONLY, side, price, quantity, venue, lifetime)

    def market_order(self, side: int, quantity: int, *, venue: int | str | None = None) -> int:
        """Trade at whatever price. Returns the lots traded."""
        self._order(codes.MARKET, side, 0, quantity, venue, 0)
        return self._session.filled

    def immediate_or_cancel_order(self, side: int, price: int, quantity: int, *, venue: int | str | None = None) -> int:
        """Trade up to a price; what is left is dropped. Returns the lots traded."""
        self._order(codes.IMMEDIATE_OR_CANCEL, side, price, quantity, venue, 0)
        return self._session.filled

    def fill_or_kill_order(self, side: int, price: int, quantity: int, *, venue: int | str | None = None) -> int:
        """Trade all of it up to a price, or nothing. Returns the lots traded."""
        self._order(codes.FILL_OR_KILL, side, price, quantity, venue, 0)
        return self._session.filled

    def demand_schedule(self, price: float, slope: float, most: int = 0, *, venue: int | str | None = None) -> int:
        """While an auction is running: buy ``slope`` lots per unit of currency below a price, sell as many above it.

        ``price`` in currency, ``most`` lots either way (0: no limit). It waits for the next clearing only. Returns its
        handle, 0 if it is rejected.
        """
        session = self._session
        return int(session.do(self._row, "schedule", self._place(venue), *schedule_arguments(price, slope, most)))

    def cancel_order(self, handle: int) -> int:
        """Cancel one of its orders. Returns the lots cancelled, 0 if it is gone."""
        session = self._session
        if session.acting != self._row:
            return int(session.do(self._row, "cancel", handle_argument(handle)))
        result: int
        try:
            while (result := _send_cancel(session.address, self._row, handle)) < 0:
                session.make_room(-1 - result)
        except UNFIT:  # looked at now
            return self.cancel_order(handle_argument(handle))
        return result

    def replace_order(self, handle: int, price: int, quantity: int) -> int:
        """Change an order's price and open quantity. Returns its handle if it rests, else 0."""
        session = self._session
        if session.acting != self._row:
            return int(session.do(self._row, "replace", handle_argument(handle), *price_and_quantity(price, quantity)))
        result: int
        try:
            while (result := _send_replace(session.address, self._row, handle, price, quantity)) < 0:
                session.make_room(-1 - result)
        except UNFIT:  # looked at one by one now
            return self.replace_order(handle_argument(handle), *price_and_quantity(price, quantity))
        return result

    def is_live(self, handle: int) -> bool:
        """Whether one of its orders still rests."""
        return bool(gateway.is_live(self._address, self._row, handle_argument(handle)))

    def _place(self, venue: int | str | None) -> int:
        return self._venue if venue is None else self._session.venue_number(venue)

    def _order(self, kind: Any, side: int, price: int, quantity: int, venue: int | str | None, lifetime: int) -> int:
        session = self._session
        where = self._venue if venue is None else session.venue_number(venue)
        if session.acting != self._row:
            return int(session.do(self._row, "order", where, kind, *order_arguments(side, price, quantity, lifetime)))
        result: int
        try:
            while (result := _send_order(session.address, self._row, where, kind, side, price, quantity, lifetime)) < 0:
                if result == WRONG:
                    break
                session.make_room(-1 - result)
            else:
                return result
        except UNFIT:
            pass  # looked at one by one below
        side, price, quantity, lifetime = order_arguments(side, price, quantity, lifetime)
        return self._order(kind, side, price, quantity, where, lifetime)

    def __repr__(self) -> str:
        return f"<agent {self.population} {self._number}>"
