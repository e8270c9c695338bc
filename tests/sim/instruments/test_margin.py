"""Margin: what an account has for it, and what the standard rule and the scan ask for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.markets.held_positions import STOCK, Held

OPTIONS = {
    "call110": ("call", 110.0), "put95": ("put", 95.0), "put100": ("put", 100.0), "future": ("future",),
    "swap": ("perpetual",),
}  # fmt: skip
CALL110, PUT95, PUT100 = 0.953947, 1.888063, 3.987761
NAMES = st.sampled_from([*OPTIONS, "ACME", "OTHER"])
STRANGLE = {"call110": -10, "put95": -5, "ACME": 4}


@cache
def market(rule: str) -> Held:
    return Held(OPTIONS, {"ACME": 0}, cash=100.0, margin={"rule": rule}, stocks={"OTHER": STOCK})


def held(rule: str, lots: Mapping[str, int], cash: float = 100.0) -> Held:
    found = market(rule)
    found.hold(lots)
    found.world.accounts[0]["cash"] = round(cash / 1e-6)
    return found


@pytest.mark.parametrize(
    ("rule", "lots", "initial", "maintenance"),
    [
        ("standard", {"call110": -1}, 10.953947, 8.453947),
        ("standard", {"put95": -1}, 11.888063, 9.388063),
        ("standard", STRANGLE, 168.979790, 131.479790),
        ("standard", {"put95": 1, "put100": -1}, 18.987761, 11.487761),
        ("scan", STRANGLE, 97.625028, 0.75 * 97.625028),
        ("scan", {"put95": 1, "put100": -1}, 2.732202, 0.75 * 2.732202),
    ],
)
def test_positions_need_the_published_margin(rule, lots, initial, maintenance):
    assert held(rule, lots).margin()[1:] == pytest.approx((initial, maintenance), abs=5e-6)


def test_options_are_no_collateral_under_the_standard_rule_and_are_at_the_mark_under_the_scan():
    lots = {"call110": -10, "put95": 5, "ACME": 4}
    assert held("standard", lots).margin()[0] == pytest.approx(100.0 + 400.0, abs=1e-5)
    assert held("scan", lots).margin()[0] == pytest.approx(500.0 - 10 * CALL110 + 5 * PUT95, abs=1e-5)


@pytest.mark.parametrize(
    ("lots", "cash", "initial"),
    [
        ({"future": 3}, 0.0, 6.0),
        ({"future": -3, "swap": 2}, 0.0, 10.0),
        ({"ACME": -2}, 200.0, 4.0),
        ({"ACME": 2}, 0.0, 0.0),  # paid for
        ({"ACME": 2}, -50.0, 1.0),  # 50 of them borrowed
        ({"ACME": 2}, -300.0, 4.0),  # all of it, and more
        ({"ACME": 1, "OTHER": 1}, -150.0, 3.0),
        ({"put95": 7}, 0.0, 0.0),
    ],
)
def test_what_is_no_option_needs_a_share_of_its_price_and_a_stock_only_of_what_was_borrowed(lots, cash, initial):
    _, first, kept = held("standard", lots, cash).margin()
    assert (first, kept) == pytest.approx((initial, 0.5 * initial), abs=1e-9)


@pytest.mark.parametrize("rule", ["standard", "scan"])
@given(lots=st.dictionaries(NAMES, st.integers(-5, 5), max_size=4), more=NAMES, count=st.integers(-5, 5),
       cash=st.integers(-300, 300))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_margin_with_more_lots_is_that_of_having_traded_them_at_the_mark(rule, lots, more, count, cash):
    prices = {"ACME": 100.0, "OTHER": 100.0, "future": 0.0, "swap": 0.0}  # a future costs nothing at its last mark
    there = held(rule, lots, cash)
    asked = there.margin(more, count)
    paid = prices.get(more, float(there.world.instruments[there.names.index(more)]["initial"]))
    after = held(rule, lots | {more: lots.get(more, 0) + count}, cash - count * paid).margin()
    assert asked == pytest.approx(after, abs=1e-4)


def test_rates_and_factors_are_keys():
    rates = {"option_initial": 0.3, "option_least": 0.2, "option_maintenance": 0.1, "linear_initial": 0.5,
             "linear_maintenance": 0.25}  # fmt: skip
    found = Held(OPTIONS, {"call110": -1, "future": 1}, margin={"rule": "standard"} | rates).margin()
    assert found[1:] == pytest.approx((20.0 + CALL110 + 50.0, 10.0 + CALL110 + 25.0), abs=1e-6)
    factors = {"initial_factor": 2.0, "maintenance_factor": 1.5}
    found = Held(OPTIONS, {"ACME": 1}, margin={"rule": "scan"} | factors).margin()
    assert found[1:] == pytest.approx((30.0, 22.5), rel=1e-12)
