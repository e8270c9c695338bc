"""Sums of a run, made by compiled code while it runs: for one run, for a Market, and for thousands of runs.

Rows are added one after another in the order in which they were written. So no sum depends on when the tapes were
drained, to the last bit, and nothing is copied and no GIL is held for it. Of one run :mod:`sim.runs.summary` makes a
table.

What the measures are is declared in :mod:`sim.runs.total_measures`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.core.codes import BY_AGENT, CALL_AUCTION, NOBODY
from sim.core.compiled import COMPILED, njit
from sim.core.ledger import add_activity, add_presence
from sim.core.world import NO_PRICE, attach
from sim.runs.build import Built
from sim.runs.simulation import Simulation, Sink
from sim.venues.mechanisms import trade_price

# Of a venue: of its trades, their lots, and twice their distance from the mark times lots (effective spread); of its
# samples, those with both quotes, their spread in ticks, the lots on both sides, those with a mark, and the squared
# pricing errors; and the episodes in which the mark ever was a price.
VENUE_TOTALS = np.dtype(
    [(name, "i8") for name in ("trades", "volume", "samples", "whole", "spread", "depth", "priced", "marked")]
    + [("effective", "f8"), ("squares", "f8")]
)
# Of a population, over episodes: the mean of its members' payoff together and the sum of squares around it (Welford
# 1962), private value, and counts; ``payoff`` and ``private`` are those of the episode being added.
POPULATION_TOTALS = np.dtype(
    [(name, "i8") for name in ("episodes", "trades", "volume", "messages", "fees", "turns", "kept", "rejected")]
    + [(name, "f8") for name in ("payoff", "average", "squares", "private", "private_value")]
)


def new_totals(runs: int, kind: np.dtype[Any], count: int) -> Any:
    """Zeroed totals: (runs, count) records of ``kind``."""
    totals = np.zeros((runs, count), kind)
    return totals if COMPILED else totals.view(np.recarray)


@njit
def add_up(address: int, venues: Any, populations: Any, payoffs: Any) -> None:
    """Add everything the tapes hold that was not drained.

    Parameters
    ----------
    address : of the World.
    venues : (venues,) records of VENUE_TOTALS.
    populations : (populations,) records of POPULATION_TOTALS.
    payoffs : float64 (episodes, populations), filled in; (0, populations) where nobody wants them. Currency.
    """
    world = attach(address)
    clock = world.clock[0]
    for serial in range(clock.tape_drained, clock.trades):
        trade = world.tape[serial & (len(world.tape) - 1)]
        total = venues[trade.venue]
        total.trades += 1
        total.volume += trade.quantity
        price = trade_price(world, trade) * world.venues[trade.venue].price_size
        total.effective += 2.0 * np.float64(trade.aggressor) * (price - trade.mark) * np.float64(trade.quantity)
    for place in range(clock.samples_used):
        sample = world.book_samples[place]
        total = venues[sample.venue]
        total.samples += 1
        total.depth += sample.bid_depth + sample.ask_depth
        if sample.mark == sample.mark:  # nan before there is a mid
            total.priced += 1
            gap = sample.mark - sample.value
            total.squares += gap * gap  # the same bits compiled and not, which a power need not give
        if sample.bid != NO_PRICE and sample.ask != NO_PRICE:
            total.whole += 1
            total.spread += sample.ask - sample.bid
    for first in range(0, clock.settlements_used, clock.instruments):  # an episode's, one for each instrument
        for venue in range(len(venues)):
            venues[venue].marked += world.settlements[first + world.venues[venue].instrument].marked
    rows = clock.first_account if clock.episodes_by == BY_AGENT else len(populations)
    for place in range(clock.outcomes_used):
        outcome = world.outcomes[place]
        total = populations[outcome.population]
        if place % rows == 0:
            for population in range(len(populations)):
                populations[population].payoff = 0.0
                populations[population].private = 0.0
        total.payoff += outcome.payoff
        total.private += outcome.private_value
        total.fees += outcome.fees
        add_activity(total, outcome)
        add_presence(total, outcome)
        if place % rows == rows - 1:
            for population in range(len(populations)):
                _end_episode(populations[population])
                if len(payoffs) > 0:
                    payoffs[outcome.episode, population] = populations[population].payoff


@njit
def _end_episode(total: Any) -> None:
    total.episodes += 1
    gap = total.payoff - total.average
    total.average += gap / total.episodes
    total.squares += gap * (total.payoff - total.average)
    total.private_value += total.private


class Counted(Simulation):
    """A run added up before its tapes are drained: ``venues``, ``populations`` and ``payoffs`` take the sums.

    They begin at zero. Whoever does many runs puts others in their place: ``payoffs`` of the shape (episodes,
    populations) keeps those of each episode.
    """

    def __init__(self, built: Built, sink: Sink | None = None, act: Callable[[int], bool] | None = None) -> None:
        super().__init__(built, sink, act)
        scenario = built.scenario
        self.venues: Any = new_totals(1, VENUE_TOTALS, len(scenario.venues))[0]
        self.populations: Any = new_totals(1, POPULATION_TOTALS, len(scenario.populations))[0]
        self.payoffs: Any = np.zeros((0, len(scenario.populations)))

    def _add_up(self) -> None:
        storage = self.built.storage
        add_up(storage.address, self.venues, self.populations, self.payoffs)
        counts = np.asarray(storage.world.rejections).reshape(len(self.populations), -1)  # of the whole run so far
        self.populations["rejected"] = counts.sum(axis=1)


def has_quoted_spread(built: Built, venue: int) -> bool:
    """Whether the spread of a venue is measured: its book is sampled, and it does not trade in calls alone."""
    return built.sampling.book_every > 0 and built.storage.world.venues[venue]["mechanism"] != CALL_AUCTION


def quoted_spread(total: Any, tick_size: Any) -> Any:
    """The mean quoted spread of totals of venues, currency; nan, with a warning of NumPy's, without a sample."""
    return total["spread"] * tick_size / total["whole"]


def venue_measures(built: Built, totals: Any) -> dict[str, dict[str, Any]]:
    """Measures of each venue from its totals, (runs, venues) records: arrays (runs,), nan where there is none.

    Effective spread is twice the distance of price from the mark just before, by lots (Huang and Stoll 1996); quoted
    spread and pricing error (root mean square) are over samples of the book, as is depth: the lots on both sides.
    """
    found = {}
    sampled = built.sampling.book_every > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        for number, venue in enumerate(built.scenario.venues):
            total = totals[:, number]
            measures = {"trades": total["trades"], "volume": total["volume"]}
            if has_quoted_spread(built, number):
                measures["quoted_spread"] = quoted_spread(total, venue.tick_size)
            # Without a mid there is nothing to measure prices against.
            measures["effective_spread"] = np.where(total["marked"] > 0, total["effective"] / total["volume"], np.nan)
            if sampled:
                measures["depth"] = total["depth"] / total["samples"]
                measures["pricing_error"] = np.sqrt(total["squares"] / total["priced"])
                if "quoted_spread" in measures:
                    measures["one_sided"] = (total["samples"] - total["whole"]) / total["samples"]
            found[venue.name] = measures
    return found


def population_measures(built: Built, totals: Any) -> dict[str, dict[str, Any]]:
    """Measures of each population from its totals, (runs, populations) records: arrays (runs,), nan where none.

    The payoff is the mean over episodes of what all members earned together, with its standard error where there are
    several. Counts and fees are sums over the run. Nothing, where the scenario records no episodes.
    """
    found: dict[str, dict[str, Any]] = {}
    if built.sampling.episodes_by == NOBODY:
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        for number, population in enumerate(built.scenario.populations):
            total = totals[:, number]
            episodes = total["episodes"]
            measures = {"agents": np.full(len(total), population.count), "payoff": total["average"]}
            if built.scenario.run.episodes > 1:
                measures["payoff_standard_error"] = np.sqrt(total["squares"] / (episodes - 1) / episodes)
            measures["payoff_per_lot"] = total["average"] * episodes / total["volume"]
            if population.values_privately:
                measures["private_value"] = total["private_value"] / episodes
            if population.obligation:
                measures["presence"] = total["kept"] / total["turns"]
            measures["fees"] = total["fees"] * built.scenario.money.unit
            measures |= {name: total[name] for name in ("trades", "volume", "messages", "rejected")}
            found[population.name] = measures
    return found
