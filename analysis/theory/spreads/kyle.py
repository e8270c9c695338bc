"""Kyle 1985: insiders, noise and a linear maker in a call auction; several insiders, several auctions, few makers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import mean, residual_variance, slope
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import kyle as model
from sim.runs.result import Run

SOURCE = "Kyle 1985"
_VALUE, _NOISE = 2.0, 1000.0  # deviations in kyle.toml: currency, lots
_OF_KYLE = ("makers", "insiders")
_MAKERS = ("makers", "deviant")


class Auctions(NamedTuple):
    """Auctions of a run, arrays of shape (episodes, steps): net flow in lots, price and value in currency.

    An auction in which nothing trades has flow 0 and leaves the price where it was.
    """

    flow: NDArray[np.float64]
    price: NDArray[np.float64]
    value: NDArray[np.float64]


def auctions_of(run: Run, makers: Sequence[str] = _MAKERS) -> Auctions:
    """What the makers sold in each auction, and at which price."""
    episodes, steps = run.scenario.run.episodes, run.scenario.run.steps
    episode, step, side, maker, taker, lots, price, value = arrays(
        run,
        "trades",
        "episode",
        "step",
        "aggressor",
        "maker_population",
        "taker_population",
        "quantity",
        "price",
        "value",
    )
    place = episode * steps + step
    sign = np.where(side == "buy", 1.0, -1.0) * (np.isin(maker, makers) * 1.0 - np.isin(taker, makers))
    flow = np.bincount(place, sign * lots, minlength=episodes * steps).astype(float)
    prices, values = np.full(episodes * steps, np.nan), np.full(episodes * steps, np.nan)
    prices[place], values[place] = price, value
    shape = episodes, steps
    return Auctions(flow.reshape(shape), prices.reshape(shape), values.reshape(shape))


def _both(**params: Any) -> dict[str, Any]:
    """Overrides of makers and insiders alike."""
    return {f"{name}.params.{key}": value for name in _OF_KYLE for key, value in params.items()}


@experiment("Kyle: one auction")
def kyle(markets: Markets) -> list[Row]:
    """Value on flow, not price on flow: that would give back whatever the maker posts."""
    rows = []
    for insiders in (1, 2, 3, 5):
        run = markets.run("kyle", 400_000, 10_000, {"insiders.count": insiders, **_both(insiders=insiders)})
        expected = model.solve(_VALUE, _NOISE, insiders=insiders)
        found = auctions_of(run)
        traded = ~np.isnan(found.value[:, 0])
        flow, news = found.flow[traded, 0], found.value[traded, 0]  # the mean of the value is 0
        who = f"{insiders} insider" + "s" * (insiders > 1)
        about = [
            ("slope of value on net flow is the posted λ", expected.impact[0], slope(flow, news), "currency per lot"),
            ("variance of the value given the flow", expected.variance[0], residual_variance(flow, news), "currency²"),
            ("insiders' profit per auction", expected.total_profit, mean(payoffs(run, "insiders")), "currency"),
            ("maker's profit per auction", 0.0, mean(payoffs(run, "makers")), "currency"),
            ("noise traders' profit per auction", -expected.total_profit, mean(payoffs(run, "noise")), "currency"),
        ]
        rows += [
            compare(f"{who}: {claim}", SOURCE, target, estimate, unit=unit) for claim, target, estimate, unit in about
        ]
    return rows


@experiment("Kyle: the insider's best intensity")
def kyle_best_response(markets: Markets) -> list[Row]:
    """An insider who trades more or less than in equilibrium earns less, by what the closed form says."""
    rows, earned = [], {}
    for factor in (0.8, 1.0, 1.2):
        run = markets.run("kyle", 400_000, 10_000, {"insiders.params.factor": factor})
        earned[factor] = payoffs(run, "insiders")
        target = model.insider_profit(factor, _VALUE, _NOISE)
        claim = f"insider's profit at {factor:g} times the equilibrium's intensity"
        rows.append(compare(claim, SOURCE, target, mean(earned[factor]), unit="currency"))
    for factor in (0.8, 1.2):
        lost = model.insider_profit(1.0, _VALUE, _NOISE) - model.insider_profit(factor, _VALUE, _NOISE)
        claim = f"what the equilibrium's intensity earns more than {factor:g} times as much"
        difference = mean(earned[1.0] - earned[factor])  # on common random numbers
        rows.append(compare(claim, SOURCE, lost, difference, unit="currency"))
    return rows


@experiment("Kyle: four auctions")
def kyle_auctions(markets: Markets) -> list[Row]:
    """The recursion, auction by auction."""
    run = markets.run("kyle_auctions", 200_000, 8_000)
    expected = model.solve(1.0, _NOISE, auctions=4)
    found = auctions_of(run)
    value = found.value[:, -1]
    before = np.zeros(len(value))
    rows = []
    for auction in range(4):
        flow = found.flow[:, auction]
        left = value - before
        what = f"auction {auction + 1} of 4"
        rows.append(
            compare(
                f"{what}: slope of value less price before, on net flow",
                SOURCE,
                expected.impact[auction],
                slope(flow, left),
                unit="currency per lot",
            )
        )
        before = np.where(np.isnan(found.price[:, auction]), before, found.price[:, auction])
        rows.append(
            compare(
                f"{what}: variance of the value about the price",
                SOURCE,
                expected.variance[auction],
                mean((value - before) ** 2),
                unit="currency²",
            )
        )
    profit = mean(payoffs(run, "insiders"))
    rows.append(compare("insider's profit in four auctions", SOURCE, expected.total_profit, profit, unit="currency"))
    return rows


@experiment("Kyle: a maker that learns its price")
def kyle_learning(markets: Markets) -> list[Row]:
    """From a first guess three times too high or too low, a maker's estimate goes to the equilibrium's impact."""
    target = model.solve(_VALUE, _NOISE).impact[0]
    rows = []
    for guess in (3.0, 1 / 3):
        changes = {
            "run.steps": 2_000,
            "makers.params.learns": True,
            "makers.params.impact": guess * float(target),
            "makers.params.prior_auctions": 1.0,
            "record.messages": True,
        }
        run = markets.run("kyle", 150, 20, changes)
        last = run.scenario.run.steps - 1
        step, kind, slopes = arrays(run, "messages", "step", "kind", "slope")
        impact = 1.0 / slopes[(step == last) & (kind == "schedule")]
        claim = f"estimated λ after 2,000 auctions, from a first guess of {guess:.2g} λ"
        rows.append(
            compare(
                claim, SOURCE, target, mean(impact), unit="currency per lot", tolerance=abs(guess - 1) * target / 2_000
            )
        )
    return rows


@experiment("Kyle: makers who know their own weight")
def kyle_strategic(markets: Markets) -> list[Row]:
    """Three makers or more that each post a line: none earns more with another slope, given the others'."""
    source = "Kyle 1989; Bondarenko 2001"
    rows = []
    for makers in (3, 4, 5):
        expected = model.strategic(makers, _VALUE, _NOISE)
        factor = expected.intensity / float(model.solve(_VALUE, _NOISE).intensity[0])
        changes = {"makers.count": makers, "makers.params.impact": 1 / expected.slope, "insiders.params.factor": factor}
        earned: dict[float, NDArray[np.float64]] = {}
        for own in (0.7, 1.0, 1.3):
            run = markets.run(
                "kyle_strategic",
                400_000,
                10_000,
                changes
                | {
                    "makers.count": makers - 1,
                    "deviant.params.impact": 1 / (own * expected.slope),
                },
            )
            earned[own] = payoffs(run, "deviant")
            target = model.maker_profit(own, makers, _VALUE, _NOISE)
            claim = f"{makers} makers: profit of one with {own:g} times the equilibrium's slope"
            rows.append(compare(claim, source, target, mean(earned[own]), unit="currency"))
        for own in (0.7, 1.3):
            lost = model.maker_profit(1.0, makers, _VALUE, _NOISE) - model.maker_profit(own, makers, _VALUE, _NOISE)
            claim = f"{makers} makers: what the equilibrium's slope earns more than {own:g} times it"
            rows.append(compare(claim, source, lost, mean(earned[1.0] - earned[own]), unit="currency"))
    return rows
