"""The market as a Mesa model: the same kernel a step at a time, agents to look at, and agents written in plain Python.

``Market`` steps the kernel that runs scenarios, so both give the same trades for the same seed. Its agents are views on
rows of the World, made when first asked for and grouped by population. A population whose agents are given as a class
acts in Python, in the same book and at its turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet

from sim.build import build
from sim.compiled import njit
from sim.errors import Problem, ScenarioError
from sim.ledger import RUNNING
from sim.nature import wealth
from sim.rng import next_uniform
from sim.runs import MemorySink, Run, manifest_of
from sim.scenario import Scenario, load, with_overrides
from sim.scenario.overrides import Overrides
from sim.simulation import Both, Simulation
from sim.strategies import desk
from sim.strategies.callbacks import Seat
from sim.summary import Summary
from sim.venues import book, entry
from sim.world import NO_PRICE, NOTHING, attach

_NO_LIMIT = 1 << 60
ONE = np.int64(1)


# --- what Python agents call, by address ----------------------------------------------------------------------------


@njit
def _send_order(address, agent, venue, kind, side, price, lots, lifetime):
    world = attach(address)
    lack = book.has_room(world, ONE)
    if lack != RUNNING:
        return -1 - lack
    return entry.send_order(world, agent, venue, kind, side, price, lots, lifetime)


@njit
def _send_cancel(address, agent, handle):
    world = attach(address)
    lack = book.has_room(world, ONE)
    if lack != RUNNING:
        return -1 - lack
    return entry.send_cancel(world, agent, handle)


@njit
def _send_replace(address, agent, handle, price, lots):
    world = attach(address)
    lack = book.has_room(world, ONE)
    if lack != RUNNING:
        return -1 - lack
    return entry.send_replace(world, agent, handle, price, lots)


@njit
def _best(address, side):
    world = attach(address)
    level = world.sides[side].best
    return world.levels[level].price if level != NOTHING else np.int64(NO_PRICE)


@njit
def _lots(address, agent, instrument):
    world = attach(address)
    return world.holdings[agent * world.clock[0].instruments + instrument].lots


@njit
def _signal(address, agent, instrument):
    return desk.signal(Seat(agent, 0, instrument, 0, 0), attach(address))


@njit
def _reservation(address, agent, instrument, side):
    return desk.reservation_price(Seat(agent, 0, instrument, 0, 0), attach(address), side)


@njit
def _uniform(address):
    return next_uniform(attach(address))


@njit
def _wealth(address, account):
    return wealth(attach(address), account)


@njit
def _is_live(address, handle):
    return handle > 0 and book.slot_of(attach(address), handle) != NOTHING


@njit
def _let_send(address, messages):
    attach(address).clock[0].allowed = messages


class Trader(mesa.Agent):
    """One agent: a row of the World, looked at through Mesa.

    A subclass with a ``step`` of its own acts in Python: give it to :class:`Market` for a population. Prices are whole
    ticks, quantities whole lots, cash and values currency; ``side`` is 1 to buy and -1 to sell.
    """

    model: Market

    def __init__(self, model: Market, row: int) -> None:
        super().__init__(model)
        self.row = row
        population = model.population_rows[row]
        self.population = model.scenario.populations[population].name
        self.number = row - int(model.world.populations[population]["first"])
        self.venues = tuple(model.venue_numbers[name] for name in model.scenario.populations[population].venues)
        self.venue = self.venues[0]
        self.instrument = int(model.world.venues[self.venue]["instrument"])
        self.tick_size = float(model.world.venues[self.venue]["tick_size"])
        self._address = model.address

    # --- what it has ------------------------------------------------------------------------------------------------

    @property
    def inventory(self) -> int:
        """Lots of its first venue's instrument, negative when short."""
        return int(_lots(self._address, self.row, self.instrument))

    @property
    def cash(self) -> float:
        """Cash, currency."""
        return float(self.model.world.accounts[self.row]["cash"]) * self.model.scenario.money.unit

    @property
    def wealth(self) -> float:
        """Cash and positions at the mark, currency."""
        return float(_wealth(self._address, self.row))

    @property
    def profit(self) -> float:
        """Wealth less what the episode began with, lots at the initial value, currency."""
        return self.wealth - self.model.first_wealth(self.row)

    @property
    def quotes(self) -> list[dict[str, Any]]:
        """Its resting orders, the oldest first: venue, side, price (ticks), quantity (open lots), order, handle."""
        world, found = self.model.world, []
        order = int(world.agents[self.row]["first_order"])
        while order != NOTHING:
            record = world.orders[order]
            if record["state"] == book.RESTING:
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

    # --- what it sees -----------------------------------------------------------------------------------------------

    def best_bid(self, venue: int | None = None) -> int | None:
        """The best bid in ticks, None where there is none."""
        return self.model.best_bid(self.venue if venue is None else venue)

    def best_ask(self, venue: int | None = None) -> int | None:
        """The best ask in ticks, None where there is none."""
        return self.model.best_ask(self.venue if venue is None else venue)

    @property
    def public_value(self) -> float:
        """What everybody knows of the value, currency."""
        return float(self.model.world.instruments[self.instrument]["public"])

    @property
    def signal(self) -> float:
        """What its population sees of the value, currency. Needs ``sees`` in the scenario."""
        if self.model.scenario.populations[self.model.population_rows[self.row]].sees is None:
            raise AttributeError(f"population {self.population!r} has no signal; give it sees = {{ of = \"value\" }}")
        return float(_signal(self._address, self.row, self.instrument))

    def reservation_price(self, side: int) -> float:
        """A draw of the price beyond which it does not trade now, currency. Needs ``reservation`` in the scenario."""
        if self.model.scenario.populations[self.model.population_rows[self.row]].reservation is None:
            raise AttributeError(f"population {self.population!r} has no reservation in the scenario")
        return float(_reservation(self._address, self.row, self.instrument, side))

    def uniform(self) -> float:
        """A random number on (0, 1) from its own stream: the same run gives the same numbers."""
        return float(_uniform(self._address))

    # --- what it does -----------------------------------------------------------------------------------------------

    def limit_order(self, side: int, price: int, quantity: int, *, venue: int | None = None, lifetime: int = 0) -> int:
        """Trade up to a price and rest with what is left. Returns the handle if it rests, else 0."""
        return self._order(book.LIMIT, side, price, quantity, venue, lifetime)

    def post_only_order(self, side: int, price: int, quantity: int, *, venue: int | None = None, lifetime: int = 0) -> int:
        """Rest at a price without trading. Returns the handle, 0 if refused."""
        return self._order(book.POST_ONLY, side, price, quantity, venue, lifetime)

    def market_order(self, side: int, quantity: int, *, venue: int | None = None) -> int:
        """Trade at whatever price. Returns the lots traded."""
        self._order(book.MARKET, side, 0, quantity, venue, 0)
        return int(self.model.world.clock[0]["filled"])

    def immediate_or_cancel_order(self, side: int, price: int, quantity: int, *, venue: int | None = None) -> int:
        """Trade up to a price; what is left is dropped. Returns the lots traded."""
        self._order(book.IMMEDIATE_OR_CANCEL, side, price, quantity, venue, 0)
        return int(self.model.world.clock[0]["filled"])

    def fill_or_kill_order(self, side: int, price: int, quantity: int, *, venue: int | None = None) -> int:
        """Trade all of it up to a price, or nothing. Returns the lots traded."""
        self._order(book.FILL_OR_KILL, side, price, quantity, venue, 0)
        return int(self.model.world.clock[0]["filled"])

    def cancel_order(self, handle: int) -> int:
        """Cancel one of its orders. Returns the lots cancelled, 0 if it is gone."""
        while (result := _send_cancel(self._address, self.row, handle)) < 0:
            self.model.make_room(-1 - result)
        return result

    def replace_order(self, handle: int, price: int, quantity: int) -> int:
        """Change an order's price and open quantity. Returns its handle if it rests, else 0."""
        while (result := _send_replace(self._address, self.row, handle, price, quantity)) < 0:
            self.model.make_room(-1 - result)
        return result

    def is_live(self, handle: int) -> bool:
        """Whether an order still rests."""
        return bool(_is_live(self._address, handle))

    def _order(self, kind: int, side: int, price: int, quantity: int, venue: int | None, lifetime: int) -> int:
        where = self.venue if venue is None else venue
        while (result := _send_order(self._address, self.row, where, kind, side, price, quantity, lifetime)) < 0:
            self.model.make_room(-1 - result)
        return result


class Market(mesa.Model):
    """A scenario as a Mesa model.

    Parameters
    ----------
    scenario : a scenario, or the path of its file.
    seed, overrides : as for :func:`sim.scenario.load`.
    agents : for some populations, the class of their members (a :class:`Trader` with a ``step``), which then act in
        Python instead of playing the scenario's strategy.
    capacities : ``orders``, ``tape``: how large the World begins; no result depends on them.

    Raises
    ------
    ScenarioError
        If the scenario cannot run, or ``agents`` names a population that it does not have.

    Examples
    --------
    >>> market = Market("scenarios/quickstart.toml", overrides={"run.steps": 100})  # doctest: +SKIP
    >>> market.run_model()  # doctest: +SKIP
    >>> market.population("makers").get("inventory")  # doctest: +SKIP
    """

    def __init__(
        self,
        scenario: Scenario | str | Path,
        seed: int | None = None,
        overrides: Overrides | None = None,
        agents: Mapping[str, type[Trader]] | None = None,
        **capacities: int,
    ) -> None:
        if isinstance(scenario, Scenario):
            self.scenario = with_overrides(scenario, overrides, seed) if overrides or seed is not None else scenario
        else:
            self.scenario = load(scenario, overrides, seed)
        super().__init__(rng=self.scenario.run.seed)
        self._classes = dict(agents or {})
        names = [population.name for population in self.scenario.populations]
        unknown = [Problem("agents", f"there is no population {name!r}; there are {', '.join(names)}")
                   for name in self._classes if name not in names]  # fmt: skip
        if unknown:
            raise ScenarioError(self.scenario.source, unknown)
        self._built = build(self.scenario, external=self._classes, **capacities)
        self._sink = MemorySink(self.scenario)
        self._summary = Summary(self._built)
        self._simulation = Simulation(self._built, Both(self._sink, self._summary), self._act)
        self.address = self._built.storage.address
        self.venue_numbers = {venue.name: number for number, venue in enumerate(self.scenario.venues)}
        self.population_rows = np.repeat(np.arange(len(names)), [each.count for each in self.scenario.populations]).tolist()
        self._sets: dict[str, AgentSet] = {}
        self._rows: dict[int, Trader] = {}
        for name in self._classes:
            self.population(name)

    @property
    def world(self) -> Any:
        """The state of the market: record arrays, read them freely."""
        return self._built.storage.world

    # --- the clock --------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One step of the market clock. ``running`` turns False at the run's end."""
        if self._simulation.done < self._simulation.total:
            self._simulation.advance(self._simulation.done + 1)  # tapes are drained when they are full
        self.running = self._simulation.done < self._simulation.total

    @property
    def now(self) -> int:
        """Steps done, over all episodes."""
        return self._simulation.done

    def _act(self, row: int) -> None:
        _let_send(self.address, _NO_LIMIT)
        self._rows[row].step()

    def make_room(self, lack: int) -> None:
        """Grow what a Python agent's message found too small."""
        self._simulation.make_room(lack)

    # --- the agents -------------------------------------------------------------------------------------------------

    def population(self, name: str) -> AgentSet:
        """The agents of a population, made when first asked for."""
        if name not in self._sets:
            number = next((i for i, each in enumerate(self.scenario.populations) if each.name == name), None)
            if number is None:
                known = ", ".join(each.name for each in self.scenario.populations)
                raise KeyError(f"no population {name!r}; there are {known}")
            row = self.world.populations[number]
            # A class for each population, so that Mesa's agents_by_type is by population.
            kind = self._classes.get(name) or type(name, (Trader,), {})
            first, count = int(row["first"]), int(row["count"])
            members = [kind(self, first + i) for i in range(count)]
            self._rows.update({member.row: member for member in members})
            self._sets[name] = AgentSet(members, random=self.random)
        return self._sets[name]

    @property
    def agents(self) -> AgentSet:
        """Every agent of the market. For 100,000 agents this takes a second."""
        if hasattr(self, "_sets"):
            for population in self.scenario.populations:
                self.population(population.name)
        return super().agents

    def first_wealth(self, row: int) -> float:
        """What an agent began the episode with, its lots at the initial value, currency."""
        world, width = self.world, len(self.scenario.instruments)
        lots = world.first_holdings[row * width : (row + 1) * width]
        values = np.asarray(world.instruments["initial"]) * np.asarray(world.instruments["lot_size"])
        return float(world.first_cash[row]) * self.scenario.money.unit + float(lots @ values)

    # --- the market, for collectors ---------------------------------------------------------------------------------

    def best_bid(self, venue: int = 0) -> int | None:
        """The best bid in ticks, None where there is none."""
        price = _best(self.address, 2 * venue)
        return None if price == NO_PRICE else price

    def best_ask(self, venue: int = 0) -> int | None:
        """The best ask in ticks, None where there is none."""
        price = _best(self.address, 2 * venue + 1)
        return None if price == NO_PRICE else price

    def spread(self, venue: int = 0) -> float | None:
        """The quoted spread in currency, None while a side is empty."""
        bid, ask = self.best_bid(venue), self.best_ask(venue)
        return None if bid is None or ask is None else (ask - bid) * float(self.world.venues[venue]["tick_size"])

    def mid(self, venue: int = 0) -> float | None:
        """The mid in currency, None while a side is empty."""
        bid, ask = self.best_bid(venue), self.best_ask(venue)
        return None if bid is None or ask is None else 0.5 * (bid + ask) * float(self.world.venues[venue]["tick_size"])

    def value(self, instrument: int = 0) -> float:
        """The fundamental value, currency."""
        return float(self.world.instruments[instrument]["value"])

    def result(self) -> Run:
        """What the run came to so far, with its tables in memory."""
        self._simulation.drain()
        status = "complete" if self._simulation.done == self._simulation.total else "interrupted"
        return Run(self.scenario, manifest_of(self._simulation, status, 0.0), self._summary.table(), self._sink)
