"""A basis trader holds a future near its fair price, hedges each lot of it, and trades neither for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

STEPS = 200


def basis_market(
    kind: str = "future", interest: float = 0.0, fee: float = 0.0, size: float = 1.0, trader: bool = True,
    reverse: bool = False, **params: Any,
) -> dict[str, Any]:  # fmt: skip
    """A stock around its value, and a future whose maker leans against clients who only buy it."""
    terms = {"expiry": STEPS} if kind == "future" else {"funding_every": 10}
    venues = ["stock", "futures"] if reverse else ["futures", "stock"]
    who = [{"name": "carry", "strategy": "basis_trader", "venues": venues, "turn": 3, "params": params}]
    return {
        "run": {"steps": STEPS, "seed": 5},
        "money": {"interest": interest},
        "instruments": [
            {"name": "ACME", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.02}},
            {"name": "forward", "lot_size": size, "derivative": {"kind": kind, "of": "ACME", **terms}},
        ],
        "venues": [
            {"name": "stock", "instrument": "ACME", "taker_fee": fee, "fee_per": "lot"},
            {"name": "futures", "instrument": "forward", "taker_fee": fee, "fee_per": "lot"},
        ],
        "populations": [
            {"name": "stock_maker", "strategy": "fixed_spread", "venues": ["stock"], "sees": {"of": "value"},
             "params": {"half_spread": 0.02, "quantity": 1_000, "reference": "signal"}},
            {"name": "future_maker", "strategy": "fixed_spread", "turn": 1, "venues": ["futures"],
             "sees": {"of": "value"},
             "params": {"half_spread": 0.02, "quantity": 10, "reference": "signal", "inventory_skew": 0.01}},
            {"name": "clients", "strategy": "noise", "turn": 2, "venues": ["futures"],
             "params": {"buy_probability": 0.9}},
            *who * trader,
        ],
        "record": {"book_every": 1, "agents_every": 1},
    }  # fmt: skip


def run(**settings: Any) -> Run:
    return execute(parse(basis_market(**settings)))


def basis(of: Run, interest: float = 0.0) -> np.ndarray:
    """By how much the future's bid is above the fair price at the stock's ask, at each step's end."""
    book = of.book
    future, stock = (book[(book["venue"] == name).to_numpy(bool)].set_index("step") for name in ("futures", "stock"))
    growth = np.exp(np.log1p(interest) * (STEPS - 1.0 - stock.index.to_numpy()))
    found: np.ndarray = future["bid"].to_numpy(float) - stock["ask"].to_numpy(float) * growth
    return found[~np.isnan(found)]


@pytest.mark.parametrize("kind", ["future", "perpetual"])
def test_it_leaves_no_basis_that_is_worth_its_costs_where_there_is_much_without_it(kind):
    assert basis(run(kind=kind, trader=False)).max() > 0.3
    for fee, least in ((0.0, 0.0), (0.03, 0.0), (0.0, 0.05)):
        done = run(kind=kind, fee=fee, least_gain=least, position_limit=1_000)
        assert basis(done).max() <= 2.0 * fee + least + 1e-9
        assert (done.trades["taker_population"] == "carry").sum() > 20


@pytest.mark.parametrize("reverse", [False, True])
def test_each_lot_of_the_future_is_held_against_the_stock_and_what_is_locked_in_is_kept(reverse):
    done = run(reverse=reverse, position_limit=1_000)
    own = done.agents[(done.agents["population"] == "carry").to_numpy(bool)]
    assert (own["inventory.forward"] + own["inventory.ACME"]).abs().iloc[:-1].max() == 0
    assert own["inventory.forward"].min() < -20
    end = done.episodes[(done.episodes["population"] == "carry").to_numpy(bool)]
    assert float(end["payoff"].iloc[0]) > 1.0


def test_a_lot_of_ten_units_is_held_against_ten_of_the_stock():
    own = run(size=10.0, position_limit=1_000).agents
    own = own[(own["population"] == "carry").to_numpy(bool)]
    assert (10 * own["inventory.forward"] + own["inventory.ACME"]).abs().iloc[:-1].max() <= 0.5
    assert own["inventory.forward"].min() < -5


def test_with_interest_the_fair_basis_is_what_holding_the_stock_costs():
    interest = 1e-4
    done = run(interest=interest, position_limit=1_000)
    assert basis(done, interest).max() <= 1e-9
    assert basis(done).max() > 1.0  # at first the fair price is 2 % above


def test_it_stays_within_its_limit_and_trades_no_more_than_it_may_in_a_turn():
    done = run(position_limit=7, quantity=2, rounds=3)
    own = done.agents[(done.agents["population"] == "carry").to_numpy(bool)]
    assert own["inventory.forward"].abs().max() == 7
    trades = done.trades[(done.trades["taker_population"] == "carry").to_numpy(bool)]
    assert trades["quantity"].max() <= 2
    assert trades.groupby("step").size().max() <= 6


def test_once_the_future_is_settled_it_sells_what_it_held_against_it():
    data = basis_market(position_limit=50)
    data["run"]["steps"] = STEPS + 5
    done = execute(parse(data))
    own = done.agents[(done.agents["population"] == "carry").to_numpy(bool)].set_index("step")
    assert own["inventory.ACME"].loc[STEPS - 2] > 20
    assert own["inventory.ACME"].loc[STEPS + 2] == 0


def test_two_instruments_of_which_neither_follows_from_the_other_are_left_alone():
    data = basis_market()
    data["instruments"][1] = {"name": "forward", "value": {"process": "constant", "initial": 90.0}}
    done = execute(parse(data))
    assert not (done.trades["taker_population"] == "carry").any()
