"""The market as a Mesa model: the same kernel a step at a time, agents to look at, and agents written in plain Python.

``Market`` steps the kernel that runs scenarios, so both give the same trades for the same seed. Its agents are views on
rows of the World, made when first asked for and grouped by population. A population whose agents are given as a class
acts in Python, in the same book and at its turn.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet

from sim.core.arguments import a_path, one_of, whole
from sim.core.errors import Problem, RunError, ScenarioError
from sim.core.world import HISTORY, NO_PRICE
from sim.mesa_model.trader import NO_LIMIT, Trader, best_price, let_send, view_class
from sim.runs.build import build, compile_all
from sim.runs.manifest import manifest_of
from sim.runs.result import MemorySink, Run
from sim.runs.summary import summary_of
from sim.runs.totals import Counted
from sim.scenario import Scenario, load, with_overrides
from sim.scenario.overrides import Overrides


def _is_trader(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Trader)


class Market(mesa.Model):
    """A scenario as a Mesa model; ``setup`` is the scenario (Mesa has a ``scenario`` of its own).

    Parameters
    ----------
    scenario : a scenario, or the path of its file.
    seed, overrides : as for :func:`sim.scenario.load`. Runs of one seed are equal, so in ``mesa.batch_run`` the seed is
        one of the parameters, ``{"scenario": path, "seed": range(10)}``, rather than ``iterations=10``.
    rng : the seed, under the name it has in Mesa: a whole number.
    agents : for some populations, the class of their members (a :class:`Trader` with a ``step``), which then act in
        Python instead of playing the scenario's strategy.
    orders, tape : how large the World begins; no result depends on them.

    A copy, by ``copy.deepcopy`` or ``pickle``, is a market of its own that goes on from the same state: an agent may
    look ahead in one. Unpickling needs the classes of ``agents``, and strategies from files loaded, as pickle does.

    Raises
    ------
    ScenarioError
        If the scenario cannot run, or ``agents`` names a population that it does not have.
    TypeError, ValueError
        If another argument is none of its kind.

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
        *,
        rng: int | None = None,
        orders: int = 1024,
        tape: int = 4 * HISTORY,
    ) -> None:
        if rng is not None:
            if seed is not None:
                raise TypeError("Market takes a seed or, as Mesa calls it, an rng: not both")
            seed = whole("rng", rng, "a market's draws come from its seed", low=0)
        capacities = {"orders": whole("orders", orders, low=1), "tape": whole("tape", tape, low=1)}
        if isinstance(scenario, Scenario):
            self.setup = with_overrides(scenario, overrides, seed) if overrides or seed is not None else scenario
        else:
            self.setup = load(a_path("scenario", scenario), overrides, seed)
        super().__init__(rng=self.setup.run.seed)
        if not isinstance(agents, Mapping | None):
            raise TypeError(f"agents must be classes by population, {{'makers': Mine}}, not {agents!r:.60}")
        self._classes = dict(agents or {})
        names = [population.name for population in self.setup.populations]
        for name, kind in self._classes.items():
            if not _is_trader(kind):
                raise TypeError(f"agents[{name!r}] must be a class derived from Trader, not {kind!r}")
            if kind.step is Trader.step:
                raise TypeError(f"agents[{name!r}]: {kind.__name__} has no step(), so its members would do nothing")
        unknown = [Problem("agents", f"there is no population {name!r}; there are {', '.join(names)}")
                   for name in self._classes if name not in names]  # fmt: skip
        if unknown:
            raise ScenarioError(self.setup.source, unknown)
        self._built = build(self.setup, external=self._classes, **capacities)
        self._sink = MemorySink(self.setup)
        self._simulation = Counted(self._built, self._sink, self._act)
        self.address = self._built.storage.address
        self._acting = False  # whether a Python agent's turn is going on
        self._stepping = threading.Lock()
        self.venue_numbers = {venue.name: number for number, venue in enumerate(self.setup.venues)}
        self.population_rows = np.repeat(
            np.arange(len(names)), [each.count for each in self.setup.populations]
        ).tolist()
        self._sets: dict[str, AgentSet] = {}
        self._rows: dict[int, Trader] = {}
        for name in self._classes:
            self.population(name)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("address", "_stepping")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.address = self._built.storage.address
        self._acting = False
        self._stepping = threading.Lock()
        compile_all(self._built)  # the addresses of callbacks are those of another process

    def __copy__(self) -> Market:
        """A market of its own, as ``copy.deepcopy`` makes."""
        return copy.deepcopy(self)

    @property
    def world(self) -> Any:
        """The state of the market: record arrays, read them freely."""
        return self._built.storage.world

    # --- the clock --------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One step of the market clock. ``running`` turns False at the run's end.

        Raises
        ------
        RunError
            If it is called while a step is going on, in an agent's turn or in another thread: look ahead in a copy.
        """
        if not self._stepping.acquire(blocking=False):
            raise RunError("a step is going on: call step() of a copy of the market, or when it has ended")
        try:
            self._step()
        finally:
            self._stepping.release()

    def _step(self) -> None:
        if self._simulation.done < self._simulation.total:
            self._simulation.advance(self._simulation.done + 1)  # tapes are drained when they are full
        self.running = self._simulation.done < self._simulation.total

    @property
    def now(self) -> int:
        """Steps done, over all episodes."""
        return self._simulation.done

    def _act(self, row: int) -> None:
        let_send(self.address, NO_LIMIT)
        self._acting = True
        try:
            self._rows[row].step()
        finally:
            self._acting = False

    def check_turn(self) -> None:
        """Refuse a message outside of all turns.

        Raises
        ------
        RunError
            If no turn of a Python agent is going on.
        """
        if not self._acting:
            raise RunError(
                "no turn is going on: orders are sent in step() of a class of agents, given as Market(…, agents={…})"
            )

    def make_room(self, lack: int) -> None:
        """Grow what a Python agent's message found too small."""
        self._simulation.make_room(lack)

    # --- the agents -------------------------------------------------------------------------------------------------

    def population(self, name: str) -> AgentSet:
        """The agents of a population, made when first asked for."""
        if name not in self._sets:
            number = next((i for i, each in enumerate(self.setup.populations) if each.name == name), None)
            if number is None:
                known = ", ".join(each.name for each in self.setup.populations)
                raise KeyError(f"no population {name!r}; there are {known}")
            row = self.world.populations[number]
            # A class for each population, so that Mesa's agents_by_type is by population.
            kind = self._classes.get(name) or view_class(name)
            first, count = int(row["first"]), int(row["count"])
            members = [kind(self, first + i) for i in range(count)]
            if not all(hasattr(member, "row") for member in members):
                raise TypeError(f"{kind.__name__}.__init__ must begin with super().__init__(model, row)")
            self._rows.update({member.row: member for member in members})
            self._sets[name] = AgentSet(members, random=self.random)
        return self._sets[name]

    @property
    def agents(self) -> AgentSet:
        """Every agent of the market. For 100,000 agents this takes a second."""
        if hasattr(self, "_sets"):
            for population in self.setup.populations:
                self.population(population.name)
        return super().agents

    def first_wealth(self, row: int) -> float:
        """What an agent began the episode with, its lots at the initial value, currency."""
        row = whole("row", row, low=0, high=len(self.population_rows) - 1)
        world, width = self.world, len(self.setup.instruments)
        lots = world.first_holdings[row * width : (row + 1) * width]
        values = np.asarray(world.instruments["initial"]) * np.asarray(world.instruments["lot_size"])
        return float(world.first_cash[row]) * self.setup.money.unit + float(lots @ values)

    # --- the market, for collectors ---------------------------------------------------------------------------------

    def venue_number(self, venue: int | str) -> int:
        """The number of a venue, given by number or name.

        Raises
        ------
        TypeError, ValueError
            If there is none.
        """
        if isinstance(venue, str):
            return self.venue_numbers[one_of("venue", venue, self.venue_numbers)]
        count = len(self.venue_numbers)
        return whole("venue", venue, f"or a name: {', '.join(self.venue_numbers)}", low=0, high=count - 1)

    def best_bid(self, venue: int | str = 0) -> int | None:
        """The best bid in ticks, None where there is none, or where an auction hides it."""
        price = best_price(self.address, 2 * self.venue_number(venue))
        return None if price == NO_PRICE else price

    def best_ask(self, venue: int | str = 0) -> int | None:
        """The best ask in ticks, None where there is none, or where an auction hides it."""
        price = best_price(self.address, 2 * self.venue_number(venue) + 1)
        return None if price == NO_PRICE else price

    def spread(self, venue: int | str = 0) -> float | None:
        """The quoted spread in currency, None while a side is empty."""
        place = self.venue_number(venue)
        bid, ask = self.best_bid(place), self.best_ask(place)
        return None if bid is None or ask is None else (ask - bid) * float(self.world.venues[place]["tick_size"])

    def mid(self, venue: int | str = 0) -> float | None:
        """The mid in currency, None while a side is empty."""
        place = self.venue_number(venue)
        bid, ask = self.best_bid(place), self.best_ask(place)
        return None if bid is None or ask is None else 0.5 * (bid + ask) * float(self.world.venues[place]["tick_size"])

    def value(self, instrument: int = 0) -> float:
        """The fundamental value, currency."""
        count = len(self.setup.instruments)
        return float(self.world.instruments[whole("instrument", instrument, low=0, high=count - 1)]["value"])

    def result(self) -> Run:
        """What the run came to so far, with its tables in memory."""
        self._simulation.drain()
        status = "complete" if self._simulation.done == self._simulation.total else "interrupted"
        return Run(self.setup, manifest_of(self._simulation, status, 0.0), summary_of(self._simulation), self._sink)
