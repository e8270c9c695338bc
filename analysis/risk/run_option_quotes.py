"""The quotes of a run's option books at a step, as the table that surfaces are fitted to.

Time is in steps there: ``years`` are moves of the value until expiry, and volatilities are per √step. The forward price
is that of the underlying's mark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.reading.columns import columns
from analysis.risk.option_quotes import FEWEST, OptionQuotes, liquid
from sim.core.errors import RunError
from sim.models.implied_volatility import implied_deviation
from sim.models.options import CALL, PUT
from sim.runs.result import Run
from sim.scenario.tables.derivatives import Call, Put

_COLUMNS = ("moment", "currency", "expiry", "years", "side", "strike", "forward", "bid", "ask", "volatility")


def quotes_of_run(run: Run, step: int | None = None) -> OptionQuotes:
    """The quotes of all options at a sampled step of the last sampled episode.

    Parameters
    ----------
    step : omitted: the last at which an expiry has quotes enough for a surface; the last sample where none has.

    Raises
    ------
    RunError
        If the run has no options that are settled at one price, or no sample of its books at the step.
    """
    name = str(run.folder or "this run")
    options = {
        each.name: each.derivative for each in run.scenario.instruments if isinstance(each.derivative, Call | Put)
    }
    if not options:
        raise RunError(f"{name}: it has no options — measure a run with instruments of kind call or put, or a chain")
    options = {each: terms for each, terms in options.items() if terms.average == 1}
    if not options:
        raise RunError(f"{name}: all of its options are settled at a mean — a surface needs some with average = 1")
    book = columns(run, "book", ["episode", "step", "venue", "bid", "ask", "mark"])
    if book.empty:
        raise RunError(f"{name}: no sample of its books — set record.book_every to fewer steps and run it again")
    book = book[(book["episode"] == book["episode"].max()).to_numpy(bool)]
    steps = np.unique(book["step"].to_numpy())
    if step is not None and step not in steps:
        near = ", ".join(str(each) for each in steps[np.argsort(abs(steps - step), kind="stable")[:3]])
        raise RunError(f"{name}: its books were not sampled at step {step:,} — near it there are {near}")
    rows = {int(at): rows for at, rows in book.groupby("step", sort=True)}
    traded = book["venue"].isin([each.name for each in run.scenario.venues if each.instrument in options])
    quoted = book[traded.to_numpy(bool)].groupby("step")[["bid", "ask"]].count().min(axis=1)
    last: OptionQuotes | None = None
    for at in [step] if step is not None else steps[::-1]:
        if last is not None and quoted.get(at, 0) < FEWEST:
            continue  # it has too few for a surface, and there is a later one to fall back on
        table = _table(run, options, rows[int(at)], int(at))
        found = OptionQuotes(f"step {int(at):,} of {name}", table)
        if len(table) >= FEWEST and not liquid(table).empty:
            return found
        last = found if last is None and len(table) else last
    if last is None:
        raise RunError(f"{name}: none of its options has a quote there — give another --step")
    return last


def _table(run: Run, options: Mapping[str, Call | Put], book: pd.DataFrame, step: int) -> pd.DataFrame:
    """Quotes of the options that have not expired at a step, in the columns of :class:`OptionQuotes`."""
    instrument = {each.name: each.instrument for each in run.scenario.venues}
    traded = book.assign(instrument=book["venue"].astype(str).map(instrument))
    best = traded.groupby("instrument", sort=False).agg(bid=("bid", "max"), ask=("ask", "min"), mark=("mark", "last"))
    numbers = {str(name): (float(row.bid), float(row.ask), float(row.mark)) for name, row in best.iterrows()}
    rate, made = run.scenario.money.rate, []
    moment = f"step {step}"
    for name, terms in options.items():
        left = terms.expiry - step - 1
        if name not in numbers or terms.of not in numbers or left < 1:
            continue
        side, growth = CALL if isinstance(terms, Call) else PUT, math.exp(rate * left)
        forward = numbers[terms.of][2] * growth
        if not (forward > 0.0 and terms.strike > 0.0):
            continue
        bid, ask = (price * growth / forward for price in numbers[name][:2])
        deviation = implied_deviation(side, 0.5 * (bid + ask), 1.0, terms.strike / forward)
        expiry = f"{terms.expiry}"
        row = (moment, terms.of, expiry, left, side, terms.strike, forward, bid, ask, deviation / math.sqrt(left))
        made.append(dict(zip(_COLUMNS, row, strict=True)))
    return pd.DataFrame(made, columns=_COLUMNS)
