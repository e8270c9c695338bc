"""Fits of SVI: they give a slice back that made the quotes, and never leave arbitrage whatever the quotes are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.models.options import CALL, PUT, black
from sim.models.svi import Slice, butterfly, total_variance
from sim.models.svi_fit import NO_SLICE, REACH, aims, fit, refit, squares

MADE = Slice(0.01, 0.12, -0.35, 0.02, 0.15)


def quotes_of(slice: Slice, ks: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """What :func:`aims` makes of quotes around the prices of a slice."""
    sides = np.where(ks > 0.0, CALL, PUT)
    prices = np.array(
        [
            black(side, 1.0, math.exp(k), math.sqrt(total_variance(slice, k))).price
            for side, k in zip(sides, ks, strict=True)
        ]
    )
    wanted, weights = np.empty(len(ks)), np.empty(len(ks))
    assert aims(sides, ks, prices - half, prices + half, wanted, weights) == len(ks)
    return wanted, weights


def arbitrage(slice: Slice, before: Slice = NO_SLICE) -> float:
    """The least of g and of the total variance above the expiry before, on places even in k and dense at the bend."""
    bend = slice.m + slice.s * np.sinh(np.linspace(-9.0, 9.0, 2_001))
    ks = np.concatenate([np.linspace(-REACH, REACH, 2_001), bend[np.abs(bend) <= REACH]])
    return min(min(butterfly(slice, k), total_variance(slice, k) - total_variance(before, k)) for k in ks)


def test_quotes_of_a_slice_give_it_back() -> None:
    ks = np.linspace(-0.6, 0.6, 25)
    wanted, weights = quotes_of(MADE, ks, 1e-6)
    assert wanted == pytest.approx([total_variance(MADE, k) for k in ks], rel=1e-12)
    found = fit(ks, wanted, weights, NO_SLICE)
    assert found == pytest.approx(MADE, abs=2e-3)
    assert squares(found, ks, wanted, weights) < 1e-2 * len(ks)


def test_a_second_fit_from_the_first_finds_the_same() -> None:
    ks = np.linspace(-0.5, 0.4, 20)
    wanted, weights = quotes_of(MADE, ks, 2e-4)
    first = fit(ks, wanted, weights, NO_SLICE)
    moved = wanted * 1.02
    again, anew = refit(ks, moved, weights, NO_SLICE, first), fit(ks, moved, weights, NO_SLICE)
    for k in ks:
        assert total_variance(again, k) == pytest.approx(total_variance(anew, k), rel=2e-3)


def test_quotes_with_arbitrage_are_fitted_without_it() -> None:
    vogt = Slice(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
    ks = np.linspace(-1.0, 1.4, 30)
    found = fit(ks, *quotes_of(vogt, ks, 1e-4), NO_SLICE)
    assert arbitrage(vogt) < -0.03 < 0.0 < arbitrage(found)


def test_an_expiry_stays_above_the_one_before() -> None:
    ks = np.linspace(-0.4, 0.4, 15)
    wanted, weights = quotes_of(MADE, ks, 1e-4)
    before = MADE._replace(a=MADE.a + 0.004, rho=0.1)
    assert arbitrage(fit(ks, wanted, weights, NO_SLICE), before) < 0.0
    assert arbitrage(fit(ks, wanted, weights, before), before) > 0.0


def test_few_quotes_make_a_flat_slice_and_none_makes_none() -> None:
    none = np.empty(0)
    assert fit(none, none, none, NO_SLICE) == NO_SLICE == refit(none, none, none, NO_SLICE, MADE)
    two = np.array([-0.1, 0.1])
    found = fit(two, np.array([0.04, 0.06]), np.array([1.0, 1.0]), NO_SLICE)
    assert (found.a, found.b) == (pytest.approx(0.05), 0.0)


def test_a_quote_that_no_volatility_gives_counts_for_nothing() -> None:
    wanted, weights = np.empty(3), np.empty(3)
    sides, ks = np.array([CALL, CALL, PUT]), np.array([-0.1, 0.1, 0.0])
    bids, asks = np.array([0.05, 0.02, 0.03]), np.array([0.06, 0.02, 0.05])
    assert aims(sides, ks, bids, asks, wanted, weights) == 1  # below its exercise value; without a spread; good
    assert list(weights > 0.0) == [False, False, True]


@settings(max_examples=150, deadline=None)
@given(
    scale=st.floats(1e-3, 2.0),
    points=st.lists(st.tuples(st.floats(-4.0, 4.0), st.floats(0.05, 3.0), st.floats(0.0, 1e4)), max_size=25),
    tilt=st.floats(-0.3, 0.3),
    floor=st.booleans(),
)
def test_no_quotes_make_a_fit_with_arbitrage(
    scale: float, points: list[tuple[float, float, float]], tilt: float, floor: bool
) -> None:
    ks = np.clip(np.array([scale * place for place, _, _ in points]), -2.0, 2.0)
    wanted = np.array([(scale * max(0.01, level + tilt * place)) ** 2 for place, level, _ in points])
    weights = np.array([weight / scale**2 for _, _, weight in points])
    before = fit(0.7 * ks, 0.8 * wanted, weights[::-1].copy(), NO_SLICE) if floor else NO_SLICE
    found = fit(ks, wanted, weights, before)
    for each in (found, refit(ks, wanted, weights, before, found)):
        assert all(map(math.isfinite, each))
        assert each == NO_SLICE or arbitrage(each, before) >= 0.0
