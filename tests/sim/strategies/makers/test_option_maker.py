"""A maker of options quotes what they are worth, and leans against the vega and gamma that it holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.core.errors import ScenarioError
from sim.models import options, portfolio_vega
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

LOGNORMAL = {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.01}


def chain_market(params: dict[str, Any], steps: int = 6, **rest: Any) -> dict[str, Any]:
    """A chain of six options, their maker, and nobody who trades."""
    return {
        "run": {"steps": steps},
        "instruments": [{"name": "ACME", "value": dict(LOGNORMAL)}],
        "venues": [{"name": "stock", "instrument": "ACME"}],
        "chains": [{"name": "options", "of": "ACME", "expiries": [4], "kinds": ["call", "put"],
                    "strikes": {"first": 95.0, "last": 105.0, "step": 5.0}}],
        "populations": [
            {"name": "maker", "strategy": "option_maker", "venues": ["options"], "params": params, **rest},
        ],
        "record": {"book_every": 1, "agents_every": 1},
    }  # fmt: skip


def quotes(run: Run, step: int, book: str) -> tuple[float, float]:
    rows = run.book[((run.book["venue"] == book) & (run.book["step"] == step)).to_numpy(bool)]
    return float(rows["bid"].iloc[0]), float(rows["ask"].iloc[0])


@pytest.mark.parametrize(("volatility", "deviation"), [("value", 0.01), ("stated", 0.02)])
def test_it_quotes_each_option_around_its_worth_at_the_mark_rounded_outward(volatility, deviation):
    run = execute(parse(chain_market({"half_spread": 0.1, "volatility": volatility, "stated_volatility": 0.02})))
    for step in range(4):
        for strike in (95, 100, 105):
            for side, kind in ((1, "call"), (-1, "put")):
                worth = options.price(side, 100.0, strike, 3.0 - step, 0.0, 0.0, deviation)
                bid, ask = quotes(run, step, f"options-4-{strike}-{kind}")
                assert ask == pytest.approx(math.ceil((worth + 0.1) * 100 - 1e-9) / 100)
                if worth - 0.1 >= 0.01:
                    assert bid == pytest.approx(math.floor((worth - 0.1) * 100 + 1e-9) / 100)
                else:
                    assert math.isnan(bid)


def test_it_stops_when_the_options_are_settled_and_nothing_of_it_is_rejected():
    run = execute(parse(chain_market({"half_spread": 0.1})))
    assert math.isnan(quotes(run, 4, "options-4-100-call")[1])
    assert not run.manifest.get("rejections", {}).get("maker")


def test_vega_and_gamma_that_it_holds_move_all_its_quotes_against_them():
    plain = execute(parse(chain_market({"half_spread": 0.1})))
    held = {"endowment": {"positions": {"options-4-100-call": 10}}}
    leaning = execute(parse(chain_market({"half_spread": 0.1, "vega_skew": 2e-6, "gamma_skew": 0.2}, **held)))
    at_the_money = options.greeks(1, 100.0, 100.0, 3.0, 0.0, 0.0, 0.01)
    for strike in (95, 100, 105):
        one = options.greeks(1, 100.0, strike, 3.0, 0.0, 0.0, 0.01)
        shift = 2e-6 * 10 * at_the_money.vega * one.vega + 0.2 * 10 * at_the_money.gamma * one.gamma
        before, after = (quotes(run, 0, f"options-4-{strike}-call")[1] for run in (plain, leaning))
        assert before - after == pytest.approx(shift, abs=0.0101)


def test_a_chain_stands_for_all_its_books_and_a_larger_one_is_refused():
    scenario = parse(chain_market({}))
    assert len(scenario.venues) == 7
    assert scenario.populations[0].venues == tuple(venue.name for venue in scenario.venues[1:])
    assert scenario == parse(scenario.market())
    data = chain_market({})
    data["chains"][0]["strikes"] = {"first": 50.0, "last": 600.0, "step": 1.0}
    with pytest.raises(ScenarioError, match="more than the most that one population trades on"):
        parse(data)


@pytest.mark.parametrize("volatility", ["value", "stated"])
def test_a_slope_gives_each_strike_the_volatility_of_its_moneyness(volatility):
    params = {"half_spread": 0.1, "volatility": volatility, "stated_volatility": 0.01, "slope": -0.03}
    run = execute(parse(chain_market(params)))
    for strike in (95, 100, 105):
        worth = options.price(1, 100.0, strike, 3.0, 0.0, 0.0, 0.01 - 0.03 * math.log(strike / 100.0))
        assert quotes(run, 0, f"options-4-{strike}-call")[1] == pytest.approx(worth + 0.1, abs=0.0101)


# --- its own surface ------------------------------------------------------------------------------------------------

STRIKES = (85, 90, 95, 100, 105, 110, 115)


def smile(strike: float) -> float:
    """A volatility per √step that is higher for low strikes."""
    k = math.log(strike / 100.0)
    return 0.01 - 0.01 * k + 0.05 * k * k


def smile_market(surface: dict[str, Any], count: int = 1, strikes: tuple[int, ...] = STRIKES) -> dict[str, Any]:
    """Makers who each quote one option at a volatility of a smile, and after them those who look at these quotes."""
    data = chain_market({}, steps=80)
    data["chains"][0] |= {"expiries": [70], "strikes": {"first": strikes[0], "last": strikes[-1], "step": 5.0},
                          "venue": {"tick_size": 0.001}}  # fmt: skip
    makers = [
        {"name": f"{kind}-{strike}", "strategy": "option_maker", "venues": [f"options-70-{strike}-{kind}"],
         "params": {"half_spread": 0.05, "volatility": "stated", "stated_volatility": smile(strike)}}
        for strike in strikes for kind in ("call", "put")
    ]  # fmt: skip
    params = {"half_spread": 0.01, "volatility": "surface", "stated_volatility": 0.03, **surface}
    seer = {"name": "seer", "strategy": "option_maker", "venues": ["options"], "params": params, "turn": 1}
    data["populations"] = [*makers[: 2 * len(strikes) if count else 0], seer]
    return data


def worth_it_quotes(run: Run, step: int, strike: int, kind: str) -> float:
    bid, ask = quotes(run, step, f"options-70-{strike}-{kind}")
    return 0.5 * (bid + ask)


@pytest.mark.parametrize("step", [0, 30])
def test_its_surface_finds_the_smile_of_others_quotes_in_every_option(step):
    run = execute(parse(smile_market({"refit": 7})))
    for strike in STRIKES:
        for side, kind in ((1, "call"), (-1, "put")):
            worth = options.price(side, 100.0, strike, 69.0 - step, 0.0, 0.0, smile(strike))
            assert worth_it_quotes(run, step, strike, kind) == pytest.approx(worth, abs=0.012)  # they are .05 away


def test_each_expiry_has_its_own_slice_until_it_has_expired():
    data = chain_market({"half_spread": 0.05, "slope": -0.02}, steps=80)
    data["chains"][0] |= {"expiries": [70, 35], "strikes": {"first": 85.0, "last": 115.0, "step": 3.0},
                          "venue": {"tick_size": 0.001}}  # fmt: skip
    params = {"half_spread": 0.01, "volatility": "surface", "stated_volatility": 0.03, "refit": 1}
    data["populations"].append(
        {"name": "seer", "strategy": "option_maker", "venues": ["options"], "turn": 1, "params": params}
    )
    run = execute(parse(data))
    for expiry, step in ((70, 0), (35, 0), (70, 20), (35, 20), (70, 50)):
        for side, kind, strike in ((-1, "put", 94), (1, "call", 100), (1, "call", 106)):
            volatility = 0.01 - 0.02 * math.log(strike / 100.0)
            worth = options.price(side, 100.0, strike, expiry - 1.0 - step, 0.0, 0.0, volatility)
            bid, ask = quotes(run, step, f"options-{expiry}-{strike}-{kind}")
            assert 0.5 * (bid + ask) == pytest.approx(worth, abs=0.012)
            assert ask - bid == pytest.approx(0.02, abs=0.003)


def test_it_does_not_fit_to_its_own_quotes():
    run = execute(parse(smile_market({}, count=0)))
    for step in (0, 30):
        for strike in (95, 105):
            worth = options.price(1, 100.0, strike, 69.0 - step, 0.0, 0.0, 0.03)
            assert worth_it_quotes(run, step, strike, "call") == pytest.approx(worth, abs=0.001)


def test_before_five_quotes_have_two_sides_it_takes_the_stated_volatility():
    run = execute(parse(smile_market({"stated_volatility": 0.0101}, strikes=(95, 100))))
    worth = options.price(1, 100.0, 100.0, 69.0, 0.0, 0.0, 0.0101)
    assert quotes(run, 0, "options-70-100-call")[0] == pytest.approx(worth - 0.01, abs=0.002)


def test_between_two_fits_it_keeps_the_volatility_of_each_strike_while_the_price_stands_still():
    often, once = (execute(parse(smile_market({"refit": refit}))) for refit in (1, 1_000))
    for run in (often, once):
        worth = options.price(-1, 100.0, 90.0, 29.0, 0.0, 0.0, smile(90.0))
        assert worth_it_quotes(run, 40, 90, "put") == pytest.approx(worth, abs=0.008)


# --- solved quotes --------------------------------------------------------------------------------------------------

GAME = {"quotes": "solved", "fill_decay": 20.0, "arrival_rate": 0.25, "risk_aversion": 1.0,
        "volatility_of_volatility": 1e-4}  # fmt: skip


def solved_market(held: int, **params: Any) -> dict[str, Any]:
    data = chain_market(GAME | params, steps=80, endowment={"positions": {"options-70-100-call": held}})
    data["chains"][0] |= {"expiries": [70], "venue": {"tick_size": 1e-5}}
    return data


@pytest.mark.parametrize(("held", "step"), [(0, 0), (6, 0), (-9, 0), (6, 40)])
def test_solved_quotes_stand_where_the_model_has_them_with_the_vegas_of_now(held, step):
    run = execute(parse(solved_market(held, refit=1)))
    left = 69.0 - step
    greeks = {
        (strike, kind): options.greeks(side, 100.0, strike, left, 0.0, 0.0, 0.01)
        for strike in (95, 100, 105) for side, kind in ((1, "call"), (-1, "put"))
    }  # fmt: skip
    vegas = np.array([each.vega for each in greeks.values()])
    u = np.empty(portfolio_vega.MOST_PLACES)
    places, limit = portfolio_vega.solve(vegas, np.full(6, 0.25), 20.0, 0.5e-8, 20.0 * vegas.max(), u)
    vega = held * greeks[100, "call"].vega
    for (strike, kind), one in greeks.items():
        bid, ask = quotes(run, step, f"options-70-{strike}-{kind}")
        below, above = (portfolio_vega.distance(u, places, limit, 20.0, vega, sign * one.vega) for sign in (1.0, -1.0))
        assert bid == pytest.approx(one.price - below, abs=1.1e-5)
        assert ask == pytest.approx(one.price + above, abs=1.1e-5)


def test_quotes_of_several_lots_stand_as_far_away_as_those_of_one_with_as_many_units():
    data = solved_market(0, quantity=4)
    large = execute(parse(data))
    for each in (data := solved_market(0))["chains"]:
        each["lot_size"] = 4.0
    multiplied = execute(parse(data))
    single = execute(parse(solved_market(0)))
    for book in ("options-70-100-call", "options-70-95-put"):
        assert quotes(large, 0, book) == pytest.approx(quotes(multiplied, 0, book), abs=1e-9)
        assert quotes(large, 0, book)[1] > quotes(single, 0, book)[1] + 1e-4


def test_at_its_vega_limit_it_quotes_one_side():
    at_the_money = options.greeks(1, 100.0, 100.0, 69.0, 0.0, 0.0, 0.01).vega
    run = execute(parse(solved_market(5, vega_limit=5.5 * at_the_money)))
    bid, ask = quotes(run, 0, "options-70-100-call")
    assert math.isnan(bid)
    assert ask > 0.0


def test_solved_quotes_take_no_skews():
    with pytest.raises(ScenarioError, match=r'vega_skew = .* is for quotes = "fixed"'):
        parse(solved_market(0, vega_skew=0.1))


def test_a_bid_that_moves_above_its_own_old_ask_is_not_held_back_by_it():
    data = chain_market({"half_spread": 0.01}, steps=40)
    data["chains"][0] |= {"expiries": [40], "kinds": ["call"]}
    data["populations"].append(
        {"name": "stock_maker", "strategy": "fixed_spread", "venues": ["stock"], "sees": {"of": "value"},
         "params": {"half_spread": 0.01, "reference": "signal"}}
    )  # fmt: skip
    data["populations"].reverse()
    run = execute(parse(data))
    rows = run.book[(run.book["venue"] == "options-40-95-call").to_numpy(bool)]
    spread = (rows["ask"] - rows["bid"]).dropna()
    assert len(spread) > 30
    assert spread.max() < 0.04  # two half-spreads, rounded outward
