"""A slice of total variance, its derivatives, and the arbitrage that it leaves or does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models.svi import Slice, butterfly, greatest_crossing, least_butterfly, shape, total_variance

VOGT = Slice(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)  # Gatheral and Jacquier 2014, example 3.1
CALM = Slice(0.04, 0.1, -0.4, 0.0, 0.2)


def test_the_printed_slices_have_their_printed_variances_and_least_g() -> None:
    assert total_variance(VOGT, 0.0) == pytest.approx(0.017426, abs=5.1e-7)
    least, place = least_butterfly(VOGT, 1.5, 2_000)
    assert (round(least, 6), round(place, 3)) == (-0.032864, 0.879)
    assert total_variance(CALM, 0.0) == pytest.approx(0.06, abs=1e-15)
    assert round(least_butterfly(CALM, 1.5, 2_000)[0], 3) == 0.322


@pytest.mark.parametrize("k", [-1.4, -0.2, 0.0, 0.3586, 1.1])
def test_derivatives_are_those_of_the_variance(k: float) -> None:
    def root(at: float) -> float:
        return math.hypot(at - VOGT.m, VOGT.s)

    w, first, second = shape(VOGT, k - VOGT.m, root(k))
    step = 1e-5
    below, above = total_variance(VOGT, k - step), total_variance(VOGT, k + step)
    assert w == pytest.approx(total_variance(VOGT, k), rel=1e-14)
    assert first == pytest.approx((above - below) / (2.0 * step), abs=1e-9)
    assert second == pytest.approx((above - 2.0 * w + below) / step**2, abs=1e-5)


def test_a_dip_between_the_places_of_an_even_grid_is_found() -> None:
    narrow = Slice(0.000108, 0.03545, 0.006, -0.0091, 0.00793)  # an expiry of a day
    even = min(butterfly(narrow, k) for k in np.arange(-60, 61) * 0.025)
    least, place = least_butterfly(narrow, 1.5, 60)
    assert least < -0.01 < 0.0 < even
    assert butterfly(narrow, place) == pytest.approx(least, rel=1e-9)


def test_a_crossing_is_measured_where_it_is_greatest() -> None:
    dense = np.linspace(-1.5, 1.5, 40_001)
    for first, second in ((CALM, VOGT), (VOGT, CALM), (CALM, CALM._replace(m=0.9, s=0.01))):
        expected = max(total_variance(second, k) - total_variance(first, k) for k in dense)
        assert greatest_crossing(first, second, 1.5, 800) == pytest.approx(expected, abs=1e-6)
    assert greatest_crossing(CALM._replace(a=0.05), CALM, 1.5, 100) == pytest.approx(-0.01)


def test_a_slice_without_variance_somewhere_has_no_density_there() -> None:
    assert butterfly(CALM._replace(a=-0.05), 0.0) == -math.inf
