"""The market as a Mesa model: a session with Mesa's agents, to look at and written in plain Python.

``Market`` steps a :class:`sim.session.session.Session`, which gives the same trades as a run for the same seed. Its
agents are views on rows of the World, made when first asked for and grouped by population. A population whose agents
are given as a class acts in Python, in the same book and at its turn.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mesa
from mesa.agent import AgentSet

from sim.core.arguments import whole
from sim.core.world import HISTORY
from sim.mesa_model.trader import Trader, view_class
from sim.runs.result import Run
from sim.scenario import Scenario, resolved
from sim.scenario.overrides import Overrides
from sim.session.agent import Agent
from sim.session.session import Session


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
        setup = resolved(scenario, overrides, seed)
        super().__init__(rng=setup.run.seed)
        if not isinstance(agents, Mapping | None):
            raise TypeError(f"agents must be classes by population, {{'makers': Mine}}, not {agents!r:.60}")
        self._classes = dict(agents or {})
        for name, kind in self._classes.items():
            if not _is_trader(kind):
                raise TypeError(f"agents[{name!r}] must be a class derived from Trader, not {kind!r}")
            if kind.step is Trader.step:
                raise TypeError(f"agents[{name!r}]: {kind.__name__} has no step(), so its members would do nothing")
        self.session = Session(setup, agents=dict.fromkeys(self._classes, self._act), orders=orders, tape=tape)
        self._sets: dict[str, AgentSet] = {}
        self._rows: dict[int, Trader] = {}
        for name in self._classes:
            self.population(name)

    def __copy__(self) -> Market:
        """A market of its own, as ``copy.deepcopy`` makes."""
        return copy.deepcopy(self)

    @property
    def setup(self) -> Scenario:
        """The scenario."""
        return self.session.scenario

    @property
    def world(self) -> Any:
        """The state of the market: record arrays, read them freely."""
        return self.session.world

    # --- the clock --------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One step of the market clock. ``running`` turns False at the run's end.

        Raises
        ------
        RunError
            If it is called while a step is going on, in an agent's turn or in another thread: look ahead in a copy.
        """
        self.running = self.session.step()

    @property
    def now(self) -> int:
        """Steps done, over all episodes."""
        return self.session.now

    def _act(self, agent: Agent) -> None:
        self._rows[agent.row].step()

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
            for given, member in enumerate(members, first):
                if member.row != given:
                    raise TypeError(
                        f"{kind.__name__}.__init__ was given row {given} and passed {member.row} on — "
                        "it must begin with super().__init__(model, row)"
                    )
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

    # --- the market, for collectors ---------------------------------------------------------------------------------

    def best_bid(self, venue: int | str = 0) -> int | None:
        """The best bid in ticks, None where there is none, or where an auction hides it."""
        return self.session.best_bid(venue)

    def best_ask(self, venue: int | str = 0) -> int | None:
        """The best ask in ticks, None where there is none, or where an auction hides it."""
        return self.session.best_ask(venue)

    def spread(self, venue: int | str = 0) -> float | None:
        """The quoted spread in currency, None while a side is empty."""
        return self.session.spread(venue)

    def mid(self, venue: int | str = 0) -> float | None:
        """The mid in currency, None while a side is empty."""
        return self.session.mid(venue)

    def value(self, instrument: int = 0) -> float:
        """The fundamental value, currency."""
        return self.session.value(instrument)

    def result(self) -> Run:
        """What the run came to so far, with its tables in memory."""
        return self.session.result()
