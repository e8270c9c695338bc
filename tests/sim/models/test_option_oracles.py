"""Prices, greeks and implied volatilities of thousands of options, compared with the libraries of others."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models.implied_volatility import implied_volatility
from sim.models.options import CALL, PUT, greeks, normal_greeks, price

CASES = 5_000


def drawn(seed: int) -> np.ndarray:
    """Side, spot, strike, time, rate, dividend and volatility, ``(CASES, 7)``."""
    random = np.random.default_rng(seed)
    return np.stack(
        [
            random.choice([CALL, PUT], CASES),
            np.full(CASES, 100.0),
            100.0 * np.exp(random.normal(0.0, 0.25, CASES)),
            random.uniform(0.01, 3.0, CASES),
            random.uniform(-0.02, 0.1, CASES),
            random.uniform(-0.02, 0.1, CASES),
            random.uniform(0.05, 1.0, CASES),
        ],
        axis=1,
    )


def test_quantlib_gives_the_same_prices_and_greeks_under_both_laws() -> None:
    library = pytest.importorskip("QuantLib", reason="QuantLib of the extra dev is not installed")
    for side, spot, strike, time, rate, dividend, volatility in drawn(1):
        kind = library.Option.Call if side == CALL else library.Option.Put
        payoff = library.PlainVanillaPayoff(kind, strike)
        forward, discount, root = spot * math.exp((rate - dividend) * time), math.exp(-rate * time), math.sqrt(time)
        theirs = library.BlackCalculator(payoff, forward, volatility * root, discount)
        ours = greeks(int(side), spot, strike, time, rate, dividend, volatility)
        assert ours[:6] == pytest.approx(
            (
                theirs.value(), theirs.delta(spot), theirs.gamma(spot), theirs.vega(time), theirs.theta(spot, time),
                theirs.rho(time),
            ),
            rel=1e-9, abs=1e-10,
        )  # fmt: skip
        s = 100.0 * volatility * root
        ours = normal_greeks(int(side), spot, strike, time, rate, dividend, 100.0 * volatility)
        assert ours.price == pytest.approx(
            discount * library.bachelierBlackFormula(kind, strike, forward, s), rel=1e-9, abs=1e-10
        )
        if abs(forward - strike) < 5.0 * s:  # further out its calculator gives a put the price of a call
            normal = library.BachelierCalculator(payoff, forward, s, discount)
            assert ours[1:4] == pytest.approx((normal.delta(spot), normal.gamma(spot), normal.vega(time)), rel=1e-9)


def test_vollib_gives_the_same_prices_greeks_and_implied_volatilities() -> None:
    pytest.importorskip("vollib", reason="vollib of the extra dev is not installed")
    from vollib.black_scholes_merton import black_scholes_merton
    from vollib.black_scholes_merton.greeks import analytical
    from vollib.black_scholes_merton.implied_volatility import implied_volatility as theirs

    for side, spot, strike, time, rate, dividend, volatility in drawn(2):
        flag = "c" if side == CALL else "p"
        terms = (flag, spot, strike, time, rate, volatility, dividend)
        ours = greeks(int(side), spot, strike, time, rate, dividend, volatility)
        assert ours.price == pytest.approx(black_scholes_merton(*terms), rel=1e-9, abs=1e-10)
        assert (ours.delta, ours.gamma) == pytest.approx((analytical.delta(*terms), analytical.gamma(*terms)), abs=1e-9)
        per_cent = (ours.vega / 100.0, ours.rho / 100.0, ours.theta / 365.0)  # as vollib counts
        assert per_cent == pytest.approx(
            (analytical.vega(*terms), analytical.rho(*terms), analytical.theta(*terms)), rel=1e-7, abs=1e-9
        )
        forward = spot * math.exp((rate - dividend) * time)
        outside = CALL if strike >= forward else PUT
        paid = price(outside, spot, strike, time, rate, dividend, volatility)
        if paid > 1e-12:
            found = implied_volatility(outside, paid, spot, strike, time, rate, dividend)
            told = theirs(paid, spot, strike, time, rate, dividend, "c" if outside == CALL else "p")
            assert found == pytest.approx(told, rel=1e-9)
            assert abs(found - volatility) <= 1e-13
