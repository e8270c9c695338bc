"""An option that is sold and hedged now and then: what is left, what is traded, and what costs make of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, deviation, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, also_unsure, compare
from sim.models import hedging as model
from sim.models import options
from sim.runs.result import Run

_LOT = 0.001  # in hedging.toml and option_sale.toml, units of the stock
_MONTH = model.Option()  # in hedging.toml: a volatility of 20 % per √year, a month
_DERMAN = "Derman and Kamal 1999; by the exact sum over intervals"
_LELAND = "Leland 1985"
_WILMOTT = "Whalley and Wilmott 1997"
_HEDGES = {4: (40_000, 4_000), 21: (20_000, 2_000), 84: (16_000, 700), 252: (6_000, 250)}  # episodes, full and quick


def hedged(option: model.Option, moves: int, stated: float | None = None) -> dict[str, Any]:
    """Changes to hedging.toml: a call with so many moves of the price until it expires, and its first hedge.

    Parameters
    ----------
    stated : volatility per √time at which it is hedged; None for the price's own.
    """
    step = math.sqrt(option.time / moves)
    used = option.volatility if stated is None else stated
    first = options.greeks(options.CALL, option.spot, option.strike, option.time, 0.0, 0.0, used).delta
    return {
        "run.steps": moves,
        "ACME.value.volatility": option.volatility * step,
        "call.derivative.expiry": moves,
        "dealer.endowment.positions": {"call": -1, "ACME": round(first / _LOT)},
        "dealer.hedge": {"venues": ["stock"], "volatility": "value" if stated is None else stated * step},
    }


def traded(run: Run, column: str = "quantity") -> NDArray[np.float64]:
    """A column of the hedges' trades, summed in each episode before the last step, in which the call expires."""
    episode, step, hedges, amount = arrays(run, "trades", "episode", "step", "hedge", column)
    mine = (hedges == "taker") & (step < run.scenario.run.steps - 1)
    return np.bincount(episode[mine], amount[mine], minlength=run.scenario.run.episodes).astype(float)


@experiment("A hedged option: what is left, and what is traded")
def hedging_error(markets: Markets) -> list[Row]:
    """The deviation of the profit falls with the number of hedges, and what is traded rises with it."""
    rows = []
    for count, sizes in _HEDGES.items():
        run = markets.run("hedging", *sizes, hedged(_MONTH, count))
        profit, units = payoffs(run, "dealer"), traded(run) * _LOT
        rows += [
            compare(f"hedged {count} times: deviation of the profit", _DERMAN, model.error_deviation(_MONTH, count),
                    deviation(profit), unit="currency"),
            compare(f"hedged {count} times: units traded after the first hedge", _DERMAN,
                    model.turnover(_MONTH, count), mean(units), unit="units"),
        ]  # fmt: skip
    return rows


@experiment("An option sold above its value")
def hedging_sale(markets: Markets) -> list[Row]:
    """A dealer who sells at a volatility of 25 % earns the difference of two prices, and hedging takes its risk."""
    moves, sold_at = 84, 0.25
    after, before = (
        options.price(options.CALL, 100.0, 100.0, time, 0.0, 0.0, volatility)
        for time, volatility in ((_MONTH.time * (1.0 - 1.0 / moves), _MONTH.volatility), (_MONTH.time, sold_at))
    )
    step = math.sqrt(_MONTH.time / moves)
    changes = {
        "ACME.value.volatility": _MONTH.volatility * step,
        "clients.params.inventory_skew": (before - after) / 1_000,  # to them it has a move less to run: it is step 0
        "dealer.hedge.volatility": sold_at * step,
    }
    profit = payoffs(markets.run("option_sale", 8_000, 700, changes), "dealer")
    target = before - options.price(options.CALL, 100.0, 100.0, _MONTH.time, 0.0, 0.0, _MONTH.volatility)
    claim = "sold at 25 %, of a price with 20 %, and hedged 84 times: mean profit is the difference of the prices"
    return [compare(claim, _DERMAN, target, mean(profit), unit="currency")]


@experiment("Leland: a volatility that pays for the hedge")
def hedging_leland(markets: Markets) -> list[Row]:
    """Hedged at Leland's volatility, trading costs nearly what the price is higher by; a call's price pays for that."""
    rows = []
    for round_trip, weeks in ((0.01, 52), (0.002, 52), (0.01, 13)):
        option = model.Option(time=weeks / 52.0)
        stated = model.leland_volatility(option.volatility, round_trip, 1.0 / 52.0)
        prices = [
            options.price(options.CALL, 100.0, 100.0, option.time, 0.0, 0.0, each)
            for each in (stated, option.volatility)
        ]
        rise = prices[0] - prices[1]
        changes = hedged(option, weeks, stated) | {"stock.taker_fee": 0.5 * round_trip}
        fees = traded(markets.run("hedging", 8_000, 800, changes), "taker_fee")
        target = 0.5 * round_trip * model.turnover(option, weeks, stated, in_money=True)
        claim = (
            f"k = {round_trip:g} both ways, {weeks} weeks: cost of the hedges, of {rise:.5g} that the price rises by"
        )
        rows.append(compare(claim, _LELAND, target, mean(fees), unit="currency"))
    return rows


def _certain(wealth: NDArray[np.float64], other: NDArray[np.float64] | None = None) -> Estimate:
    """Certainty equivalent −ln E exp(−W), risk aversion 1; or how far it is above that of another rule, pairwise."""
    powers = np.exp(-wealth)
    influence = -powers / powers.mean()
    value = -math.log(powers.mean())
    if other is not None:
        powers = np.exp(-other)
        influence += powers / powers.mean()
        value += math.log(powers.mean())
    return Estimate(value, float(influence.std(ddof=1)) / math.sqrt(len(wealth)))


@experiment("Whalley–Wilmott: how far to let a hedge go")
def hedging_band(markets: Markets) -> list[Row]:
    """With costs, their band is worth more than half of it, twice of it, or any number of hedges at equal distances."""
    looks, cost = 1_008, 0.001
    banded: dict[str, Any] = {"rule": "whalley_wilmott"}
    rules: dict[str, tuple[model.Rule, dict[str, Any]]] = {
        "their band": (model.Rule(band=1.0), banded | {"risk_aversion": 1.0}),
        "half the band": (model.Rule(band=0.5), banded | {"risk_aversion": 8.0}),  # γ enters with a third root
        "twice the band": (model.Rule(band=2.0), banded | {"risk_aversion": 0.125}),
        "12 hedges": (model.Rule(every=84), {"every": 84}),
        "28 hedges": (model.Rule(every=36), {"every": 36}),
        "84 hedges": (model.Rule(every=12), {"every": 12}),
    }
    played = {}
    for name, (_, hedge) in rules.items():
        fee_and_rule = {"stock.taker_fee": cost, "dealer.hedge": {"venues": ["stock"], **hedge}}
        run = markets.run("hedging", 6_000, 300, hedged(_MONTH, looks) | fee_and_rule)
        last = payoffs(run, "dealer", "fees") - traded(run, "taker_fee")
        played[name] = payoffs(run, "dealer") + last  # what ends the hedge is not part of it
    paths = 4_000 if markets.quick else 40_000
    simulated = model.hedged_wealth(
        _MONTH, looks, cost, 1.0, tuple(rule for rule, _ in rules.values()), paths, markets.seed
    )
    rows = []
    for place, name in enumerate(rules):
        against = (played["their band"], simulated[0]) if place else (None, None)
        target = _certain(simulated[place], against[1])
        found = also_unsure(_certain(played[name], against[0]), target.standard_error)
        claim = f"{name}: certainty equivalent" + (", less that of their band" if place else "")
        rows.append(compare(claim, _WILMOTT, target.value, found, unit="currency"))
    return rows
