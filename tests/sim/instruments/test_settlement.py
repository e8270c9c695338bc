"""How positions are closed: at which price, against which account, and when."""

from __future__ import annotations

from typing import Any

import pytest

from sim.mesa_model.market import Market
from sim.runs.execute import execute
from sim.scenario import parse
from tests.markets.still_markets import SLEEPER, WALK, holders, lots_of, market, money_of, with_traders


def test_settlement_at_value_closes_positions_against_its_account():
    stepped = holders(WALK, (10.0, 3), (0.0, -7), (1.0, 0), lot_size=2.0)
    price = round(stepped.value() * 2.0 / 1e-6)
    assert price != 200_000_000
    assert money_of(stepped, "holder0 0") == 10_000_000 + 3 * price
    assert money_of(stepped, "holder1 0") == -7 * price
    assert money_of(stepped, "holder2 0") == 1_000_000
    assert money_of(stepped, "settlement") == 4 * price
    assert money_of(stepped, "issue") == -11_000_000
    assert [lots_of(stepped, f"holder{i} 0") for i in range(3)] == [0, 0, 0]
    assert lots_of(stepped, "settlement") == -4
    assert lots_of(stepped, "issue") == 4


def test_settlement_at_mid_takes_the_mark():
    data = with_traders(market(WALK, 300, settlement="mid"))
    data["record"] |= {"agents": "agents", "agents_every": 300, "episodes": "agents"}
    run = execute(parse(data))
    mark, value = run.book[["mark", "value"]].iloc[-1]
    assert abs(mark - value) > 0.01
    before, after = run.agents, run.episodes
    assert before["inventory.ACME"].abs().min() > 0
    moved = (after["cash"] - before["cash"]) * 1e6
    assert moved.round().tolist() == (before["inventory.ACME"] * round(mark * 1e6)).tolist()
    assert after["cash"].sum() == pytest.approx(0.0, abs=1e-9)


def test_without_settlement_positions_stay_and_are_worth_the_mark():
    stepped = holders(
        {"process": "random_walk", "initial": 100.0, "volatility": 1.0}, (10.0, 3), (0.0, -3), settlement="none"
    )
    assert money_of(stepped, "holder0 0") == 10_000_000
    assert lots_of(stepped, "holder0 0") == 3
    assert money_of(stepped, "settlement") == lots_of(stepped, "settlement") == 0
    assert [agent.wealth for agent in stepped.population("holder0")] == [10.0 + 3 * 100.0]  # nobody ever quoted


def test_payoffs_are_wealth_after_settlement_less_wealth_at_the_start():
    data = market(WALK, 10)
    data["populations"] = [{**SLEEPER, "endowment": {"cash": 5.0, "inventory": 4}}]
    data["record"]["episodes"] = "agents"
    run = execute(parse(data))
    gain = 4 * (run.book["value"].iloc[-1] - 100.0)
    assert run.episodes["payoff"][0] == pytest.approx(gain, abs=4e-6)
    assert gain != 0.0


def stopped_at(step: int, **instrument: Any) -> Market:
    """Two holders of an instrument that is settled after ten of thirty steps; run to a step."""
    data = market(WALK, 30, 2, **instrument)
    data["populations"] = [
        {**SLEEPER, "name": f"holder{i}", "endowment": {"inventory": lots}} for i, lots in enumerate((3, -7))
    ]
    stepped = Market(parse(data))
    stepped.world.instruments["lasts"] = 10
    for _ in range(step):
        stepped.step()
    return stepped


def test_an_instrument_with_a_date_of_its_own_is_settled_at_the_end_of_that_step():
    before, after = stopped_at(9), stopped_at(10)
    assert [lots_of(before, f"holder{i} 0") for i in range(2)] == [3, -7]
    price = round(after.value() / 1e-6)
    assert [money_of(after, f"holder{i} 0") for i in range(2)] == [3 * price, -7 * price]
    assert [lots_of(after, f"holder{i} 0") for i in range(2)] == [0, 0]


def test_what_was_settled_early_is_in_the_episodes_table_and_is_held_again_in_the_next_episode():
    stepped = stopped_at(10)
    price = stepped.value()
    stepped.run_model()
    settlements = stepped.result().table("settlements").to_pandas()
    assert settlements["price"][0] == pytest.approx(price, abs=1e-6)
    assert settlements["value"][0] == price
    assert len(settlements) == 2
    assert settlements["price"][1] != settlements["price"][0]
    assert [lots_of(stopped_at(31), f"holder{i} 0") for i in range(2)] == [3, -7]
