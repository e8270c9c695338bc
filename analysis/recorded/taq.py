"""A day of one stock from all exchanges: trades with their sale conditions, and the best quotes, in milliseconds.

Quotes alternate: a row with the best bid and a row with the best ask follow each change of either, each with the
exchange that shows it. So the last row of each side is the national best bid and offer; what stands after a
millisecond's last row is the quote of that millisecond. Trades do not name their taker. It is inferred (Lee and Ready
1991) from the quote strictly before the trade's millisecond (Holden and Jacobsen 2014, J. Finance 69, 1747).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.impact.trade_signing import lee_ready, prevailing
from analysis.recorded.day import CLOSES, OPENS, Day, Floats, Integers, orders_of
from analysis.recorded.files import columns_of, line_at, numbers
from sim.core.errors import RunError

_PRICE, _TICK, _SECOND = 1e-4, 0.01, 1_000  # USD in a unit of price; USD; milliseconds
# Bits of the sale condition. The others mark prices that are not those of the moment: opening and closing prints,
# average and derived prices, late, out-of-sequence and extended-hours reports, other settlement.
_REGULAR, _SWEEP, _THROUGH_EXEMPT, _ODD_LOT = 1 << 0, 1 << 5, 1 << 29, 1 << 31
_KEPT = _REGULAR | _SWEEP | _THROUGH_EXEMPT | _ODD_LOT
_QUOTES = ("time", "bid", "bid_size", "ask", "ask_size", "exchange", "condition", "suspicious")
_TRADES = ("time", "price", "size", "exchange", "condition", "suspicious")


def taq_day(name: str, trades: Path, quotes: Path) -> Day:
    """Read a day's regular hours.

    Trades under other conditions than regular way, intermarket sweep, odd lot or exempt from the trade-through rule are
    left out, as is what the file marks as suspicious; no price is left out for being far away. Successive trades at one
    millisecond and on one side are one order. Crossed quotes give no mid.

    Raises
    ------
    RunError
        If the files cannot be read, their times fall, or no trade can be signed.
    """
    steps, bids, asks = _best_quotes(quotes)
    at, prices, sizes = _regular_trades(trades)
    bid, ask = (prevailing(each, steps, at, 1) for each in (bids, asks))
    signs = lee_ready(prices, bid, ask)  # in the file's whole units, so that a price at the mid is just there
    known = signs != 0
    if not known.any():
        raise RunError(f"{trades}: no trade can be signed with {quotes} — are they of the same stock and day?")
    columns = (at / _SECOND, prices * _PRICE, signs, sizes, (bid + ask) / 2 * _PRICE)
    orders = orders_of(*(each[known] for each in columns))
    hidden = orders_of(*(each[:0] for each in columns))
    return Day(name, _TICK, steps / _SECOND, bids * _PRICE, asks * _PRICE, orders, hidden)


def _in_order(path: Path, given: Floats) -> Integers:
    if not np.isfinite(given).all():
        line = line_at(path, int(np.argmin(np.isfinite(given))))
        raise RunError(f"{path}, line {line}: there is no time — copy or download it again")
    times = given.astype(np.int64)
    if np.any(np.diff(times) < 0):
        row = int(np.argmax(np.diff(times) < 0)) + 1
        raise RunError(
            f"{path}, line {line_at(path, row)}: {times[row]} is earlier than the line before — sort it by time"
        )
    return times


def _best_quotes(path: Path) -> tuple[Integers, Floats, Floats]:
    """Milliseconds with quotes, the last before the open and those of the day, and bids and asks in the file's unit."""
    frame = columns_of(path, _QUOTES, ("time", "bid", "ask", "suspicious"))
    times, bids, asks, wrong = (numbers(path, frame, each) for each in ("time", "bid", "ask", "suspicious"))
    at = _in_order(path, times)
    bids, asks = (_carried(np.where((each > 0) & (wrong == 0), each, np.nan)) for each in (bids, asks))
    last = np.append(np.diff(at) > 0, True)
    at, bids, asks = at[last], bids[last], asks[last]
    bids, asks = (np.where(bids > asks, np.nan, each) for each in (bids, asks))
    first = max(int(np.searchsorted(at, OPENS * _SECOND, side="right")) - 1, 0)
    inside = slice(first, int(np.searchsorted(at, CLOSES * _SECOND)))
    return at[inside], bids[inside], asks[inside]


def _regular_trades(path: Path) -> tuple[Integers, Floats, Floats]:
    """Milliseconds, prices in the file's unit, and shares of the trades that are kept."""
    frame = columns_of(path, _TRADES, ("time", "price", "size", "condition", "suspicious"), text="condition")
    times, prices, sizes, wrong = (numbers(path, frame, each) for each in ("time", "price", "size", "suspicious"))
    at = _in_order(path, times)
    kept = (at >= OPENS * _SECOND) & (at < CLOSES * _SECOND) & (wrong == 0) & (sizes > 0) & (prices > 0)
    kept &= (_flags(path, frame["condition"].fillna("").tolist()) & ~_KEPT) == 0
    return at[kept], prices[kept], sizes[kept]


def _flags(path: Path, texts: list[str]) -> NDArray[np.int64]:
    """Sale conditions, written in hexadecimal, as bits."""
    known: dict[str, int] = {}
    for text in dict.fromkeys(texts):
        try:
            known[text] = int(text, 16)
        except ValueError as why:
            line = line_at(path, texts.index(text))
            raise RunError(
                f"{path}, line {line}: condition {text!r} is not hexadecimal — is it a file of trades?"
            ) from why
    return np.array([known[text] for text in texts], np.int64)


def _carried(values: Floats) -> Floats:
    """The last value that is known, (rows,); nan before the first."""
    place = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    found: Floats = values[place]
    return found
