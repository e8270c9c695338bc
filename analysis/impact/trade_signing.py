"""Who took: buy or sell, inferred from prices and quotes, and how often that is right.

Signs are int64 (trades,): +1 a buy, -1 a sell, 0 where the rule says nothing. Prices are (trades,) in currency; bids
and asks (trades,) are those in force at each trade, nan where there were none; :func:`prevailing` looks them up.

``spreadgame measure trade_signing RUN`` holds each rule against the known taker; quotes are a step old.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades_and_quotes import by_venue, quotes_of, tape_of
from analysis.stats.arguments import checked, refuse
from analysis.stats.estimates import Estimate
from analysis.stats.regression import Floats, estimate, means
from sim.runs.result import Run

Signs = NDArray[np.int64]


@dataclass(frozen=True)
class Accuracy:
    """How a rule did against the known takers."""

    signed: Estimate  # share of trades that got a sign
    right: Estimate  # share of the signed trades whose sign is right


@checked("prices", labels=["episodes"])
def tick_rule(prices: ArrayLike, episodes: ArrayLike | None = None) -> Signs:
    """The sign of the last price change that was none of 0; 0 until there is one in the episode.

    From a price that is not known, and to it, there is no change.
    """
    p = np.asarray(prices, float)
    moves = np.zeros(len(p), np.int64)
    moves[1:] = np.sign(np.nan_to_num(np.diff(p)))
    places = np.arange(len(p))
    first = np.zeros(len(p), bool)
    if episodes is not None and len(p):
        labels = np.asarray(episodes)
        first[1:] = labels[1:] != labels[:-1]
    moves[first] = 0
    last = np.maximum.accumulate(np.where((moves != 0) | first, places, 0)) if len(p) else places
    return moves[last]


@checked("prices", "bids", "asks")
def quote_rule(prices: ArrayLike, bids: ArrayLike, asks: ArrayLike) -> Signs:
    """The side of the mid on which the price lies; 0 at the mid or without one."""
    away = np.asarray(prices, float) - (np.asarray(bids, float) + np.asarray(asks, float)) / 2
    return np.where(np.isfinite(away), np.sign(away), 0).astype(np.int64)


@checked("prices", "bids", "asks", labels=["episodes"])
def lee_ready(prices: ArrayLike, bids: ArrayLike, asks: ArrayLike, episodes: ArrayLike | None = None) -> Signs:
    """The quote rule, and at the mid the tick rule (Lee and Ready 1991, J. Finance 46, 733)."""
    quoted = quote_rule(prices, bids, asks)
    return np.where(quoted != 0, quoted, tick_rule(prices, episodes))


@checked("prices", "bids", "asks", labels=["episodes"])
def ellis_michaely_ohara(
    prices: ArrayLike, bids: ArrayLike, asks: ArrayLike, episodes: ArrayLike | None = None
) -> Signs:
    """At the ask a buy, at the bid a sell, elsewhere the tick rule (Ellis, Michaely and O'Hara 2000, JFQA 35, 529)."""
    p, bid, ask = (np.asarray(each, float) for each in (prices, bids, asks))
    at_ask, at_bid = (p == ask) & (p != bid), (p == bid) & (p != ask)
    return np.where(at_ask, 1, np.where(at_bid, -1, tick_rule(p, episodes))).astype(np.int64)


@checked("quotes", counts=["quote_steps", "quote_episodes"])
@checked(counts=["steps", "episodes"])
def prevailing(
    quotes: ArrayLike,
    quote_steps: ArrayLike,
    steps: ArrayLike,
    lag: int = 1,
    quote_episodes: ArrayLike | None = None,
    episodes: ArrayLike | None = None,
) -> Floats:
    """The quote at each trade: the last one known ``lag`` steps before it, (trades,); nan before an episode's first.

    Parameters
    ----------
    quotes, quote_steps : (samples,), in the order of time, as they stood at the ends of these steps.
    steps : of the trades, (trades,).
    lag : at least 1 for what was known before the step began; 0 takes the quote that the trade itself left behind.
    quote_episodes, episodes : of quotes and trades, where there are several.
    """
    values, known, at = np.asarray(quotes, float), np.asarray(quote_steps, np.int64), np.asarray(steps, np.int64)
    first = np.zeros_like(known) if quote_episodes is None else np.asarray(quote_episodes, np.int64)
    own = np.zeros_like(at) if episodes is None else np.asarray(episodes, np.int64)
    if not len(values):
        return np.full(len(at), np.nan)
    width = int(max(known.max(), at.max(initial=0))) + 1 + abs(lag)
    when = first * width + known
    refuse("quote_steps", known, np.diff(when, prepend=when[:1]) < 0, "quotes are given in the order of time")
    place = np.searchsorted(when, own * width + at - lag, side="right") - 1
    found = np.where((place >= 0) & (first[place] == own), values[place], np.nan)
    return np.asarray(found, float)


@checked(signs=["signs", "aggressors"])
def accuracy(signs: ArrayLike, aggressors: ArrayLike) -> Accuracy:
    """Shares of signed and of rightly signed trades; both (trades,). Trades whose taker is unknown (0) are left out."""
    given, true = np.asarray(signs), np.asarray(aggressors)
    known, signed = true != 0, (given != 0) & (true != 0)
    return Accuracy(estimate(means(signed, where=known)), estimate(means(given == true, where=signed)))


# --- the command ----------------------------------------------------------------------------------------------------


@measure(
    "trade_signing",
    summary="how often rules that infer the taker are right",
    source="Lee and Ready 1991, J. Finance 46, 733; Ellis, Michaely and O'Hara 2000, J. Financial and Quantitative "
    "Analysis 35, 529",
    chapter="What the spread is made of",
    place=3,
    needs=("trades",),
)
def measures(run: Run) -> list[Measurement]:
    """Accuracy of each rule, venue by venue."""
    return by_venue(run, _measures)


def _measures(run: Run, venue: str) -> list[Measurement]:
    tape, quotes = tape_of(run, venue), quotes_of(run, venue)
    bids, asks = (
        prevailing(each, quotes.steps, tape.steps, 1, quotes.episodes, tape.episodes)
        for each in (quotes.bids, quotes.asks)
    )
    rules: dict[str, Callable[[], Signs]] = {  # one at a time: the signs of all would be kept for nothing
        "tick": lambda: tick_rule(tape.prices, tape.episodes),
        "quote": lambda: quote_rule(tape.prices, bids, asks),
        "lee_ready": lambda: lee_ready(tape.prices, bids, asks, tape.episodes),
        "emo": lambda: ellis_michaely_ohara(tape.prices, bids, asks, tape.episodes),
    }
    found = []
    for name, rule in rules.items():
        did = accuracy(rule(), tape.signs)
        found.append(measure_of(f"{name}.signed", did.signed, "share", "of trades that got a sign", "no trades"))
        found.append(measure_of(f"{name}.right", did.right, "share", "of the signed that are right", "none is signed"))
    return found
