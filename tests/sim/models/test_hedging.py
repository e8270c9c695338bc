"""Hedges of options in formulas: exact sums against tables, simulations and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models import cross_hedge, hedging, options, pinning

MONTH = hedging.Option()


@pytest.mark.parametrize(
    ("count", "error", "units"),
    [(4, 0.934702, 0.51022), (21, 0.427920, 1.41796), (84, 0.218209, 2.90270), (252, 0.127055, 5.04683)],
)
def test_the_error_of_a_hedge_and_its_turnover_have_the_digits_of_a_double_integral(count, error, units):
    assert hedging.error_deviation(MONTH, count) == pytest.approx(error, abs=6e-7)
    assert hedging.turnover(MONTH, count) == pytest.approx(units, abs=6e-6)


def test_one_hedge_leaves_what_a_single_integral_says_and_many_leave_derman_and_kamals_error():
    z = np.linspace(-9.0, 9.0, 20_001)
    weights = np.exp(-0.5 * z * z)
    spots = 100.0 * np.exp(0.1 * z - 0.005)
    option = hedging.Option(time=0.25)
    first = options.greeks(1, 100.0, 100.0, 0.25, 0.0, 0.0, 0.2)
    left = np.maximum(spots - 100.0, 0.0) - first.price - first.delta * (spots - 100.0)
    square = (weights * left**2).sum() / weights.sum()
    assert hedging.error_deviation(option, 1) == pytest.approx(math.sqrt(square), rel=1e-6)
    vega = options.greeks(1, 100.0, 100.0, MONTH.time, 0.0, 0.0, 0.2).vega
    many = math.sqrt(math.pi / 4.0) * vega * 0.2 / math.sqrt(1_000)
    assert 0.99 < hedging.error_deviation(MONTH, 1_000) / many < 1.0
    assert hedging.turnover(MONTH, 1) == 0.0


def test_lelands_price_pays_for_its_hedge_but_for_a_few_per_cent():
    for round_trip, weeks, cost, rise in ((0.01, 52, 1.06103, 1.06912), (0.002, 52, 0.22319, 0.22517),
                                          (0.01, 13, 0.51094, 0.53685)):  # fmt: skip
        option = hedging.Option(time=weeks / 52)
        stated = hedging.leland_volatility(0.2, round_trip, 1 / 52)
        prices = [options.price(1, 100.0, 100.0, option.time, 0.0, 0.0, each) for each in (stated, 0.2)]
        assert prices[0] - prices[1] == pytest.approx(rise, abs=2e-5)
        found = 0.5 * round_trip * hedging.turnover(option, weeks, stated, in_money=True)
        assert found == pytest.approx(cost, abs=2e-4)  # the table's cost was simulated


def test_without_costs_a_simulated_hedge_has_the_exact_error_and_a_mean_of_nothing():
    rules = (hedging.Rule(every=1), hedging.Rule(every=4))
    wealth = hedging.hedged_wealth(MONTH, 84, 0.0, 1.0, rules, 20_000, 5)
    for found, count in zip(wealth, (84, 21), strict=True):
        error = found.std() * math.sqrt(3.7 / (4 * len(found)))
        assert abs(found.std() - hedging.error_deviation(MONTH, count)) < 4 * error
        assert abs(found.mean()) < 4 * found.std() / math.sqrt(len(found))


def test_whalley_and_wilmotts_band_is_worth_more_than_any_other_rule():
    rules = (*(hedging.Rule(band=band) for band in (1.0, 0.5, 2.0)), hedging.Rule(every=36))
    wealth = hedging.hedged_wealth(MONTH, 1_008, 0.001, 1.0, rules, 10_000, 7)
    powers = np.exp(-wealth)
    certain = -np.log(powers.mean(axis=1))
    errors = powers.std(axis=1) / powers.mean(axis=1) / math.sqrt(10_000)
    for found, error, known in zip(certain, errors, (-0.1603, -0.1956, -0.2275, -0.2463), strict=True):
        assert abs(found - known) < 4 * math.hypot(error, 0.001)
    assert (certain[0] > certain[1:]).all()


def test_a_hedge_by_another_instrument_leaves_one_less_the_square_of_the_correlation():
    ratio = cross_hedge.least_variance_ratio(0.8, 0.02, 0.03)
    assert ratio == pytest.approx(0.8 * 2 / 3)
    assert cross_hedge.variance_left(0.8, 0.02, 0.03, ratio) == pytest.approx(0.36)
    assert cross_hedge.variance_left(0.8, 0.02, 0.03, 1.0) == pytest.approx(0.85)
    assert cross_hedge.variance_left(0.8, 0.02, 0.03, 0.0) == 1.0
    assert cross_hedge.least_variance_ratio(0.8, 0.02, 0.03, 0.25) == pytest.approx(0.75 * ratio)
    assert cross_hedge.least_variance_ratio(0.8, 0.02, 0.03, 2.0) == 0.0


@pytest.mark.parametrize(
    ("start", "known"),
    [(100.0, (0.055, 0.1136, 0.1977, 0.2846, 0.3383, 0.2327, 0.1399)),
     (101.0, (0.051, 0.1025, 0.1738, 0.2457, 0.2857, 0.1959, 0.135))],
)  # fmt: skip
def test_dealers_who_hold_calls_pin_a_price_until_their_hedges_are_too_large(start, known):
    for strength, probability in zip((-1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0), known, strict=True):
        ends = pinning.final_prices(strength, start, 20_000, 3)
        found = float((abs(ends - pinning.STRIKE) < 0.5).mean())
        assert abs(found - probability) < 4.5 * math.sqrt(probability / 20_000)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hedging.error_deviation(MONTH, 0), "count must be above 0, not 0"),
        (lambda: hedging.turnover(MONTH._replace(volatility=0.0), 4), "volatility must be above 0, not 0.0"),
        (lambda: hedging.hedged_wealth(MONTH, 4, 0.0, 1.0, (), 0, 1), "paths must be above 0, not 0"),
        (lambda: cross_hedge.variance_left(1.1, 1.0, 1.0, 1.0), "correlation must be from -1 to 1, not 1.1"),
        (
            lambda: cross_hedge.least_variance_ratio(0.5, 1.0, 0.0),
            "hedged and hedging must be above 0, not 1.0 and 0.0",
        ),
        (lambda: pinning.final_prices(1.0, 100.0, 0, 1), "paths, steps and noise must be above 0, not 0, 100 and 0.2"),
    ],
)
def test_what_cannot_be_hedged_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
