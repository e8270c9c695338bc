"""A maker's obligation: what it adds, when, and that it leaves the strategy and everybody else alone."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from sim.core.errors import ScenarioError, StrategyError
from sim.mesa_model.market import Market, Trader
from sim.runs import strategy_contract
from sim.runs.build import build
from sim.runs.execute import execute
from sim.runs.simulation import Simulation
from sim.runs.strategy_contract import play
from sim.scenario import parse
from sim.strategy_kit import registry
from sim.strategy_kit.loading.files import load_file
from tests.places import ROOT

TICK = 0.01
CLASSES = pytest.mark.parametrize("simultaneous", [False, True], ids=["sequential", "simultaneous"])
WALK = {"process": "random_walk", "initial": 100.0, "volatility": 0.05}
OBLIGATION = {"presence": 0.7, "maximum_spread": 0.1, "minimum_size": 5}
SILENT = """
from spreadgame.strategy import BUY, SELL, limit_order, post_only_order, strategy

@strategy("silent", summary="sends nothing")
def silent(me, market):
    pass

@strategy("bidder", summary="bids 3 lots at 99.99 and no more", max_messages=1)
def bidder(me, market):
    post_only_order(me, market, me.venue, BUY, 9999, 3, 1)

@strategy("crosser", summary="sells through its own bid", max_messages=2)
def crosser(me, market):
    limit_order(me, market, me.venue, BUY, 10050, 1)
    limit_order(me, market, me.venue, SELL, 10000, 1)

@strategy("talker", summary="sends one message more than it declared", max_messages=2)
def talker(me, market):
    for i in range(3):
        post_only_order(me, market, me.venue, BUY, 9900 - i, 1)
"""


@pytest.fixture(scope="module", autouse=True)
def silent(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("strategies") / "silent.py"
    path.write_text(SILENT, encoding="utf-8")
    load_file(path)


def market(
    strategy: str = "fixed_spread", obligation: dict[str, Any] | None = None, simultaneous: bool = False, **fields: Any
) -> dict[str, Any]:
    """One maker, who learns the value at once, and takers."""
    maker = {"name": "maker", "strategy": strategy, "turn": 1, **fields.pop("maker", {})}
    if obligation is not None:
        maker["obligation"] = obligation
    noise = {"name": "noise", "strategy": "noise", "turn": 2, "arrivals": {"law": "bernoulli", "probability": 0.5}}
    return {
        "run": {"steps": 300, "seed": 3},
        "instruments": [{"name": "X", "value": WALK, "public_delay": 0}],
        "venues": [{"name": "book", "tick_size": TICK}],
        "populations": [maker, noise],
        "turns": {"simultaneous": [1] if simultaneous else []},
        "record": {"messages": True, "levels": 10, "book_every": 1, "agents": "none"},
    } | fields


def presence(data: dict[str, Any]) -> float:
    return float(execute(parse(data)).episodes["presence"].iloc[0])


# --- when it acts ---------------------------------------------------------------------------------------------------


@CLASSES
@pytest.mark.parametrize("share", [0.0, 0.1, 0.37, 0.7, 0.9, 1.0])
def test_presence_is_the_share_and_no_more(share: float, simultaneous: bool):
    wide = {"params": {"half_spread": 0.5, "quantity": 5}}
    data = market(obligation=OBLIGATION | {"presence": share}, simultaneous=simultaneous, maker=wide)
    assert presence(data) == pytest.approx(math.ceil(300 * share - 1e-9) / 300)


@CLASSES
def test_presence_never_falls_below_the_share_in_between(simultaneous: bool):
    data = market(obligation=OBLIGATION, simultaneous=simultaneous, maker={"params": {"half_spread": 0.5}})
    simulation = Simulation(build(parse(data)))
    for step in range(1, 101):
        simulation.advance(step)
        record = simulation.built.storage.world.obligations[0]
        assert record["turns"] == step
        assert record["kept"] == math.ceil(0.7 * step - 1e-9)
        both = record["bid"] > 0, record["ask"] > 0
        assert both == (bool(int(record["kept"]) > math.ceil(0.7 * (step - 1) - 1e-9)),) * 2


@CLASSES
def test_who_quotes_as_obliged_is_left_alone(simultaneous: bool):
    good = {"params": {"half_spread": 0.05, "quantity": 5}}
    value = [{"name": "X", "value": {"process": "constant", "initial": 100.0}}]
    plain = market(simultaneous=simultaneous, maker=good, instruments=value)
    bound = market(obligation=OBLIGATION, simultaneous=simultaneous, maker=good, instruments=value)
    assert presence(bound) == 1.0
    assert play(plain).digest() == play(bound).digest()


@CLASSES
def test_a_share_of_nothing_only_measures(simultaneous: bool):
    wide = {"params": {"half_spread": 0.2, "quantity": 5}}
    plain = market(simultaneous=simultaneous, maker=wide)
    bound = market(obligation=OBLIGATION | {"presence": 0.0}, simultaneous=simultaneous, maker=wide)
    assert presence(bound) == 0.0
    assert play(plain).digest() == play(bound).digest()


def test_every_episode_begins_afresh():
    data = market(obligation=OBLIGATION, maker={"params": {"half_spread": 0.5}}, run={"steps": 3, "episodes": 50})
    run = execute(parse(data))
    assert (run.episodes["presence"].dropna() == 1.0).all()  # 70 % of three turns are three
    assert run.episodes["presence"].isna().sum() == 50  # noise has no obligation


def test_presence_is_a_row_of_the_summary_of_those_obliged():
    run = execute(parse(market(obligation=OBLIGATION, maker={"params": {"half_spread": 0.5}, "count": 2})))
    rows = [row for row in run.measures if row["measure"] == "presence"]
    assert [(row["name"], row["value"], row["unit"]) for row in rows] == [("maker", 0.7, "share of turns")]
    free = execute(parse(market()))
    assert "presence" not in free.episodes.columns
    assert not [row for row in free.measures if row["measure"] == "presence"]


# --- what it adds ---------------------------------------------------------------------------------------------------


def own_orders(data: dict[str, Any], steps: int) -> tuple[dict[int, int], dict[int, int]]:
    """The lots that the maker has on the book by price in ticks, bids and asks, after so many steps."""
    simulation = Simulation(build(parse(data)))
    simulation.advance(steps)
    world = simulation.built.storage.world
    found: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for order in world.orders[: int(simulation.clock["orders_used"])]:
        if order["state"] == 1 and order["agent"] == 0:
            level = world.levels[order["level"]]
            side = found[int(level["side"]) & 1]
            side[int(level["price"])] = side.get(int(level["price"]), 0) + int(order["remaining"])
    return found


def alone(obligation: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The maker alone, the value standing still."""
    data = market(
        obligation=OBLIGATION | {"presence": 1.0} | (obligation or {}),
        instruments=[{"name": "X", "value": {"process": "constant", "initial": 100.0}}],
        **fields,
    )
    return data | {"populations": data["populations"][:1]}


@CLASSES
@pytest.mark.parametrize(
    ("params", "bids", "asks"),
    [
        ({"half_spread": 0.5, "quantity": 2}, {9950: 2, 9995: 5}, {10_005: 5, 10_050: 2}),
        ({"half_spread": 0.05, "quantity": 2}, {9995: 5}, {10_005: 5}),  # the missing lots, at the required prices
        ({"half_spread": 0.04, "quantity": 4}, {9996: 4, 9995: 1}, {10_004: 4, 10_005: 1}),
        ({"half_spread": 0.04, "quantity": 4, "levels": 2}, {9996: 4, 9995: 4}, {10_004: 4, 10_005: 4}),
        ({"half_spread": 0.05, "quantity": 9, "sides": "buy"}, {9995: 9}, {10_005: 5}),
        ({"half_spread": 0.5, "sides": "sell"}, {9995: 5}, {10_005: 5, 10_050: 1}),  # around the mark
    ],
    ids=["wide", "small", "a lot short", "enough", "one side", "one side far away"],
)  # fmt: skip
@pytest.mark.parametrize("steps", [1, 2, 10])
def test_it_adds_the_missing_lots_at_the_required_prices(params, bids, asks, simultaneous: bool, steps: int):
    assert own_orders(alone(simultaneous=simultaneous, maker={"params": params}), steps) == (bids, asks)


@CLASSES
def test_it_quotes_around_the_mark_for_who_does_not_quote_at_all(simultaneous: bool):
    assert own_orders(alone(strategy="silent", simultaneous=simultaneous), 7) == ({9995: 5}, {10_005: 5})


@pytest.mark.parametrize(("spread", "bid", "ask"), [(0.02, 9999, 10_001), (0.03, 9999, 10_001), (0.05, 9998, 10_002)])
def test_prices_are_rounded_so_that_the_spread_is_no_more_than_the_greatest(spread: float, bid: int, ask: int):
    wide = {"params": {"half_spread": 0.5}}
    bids, asks = own_orders(alone({"maximum_spread": spread}, maker=wide), 3)
    assert (max(bids), min(asks)) == (bid, ask)
    off = alone({"maximum_spread": spread}, maker=wide)
    off["instruments"][0]["value"]["initial"] = 100.005  # its middle lies between two ticks
    bids, asks = own_orders(off, 3)
    assert max(bids) + min(asks) == 20_001
    assert (min(asks) - max(bids)) * TICK <= spread + 1e-9


@CLASSES
def test_lots_are_counted_that_others_have_left(simultaneous: bool):
    """A lot of the bid is taken in each step: it is added again where the share asks for it."""
    data = alone({"minimum_size": 3}, simultaneous=simultaneous, strategy="bidder")
    seller = {"name": "seller", "strategy": "noise", "turn": 2, "params": {"buy_probability": 0.0}}
    data["populations"].append(seller)
    assert presence(data) == 1.0


def test_where_others_are_in_the_way_what_is_required_moves_beside_them():
    """A maker who missed that the value went up by ten would have to ask below the others' bids."""
    late = {"sees": {"of": "value", "delay": 1_000}, "params": {"half_spread": 0.5, "reference": "signal"}}
    data = alone(maker=late)
    data["instruments"][0] |= {"shocks": [{"step": 0, "value": 10.0}], "public_delay": 0}
    assert presence(data) == 1.0
    data["populations"].append({"name": "others", "strategy": "fixed_spread", "turn": 0})
    assert presence(data) == 1.0
    assert len(play(data).table("trades")) == 0  # what is added only ever rests


# --- whom it leaves alone -------------------------------------------------------------------------------------------


@CLASSES
def test_the_strategy_quotes_as_it_would_without(simultaneous: bool):
    """Its quotes follow a value that jumps over what was added in the last turn, on either side."""
    jumps = {"process": "jump_diffusion", "initial": 100.0, "jump_probability": 0.5, "jump_size": 3.0}
    given = {
        "simultaneous": simultaneous,
        "instruments": [{"name": "X", "value": jumps, "public_delay": 0}],
        "maker": {"params": {"half_spread": 0.5, "quantity": 2}},
    }
    plain, bound = market(**given), market(obligation=OBLIGATION, **given)
    for data in (plain, bound):
        data["populations"] = data["populations"][:1]
    for steps in range(1, 60):
        own, all_of_it = own_orders(plain, steps), own_orders(bound, steps)
        for side in range(2):
            assert own[side].items() <= all_of_it[side].items()
    assert presence(bound) == 0.7


def test_others_trade_with_what_was_added_and_the_ledger_holds():
    data = market(obligation=OBLIGATION | {"presence": 1.0}, maker={"params": {"half_spread": 0.5}})
    run = execute(parse(data))
    assert (run.trades["maker_population"] == "maker").all()
    assert (run.book["ask"] - run.book["bid"]).median() < 0.11
    assert run.episodes["payoff"].sum() == pytest.approx(0.0, abs=1e-6)


@CLASSES
@pytest.mark.parametrize("name", registry.built_in())
def test_every_strategy_can_be_obliged(name: str, simultaneous: bool):
    data = strategy_contract.market(registry.get(name), simultaneous=simultaneous)
    data["populations"][0]["obligation"] = OBLIGATION
    data["record"]["episodes"] = "agents"
    played = play(data)
    assert played.digest() == play(data, chunk=7, orders=8).digest()
    trades = played.table("trades")
    assert (trades["maker"] != trades["taker"]).all()
    run = execute(parse(data))
    subject = run.episodes[run.episodes["population"] == "subject"]
    assert subject["presence"].tolist() == [0.7, 0.7]


@CLASSES
def test_a_strategy_that_trades_with_itself_meets_none_of_what_was_added(simultaneous: bool):
    rows = play(alone(strategy="crosser", simultaneous=simultaneous)).table("trades")
    assert len(rows) == 0


def test_a_strategy_has_no_more_messages_than_it_declared():
    with pytest.raises(StrategyError, match="more than the 2 messages it declared"):
        execute(parse(alone(strategy="talker")))


def test_it_binds_agents_written_in_python_too():
    class Wide(Trader):
        def step(self) -> None:
            if not self.quotes:
                self.post_only_order(1, 9950, 1)
                self.post_only_order(-1, 10_050, 1)

    data = market(
        obligation=OBLIGATION, instruments=[{"name": "X", "value": {"process": "constant", "initial": 100.0}}]
    )
    bound = Market(parse(data), agents={"maker": Wide}, orders=8)
    bound.run_model()
    assert bound.result().episodes["presence"].iloc[0] == 0.7
    assert int(bound.world.obligations[0]["turns"]) == 300


def test_it_does_the_same_uncompiled():
    code = (
        "import json, sys; from sim.runs.strategy_contract import play\n"
        "print(json.dumps([play(json.loads(each)).digest() for each in sys.argv[1:]]))"
    )
    given = [
        market(obligation=OBLIGATION, simultaneous=simultaneous, maker={"params": {"half_spread": 0.5}})
        for simultaneous in (False, True)
    ]
    for data in given:
        data["run"]["steps"] = 60
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *map(json.dumps, given)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [play(data).digest() for data in given]


# --- what a file may say --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"presence": 1.2}, "presence", "1.2 is above the most allowed, 1"),
        ({"presence": -0.1}, "presence", "-0.1 is below the least allowed, 0"),
        ({"maximum_spread": 0.0}, "maximum_spread", "0 is not above 0"),
        ({"maximum_spread": 0.015}, "maximum_spread", "0.015 is less than two ticks of venue 'book'"),
        ({"minimum_size": 0}, "minimum_size", "0 is below the least allowed, 1"),
        ({"minimum_size": 1.5}, "minimum_size", "whole number"),
        ({"minimum_sise": 5}, "minimum_sise", "minimum_size"),
    ],
)
def test_a_wrong_obligation_is_one_clear_error(change: dict[str, Any], place: str, message: str):
    with pytest.raises(ScenarioError) as error_of:
        parse(market(obligation=OBLIGATION | change))
    problems = error_of.value.problems
    assert len(problems) == 1
    assert problems[0].place == f"populations.maker.obligation.{place}"
    assert message in str(error_of.value)


def test_two_ticks_are_enough():
    assert presence(market(obligation=OBLIGATION | {"maximum_spread": 0.02, "presence": 1.0})) == 1.0
    assert np.isfinite(presence(market(obligation=OBLIGATION)))
