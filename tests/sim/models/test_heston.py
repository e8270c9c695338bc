"""Heston's price of a call: published numbers, limits and a check of the integral by moments."""

from __future__ import annotations

import math

import pytest

from sim.models import heston, options

LAW = heston.Variance(first=0.0175, mean=0.0398, reversion=1.5768, volatility=0.5751, correlation=-0.5711)


@pytest.mark.parametrize(("time", "price"), [(1.0, 5.785155), (10.0, 22.318946)])
def test_prices_are_those_that_papers_compare_methods_by(time, price):
    assert heston.call(LAW, 100.0, 100.0, time) == pytest.approx(price, abs=6e-7)


@pytest.mark.parametrize("strike", [70.0, 100.0, 140.0])
def test_a_variance_that_hardly_moves_gives_black_and_scholes_at_its_mean(strike):
    calm = LAW._replace(volatility=0.001, correlation=0.0)
    volatility = math.sqrt(options.mean_variance(0.5, calm.first, calm.reversion, calm.mean))
    expected = options.price(1, 100.0, strike, 0.5, 0.0, 0.0, volatility)
    assert heston.call(calm, 100.0, strike, 0.5) == pytest.approx(expected, abs=3e-6)


def test_the_characteristic_function_is_that_of_a_price_without_drift():
    for time in (0.01, 1.0, 30.0):
        assert heston.characteristic(LAW, time, 0.0) == pytest.approx(1.0)
        assert heston.characteristic(LAW, time, -1.0j) == pytest.approx(1.0, abs=1e-9)


def test_calls_are_worth_more_than_what_they_would_pay_and_less_than_the_price():
    for strike in (20.0, 80.0, 125.0, 400.0):
        price = heston.call(LAW, 100.0, strike, 2.0)
        assert max(0.0, 100.0 - strike) - 1e-9 < price < 100.0


def test_what_has_no_price_is_refused():
    with pytest.raises(ValueError, match="must be above 0"):
        heston.call(LAW, 100.0, 100.0, 0.0)
