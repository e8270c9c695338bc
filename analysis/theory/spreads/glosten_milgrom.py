"""Glosten and Milgrom 1985: quotes as conditional expectations, of a value that is high or low, or normal."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean, ratio
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import glosten_milgrom as model
from sim.runs.result import Run

SOURCE = "Glosten and Milgrom 1985"
SHARES = (0.1, 0.3, 0.5, 0.7)
_TICK = 1e-6
_STEPS = 10
_CERTAIN = 7  # trades that take place whatever μ: later the ask may be rounded up to the value itself
Floats = NDArray[np.float64]


class Trades(NamedTuple):
    """One trade a step: arrays of shape (episodes, steps), nan where there was none."""

    side: Floats
    price: Floats
    belief: Floats  # the maker's, before the trade
    bid: Floats  # as the trader found them
    ask: Floats


def _run(markets: Markets, share: float, makers: int, full: int, quick: int) -> Run:
    return markets.run(
        "glosten_milgrom",
        full,
        quick,
        {
            "informed.arrivals.share": share,
            "makers.params.informed_share": share,
            "makers.count": makers,
            "makers.params.quantity": 2 if makers == 1 else 1,
            "run.steps": _STEPS,
        },
    )


def _trades(run: Run) -> Trades:
    shape = run.scenario.run.episodes, run.scenario.run.steps

    def spread_out(place: Any, values: Any) -> Floats:
        whole = np.full(shape[0] * shape[1], np.nan)
        whole[place] = values
        return whole.reshape(shape)

    episode, step, side, price, belief = arrays(run, "trades", "episode", "step", "aggressor", "price", "belief")
    place = episode * shape[1] + step
    signs = np.where(side == "buy", 1.0, -1.0)
    traded = [spread_out(place, values) for values in (signs, price, belief)]
    episode, step, bid, ask = arrays(run, "book", "episode", "step", "bid", "ask")
    return Trades(*traded, *(spread_out(episode * shape[1] + step, values) for values in (bid, ask)))


def _exact(values: Floats, target: float) -> Estimate:
    """Of numbers that should all be the target, the one that is furthest from it."""
    return Estimate(float(values[np.argmax(np.abs(values - target))]) if len(values) else np.nan, 0.0)


@experiment("Glosten–Milgrom: quotes after each order")
def glosten_milgrom_quotes(markets: Markets) -> list[Row]:
    """Ask and bid after k more buys than sells, with one maker and with two; the furthest of all that were quoted."""
    rows = []
    for makers in (1, 2):
        for share in SHARES:
            trades = _trades(_run(markets, share, makers, 20_000, 1_500))
            sides = np.nan_to_num(trades.side)
            before = np.cumsum(sides, axis=1) - sides
            for k in range(5):
                for name, sign, place in (("ask", 1.0, 1), ("bid", -1.0, 0)):
                    seen = trades.price[(before == k) & (sides == sign)]
                    target = model.quotes(share, k)[place]
                    who = "one maker" if makers == 1 else "two makers"
                    claim = f"{who}, μ = {share:g}: {name} after {k} buys"
                    rows.append(
                        compare(claim, SOURCE, target, _exact(seen, target), tolerance=1.01 * _TICK, unit="currency")
                    )
    return rows


@experiment("Glosten–Milgrom: profits, spreads and prices")
def glosten_milgrom_profits(markets: Markets) -> list[Row]:
    """Makers earn nothing; what a trade costs is what it tells; prices are a martingale."""
    rows: list[Row] = []
    for makers in (1, 2):
        for share in SHARES:
            run = _run(markets, share, makers, 60_000, 3_000)
            who = f"{'one maker' if makers == 1 else 'two makers'}, μ = {share:g}"

            def add(
                claim: str,
                target: float,
                estimate: Estimate,
                ticks: float = 0.0,
                unit: str = "currency",
                who: str = who,
            ) -> None:
                rows.append(compare(f"{who}: {claim}", SOURCE, target, estimate, tolerance=ticks * _TICK, unit=unit))

            add("makers' profit, settled at the value", 0.0, mean(payoffs(run, "makers")), _STEPS)
            if makers == 2:
                continue
            found = _trades(run)
            middle = 0.5 * (found.bid + found.ask)
            both = ~np.isnan(found.price[:, 1:]) & ~np.isnan(found.price[:, :-1])
            realised = 2 * found.side[:, :-1] * (found.price[:, :-1] - found.belief[:, 1:])
            add("realised spread against the belief, furthest of any trade", 0.0, _exact(realised[both], 0.0), 2.02)
            effective = 2 * found.side * (found.price - found.belief)
            impact = 2 * found.side[:, :-1] * (found.belief[:, 1:] - found.belief[:, :-1])
            gap = (effective[:, :-1] - impact)[both]
            add("effective spread less impact, furthest of any trade", 0.0, _exact(gap, 0.0), 2.02)
            add("effective spread of the first trade", share, _exact(effective[:, 0], share), 2.02)
            for n in (2, 4, 7):
                spreads = effective[:, n - 1]
                target = model.expected_effective_spread(share, n - 1)
                add(f"effective spread of trade {n}", target, mean(spreads[~np.isnan(spreads)]), 2.02)
            at_mid = 2 * found.side[:, 0] * (found.price[:, 0] - middle[:, 1])
            target = model.first_realised_spread(share)
            add("first trade's realised spread against the next midpoint", target, _exact(at_mid, target), 3.03)
            for n in (1, 4, 7):
                target = model.expected_spread(share, n)
                add(f"quoted spread after {n} trade{'s' * (n > 1)}", target, mean((found.ask - found.bid)[:, n]), 2.02)
            changes = np.diff(found.price[:, :_CERTAIN], axis=1)
            following = (changes[:, 1:] * changes[:, :-1]).mean(axis=1)
            add("autocovariance of trade-price changes", 0.0, mean(following), 0.0, "currency²")
            total = ratio(changes.sum(axis=1) ** 2, (changes**2).sum(axis=1))
            add(f"variance ratio over {_CERTAIN - 1} trades", 1.0, total, 0.0, "")
    return rows


@experiment("Glosten–Milgrom: a value that is normal")
def glosten_milgrom_normal(markets: Markets) -> list[Row]:
    """Quotes around a continuous value, from beliefs on a grid: the maker goes on learning and loses nothing."""
    rows = []
    for share in (0.1, 0.2, 0.3, 0.5, 0.7):
        run = markets.run(
            "normal_value",
            40_000,
            2_000,
            {
                "informed.arrivals.share": share,
                "makers.params.informed_share": share,
            },
        )
        step, price, taker = arrays(run, "trades", "step", "price", "taker_population")
        half = np.abs(price[step == 0] - 100.0)
        target = model.normal_half_spread(share)
        first = compare(
            f"μ = {share:g}: first half-spread, in deviations of the value",
            SOURCE,
            target,
            _exact(half, target),
            tolerance=1e-4,
        )
        episodes = run.scenario.run.episodes
        informed = np.zeros(episodes)
        informed[: int(((taker == "informed") & (step == 0)).sum())] = 1.0
        profit = mean(payoffs(run, "makers"))
        rows += [
            first,
            compare(
                f"μ = {share:g}: first trader informed, and quotes worth taking",
                SOURCE,
                share * model.normal_informed_trades(share),
                mean(informed),
            ),
            compare(
                f"μ = {share:g}: maker's profit over 10 trades",
                SOURCE,
                0.0,
                profit,
                tolerance=10 * 1e-4,
                unit="currency",
            ),
        ]
    return rows
