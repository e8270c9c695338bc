"""Rare events that the scenario names: jumps, arrivals, signals and orders that a number of runs may not meet.

A sample says nothing about events that it did not meet, and their effect may have any size. But the scenario states
their probabilities. An event that is expected fewer than eight times in the runs of a certificate may be missing from
them. For example, with a jump probability of 0.001 per step, 76 runs of five steps meet no jump in two of three cases.

The probabilities of the scenario's tables count: of values and jumps, of laws of arrival, of who sees a signal, and of
strategies' parameters that are probabilities. Other draws of a strategy do not count, and neither do events that need
several rare events at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analysis.games.certificates.resampling import FEWEST
from sim.scenario import Scenario
from sim.scenario.tables.arrivals import Bernoulli, OneOf, OnNews, Poisson
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.market import Population
from sim.scenario.tables.processes import Binary, JumpDiffusion
from sim.strategy_kit import registry

_CHANCE = "probability"  # in the name of a strategy's parameter from 0 to 1


class Event(NamedTuple):
    """A rare event.

    Attributes
    ----------
    what : its description, with the place of its probability in the scenario.
    often : expected number of such events per run.
    """

    what: str
    often: float

    def expected(self, runs: int) -> float:
        """Expected number of such events in ``runs`` runs."""
        return self.often * runs


def too_rare(found: Iterable[Event], runs: int) -> list[Event]:
    """Events whose expected number in ``runs`` runs is below eight, the rarest first."""
    return sorted((each for each in found if each.expected(runs) < FEWEST), key=lambda each: each.often)


def runs_to_meet(found: Iterable[Event]) -> float:
    """Number of runs with an expected number of eight for each of these events; 0 if there are none."""
    return max((FEWEST / each.often for each in found), default=0.0)


def missed(found: Iterable[Event]) -> float:
    """An upper bound of the probability that a run meets one of these events."""
    return min(1.0, sum(each.often for each in found))


def events(scenario: Scenario) -> Iterator[Event]:
    """All events with a probability in the scenario that may, or may not, happen in a run."""
    steps = float(scenario.run.steps * scenario.run.episodes)
    for instrument in scenario.instruments:
        yield from _of_value(instrument, steps, float(scenario.run.episodes))
    for population in scenario.populations:
        yield from _of_population(scenario, population, steps)


def _either(what: str, chance: float, times: float) -> Iterator[Event]:
    """An event with a number of chances, and its opposite; nothing for an event that always or never happens."""
    if 0.0 < chance < 1.0 and times > 0.0:
        yield Event(what, min(chance, 1.0 - chance) * times)


def _of_value(instrument: Instrument, steps: float, episodes: float) -> Iterator[Event]:
    process, where = instrument.value, f"{instrument.name}.value"
    if isinstance(process, Binary):
        yield from _either(f"the rarer value of {instrument.name} ({where}.probability)", process.probability, episodes)
    if not isinstance(process, JumpDiffusion):
        return
    chance = process.jump_probability
    yield from _either(f"a jump of {instrument.name} ({where}.jump_probability)", chance, steps)
    if process.jump != "normal":
        what = f"the rarer direction of a jump of {instrument.name} ({where}.up_probability)"
        yield from _either(what, process.up_probability, chance * steps)


def _of_population(scenario: Scenario, population: Population, steps: float) -> Iterator[Event]:
    law, where, members = population.arrivals, population.name, population.count
    acts = steps * members  # turns of all members in a run
    if isinstance(law, Bernoulli):
        yield from _either(f"an arrival of {where} ({where}.arrivals.probability)", law.probability, acts)
        acts *= law.probability
    elif isinstance(law, Poisson):
        acts = law.rate * steps
        if acts > 0.0:
            yield Event(f"an arrival of {where} ({where}.arrivals.rate)", acts)
    elif isinstance(law, OneOf):
        share = law.share or 0.0
        yield from _either(f"an arrival of {where} ({where}.arrivals)", share, steps)
        acts = share * steps
    elif isinstance(law, OnNews):
        acts = steps * _news(scenario, law.instrument)
    if population.sees is not None:
        times = float(scenario.run.episodes * members) if population.sees.redraw == "episode" else acts
        yield from _either(f"a signal of {where} ({where}.sees.probability)", population.sees.probability, times)
    for name, value in registry.get(population.strategy).resolve(population.params).items():
        if _CHANCE in name and isinstance(value, float):
            yield from _either(f"the rarer choice of {where} ({where}.params.{name})", value, acts)


def _news(scenario: Scenario, about: str) -> float:
    """The probability that a step has a jump of an instrument."""
    process = next(each.value for each in scenario.instruments if each.name == about)
    return process.jump_probability if isinstance(process, JumpDiffusion) else 0.0
