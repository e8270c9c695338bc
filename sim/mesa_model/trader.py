"""An agent of a market, looked at through Mesa, and the base of agents that act in plain Python."""

from __future__ import annotations

import copyreg
from functools import cache
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from numba.core.errors import TypingError

from sim.core import codes
from sim.core.arguments import finite, whole
from sim.core.arguments import side as one_side
from sim.core.compiled import njit
from sim.core.marks import wealth
from sim.core.renamed import old_attributes_refused
from sim.core.rng import next_uniform
from sim.core.storage import short_of_room
from sim.core.world import NO_PRICE, NOTHING, attach
from sim.strategy_kit import interface
from sim.strategy_kit.seat import Seat
from sim.venues import gateway

if TYPE_CHECKING:
    from sim.mesa_model.market import Market

NO_LIMIT = 1 << 60
_TICKS, _LOTS = "prices are whole ticks", "quantities are whole lots"
_NONE = int(NO_PRICE)
_UNFIT = (TypingError, TypeError, OverflowError)  # what an argument raises that is no 64 bits
_HANDLE = "what sending the order returned"
ONE = np.int64(1)


# --- what Python agents call, by address ----------------------------------------------------------------------------


@njit
def _send_order(address, agent, venue, kind, side, price, lots, lifetime):
    world = attach(address)
    side, price, lots, lifetime = gateway.bits(side), gateway.bits(price), gateway.bits(lots), gateway.bits(lifetime)
    if side * side != 1 or lifetime < 0 or lifetime > gateway.LONGEST:
        return gateway.WRONG
    short = short_of_room(world)
    if short != 0:
        return short
    return gateway.send_order(world, agent, venue, kind, side, price, lots, lifetime)


@njit
def _send_schedule(address, agent, venue, centre, slope, most):
    world = attach(address)
    short = short_of_room(world)
    if short != 0:
        return short
    return gateway.send_schedule(world, agent, venue, centre, slope, most)


@njit
def _send_cancel(address, agent, handle):
    world = attach(address)
    handle = gateway.bits(handle)
    short = short_of_room(world)
    if short != 0:
        return short
    return gateway.send_cancel(world, agent, handle)


@njit
def _send_replace(address, agent, handle, price, lots):
    world = attach(address)
    handle, price, lots = gateway.bits(handle), gateway.bits(price), gateway.bits(lots)
    short = short_of_room(world)
    if short != 0:
        return short
    return gateway.send_replace(world, agent, handle, price, lots)


@njit
def best_price(address, side):
    """The best price on a row of sides, NO_PRICE where there is none, or where an auction hides it."""
    world = attach(address)
    level = world.sides[side].best
    hidden = level == NOTHING or world.sides[side].hidden != 0
    return np.int64(NO_PRICE) if hidden else world.levels[level].price


@njit
def _in_call(address, venue):
    return interface.in_auction(Seat(0, 0, 0, 0, 0), attach(address), venue)


@njit
def _indicative_price(address, venue):
    return interface.indicative_price(Seat(0, 0, 0, 0, 0), attach(address), venue)


@njit
def _indicative_lots(address, venue):
    return interface.indicative_lots(Seat(0, 0, 0, 0, 0), attach(address), venue)


@njit
def _imbalance(address, venue):
    return interface.imbalance(Seat(0, 0, 0, 0, 0), attach(address), venue)


@njit
def _lots(address, agent, instrument):
    world = attach(address)
    return world.holdings[agent * world.clock[0].instruments + instrument].lots


@njit
def _signal(address, agent, instrument):
    return interface.signal(Seat(agent, 0, instrument, 0, 0), attach(address), instrument)


@njit
def _reservation(address, agent, instrument, side):
    return interface.reservation_price(Seat(agent, 0, instrument, 0, 0), attach(address), side)


@njit
def _uniform(address):
    return next_uniform(attach(address))


@njit
def _wealth(address, account):
    return wealth(attach(address), account)


@njit
def _is_live(address, agent, handle):
    return interface.is_live(Seat(agent, 0, 0, 0, 0), attach(address), handle)


@njit
def let_send(address, messages):
    """Let the agent whose turn it is send so many messages."""
    attach(address).clock[0].allowed = messages


@old_attributes_refused
class Trader(mesa.Agent):
    """One agent: a row of the World, looked at through Mesa.

    A subclass with a ``step`` of its own acts in Python: give it to :class:`Market` for a population. Prices are whole
    ticks, quantities whole lots, cash and values currency; ``side`` is 1 to buy and -1 to sell.
    """

    model: Market

    def __init__(self, model: Market, row: int) -> None:
        super().__init__(model)
        self._row = whole("row", row, low=0, high=len(model.population_rows) - 1)
        number = model.population_rows[self._row]
        self._of = model.setup.populations[number]
        self._number = self._row - int(model.world.populations[number]["first"])
        self._venues = tuple(model.venue_numbers[name] for name in self._of.venues)
        self._venue = self._venues[0]
        venue = model.world.venues[self._venue]
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
        return self.model.address  # a copy's is another one

    # --- what it has ------------------------------------------------------------------------------------------------

    @property
    def inventory(self) -> int:
        """Lots of its first venue's instrument, negative when short."""
        return int(_lots(self._address, self._row, self._instrument))

    @property
    def cash(self) -> float:
        """Cash, currency."""
        return float(self.model.world.accounts[self._row]["cash"]) * self.model.setup.money.unit

    @property
    def wealth(self) -> float:
        """Cash and positions at the mark, currency."""
        return float(_wealth(self._address, self._row))

    @property
    def profit(self) -> float:
        """Wealth less what the episode began with, lots at the initial value, currency."""
        return self.wealth - self.model.first_wealth(self._row)

    @property
    def quotes(self) -> list[dict[str, Any]]:
        """Its resting orders, the oldest first: venue, side, price (ticks), quantity (open lots), order, handle."""
        world, found = self.model.world, []
        order = int(world.agents[self._row]["first_order"])
        while order != NOTHING:
            record = world.orders[order]
            if record["state"] == codes.RESTING:
                level = world.levels[int(record["level"])]
                side = int(level["side"])
                found.append(
                    {
                        "venue": side // 2,
                        "side": 1 - 2 * (side & 1),
                        "price": int(level["price"]),
                        "quantity": int(record["remaining"]),
                        "order": int(record["number"]),
                        "handle": int(record["generation"]) << 32 | order,
                    }
                )
            order = int(record["agent_next"])
        return found

    @property
    def rejection(self) -> str:
        """Why the venue rejected the last message of this turn, a word of ``sim.core.codes.REASONS``; else empty."""
        reason = int(self.model.world.clock[0]["rejection"])
        return codes.REASONS[reason] if reason else ""

    # --- what it sees -----------------------------------------------------------------------------------------------

    def best_bid(self, venue: int | str | None = None) -> int | None:
        """The best bid in ticks, None where there is none, or where an auction hides it."""
        if venue is not None:
            return self.model.best_bid(venue)
        price = best_price(self.model.address, 2 * self._venue)
        return None if price == _NONE else price

    def best_ask(self, venue: int | str | None = None) -> int | None:
        """The best ask in ticks, None where there is none, or where an auction hides it."""
        if venue is not None:
            return self.model.best_ask(venue)
        price = best_price(self.model.address, 2 * self._venue + 1)
        return None if price == _NONE else price

    def in_auction(self, venue: int | str | None = None) -> bool:
        """Whether the venue collects orders for an auction, so that nothing trades before that is cleared."""
        return bool(_in_call(self._address, self._place(venue)))

    def indicative_price(self, venue: int | str | None = None) -> float:
        """The price at which an auction would clear now, the mark where nothing would trade, currency."""
        return float(_indicative_price(self._address, self._place(venue)))

    def indicative_lots(self, venue: int | str | None = None) -> int:
        """What an auction would trade if it were cleared now."""
        return int(_indicative_lots(self._address, self._place(venue)))

    def imbalance(self, venue: int | str | None = None) -> int:
        """Demand less supply that an auction would leave if it were cleared now, lots."""
        return int(_imbalance(self._address, self._place(venue)))

    @property
    def public_value(self) -> float:
        """What everybody knows of the value, currency."""
        return float(self.model.world.instruments[self._instrument]["public"])

    @property
    def signal(self) -> float:
        """What its population sees of the value, currency. Needs ``sees`` in the scenario."""
        if self._of.sees is None:
            raise AttributeError(f'population {self.population!r} has no signal; give it sees = {{ of = "value" }}')
        return float(_signal(self._address, self._row, self._instrument))

    def reservation_price(self, side: int) -> float:
        """A draw of the price beyond which it does not trade now, currency. Needs ``reservation`` in the scenario."""
        if self._of.reservation is None:
            raise AttributeError(f"population {self.population!r} has no reservation in the scenario")
        return float(_reservation(self._address, self._row, self._instrument, one_side(side)))

    def uniform(self) -> float:
        """A random number on (0, 1) from its own stream: the same run gives the same numbers."""
        return float(_uniform(self._address))

    # --- what it does -----------------------------------------------------------------------------------------------

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
        return int(self.model.world.clock[0]["filled"])

    def immediate_or_cancel_order(self, side: int, price: int, quantity: int, *, venue: int | str | None = None) -> int:
        """Trade up to a price; what is left is dropped. Returns the lots traded."""
        self._order(codes.IMMEDIATE_OR_CANCEL, side, price, quantity, venue, 0)
        return int(self.model.world.clock[0]["filled"])

    def fill_or_kill_order(self, side: int, price: int, quantity: int, *, venue: int | str | None = None) -> int:
        """Trade all of it up to a price, or nothing. Returns the lots traded."""
        self._order(codes.FILL_OR_KILL, side, price, quantity, venue, 0)
        return int(self.model.world.clock[0]["filled"])

    def demand_schedule(self, price: float, slope: float, most: int = 0, *, venue: int | str | None = None) -> int:
        """While an auction is running: buy ``slope`` lots per unit of currency below a price, sell as many above it.

        ``price`` in currency, ``most`` lots either way (0: no limit). It waits for the next clearing only. Returns its
        handle, 0 if it is rejected.
        """
        self.model.check_turn()
        where, centre, lots = self._place(venue), _number("price", price), _number("slope", slope)
        most = whole("most", most, _LOTS)
        while (result := _send_schedule(self._address, self._row, where, centre, lots, most)) < 0:
            self.model.make_room(-1 - result)
        return result

    def cancel_order(self, handle: int) -> int:
        """Cancel one of its orders. Returns the lots cancelled, 0 if it is gone."""
        model = self.model
        if not model._acting:
            model.check_turn()
        try:
            while (result := _send_cancel(model.address, self._row, handle)) < 0:
                model.make_room(-1 - result)
        except _UNFIT:  # looked at now
            return self.cancel_order(whole("handle", handle, _HANDLE))
        return result

    def replace_order(self, handle: int, price: int, quantity: int) -> int:
        """Change an order's price and open quantity. Returns its handle if it rests, else 0."""
        model = self.model
        if not model._acting:
            model.check_turn()
        try:
            while (result := _send_replace(model.address, self._row, handle, price, quantity)) < 0:
                model.make_room(-1 - result)
        except _UNFIT:  # looked at one by one now
            handle, price = whole("handle", handle, _HANDLE), whole("price", price, _TICKS)
            return self.replace_order(handle, price, whole("quantity", quantity, _LOTS))
        return result

    def is_live(self, handle: int) -> bool:
        """Whether one of its orders still rests."""
        return bool(_is_live(self._address, self._row, whole("handle", handle, _HANDLE)))

    def _place(self, venue: int | str | None) -> int:
        return self._venue if venue is None else self.model.venue_number(venue)

    def _order(self, kind: Any, side: int, price: int, quantity: int, venue: int | str | None, lifetime: int) -> int:
        model = self.model
        if not model._acting:
            model.check_turn()
        where = self._venue if venue is None else model.venue_number(venue)
        try:
            while (result := _send_order(model.address, self._row, where, kind, side, price, quantity, lifetime)) < 0:
                if result == gateway.WRONG:
                    break
                model.make_room(-1 - result)
            else:
                return result
        except _UNFIT:
            pass  # looked at one by one below
        return self._order(
            kind, one_side(side), whole("price", price, _TICKS), whole("quantity", quantity, _LOTS), where,
            whole("lifetime", lifetime, "steps, 0 for no end", low=0, high=int(gateway.LONGEST)),
        )  # fmt: skip


class _ViewType(type):
    """The type of classes that a market makes for populations to be looked at; pickle finds them by their names."""


@cache
def view_class(population: str) -> Any:
    """The class of a population whose members are looked at and do not act in Python: Mesa groups agents by class."""
    return _ViewType(population, (Trader,), {})


copyreg.pickle(_ViewType, lambda kind: (view_class, (kind.__name__,)))


def _number(name: str, value: Any) -> float:
    """A number, which the venue may still refuse: it is counted then."""
    return float(value) if isinstance(value, float | np.floating) else finite(name, value)
