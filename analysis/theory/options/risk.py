"""What positions may lose: margin by two rules, and value at risk while the market runs, held to what is lost then."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets
from analysis.theory.rows import Row, compare
from sim.models import options
from sim.models.normal import below
from sim.models.option_margin import short_option
from sim.runs.result import Run

_EXCHANGE, _SCAN = "rates of a documented exchange", "the worst of 21 scenarios"
_SPOT, _MOVES, _DEVIATION = 100.0, 63.0, 0.2 / math.sqrt(252.0)  # in margin.toml
_LISTED = {"call": (options.CALL, 110.0), "put": (options.PUT, 95.0), "dear_put": (options.PUT, 100.0)}
_HELD = {"strangle": {"call": -10, "put": -5, "ACME": 4}, "spread": {"put": 1, "dear_put": -1}}
_CALLED = {
    "strangle": "ten calls at 110 and five puts at 95 sold against four stocks",
    "spread": "a put at 95 bought and one at 100 sold",
}
_RATES = (0.15, 0.1, 0.075)  # at the money, at least, and to keep it: the defaults of [margin]
_ROUNDING = 1e-4  # of the marks, to whole units of money
_KNOWN, _LAST = 199, 300  # in short_gamma.toml: moves that are waited for; the last step that counts
_LEVEL = 0.95
_HEDGED = 0.002  # the hedge is rounded to whole lots of the stock
_ORDER, _SQUARE = "order statistics", "the square of a normal move"


def _worth(name: str, spot: float, factor: float) -> float:
    """Of an instrument of margin.toml at a price of the stock, and with its volatility times a factor."""
    if name == "ACME":
        return spot
    side, strike = _LISTED[name]
    return options.price(side, spot, strike, _MOVES, 0.0, 0.0, factor * _DEVIATION)


def _worst(held: Mapping[str, int]) -> float:
    """Worst loss over prices and volatilities."""
    scenarios = itertools.product(np.linspace(0.85, 1.15, 7), (0.75, 1.0, 1.25))
    return max(
        sum(lots * (_worth(name, _SPOT, 1.0) - _worth(name, _SPOT * price, factor)) for name, lots in held.items())
        for price, factor in scenarios
    )


def _kept(held: Mapping[str, int]) -> float:
    """What the standard rule asks for to keep positions."""
    total = 0.0
    for name, lots in held.items():
        if lots < 0:
            side, strike = _LISTED[name]
            total -= lots * short_option(side, _SPOT, strike, _worth(name, _SPOT, 1.0), *_RATES)[1]
    return total


def _first(run: Run, population: str, column: str) -> Estimate:
    """A column of the agents' samples in the first step."""
    who, step, found = arrays(run, "agents", "population", "step", column)
    return Estimate(float(found[(who == population) & (step == 0)][0]), 0.0)


@experiment("Margin: by position, and by the worst loss of all together")
def risk_margin(markets: Markets) -> list[Row]:
    """The standard rule adds up positions, so it asks a spread for more than it can lose; the scan does not."""
    changes = {"ACME.value.volatility": _DEVIATION}
    run = markets.run("margin", 1, 1, changes)
    scanned = markets.run("margin", 1, 1, changes | {"margin.rule": "scan"})
    rows = []
    for name, held in _HELD.items():
        what, worst = _CALLED[name], _worst(held)
        rows += [
            compare(f"{what}: maintenance margin, standard", _EXCHANGE, _kept(held), _first(run, name, "margin"),
                    tolerance=_ROUNDING, unit="currency"),
            compare(f"{what}: worst loss of the scan", _SCAN, worst, _first(run, name, "stress"),
                    tolerance=1e-9, unit="currency"),
            compare(f"{what}: maintenance margin, scan", _SCAN, 0.75 * worst, _first(scanned, name, "margin"),
                    tolerance=1e-9, unit="currency"),
        ]  # fmt: skip
    return rows


def _of_dealer(run: Run, column: str) -> NDArray[np.float64]:
    """A column of the dealer's samples, in the steps that count and the one after them, (episodes, steps)."""
    who, found = arrays(run, "agents", "population", column)
    own = np.asarray(found[who == "dealer"], float).reshape(run.scenario.run.episodes, -1)
    return own[:, _KNOWN : _LAST + 1]


def _beyond(run: Run) -> Estimate:
    """Share of the steps after which the dealer lost more than its value at risk."""
    lost = -np.diff(_of_dealer(run, "equity"), axis=1)
    return mean((lost > _of_dealer(run, "value_at_risk")[:, :-1]).mean(axis=1))


@experiment("Live value at risk: how often more is lost")
def risk_backtest(markets: Markets) -> list[Row]:
    """Revalued, options hedged in delta lose more as often as they should; by their delta alone far too often.

    The value at risk is the tenth greatest of 199 losses. Past moves and the next one are alike, so the next loss is
    among the ten greatest of 200 with a probability of 5 %. A normal law sees no risk in a position without delta. What
    options that were sold lose is gamma/2 · (move² − variance), which is above 0 with a probability of 2 Φ(−1).
    """
    sizes = (160, 20)
    sold = markets.run("short_gamma", *sizes)
    puts = [each.name for each in sold.scenario.instruments if each.what == "put"]
    bought = markets.run("short_gamma", *sizes, {"dealer.endowment.positions": dict.fromkeys(puts, 1)})
    normal = markets.run("short_gamma", *sizes, {"risk.method": "normal"})
    shares = (
        ("options sold lose more than their revalued value at risk", sold, _ORDER, 1.0 - _LEVEL, 0.0),
        ("options bought lose more than their revalued value at risk", bought, _ORDER, 1.0 - _LEVEL, 0.0),
        ("options sold lose more than their normal value at risk", normal, _SQUARE, 2.0 * float(below(-1.0)), 0.02),
    )
    seen = mean(_of_dealer(normal, "value_at_risk").mean(axis=1) / _of_dealer(sold, "value_at_risk").mean(axis=1))
    return [
        *(compare(f"{claim}, share of steps", source, target, _beyond(run), tolerance=tolerance)
          for claim, run, source, target, tolerance in shares),
        compare("normal value at risk of options sold, as a share of the revalued", "no delta, no normal risk", 0.0,
                seen, tolerance=_HEDGED),
    ]  # fmt: skip
