"""Quotes of a maker of options, solved by the vega of all that it holds: where they stand, and what they are worth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets
from analysis.theory.rows import Row, compare
from sim.models import inventory, options, portfolio_vega
from sim.models.option_game import OptionGame
from sim.runs.result import Run

_MARKET, _GAME = "option_quotes", OptionGame()
_TICK = 1e-6
_BALDACCI = "Baldacci, Bergault and Guéant 2021"
_CARTEA = "Cartea, Jaimungal and Penalva 2015"
_SIZES = (4_000, 150)
_STEPS_ROUNDED = 4 * _GAME.steps * _TICK  # a quote is rounded outward by a tick at most


def _further_strike() -> float:
    """The strike of a put whose vega is half of that at the money."""
    half = 0.5 * _GAME.vega(0)
    left = float(_GAME.steps - 1)

    def above(strike: float) -> float:
        return options.greeks(options.PUT, 100.0, strike, left, 0.0, 0.0, _GAME.volatility).vega - half

    return float(brentq(above, 20.0, 99.0, xtol=1e-12))


def _quotes(run: Run, book: str) -> tuple[float, float]:
    """Bid and ask of a book at the end of the first step."""
    step, venue, bid, ask = arrays(run, "book", "step", "venue", "bid", "ask")
    first = (step == 0) & (venue == book)
    return float(bid[first][0]), float(ask[first][0])


def _first_step(markets: Markets, held: int, books: list[str]) -> Run:
    """One step in which nobody trades: the call has a vega of 2 and the put one of 1, if 1 is half of the call's."""
    deviation = math.sqrt(2e-4) / (0.5 * _GAME.vega(0))  # (γ/2)ξ² is 1e-4 per unit of vega
    nobody = {f"{name}.arrivals": {"law": "bernoulli", "probability": 0.0} for name in
              ("call_buyer", "call_seller", "put_buyer", "put_seller")}  # fmt: skip
    changes: dict[str, Any] = {
        "put.derivative.strike": _further_strike(),
        "maker.venues": books,
        "maker.params.volatility_of_volatility": deviation,
        "maker.params.vega_limit": 20.0 * 0.5 * _GAME.vega(0),
        "maker.endowment": {"positions": {"put": held}},
        "record.levels": 1,
        "record.book_every": 1,
    }
    return markets.run(_MARKET, 1, 1, changes | nobody)


@experiment("Option quotes: how far from the worth they stand")
def options_quotes_distances(markets: Markets) -> list[Row]:
    """Two options with vegas 1 and 2, A = 0.25, k = 20, (γ/2)ξ² = 1e-4, |V| ≤ 20: without a position and with V = 4."""
    left = float(_GAME.steps - 1)
    worths = {
        "puts": options.price(options.PUT, 100.0, _further_strike(), left, 0.0, 0.0, _GAME.volatility),
        "calls": options.price(options.CALL, 100.0, 100.0, left, 0.0, 0.0, _GAME.volatility),
    }
    u, rows = np.empty(portfolio_vega.MOST_PLACES), []
    places, limit = portfolio_vega.solve(np.array([1.0, 2.0]), np.full(2, 0.25), 20.0, 1e-4, 20.0, u)
    for held in (0, 4):
        run = _first_step(markets, held, ["calls", "puts"])
        for book, vega in (("puts", 1.0), ("calls", 2.0)):
            found = dict(zip(("bid", "ask"), _quotes(run, book), strict=True))
            for side, sign in (("bid", 1.0), ("ask", -1.0)):
                target = portfolio_vega.distance(u, places, limit, 20.0, float(held), sign * vega)
                away = sign * (worths[book] - found[side])
                claim = f"vega {vega:g}, {held} held: distance of the {side} from the option's worth"
                rows.append(compare(claim, _BALDACCI, target, Estimate(away, 0.0), tolerance=1.01 * _TICK,
                                    unit="currency"))  # fmt: skip
    alone = inventory.cartea_jaimungal(0.25, 20.0, 1e-4, 0.0, 20, 100_000)[-1, 20, 0]
    bid, _ = _quotes(_first_step(markets, 0, ["puts"]), "puts")
    claim = "vega 1, quoted alone, nothing held: distance of the bid"
    return [*rows, compare(claim, _CARTEA, alone, Estimate(worths["puts"] - bid, 0.0), tolerance=1.1 * _TICK,
                           unit="currency")]  # fmt: skip


def _earned(run: Run) -> NDArray[np.float64]:
    """Distances of all fills less what the vega held risked, (episodes,)."""
    episodes = run.scenario.run.episodes
    episode, step, value, price, aggressor = arrays(run, "trades", "episode", "step", "value", "price", "aggressor")
    bought = np.where(aggressor == "sell", 1.0, -1.0)  # of the maker
    earned = np.bincount(episode, bought * (value - price), minlength=episodes)
    lots = np.zeros((episodes, _GAME.steps))
    np.add.at(lots, (episode, step), bought)
    vegas = np.array([_GAME.vega(step) for step in range(_GAME.steps)])
    held = np.cumsum(lots, axis=1) * vegas
    return np.asarray(earned - _GAME.penalty * (held**2).sum(axis=1), float)


@experiment("Option quotes: what it is worth to look at all vega")
def options_quotes_deviations(markets: Markets) -> list[Row]:
    """One maker of a call and a put, two who quote one each, and one that minds its risk too little or too much."""
    alone = {"maker.venues": ["calls"], "other.arrivals.probability": 1.0}
    played: dict[str, tuple[dict[str, Any], bool, float]] = {
        "by the vega of all": ({}, True, 1.0),
        "each option alone, by two makers": (alone, False, 1.0),
        "at a quarter of the risk aversion": ({"maker.params.risk_aversion": 0.25}, True, 0.25),
        "at four times the risk aversion": ({"maker.params.risk_aversion": 4.0}, True, 4.0),
    }
    found, expected = {}, {}
    for how, (changes, joint, factor) in played.items():
        found[how] = _earned(markets.run(_MARKET, *_SIZES, changes))
        expected[how] = _GAME.earned(joint, factor)
    best = next(iter(played))
    rows = [
        compare(f"a call and a put quoted {how}: distances of all fills less what their vega risks", _BALDACCI,
                expected[how], mean(found[how]), tolerance=_STEPS_ROUNDED, unit="currency")
        for how in played
    ]  # fmt: skip
    return rows + [
        compare(f"quoted {how}: how much less than by the vega of all", _BALDACCI, expected[best] - expected[how],
                mean(found[best] - found[how]), tolerance=_STEPS_ROUNDED, unit="currency")
        for how in list(played)[1:]
    ]  # fmt: skip
