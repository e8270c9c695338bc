from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import lambertw

from sim.models import sniping

RATIOS = 0.1, 0.25, 0.5, 1, 2  # jumps to investors
LAWS = "fixed", "exponential", "normal"
PUBLISHED = {
    "fixed": (0.09091, 0.2, 0.33333, 0.5, 0.66667),
    "exponential": (0.09128, 0.20389, 0.35173, 0.56714, 0.85261),
    "normal": (0.07273, 0.16166, 0.27603, 0.43633, 0.63603),
}


@pytest.mark.parametrize("law", LAWS)
def test_half_spreads_are_the_published_ones(law):
    solved = [sniping.equilibrium_half_spread(1.0, ratio, law, 1.0) for ratio in RATIOS]
    assert solved == pytest.approx(PUBLISHED[law], abs=5.1e-6)


@pytest.mark.parametrize("ratio", RATIOS)
def test_fixed_and_exponential_jumps_have_closed_forms(ratio):
    fixed = sniping.equilibrium_half_spread(2.0, 2.0 * ratio, "fixed", 3.0)
    assert fixed == pytest.approx(3 * ratio / (1 + ratio), rel=1e-9)
    exponential = sniping.equilibrium_half_spread(2.0, 2.0 * ratio, "exponential", 3.0)
    assert exponential == pytest.approx(3 * lambertw(ratio).real, rel=1e-9)


def test_fixed_jumps_give_the_spread_of_glosten_and_milgrom_and_normal_ones_that_of_copeland_and_galai():
    for share, normal in ((0.1, 0.08004), (0.2, 0.16166), (0.3, 0.24661), (0.5, 0.43633), (0.7, 0.68448)):
        assert sniping.equilibrium_half_spread(1 - share, share, "fixed", 1.0) == pytest.approx(share, rel=1e-9)
        solved = sniping.equilibrium_half_spread(1 - share, share, "normal", 1.0)
        assert solved == pytest.approx(normal, abs=5.1e-6)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("firms", [2, 3, 10])
def test_maker_and_sniper_earn_alike_in_equilibrium_whatever_the_number_of_firms(law, firms):
    half_spread = sniping.equilibrium_half_spread(0.4, 0.3, law, 5.0)
    profits = sniping.expected_profits(half_spread, 0.4, 0.3, law, 5.0, firms)
    assert profits.maker == pytest.approx(profits.sniper, rel=1e-9)
    rent = sniping.sniping_rent(half_spread, 0.3, law, 5.0)
    assert firms * profits.sniper == pytest.approx(rent, rel=1e-12)
    assert rent == pytest.approx(0.4 * half_spread, rel=1e-9)


@pytest.mark.parametrize(("firms", "published"), [(2, 0.1111), (3, 0.1429), (10, 0.1837)])
def test_a_maker_without_profit_quotes_the_published_half_spread(firms, published):
    half_spread = sniping.zero_profit_half_spread(1.0, 0.25, "fixed", 1.0, firms)
    assert half_spread == pytest.approx(published, abs=5.1e-5)
    assert half_spread < sniping.equilibrium_half_spread(1.0, 0.25, "fixed", 1.0) == pytest.approx(0.2)
    profits = sniping.expected_profits(half_spread, 1.0, 0.25, "fixed", 1.0, firms)
    assert profits.maker == pytest.approx(0, abs=1e-12)
    assert profits.sniper > 0


def test_played_races_pay_what_is_expected():
    rng, firms, half_spread, steps = np.random.default_rng(2), 3, 0.7, 400_000
    investor, jump = rng.random(steps) < 0.4, rng.random(steps) < 0.3
    excess = np.maximum(np.abs(rng.normal(0, 1.5, steps)) - half_spread, 0) * jump
    first = rng.integers(firms, size=steps)
    expected = sniping.expected_profits(half_spread, 0.4, 0.3, "normal", 1.5, firms)
    for sample, target in (
        (half_spread * investor - excess * (first != 0), expected.maker),
        (excess * (first == 1), expected.sniper),
    ):
        assert abs(sample.mean() - target) < 4 * sample.std() / math.sqrt(steps)


@pytest.mark.parametrize(
    ("law", "draw"),
    [("fixed", lambda rng, n: np.full(n, 2.0)), ("exponential", lambda rng, n: rng.exponential(2.0, n))],
)
def test_drawn_jumps_exceed_the_half_spread_as_expected(law, draw):
    jumps = draw(np.random.default_rng(3), 200_000)
    half_spreads = np.array([[0.0, 0.5], [1.9, 4.0]])
    excess = np.maximum(jumps - half_spreads[..., None], 0)
    solved = sniping.expected_excess(half_spreads, law, 2.0)
    assert solved.shape == half_spreads.shape
    assert np.all(np.abs(excess.mean(axis=-1) - solved) <= 4 * excess.std(axis=-1) / math.sqrt(len(jumps)) + 1e-12)


@pytest.mark.parametrize("law", LAWS)
def test_more_jumps_widen_the_half_spread_and_none_close_it(law):
    solved = [sniping.equilibrium_half_spread(1.0, rate, law, 1.0) for rate in (0, 1e-6, 0.1, 1, 10, 1e6)]
    assert solved[0] == 0
    assert np.all(np.diff(solved) > 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sniping.expected_excess(0.1, "cauchy", 1.0), "law must be one of fixed, exponential, normal"),
        (lambda: sniping.expected_excess(0.1, "fixed", 0.0), "scale must be positive"),
        (lambda: sniping.expected_excess([0.1, -0.1], "fixed", 1.0), "half-spreads must be finite and not negative"),
        (lambda: sniping.sniping_rent(0.1, -1.0, "fixed", 1.0), "jump_rate must be finite and not negative"),
        (lambda: sniping.equilibrium_half_spread(0.0, 1.0, "fixed", 1.0), "investor_rate must be positive"),
        (lambda: sniping.equilibrium_half_spread(1.0, math.nan, "fixed", 1.0), "jump_rate"),
        (lambda: sniping.zero_profit_half_spread(1.0, 1.0, "fixed", 1.0, 1), "firms must be at least 2"),
        (lambda: sniping.expected_profits(0.1, -1.0, 1.0, "fixed", 1.0, 2), "investor_rate must be positive"),
    ],
)
def test_nonsense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
