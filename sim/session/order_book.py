"""One limit order book by itself, a Python call a message: for replays, benchmarks, lessons and tests.

The engine is the one that runs scenarios; only the driver is a Python caller instead of the kernel. A book is no
session: it is a World with one venue, agents and a ledger. It has no populations, whose turns a session gives, and no
value that moves. Its steps count lifetimes alone. It grows as a session does, and shares its look at arguments.
"""

from __future__ import annotations

import copy
from typing import Any, Literal

import numpy as np

from sim.core.arguments import finite, one_of, whole
from sim.core.arguments import side as one_side
from sim.core.codes import MONEY_OVERFLOW, NEED_TAPE, REASONS, RUNNING
from sim.core.compiled import njit
from sim.core.errors import RunError
from sim.core.ledger import MOST_MONEY
from sim.core.renamed import old_arguments_refused, old_attributes_refused
from sim.core.storage import Storage, make_room, short_of_room
from sim.core.world import HISTORY, NONE, NOTHING, attach, int64
from sim.session.message_arguments import UNFIT, handle_argument, order_arguments, price_and_quantity
from sim.session.python_gateway import depth
from sim.venues import book
from sim.venues.gateway import LONGEST, WRONG, bits
from sim.venues.levels import next_level
from sim.venues.settings import FEE_PER, MATCHING, ORDER_KINDS, POST_ONLY, SELF_TRADE, set_tick_units

_MOST_AGENTS = 100_000_000
_HANDLE = "what enter() returned"


@njit
def _open(address: int) -> None:
    book.open_books(attach(address))


@njit
def _short(world: Any) -> int:
    """0 where a message can be taken, else -1 less why the book has ended, or what there is no room for."""
    status: int = world.clock[0].status
    return -1 - status if status != RUNNING else short_of_room(world)


@njit
def _enter(address: int, agent: int, kind: int, side: int, price: int, lots: int, lifetime: int) -> int:
    world = attach(address)
    agent, side, price, lots, lifetime = bits(agent), bits(side), bits(price), bits(lots), bits(lifetime)
    if (side != 1 and side != -1) or agent < 0 or agent >= len(world.agents) or lifetime < 0 or lifetime > LONGEST:
        return int(WRONG)
    short = _short(world)
    if short != 0:
        return short
    step = world.clock[0].step
    handle: int = book.enter(
        world, NONE, agent, kind, side, price, lots, step + lifetime if lifetime > 0 else step * 0, NOTHING
    )
    return handle if world.clock[0].status == RUNNING else -1 - world.clock[0].status


@njit
def _cancel(address: int, agent: int, handle: int) -> int:
    world = attach(address)
    agent, handle = bits(agent), bits(handle)
    if agent < 0 or agent >= len(world.agents):
        return int(WRONG)
    short = _short(world)
    if short != 0:
        return short
    open_lots: int = book.cancel(world, agent, handle)
    return open_lots


@njit
def _replace(address: int, agent: int, handle: int, price: int, lots: int) -> int:
    world = attach(address)
    agent, handle, price, lots = bits(agent), bits(handle), bits(price), bits(lots)
    if agent < 0 or agent >= len(world.agents):
        return int(WRONG)
    short = _short(world)
    if short != 0:
        return short
    new: int = book.replace(world, agent, handle, price, lots)
    return new if world.clock[0].status == RUNNING else -1 - world.clock[0].status


@njit
def _advance(address: int) -> None:
    world = attach(address)
    world.clock[0].step += 1
    book.expire(world)


@njit
def _queue(address: int, side: int, rows: Any) -> int:
    """Fill ``rows`` (price, remaining, number, agent), best price and first in first; returns how many there are."""
    world = attach(address)
    level = int64(world.sides[side].best)
    found = 0
    while level != NOTHING:
        order = int64(world.levels[level].head)
        while order != NOTHING:
            if found < len(rows):
                rows[found, 0] = world.levels[level].price
                rows[found, 1] = world.orders[order].remaining
                rows[found, 2] = world.orders[order].number
                rows[found, 3] = world.orders[order].agent
            found += 1
            order = int64(world.orders[order].next)
        level = next_level(world, level)
    return found


@old_attributes_refused
class OrderBook:
    """A limit order book with its ledger.

    Parameters
    ----------
    agents : number of agents that may send orders, numbered from 0.
    matching : ``price_time`` or ``pro_rata``.
    self_trade_prevention : ``cancel_resting``, ``cancel_incoming`` or ``allow``.
    post_only : a post-only order that would trade is rejected (``reject``) or moved one tick away (``reprice``).
    maker_fee, taker_fee : negative for a rebate.
    fee_per : ``notional`` (a fraction of the money traded) or ``lot`` (currency).
    tick_units : money units (1e-6 currency) in one tick times one lot.
    orders : slots to begin with; storage grows when it runs short.
    keep_log : keep the message log (``messages()``).

    Prices are whole ticks, quantities whole lots; ``side`` is 1 to buy and -1 to sell.
    """

    @old_arguments_refused
    def __init__(
        self,
        agents: int = 2,
        matching: Literal["price_time", "pro_rata"] = "price_time",
        self_trade_prevention: Literal["cancel_resting", "cancel_incoming", "allow"] = "cancel_resting",
        post_only: Literal["reject", "reprice"] = "reprice",
        maker_fee: float = 0.0,
        taker_fee: float = 0.0,
        fee_per: Literal["notional", "lot"] = "notional",
        tick_units: int = 10_000,
        orders: int = 1024,
        keep_log: bool = False,
    ) -> None:
        agents = whole("agents", agents, low=1, high=_MOST_AGENTS)
        orders = whole("orders", orders, low=1, high=_MOST_AGENTS)
        tick_units = whole("tick_units", tick_units, "money units of a tick times a lot", low=1, high=int(MOST_MONEY))
        for name, value, choices in (
            ("matching", matching, MATCHING), ("self_trade_prevention", self_trade_prevention, SELF_TRADE),
            ("post_only", post_only, POST_ONLY), ("fee_per", fee_per, FEE_PER),
        ):  # fmt: skip
            one_of(name, value, choices)
        maker_fee, taker_fee = finite("maker_fee", maker_fee), finite("taker_fee", taker_fee)
        if not isinstance(keep_log, bool | np.bool_):
            raise TypeError(f"keep_log must be True or False, not {keep_log!r}")
        nodes = 2 * 64
        self.storage = Storage(
            clock=1, orders=orders, levels=orders, nodes=nodes, children=64 * nodes, sides=2, venues=1, instruments=1,
            agents=agents, accounts=agents + 1, holdings=agents + 1, rejections=len(REASONS),
            wheel=2 * 256, tape=2 * HISTORY, log=HISTORY if keep_log else 0,
        )  # fmt: skip
        self.fee_account = agents
        world = self.storage.world
        clock, venue, instrument = world.clock[0], world.venues[0], world.instruments[0]
        clock["instruments"] = 1
        instrument["of"] = NOTHING
        clock["money_unit"] = 1e-6
        clock["keeps_log"] = keep_log
        clock["shares"] = matching == "pro_rata"
        instrument["lot_size"], instrument["price_unit"] = 1.0, 1e-6
        venue["matching"] = MATCHING[matching]
        venue["self_trade_prevention"] = SELF_TRADE[self_trade_prevention]
        venue["post_only"] = POST_ONLY[post_only]
        venue["maker_fee"], venue["taker_fee"], venue["fee_per"] = maker_fee, taker_fee, FEE_PER[fee_per]
        venue["fee_account"] = self.fee_account
        set_tick_units(venue, tick_units)
        venue["tick_size"] = venue["price_size"] = tick_units * 1e-6
        venue["next_of_instrument"] = NOTHING
        self._trades: list[Any] = []
        self._messages: list[Any] = []
        self._address = self.storage.address  # of the table of pointers, which stays where it is
        _open(self._address)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_address"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._address = self.storage.address

    def __copy__(self) -> OrderBook:
        """A book of its own, as ``copy.deepcopy`` makes: two books of one memory would take each other's trades."""
        return copy.deepcopy(self)

    def _mend(self, lack: int) -> None:
        """Drain the tapes, or grow the pools, whichever is short; or say that the ledger cannot go on."""
        if lack == MONEY_OVERFLOW:
            raise RunError("an amount of money is too large to count — use a smaller tick_units or smaller orders")
        make_room(self.storage, lack, 1, self._trades, self._messages)

    def enter(self, agent: int, kind: str, side: int, price: int, quantity: int, lifetime: int = 0) -> int:
        """Send a new order (a kind of ORDER_KINDS). Returns its handle if it rests, else 0.

        What the book rejects, ``rejection`` tells: a price beyond its grid, a quantity that is not positive.

        Raises
        ------
        TypeError
            If the side, the price, the quantity or the lifetime is no whole number.
        ValueError
            If the agent, the kind or the side is none of the book's, or a number does not fit 64 bits.
        RunError
            If the money traded is too large to count; the book then takes no more messages.
        """
        try:
            number = ORDER_KINDS[kind]
            while True:
                handle = _enter(self._address, agent, number, side, price, quantity, lifetime)
                if handle >= 0:
                    return handle
                if handle == WRONG:
                    break
                self._mend(-1 - handle)
        except (KeyError, *UNFIT):
            pass  # looked at one by one below
        return self.enter(
            self._agent(agent),
            one_of("kind", kind, ORDER_KINDS),
            *order_arguments(side, price, quantity, lifetime),
        )

    def cancel(self, agent: int, handle: int) -> int:
        """Cancel a resting order. Returns the lots cancelled, 0 if the handle is stale or another agent's.

        Raises
        ------
        TypeError, ValueError
            If the handle is no whole number, or there is no such agent.
        """
        try:
            while True:
                lots = _cancel(self._address, agent, handle)
                if lots >= 0:
                    return lots
                if lots == WRONG:
                    break
                self._mend(-1 - lots)
        except UNFIT:
            pass  # looked at one by one below
        return self.cancel(self._agent(agent), handle_argument(handle, _HANDLE))

    def replace(self, agent: int, handle: int, price: int, quantity: int) -> int:
        """Change a resting order's price and open quantity. Returns its handle if it rests, else 0.

        Raises
        ------
        TypeError, ValueError
            If the handle, the price or the quantity is no whole number, or there is no such agent.
        """
        try:
            while True:
                new = _replace(self._address, agent, handle, price, quantity)
                if new >= 0:
                    return new
                if new == WRONG:
                    break
                self._mend(-1 - new)
        except UNFIT:
            pass  # looked at one by one below
        return self.replace(self._agent(agent), handle_argument(handle, _HANDLE), *price_and_quantity(price, quantity))

    def _agent(self, agent: Any) -> int:
        return whole("agent", agent, f"there are {self.fee_account:,}", low=0, high=self.fee_account - 1)

    def advance(self) -> None:
        """Go to the next step; orders whose lifetime ends are removed."""
        self._mend(NEED_TAPE)
        _advance(self._address)

    def queue(self, side: int) -> Any:
        """Resting orders of a side, best first: int64 (orders, 4), of price, remaining, number, agent."""
        rows = np.empty((int(self.storage.world.clock[0]["resting"]), 4), np.int64)
        return rows[: _queue(self._address, 0 if one_side(side) > 0 else 1, rows)]

    def depth(self, side: int, levels: int = 10) -> Any:
        """Price and volume of the best levels of a side: int64 (levels, 2)."""
        most = int(self.storage.world.clock[0]["resting"])
        rows = np.empty((min(whole("levels", levels, low=0), most), 2), np.int64)
        return rows[: depth(self._address, 0 if one_side(side) > 0 else 1, rows)]

    @property
    def filled(self) -> int:
        """Lots that the last message traded at once."""
        return int(self.storage.world.clock[0]["filled"])

    @property
    def rejection(self) -> int:
        """Why the last message was rejected, 0 if it was not (``sim.core.codes.ACCEPTED`` and its neighbours)."""
        return int(self.storage.world.clock[0]["rejection"])

    def trades(self) -> Any:
        """All trades so far, as records of ``sim.core.world.TRADE``."""
        self._mend(NEED_TAPE)
        self._trades = [np.concatenate([*self._trades, self.storage.world.tape[:0]])]
        return self._trades[0]

    def messages(self) -> Any:
        """The message log so far, as records of ``sim.core.world.MESSAGE`` (empty unless ``keep_log``)."""
        self._mend(NEED_TAPE)
        self._messages = [np.concatenate([*self._messages, self.storage.world.log[:0]])]
        return self._messages[0]
