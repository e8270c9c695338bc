"""Stylised facts of recorded and simulated returns, beside one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.impact.price_impact import intervals
from analysis.reading.measures import Measurement
from analysis.recorded.board import PROBABILITY, Board, Word
from analysis.recorded.day import Day
from analysis.risk.stylised_facts import Facts, facts, facts_of, returns_of
from sim.core.errors import RunError
from sim.runs.result import Run

SECONDS = 10  # of a stock's returns
_NOTE = (
    "Returns are of the mid over {seconds} seconds for the stocks, and of the close over a day for the index and "
    "for Bitcoin{run}. Lags and horizons are counted in these returns. Kurtosis is in excess of the normal law's. "
    "The tail index is Hill's, of the largest 5 % of absolute returns. Volume of the stocks is in shares, with the "
    "taker's sign. The last row is the standard error of a correlation without dependence."
)
_READING = (
    "The facts are the usual ones (Cont 2001, Quantitative Finance 1, 223). Tails have an exponent of about three. "
    "Kurtosis falls, not evenly, as returns are added up. (The index's kurtosis at the longest horizon rests on a "
    "few dozen sums, and one of them is the autumn of 2008.) Returns are almost uncorrelated, and absolute returns "
    "are correlated over long lags. Volume and volatility move together, and signed volume persists. The index "
    "shows leverage, Bitcoin hardly does, and the stocks do not within a day."
)


def of_day(day: Day, seconds: int = SECONDS) -> Facts:
    """Log returns of the mid over so many seconds, and the shares traded and bought less sold meanwhile, (intervals,).

    The first stretch after the open has no return.
    """
    quotes, tape = day.quotes(), day.tape(day.all_orders)
    _, _, signed, _ = intervals(tape, quotes, seconds)
    bought = replace(tape, signs=np.ones_like(tape.signs))
    _, _, volumes, _ = intervals(bought, quotes, seconds)
    mids = quotes.mids[seconds - 1 :: seconds]
    return Facts(returns_of(mids), volumes, signed)


def of_run(run: Run) -> Facts:
    """The facts of the first venue of a run. Raises RunError if it has too few samples."""
    found = facts_of(run, run.scenario.venues[0].name)
    if np.isfinite(found.returns).sum() < 2:
        raise RunError(f"{run.folder or 'this run'}: too few samples of the book for returns — run more steps")
    if run.scenario.record.trades:
        return found
    nothing = np.full(len(found.returns), np.nan)
    return found._replace(volumes=nothing, signed=nothing)


def table(found: Facts) -> list[Measurement]:
    """:func:`analysis.risk.stylised_facts.facts` of a market, without volume where it has none."""
    volumes, signed = (each if np.isfinite(each).any() else None for each in (found.volumes, found.signed))
    rows = facts(found.returns, volumes, signed)
    error = next((each.standard_error for each in rows if each.name.startswith("returns lag")), None)
    last = Measurement(
        "1/√n", np.nan if error is None else error, None, "", "standard error of a correlation without dependence"
    )
    return [*rows, last]


def board(markets: Mapping[str, Facts], run: str = "") -> Board:
    """The table of several markets; ``run`` is the name of the one that was simulated."""
    columns: dict[str, list[Measurement | Word]] = {
        name: [replace(each, unit=PROBABILITY if each.name == "Ljung-Box p" else "") for each in table(found)]
        for name, found in markets.items()
    }
    told = f", and from sample to sample of {run}" if run else ""
    return Board("Stylised facts", _NOTE.format(seconds=SECONDS, run=told), columns, errors=False, reading=_READING)


def markets(days: Sequence[Day], daily: Mapping[str, Facts]) -> dict[str, Facts]:
    """Of all that is recorded."""
    return {day.name: of_day(day) for day in days} | dict(daily)
