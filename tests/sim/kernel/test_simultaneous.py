"""A simultaneous class: its members quote unseen by one another, and never trade with one another."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from sim.core.compiled import COMPILED
from sim.core.world import PENDING
from sim.kernel.messages import sort_pending
from sim.mesa_model.market import Market, Trader
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from sim.strategy_kit.loading.files import load_file
from tests.places import ROOT

EPISODES = 100_000
CHEAP = {"record.levels": 0, "record.agents": "none", "record.trades": False}

QUOTERS = """
from spreadgame.strategy import (
    BUY, NO_ASK, NO_BID, SELL, Parameter, best_ask, best_bid, cancel_all, cancel_order, is_live, limit_order,
    market_order, order_price, own_orders, post_only_order, replace_order, step, strategy,
)


@strategy(
    "peeker", summary="bids for 2 lots if it sees an order, for 1 if it sees none",
    parameters={"bid": Parameter(9990, "its price", unit="ticks")},
)
def peeker(me, market):
    seen = best_bid(me, market, me.venue) != NO_BID or best_ask(me, market, me.venue) != NO_ASK
    seen = seen or own_orders(me, market) > 0
    post_only_order(me, market, me.venue, BUY, me.parameters.bid, 2 if seen else 1)


@strategy(
    "quoter", summary="one order at its price",
    parameters={
        "side": Parameter(1, "1 to buy, -1 to sell", low=-1, high=1),
        "price": Parameter(10_000, "its price", unit="ticks"),
        "lifetime": Parameter(0, "steps until it expires", low=0),
        "only_first": Parameter(False, "quote in the first step only"),
        "limit": Parameter(False, "as a limit order"),
    },
)
def quoter(me, market):
    choice = me.parameters
    if choice.only_first == 1 and step(me, market) > 0:
        return
    if choice.limit == 1:
        limit_order(me, market, me.venue, choice.side, choice.price, 1, choice.lifetime)
    else:
        post_only_order(me, market, me.venue, choice.side, choice.price, 1, choice.lifetime)


@strategy("waverer", summary="sends two orders, then cancels the first", max_messages=5, memory={"wrong": int})
def waverer(me, market):
    kept = me.memory
    one = post_only_order(me, market, me.venue, BUY, 9990, 3)
    two = post_only_order(me, market, me.venue, SELL, 10010, 4)
    kept.wrong += 0 if is_live(me, market, one) and is_live(me, market, two) else 1
    kept.wrong += 0 if order_price(me, market, one) == NO_BID else 1  # it stands nowhere yet
    kept.wrong += 0 if cancel_order(me, market, one) == 3 else 1
    kept.wrong += 0 if not is_live(me, market, one) and is_live(me, market, two) else 1
    kept.wrong += 0 if cancel_order(me, market, one) == 0 else 1  # rejected: it is gone
    kept.wrong += 0 if replace_order(me, market, two, 10011, 4) == 0 else 1  # rejected: it has not arrived
    if kept.wrong > 0:
        raise ValueError


@strategy("changer", summary="sends two orders, then cancels all", max_messages=9)
def changer(me, market):
    post_only_order(me, market, me.venue, BUY, 9990, 3)
    post_only_order(me, market, me.venue, SELL, 10010, 4)
    cancel_all(me, market)
"""


@pytest.fixture(scope="module", autouse=True)
def quoters(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("strategies") / "quoters.py"
    path.write_text(QUOTERS, encoding="utf-8")
    load_file(path)


# --- the reference game ---------------------------------------------------------------------------------------------


def play(first: float, second: float, seed: int, **overrides: Any) -> Run:
    """The reference game with these half-spreads, 100,000 episodes."""
    chosen = {"first.params.half_spread": float(first), "second.params.half_spread": float(second)}
    run = execute(load(ROOT / "scenarios" / "spread_game.toml", {**CHEAP, **chosen, **overrides}, seed))
    assert run.manifest["episodes"] == EPISODES
    return run


def by_player(run: Run, column: str) -> tuple[np.ndarray, np.ndarray]:
    values = run.table("episodes").column(column).to_numpy().reshape(-1, 4)  # first, second, noise, informed
    return values[:, 0], values[:, 1]


def law_of(mine: int, other: int) -> tuple[float, float]:
    """Mean and variance of a maker's payoff: half-spread from noise (.7), the rest of the jump to the informed (.3)."""
    chance = 1.0 if mine < other else 0.5 if mine == other else 0.0
    won = {float(mine): 0.7, -max(0.0, 5.0 - mine): 0.3} if mine != 5 else {5.0: 0.7, 0.0: 0.3}
    mean = chance * sum(amount * share for amount, share in won.items())
    return mean, chance * sum(amount**2 * share for amount, share in won.items()) - mean**2


@pytest.mark.parametrize(("first", "second"), list(product(range(6), repeat=2)))
def test_payoffs_are_those_of_the_reference_matrix(first, second, record_property):
    run = play(first, second, seed=100 + 6 * first + second)
    for payoff, (mine, other) in zip(by_player(run, "payoff"), ((first, second), (second, first)), strict=True):
        mean, variance = law_of(mine, other)
        if mine > other:
            assert not payoff.any()
            continue
        z = (payoff.mean() - mean) / math.sqrt(variance / EPISODES)
        record_property("z", float(z))
        assert abs(z) <= 4.0, z
        assert abs(payoff.var() / variance - 1.0) < 0.05


def test_the_law_of_the_payoffs_is_theorys():
    table = [law_of(s, 6)[0] for s in range(6)]
    assert table == pytest.approx([-1.5, -0.5, 0.5, 1.5, 2.5, 3.5])
    assert law_of(2, 2)[0] == pytest.approx(0.25)
    assert law_of(3, 3)[0] == pytest.approx(0.75)


@pytest.mark.parametrize("half_spread", [2, 3])
def test_equal_makers_share_ties_evenly_one_unit_at_a_time(half_spread, record_property):
    run = play(half_spread, half_spread, seed=1)
    first, second = by_player(run, "volume")
    assert (first + second == 1).all()
    record_property("share", float(first.mean()))
    assert abs(first.mean() - 0.5) <= 4 * math.sqrt(0.25 / EPISODES)
    runs = np.diff(first) != 0
    assert abs(runs.mean() - 0.5) <= 4 * math.sqrt(0.25 / EPISODES)  # who won last says nothing


def test_no_maker_trades_with_another():
    run = play(3, 3, seed=2, **{"record.trades": True, "run.episodes": EPISODES})
    trades = run.trades
    assert len(trades) == EPISODES
    assert set(trades["maker_population"]) == {"first", "second"}
    assert set(trades["taker_population"]) == {"noise", "informed"}


# --- small markets --------------------------------------------------------------------------------------------------


def market(*populations: dict[str, Any], steps: int = 400, simultaneous: bool = True, **venue: Any) -> dict[str, Any]:
    return {
        "run": {"steps": steps, "seed": 3},
        "instruments": [{"name": "ACME", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.02}}],
        "venues": [{"name": "lit", **venue}],
        "populations": [{"name": f"p{i}", **each} for i, each in enumerate(populations)],
        "turns": {"simultaneous": [0] if simultaneous else []},
        "record": {"messages": True, "book_every": 1},
    }


def ran(*populations: dict[str, Any], **rest: Any) -> Run:
    return execute(parse(market(*populations, **rest)))


def quoter(price: int, side: int = 1, **params: Any) -> dict[str, Any]:
    return {"strategy": "quoter", "params": {"price": price, "side": side, **params}}


def test_makers_that_disagree_by_more_than_their_spread_never_trade_with_one_another():
    guesser = {"strategy": "fixed_spread", "count": 4, "sees": {"noise": 0.5},
               "params": {"half_spread": 0.01, "reference": "signal", "levels": 3, "quantity": 2}}  # fmt: skip
    noise = {"strategy": "noise", "turn": 1, "count": 3, "params": {"quantity": 3.0}}
    run = ran(guesser, noise, steps=3000)
    assert set(run.trades["maker_population"]) == {"p0"}
    assert set(run.trades["taker_population"]) == {"p1"}
    assert run.manifest["repriced_quotes"] > 3000
    assert not ((run.book["bid"] >= run.book["ask"]) & run.book["ask"].notna()).any()
    alternating = ran(guesser, noise, steps=3000, simultaneous=False)
    assert not (alternating.trades["taker_population"] == "p0").any()  # post-only, one after the other


def test_members_do_not_see_one_anothers_orders():
    run = ran({"strategy": "peeker", "count": 3}, {"strategy": "peeker"})
    assert set(run.messages.query("kind == 'post_only'")["quantity"]) == {1}
    in_turn = ran({"strategy": "peeker", "count": 3}, {"strategy": "peeker"}, simultaneous=False)
    seen = in_turn.messages.query("kind == 'post_only'")["quantity"]
    assert (seen == 1).sum() == 1  # the very first one
    assert (seen == 2).sum() == 4 * 400 - 1


def test_members_see_what_stands_before_their_class_acts():
    early = quoter(9_980) | {"turn": -1}
    run = ran(early, {"strategy": "peeker"})
    mine = run.messages[(run.messages["population"] == "p1") & (run.messages["kind"] == "post_only")]
    assert set(mine["quantity"]) == {2}


def test_last_steps_quotes_are_withdrawn_before_anybody_acts():
    run = ran(quoter(9_990), quoter(10_010, -1, only_first=True))
    sent = run.messages.astype({"population": str, "kind": str}).sort_values("sequence")
    for _, rows in sent[sent["step"] > 0].groupby("step"):
        assert rows["kind"].tolist()[0] == "withdraw"
    assert (sent[sent["population"] == "p0"]["kind"] == "withdraw").sum() == 399
    assert (sent[sent["population"] == "p1"]["kind"] == "withdraw").sum() == 1
    assert run.book["ask"].notna().tolist() == [True] + [False] * 399  # a maker that quotes no more stands nowhere
    assert run.book["bid"].notna().all()
    assert (run.book["orders"] == [2] + [1] * 399).all()
    in_turn = ran(quoter(10_010, -1, only_first=True), simultaneous=False)
    assert in_turn.book["ask"].notna().all()


def test_a_withdrawal_is_no_message_of_the_agents():
    run = ran(quoter(9_990), quoter(9_991))
    assert run.manifest["messages"] == 2 * 400
    assert run.episodes["messages"].tolist() == [400, 400]


def test_a_crossing_quote_is_moved_a_tick_away_and_counted():
    run = ran(quoter(10_005, 1), quoter(10_003, -1), post_only="reprice")
    assert run.manifest["repriced_quotes"] == 400
    assert run.manifest["rejected"] == 0
    assert len(run.trades) == 0
    quotes = run.book[["bid", "ask"]].round(6).value_counts()
    assert set(quotes.index) == {(100.05, 100.06), (100.02, 100.03)}  # as the first to enter wanted
    assert abs(quotes.iloc[0] / 400 - 0.5) <= 4 * math.sqrt(0.25 / 400)


def test_a_crossing_quote_is_refused_and_counted_by_venue_setting():
    run = ran(quoter(10_005, 1), quoter(10_003, -1), post_only="reject")
    assert run.manifest["repriced_quotes"] == 0
    assert run.manifest["rejected"] == 400
    assert run.manifest["messages"] == 400
    assert (run.book["orders"] == 1).all()
    assert abs(run.book["bid"].notna().mean() - 0.5) <= 4 * math.sqrt(0.25 / 400)


def test_limit_orders_of_a_simultaneous_class_enter_as_post_only():
    run = ran(quoter(10_005, 1, limit=True), quoter(10_003, -1, limit=True))
    assert len(run.trades) == 0
    assert set(run.messages["kind"]) == {"post_only", "withdraw"}
    in_turn = ran(quoter(10_005, 1, limit=True), quoter(10_003, -1, limit=True), simultaneous=False)
    assert len(in_turn.trades) == 400


def test_the_orders_of_three_members_enter_in_any_order():
    run = ran(*(quoter(10_000) for _ in range(3)), steps=6000)
    sent = run.messages[run.messages["kind"] == "post_only"].astype({"population": str}).sort_values("sequence")
    found = sent.groupby("step")["population"].agg("".join).value_counts()
    assert len(found) == 6
    assert ((found - 1000) ** 2 / 1000).sum() < 27.9  # chi-square, five degrees of freedom


def test_orders_that_must_trade_at_once_are_refused_and_counted():
    run = ran({"strategy": "noise", "count": 2}, quoter(10_010, -1) | {"turn": -1},
              {"strategy": "informed", "sees": {}}, steps=100)  # fmt: skip
    assert len(run.trades) == 0
    sent = run.messages.astype({"population": str})
    assert set(sent["population"]) == {"p1"}
    assert run.manifest["rejected"] >= 200


def test_a_waiting_order_can_be_cancelled_and_never_reaches_the_venue():
    run = ran({"strategy": "waverer"}, steps=100)
    assert set(run.messages["kind"]) == {"post_only", "withdraw"}
    assert set(run.messages["side"]) == {"sell"}
    assert run.manifest["messages"] == 100
    assert run.manifest["rejected"] == 200  # the second cancellation and the replacement
    assert (run.book["orders"] == 1).all()
    assert run.book["bid"].isna().all()


def test_all_waiting_orders_can_be_cancelled_at_once():
    run = ran({"strategy": "changer"}, steps=20)
    assert run.manifest["rejected"] == 0
    assert (run.book["orders"] == 0).all()


def test_lifetimes_are_honoured():
    seldom = {"arrivals": {"law": "bernoulli", "probability": 0.2}}
    run = ran(quoter(9_990, lifetime=3) | seldom, steps=2000)
    sent = run.messages.sort_values("sequence").astype({"kind": str})
    stands: list[int] = []
    expected: dict[int, bool] = {}
    for step in range(2000):
        rows = sent[sent["step"] == step]["kind"].tolist()
        if stands and step == stands[0] + 3:
            assert rows[:1] == ["expire"]
            stands = []
            rows = rows[1:]
        if rows:
            assert rows == (["withdraw"] if stands else []) + ["post_only"]
            stands = [step]
        expected[step] = bool(stands)
    assert (run.book["orders"] == [int(each) for each in expected.values()]).all()
    assert {"expire", "withdraw"} <= set(sent["kind"])


def test_a_member_that_sleeps_keeps_its_orders():
    seldom = {"arrivals": {"law": "bernoulli", "probability": 0.1}}
    run = ran(quoter(9_990) | seldom, quoter(10_010, -1), steps=200)
    first = run.messages[run.messages["population"] == "p0"]["step"].min()
    assert run.book["bid"].notna().tolist() == [step >= first for step in range(200)]


def test_python_agents_of_a_simultaneous_class_do_not_see_one_another_either():
    seen: list[int | None] = []

    class Quoter(Trader):
        def step(self) -> None:
            seen.append(self.best_bid())
            assert self.quotes == []
            assert self.is_live(self.post_only_order(1, 9_990 + self.number, 1))

    stepped = Market(parse(market({"strategy": "peeker", "count": 3}, steps=50)), agents={"p0": Quoter}, orders=8)
    while stepped.running:
        stepped.step()
        assert stepped.best_bid() == 9_992
        assert stepped.world.sides[0]["orders"] == 3
    assert seen == [None] * 150


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 1_000])
def test_orders_that_wait_are_sorted_by_their_keys_few_or_many(count: int) -> None:
    random = np.random.default_rng(count)
    waiting = np.zeros(count + 5, PENDING)
    waiting["key"] = random.integers(0, 2**63, len(waiting), dtype=np.uint64)
    for number, name in enumerate(("price", "handle", "venue", "side", "agent", "kind")):
        waiting[name] = np.arange(len(waiting)) * (number + 1)
    expected = np.concatenate([np.sort(waiting[:count], order="key"), waiting[count:]])
    sort_pending(waiting if COMPILED else waiting.view(np.recarray), count)
    np.testing.assert_array_equal(waiting, expected)
