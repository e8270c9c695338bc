"""The cost of immediate trading, the lots available at that cost, and the recovery of the book after large orders.

Arrays hold the samples of one book, float64 (samples,) in the order of time. A sample counts for the steps since the
sample before, and means are over time. Quotes are nan if a side is empty. Errors allow for autocorrelation
(:func:`analysis.quality.volatility.time_average`).

``spreadgame measure liquidity RUN`` prints all of it. While an auction collects orders a venue shows no
quotes; those samples count for the depth of the whole book only.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.quality.resilience import AFTER, Recovery, large, ratio_of_totals, recovery
from analysis.reading.columns import columns
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades_and_quotes import Tape, by_venue, kept_tape, quoted
from analysis.stats.arguments import at_least, checked
from analysis.stats.estimates import NOTHING, Estimate
from analysis.stats.regression import Floats, estimate, least_squares
from analysis.stats.time_averages import clusters_over, steps_since, time_average, unbroken
from sim.runs.result import Run
from sim.scenario.defaults import mechanism_of

Integers = NDArray[np.int64]
_BINS = 2000  # stretches of time in which trades are counted
_BASIS_POINTS = 1e4
_FEWEST, _ROUNDING = 3, 1e-9  # times after, and what differs by less is equal


class Prediction(NamedTuple):
    """How well the book's imbalance predicts the next change of the mid."""

    slope: Estimate  # currency: change of the mid when the imbalance is 1 higher
    accuracy: Estimate  # share of changes whose sign it had


@checked(amounts=["bid_volumes", "ask_volumes"])
def imbalance(bid_volumes: ArrayLike, ask_volumes: ArrayLike) -> Floats:
    """(bid - ask) / (bid + ask) of the lots at the best quotes, (samples,); nan if there are none.

    Cao, Hansch and Wang 2009, J. Futures Markets 29, 16.
    """
    bid, ask = np.asarray(bid_volumes, float), np.asarray(ask_volumes, float)
    both = bid + ask
    tilt: Floats = np.divide(bid - ask, both, out=np.full(len(both), np.nan), where=both > 0)
    return tilt


@checked("imbalances", "mids", labels=["stretches"])
def prediction(imbalances: ArrayLike, mids: ArrayLike, stretches: ArrayLike) -> Prediction:
    """Slope of the mid's change to the next sample on the imbalance, and the share of samples whose signs agree.

    Agreement counts if neither is 0; chance gives ½ (Gould and Bonart 2016, Market Microstructure and
    Liquidity 2, 1650006).

    Parameters
    ----------
    imbalances, mids : (samples,).
    stretches : labels, (samples,), equal for samples that follow one another; no change crosses a stretch's end.
    """
    tilt, p, labels = np.asarray(imbalances, float)[:-1], np.asarray(mids, float), np.asarray(stretches)
    change = np.diff(p)
    known = (labels[1:] == labels[:-1]) & np.isfinite(tilt) & np.isfinite(change)
    tilt, change, labels = tilt[known], change[known], labels[:-1][known]
    told = np.sign(tilt) * np.sign(np.round(change, 12))
    agrees = np.where(told == 0, np.nan, told > 0)
    return Prediction(estimate(least_squares(change, tilt).columns([1])), time_average(agrees, labels))


@checked("amounts", counts=["steps", "episodes"])
def counted(
    amounts: ArrayLike, steps: ArrayLike, episodes: ArrayLike, length: int, done: int
) -> tuple[Floats, Floats, Integers]:  # fmt: skip
    """Sums of amounts by stretch of time, with the steps and the episode of each stretch, (stretches,).

    Parameters
    ----------
    amounts, steps, episodes : of rows such as trades, (rows,).
    length, done : steps per episode, and steps in all; the last episode may be incomplete.
    """
    at_least("length", length, 1)
    many = -(-done // length)
    if len(np.asarray(steps)) and (np.max(steps) >= length or np.max(episodes) >= many):
        last = f"step {np.max(steps)} of episode {np.max(episodes)}"
        raise ValueError(f"{last} — there are {done} steps, {length} in an episode, both counted from 0")
    width = min(length, max(1, -(-done // _BINS)))
    each = -(-length // width)
    place = np.asarray(episodes, np.int64) * each + np.asarray(steps, np.int64) // width
    sums = np.bincount(place, np.asarray(amounts, float), many * each)
    own, first = np.divmod(np.arange(many * each), each)
    ends = np.minimum(np.minimum((first + 1) * width, length), done - own * length)
    spans = np.maximum(ends - first * width, 0)
    return sums[spans > 0], spans[spans > 0].astype(float), own[spans > 0]


# --- of a run -------------------------------------------------------------------------------------------------------


def _book(run: Run, venue: str) -> dict[str, Any]:
    """Samples of a venue's book by column; quotes and their lots are nan while an auction hides them."""
    names = ("bid", "ask", "bid_volume", "ask_volume", "bid_depth", "ask_depth", "mark", "imbalance")
    rows = columns(run, "book", ["episode", "step", "venue", *names])
    rows = rows[rows["venue"] == venue]
    book = {name: rows[name].to_numpy(float) for name in names}
    calling = np.isfinite(book.pop("imbalance"))
    calling |= any(each.name == venue and mechanism_of(each) == "call_auction" for each in run.scenario.venues)
    for name in ("bid", "ask", "bid_volume", "ask_volume"):
        book[name] = np.where(calling, np.nan, book[name])
    return book | {"episode": rows["episode"].to_numpy(np.int64), "step": rows["step"].to_numpy(np.int64)}


def _recoveries(book: dict[str, Any], tape: Tape, length: int) -> tuple[Recovery, Recovery]:
    """Recovery of the spread, and of the depth on the side that large orders hit."""
    events = large(tape.quantities) & (tape.signs != 0) & (tape.steps > 0)
    steps, episodes, bought = tape.steps[events], tape.episodes[events], tape.signs[events] > 0
    keys, own = book["episode"] * length + book["step"], episodes * length + steps
    times = np.array([-1, *AFTER])
    wanted = own[:, None] + times
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    inside = steps[:, None] + times < length
    seen = inside & (keys[place] == wanted) if len(keys) else np.zeros(wanted.shape, bool)

    def of(values: Floats) -> Floats:
        return np.where(seen, values[place], np.nan) if len(keys) else np.full(wanted.shape, np.nan)

    shown = np.isfinite(book["bid_volume"])
    bids, asks = (np.where(shown, book[name], np.nan) for name in ("bid_depth", "ask_depth"))
    found = []
    for values in (np.where(bought[:, None], of(asks), of(bids)), of(quoted(book["bid"], book["ask"]).spreads)):
        reach = 1 + int(AFTER[-1] * len(own) / max(int(np.ptp(own)), 1)) if len(own) else 1
        clusters = clusters_over(values[:, 0], episodes, reach)
        found.append(recovery(values[:, 0], values[:, 1:], clusters, inside=inside[:, 1:]))
    return found[0], found[1]


@measure(
    "liquidity",
    summary="what trading at once costs, how much the book bears, how soon it is whole again",
    source="Cao, Hansch and Wang 2009, J. Futures Markets 29, 16 (imbalance); Gould and Bonart 2016, Market "
    "Microstructure and Liquidity 2, 1650006 (what it predicts)",
    chapter="Liquidity",
)
def measures(run: Run) -> list[Measurement]:
    """All measures, venue by venue."""
    return by_venue(run, _measures)


def _measures(run: Run, venue: str) -> list[Measurement]:
    book, tape, length = _book(run, venue), kept_tape(run, venue), run.scenario.run.steps
    place = next(each for each in run.scenario.venues if each.name == venue)
    lot = next(each.lot_size for each in run.scenario.instruments if each.name == place.instrument)
    weights = steps_since(book["step"], book["episode"])

    def mean(values: ArrayLike) -> Estimate:
        return time_average(values, book["episode"], weights)

    bid, ask, bids, asks = (book[name] for name in ("bid", "ask", "bid_volume", "ask_volume"))
    best, shown, depth = quoted(bid, ask), np.isfinite(bids), book["bid_depth"] + book["ask_depth"]
    tilt, known, middle = imbalance(bids, asks), np.isfinite(best.spreads), mean(best.mids)
    every = max(1, int(run.manifest["sampling"]["book_every"]))
    told = prediction(tilt, best.mids, unbroken(book["step"], book["episode"], every))
    tick = _BASIS_POINTS * place.tick_size / middle.value if middle.value > 0 else math.nan
    off = tick * middle.standard_error / middle.value if middle.value > 0 else math.nan
    best_money = (np.nan_to_num(bid) * bids + np.nan_to_num(ask) * asks) * lot
    none = "" if len(bid) else "the book was not sampled — set record.levels"
    hidden = none or ("" if shown.any() else "an auction shows no quotes")
    unquoted = hidden or "there never were both a bid and an ask"
    found = [
        measure_of("spread.quoted", mean(best.spreads), "currency", "best ask less best bid", unquoted),
        measure_of("spread.relative", mean(_BASIS_POINTS * best.relative), "basis points", "over the mid", unquoted),
        measure_of("tick.relative", Estimate(tick, off), "basis points", "tick over the mean mid", unquoted),
        measure_of("tick.share", mean(best.at_one_tick(place.tick_size)), "share",
                   "of the time with both sides, the spread is a tick", unquoted),
        measure_of("empty", mean(np.where(shown, ~known, np.nan)), "share", "of the time a side is empty", hidden),
        measure_of("depth.best_bid", mean(bids), "lots", "at the best bid, 0 if there is none", hidden),
        measure_of("depth.best_ask", mean(asks), "lots", "at the best ask, 0 if there is none", hidden),
        measure_of("depth.best_money", mean(best_money), "currency", "at both best quotes", hidden),
        measure_of("depth.bid", mean(book["bid_depth"]), "lots", "on the whole bid side", none),
        measure_of("depth.ask", mean(book["ask_depth"]), "lots", "on the whole ask side", none),
        measure_of("depth.money", mean(depth * book["mark"] * lot), "currency", "on both sides, at the mark", none),
        measure_of("imbalance.mean", mean(tilt), "", "lots at the best quotes, (bid - ask) / (bid + ask)", unquoted),
        measure_of("imbalance.size", mean(np.abs(tilt)), "", "the same, whatever its sign", unquoted),
        measure_of("imbalance.slope", told.slope, "currency", "change of the mid to the next sample, by imbalance",
                   unquoted if not known.any() else "mid or imbalance did not change"),
        measure_of("imbalance.accuracy", told.accuracy, "share", "of such changes that have its sign",
                   unquoted if not known.any() else "the mid did not change, or without an imbalance"),
    ]  # fmt: skip
    untold = "" if run.scenario.record.trades else "the run kept no trades — set record.trades"
    return [*found, *_turnover(run, book, tape, lot, weights, untold), *_resilience(book, tape, length, none or untold)]


def _turnover(
    run: Run, book: dict[str, Any], tape: Tape, lot: float, weights: Integers, untold: str
) -> list[Measurement]:
    clock = run.scenario.run.steps, int(run.manifest["steps"])
    lots, spans, own = counted(tape.quantities, tape.steps, tape.episodes, *clock)
    money = counted(tape.prices * tape.quantities * lot, tape.steps, tape.episodes, *clock)[0]
    depths = weights * (book["bid_depth"] + book["ask_depth"])
    deep, known = (counted(each, book["step"], book["episode"], *clock)[0] for each in (depths, weights))
    rates = [NOTHING] * 3
    if not untold and len(own):
        rates[:2] = (time_average(each / spans, own, spans) for each in (lots, money))
        if deep.any():
            clusters = clusters_over(lots / spans, own)
            totals = (np.bincount(clusters, each).astype(float) for each in (lots, spans, deep, known))
            rates[2] = estimate(ratio_of_totals(*totals), lags=0)
    return [
        measure_of("turnover.lots", rates[0], "lots", "traded in a step", untold),
        measure_of("turnover.money", rates[1], "currency", "traded in a step", untold),
        measure_of("turnover.of_depth", rates[2], "share", "lots traded in a step over the mean depth of both sides",
                   untold or "no depth was sampled"),
    ]  # fmt: skip


def _resilience(book: dict[str, Any], tape: Tape, length: int, untold: str) -> list[Measurement]:
    depth, spread = _recoveries(book, tape, length)
    few = "no samples just before large orders and then" if large(tape.quantities).any() else "orders are of one size"
    why = untold or (few if len(tape.steps) else "no trades")
    found = []
    for name, what, each in (("depth", "depth of the side hit", depth), ("spread", "spread", spread)):
        for after, relative in zip(AFTER, each.relative, strict=True):
            text = f"{what} {after} steps after a large order, over that before"
            found.append(measure_of(f"resilience.{name}.{after}", relative, "", text, why))
        text = f"until half of the gap in the {what} is gone"
        known = any(math.isfinite(relative.value) for relative in each.relative)
        reason = each.reason if known else why
        found.append(measure_of(f"resilience.{name}.half_life", each.half_life, "steps", text, reason))
    return found
