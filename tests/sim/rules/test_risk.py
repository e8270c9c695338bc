"""Limits: no fill passes one that holds before the trade, and each action does what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from sim.mesa_model.market import Market
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse
from tests.markets.hostile import hostile, market_of

GREEKS = ("delta", "gamma", "vega")
LIMITS = [
    {"of": "position", "on": "ACME", "most": 25.0},
    {"of": "position", "on": "call", "most": 17.0},
    {"of": "delta", "most": 12.0},
    {"of": "gamma", "most": 1.5},
    {"of": "vega", "most": 4_000.0},
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def known(tmp_path_factory: pytest.TempPathFactory) -> None:
    hostile(tmp_path_factory.mktemp("hostile"))


def passed(data: Mapping[str, Any]) -> dict[str, int]:
    """How many fills of hostile members left a limit further behind, by what it is of, looked at after every trade.

    Greeks are those that the market itself has for the step.
    """
    model = Market(parse(dict(data)))
    width, first = 3, int(model.world.populations[2]["first"])
    names = [f"{each['of']} {each.get('on', '')}".strip() for each in LIMITS]
    found = dict.fromkeys(names, 0)
    clock = model.world.clock[0]
    seen, episode = 0, -1
    lots = np.zeros((3, width), int)
    while model.running:
        if int(clock["episode"]) != episode:
            episode = int(clock["episode"])
            lots[:] = [3, 0, 0]
        model.step()
        world = model.world  # another one where an array has grown
        ended = int(clock["step"]) == 0
        for serial in range(seen, int(clock["trades"])):
            trade = world.tape[serial & (len(world.tape) - 1)]
            bought = int(trade["aggressor"]) * int(trade["quantity"])
            for agent, signed in ((int(trade["taker"]), bought), (int(trade["maker"]), -bought)):
                if not 0 <= agent - first < 3:
                    continue
                before = amounts(world, lots[agent - first])
                lots[agent - first, int(world.venues[int(trade["venue"])]["instrument"])] += signed
                after = amounts(world, lots[agent - first])
                for name, limit, was, now in zip(names, LIMITS, before, after, strict=True):
                    found[name] += abs(now) > max(limit["most"], abs(was)) + 1e-9
        seen = int(clock["trades"])
        if not ended:
            held = np.asarray(world.holdings["lots"]).reshape(-1, width)[first : first + 3]
            lots[:, np.asarray(world.instruments["settled"]) != 0] = 0
            assert (lots == held).all()
    return found


def amounts(world: Any, lots: Any) -> list[float]:
    """What lots come to, of each limit."""
    units = {name: np.asarray(world.greeks[name])[1:] for name in GREEKS}
    delta = lots[0] + float((units["delta"] * lots[1:]).sum())
    return [lots[0], lots[1], delta, *(float((units[name] * lots[1:]).sum()) for name in GREEKS[1:])]


VENUES = {
    "continuous": {},
    "pro_rata": {"matching": "pro_rata"},
    "auctions": {"auction": {"every": 3}},
    "incoming": {"self_trade_prevention": "cancel_incoming"},
    "allowed": {"self_trade_prevention": "allow"},
}


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_fill_passes_a_limit_and_its_twin_without_limits_passes_all(name: str, seed: int) -> None:
    assert passed(market_of({"limits": LIMITS}, seed, **VENUES[name])) == dict.fromkeys(passed_names(), 0)
    if seed == 1:
        assert min(passed(market_of(None, seed, **VENUES[name])).values()) > 0


@pytest.mark.parametrize("venue", [{}, {"auction": {"every": 2}}])
def test_no_fill_passes_a_limit_where_members_act_at_once(venue: dict[str, Any]) -> None:
    assert set(passed(market_of({"limits": LIMITS}, 3, simultaneous=True, **venue)).values()) == {0}


def passed_names() -> list[str]:
    return [f"{each['of']} {each.get('on', '')}".strip() for each in LIMITS]


def test_what_did_not_fit_is_counted_by_limit() -> None:
    run = execute(parse(market_of({"limits": LIMITS}, 1)))
    limits = run.limits.groupby("of", observed=True)[["rejected", "cut"]].sum()
    assert (limits.sum(axis=1) > 0).all()
    assert run.limits["rejected"].sum() == run.manifest["rejections"]["hostile"]["limit"]


# --- actions ----------------------------------------------------------------------------------------------------------


def quoting(risk: dict[str, Any], steps: int = 40, **maker: Any) -> Run:
    """A maker of a stock whose value falls, bought from clients who only sell; others quote too."""
    data = {
        "run": {"steps": steps, "seed": 5},
        "instruments": [
            {"name": "X", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.0, "drift": -0.05},
             "public_delay": 0}
        ],
        "venues": [{"name": "book"}],
        "populations": [
            {"name": "others", "strategy": "fixed_spread", "params": {"half_spread": 0.5, "quantity": 100}},
            {"name": "maker", "strategy": "fixed_spread", "turn": 1, "params": {"half_spread": 0.05, "quantity": 2},
             "risk": risk, **maker},
            {"name": "clients", "strategy": "noise", "turn": 2, "params": {"quantity": 1, "buy_probability": 0.0}},
        ],
        "record": {"agents_every": 1, "messages": True},
    }  # fmt: skip
    return execute(parse(data))


def held(run: Run) -> list[int]:
    rows = run.agents.query("population == 'maker'")
    return [int(each) for each in rows["inventory.X"]]


def test_without_limits_the_maker_buys_all_that_is_sold() -> None:
    assert held(quoting({}))[-1] == 40


def test_a_limit_of_position_is_reached_and_held() -> None:
    assert held(quoting({"limits": [{"of": "position", "most": 7.0}]}))[10:] == [7] * 30


def test_reduce_trades_out_until_the_limit_is_kept_and_lets_nothing_in_that_adds() -> None:
    limit = {"of": "loss", "most": 2.0, "action": "reduce"}
    run = quoting({"limits": [limit]})
    wealth = run.agents.query("population == 'maker'")["wealth"].to_numpy()
    over = int(np.argmax(wealth < -2.0))
    assert over > 0
    assert held(run)[over] > 0
    assert held(run)[over + 1 :] == [0] * (40 - over - 1)  # all of it: a loss is not made smaller by half a position
    share = quoting({"limits": [{"of": "unwind", "most": 4.0, "action": "reduce"}]})
    assert 0 < max(held(share)) < 40


def test_stop_withdraws_the_quotes_for_the_rest_of_the_episode_and_keeps_the_position() -> None:
    run = quoting({"limits": [{"of": "loss", "most": 2.0, "action": "stop"}]})
    position = held(run)
    assert position[-1] == max(position) < 40
    stopped = position.index(position[-1])
    sent = run.messages.query("population == 'maker'")
    assert sent["step"].max() <= stopped + 1
    assert run.limits["steps_acted"].tolist()[0] > 0


def test_widen_moves_quotes_that_add_by_the_share_of_the_limit_in_use() -> None:
    run = quoting({"limits": [{"of": "position", "most": 10.0, "action": "widen", "by": 0.4}]})
    plain = quoting({})
    own, without = (
        each.messages.query("population == 'maker' and side == 'buy' and kind != 'cancel'")
        for each in (run, plain)
    )  # fmt: skip
    first = own.groupby("step")["price"].last()
    other = without.groupby("step")["price"].last()
    moved = (other - first).round(9)
    for step, used in enumerate(held(run)[:8]):
        if step + 1 in moved.index:
            assert moved[step + 1] == pytest.approx(np.ceil(0.4 * used / 10.0 / 0.01 - 1e-9) * 0.01)
    assert moved.max() > 0.1


def test_hedge_trades_at_once_whatever_the_rule_of_the_hedge() -> None:
    hedge = {"venues": ["book"], "rule": "interval", "every": 40}
    never = quoting({}, hedge=hedge)
    at_once = quoting({"limits": [{"of": "delta", "most": 10.0, "action": "hedge", "at": 0.5}]}, hedge=hedge)
    assert held(never)[:-1] == list(range(1, 40))
    assert max(held(at_once)) == 6  # beyond half of the limit it goes in the next turn


def test_a_plan_enters_and_leaves_and_takes_profits_or_losses() -> None:
    position = held(quoting({"plan": {"enter": 5, "leave": 20}}))
    assert position[:5] == [0] * 5
    assert position[5] == 1
    assert position[20:] == [0] * 20
    stopped = held(quoting({"plan": {"stop_loss": 2.0}}))
    assert max(stopped) > 5
    assert stopped[-1] == 0


def test_capital_is_spent_at_most() -> None:
    run = quoting({"capital": {"amount": 550.0}})
    assert max(held(run)) == 5
    worst = run.limits.query("of == 'capital'")
    assert worst["worst"].tolist() == [5.0]


def test_a_budget_of_risk_and_kellys_bet_limit_positions() -> None:
    budget = {"amount": 105.0, "sizing": "risk_budget", "fraction": 0.05, "deviation": 0.5}
    assert max(held(quoting({"capital": budget}))) == 10  # 5.25 currency at half a currency per step
    kelly = {"amount": 105.0, "sizing": "kelly", "fraction": 0.5, "edge": 0.01, "deviation": 0.25}
    assert max(held(quoting({"capital": kelly}))) == 8  # .5 · 105 · .01 / .0625 = 8.4


def test_what_moves_so_little_that_its_square_is_zero_is_not_limited_by_its_risk() -> None:
    kelly = {"amount": 105.0, "sizing": "kelly", "edge": 0.01, "deviation": 1e-200}
    assert held(quoting({"capital": kelly}))[-1] == 40
