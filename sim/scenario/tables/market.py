"""The words of a scenario file: every table and every key, with its meaning, unit, default and limits.

What a table says about another (which venue, which strategy) is checked in :mod:`sim.scenario.checks.all`; value
processes and games have their own files, :mod:`sim.scenario.tables.processes` and :mod:`sim.scenario.tables.game`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr

from sim.core.errors import Problem
from sim.scenario.tables.arrivals import Arrivals
from sim.scenario.tables.dashboard import Dashboard
from sim.scenario.tables.game import Game
from sim.scenario.tables.hedging import Hedge
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.limits import Limits
from sim.scenario.tables.networks import Network
from sim.scenario.tables.risk import Margin, RiskMeasurement
from sim.scenario.tables.table import (
    MOST_AGENTS,
    Amount,
    Changes,
    Delay,
    EverySteps,
    Fraction,
    Name,
    NotNegative,
    Positive,
    Rank,
    Settings,
    Steps,
    Table,
)
from sim.scenario.tables.valuation import PrivateValues, Reservation
from sim.scenario.tables.venues import POOLS, Chain, Venue


class Run(Table):
    """Length, number of episodes and random streams of a run."""

    steps: int = Field(ge=1, le=10**12, description="length of each episode, steps")
    episodes: int = Field(default=1, ge=1, le=10**9, description="number of episodes, each an independent small market")
    seed: int = Field(
        default=1, ge=0, le=2**63 - 1, description="start of the random streams; 0 is a seed like any other"
    )
    step_seconds: Positive = Field(default=1.0, description="market time of one step, seconds")


class Money(Table):
    """The unit of money, and the interest on it."""

    unit: Positive = Field(
        default=1e-6, description="smallest amount of money, currency; cash is a whole number of units"
    )
    interest: float = Field(default=0.0, ge=-1, le=1, description="rate paid on cash at each payment; may be negative")
    interest_every: EverySteps = Field(default=1, description="steps between payments of interest")

    @property
    def rate(self) -> float:
        """The continuous rate that interest comes to, per step; minus infinity where all cash is lost."""
        return math.log1p(self.interest) / self.interest_every if self.interest > -1.0 else -math.inf


class Sees(Table):
    """A signal: what members know and others may not know."""

    of: Literal["value"] = Field(default="value", description="what the signal is of")
    delay: Steps = Field(default=0, description="age of what is seen, steps")
    noise: NotNegative = Field(default=0.0, description="standard deviation of the error, currency")
    probability: Fraction = Field(default=1.0, description="probability that a member sees it, 0 to 1")
    redraw: Literal["step", "episode"] = Field(
        default="step", description="how often a new draw decides who sees the signal, and its error"
    )
    precision: float | None = Field(
        default=None,
        gt=0.5,
        le=1.0,
        description="of a binary value: the probability that the signal, which is high or low, is right; omitted: the "
        "value itself, with its noise",
    )
    network: str = Field(default="", description="network of the members along which news spreads; omitted: none")
    sources: tuple[Annotated[int, Field(ge=0, lt=MOST_AGENTS)], ...] | None = Field(
        default=None, min_length=1, description="members that news reaches first, by number; omitted: member 0"
    )
    per_hop: Steps | None = Field(
        default=None, description="steps that news takes along one link of the network; omitted: 1"
    )


class Obligation(Table):
    """What a maker must quote on its first venue, with any strategy; missing lots are added to its quotes.

    Lots count if they are within half of maximum_spread of the middle of the member's own quotes, or of the mark if it
    has only one side. A turn is excused as long as presence holds without it. Added lots count for no limit of the
    strategy.
    """

    presence: Fraction = Field(description="share of its turns in which a member must quote both sides, 0 to 1")
    maximum_spread: Positive = Field(description="greatest distance of the ask from the bid, currency")
    minimum_size: int = Field(ge=1, le=10**9, description="least size on each side, lots")


class Endowment(Table):
    """What each member holds at the start of an episode."""

    cash: Amount = Field(default=0.0, description="money, currency")
    inventory: int = Field(
        default=0,
        ge=-(10**9),
        le=10**9,
        description="lots of each instrument of its venues; negative is a short position",
    )
    positions: dict[Name, Annotated[int, Field(ge=-(10**9), le=10**9)]] = Field(
        default_factory=dict,
        description="lots by name of the instrument, traded on its venues or not; they take the place of inventory",
    )


class Population(Table):
    """Agents of one kind."""

    name: Name = Field(description="what [game] and overrides call it")
    strategy: str = Field(description="what its members do at their turn")
    count: int = Field(default=1, ge=1, le=MOST_AGENTS, description="number of members")
    turn: Rank = Field(default=0, description="rank within a step; lower acts first")
    venues: tuple[str, ...] = Field(
        default=(),
        description="names of the venues on which members trade; omitted: all, if the strategy trades on that many",
    )
    arrivals: Arrivals | None = Field(default=None, description="when members act; omitted: each of them every step")
    network: str = Field(default="", description="network in which members are linked; omitted: none")
    sees: Sees | None = Field(default=None, description="the signal members get; omitted: none")
    params: Settings = Field(
        default_factory=dict, description="settings of the strategy; those left out keep its defaults"
    )
    reservation: Reservation | None = Field(
        default=None,
        description="price beyond which members do not trade; its distance from the reference is the private value "
        "of each unit that they trade; omitted: none",
    )
    private_values: PrivateValues | None = Field(
        default=None, description="values of further lots to members; omitted: none"
    )
    endowment: Endowment = Field(default=Endowment(), description="what each member holds at the start of an episode")
    obligation: Obligation | None = Field(default=None, description="what members must quote; omitted: nothing")
    hedge: Hedge | None = Field(default=None, description="what members trade off; omitted: nothing")
    risk: Limits | None = Field(default=None, description="what members may hold and lose; omitted: anything")
    order_delay: Delay = Field(default=0, description="steps until an order arrives; so far only 0 is allowed")
    data_delay: Delay = Field(default=0, description="steps until the book is seen; so far only 0 is allowed")

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that it names: of its members, and along which news spreads."""
        return tuple(name for name in (self.network, self.sees.network if self.sees else "") if name)

    @property
    def values_privately(self) -> bool:
        """Whether members gain by trading beyond what money they make: private values, or reservation prices."""
        return self.private_values is not None or self.reservation is not None


class Turns(Table):
    """How the turns within a step are played."""

    simultaneous: tuple[Rank, ...] = Field(
        default=(), description="ranks whose agents act at once, without seeing one another"
    )


class Record(Table):
    """What a run keeps."""

    trades: bool = Field(default=True, description="whether every trade is kept")
    messages: bool = Field(default=False, description="whether every order message is kept")
    levels: int = Field(default=1, ge=0, le=50, description="price levels of each side in a sample of the book")
    book_every: EverySteps | None = Field(
        default=None,
        description="steps between samples of the book; omitted: the least of 1, 2, 5, 10, 20, … with which the table "
        "has about 100,000 rows at most",
    )
    agents_every: EverySteps | None = Field(
        default=None,
        description="steps between samples of the agents; omitted: the least of 1, 2, 5, 10, 20, … with which the "
        "table has about 500,000 rows at most",
    )
    agents: Literal["auto", "agents", "populations", "none"] = Field(
        default="auto",
        description="whether samples list agents or populations; auto: agents up to 1,000 of them, else populations",
    )
    episodes: Literal["auto", "agents", "populations", "none"] = Field(
        default="auto",
        description="what an episode's results list: agents or populations; auto: agents up to 1,000, else populations",
    )


class Scenario(Table):
    """Who trades what, where and under which rules: a scenario file, checked and with every default filled in.

    Made by :func:`sim.scenario.load` and :func:`sim.scenario.parse`. Two scenarios are equal when they say the same,
    wherever they were read and whatever is asked about them in ``[counterfactuals]``.
    """

    title: str = Field(default="", description="what the scenario is, in a line")
    question: str = Field(default="", description="the question it answers")
    run: Run = Field(description="[run]: how long, how often, on which random streams")
    money: Money = Field(default=Money(), description="[money]: in what money is counted, and what it earns")
    instruments: tuple[Instrument, ...] = Field(
        min_length=1, description="a [[instruments]] table for each instrument, at least one"
    )
    venues: tuple[Venue, ...] = Field(min_length=1, description="a [[venues]] table for each venue, at least one")
    chains: tuple[Chain, ...] = Field(
        default=(), description="a [[chains]] table for options of many strikes and their books; omitted: none"
    )
    networks: tuple[Network, ...] = Field(
        default=(), description="a [[networks]] table for each network; omitted: none"
    )
    populations: tuple[Population, ...] = Field(
        min_length=1, description="a [[populations]] table for each population, at least one"
    )
    risk: RiskMeasurement | None = Field(
        default=None, description="[risk]: how it is measured what positions may lose; omitted: as [margin] needs it"
    )
    margin: Margin | None = Field(
        default=None, description="[margin]: what accounts must have for what they hold; omitted: nothing"
    )
    turns: Turns = Field(default=Turns(), description="[turns]: how the turns within a step are played")
    record: Record = Field(default=Record(), description="[record]: what of a run is kept")
    game: Game | None = Field(default=None, description="[game]: who may choose which strategy; omitted: nobody")
    dashboard: Dashboard | None = Field(
        default=None, description="[dashboard]: what the page lets one change; omitted: the values that the file sets"
    )
    counterfactuals: dict[Name, Changes] = Field(
        default_factory=dict,
        description="[counterfactuals]: by name, what would be otherwise: values by path, the path as for --set and in "
        "quotes; a population whose count is 0 is left out, as if its table were not there; "
        "`python -m analysis.counterfactuals` compares them with the scenario",
    )

    _source: str = PrivateAttr("<text>")
    _folder: Path = PrivateAttr(Path())
    _given: dict[str, Any] = PrivateAttr(default_factory=dict)
    _changes: dict[str, Any] = PrivateAttr(default_factory=dict)
    _origins: Mapping[tuple[str, int], int] = PrivateAttr(default_factory=dict)

    @property
    def source(self) -> str:
        """Where it was read: a path, or ``<text>``."""
        return self._source

    @property
    def folder(self) -> Path:
        """The folder from which relative paths in the file are meant."""
        return self._folder

    @property
    def given(self) -> dict[str, Any]:
        """What was read, before defaults were filled in."""
        return self._given

    @property
    def changes(self) -> dict[str, Any]:
        """What was changed of what its file says, by path as it was written; the seed is in ``run.seed``."""
        return self._changes

    @property
    def origins(self) -> Mapping[tuple[str, int], int]:
        """Of the instruments and venues that chains added, by array and place in it: the number of the chain."""
        return self._origins

    def came_from(
        self,
        source: str,
        folder: Path,
        given: dict[str, Any],
        changes: Mapping[str, Any] | None = None,
        origins: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        """Remember where it was read, what stood there and what was changed; for :func:`sim.scenario.parse`."""
        self._source, self._folder, self._given, self._changes = source, folder, given, dict(changes or {})
        self._origins = origins or {}

    def warnings(self) -> list[Problem]:
        """What in it will have no effect, or keep all trade from happening; found anew at each call.

        A scenario that cannot be is refused when it is read; this one may well be meant so.
        """
        from sim.scenario.checks.dead_ends import warnings_of  # which knows this vocabulary

        return warnings_of(self)

    def files(self) -> list[Path]:
        """The files that it reads: of values and of networks."""
        tables = [*(each.value for each in self.instruments), *self.networks]
        return [Path(path) for each in tables if (path := getattr(each, "path", None)) is not None]

    def market(self) -> dict[str, Any]:
        """What it says as plain data, but for its counterfactuals and its page: no run depends on these.

        Options of chains stand among the instruments, as if each had been written by itself. What holds the contents of
        a pool is no population of the file, so it is left out.
        """
        said = self.model_dump(exclude={"counterfactuals", "chains", "dashboard"}, exclude_none=True)
        if held := set(self.pools):
            said["populations"] = tuple(each for each in said["populations"] if each["name"] not in held)
        return said

    @property
    def pools(self) -> tuple[str, ...]:
        """Names of the venues that are pools, and of the populations that hold what is in them."""
        return tuple(venue.name for venue in self.venues if venue.mechanism in POOLS)

    def traders(self) -> tuple[Population, ...]:
        """The populations that the file has: all but those that hold what is in pools."""
        held = set(self.pools)
        return tuple(each for each in self.populations if each.name not in held)

    def agents(self) -> int:
        """Number of agents in all populations."""
        return sum(population.count for population in self.populations)

    def endowed(self, population: Population, instrument: str) -> int:
        """Lots of an instrument that each member of a population begins an episode with; with defaults filled in."""
        traded = {venue.instrument for venue in self.venues if venue.name in population.venues}
        own = population.endowment
        return own.positions.get(instrument, own.inventory if instrument in traded else 0)

    def price_sizes(self) -> list[float]:
        """The smallest difference between the prices of trades on each venue, currency."""
        lots = {instrument.name: instrument.lot_size for instrument in self.instruments}
        return [
            venue.tick_size
            if venue.auction.pricing == "tick" and venue.mechanism not in POOLS
            else self.money.unit / lots[venue.instrument]
            for venue in self.venues
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.market() == other.market()

    __hash__ = None  # type: ignore[assignment]
