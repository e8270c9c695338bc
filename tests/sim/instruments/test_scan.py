"""The scan: what positions lose at worst over shifts of prices and volatilities."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.models.options import CALL, PUT, price
from tests.markets.held_positions import DEVIATION, MOVES, STOCK, Held

STRIKES = tuple(range(80, 121, 5))
CHAIN = {f"{kind}{strike}": (kind, float(strike)) for strike in STRIKES for kind in ("call", "put")}  # pairs
SHORT = {"call110": ("call", 110.0), "put95": ("put", 95.0)}


@cache
def chain() -> Held:
    return Held(CHAIN, {"ACME": 0}, risk={})


def test_the_scan_of_a_strangle_sold_against_stock_is_the_published_loss_at_its_corner():
    held = Held(SHORT, {"call110": -10, "put95": -5, "ACME": 4}, cash=100.0, risk={})
    gains = sum(units * held.gains(name) for name, units in (("call110", -10), ("put95", -5), ("ACME", 4)))
    assert held.stress() == pytest.approx(97.625028, abs=5.1e-7)
    assert np.unravel_index(np.argmin(gains), gains.shape) == (0, 2)  # −15 %, volatility + 25 %
    assert held.stress() == -gains.min()


def test_each_scenario_is_a_price_and_a_volatility_at_which_an_option_is_valued():
    gains = chain().gains("put95")
    now = price(PUT, 100.0, 95.0, MOVES, 0.0, 0.0, DEVIATION)
    for place, shift in enumerate(np.linspace(-0.15, 0.15, 7)):
        for column, factor in enumerate((0.75, 1.0, 1.25)):
            moved = price(PUT, 100.0 * (1 + shift), 95.0, MOVES, 0.0, 0.0, factor * DEVIATION)
            assert gains[place, column] == pytest.approx(moved - now, abs=1e-12)


def test_range_points_and_volatilities_are_keys():
    held = Held(SHORT, {"call110": -1}, risk={"price_range": 0.3, "price_points": 3, "volatility_range": 0.5})
    now = price(CALL, 100.0, 110.0, MOVES, 0.0, 0.0, DEVIATION)
    assert held.gains("call110").shape == (3, 3)
    assert held.stress() == pytest.approx(price(CALL, 130.0, 110.0, MOVES, 0.0, 0.0, 1.5 * DEVIATION) - now, abs=1e-9)


def test_futures_and_stocks_move_in_proportion_and_each_stock_has_its_own_worst_scenario():
    other = {"OTHER": STOCK | {"initial": 50.0}}
    held = Held({"future": ("future",), "swap": ("perpetual",)}, {"ACME": 3}, stocks=other, risk={})
    assert held.stress() == pytest.approx(45.0, rel=1e-12)
    held.hold({"ACME": 3, "future": -2, "swap": -1})
    assert held.stress() == pytest.approx(0.0, abs=1e-12)
    held.hold({"ACME": 3, "OTHER": -4})  # an offset only if both fell
    assert held.stress() == pytest.approx(45.0 + 30.0, rel=1e-12)


@given(lots=st.dictionaries(st.sampled_from(sorted(CHAIN)), st.integers(-5, 5), max_size=5),
       more=st.sampled_from(sorted(CHAIN)), count=st.integers(-5, 5))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_stress_with_more_lots_is_that_of_holding_them(lots, more, count):
    held = chain()
    held.hold(lots)
    asked = held.stress(more, count)
    held.hold(lots | {more: lots.get(more, 0) + count})
    assert asked == pytest.approx(held.stress(), abs=1e-9)


def spread(draw: st.DrawFn) -> dict[str, int]:
    """A vertical spread bought or sold, a butterfly bought or sold, or an option bought."""
    kind, count = draw(st.sampled_from(["call", "put"])), draw(st.integers(1, 4))
    first, second, third = sorted(draw(st.permutations(range(len(STRIKES))))[:3])
    low, middle, high = (f"{kind}{STRIKES[place]}" for place in (first, second, third))
    sign = draw(st.sampled_from([-1, 1])) * count
    legs = {
        "spread": {low: sign, high: -sign},
        "butterfly": {low: sign * (third - second), middle: sign * (first - third), high: sign * (second - first)},
        "option": {middle: count},
    }
    return legs[draw(st.sampled_from(sorted(legs)))]


bounded = st.composite(spread)


def greatest_loss(lots: dict[str, int]) -> float:
    """What it costs less the least that it pays at expiry, which is at a strike, at 0 or far out."""
    ends = np.array([0.0, *STRIKES, 1e4])
    cost = least = 0.0
    for name, count in lots.items():
        kind, strike = CHAIN[name]
        side = CALL if kind == "call" else PUT
        cost += count * price(side, 100.0, strike, MOVES, 0.0, 0.0, DEVIATION)
        least = least + count * np.maximum(side * (ends - strike), 0.0)
    return cost - float(np.min(least))


@given(parts=st.lists(bounded(), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_the_scan_of_positions_with_a_bounded_loss_never_exceeds_it(parts):
    lots: dict[str, int] = {}
    for part in parts:
        lots = {name: lots.get(name, 0) + part.get(name, 0) for name in lots | part}
    held = chain()
    held.hold(lots)
    assert held.stress() <= greatest_loss(lots) + 1e-9


def test_a_bull_put_spread_is_scanned_below_its_greatest_loss():
    held = chain()
    held.hold({"put95": 1, "put100": -1})
    assert held.stress() == pytest.approx(2.732202, abs=5.1e-7)
    assert greatest_loss({"put95": 1, "put100": -1}) == pytest.approx(2.900302, abs=5.1e-7)
