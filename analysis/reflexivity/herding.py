"""Herds: how alike opinions are, and how often traders follow each other instead of what they know."""

from __future__ import annotations

from typing import Any

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
    having, ours = _with_opinions(run), (_LEARNER, _IMITATOR)
    talking = [each for each in run.scenario.populations if each.strategy in ours or each.name in having]
    if not talking:
        raise RunError("nobody in this run has opinions — herding is of imitators, learners and the like")
    found: list[Measurement] = []
    for population in talking:
        prefix = f"{population.name} " if len(talking) > 1 else ""
        if population.strategy == _LEARNER:
            found += _cascades(run, population, prefix)
        else:
            found += _agreement(run, population, prefix, after)
    return found


def _with_opinions(run: Run) -> set[str]:
    """The populations whose members have opinions in the record, whatever strategy they play."""
    if run.scenario.record.agents == "none" or "opinion" not in run.units("agents"):
        return set()
    who, opinion = arrays(run, "agents", "population", "opinion")
    return set(who[~np.isnan(opinion.astype(float))])


# --- opinions -------------------------------------------------------------------------------------------------------


def _agreement(run: Run, population: Population, prefix: str, after: int) -> list[Measurement]:
    reason = _unknown(run, population)
    kept = not reason
    episodes, shares, last = _shares_up(run, population, after) if kept else (np.zeros(0, np.int64), np.zeros(0), None)
    reason = reason or "no sample after these steps"
    spread = time_average((shares - 0.5) ** 2, episodes)
    ends = np.zeros(0) if last is None else last == 1.0
    return [
        measure_of(f"{prefix}opinion_variance", spread, "share²", "mean square of the share that is up, less a half",
                   reason, "too few samples"),
        measure_of(f"{prefix}fixation_up", mean(ends.astype(float)), "share of episodes", "all are up at the end",
                   reason, _ONE),
    ]  # fmt: skip


def _unknown(run: Run, population: Population) -> str:
    """Why the share that is up cannot be known from what was kept, or an empty text."""
    if run.scenario.record.agents == "none":
        return "no opinions were kept: record.agents is none"
    who, agent = arrays(run, "agents", "population", "agent")
    whole = np.isnan(agent[who == population.name].astype(float)).any()
    if whole and population.strategy != _IMITATOR:  # whose opinions are 0 or 1, and known from the start
        return 'only the mean opinion was kept: set record.agents = "agents"'
    return ""


def _shares_up(
    run: Run, population: Population, after: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Episode and share that is up of each sample, and that share at the end of each episode that was sampled."""
    episode, step, who, agent, opinion = arrays(run, "agents", "episode", "step", "population", "agent", "opinion")
    mine = (who == population.name) & ~np.isnan(opinion.astype(float))  # who has said nothing is neither up nor down
    episode, step, opinion = episode[mine], step[mine], opinion[mine].astype(float)
    by_agent = not np.isnan(agent[mine].astype(float)).any()
    up = np.where(opinion > _UP, 1.0, 0.0) if by_agent else opinion  # the mean of opinions that are 0 or 1
    when = episode * run.scenario.run.steps + step
    moments, places = np.unique(when, return_inverse=True)
    shares = np.bincount(places, up) / np.bincount(places)
    of_episode, of_step = np.divmod(moments, run.scenario.run.steps)
    last = shares[np.flatnonzero(np.append(of_episode[1:] != of_episode[:-1], True))]
    late = of_step >= after
    return of_episode[late], shares[late], last


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
