"""Margin of options that were sold, by the rates of an exchange."""

from __future__ import annotations

import pytest

from sim.models.option_margin import short_option
from sim.models.options import CALL, PUT, price

RATES = (0.15, 0.10, 0.075)


def asked(side: int, strike: float, rates: tuple[float, float, float] = RATES) -> tuple[float, float]:
    """At a spot price of 100, a volatility of 20 % and a quarter of a year."""
    return short_option(side, 100.0, strike, price(side, 100.0, strike, 0.25, 0.0, 0.0, 0.2), *rates)


@pytest.mark.parametrize(
    ("side", "strike", "initial", "maintenance"),
    [
        (CALL, 110.0, 10.953947, 8.453947),
        (PUT, 95.0, 11.888063, 9.388063),
        (PUT, 100.0, 18.987761, 11.487761),
    ],
)
def test_an_option_that_was_sold_needs_the_published_margin(side, strike, initial, maintenance):
    assert asked(side, strike) == pytest.approx((initial, maintenance), abs=5.1e-7)


def test_out_of_the_money_the_requirement_falls_to_its_least():
    value = price(CALL, 100.0, 104.0, 0.25, 0.0, 0.0, 0.2)
    assert asked(CALL, 104.0)[0] == pytest.approx(11.0 + value, rel=1e-12)
    assert asked(CALL, 180.0)[0] == pytest.approx(10.0, rel=1e-6)


def test_a_put_far_in_the_money_needs_a_share_of_its_own_price_and_no_less_at_first():
    initial, maintenance = short_option(PUT, 10.0, 100.0, 90.0, 0.15, 0.10, 0.075)
    assert maintenance == pytest.approx(90.0 * 1.075, rel=1e-12)
    assert initial == maintenance
