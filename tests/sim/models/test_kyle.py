from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models.kyle import insider_profit, maker_profit, solve, strategic


def printed(numbers, digits=5):
    return pytest.approx(numbers, abs=0.50001 * 10**-digits)


@pytest.mark.parametrize(
    ("insiders", "impact", "variance"),
    [(1, 0.5, 1 / 2), (2, 0.4714, 1 / 3), (3, 0.43301, 1 / 4), (5, 0.37268, 1 / 6), (10, 0.28748, 1 / 11)],
)
def test_one_auction_follows_the_closed_form(insiders, impact, variance):
    unit = solve(1.0, 1.0, insiders=insiders)
    assert (unit.impact[0], unit.total_profit) == printed((impact, impact), 4 if insiders == 2 else 5)
    assert unit.variance[0] == pytest.approx(variance, rel=1e-12)
    deviation, noise = 2.5, 40.0
    answer = solve(deviation, noise, insiders=insiders)
    assert answer.impact == pytest.approx(deviation / noise * math.sqrt(insiders) / (insiders + 1), rel=1e-12)
    assert answer.intensity == pytest.approx(noise / deviation / math.sqrt(insiders), rel=1e-12)
    assert answer.total_profit == pytest.approx(deviation * noise * math.sqrt(insiders) / (insiders + 1), rel=1e-12)


def test_two_insiders_have_the_printed_impact():
    assert solve(1.0, 1.0, insiders=2).impact == printed(0.4714045, 7)


@pytest.mark.parametrize(
    ("auctions", "impact", "intensity", "variance"),
    [
        (2, (0.65288, 0.58823), (0.47172, 0.85001), (0.69202, 0.34601)),
        (3, (0.7228, 0.70412, 0.63439), (0.31071, 0.43739, 0.78815), (0.77542, 0.53661, 0.2683)),
        (
            4,
            (0.7648, 0.75676, 0.73721, 0.6642),
            (0.23256, 0.29677, 0.41776, 0.75278),
            (0.82214, 0.6375, 0.44116, 0.22058),
        ),
        (
            5,
            (0.7936, 0.78935, 0.78105, 0.76088, 0.68553),
            tuple(beta / 5 for beta in (0.93124, 1.12665, 1.43768, 2.02384, 3.64684)),
            (0.85219, 0.70062, 0.54327, 0.37596, 0.18798),
        ),
    ],
)
def test_several_auctions_have_the_published_numbers(auctions, impact, intensity, variance):
    answer = solve(1.0, 1.0, auctions)
    assert answer.impact == printed(impact)
    assert answer.intensity == printed(intensity)
    assert answer.variance == printed(variance)


def test_profit_grows_with_auctions_to_that_of_continuous_trading():
    published = {1: 0.5, 2: 0.62055, 3: 0.6871, 4: 0.73074, 5: 0.76208, 10: 0.84389, 20: 0.90244, 100: 0.97144}
    assert [solve(1.0, 1.0, auctions).total_profit for auctions in published] == printed(list(published.values()))
    continuous = solve(1.0, 1.0, 2000)
    assert continuous.total_profit == pytest.approx(1, abs=0.003)
    assert continuous.impact[:1000] == pytest.approx(1, abs=0.003)
    assert continuous.variance[:-1] == pytest.approx(1 - np.arange(1, 2000) / 2000, abs=0.003)


@pytest.mark.parametrize(("auctions", "insiders"), [(1, 1), (4, 1), (1, 3), (5, 3)])
def test_makers_price_at_the_conditional_expectation(auctions, insiders):
    deviation, noise = 3.0, 50.0
    answer = solve(deviation, noise, auctions, insiders)
    before = np.concatenate([[deviation**2], answer.variance[:-1]])
    informed = insiders * answer.intensity
    flow = informed**2 * before + noise**2 / auctions
    assert answer.impact == pytest.approx(informed * before / flow, rel=1e-10)
    assert answer.variance == pytest.approx(before * noise**2 / auctions / flow, rel=1e-10)
    gained = informed * before * (1 - answer.impact * informed)
    assert answer.profit == pytest.approx(gained, rel=1e-10)
    assert answer.profit == pytest.approx(answer.impact * noise**2 / auctions, rel=1e-12)


@pytest.mark.parametrize(("auctions", "insiders"), [(4, 1), (3, 2), (6, 4)])
def test_each_insiders_plan_is_a_best_response(auctions, insiders):
    from scipy.optimize import minimize

    noise = 1 / auctions
    answer = solve(1.0, 1.0, auctions, insiders)

    def loss(own):
        left, profit = 1.0, 0.0  # E[(value - price)²]
        for mine, theirs, impact in zip(own, (insiders - 1) * answer.intensity, answer.impact, strict=True):
            stays = 1 - impact * (mine + theirs)
            profit += mine * stays * left
            left = stays**2 * left + impact**2 * noise
        return -profit

    best = minimize(loss, 0.5 * answer.intensity, tol=1e-12)
    assert best.x == pytest.approx(answer.intensity, rel=1e-4)
    assert -best.fun == pytest.approx(answer.total_profit / insiders, rel=1e-9)


def test_more_insiders_tell_sooner_and_earn_less():
    answers = [solve(1.0, 1.0, 10, insiders) for insiders in (1, 2, 3, 6)]
    assert np.all(np.diff([answer.total_profit for answer in answers]) < 0)
    assert np.all(np.diff([answer.variance for answer in answers], axis=0) < 0)


def test_a_simulated_market_gives_the_published_profit():
    generator = np.random.default_rng(1985)
    answer = solve(1.0, 1.0, 4)
    value = generator.standard_normal(200_000)
    price, profit = np.zeros_like(value), np.zeros_like(value)
    for impact, intensity in zip(answer.impact, answer.intensity, strict=True):
        bought = intensity * (value - price)
        price = price + impact * (bought + generator.standard_normal(value.size) / 2)
        profit += bought * (value - price)
    assert abs(profit.mean() - 0.73074) < 4 * profit.std() / math.sqrt(value.size)
    assert np.var(value - price) == pytest.approx(answer.variance[-1], rel=0.02)


def test_one_insider_does_best_at_the_equilibrium():
    for insiders in (1, 2, 5):
        answer = solve(2.0, 30.0, insiders=insiders)
        factors = np.linspace(0, 2, 21)
        others = (insiders - 1) * answer.intensity[0]
        own = factors * answer.intensity[0]
        expected = own * 4 * (1 - answer.impact[0] * (own + others))
        profits = [insider_profit(factor, 2.0, 30.0, insiders) for factor in factors]
        assert profits == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert np.argmax(profits) == 10
        assert insiders * profits[10] == pytest.approx(answer.total_profit, rel=1e-12)


@pytest.mark.parametrize(
    ("makers", "impact", "profit", "variance"),
    [
        (3, 0.86603, 0.57735, 0.75),
        (4, 0.70711, 0.35355, 0.66667),
        (5, 0.6455, 0.2582, 0.625),
        (10, 0.55902, 0.1118, 0.55556),
        (20, 0.52705, 0.0527, None),
    ],
)
def test_strategic_makers_have_the_published_numbers(makers, impact, profit, variance):
    answer = strategic(makers, 1.0, 1.0)
    assert (answer.impact, answer.profit) == printed((impact, profit))
    assert answer.intensity == pytest.approx(1 / (2 * answer.impact), rel=1e-12)
    assert answer.slope * makers * answer.impact == pytest.approx(1, rel=1e-12)
    if variance is not None:
        assert answer.variance == printed(variance)
    learnt = answer.intensity / (answer.intensity**2 + 1)
    assert answer.impact == pytest.approx((makers - 1) / (makers - 2) * learnt, rel=1e-12)


def test_many_strategic_makers_are_competitive():
    answer, competitive = strategic(10**6, 2.0, 5.0), solve(2.0, 5.0)
    assert answer.impact == pytest.approx(competitive.impact[0], rel=1e-5)
    assert answer.variance == pytest.approx(competitive.variance[0], rel=1e-5)
    assert answer.profit == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("makers", [3, 4, 10])
def test_a_makers_profit_is_highest_at_its_equilibrium_slope(makers):
    from scipy.optimize import minimize_scalar

    best = minimize_scalar(lambda factor: -maker_profit(factor, makers, 2.0, 3.0), bounds=(0, 5), method="bounded")
    assert best.x == pytest.approx(1, abs=1e-4)
    assert maker_profit(1.0, makers, 2.0, 3.0) == pytest.approx(strategic(makers, 2.0, 3.0).profit / makers, rel=1e-12)
    assert maker_profit(0.0, makers, 2.0, 3.0) == 0


def test_a_makers_profit_off_the_equilibrium_is_that_of_a_simulated_auction():
    generator = np.random.default_rng(1989)
    answer = strategic(4, 2.0, 3.0)
    value, noise = generator.normal(0, 2.0, 400_000), generator.normal(0, 3.0, 400_000)
    for factor in (0.5, 2.0):
        price = (answer.intensity * value + noise) / ((3 + factor) * answer.slope)
        profit = factor * answer.slope * price * (price - value)
        expected = maker_profit(factor, 4, 2.0, 3.0)
        assert abs(profit.mean() - expected) < 4 * profit.std() / math.sqrt(value.size)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: solve(0.0, 1.0), "value_deviation must be positive"),
        (lambda: solve(1.0, math.inf), "noise_deviation must be positive and finite"),
        (lambda: solve(1.0, 1.0, auctions=0), "auctions and insiders must be at least 1"),
        (lambda: solve(1.0, 1.0, insiders=0), "auctions and insiders must be at least 1"),
        (lambda: solve(1.0, 1.0, auctions=2000, insiders=3), "reveal the value before the last of 2000 auctions"),
        (lambda: strategic(2, 1.0, 1.0), "makers must be at least 3, not 2"),
        (lambda: strategic(3, -1.0, 1.0), "value_deviation"),
        (lambda: maker_profit(-1.0, 3, 1.0, 1.0), "slope_factor must not be negative"),
        (lambda: maker_profit(1.0, 2, 1.0, 1.0), "makers must be at least 3"),
        (lambda: insider_profit(1.0, 1.0, 1.0, insiders=0), "insiders must be at least 1"),
        (lambda: insider_profit(1.0, 1.0, 0.0), "noise_deviation"),
    ],
)
def test_nonsense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
