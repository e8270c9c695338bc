from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models.glosten_milgrom import (
    entropy_rate,
    expected_effective_spread,
    expected_informed_gain,
    expected_posterior,
    expected_realised_spread,
    expected_spread,
    first_realised_spread,
    normal_half_spread,
    normal_informed_trades,
    posterior,
    quotes,
)

TABLE = {  # informed share: (bid, ask) after 0, 1, … buys
    0.05: [(0.475, 0.525), (0.5, 0.54988), (0.525, 0.5745), (0.54988, 0.59877), (0.5745, 0.62256)],
    0.1: [(0.45, 0.55), (0.5, 0.59901), (0.55, 0.64612), (0.59901, 0.69055), (0.64612, 0.73172)],
    0.2: [(0.4, 0.6), (0.5, 0.69231), (0.6, 0.77143), (0.69231, 0.83505), (0.77143, 0.88364)],
    0.3: [(0.35, 0.65), (0.5, 0.77523), (0.65, 0.86496), (0.77523, 0.92245), (0.86496, 0.95669)],
    0.5: [(0.25, 0.75), (0.5, 0.9), (0.75, 0.96429), (0.9, 0.9878), (0.96429, 0.9959)],
    0.7: [(0.15, 0.85), (0.5, 0.9698), (0.85, 0.99453), (0.9698, 0.99903), (0.99453, 0.99983)],
    0.9: [(0.05, 0.95), (0.5, 0.99724), (0.95, 0.99985), (0.99724, 0.99999), (0.99985, 1.0)],
}


def printed(number, digits):
    return pytest.approx(number, abs=0.50001 * 10**-digits)


@pytest.mark.parametrize("share", TABLE)
def test_quotes_after_buys_are_the_published_ones(share):
    for buys, expected in enumerate(TABLE[share]):
        bid, ask = quotes(share, buys)
        assert (bid, ask) == (printed(expected[0], 5), printed(expected[1], 5))
        odds = ((1 + share) / (1 - share)) ** (buys + 1)
        assert ask == pytest.approx(odds / (1 + odds), rel=1e-12)
        assert quotes(share, -buys) == pytest.approx((1 - ask, 1 - bid), abs=1e-12)


@pytest.mark.parametrize(
    ("prior", "spreads"),
    [(0.6, (0.09604, 0.28904, 0.48485)), (0.7, (0.08413, 0.25568, 0.4375)), (0.9, (0.03623, 0.1146, 0.21429))],
)
def test_the_first_spread_follows_the_closed_form_at_any_prior(prior, spreads):
    for share, expected in zip((0.1, 0.3, 0.5), spreads, strict=True):
        bid, ask = quotes(share, 0, prior)
        assert ask - bid == printed(expected, 5)
        surprise = 2 * prior - 1
        assert ask - bid == pytest.approx(4 * share * prior * (1 - prior) / (1 - (share * surprise) ** 2), rel=1e-12)


def test_quotes_are_conditional_expectations_in_currency():
    share, prior, low, high = 0.35, 0.2, 90.0, 130.0
    buy_if_high, buy_if_low = (1 + share) / 2, (1 - share) / 2
    buy, sell = ((p * prior, q * (1 - prior)) for p, q in ((buy_if_high, buy_if_low), (buy_if_low, buy_if_high)))
    bid, ask = quotes(share, 0, prior, low, high)
    assert ask == pytest.approx((buy[0] * high + buy[1] * low) / sum(buy), rel=1e-12)
    assert bid == pytest.approx((sell[0] * high + sell[1] * low) / sum(sell), rel=1e-12)
    assert sum(buy) * ask + sum(sell) * bid == pytest.approx(prior * high + (1 - prior) * low, rel=1e-12)


def test_without_informed_traders_nothing_is_learnt():
    assert quotes(0.0, 7, 0.3) == pytest.approx((0.3, 0.3))
    assert expected_spread(0.0, 5) == entropy_rate(0.0) == expected_informed_gain(0.0, 5) == 0


def test_many_trades_neither_overflow_nor_lose_what_is_small():
    assert posterior(0.9, 100_000) == 1
    assert posterior(0.9, -100) == pytest.approx(19.0**-100, rel=1e-12)
    assert expected_posterior(0.1, 5000) == pytest.approx(1)


def test_belief_converges_as_published():
    published = {
        0.1: {10: 0.546, 20: 0.5851, 50: 0.6759, 100: 0.7762},
        0.3: {10: 0.7678, 20: 0.8768, 50: 0.9775, 100: 0.9984},
        0.5: {10: 0.9347, 20: 0.9878, 50: 0.9999},
    }
    for share, by_trades in published.items():
        for trades, expected in by_trades.items():
            assert expected_posterior(share, trades) == printed(expected, 4)


def test_spread_shrinks_as_published():
    published = {
        0.3: {0: 0.3, 1: 0.2752, 5: 0.2021, 10: 0.1432, 20: 0.0765, 50: 0.014},
        0.1: {10: 0.0909, 50: 0.065, 100: 0.0449},
        0.5: {5: 0.1792, 10: 0.0731},
    }
    for share, by_trades in published.items():
        for trades, expected in by_trades.items():
            assert expected_spread(share, trades) == printed(expected, 4)


def test_sums_over_buys_are_sums_over_all_paths():
    share, trades = 0.4, 5
    sums = np.zeros(5)
    for path in np.ndindex(*(2,) * trades):
        signs = np.array(path) * 2 - 1
        chance = np.prod((1 + share * signs) / 2)
        bid, ask = quotes(share, int(signs.sum()))
        now, after_buy, after_sell = (quotes(share, int(signs.sum()) + side) for side in (0, 1, -1))
        belief = posterior(share, int(signs.sum()))
        buy = (1 + share) / 2
        sums += chance * np.array(
            [
                belief,
                ask - bid,
                buy * 2 * (ask - belief) + (1 - buy) * 2 * (belief - bid),
                buy * 2 * (ask - sum(after_buy) / 2) + (1 - buy) * 2 * (sum(after_sell) / 2 - bid),
                share * (1 - ask),
            ]
        )
        assert now == (bid, ask)
    functions = expected_posterior, expected_spread, expected_effective_spread, expected_realised_spread
    assert sums == pytest.approx([f(share, trades) for f in (*functions, expected_informed_gain)], rel=1e-12)


def test_realised_spread_against_the_next_midpoint_is_as_published():
    published = {0.1: (0.00099, 0.0006, 0.993), 0.3: (0.02477, 0.00357, 0.959), 0.5: (0.1, 0.00589, 0.895)}
    for share, (first, average, impact) in published.items():
        assert first_realised_spread(share) == printed(first, 5)
        assert first_realised_spread(share) == pytest.approx(expected_realised_spread(share, 0), rel=1e-9)
        realised = np.mean([expected_realised_spread(share, trades) for trades in range(50)])
        effective = np.mean([expected_spread(share, trades) for trades in range(50)])
        assert realised == printed(average, 5)
        assert 1 - realised / effective == pytest.approx(impact, abs=0.0015)


def test_informed_gain_and_belief_spread_agree_with_a_simulation():
    generator = np.random.default_rng(1985)
    published = {0.1: 0.03652, 0.3: 0.03099, 0.5: 0.01397}
    for share, gain in published.items():
        paths, trades = 20_000, 50
        informed = generator.random((paths, trades)) < share
        sides = np.where(informed | (generator.random((paths, trades)) < 0.5), 1, -1)
        after = np.cumsum(sides, axis=1)
        rate = 2 * math.atanh(share)
        belief = 1 / (1 + np.exp(-rate * (after - sides)))
        ask = 1 / (1 + np.exp(-rate * (after - sides + 1)))
        gains = (informed * (1 - ask)).mean(axis=1)
        exact = np.mean([expected_informed_gain(share, period) for period in range(trades)])
        error = gains.std() / math.sqrt(paths)
        assert abs(gains.mean() - exact) < 4 * error
        assert abs(gain - exact) < 4 * error
        tenth = 2 * np.abs(1 / (1 + np.exp(-rate * after[:, 9])) - belief[:, 9])
        assert abs(tenth.mean() - expected_effective_spread(share, 9)) < 4 * tenth.std() / math.sqrt(paths)


def test_belief_spreads_are_as_published():
    assert expected_effective_spread(0.3, 0) == pytest.approx(0.3, rel=1e-12)
    assert expected_effective_spread(0.3, 1) == pytest.approx(0.2729, abs=2e-4)  # simulated by the source
    assert expected_effective_spread(0.3, 9) == pytest.approx(0.1479, abs=2e-3)


def test_entropy_rate_is_as_published():
    for share, expected in ((0.1, 0.02007), (0.3, 0.18571), (0.5, 0.54931)):
        assert entropy_rate(share) == printed(expected, 5)


def test_normal_value_gives_the_published_half_spreads():
    half_spreads = {0.1: 0.08004, 0.2: 0.16166, 0.3: 0.24661, 0.5: 0.43633, 0.7: 0.68448}
    informed_trades = {0.1: 0.9362, 0.2: 0.8716, 0.3: 0.8052, 0.5: 0.6626, 0.7: 0.4937}
    for share in half_spreads:
        assert normal_half_spread(share) == printed(half_spreads[share], 5)
        assert normal_half_spread(share, 3.0) == pytest.approx(3 * normal_half_spread(share), rel=1e-12)
        assert normal_informed_trades(share) == printed(informed_trades[share], 4)


@pytest.mark.parametrize("share", [0.001, 0.25, 0.6, 0.99])
def test_normal_half_spread_breaks_even(share):
    half_spread = normal_half_spread(share)
    z = np.linspace(half_spread, 12, 200_001)
    lost = share * np.trapezoid((z - half_spread) * np.exp(-(z**2) / 2), z) / math.sqrt(2 * math.pi)
    assert (1 - share) / 2 * half_spread == pytest.approx(lost, rel=1e-8)


def test_no_informed_traders_no_normal_half_spread():
    assert normal_half_spread(0.0) == 0
    assert normal_informed_trades(0.0) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: posterior(1.0, 0), "informed_share must be from 0 to below 1, not 1.0"),
        (lambda: quotes(-0.1, 0), "informed_share"),
        (lambda: posterior(0.3, 0, prior=1.0), "prior must be above 0 and below 1"),
        (lambda: posterior(0.3, 0, prior=math.nan), "prior"),
        (lambda: quotes(0.3, 0, low=1.0, high=1.0), "low must be below high"),
        (lambda: quotes(0.3, 0, high=math.inf), "low must be below high"),
        (lambda: expected_posterior(0.3, -1), "trades must not be negative"),
        (lambda: expected_spread(1.5, 1), "informed_share"),
        (lambda: entropy_rate(math.nan), "informed_share"),
        (lambda: normal_half_spread(1.0), "informed_share"),
        (lambda: normal_half_spread(0.5, 0.0), "deviation must be positive"),
    ],
)
def test_nonsense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
