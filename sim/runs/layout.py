"""Where everything of a scenario lies in the arrays of a World: one record per population, and the named accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import StrategyError
from sim.scenario import Scenario
from sim.scenario.tables.arrivals import Hawkes, OneOf, OnNews
from sim.scenario.tables.market import Population
from sim.strategy_kit import registry
from sim.strategy_kit.callbacks import memory_type, parameter_type
from sim.strategy_kit.declare import Strategy
from sim.strategy_kit.loading.uses import has_opinions


@dataclass(frozen=True)
class Accounts:
    """Numbers of the named accounts, which follow the agents'."""

    names: tuple[str, ...]  # agents first: "makers 0", …; then "fees lit", "dividends ACME", "interest", …
    agents: int

    def number(self, name: str) -> int:
        """The number of a named account."""
        return self.names.index(name, self.agents)


@dataclass(frozen=True)
class Block:
    """Elements of one array that belong together."""

    first: int
    count: int

    @property
    def end(self) -> int:
        """The first element behind it."""
        return self.first + self.count

    @property
    def rows(self) -> slice:
        """Its elements, as an index."""
        return slice(self.first, self.end)


@dataclass(frozen=True)
class PopulationLayout:
    """A population, its strategy, and its block of each array that has elements of every population."""

    population: Population
    strategy: Strategy
    solved: NDArray[np.float64]  # what its strategy had solved before the run
    agents: Block
    in_venues: Block
    parameters: Block  # bytes
    memories: Block  # bytes, of all members
    private_values: Block
    precomputed: Block
    obligations: Block
    members: Block  # of its network
    hops: Block  # of the network along which news spreads
    hedgers: Block
    guards: Block
    excitations: Block  # of Hawkes arrivals, by each population


BLOCKS = (
    "agents", "in_venues", "parameters", "memories", "private_values", "precomputed", "obligations", "members", "hops",
    "hedgers", "guards", "excitations",
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Where everything of a scenario lies in a World."""

    populations: tuple[PopulationLayout, ...]
    played: tuple[Strategy, ...]  # each once, in the order of the populations
    groups: tuple[str, ...]  # of arrivals
    ranks: tuple[int, ...]  # of the turn classes
    histories: tuple[Block, ...]  # of past values, one per instrument; a power of two each
    accounts: Accounts
    has_opinions: bool

    def length(self, name: str) -> int:
        """Length of an array that has a block for each population (one of BLOCKS)."""
        block: Block = getattr(self.populations[-1], name)
        return block.end


def lay_out(scenario: Scenario) -> Layout:
    """Lay out a scenario. Whatever strategies precompute is solved here.

    Raises
    ------
    StrategyError
        If there is no strategy of a name, or one cannot precompute.
    """
    populations = scenario.populations
    strategies = [registry.get(each.strategy) for each in populations]
    steps = scenario.run.steps
    solved = [_solved(strategy, each.params, steps) for strategy, each in zip(strategies, populations, strict=True)]
    counts = {
        "agents": [each.count for each in populations],
        "in_venues": [len(each.venues) for each in populations],
        "parameters": [parameter_type(strategy).itemsize for strategy in strategies],
        "memories": [memory_type(strategy).itemsize * each.count
                     for strategy, each in zip(strategies, populations, strict=True)],
        "private_values": [private_slots(each.private_values) * each.count for each in populations],
        "precomputed": [len(numbers) for numbers in solved],
        "obligations": [each.count if each.obligation else 0 for each in populations],
        "members": [each.count if each.network else 0 for each in populations],
        "hops": [each.count if each.sees and each.sees.network else 0 for each in populations],
        "hedgers": [each.count if each.hedge else 0 for each in populations],
        "guards": [each.count if each.risk and not strategy.repeats(each.params) else 0
                   for strategy, each in zip(strategies, populations, strict=True)],
        "excitations": [len(populations) if isinstance(each.arrivals, Hawkes) else 0 for each in populations],
    }  # fmt: skip
    blocks = [blocks_of(counts[name]) for name in BLOCKS]
    return Layout(
        populations=tuple(map(PopulationLayout, populations, strategies, solved, *blocks)),
        played=tuple(dict.fromkeys(strategies)),
        groups=groups_of(scenario),
        ranks=tuple(sorted({each.turn for each in populations})),
        histories=tuple(blocks_of([_history(scenario, each.name) for each in scenario.instruments])),
        accounts=accounts_of(scenario),
        has_opinions=has_opinions(strategies),
    )


def blocks_of(counts: Sequence[int]) -> list[Block]:
    """Blocks of these lengths, one behind another."""
    return [Block(end - count, count) for count, end in zip(counts, accumulate(counts), strict=True)]


def accounts_of(scenario: Scenario) -> Accounts:
    """Every account of a scenario's ledger, in the order of the World's."""
    members = [f"{each.name} {number}" for each in scenario.populations for number in range(each.count)]
    fees = [f"fees {venue.name}" for venue in scenario.venues]
    paid = [
        f"{'funding' if each.derivative else 'dividends'} {each.name}"
        for each in scenario.instruments
        if each.what in ("stock", "perpetual")
    ]
    default = ["default"] if scenario.margin else []
    return Accounts((*members, *fees, *paid, *default, "interest", "settlement", "issue"), len(members))


def private_slots(values: Any) -> int:
    """Private values of a member: those of the lots it may give up, and those of the lots it may get; 0 without any."""
    if values is None:
        return 0
    return 2 * values.units if values.distribution == "normal" else 1


def groups_of(scenario: Scenario) -> tuple[str, ...]:
    """The groups whose populations share their arrivals."""
    laws = [each.arrivals for each in scenario.populations]
    return tuple(dict.fromkeys(law.group for law in laws if isinstance(law, OneOf | OnNews)))


def _history(scenario: Scenario, instrument: str) -> int:
    """Past values that somebody may still have to be told: a power of two."""
    traded = {venue.name: venue.instrument for venue in scenario.venues}
    follows = {each.name: each.derivative.of for each in scenario.instruments if each.derivative}
    seen = [
        each.sees.delay + (each.sees.per_hop or 0) * (each.count - 1 if each.sees.network else 0)
        for each in scenario.populations
        if each.sees and instrument in {follows.get(traded[venue], traded[venue]) for venue in each.venues}
    ]
    public = [
        each.public_delay for each in scenario.instruments if each.name == instrument and each.public_delay != "never"
    ]
    # What is older than an episode is never asked for.
    return 1 << min(int(max([*seen, *public, 0])), scenario.run.steps).bit_length()


def _solved(strategy: Strategy, params: dict[str, Any], steps: int) -> NDArray[np.float64]:
    """What a population's strategy has solved before the run."""
    name, precompute = strategy.name, strategy.precompute
    if precompute is None:
        return np.zeros(0)
    try:
        found = precompute(dict(params), steps)
        if found is None:
            raise StrategyError(
                f"strategy {name!r}: its precompute returned nothing — return the numbers, or an empty list"
            )
        if np.iscomplexobj(found):
            raise StrategyError(f"strategy {name!r}: its precompute returned complex numbers")
        return np.asarray(found, np.float64).ravel()
    except ValueError as error:
        raise StrategyError(f"strategy {name!r} with params = {params}: {error}") from error
    except StrategyError:
        raise
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        raise StrategyError(f"strategy {name!r} with params = {params}: its precompute raised {said}") from error
