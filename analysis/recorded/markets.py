"""The recorded markets that there are: three stocks' days and two daily series."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from analysis.recorded.day import Day
from analysis.recorded.files import columns_of, file_in, numbers
from analysis.recorded.lobster import lobster_day
from analysis.recorded.taq import taq_day
from analysis.risk.stylised_facts import Facts, returns_of
from sim.core.errors import RunError

_NASDAQ = {"AAPL": 1, "AMZN": 5}  # recorded levels of each book
_LOBSTER = "lobster/{name}_2012-06-21_34200000_57600000_{what}_{depth}.csv.gz"
_TAQ = "taq/lean_ibm_20131007_{what}.csv.gz"
_DAILY = {
    "S&P 500": ("daily/arch_sp500.csv.gz", "Adj Close", "Volume"),
    "Bitcoin": ("daily/yahoo_BTC-USD_daily.csv.gz", "close", "volume"),
}


class Recorded(NamedTuple):
    """All of them."""

    days: list[Day]  # of stocks
    daily: dict[str, Facts]  # returns from close to close, volume where it is recorded; signed volume is nan


def recorded(folder: Path) -> Recorded:
    """Read all that is measured. Raises RunError if a file is missing or cannot be read."""
    days = []
    for name, depth in _NASDAQ.items():
        files = (
            file_in(folder, _LOBSTER.format(name=name, what=what, depth=depth)) for what in ("message", "orderbook")
        )
        days.append(lobster_day(name, *files))
    days.append(taq_day("IBM", *(file_in(folder, _TAQ.format(what=what)) for what in ("trade", "quote"))))
    return Recorded(days, {name: daily(file_in(folder, file), *names) for name, (file, *names) in _DAILY.items()})


def daily(path: Path, close: str, volume: str) -> Facts:
    """Log returns from close to close, and the volume of the later day; days without a close are skipped.

    Raises
    ------
    RunError
        If there are no such columns, a close is not above 0, or there are fewer than two.
    """
    frame = columns_of(path, None, (close, volume))
    prices, volumes = (numbers(path, frame, name) for name in (close, volume))
    known = np.isfinite(prices)
    prices, volumes = prices[known], volumes[known]
    if len(prices) < 2 or np.any(prices <= 0):
        raise RunError(f"{path}: {close} must hold two prices at least, all above 0 — copy or download it again")
    return Facts(returns_of(prices), volumes[1:], np.full(len(prices) - 1, np.nan))
