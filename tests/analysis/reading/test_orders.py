"""The message log replayed: the books it gives are those that were sampled, its queues those that the engine had."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.quality.presence import presence_of
from analysis.reading import queues
from analysis.reading.orders import Orders, collects, orders_of, shows
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.markets.random_markets import random_market, stopped
from tests.markets.scripted import BUY, SELL, Chaos, play, scenario
from tests.places import SCENARIOS

LOGGED = {"messages": True, "levels": 1, "book_every": 1, "agents": "none", "episodes": "none"}
NEVER = -1e12


def rebuilt(run: Run) -> pd.DataFrame:
    """The book's samples as the replayed log has them, with the columns of the table."""
    quotes, sampled = orders_of(run).quotes, run.book
    parts = []
    for venue in run.scenario.venues:
        index = pd.MultiIndex.from_frame(sampled.loc[sampled["venue"] == venue.name, ["episode", "step"]])
        visible = shows(venue, run.scenario.run.steps, index.get_level_values("step"))
        part = pd.DataFrame({"venue": venue.name, "orders": 0}, index=index)
        for side, name in (("buy", "bid"), ("sell", "ask")):
            own = quotes[(quotes["venue"] == venue.name) & (quotes["side"] == side)].set_index(["episode", "step"])
            own = own[["price", "lots", "depth", "orders"]].fillna(NEVER)
            own = own.reindex(index).groupby(level="episode").ffill().fillna({"price": NEVER}).fillna(0)
            part[name] = np.where(visible & (own["price"] != NEVER), own["price"] * venue.tick_size, np.nan)
            part[f"{name}_volume"] = np.where(visible, own["lots"], 0)
            part[f"{name}_depth"] = own["depth"]
            part["orders"] += own["orders"]
        parts.append(part.reset_index())
    return pd.concat(parts)


def assert_rebuilt(run: Run) -> None:
    keys = ["venue", "episode", "step"]
    names = ["bid", "bid_volume", "bid_depth", "ask", "ask_volume", "ask_depth", "orders"]
    mine, theirs = (
        each.assign(venue=each["venue"].astype(str)).set_index(keys).sort_index()[names].astype(float)
        for each in (rebuilt(run), run.book)
    )
    pd.testing.assert_frame_equal(mine, theirs, check_exact=False, atol=1e-9)


def with_more_rules(number: int) -> dict[str, Any]:
    """A random market, some of whose books have rules that others have not."""
    data, random = random_market(number), np.random.default_rng(number)
    for venue in data["venues"]:
        if "auction" not in venue:
            venue |= {"post_only": str(random.choice(["reject", "reprice"]))}
            venue |= {"clear_book_after_trade": True} if random.random() < 0.2 else {}
    for each in data["populations"]:
        if each["strategy"] in ("fixed_spread", "undercutter") and random.random() < 0.4:
            each["obligation"] = {"presence": 0.7, "maximum_spread": 0.08, "minimum_size": 3}
    return data | {"record": LOGGED}


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_the_rebuilt_book_is_the_sampled_one_at_the_end_of_each_step_of_random_markets(first: int):
    for number in range(first, first + 10):
        run = execute(parse(with_more_rules(number)))
        try:
            assert_rebuilt(run)
        except AssertionError as error:
            raise AssertionError(f"random market {number}") from error


@pytest.mark.parametrize("name", ["quickstart", "two_books", "zero_intelligence"])
def test_the_rebuilt_book_is_the_sampled_one_in_our_scenarios(name: str):
    overrides = {"run.steps": 1500, "record.messages": True, "record.book_every": 1}
    assert_rebuilt(execute(load(SCENARIOS / f"{name}.toml", overrides)))


@pytest.mark.parametrize("matching", ["price_time", "pro_rata"])
@pytest.mark.parametrize("self_trade", ["cancel_resting", "cancel_incoming", "allow"])
@pytest.mark.parametrize("auction", [{}, {"opening": 10, "closing": 12}, {"every": 7}], ids=["book", "ends", "auction"])
def test_every_order_joins_the_queue_where_the_engine_put_it(matching: str, self_trade: str, auction: dict[str, int]):
    rules: dict[str, Any] = {"matching": matching, "auction": auction, "self_trade_prevention": self_trade}
    chaos = Chaos(scenario(60, 2, [rules]), len(str(rules)), ["limit"])
    assert_rebuilt(chaos.run)
    stays = orders_of(chaos.run).stays.query("kind == 'limit'")
    assert len(stays) > 100
    mine = stays[["order", "lots", "lots_ahead", "orders_ahead"]].to_numpy().tolist()
    assert mine == [list(each) for each in chaos.joined if each[0] in set(stays["order"])]


def test_who_trades_first_where_time_has_priority_had_nobody_ahead():
    run = execute(load(SCENARIOS / "zero_intelligence.toml", {"run.steps": 4000, "record.messages": True}))
    stays = orders_of(run).stays
    traded = stays[stays["traded"] > 0]
    assert (traded["lots_then"] == 0).all()
    assert (traded["lots_ahead"] > 0).sum() > 100


@pytest.mark.parametrize("number", range(3))
def test_lots_are_neither_lost_nor_found(number: int):
    chaos = Chaos(scenario(80, 2, [{"matching": ["price_time", "pro_rata"][number % 2]}]), number)
    known, stays, trades = (found := orders_of(chaos.run)), found.stays, chaos.run.trades
    sides = pd.concat([trades.set_index("maker_order")["quantity"], trades.set_index("taker_order")["quantity"]])
    traded = sides.groupby(level=0).sum().reindex(known.orders.index, fill_value=0)
    assert known.orders["filled"].tolist() == traded.tolist()
    waited = stays.groupby("order")["traded"].sum()
    assert (waited <= known.orders["filled"].reindex(waited.index)).all()
    assert (stays["traded"] <= stays["lots"]).all()
    assert ((stays["traded"] == stays["lots"]) <= (stays["end"] == "filled")).all()
    assert (stays["lots_then"].dropna() <= stays["lots_ahead"][stays["lots_then"].notna()]).all()
    assert (stays["wait"].dropna() <= stays["lifetime"][stays["wait"].notna()]).all()
    alive = stays.query("end == 'alive'")
    last = chaos.run.book.groupby("episode")["orders"].last()
    assert alive.groupby("episode").size().reindex(last.index, fill_value=0).tolist() == last.tolist()
    assert (alive["step"] + alive["lifetime"] == 79).all()


# --- by hand --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_hand() -> Orders:
    return Orders(play(scenario(8), [
        (0, "a", "limit", BUY, 100, 5, "x"),
        (0, "b", "limit", BUY, 100, 3, "y"),
        (1, "c", "post_only", BUY, 100, 4, "z"),
        (1, "d", "limit", SELL, 103, 2, "w", 3),  # until step 4
        (2, "d", "market", SELL, 6),  # all of x, one lot of y
        (3, "c", "replace", "z", 100, 1),  # keeps its place
        (4, "b", "replace", "y", 100, 4),  # loses it
        (5, "c", "cancel", "z"),
        (5, "d", "limit", SELL, 100, 1, "v"),  # trades at once
    ]))  # fmt: skip


def test_stays_are_those_that_can_be_counted_by_hand(by_hand: Orders):
    names = ["order", "population", "step", "price", "lots", "lots_ahead", "orders_ahead", "traded", "wait",
             "lots_then", "orders_then", "end", "lifetime"]  # fmt: skip
    nan = float("nan")
    expected = [
        (1, "a", 0, 100, 5, 0, 0, 5, 2, 0, 0, "filled", 2),
        (2, "b", 0, 100, 3, 5, 1, 1, 2, 0, 0, "replaced", 4),
        (3, "c", 1, 100, 4, 8, 2, 0, nan, 0, 0, "cancelled", 4),
        (4, "d", 1, 103, 2, 0, 0, 0, nan, 0, 0, "expired", 3),
        (2, "b", 4, 100, 4, 1, 1, 1, 1, 0, 0, "alive", 3),
    ]
    found = by_hand.stays[names].astype({"population": str, "end": str})
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected, columns=names), check_dtype=False)


def test_orders_are_those_that_can_be_counted_by_hand(by_hand: Orders):
    names = ["population", "kind", "side", "at_once", "filled", "left"]
    found = by_hand.orders[names].astype({"population": str, "kind": str, "side": str})
    expected = [
        ("a", "limit", "buy", 0, 5, 0),
        ("b", "limit", "buy", 0, 2, 3),
        ("c", "post_only", "buy", 0, 0, 1),
        ("d", "limit", "sell", 0, 0, 2),
        ("d", "market", "sell", 6, 6, 0),
        ("d", "limit", "sell", 1, 1, 0),
    ]
    index = pd.Index(range(1, 7), name="order")
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected, columns=names, index=index), check_dtype=False)


def test_quotes_are_those_that_can_be_counted_by_hand(by_hand: Orders):
    bids = by_hand.quotes[by_hand.quotes["side"] == "buy"][["step", "price", "lots", "depth", "orders"]]
    assert bids.to_numpy().tolist() == [
        [0, 100, 8, 8, 2], [1, 100, 12, 12, 3], [2, 100, 6, 6, 2], [3, 100, 3, 3, 2], [4, 100, 5, 5, 2],
        [5, 100, 3, 3, 1],
    ]  # fmt: skip


def test_size_has_priority_where_matching_is_pro_rata():
    run = play(scenario(3, venues=[{"matching": "pro_rata"}]), [
        (0, "a", "limit", BUY, 100, 6, "x"),
        (0, "b", "limit", BUY, 100, 2, "y"),
        (1, "c", "market", SELL, 4),
    ])  # fmt: skip
    stays = Orders(run).stays
    assert stays["traded"].tolist() == [3, 1]
    assert stays["lots_then"].tolist() == [0, 3]  # of six ahead three are gone just before its own trade
    assert stays["end"].tolist() == ["alive", "alive"]


def test_an_order_that_meets_its_own_agents_is_dropped_where_the_venue_says_so():
    run = play(scenario(2, venues=[{"self_trade_prevention": "cancel_incoming"}]), [
        (0, "a", "limit", BUY, 100, 2, "x"),
        (0, "b", "limit", BUY, 101, 1, "y"),
        (1, "a", "limit", SELL, 99, 4, "z"),  # trades with b, then meets itself
    ])  # fmt: skip
    known = Orders(run)
    assert known.stays["order"].tolist() == [1, 2]
    assert known.orders.loc[3, ["filled", "left"]].tolist() == [1, 3]


def test_a_replacement_that_trades_ends_a_stay_and_begins_one_with_the_rest():
    run = play(scenario(3), [
        (0, "a", "limit", BUY, 99, 5, "x"),
        (0, "b", "limit", SELL, 101, 2, "y"),
        (1, "a", "replace", "x", 101, 6),
    ])  # fmt: skip
    known = Orders(run)
    assert known.stays["end"].tolist() == ["replaced", "filled", "alive"]
    assert known.stays["lots"].tolist() == [5, 2, 4]
    assert known.stays["traded"].tolist() == [0, 2, 0]
    assert known.orders.loc[1, ["at_once", "filled", "left"]].tolist() == [0, 2, 4]


def test_orders_wait_for_a_clearing_and_what_is_for_that_one_only_goes_with_it():
    run = play(scenario(6, venues=[{"auction": {"every": 3}}]), [
        (0, "a", "limit", BUY, 100, 5, "x"),
        (0, "b", "market", SELL, 7),
        (1, "c", "schedule", 51.0, 2.0),
    ])  # fmt: skip
    known = Orders(run)
    assert known.stays[["order", "kind", "end"]].astype(str).to_numpy().tolist() == [
        ["1", "limit", "filled"], ["2", "market", "filled" if run.trades["quantity"].sum() >= 7 else "expired"],
    ]  # fmt: skip
    assert known.stays["lifetime"].tolist() == [2, 2]
    assert_rebuilt(run)


def test_what_was_moved_back_to_its_old_price_with_fewer_lots_is_taken_for_what_was_made_smaller():
    run = play(scenario(3), [
        (0, "a", "post_only", BUY, 100, 5, "x"),
        (0, "b", "limit", BUY, 100, 2, "y"),
        (0, "c", "limit", SELL, 101, 1, "z"),
        (1, "a", "replace", "x", 101, 4),  # the venue moves it back, behind b
        (2, "c", "market", SELL, 1),
    ])  # fmt: skip
    stays = Orders(run).stays
    assert stays["order"].tolist() == [1, 2, 3]  # the log has the same row for both
    assert run.trades["maker_order"].tolist() == [2]
    assert stays.loc[1, ["orders_then", "lots_then"]].tolist() == [1, 4]


def test_steps_of_calls_are_those_of_the_scenario():
    data = scenario(10, venues=[{"auction": {"opening": 3, "closing": 2}}, {"auction": {"every": 4}}, {}])
    ends, auction, plain = parse(data).venues
    assert np.flatnonzero(collects(ends, 10, np.arange(10))).tolist() == [0, 1, 2, 8, 9]
    assert np.flatnonzero(shows(ends, 10, np.arange(10))).tolist() == [2, 3, 4, 5, 6, 7, 9]
    assert collects(auction, 10, np.arange(10)).all()
    assert np.flatnonzero(shows(auction, 10, np.arange(10))).tolist() == [3, 7, 9]
    assert shows(plain, 10, np.arange(10)).all()
    assert not collects(plain, 10, np.arange(10)).any()


# --- what cannot be done --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["messages", "trades"])
def test_a_run_that_kept_too_little_says_what_to_set(key: str):
    data = scenario(3)
    data["record"] |= {key: False}
    with pytest.raises(RunError, match=f"kept no {key} — set record.{key} = true"):
        Orders(play(data, []))


def test_a_run_without_messages_has_no_orders():
    known = Orders(play(scenario(3), []))
    assert [len(each) for each in (known.orders, known.stays, known.quotes, known.messages)] == [0, 0, 0, 0]


def test_levels_out_of_order_are_refused():
    events = np.recarray(0, queues.EVENT)
    with pytest.raises(ValueError, match="the best first"):
        queues.replay(events, [0, 0], [99, 100], 1)
    with pytest.raises(ValueError, match="side by side"):
        queues.replay(events, [1, 0], [99, 100], 1)


def test_a_best_price_is_found_behind_thousands_of_empty_levels():
    far, near = 20_000, 3
    what = [(queues.ENTER, 0, 1, 0, 1, far, 0)]
    what += [(queues.ENTER, 1, order, 0, 1, order, 0) for order in range(2, near + 2)]
    what += [(queues.REMOVE, 2, order, 2, 0, -1, 0) for order in range(2, near + 2)]
    events = np.array(what, queues.EVENT).view(np.recarray)
    found = queues.replay(events, np.zeros(far + 1, int), -np.arange(far + 1), near + 2)
    assert found.quotes["level"].tolist() == [far, 2, far]


def test_an_interrupted_run_is_rebuilt_as_far_as_it_went():
    data = random_market(3)
    data["run"] |= {"steps": 50, "episodes": 3}
    run = stopped(data | {"record": LOGGED}, 70)
    assert_rebuilt(run)
    alive = orders_of(run).stays.query("end == 'alive' and episode == 1")
    assert (alive["step"] + alive["lifetime"] == 19).all()
    shown = presence_of(run, run.scenario.venues[0].name)
    assert shown["two_sided"].max() > 0
    assert (shown[["two_sided", "best"]] <= 1).all(axis=None)
