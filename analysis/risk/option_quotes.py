"""Quotes of whole option chains: the table that surfaces are fitted to, and snapshots of exchanges as such a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.reading.text_tables import TextTable, text_table
from sim.core.errors import ReplayError, RunError
from sim.models.options import CALL, PUT

DAY = 1.0 / 365.0  # years
LEAST_DELTA, FEWEST = 0.05, 6  # of a liquid quote; liquid quotes of an expiry that is fitted
_HINT = (
    "a snapshot has the columns currency, option_type, strike, expiry_datetime, time_to_maturity, bid_price, "
    "ask_price, futures_price, implied_volatility"
)


@dataclass(frozen=True)
class OptionQuotes:
    """Quotes at one moment or several.

    Attributes
    ----------
    name : where they come from.
    table : a row each: ``moment``, ``currency`` and ``expiry`` (texts), ``years`` until expiry, ``side`` (+1 of a call,
        −1 of a put), ``strike``, ``forward`` (the forward price), ``bid`` and ``ask`` (undiscounted, over the forward
        price; nan where there is none) and ``volatility`` (what its exchange marks it with; nan if it does not).
    """

    name: str
    table: pd.DataFrame

    @property
    def heading(self) -> str:
        """What it is, in a line."""
        moments = self.table["moment"].nunique()
        return f"{len(self.table):,} option quotes{f' at {moments} moments' if moments > 1 else ''} of {self.name}"


def log_moneyness(table: pd.DataFrame) -> NDArray[np.float64]:
    """ln(strike / forward price) of quotes, float64 (rows,); nan where the forward price is unknown."""
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.log(table["strike"].to_numpy(float) / table["forward"].to_numpy(float))
    return found


def liquid(table: pd.DataFrame) -> pd.DataFrame:
    """Liquid quotes, sorted by moment, currency, expiry and strike.

    Out of the money with a bid and an ask above it, at least a day from expiry, with a Black delta of .05 at least at
    the volatility of its mark, in an expiry that has six of them.
    """
    k, years = log_moneyness(table), table["years"].to_numpy(float)
    side, bid, ask = (table[name].to_numpy(float) for name in ("side", "bid", "ask"))
    deviation = table["volatility"].to_numpy(float) * np.sqrt(years)
    with np.errstate(invalid="ignore", divide="ignore"):
        delta = ndtr(side * (0.5 * deviation - k / deviation))
        out_of_the_money = np.where(side == CALL, k > 0.0, k <= 0.0)
        kept = (bid > 0.0) & (ask > bid) & out_of_the_money & (years >= DAY) & (delta >= LEAST_DELTA)
    good = table[kept].sort_values(["moment", "currency", "years", "expiry", "strike"], kind="stable")
    counts = good.groupby(["moment", "currency", "expiry"])["strike"].transform("size")
    enough: pd.DataFrame = good[counts >= FEWEST]
    return enough


def read_snapshot(path: Path) -> OptionQuotes:
    """A snapshot of the options of Deribit, as CSV, plain or gzip.

    Its prices are in units of the underlying, and so are prices over the forward price.

    Raises
    ------
    RunError
        With file, line, value and remedy, for what cannot be read.
    """
    try:
        text = text_table(path)
    except ReplayError as why:
        raise RunError(str(why)) from why
    calls = _kinds(text)
    table = pd.DataFrame(
        {
            "moment": text.column("timestamp", _HINT).to_numpy() if "timestamp" in text.frame else "",
            "currency": text.column("currency", _HINT).to_numpy(),
            "expiry": text.column("expiry_datetime", _HINT).to_numpy(),
            "years": text.numbers("time_to_maturity", _HINT),
            "side": np.where(calls, CALL, PUT),
            "strike": _prices(text, "strike", needed=True),
            "forward": _prices(text, "futures_price"),
            "bid": _prices(text, "bid_price"),
            "ask": _prices(text, "ask_price"),
            "volatility": text.numbers("implied_volatility", _HINT, blank=True),
        }
    )
    if table.empty:
        raise RunError(f"{path}: it has no quotes — a snapshot has a row for each option")
    return OptionQuotes(str(path), table)


def _kinds(text: TextTable) -> NDArray[np.bool_]:
    words = text.column("option_type", _HINT).str.lower()
    wrong = ~words.isin(["call", "put"])
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        raise RunError(f"{text.place(row)}: option_type is {words.iloc[row][:40]!r} — write call or put")
    return (words == "call").to_numpy()


def _prices(text: TextTable, name: str, needed: bool = False) -> NDArray[np.float64]:
    """A column of prices; nan where there is none, which is empty or 0, unless one is needed."""
    found = text.numbers(name, _HINT, blank=not needed)
    wrong = found <= 0.0 if needed else found < 0.0
    if wrong.any():
        row = int(np.argmax(wrong))
        what, remedy = ("not positive", "give one") if needed else ("negative", "give one, or nothing")
        raise RunError(f"{text.place(row)}: {name} is {found[row]:g}, which is {what} — {remedy}")
    return np.where(found > 0.0, found, np.nan)
