"""Herds: how alike opinions are, and how often traders follow each other instead of what they know."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import Option, measure
from analysis.stats.estimates import mean
from analysis.stats.time_averages import time_average
from sim.core.errors import RunError
from sim.models.social_learning import RULES, Learning, replayed
from sim.runs.result import Run
from sim.scenario.tables.market import Population
from sim.valuation.binary_signals import rights_of

_LEARNER, _IMITATOR = "social_learner", "imitator"
_UP = 0.5  # an opinion above this is up
_ONE = "only one episode"


@measure(
    "herding",
    summary="how alike opinions are, and how often traders follow each other on the right or on the wrong side",
    source="Kirman 1993 (opinions); Bikhchandani, Hirshleifer and Welch 1992 (cascades); Avery and Zemsky 1998",
    chapter="Reflexivity",
    options={"after": Option(0, "steps at the beginning of each episode whose opinions do not count", int, 0)},
)
def measures(run: Run, after: int = 0) -> list[Measurement]:
    """Of each population with opinions their spread and fixation, of each that learns from the tape its cascades."""
    said, ours = _opinions_of(run), (_LEARNER, _IMITATOR)
    talking = [each for each in run.scenario.populations if each.strategy in ours or each.name in set(said.population)]
    if not talking:
        raise RunError("nobody in this run has opinions — herding is of imitators, learners and the like")
    found: list[Measurement] = []
    for population in talking:
        prefix = f"{population.name} " if len(talking) > 1 else ""
        if population.strategy == _LEARNER:
            found += _cascades(run, population, prefix)
        else:
            found += _agreement(run, population, prefix, after, said)
    return found


# --- opinions -------------------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """The opinions in the samples of a run, (opinions,): who has said nothing is neither up nor down."""

    population: NDArray[Any]
    whole: NDArray[np.bool_]  # whether it is the mean of a population, whatever strategy that plays
    when: NDArray[np.int64]  # steps since the run began
    opinion: NDArray[np.float64]

    def rows(self, which: Any) -> Said:
        """Some of them."""
        return Said(self.population[which], self.whole[which], self.when[which], self.opinion[which])


def _opinions_of(run: Run) -> Said:
    """All opinions that the record keeps; none where it keeps none."""
    if run.scenario.record.agents == "none" or "opinion" not in run.units("agents"):
        return Said(np.zeros(0, object), np.zeros(0, bool), np.zeros(0, np.int64), np.zeros(0))
    names = ("episode", "step", "population", "agent", "opinion")
    episode, step, who, agent, opinion = arrays(run, "agents", *names)
    opinion = opinion.astype(float)
    known = ~np.isnan(opinion)
    whole, when = np.isnan(agent.astype(float)), episode * run.scenario.run.steps + step
    return Said(who[known], whole[known], when[known], opinion[known])


def _agreement(run: Run, population: Population, prefix: str, after: int, said: Said) -> list[Measurement]:
    mine = said.rows(said.population == population.name)
    reason = "no sample after these steps"
    if run.scenario.record.agents == "none":
        reason = "no opinions were kept: record.agents is none"
    elif mine.whole.any() and population.strategy != _IMITATOR:  # whose opinions are 0 or 1, and known from the start
        reason = 'only the mean opinion was kept: set record.agents = "agents"'
        mine = mine.rows(slice(0))
    episodes, shares, last = _shares_up(run, mine, after)
    spread = time_average((shares - 0.5) ** 2, episodes)
    return [
        measure_of(f"{prefix}opinion_variance", spread, "share²", "mean square of the share that is up, less a half",
                   reason, "too few samples"),
        measure_of(f"{prefix}fixation_up", mean((last == 1.0).astype(float)), "share of episodes",
                   "all are up at the end", reason, _ONE),
    ]  # fmt: skip


def _shares_up(run: Run, mine: Said, after: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Episode and share that is up of each sample, and that share at the end of each episode that was sampled."""
    up = np.where(mine.whole, mine.opinion, mine.opinion > _UP)  # a mean of opinions that are 0 or 1 is a share
    moments, places = np.unique(mine.when, return_inverse=True)
    shares = np.bincount(places, up) / np.bincount(places)
    of_episode, of_step = np.divmod(moments, run.scenario.run.steps)
    ends = np.append(of_episode[1:] != of_episode[:-1], True)[: len(shares)]
    late = of_step >= after
    return of_episode[late], shares[late], shares[ends]


# --- cascades -------------------------------------------------------------------------------------------------------


def _cascades(run: Run, population: Population, prefix: str) -> list[Measurement]:
    names = (
        "episode", "step", "aggressor", "price", "mark", "value", "taker_population", "taker", "taker_order", "venue"
    )  # fmt: skip
    tape = dict(zip(names, arrays(run, "trades", *names), strict=True))
    traded = {each.name: each.instrument for each in run.scenario.venues}
    read = [venue for venue, instrument in traded.items() if instrument == traded[population.venues[0]]]
    here = np.isin(tape["venue"], read)  # what a learner reads: the tape of its instrument
    tape = {name: column[here] for name, column in tape.items()}
    sides = np.where(tape["aggressor"] == "buy", 1, -1).astype(np.int64)
    single = np.append(tape["taker_order"][1:] != tape["taker_order"][:-1], True)[: len(sides)]  # the last of its order
    herds, values = _herds(run, population, {name: column[single] for name, column in tape.items()}, sides[single])
    middle = _middle(population)
    truth = np.where(values > middle, 1, -1)
    against, unknown = _against(run, population, tape, sides, middle)
    none = "no episode has a trade"
    return [
        measure_of(f"{prefix}cascade_right", mean((herds == truth).astype(float)), "share of episodes",
                   "whoever comes next goes with the herd, and it is right", none, _ONE),
        measure_of(f"{prefix}cascade_wrong", mean((herds == -truth).astype(float)), "share of episodes",
                   "whoever comes next goes with the herd, and it is wrong", none, _ONE),
        measure_of(f"{prefix}against_signal", mean(against), "share of trades",
                   "learners' trades against what their own signal says", unknown or "no learner traded", _ONE),
    ]  # fmt: skip


def _herds(run: Run, population: Population, tape: dict[str, Any], sides: Any) -> tuple[Any, Any]:
    """The herd at the end of each episode that has a trade (1, -1, or 0 for none), and the value then."""
    given = population.params
    known = Learning(
        given["low"], given["high"], given["prior"], given["precision"], given["informed_share"],
        RULES.index(given["when_indifferent"]),
    )  # fmt: skip
    half = np.abs(tape["price"] - tape["mark"])
    bids, asks = tape["mark"] - half, tape["mark"] + half
    new = np.append(True, tape["episode"][1:] != tape["episode"][:-1])[: len(sides)]
    starts = np.flatnonzero(new).tolist()
    ends = [*starts[1:], len(sides)]
    herds = [
        replayed(known, sides[a:b], tape["step"][a:b], bids[a:b], asks[a:b], run.scenario.run.steps)[1]
        for a, b in zip(starts, ends, strict=False)
    ]
    return np.array(herds, np.int64), tape["value"][np.array(ends[: len(herds)], np.int64) - 1]


def _middle(population: Population) -> float:
    return 0.5 * float(population.params["low"] + population.params["high"])


def _against(run: Run, population: Population, tape: dict[str, Any], sides: Any, middle: float) -> tuple[Any, str]:
    """Of each trade of a learner, 1 where it went against its signal; and why nothing is known, if so."""
    sees = population.sees
    if sees is None or sees.precision is None or sees.delay or sees.probability < 1.0 or sees.network:
        return np.zeros(0), "the signal is not simply high or low: sees has no precision, or comes late or seldom"
    mine = tape["taker_population"] == population.name
    right = rights_of(run.scenario.run.seed, population, *(tape[name][mine] for name in ("taker", "episode", "step")))
    truth = np.where(tape["value"][mine] > middle, 1, -1)
    return (sides[mine] != np.where(right, truth, -truth)).astype(float), ""
