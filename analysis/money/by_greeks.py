"""Gains on what is held, by greeks: how much the underlying's moves, volatility and time each made of them.

Between two samples a position of q units changes in worth by q ΔV. With the underlying's value S, the volatility σ of
its moves until expiry, and greeks at the first of the two,

    ΔV = δ ΔS + ½ Γ ΔS² + ν Δσ + Θ Δt + vanna ΔS Δσ + ½ volga Δσ² + residual.

The residual is what these terms leave, and the moves of options that were bought or sold between the samples, after
that. Over a fixed time it halves with the interval. Without vanna and volga it would not, where volatility moves.
What moves one for one with the underlying, such as the underlying itself, has delta alone, whenever it was traded.

Values are those of the law (``book.value``), so the lines take the place of the revaluation at the value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.money.accounts import Holders
from analysis.money.amounts import Amounts
from analysis.money.marks import marks_of
from analysis.reading.columns import columns
from analysis.reading.trades import Floats, Integers, trades_of
from sim.core.errors import RunError
from sim.models.implied_volatility import implied_deviation
from sim.models.options import greeks_of, terms_at_end
from sim.runs.result import Run
from sim.scenario.tables.derivatives import Call, Put
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.processes import GeometricBrownian, Heston, RandomWalk

LINES = ("delta", "gamma", "vega", "theta", "vanna", "volga", "residual")
_DELTA, _RESIDUAL = LINES.index("delta"), LINES.index("residual")


@dataclass(frozen=True)
class GreekLines:
    """Gains on positions by greek.

    Attributes
    ----------
    amounts : currency, float64 (episodes, holders, lines), over whole episodes.
    unknown : instruments of which only the residual is known, and why; empty if there are none.
    """

    amounts: Floats
    unknown: str


def by_greeks(run: Run, holders: Holders, every: int = 1) -> GreekLines:
    """Gains on positions by greek, over whole episodes.

    Parameters
    ----------
    holders : populations, over whole episodes.
    every : take each so many samples; the last of an episode is always taken.

    Raises
    ------
    RunError
        If agents and books were not sampled at the same steps, or no trades were kept.
    """
    steps = _steps(run, every)
    episodes, _, count = holders.shape
    amounts = np.zeros((episodes, count, len(LINES)))
    unknown = []
    for instrument in run.scenario.instruments:
        trades = trades_of(run, instrument.name)
        moves = Amounts(trades, marks_of(trades, "value"), holders).moves().sum(axis=1) * run.scenario.money.unit
        if not moves.any():
            continue
        lots = _lots(run, holders, instrument.name, steps)[:, :-1]
        if not isinstance(instrument.derivative, Call | Put):
            amounts[..., _DELTA] += moves
            continue
        parts, why = _parts(run, instrument, steps)
        unknown += [f"{instrument.name}: {why}"] if why else []
        split = np.einsum("esh,esl->ehl", lots * instrument.lot_size, parts)
        amounts[..., :_RESIDUAL] += split
        amounts[..., _RESIDUAL] += moves - split.sum(axis=-1)
    return GreekLines(amounts, "; ".join(unknown))


def _steps(run: Run, every: int) -> Integers:
    """Steps of an episode at which agents were sampled, each so many and the last."""
    agents = np.unique(columns(run, "agents", ["step"])["step"].to_numpy(np.int64))
    books = np.unique(columns(run, "book", ["step"])["step"].to_numpy(np.int64))
    where = run.folder or "this run"
    if not len(agents) or not np.isin(agents, books).all():
        raise RunError(
            f"{where}: gains by greeks need samples of agents and of books at the same steps — set record.agents_every "
            "and record.book_every alike, and run it again"
        )
    taken = agents[every - 1 :: every]
    last = agents[-1:]
    return np.unique(np.concatenate([taken, last]))


def _lots(run: Run, holders: Holders, instrument: str, steps: Integers) -> Floats:
    """Lots held at an episode's start and at each sample, (episodes, 1 + samples, holders)."""
    name = f"inventory.{instrument}"
    rows = columns(run, "agents", ["episode", "step", "population", name])
    rows = rows[rows["step"].isin(steps).to_numpy(bool)]
    sums = rows.groupby(["episode", "step", "population"], observed=True)[name].sum()
    names = [each.name for each in run.scenario.populations]
    found = sums.unstack("population").reindex(columns=names).to_numpy(float)
    episodes, _, count = holders.shape
    first = np.broadcast_to(holders.endowed(instrument), (episodes, 1, count))
    return np.concatenate([first, found.reshape(episodes, len(steps), count)], axis=1)


def _values(run: Run, instrument: Instrument, steps: Integers) -> Floats | None:
    """Values at an episode's start and at each sample, (episodes, 1 + samples); None where no venue trades it."""
    venue = next((each.name for each in run.scenario.venues if each.instrument == instrument.name), None)
    if venue is None:
        return None
    settlements = columns(run, "settlements", ["instrument", "initial"])
    own = (settlements["instrument"] == instrument.name).to_numpy(bool)
    first = settlements["initial"].to_numpy(float)[own]
    book = columns(run, "book", ["step", "venue", "value"])
    rows = (book["venue"] == venue).to_numpy(bool) & book["step"].isin(steps).to_numpy(bool)
    values = book["value"].to_numpy(float)[rows].reshape(-1, len(steps))
    return np.column_stack([first[: len(values)], values])


def _parts(run: Run, instrument: Instrument, steps: Integers) -> tuple[Floats, str]:
    """What each greek made of a unit's change of value, (episodes, intervals, 6); and why nothing is known, if so."""
    option = instrument.derivative
    underlying = next(each for each in run.scenario.instruments if option is not None and each.name == option.of)
    values, spots = _values(run, instrument, steps), _values(run, underlying, steps)
    nothing = np.zeros((int(run.manifest["episodes"]), len(steps), _RESIDUAL))
    if not isinstance(option, Call | Put):
        return nothing, ""
    if values is None or spots is None:
        return nothing, "no venue trades it, or what it follows from"
    if option.average > 1:
        return nothing, "it is settled at a mean"
    # A value has had its move of a step that is sampled; a mid at which an option is settled may still move in it.
    moved = steps + (1.0 if option.settles_at == "value" else 0.0)
    times = np.maximum(option.expiry - np.concatenate([[0.0], moved]), 0.0)
    volatility = _volatilities(run, option, underlying, spots, values, times, steps)
    rate = run.scenario.money.rate
    normal = isinstance(underlying.value, RandomWalk)
    side = 1 if isinstance(option, Call) else -1
    parts = np.zeros((*spots[:, :-1].shape, _RESIDUAL))
    for place, time in enumerate(times[:-1]):
        if time <= 0.0:
            continue
        terms = terms_at_end(option.strike, float(time), rate, 0.0)
        elapsed = time - times[place + 1]
        for episode in range(len(spots)):
            one = greeks_of(normal, side, spots[episode, place], terms, rate, 0.0, volatility[episode, place])
            up = spots[episode, place + 1] - spots[episode, place]
            more = volatility[episode, place + 1] - volatility[episode, place]
            parts[episode, place] = (
                one.delta * up, 0.5 * one.gamma * up * up, one.vega * more, one.theta * elapsed,
                one.vanna * up * more, 0.5 * one.volga * more * more,
            )  # fmt: skip
    return parts, ""


def _volatilities(
    run: Run, option: Call | Put, underlying: Instrument, spots: Floats, values: Floats, times: Floats, steps: Integers
) -> Floats:
    """The volatility at which an option is valued, (episodes, 1 + samples), per square root of a step."""
    process = underlying.value
    if isinstance(process, GeometricBrownian | RandomWalk):
        factors = np.ones(len(times))
        for shock in sorted(underlying.shocks, key=lambda each: each.step):
            if shock.volatility is not None:
                factors[np.concatenate([[-1], steps]) >= shock.step] = shock.volatility
        return np.broadcast_to(process.volatility * factors, spots.shape)
    if not isinstance(process, Heston):
        return np.full(spots.shape, option.volatility or 0.0)
    rate = run.scenario.money.rate
    side = 1 if isinstance(option, Call) else -1
    found = np.zeros(spots.shape)
    for place, time in enumerate(times):
        if time <= 0.0:
            found[:, place] = found[:, place - 1]
            continue
        growth = math.exp(rate * time)
        for episode in range(len(spots)):
            deviation = implied_deviation(
                side, values[episode, place] * growth, spots[episode, place] * growth, option.strike
            )
            known = math.isfinite(deviation)
            found[episode, place] = deviation / math.sqrt(time) if known else found[episode, max(place - 1, 0)]
    return found
