"""Implementation shortfall: the cost of a decision, compared with a paper portfolio that trades at once at no cost.

Perold 1988, with the parts of Wagner and Edwards 1993 and Kissell. An order of X lots is to be bought (side 1) or sold
(side -1). The mark is P_d at the decision and P_0 when trading begins. Trades of n_i lots have the prices p_i. Lots
that were not traded are valued at the last mark, P_n. The parts are

    delay        side Σ n (P_0 - P_d)
    impact       side Σ n_i (p_i - P_0)
    opportunity  side (X - Σ n) (P_n - P_d)
    fees         as paid

and their sum is side (Σ n_i p_i - Σ n P_d + (X - Σ n)(P_n - P_d)) + fees. All parts but the fees are multiplied by the
units in a lot. Costs are positive.

``spreadgame measure implementation_shortfall RUN`` takes the lots that each population traded as the lots that it
wanted. Executors are compared with the parent order that they were given.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.impact.parent_orders import Shortfall, cost_of, shortfall
from analysis.reading.columns import columns
from analysis.reading.marked import NEVER, marked
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades import Floats, Integers, Trades, trades_of
from analysis.stats.estimates import NOTHING, mean
from sim.core.errors import RunError
from sim.runs.result import Run


def shortfall_of(
    run: Run,
    population: str,
    target: int | None,
    side: int,
    *,
    agent: int | None = 0,
    venue: str | None = None,
    instrument: str | None = None,
    episode: int = 0,
    decision_step: int = 0,
    decision_mark: float | None = None,
    end_step: int | None = None,
) -> Shortfall:
    """The shortfall of one agent's parent order in a run.

    Parameters
    ----------
    population, agent : who traded. If agent is None, all members are taken together.
    target, side : lots to be traded, and 1 to buy or -1 to sell. If target is None, the executed lots are the target,
        and the side is found from them.
    venue : where the order traded; None for all venues of the instrument.
    instrument : of the order; None for the instrument of the venue, or of the population's first venue.
    episode : the number of the episode, from 0.
    decision_step : trades from this step on count. The mark at the decision is taken from the last sample of the book
        before this step, or from the first sample if there is none before. The mark on arrival is the mark just before
        the agent's first trade.
    decision_mark : the mark at the decision, if it is known. Currency.
    end_step : the last step that counts; None for the last step of the episode. Lots that are left are valued at the
        mark of the last sample up to this step.

    Raises
    ------
    RunError
        If there is no such population, agent, venue or sample of the book, or no trades were kept.
    """
    scenario = run.scenario
    instrument, places = _traded_at(run, population, agent, venue, instrument)
    last = scenario.run.steps - 1 if end_step is None else end_step
    book = _marks(run, places)
    book = book[(book["episode"] == episode) & (book["step"] <= last)]
    if book.empty and decision_mark is None:
        raise _no_sample(places, episode)
    book = book[book["mark"].notna()]
    if decision_mark is None:
        decision_mark = _mark_before(book, decision_step)
    trades = trades_of(run, instrument)
    start = episode * scenario.run.steps
    ends = np.searchsorted(trades.keys, [start + max(decision_step, 0), start + min(last, scenario.run.steps - 1) + 1])
    rows = np.arange(*ends)
    if venue is not None:
        rows = rows[trades.venue[rows] == trades.venues.index(venue)]
    mine = _trades_by(trades, population, agent, rows)
    if target is None:
        net = int(mine.bought.sum())
        target, side = abs(net), -1 if net < 0 else 1
    arrival = float(mine.marks[0]) if len(mine.marks) and math.isfinite(mine.marks[0]) else decision_mark
    final = float(book["mark"].iloc[-1]) if len(book) else arrival
    size, fees = _lot_size(run, instrument), float(mine.fees.sum())
    return shortfall(side, target, mine.prices, side * mine.bought, decision_mark, arrival, final, fees, size)


def _traded_at(
    run: Run, population: str, agent: int | None, venue: str | None, instrument: str | None
) -> tuple[str, list[str]]:
    """The instrument of an order, and the venues at which its trades count. Raises RunError if there are none."""
    scenario = run.scenario
    who = next((each for each in scenario.populations if each.name == population), None)
    if who is None or not 0 <= (agent or 0) < who.count:
        raise RunError(f"this run has no agent {agent or 0} of {population!r}")
    if not scenario.record.trades:
        raise RunError("this run kept no trades: it needs record.trades = true")
    names = [each.name for each in scenario.venues]
    first = venue if venue is not None else (who.venues[0] if who.venues else names[0])
    if first not in names:
        raise RunError(f"this run has no venue {first!r}; there are {', '.join(names)}")
    if venue is not None or instrument is None:
        instrument = next(each.instrument for each in scenario.venues if each.name == first)
    places = [each.name for each in scenario.venues if each.instrument == instrument] if venue is None else [venue]
    if not places:
        raise RunError(f"this run has no instrument {instrument!r}")
    return instrument, places


def _mark_before(book: pd.DataFrame, step: int) -> float:
    """The mark of the last sample before a step, else of the first sample; nan if there is no sample."""
    before = book[book["step"] < step]["mark"]
    known = before.iloc[-1:] if len(before) else book["mark"].iloc[:1]
    return float(known.iloc[0]) if len(known) else math.nan


def shortfalls_of(
    run: Run, population: str, instrument: str, target: float | None = None, side: int = 1, decision_step: int = 0
) -> dict[str, Floats]:
    """The shortfall of all members of a population together, in every episode (:func:`shortfall_of` takes one).

    Parameters
    ----------
    target, side, decision_step : of one parent order per episode. If target is None, the executed lots are the target.

    Returns
    -------
    ``delay``, ``impact``, ``opportunity``, ``fees`` and ``total``, in currency, and ``executed``, in lots: float64
    (episodes,). A part is nan if it depends on a mid and the episode never had one.

    Raises
    ------
    RunError
        If there is no such population or instrument, an episode has no sample of the book, or no trades were kept.
    ValueError
        If side is neither 1 nor -1, or target is negative.
    """
    shortfall(side, target or 0.0, [], [], 0.0)  # for its checks
    if population not in [each.name for each in run.scenario.populations]:
        raise RunError(f"this run has no population {population!r}")
    trades = trades_of(run, instrument)
    count, size = int(run.manifest["episodes"]) or 1, _lot_size(run, trades.instrument)
    book = _marks(run, trades.venues)
    book = book[book["episode"] < count]
    missing = np.setdiff1d(np.arange(count), book["episode"].to_numpy())
    if len(missing):
        raise _no_sample(trades.venues, int(missing[0]))
    book = book[book["mark"].notna()]
    decision, final = np.full(count, math.nan), np.full(count, math.nan)
    for rows in (
        book.drop_duplicates("episode"),
        book[book["step"] < decision_step].drop_duplicates("episode", keep="last"),
    ):
        decision[rows["episode"].to_numpy()] = rows["mark"].to_numpy()
    last = book.drop_duplicates("episode", keep="last")
    final[last["episode"].to_numpy()] = last["mark"].to_numpy()
    mine = _trades_by(trades, population, None, _rows_from(trades, count, decision_step))
    episodes, opening = np.unique(mine.episodes, return_index=True)
    arrival = decision.copy()
    known = np.isfinite(mine.marks[opening])
    arrival[episodes[known]] = mine.marks[opening[known]]
    bought = _summed(mine.bought, mine.episodes, count)
    missed = np.zeros(count) if target is None else side * target - bought
    parts: dict[str, Floats] = {
        "delay": cost_of(size * bought, arrival - decision),
        "impact": size * _summed(cost_of(mine.bought, mine.prices - arrival[mine.episodes]), mine.episodes, count),
        "opportunity": cost_of(size * missed, final - decision),
        "fees": _summed(mine.fees, mine.episodes, count),
    }
    return {
        **parts,
        "total": sum(parts.values(), np.zeros(count)),
        "executed": np.abs(bought) if target is None else side * bought,
    }


@measure(
    "implementation_shortfall",
    summary="what the decisions of each population cost, against trading at once, for nothing",
    source="Perold 1988, J. Portfolio Management 14, 4; Wagner and Edwards 1993, Financial Analysts Journal 49, 65",
    chapter="Price impact",
    place=2,
    needs=("trades", "book"),
)
def measures(run: Run) -> list[Measurement]:
    """The parts of each population's shortfall in each instrument that it traded; means over episodes.

    Executors are compared with their parent order. Populations that only made a market are left out, because they
    wanted no position.

    Raises
    ------
    RunError
        If no population took from a book, and as :func:`shortfalls_of` does.
    """
    found = []
    several = len(run.scenario.instruments) > 1
    for population in run.scenario.populations:
        names = population.venues or tuple(each.name for each in run.scenario.venues)
        traded = {each.name: each.instrument for each in run.scenario.venues}
        order = population.strategy == "executor"  # it trades on its first venue
        for instrument in dict.fromkeys(traded[name] for name in (names[:1] if order else names)):
            trades = trades_of(run, instrument)
            if not order and not np.any(trades.taker_populations == trades.populations.index(population.name)):
                continue
            who = f"{population.name}.{instrument}" if several else population.name
            found += (
                _of_order(run, population, instrument, who) if order else _of_trades(run, population, instrument, who)
            )
    if not found:
        raise RunError(f"{run.folder or 'this run'}: no population took from a book, so none had a shortfall")
    return found


def _of_trades(run: Run, population: Any, instrument: str, who: str) -> list[Measurement]:
    """Measurements of a population whose executed lots are its target."""
    costs = shortfalls_of(run, population.name, instrument)
    rows = {
        "delay": "the mark's move between the start and its first trade",
        "impact": "prices of its trades against the mark at its first",
        "fees": "paid, less rebates",
        "total": "cost against trading at once, for nothing, at the first mark",
    }
    known = marked(run, instrument)
    return [_mean_cost(f"{who}.{part}", costs[part], known, meaning) for part, meaning in rows.items()]


def _mean_cost(name: str, costs: Floats, marked: Any, meaning: str) -> Measurement:
    """Mean cost over all episodes. If an episode's cost is unknown, the mean is over the episodes that had a mid."""
    known = np.isfinite(costs)
    if not known.all():
        known &= marked[: len(costs)]
        if not known.any():
            return measure_of(name, NOTHING, "currency", meaning, NEVER)
        meaning += f"; of {known.sum():,} of {len(known):,} episodes, since the others never had a mid"
    return measure_of(name, mean(costs[known]), "currency", meaning)


def _of_order(run: Run, population: Any, instrument: str, who: str) -> list[Measurement]:
    """Measurements of an executor: the parent orders of all its members together."""
    given = population.params
    target = float(given["quantity"] * population.count)
    side = 1 if given["side"] == "buy" else -1
    costs = shortfalls_of(run, population.name, instrument, target, side, int(given["start"]))
    rows = {
        "delay": "the mark's move between its order and its first trade",
        "impact": "prices of its trades against the mark at its first",
        "opportunity": "what it did not trade, at the last mark against that of its order",
        "fees": "paid, less rebates",
        "total": "cost against trading all of its order at once, for nothing",
    }
    known = marked(run, instrument)
    found = [_mean_cost(f"{who}.{part}", costs[part], known, meaning) for part, meaning in rows.items()]
    filled = mean(costs["executed"] / target)
    return [*found, measure_of(f"{who}.filled", filled, "share", f"of its order of {target:,.0f} lots")]


def _rows_from(trades: Trades, count: int, step: int) -> Integers:
    """Rows of the first ``count`` episodes, from ``step`` of each episode on, (rows,)."""
    rows = np.arange(np.searchsorted(trades.episodes, count))
    return rows[trades.steps[rows] >= step] if step > 0 else rows


def _summed(amounts: Floats, episodes: Integers, count: int) -> Floats:
    """Sums by episode, (count,)."""
    return np.bincount(episodes, amounts, count).astype(float)


class _Mine(NamedTuple):
    """Trades of one trader, each (trades,)."""

    episodes: Integers
    bought: Floats  # lots, negative where sold, 0 where it traded with itself
    prices: Floats  # currency
    marks: Floats  # currency, just before
    fees: Floats  # currency, negative for rebates


def _trades_by(trades: Trades, population: str, agent: int | None, rows: Integers) -> _Mine:
    """The trades, among ``rows``, in which one agent of a population took part; any of its members if agent is None."""
    place = trades.populations.index(population)
    if agent is None:
        maker, taker = trades.maker_populations[rows] == place, trades.taker_populations[rows] == place
    else:
        number = agent + sum(each.count for each in trades.run.scenario.populations[:place])
        maker, taker = trades.makers[rows] == number, trades.takers[rows] == number
    mine = maker | taker
    rows, maker, taker = rows[mine], maker[mine], taker[mine]
    side = taker.astype(np.int64) - maker
    return _Mine(
        trades.episodes[rows],
        (trades.signs[rows] * side * trades.quantities[rows]).astype(float),
        trades.prices[rows],
        trades.mids[rows],
        trades.maker_fees[rows] * maker + trades.taker_fees[rows] * taker,
    )


def _marks(run: Run, venues: list[str]) -> pd.DataFrame:
    """Samples of the mark of these venues' instrument, in the order of time; nan before the first mid."""
    book = columns(run, "book", ["episode", "step", "venue", "mark"])
    return book[book["venue"].isin(venues)].sort_values(["episode", "step"], kind="stable")


def _no_sample(venues: list[str], episode: int) -> RunError:
    return RunError(f"this run kept no sample of {', '.join(venues)} in episode {episode}: see [record]")


def _lot_size(run: Run, instrument: str) -> float:
    return float(next(each.lot_size for each in run.scenario.instruments if each.name == instrument))
