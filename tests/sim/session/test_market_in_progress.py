"""A market in progress: looked at, it is the market that runs; what is kept of it does not grow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.scenario import load, parse
from sim.session.market_in_progress import MarketInProgress
from sim.session.session import Session
from tests.command_line import QUICKSTART
from tests.markets.rich_market import rich
from tests.places import SCENARIOS

STEPS = {"run.steps": 400}


def test_a_look_changes_nothing(restless: Path) -> None:
    """Of a market with options, auctions and margin, looked at after every step, accounts end as they do unseen."""
    scenario = parse(rich(steps=60, episodes=2))
    seen, unseen = MarketInProgress(scenario), MarketInProgress(scenario)
    seen.prepare()
    while seen.step():
        seen.look()
        for venue in range(len(scenario.venues)):
            seen.book(venue)
        seen.profits(), seen.money()
    unseen.advance(unseen.total)
    for name in ("accounts", "holdings", "instruments", "agents"):
        for field in getattr(seen.world, name).dtype.names:
            np.testing.assert_array_equal(
                getattr(seen.world, name)[field], getattr(unseen.world, name)[field], err_msg=f"{name}.{field}"
            )


def test_to_ask_a_session_for_values_changes_nothing() -> None:
    scenario = load(SCENARIOS / "options" / "stress.toml", {"run.episodes": 1})
    asked, run = Session(scenario), execute(scenario)
    while asked.step():
        for instrument in range(len(scenario.instruments)):
            asked.value(instrument)
    found = asked.result()
    assert found.trades.equals(run.trades)
    assert found.book.equals(run.book)


def test_what_is_shown_is_what_a_run_samples() -> None:
    scenario = load(QUICKSTART, STEPS | {"record.book_every": 1, "record.agents_every": 1})
    run, market = execute(scenario), MarketInProgress(scenario)
    book, agents = run.book.set_index("step"), run.agents
    for step in (1, 150, 399):
        market.advance(step)
        market.look()
        shown, row = market.book(0), book.loc[step - 1]
        assert shown.bids[0].tolist() == [pytest.approx(row["bid"]), row["bid_volume"]]
        assert shown.asks[0].tolist() == [pytest.approx(row["ask"]), row["ask_volume"]]
        worth = market.worths()[0]
        assert worth.mark == pytest.approx(row["mark"])
        assert worth.value == pytest.approx(row["value"])
        assert worth.public_value == pytest.approx(row["public_value"])
        at = agents[agents["step"] == step - 1]
        held = at.groupby("population", observed=True, sort=False)["inventory.ACME"].sum()
        names = [each.name for each in scenario.populations]
        assert market.inventories()[:, 0].tolist() == held.loc[names].tolist()
        makers = at[at["population"] == "makers"]["inventory.ACME"]
        assert market.members(0)[:, 0].tolist() == makers.tolist()


def test_levels_of_a_book_come_best_first() -> None:
    market = MarketInProgress(SCENARIOS / "zero_intelligence.toml")
    market.step(500)
    market.look()
    book = market.book(0, 5)
    assert 1 < len(book.bids) <= 5
    assert (np.diff(book.bids[:, 0]) < 0).all()
    assert (np.diff(book.asks[:, 0]) > 0).all()
    assert book.bids[0, 0] < book.asks[0, 0]


def test_before_the_first_step_nothing_is_known() -> None:
    market = MarketInProgress(QUICKSTART)
    market.prepare()
    assert market.now == market.episode == market.trades == 0
    assert all(np.isnan(each).all() for each in market.worths())
    assert market.profits().tolist() == [0.0, 0.0, 0.0]
    book = market.book(0)
    assert (len(book.bids), len(book.asks)) == (0, 0)
    assert np.isnan([book.last, book.indicative, book.spread_mean]).all()


def test_an_auction_shows_its_indicative_price_and_hides_its_book() -> None:
    data: dict[str, Any] = {
        "run": {"steps": 60, "seed": 3},
        "instruments": [{"name": "X", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.03}}],
        "venues": [{"name": "lit", "auction": {"opening": 20}}],
        "populations": [
            {"name": "makers", "strategy": "fixed_spread", "count": 2},
            {"name": "noise", "strategy": "noise", "count": 5, "turn": 1},
        ],
    }
    market = MarketInProgress(parse(data))
    market.step(10)
    market.look()
    collecting = market.book(0)
    assert collecting.collecting
    assert len(collecting.bids) == len(collecting.asks) == 0
    assert abs(collecting.indicative - 100.0) < 2.0
    assert collecting.imbalance is not None
    market.step(30)
    market.look()
    assert not market.book(0).collecting
    assert market.book(0).imbalance is None
    assert len(market.book(0).bids) == 1


def test_trades_since_the_last_look_come_once_and_the_rest_is_counted() -> None:
    market = MarketInProgress(QUICKSTART, trades=50)
    market.step(400)
    market.look()
    rows, left_out = market.recent.take()
    assert len(rows) == 50
    assert len(rows) + left_out == market.trades
    before = market.trades
    market.step(20)
    market.look()
    rows, left_out = market.recent.take()
    assert (len(rows), left_out) == (market.trades - before, 0)
    assert market.recent.take()[1] == 0


def test_it_keeps_no_tables_and_says_so() -> None:
    market = MarketInProgress(QUICKSTART)
    market.step(10)
    with pytest.raises(RunError, match="keeps no tables"):
        market.result()
    with pytest.raises(RunError, match="keeps no tables"):
        market.save("runs", "name")


def test_overrides_and_seed_are_those_of_a_run() -> None:
    market = MarketInProgress(QUICKSTART, seed=5, overrides=STEPS)
    market.advance(market.total)
    run = execute(load(QUICKSTART, STEPS, 5))
    assert market.trades == run.manifest["trades"]
    assert not market.running
