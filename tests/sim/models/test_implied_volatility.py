"""Implied volatility gives back what a price was made of, to the digits that the price has."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models.implied_volatility import implied_deviation, implied_volatility
from sim.models.options import CALL, PUT, black, greeks, price
from tests.oracles import exact_options

CASES = 11_000


def drawn(seed: int, spread: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    strikes = 100.0 * np.exp(random.normal(0.0, spread, CASES))
    return strikes, 10.0 ** random.uniform(-3.0, 0.5, CASES), 10.0 ** random.uniform(-2.0, 0.0, CASES)


def test_out_of_the_money_a_price_gives_its_volatility_back_down_to_the_smallest() -> None:
    counted = 0
    for strike, time, volatility in zip(*drawn(1, 0.5), strict=True):
        forward = 100.0 * math.exp(0.01 * time)
        side = CALL if strike >= forward else PUT
        paid = price(side, 100.0, strike, time, 0.02, 0.01, volatility)
        if paid > 1e-300:
            counted += 1
            found = implied_volatility(side, paid, 100.0, strike, time, 0.02, 0.01)
            assert found == pytest.approx(volatility, rel=0.0, abs=1e-13)
    assert counted > 5_000


def test_in_the_money_a_price_gives_its_volatility_back_as_far_as_its_last_digits_reach() -> None:
    for strike, time, volatility in zip(*drawn(2, 0.2), strict=True):
        side = PUT if strike >= 100.0 else CALL
        found = greeks(side, 100.0, strike, time, 0.0, 0.0, volatility)
        back = implied_volatility(side, found.price, 100.0, strike, time, 0.0, 0.0)
        last_digits = 4.0 * math.ulp(max(100.0, strike))
        assert found.vega == 0.0 or abs(back - volatility) <= 1e-13 + 2.0 * last_digits / found.vega or back == 0.0
        if found.vega * volatility > 1e3 * last_digits:
            assert abs(back - volatility) <= 1e-13 + last_digits / found.vega


@pytest.mark.parametrize("s", [1e-6, 1e-3, 0.02, 0.3, 0.42, 1.0, 4.0])
@pytest.mark.parametrize("distance", [0.0, 1e-9, 0.1, 1.0, 3.0, 8.0, 20.0, 36.0])
def test_prices_keep_their_digits_in_far_wings_and_give_the_deviation_back(s: float, distance: float) -> None:
    strike = 100.0 * math.exp(distance * s)
    exact = exact_options.black(CALL, 100.0, strike, s)
    found = black(CALL, 100.0, strike, s).price
    if exact > 1e-305:
        assert abs(found / exact - 1) < 1e-10
    if 1e-300 < exact < 99.99:
        assert implied_deviation(CALL, float(exact), 100.0, strike) == pytest.approx(s, rel=3e-13)


def test_prices_of_every_size_come_back() -> None:
    random = np.random.default_rng(3)
    for _ in range(20_000):
        forward, side = 10.0 ** random.uniform(-3.0, 3.0), int(random.choice([CALL, PUT]))
        strike = forward * math.exp(random.choice([0.0, 1e-14, 1e-6, 0.1, 1.0, 20.0]) * random.normal())
        share = random.choice(
            [10.0 ** random.uniform(-280.0, 0.0), random.random(), 1.0 - 10.0 ** random.uniform(-15, -1)]
        )
        paid = max(side * (forward - strike), 0.0) + share * min(forward, strike)
        bound = forward if side == CALL else strike
        if bound - paid <= 4.0 * math.ulp(bound):
            continue  # the bound itself, to its last digits
        s = implied_deviation(side, paid, forward, strike)
        assert black(side, forward, strike, s).price == pytest.approx(paid, rel=1e-12, abs=1e-15 * max(forward, strike))


def test_what_no_volatility_gives_is_nan_and_what_none_at_all_gives_is_zero() -> None:
    assert implied_deviation(CALL, 10.0, 100.0, 90.0) == 0.0
    assert implied_deviation(PUT, 0.0, 100.0, 90.0) == 0.0
    for side, paid, strike in (
        (CALL, 9.999, 90.0), (PUT, -1e-9, 90.0), (CALL, 100.0, 90.0), (PUT, 90.0, 90.0), (CALL, math.nan, 90.0),
        (CALL, math.inf, 90.0),
    ):  # fmt: skip
        assert math.isnan(implied_deviation(side, paid, 100.0, strike))
