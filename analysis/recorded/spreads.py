"""What trading cost on a recorded day: quoted, effective and realised spread, and price impact, with their errors.

Errors are those of :func:`analysis.stats.clusters.group_means` over two hundred equally long stretches of the day.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.quality.spreads import decomposed
from analysis.reading import trades_and_quotes
from analysis.reading.measures import Measurement
from analysis.recorded.board import Board, Word, scaled
from analysis.recorded.day import CLOSES, OPENS, Day, Floats, Orders, stretches
from analysis.stats.clusters import group_means

HORIZONS = (1.0, 5.0, 30.0, 60.0)  # seconds
_CENTS, _POINTS = 100.0, 1e4
_TITLE = "What trading cost"
_NOTE = (
    "Quotes are weighted by the time for which they stood, orders by their shares. The effective spread is twice "
    "the distance of an order's price from the mid just before it. The price impact is twice the move of the mid "
    "from there to the horizon, with the order's sign. The realised spread is the effective spread less the price "
    "impact. Orders of the last minute are left out, because their horizon lies beyond the close. Orders that met "
    "hidden orders are shown separately. IBM's trades do not say what they met, and their takers are inferred."
)
_READING = (
    "Takers wait for narrow spreads, so the effective spread is below the quoted spread. Hidden orders stand "
    "inside the displayed quotes, and takers that meet them pay even less. At NASDAQ all of the effective spread "
    "is price impact: within five seconds the mid moves by as much as the order paid. The mid moves further "
    "because orders come in runs on one side (see Madhavan's rho below). AMZN's mid moved further than the spread "
    "was wide, so displayed orders lost to takers on that day, before the exchange's rebate. IBM's trades come "
    "from all exchanges and from dealers, who may choose with whom they trade. So the impact is a smaller share of "
    "the spread, and for some seconds makers keep more."
)


def activity(day: Day) -> list[Measurement]:
    """Shares traded, the hidden ones' share of them, and the mean mid over the time for which it stood."""
    visible, hidden = (float(each.quantities.sum()) for each in (day.visible, day.hidden))
    found = [Measurement("shares traded", visible + hidden, None, "", "by all orders")]
    if hidden:
        found.append(Measurement("with hidden orders", hidden / (visible + hidden), None, "", "share of them"))
    return [
        *found,
        Measurement(
            "mid",
            float(group_means(day.mids, stretches(day.quote_times), weights=_stood(day)).values[0]),
            None,
            "USD",
            "mean over time",
        ),
    ]


def _stood(day: Day) -> Floats:
    """Seconds within the day for which each quote stood, (quotes,)."""
    ends = np.append(day.quote_times[1:], CLOSES)
    stood: Floats = np.clip(ends, OPENS, CLOSES) - np.clip(day.quote_times, OPENS, CLOSES)
    return stood


def quoted(day: Day) -> list[Measurement]:
    """The quoted spread of a day, weighted by time: currency, basis points of the mid, share of time at one tick."""
    best = trades_and_quotes.quoted(day.bids, day.asks)
    stood, clusters = _stood(day), stretches(day.quote_times)

    def over_time(values: Floats, name: str, factor: float, unit: str, meaning: str) -> Measurement:
        found = group_means(values, clusters, weights=stood)
        return scaled(name, found.estimate(), factor, unit, meaning)

    return [
        over_time(best.spreads, "quoted spread", _CENTS, "¢", "best ask less best bid"),
        over_time(best.relative, "quoted, relative", _POINTS, "bp", "best ask less best bid over the mid"),
        over_time(best.at_one_tick(day.tick), "one tick wide", 1.0, "of time", "share with a spread of a tick"),
    ]  # fmt: skip


def traded(day: Day, orders: Orders, label: str, horizons: Sequence[float] = HORIZONS) -> list[Measurement]:
    """Effective spread, and its parts at each horizon, of orders whose longest horizon lies within the day.

    Parameters
    ----------
    label : in front of the names, with what parts it from them.
    horizons : seconds, above 0.

    Raises
    ------
    ValueError
        If there is no horizon, or one is not above 0.
    """
    if not horizons or min(horizons) <= 0:
        raise ValueError(f"horizons must be above 0 seconds, and one at least, not {tuple(horizons)}")
    inside = np.isfinite(orders.mids)
    for horizon in horizons:
        inside &= np.isfinite(day.mids_at(orders.times + horizon))
    times, prices, signs, shares, mids = (each[inside] for each in orders)
    clusters = stretches(times)

    def over_shares(values: Floats, name: str, factor: float, unit: str, meaning: str) -> Measurement:
        found = group_means(values, clusters, weights=shares)
        return scaled(f"{label}{name}", found.estimate(), factor, unit, meaning)

    found = [Measurement(f"{label}orders", float(len(times)), None, "", "arriving orders that traded")]
    for place, horizon in enumerate(horizons):
        parts = decomposed(prices, signs, mids, day.mids_at(times + horizon))
        if not place:
            what = "twice the distance of the price from the mid before"
            found += [
                over_shares(parts.effective, "effective", _CENTS, "¢", what),
                over_shares(parts.effective / mids, "effective, relative", _POINTS, "bp", f"{what}, over that mid"),
            ]
        what = f"the mid {horizon:g} s later"
        found += [
            over_shares(parts.realised, f"realised {horizon:g} s", _CENTS, "¢", f"twice the distance from {what}"),
            over_shares(parts.impact, f"impact {horizon:g} s", _CENTS, "¢", f"twice the move to {what}"),
        ]
    return found


def board(days: Sequence[Day]) -> Board:
    """The table of several days."""
    columns: dict[str, list[Measurement | Word]] = {}
    for day in days:
        columns[day.name] = [*activity(day), *quoted(day), *traded(day, day.visible, "")]
        if len(day.hidden.times):
            columns[day.name] += traded(day, day.hidden, "hidden: ")
    return Board(_TITLE, _NOTE, columns, reading=_READING)
