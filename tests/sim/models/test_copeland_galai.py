from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models.copeland_galai import quotes, spread

DEVIATIONS = 0.01, 0.02, 0.05


@pytest.mark.parametrize(
    ("share", "published"),
    [(0.1, (0.1601, 0.3202, 0.8004)), (0.3, (0.4932, 0.9864, 2.4659)), (0.5, (0.8727, 1.7453, 4.3632))],
)
def test_spreads_are_the_published_ones(share, published):
    assert [spread(100.0, deviation, share) for deviation in DEVIATIONS] == pytest.approx(published, abs=5.1e-5)


@pytest.mark.parametrize(("share", "deviation"), [(0.01, 0.01), (0.3, 0.05), (0.7, 0.6), (0.99, 1.5)])
def test_both_quotes_break_even_against_the_jump(share, deviation):
    bid, ask = quotes(100.0, deviation, share)
    z = np.linspace(-12, 12, 400_001)
    value = 100 * np.exp(deviation * z - deviation**2 / 2)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    lost = [share * np.trapezoid(np.maximum(excess, 0) * density, z) for excess in (value - ask, bid - value)]
    assert [(1 - share) / 2 * distance for distance in (ask - 100, 100 - bid)] == pytest.approx(lost, rel=1e-6)


def test_the_spread_grows_with_the_informed_and_with_the_jump():
    assert spread(100.0, 0.02, 0.0) == 0
    for deviation in DEVIATIONS:
        assert np.all(np.diff([spread(100.0, deviation, share) for share in np.linspace(0, 0.99, 12)]) > 0)
    assert np.all(np.diff([spread(100.0, deviation, 0.3) for deviation in (1e-6, 1e-3, 0.1, 1.0, 5.0)]) > 0)


def test_the_spread_is_proportional_to_the_price():
    assert spread(7.0, 0.3, 0.4) == pytest.approx(7 * spread(1.0, 0.3, 0.4), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 0.1, 0.1), "price must be positive"),
        ((100.0, -0.1, 0.1), "deviation must be positive"),
        ((100.0, math.nan, 0.1), "deviation"),
        ((100.0, 0.1, 1.0), "informed_share must be from 0 to below 1"),
    ],
)
def test_nonsense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        quotes(*arguments)
