"""The hedge around a strategy: what is traded off, when, where and by how much."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.core.errors import ScenarioError
from sim.models import options
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

LOGNORMAL = {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.01}
STOCK = {"name": "stock", "instrument": "ACME", "tick_size": 0.001}


def dealer_market(
    steps: int, hedge: dict[str, Any], held: dict[str, int], episodes: int = 1, **rest: Any
) -> dict[str, Any]:
    """A maker around the value of ACME, and a dealer who holds options on it and hedges them."""
    stocks = [{"name": "ACME", "lot_size": 0.001, "value": dict(LOGNORMAL)}, *rest.pop("stocks", [])]
    venues = [dict(STOCK), *rest.pop("venues", [])]
    makers = [
        {"name": f"maker-{venue['name']}", "strategy": "fixed_spread", "venues": [venue["name"]],
         "sees": {"of": "value"},
         "params": {"half_spread": rest.get("half_spread", 0.0), "quantity": 10**6, "reference": "signal"}}
        for venue in venues
    ]  # fmt: skip
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": 3},
        "money": {"unit": 1e-8},
        "instruments": [
            *stocks,
            {"name": "call", "derivative": {"kind": "call", "of": "ACME", "strike": 100.0, "expiry": steps}},
        ],
        "venues": venues,
        "populations": [
            *makers,
            {"name": "dealer", "strategy": "holder", "turn": 1, "venues": ["stock"], "endowment": {"positions": held},
             "hedge": hedge},
        ],
        "record": {"book_every": 1, "agents_every": 1},
    }  # fmt: skip


def held_by_dealer(run: Run, instrument: str = "ACME") -> np.ndarray:
    rows = run.agents[(run.agents["population"] == "dealer").to_numpy(bool)]
    found: np.ndarray = rows[f"inventory.{instrument}"].to_numpy()
    return found


def marks(run: Run, venue: str = "stock") -> np.ndarray:
    found: np.ndarray = run.book["mark"][(run.book["venue"] == venue).to_numpy(bool)].to_numpy(float)
    return found


def deltas(spots: np.ndarray, steps: int, volatility: float = 0.01) -> np.ndarray:
    return np.array(
        [
            options.greeks(1, spot, 100.0, steps - 1.0 - step, 0.0, 0.0, volatility).delta
            for step, spot in enumerate(spots)
        ]
    )


def test_each_step_the_delta_of_what_is_held_is_traded_off_in_whole_lots():
    run = execute(parse(dealer_market(12, {"venues": ["stock"]}, {"call": -2})))
    wanted = 2.0 * deltas(marks(run), 12) / 0.001
    assert np.abs(held_by_dealer(run) - wanted)[:-1].max() <= 0.5 + 1e-9  # at expiry the option's delta is 0 or 1
    assert set(run.trades["hedge"]) == {"taker"}


def test_an_interval_is_counted_in_moves_of_the_value():
    run = execute(parse(dealer_market(12, {"venues": ["stock"], "every": 4}, {"call": -2})))
    assert set(run.trades["step"]) == {3, 7, 11}


def test_a_band_is_left_before_anything_is_traded_and_then_all_of_it_is():
    run = execute(
        parse(dealer_market(40, {"venues": ["stock"], "rule": "band", "band": 0.15}, {"call": -1}, episodes=3))
    )
    wanted = np.concatenate([deltas(part, 40) for part in np.split(marks(run), 3)])
    held = held_by_dealer(run) * 0.001
    before = np.concatenate([np.concatenate([[0.0], part[:-1]]) for part in np.split(held, 3)])
    outside = np.abs(before - wanted) > 0.15
    last = np.arange(120) % 40 == 39
    assert 3 < outside[~last].sum() < 60
    assert np.abs(held - wanted)[outside & ~last].max() <= 0.00051
    np.testing.assert_array_equal(held[~outside], before[~outside])


def test_whalley_and_wilmotts_band_is_left_at_its_edge():
    hedge = {"venues": ["stock"], "rule": "whalley_wilmott", "cost": 0.002, "risk_aversion": 0.5}
    run = execute(parse(dealer_market(30, hedge, {"call": -3})))
    spots = marks(run)[:-1]
    found = [options.greeks(1, spot, 100.0, 29.0 - step, 0.0, 0.0, 0.01) for step, spot in enumerate(spots)]
    gammas = 3.0 * np.array([one.gamma for one in found])
    band = np.cbrt(1.5 * 0.002 * spots * gammas**2 / 0.5)
    away = held_by_dealer(run)[:-1] * 0.001 - 3.0 * np.array([one.delta for one in found])
    traded = np.isin(np.arange(29), run.trades["step"])
    np.testing.assert_allclose(np.abs(away[traded]), band[traded], atol=0.0006)
    assert (np.abs(away[~traded]) <= band[~traded] + 1e-9).all()
    assert traded.sum() > 3


def test_a_stated_exposure_and_a_number_for_the_ratio_are_hedged_as_they_say():
    hedge = {"venues": ["stock"], "exposure": {"delta": -2.0, "gamma": -0.5}, "ratio": 0.7}
    run = execute(parse(dealer_market(10, hedge, {})))
    wanted = 0.7 * (2.0 + 0.5 * (marks(run) - marks(run)[0])) / 0.001
    assert np.abs(held_by_dealer(run) - wanted).max() <= 0.5 + 1e-9


def test_the_ratio_of_least_variance_is_the_slope_of_the_mids_changes():
    stocks = [{"name": "OTHER", "lot_size": 0.001, "value": LOGNORMAL | {"volatility": 0.02, "factors": {"all": 0.8}}}]
    data = dealer_market(
        400, {"venues": ["other"], "of": "ACME", "ratio": "minimum_variance", "horizon": 3, "exposure": {"delta": 5.0}},
        {}, stocks=stocks, venues=[{"name": "other", "instrument": "OTHER", "tick_size": 0.001}],
    )  # fmt: skip
    data["instruments"][0]["value"] |= {"factors": {"all": 0.8}}
    run = execute(parse(data))
    held = held_by_dealer(run, "OTHER")
    for step in (50, 200, 399):
        until = np.arange(0, step + 1, 3)
        own, other = np.diff(marks(run, "other")[until]), np.diff(marks(run)[until])
        slope = (own * other).sum() / (own * own).sum()
        assert held[step] == pytest.approx(-5.0 * slope / 0.001, abs=0.51)
    assert held[20] == pytest.approx(-5000, abs=1)  # with few changes known, one for one


def test_the_cheapest_venue_is_taken_first_and_the_next_has_the_rest():
    data = dealer_market(
        5, {"venues": ["stock", "futures"], "of": "ACME"}, {"call": -1},
        venues=[{"name": "futures", "instrument": "future", "tick_size": 0.001}],
    )  # fmt: skip
    data["instruments"].append(
        {"name": "future", "lot_size": 0.001, "derivative": {"kind": "future", "of": "ACME", "expiry": 5}}
    )
    data["populations"][0]["params"]["half_spread"] = 0.05
    data["populations"][1]["params"] |= {"half_spread": 0.01, "quantity": 200}
    run = execute(parse(data))
    first = run.trades[(run.trades["step"] == 0).to_numpy(bool)]
    assert list(first["venue"]) == ["futures", "stock"]
    assert first["quantity"].iloc[0] == 200
    assert first["quantity"].sum() == pytest.approx(1000 * deltas(marks(run)[:1], 5)[0], abs=0.51)
    data["populations"][0]["params"]["half_spread"] = 0.005
    again = execute(parse(data)).trades
    assert set(again["venue"]) == {"stock"}


def test_a_hedge_takes_no_message_from_its_strategy_and_sends_nothing_where_nothing_is_quoted():
    data = dealer_market(10, {"venues": ["stock"], "exposure": {"delta": 1.0}}, {})
    data["populations"] = [
        data["populations"][1] | {"strategy": "fixed_spread", "params": {"levels": 3, "half_spread": 0.5}}
    ]
    run = execute(parse(data))
    assert len(run.trades) == 0
    assert run.manifest["messages"] > 0
    assert not run.manifest.get("rejections", {}).get("dealer")


def test_hedges_in_auctions_trade_at_their_price_and_are_told_on_the_tape():
    data = dealer_market(6, {"venues": ["stock"], "exposure": {"gamma": 300.0}}, {})
    data["venues"] = [{"name": "stock", "instrument": "ACME", "auction": {"every": 1, "pricing": "free"}}]
    data["instruments"][0]["lot_size"] = 1.0
    data["money"] = {"unit": 1e-6}
    data["populations"][0] = {"name": "maker", "strategy": "kyle_maker", "turn": 2, "venues": ["stock"],
                              "params": {"impact": 0.001, "anchor": "last", "auctions": 6}}  # fmt: skip
    data["populations"].append({"name": "noise", "strategy": "noise", "turn": 1, "venues": ["stock"],
                                "params": {"distribution": "normal", "quantity": 200.0}})  # fmt: skip
    run = execute(parse(data))
    told = run.trades[run.trades["hedge"].notna().to_numpy(bool)]
    parties = {(row.hedge == "taker", "dealer" in (row.taker_population,)) for row in told.itertuples()}
    own = (run.trades["maker_population"] == "dealer") | (run.trades["taker_population"] == "dealer")
    assert len(told) >= 4
    assert parties <= {(True, True), (False, False)}
    assert own.sum() == len(told)


def auctioned(steps: int, gamma: float, every: int) -> dict[str, Any]:
    """A dealer who hedges in auctions that a maker with a linear price clears, and noise that moves it."""
    data = dealer_market(steps, {"venues": ["stock"], "exposure": {"gamma": gamma}}, {})
    data["instruments"] = [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}]
    data["venues"] = [{"name": "stock", "instrument": "ACME", "auction": {"every": every, "pricing": "free"}}]
    data["populations"][0] = {"name": "maker", "strategy": "kyle_maker", "turn": 2, "venues": ["stock"],
                              "params": {"impact": 0.001, "anchor": "last", "auctions": steps}}  # fmt: skip
    data["populations"].append({"name": "noise", "strategy": "noise", "turn": 0, "venues": ["stock"],
                                "params": {"distribution": "normal", "quantity": 200.0}})  # fmt: skip
    return data


def test_while_an_auction_collects_an_exposure_is_not_hedged_twice():
    run = execute(parse(auctioned(40, 300.0, 4)))
    held, marked = held_by_dealer(run)[3::4], marks(run)[3::4]
    wanted = -300.0 * (np.concatenate([[100.0], marked[:-1]]) - 100.0)
    assert len(set(held)) > 5
    assert np.abs(held - wanted).max() <= 0.5 + 1e-9


def test_an_option_settled_at_the_mid_has_the_auctions_to_come_before_it_and_that_of_the_step():
    data = auctioned(8, 0.0, 1)
    call = {"kind": "call", "of": "ACME", "strike": 100.0, "expiry": 8, "settles_at": "mid", "volatility": 0.002}
    data["instruments"].append({"name": "call", "derivative": call})
    data["populations"][1] |= {"hedge": {"venues": ["stock"]}, "endowment": {"positions": {"call": -1000}}}
    run = execute(parse(data))
    before = np.concatenate([[100.0], marks(run)[:-1]])
    wanted = [options.greeks(1, spot, 100.0, 8.0 - step, 0.0, 0.0, 0.002).delta for step, spot in enumerate(before)]
    assert np.abs(held_by_dealer(run) - 1000.0 * np.array(wanted))[:-1].max() <= 0.5 + 1e-9
    assert run.trades["quantity"][(run.trades["step"] == 7).to_numpy(bool)].sum() > 0


@pytest.mark.parametrize(
    ("hedge", "said"),
    [
        ({"venues": ["nowhere"]}, "hedge.venues[0]: there is no venue 'nowhere'"),
        ({"venues": ["stock", "stock"]}, "hedge.venues[1]: 'stock' is listed twice"),
        ({"venues": ["stock"], "of": "call"}, "hedge.of: 'call' is a derivative"),
        ({"venues": ["stock"], "of": "NONE"}, "hedge.of: there is no instrument 'NONE'"),
        ({"venues": ["stock"], "band": 0.5}, "hedge.band: rule 'interval' does not use it"),
        ({"venues": ["stock"], "horizon": 5}, "hedge.horizon: only a ratio that is estimated uses it"),
        ({"venues": ["stock"], "every": 1000}, "hedge.every: 1,000 is more steps than an episode has"),
        ({"venues": ["stock"], "rule": "whalley_wilmott"}, "hedge.cost: is missing"),
        ({"venues": ["stock"], "ratio": "most"}, "hedge.ratio: 'most' is neither a number nor one of delta"),
        ({"venues": ["stock"], "volatility": -0.1}, "hedge: volatility = -0.1 must not be negative"),
        ({"venues": []}, "hedge.venues: is empty"),
        ({}, "hedge.venues: is missing"),
    ],
)  # fmt: skip
def test_a_hedge_that_cannot_be_is_refused_by_name(hedge, said):
    with pytest.raises(ScenarioError) as caught:
        parse(dealer_market(10, hedge, {}))
    assert f"populations.dealer.{said}" in str(caught.value)


def test_a_hedge_by_market_orders_is_refused_where_members_act_at_once():
    data = dealer_market(10, {"venues": ["stock"]}, {}) | {"turns": {"simultaneous": [1]}}
    with pytest.raises(ScenarioError, match="members act at once"):
        parse(data)


def test_the_error_of_a_hedge_has_the_deviation_of_its_interval():
    """Derman and Kamal 1999, with the exact integral of THEORY's table: one option hedged four times."""
    steps, episodes = 4, 2_000
    volatility = 0.2 * math.sqrt(1 / 12 / steps)
    data = dealer_market(steps, {"venues": ["stock"]}, {"call": -1, "ACME": round(0.51151 / 0.001)}, episodes)
    data["instruments"][0]["value"] = LOGNORMAL | {"volatility": volatility}
    rows = execute(parse(data)).episodes
    payoffs = rows["payoff"][(rows["population"] == "dealer").to_numpy(bool)].to_numpy(float)
    error = payoffs.std() * math.sqrt(3.7 / (4 * episodes))
    assert abs(payoffs.std() - 0.934702) <= 4 * error


# --- what keeps its volatility --------------------------------------------------------------------------------------


@pytest.mark.parametrize("slope", [-0.02, 0.005])
def test_sticky_by_delta_holds_less_by_vega_times_the_slope_of_the_smile_over_the_price(slope):
    run = execute(parse(dealer_market(12, {"venues": ["stock"], "sticky": "delta", "slope": slope}, {"call": -2})))
    spots = marks(run)
    vegas = np.array([options.greeks(1, s, 100.0, 11.0 - i, 0.0, 0.0, 0.01).vega for i, s in enumerate(spots)])
    wanted = 2.0 * (deltas(spots, 12) - slope * vegas / spots) / 0.001
    assert np.abs(held_by_dealer(run) - wanted)[:-1].max() <= 0.5 + 1e-9
    by_strike = execute(parse(dealer_market(12, {"venues": ["stock"]}, {"call": -2})))
    assert np.abs(held_by_dealer(run) - held_by_dealer(by_strike))[:-1].max() > 2


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"slope": -0.1}, 'hedge.slope: only sticky by delta uses it — write sticky = "delta"'),
        ({"sticky": "delta"}, "hedge.slope: is missing: with a level smile sticky by delta is sticky by strike"),
        ({"sticky": "moneyness"}, "hedge.sticky: 'moneyness' is not one of strike, delta"),
    ],
)
def test_a_slope_without_its_rule_or_a_rule_without_its_slope_is_refused(keys, says):
    with pytest.raises(ScenarioError) as why:
        parse(dealer_market(12, {"venues": ["stock"], **keys}, {"call": -2}))
    assert says in str(why.value)
