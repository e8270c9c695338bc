"""What populations were exposed to, how far their limits were used, what was done, and what margin calls came to.

Greeks and risk numbers are those of the samples of agents, as the market itself had them: nothing is estimated anew. Of
a population they are sums over its members, who do not offset each other in stress and value at risk. Limits and calls
for margin count every step, whatever was sampled.

``spreadgame measure exposure RUN [--by agent]`` prints all of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import EACH_ROW, Option, measure
from analysis.risk.limit_use import (
    BY,
    Holder,
    LimitUse,
    MarginUse,
    has_limits,
    holders_of,
    is_under_margin,
    limit_uses,
    margin_uses,
)
from analysis.stats.estimates import NOTHING, mean
from sim.core.errors import RunError
from sim.runs.result import Run
from sim.runs.schemas import risk_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
GREEKS = ("delta", "gamma", "vega")
_ONE, _NONE_ENDED = "of one episode", "no episode came to its end"
_MEANT = {  # and what a number is of
    "delta": "delta to {} of what it holds, either way",
    "gamma": "gamma to {} of what it holds, either way",
    "vega": "vega to {}, either way, per 1 of volatility per √step",
    "equity": "cash and positions at the mark",
    "margin": "what it must have to keep its positions",
    "value_at_risk": "loss not exceeded at the confidence of [risk]",
    "expected_shortfall": "mean loss beyond the tail confidence of [risk]",
    "stress": "worst loss of the scan of [risk]",
}
_MARGIN_ROWS = {
    "call": ("calls", "times an account was called for margin"),
    "met": ("met", "times that an account had what it needs again, by itself or after positions were closed"),
    "closing": ("closings", "times the clearing house began to close positions"),
    "default": ("defaults", "accounts that owed more than they had"),
}


def exposed_columns(run: Run) -> list[str]:
    """Columns of samples of agents that say what may be lost: delta, gamma and vega, then those of risk."""
    if run.scenario.record.agents == "none":
        return []
    stocks = [each.name for each in run.scenario.instruments if not each.is_derivative]
    greeks = [f"{greek}.{stock}" for stock in stocks for greek in GREEKS]
    if len(stocks) == len(run.scenario.instruments):
        greeks = []
    return [*greeks, *risk_columns(run.scenario)]


def _drawn(run: Run, by: str = "population") -> Figure:
    from analysis.risk.exposure_picture import picture  # here: most do not draw

    return picture(run)


@measure(
    "exposure",
    summary="greeks, stress and value at risk of each population, use of its limits, its capital and margin calls",
    source="samples of agents, and the tables limits and margin_calls of the run",
    unit=EACH_ROW,
    chapter="Exposure and limits",
    options={"by": Option("population", "whom a row is of", choices=BY)},
    without_error={
        ".most": "it is the most there was, or what is stated",
        ".least": "it is the least there was",
        ".worst": "it is the worst there was",
        ".used": "it is the worst over the most",
        ".capital.first": "it is stated",
    },
    draw=_drawn,
)
def measures(run: Run, by: str = "population") -> list[Measurement]:
    """Exposures over the samples, use of each limit, capital and margin calls, by population or by member.

    Greeks that a holder never had are left out, and so is whoever never had any exposure, limit or margin to keep.

    Raises
    ------
    RunError
        If nobody has limits, margin, options or futures, or nobody was exposed. If members are asked for, and
        samples list populations.
    """
    columns, where = exposed_columns(run), run.folder or "this run"
    if not columns and not has_limits(run) and run.scenario.margin is None:
        if run.scenario.record.agents == "none" and any(each.is_derivative for each in run.scenario.instruments):
            raise RunError(
                f'{where}: it kept no samples of agents — set record.agents = "populations" and run it again'
            )
        raise RunError(
            f"{where}: nobody has limits, margin, options or futures — add [populations.risk], [margin] or [risk] to "
            "the scenario, and run it"
        )
    samples = _samples(run, columns, by)
    uses, calls = limit_uses(run, by), margin_uses(run, by)
    found: list[Measurement] = []
    for holder in holders_of(run, by):
        found += _exposures(run, holder, samples, columns)
        found += _limits([each for each in uses if each.holder == holder])
        found += _capital(run, holder, samples)
        found += _margin_calls([each for each in calls if each.holder == holder])
    if not found:
        raise RunError(f"{where}: nobody ever held anything, and nobody has limits or margin — there is no exposure")
    return found


# --- exposures --------------------------------------------------------------------------------------------------------


def _samples(run: Run, columns: list[str], by: str) -> pd.DataFrame | None:
    """Samples of agents with the columns, and wealth; None where none are kept."""
    if run.scenario.record.agents == "none":
        return None
    wanted = ["episode", "step", "population", "agent", "wealth", *columns]
    rows: pd.DataFrame = run.table("agents", wanted).to_pandas()
    if by == "agent" and bool(rows["agent"].isna().any()):
        raise RunError(
            f"{run.folder or 'this run'}: samples list populations, not agents — leave --by out, or set "
            'record.agents = "agents" and run it again'
        )
    return rows


def _summed(rows: pd.DataFrame, column: str) -> tuple[Integers, Floats]:
    """Episode of each sample, and the sum of a column over those who were sampled; nan where one of them has none."""
    length = int(rows["step"].max()) + 1
    keys = rows["episode"].to_numpy(np.int64) * length + rows["step"].to_numpy(np.int64)
    samples, places = np.unique(keys, return_inverse=True)
    sums: Floats = np.bincount(places, rows[column].to_numpy(float)).astype(float)
    return samples // length, sums


def _means(episodes: Integers, amounts: Floats) -> Floats:
    """Mean of each episode that has a number, (episodes,)."""
    known = np.isfinite(amounts)
    _, places = np.unique(episodes[known], return_inverse=True)
    means: Floats = np.bincount(places, amounts[known]) / np.bincount(places)
    return means


def _exposures(run: Run, holder: Holder, samples: pd.DataFrame | None, columns: list[str]) -> Iterator[Measurement]:
    """Mean and most of each exposure; of equity the least."""
    rows = None if samples is None else holder.rows_of(samples)
    if rows is None or rows.empty:
        return
    guarded = holder.population.risk is not None or is_under_margin(run, holder.population)
    if not guarded and not np.nan_to_num(rows[[each for each in columns if each != "equity"]].to_numpy(float)).any():
        return
    schema = run.table("agents", columns).schema
    for column in columns:
        kind, _, stock = column.partition(".")
        episodes, amounts = _summed(rows, column)
        amounts = np.abs(amounts) if kind in GREEKS else amounts
        if (kind in GREEKS and not amounts.any()) or (kind == "margin" and not is_under_margin(run, holder.population)):
            continue
        unit, what = schema.field(column).metadata[b"unit"].decode(), _MEANT[kind].format(stock)
        name, known = f"{holder.name}.{column}", np.isfinite(amounts)
        if kind == "equity":
            yield Measurement(f"{name}.least", float(amounts.min()), None, unit, f"{what}: least of any sample")
            continue
        none = "" if known.any() else "; none: too few moves were known"
        average = mean(_means(episodes, amounts)) if known.any() else NOTHING
        yield measure_of(name, average, unit, f"{what}: mean of samples{none}", unsure=_ONE)
        most = float(amounts[known].max()) if known.any() else math.nan
        yield Measurement(f"{name}.most", most, None, unit, f"the same: most of any sample{none}")


# --- limits, capital, margin ------------------------------------------------------------------------------------------


def _limits(uses: list[LimitUse]) -> Iterator[Measurement]:
    names: list[str] = []
    for use in uses:
        name = ".".join(part for part in (use.holder.name, "limit", use.limit.of, use.limit.on) if part)
        names.append(name)
        if (count := names.count(name)) > 1:
            name = f"{name}.{count}"
        yield from _limit(name, use)


_UNCOUNTED = {"widen": "; widen acts on each quote, and is not counted"}


def _limit(name: str, use: LimitUse) -> Iterator[Measurement]:
    per, each = "mean of an episode", " of each member" if use.holder.members > 1 else ""
    stated = not math.isnan(use.limit.most)  # those of capital move with it
    if stated:
        action = f"what is allowed{each}; action: {use.limit.action}"
        yield Measurement(f"{name}.most", use.limit.most, None, use.unit, action)
    lacks = f"; none: {_NONE_ENDED}" if math.isnan(use.worst) else ""
    worst, used = use.worst, use.used
    if math.isinf(worst):
        why = "what was held had not traded" if use.limit.of == "unwind" else "nothing was there for margin"
        worst, used, lacks = math.nan, math.nan, f"; none: {why}, so that it is infinite"
    greeks = ", by the greeks of its beginning" if use.limit.of in ("delta", "gamma", "vega") else ""
    yield Measurement(f"{name}.worst", worst, None, use.unit, f"most at the end of a step{greeks}{each}{lacks}")
    if stated:
        yield Measurement(f"{name}.used", used, None, "share", f"of what is allowed, at worst{lacks}")
    rows = (
        ("steps_over", use.over, "steps", "at whose end it was passed"),
        ("steps_acted", use.acted, "steps", "after which its action was taken" + _UNCOUNTED.get(use.limit.action, "")),
        ("rejected", use.rejected, "messages", "of which it let nothing enter"),
        ("cut", use.cut, "lots", "that it took off other messages"),
    )
    for what, amount, unit, meaning in rows:
        yield measure_of(f"{name}.{what}", amount, unit, f"{meaning}, {per}", _NONE_ENDED, _ONE)


def _capital(run: Run, holder: Holder, samples: pd.DataFrame | None) -> Iterator[Measurement]:
    """Capital at the start, the least in any sample, and at the end: what it had, and what it has gained."""
    risk = holder.population.risk
    if risk is None or risk.capital is None:
        return
    first, name = risk.capital.amount * holder.members, f"{holder.name}.capital"
    yield Measurement(f"{name}.first", first, None, "currency", "capital at the start of an episode")
    rows = None if samples is None else holder.rows_of(samples)
    what, least = "least of any sample: capital at the start, and what was gained since", math.nan
    if rows is None or rows.empty:
        what += "; none: agents were not sampled"
    else:
        episodes, wealth = _summed(rows, "wealth")
        capital = first + wealth - _first_wealth(run, holder)[episodes]
        least = float(np.fmin.reduce(capital))
        what += f"; none: {_NONE_ENDED}" if math.isnan(least) else ""
    yield Measurement(f"{name}.least", least, None, "currency", what)
    what, last, why = "capital at the end, mean of episodes", NOTHING, "results of its episodes were not kept"
    if run.scenario.record.episodes != "none":
        table = run.table("episodes", ["episode", "population", "agent", "payoff"]).to_pandas()
        mine = holder.rows_of(table)
        if len(mine):
            last = mean(first + mine.groupby("episode")["payoff"].sum().to_numpy(float))
    yield measure_of(f"{name}.last", last, "currency", what, why, _ONE)


def _first_wealth(run: Run, holder: Holder) -> Floats:
    """What a holder begins each episode with, its lots at the mark with which the episode begins, (episodes,)."""
    count = -(-int(run.manifest["steps"]) // run.scenario.run.steps)
    found, rows = np.full(count, holder.population.endowment.cash), run.settlements
    for instrument in run.scenario.instruments:
        lots = run.scenario.endowed(holder.population, instrument.name)
        if not lots or instrument.what in ("future", "perpetual"):  # their gains are settled from the first price on
            continue
        initial = rows[(rows["instrument"] == instrument.name).to_numpy(bool)]["initial"].to_numpy(float)
        found[: len(initial)] += lots * instrument.lot_size * initial
        found[len(initial) :] = math.nan  # an episode that did not come to its end
    return found * holder.members


def _margin_calls(uses: list[MarginUse]) -> Iterator[Measurement]:
    per = "mean of an episode"
    for use in uses:
        for event, (name, meaning) in _MARGIN_ROWS.items():
            full = f"{use.holder.name}.margin.{name}"
            yield measure_of(full, use.events[event], "", f"{meaning}, {per}", _NONE_ENDED, _ONE)
        meaning = f"what the account default paid of its losses, {per}"
        yield measure_of(f"{use.holder.name}.margin.paid", use.paid, "currency", meaning, _NONE_ENDED, _ONE)
