"""What options pay on average, against their formulas; and what holders of perpetual futures pay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import heston, options
from sim.runs.result import Run

_BLACK, _BACHELIER, _HESTON = "Black and Scholes 1973", "Bachelier 1900", "Heston 1993"
_MEAN = "Black on the mean of the steps to come"
_FUNDING = "the formula of exchanges of perpetual futures"
_VOLATILITY, _MOVES = 0.0063, 84  # in option_payments.toml
_SPOT, _STRIKE, _LOWER = 100.0, 100.0, 95.0
_EPISODES = (20_000, 2_000)


def _paid(run: Run, name: str) -> NDArray[np.float64]:
    """What an instrument was settled at, (episodes,)."""
    instrument, price = arrays(run, "settlements", "instrument", "price")
    return np.asarray(price[instrument == name], float)


def _first(run: Run, name: str) -> float:
    """What an instrument was worth when an episode began, the same in each."""
    instrument, first = arrays(run, "settlements", "instrument", "initial")
    return float(first[instrument == name][0])


def _pays(what: str, source: str, target: float, run: Run, name: str) -> Row:
    return compare(f"{what}: mean payment", source, target, mean(_paid(run, name)), unit="currency")


def _call(count: int, **changes: Any) -> dict[str, Any]:
    """Changes to a market with a call alone, after so many steps."""
    return {"run.steps": count, **{f"{name}.derivative.expiry": count for name in ("call", "put", "mean")}, **changes}


@experiment("Options: what they pay is their price")
def options_payments(markets: Markets) -> list[Row]:
    """Calls and puts on values with relative and with independent changes, at a strike and out of the money."""
    run = markets.run("option_payments", *_EPISODES)
    walk = {"process": "random_walk", "initial": _SPOT, "volatility": 0.6}
    other = markets.run("option_payments", *_EPISODES, {"ACME.value": walk})
    call, put = options.CALL, options.PUT
    law = (_SPOT, _STRIKE, _MOVES, 0.0, 0.0, _VOLATILITY)
    lower = (_SPOT, _LOWER, _MOVES, 0.0, 0.0)
    rows = [
        _pays("a call at the money", _BLACK, options.price(call, *law), run, "call"),
        _pays("a put out of the money", _BLACK, options.price(put, *lower, _VOLATILITY), run, "put"),
    ]
    for name, side, strike in (("call", call, _STRIKE), ("put", put, _LOWER)):
        target = options.normal_greeks(side, _SPOT, strike, _MOVES, 0.0, 0.0, 0.6).price
        rows.append(_pays(f"a {name} with a strike of {strike:g} on a walk", _BACHELIER, target, other, name))
    return rows


@experiment("Options settled at a mean")
def options_mean(markets: Markets) -> list[Row]:
    """Settled at the mean of its last 30 steps, a call pays less; once half of them are known, much less."""
    known = {
        "ACME.value.initial": 100.2,
        "ACME.shocks": [{"step": 0, "volatility": 0.0}, {"step": 15, "volatility": 1.0, "value": -0.2}],
    }
    settings: tuple[tuple[str, int, int, float, dict[str, Any]], ...] = (
        ("from step 55 on", 55, 30, 0.0, _call(84)),
        ("from the first step on", 1, 30, 0.0, _call(30)),
        ("of which 15 are known to be 100.2", 1, 15, 15 * 100.2, _call(30, **known)),
    )
    rows = []
    for what, first, left, fixed, changes in settings:
        run = markets.run("option_payments", *_EPISODES, changes)
        terms = options.terms_at_mean(_STRIKE, first, left, 30, fixed, 0.0, 0.0)
        target = options.greeks_of(False, options.CALL, _SPOT, terms, 0.0, 0.0, _VOLATILITY).price
        rows.append(_pays(f"a call settled at the mean of 30 steps, {what}", _MEAN, target, run, "mean"))
    return rows


@experiment("Heston: a variance that moves")
def options_heston(markets: Markets) -> list[Row]:
    """A call pays Heston's price; the market values it at the expected mean variance, which the moves have."""
    law = heston.Variance(first=0.0175, mean=0.0398, reversion=1.5768, volatility=0.5751, correlation=-0.5711)
    rows = []
    for years, steps in ((1.0, 100), (0.5, 50)):
        step = years / steps
        value = {
            "process": "heston",
            "initial": _SPOT,
            "variance": law.first * step,
            "mean": law.mean * step,
            "reversion": law.reversion * step,
            "volatility": law.volatility * step,
            "correlation": law.correlation,
        }
        run = markets.run(
            "option_payments",
            *_EPISODES,
            _call(steps, **{"ACME.value": value, "record.levels": 1, "record.book_every": 1}),
        )
        left = (1.0 - (1.0 - law.reversion * step) ** steps) / (steps * law.reversion * step)  # it reverts by steps
        expected = law.mean + (law.first - law.mean) * left
        (values,) = arrays(run, "book", "value")
        paths = np.log(values.reshape(-1, steps) / _SPOT)
        moves = np.diff(paths, axis=1, prepend=0.0)
        when = "a year" if years == 1.0 else f"{years:g} years"
        at_first = options.price(options.CALL, _SPOT, _STRIKE, years, 0.0, 0.0, math.sqrt(expected))
        rows += [
            _pays(f"a call, {when}", _HESTON, heston.call(law, _SPOT, _STRIKE, years), run, "call"),
            compare(f"a call, {when}: what the market values it at first, at the root of the mean variance", _HESTON,
                    at_first, Estimate(_first(run, "call"), 0.0), tolerance=1e-9, unit="currency"),
            compare(f"squared moves, {when}: mean variance per year", _HESTON, expected,
                    mean((moves**2).sum(axis=1) / years)),
        ]  # fmt: skip
    return rows


@experiment("Funding: what a premium costs")
def options_funding(markets: Markets) -> list[Row]:
    """Small premiums cost the base rate, larger ones themselves less a clamp, and the largest a cap."""
    base, clamp, cap = 1e-4, 5e-4, 7.5e-3
    lots, payments = 100, 10  # in funding.toml
    rows = []
    for premium in (0.001, 0.0002, -0.002, 0.02):
        held = int(math.copysign(lots, premium))
        changes = {
            "future_maker.endowment.positions": {"perpetual": -held},
            "future_maker.params.inventory_skew": abs(premium),
            "holder.endowment.positions": {"perpetual": held},
        }
        run = markets.run("funding", 1, 1, changes)
        rate = max(-cap, min(cap, premium + max(-clamp, min(clamp, base - premium))))
        position = held * _SPOT * (1.0 + premium)
        found = Estimate(float(-payoffs(run, "holder", "funding")[0]) / (position * payments), 0.0)
        claim = f"a premium of {premium:g}: rate that who is long pays"
        rows.append(compare(claim, _FUNDING, rate, found, tolerance=1e-9))
    return rows
