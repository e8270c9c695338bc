"""Trade signing: whether the taker bought or sold, inferred from prices and quotes, and how often that is right.

Signs are int64 (trades,): +1 for a buy, -1 for a sell, 0 if the rule does not decide. Prices are (trades,) in currency.
Bids and asks (trades,) are the quotes in force at each trade, nan if there were none; :func:`prevailing` finds them.

``spreadgame measure trade_signing RUN`` compares each rule with the known taker. It uses quotes that are one step old.
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
    """How often a rule decides, and how often it agrees with the known taker."""

    signed: Estimate  # share of trades that got a sign
    right: Estimate  # share of the signed trades whose sign is right


@checked("prices", labels=["episodes"])
def tick_rule(prices: ArrayLike, episodes: ArrayLike | None = None) -> Signs:
    """The sign of the last price change that was not 0; 0 before the first change of the episode.

    A change from or to a price that is not known does not count.
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
    """+1 if the price lies above the mid, -1 if below; 0 at the mid, or if there is no mid."""
    away = np.asarray(prices, float) - (np.asarray(bids, float) + np.asarray(asks, float)) / 2
    return np.where(np.isfinite(away), np.sign(away), 0).astype(np.int64)


@checked("prices", "bids", "asks", labels=["episodes"])
def lee_ready(prices: ArrayLike, bids: ArrayLike, asks: ArrayLike, episodes: ArrayLike | None = None) -> Signs:
    """The quote rule; at the mid, the tick rule (Lee and Ready 1991, J. Finance 46, 733)."""
    quoted = quote_rule(prices, bids, asks)
    return np.where(quoted != 0, quoted, tick_rule(prices, episodes))


@checked("prices", "bids", "asks", labels=["episodes"])
def ellis_michaely_ohara(
    prices: ArrayLike, bids: ArrayLike, asks: ArrayLike, episodes: ArrayLike | None = None
) -> Signs:
    """A buy at the ask, a sell at the bid; elsewhere the tick rule (Ellis, Michaely and O'Hara 2000, JFQA 35, 529)."""
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
    """The quote at each trade, (trades,): the last one that was known ``lag`` steps before the trade.

    It is nan if the episode has no quote so early.

    Parameters
    ----------
    quotes, quote_steps : (samples,), in the order of time; a quote is that at the end of its step.
    steps : steps of the trades, (trades,).
    lag : with 1 or more, the quote was known before the trade's step began; with 0, the trade may have changed it.
    quote_episodes, episodes : episodes of quotes and of trades; None for a single episode.

    Raises
    ------
    ValueError
        If quotes are not in the order of time, or steps and episodes are not whole numbers from 0 on.
    """
    values, known, at = np.asarray(quotes, float), np.asarray(quote_steps, np.int64), np.asarray(steps, np.int64)
    first = np.zeros_like(known) if quote_episodes is None else np.asarray(quote_episodes, np.int64)
    own = np.zeros_like(at) if episodes is None else np.asarray(episodes, np.int64)
    if not len(values):
        return np.full(len(at), np.nan)
    width = int(max(known.max(), at.max(initial=0))) + 1 + abs(lag)
    when = first * width + known
    refuse("quote_steps", known, np.diff(when, prepend=when[:1]) < 0, "give quotes in the order of time")
    place = np.searchsorted(when, own * width + at - lag, side="right") - 1
    found = np.where((place >= 0) & (first[place] == own), values[place], np.nan)
    return np.asarray(found, float)


@checked(signs=["signs", "aggressors"])
def accuracy(signs: ArrayLike, aggressors: ArrayLike) -> Accuracy:
    """Share of trades that got a sign, and share of these whose sign is right. Both arrays are (trades,).

    Trades whose taker is unknown (0) are left out.
    """
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
    rules: dict[str, Callable[[], Signs]] = {  # called one at a time, so that only one array of signs is in memory
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
