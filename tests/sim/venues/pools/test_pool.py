"""A pool as a venue: takers trade on it as on a book, it quotes after its fee, and its ledger is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.money.attribution import by_mark, by_value
from analysis.money.who_paid_whom import who_paid_whom
from sim.core.errors import ScenarioError
from sim.runs.execute import execute
from sim.scenario import dump_toml, parse
from sim.session.market_in_progress import MarketInProgress
from sim.session.session import Session

BUY, SELL = 1, -1
POOL = {
    "name": "pool", "mechanism": "constant_product", "tick_size": 0.0001,
    "liquidity": {"lots": 1_000_000, "price": 100.0},
}  # fmt: skip
NOISE = {
    "name": "noise", "strategy": "noise", "count": 3, "params": {"quantity": 20.0, "distribution": "geometric"},
    "arrivals": {"law": "bernoulli", "probability": 0.3},
}  # fmt: skip
INFORMED = {"name": "informed", "strategy": "informed", "turn": 1, "params": {"amount": "all"}, "sees": {"of": "value"}}
DESK = {"name": "desk", "strategy": "noise", "turn": 2}


def market(*populations: dict[str, Any], venues: Any = (POOL,), steps: int = 150, **more: Any) -> dict[str, Any]:
    value = {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.002}
    return {
        "run": {"steps": steps, "episodes": 2, "seed": 5},
        "instruments": [{"name": "COIN", "value": value}],
        "venues": list(venues),
        "populations": list(populations),
        "record": {"messages": True, "book_every": 1, "agents_every": 1, "agents": "agents", "episodes": "agents"},
    } | more


def desk(**pool: Any) -> tuple[Session, Any]:
    session = Session(parse(market(DESK, venues=[POOL | pool])), outside=["desk"])
    session.step()
    return session, session.agent("desk 0")


def reserves(session: Session) -> tuple[int, int]:
    row = session.world.pools[0]
    return int(row["lots"]), int(row["cash"])


def balanced(session: Session) -> None:
    """Cash and lots sum to zero over all accounts, and the pool's account has its reserves."""
    world = session.world
    assert int(world.accounts["cash"].sum()) == 0
    assert int(world.holdings["lots"].sum()) == 0
    holder = int(world.pools[0]["agent"])
    assert reserves(session) == (int(world.holdings["lots"][holder]), int(world.accounts["cash"][holder]))


# --- what an order does ----------------------------------------------------------------------------------------------


def test_a_market_order_trades_along_the_curve_and_pays_what_the_contract_asks() -> None:
    session, me = desk()
    x, y = reserves(session)
    assert me.market_order(BUY, 1000) == 1000
    paid = 1000 * y * 1000 // (997 * (x - 1000)) + 1
    assert reserves(session) == (x - 1000, y + paid)
    assert me.cash == -paid * 1e-6
    x, y = reserves(session)
    assert me.market_order(SELL, 3000) == 3000
    assert reserves(session) == (x + 3000, y - 997 * 3000 * y // (1000 * x + 997 * 3000))
    balanced(session)


def test_the_best_quotes_are_what_the_next_lot_costs_and_brings() -> None:
    session, me = desk()
    x, y = reserves(session)
    units = 100  # of money in a tick of .0001
    assert me.best_ask() == -(-(y * 1000 // (997 * (x - 1)) + 1) // units)
    assert me.best_bid() == 997 * y // (1000 * x + 997) // units
    before = me.cash
    me.market_order(BUY, 1)
    assert before - me.cash <= 100.31
    assert me.best_ask() > 1_003_000


def test_a_limit_bounds_the_price_of_every_lot() -> None:
    _, me = desk(fee=0.0)  # a fee stays in the pool, so the price after an order lies beyond that of its last lot
    limit = me.best_ask() + 5000  # half a unit of currency
    filled = me.immediate_or_cancel_order(BUY, limit, 10**6)
    assert 0 < filled < 10**6
    assert limit <= me.best_ask() <= limit + 2
    assert me.immediate_or_cancel_order(BUY, limit - 2, 10**6) == 0
    floor = me.best_bid() - 5000
    assert me.immediate_or_cancel_order(SELL, floor, 10**6) > 0
    assert floor - 2 <= me.best_bid() <= floor


def test_all_or_nothing_is_one_or_the_other() -> None:
    session, me = desk()
    limit, before = me.best_ask() + 5000, reserves(session)
    assert me.fill_or_kill_order(BUY, limit, 10**6) == 0
    assert reserves(session) == before
    assert me.fill_or_kill_order(BUY, limit, 100) == 100


def test_no_order_rests() -> None:
    _, me = desk()
    for order in (me.limit_order, me.post_only_order):
        assert order(BUY, me.best_bid() - 100, 5) == 0
        assert me.rejection == "resting"
        assert order(BUY, me.best_ask() + 100, 5) == 0  # nor does one trade that might have rested
        assert me.rejection == "resting"
    assert me.inventory == 0


def test_an_order_that_no_money_could_pay_is_rejected() -> None:
    session, me = desk(liquidity={"lots": 200_000, "price": 1000.0})
    before = reserves(session)
    assert me.market_order(BUY, 199_999) == 0
    assert me.rejection == "quantity"
    assert reserves(session) == before
    assert me.market_order(BUY, 150_000) == 150_000


def test_the_last_lot_cannot_be_bought() -> None:
    session, me = desk(liquidity={"lots": 5, "price": 100.0})
    assert me.market_order(BUY, 100) == 4
    assert me.best_ask() is None
    assert me.market_order(BUY, 1) == 0
    assert me.market_order(SELL, 2) == 2
    assert me.best_ask() is not None
    balanced(session)


def test_the_agent_that_holds_the_pool_is_nobodys_to_drive() -> None:
    with pytest.raises(ScenarioError, match="there is no population 'pool'"):
        Session(parse(market(DESK)), outside=["pool"])


# --- no money from nothing -------------------------------------------------------------------------------------------

ORDERS = st.lists(st.tuples(st.sampled_from((BUY, SELL)), st.integers(1, 2**31 - 1)), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(ORDERS, st.sampled_from((0.0, 0.000001, 0.003, 0.25)), st.integers(2, 10**7))
def test_whoever_ends_with_the_lots_it_began_with_has_lost(
    orders: list[tuple[int, int]], fee: float, lots: int
) -> None:
    session, me = desk(fee=fee, liquidity={"lots": lots, "price": 100.0})
    x, y = reserves(session)
    for side, wanted in orders:
        me.market_order(side, min(wanted, 10 * lots))
    while me.inventory:
        me.market_order(BUY if me.inventory < 0 else SELL, min(abs(me.inventory), 2**31 - 1))
    after = reserves(session)
    assert after[0] == x
    assert after[1] >= y
    assert me.cash <= 0.0
    balanced(session)


# --- in a market -----------------------------------------------------------------------------------------------------


def test_the_lines_of_a_pool_sum_to_its_payoff_by_mark_and_by_value() -> None:
    run = execute(parse(market(NOISE, INFORMED)))
    assert len(run.trades) > 100
    for found in (by_mark(run), by_value(run)):
        table = found.table()
        assert list(table.index) == ["noise", "informed", "pool"]
        assert found.gap < 1e-12
        np.testing.assert_allclose(table["total"], table["recorded"], rtol=1e-12, atol=1e-6)
        assert abs(table["spread"].sum()) < 1e-6
        assert table.loc["pool", "spread"] > 0.0
    paid = who_paid_whom(run)
    np.testing.assert_allclose(paid.won, -np.swapaxes(paid.won, 1, 2))


def test_its_price_is_money_per_lot() -> None:
    run = execute(parse(market(NOISE, INFORMED)))
    trades = run.trades.to_pandas() if hasattr(run.trades, "to_pandas") else run.trades
    money = trades["price"] * trades["quantity"] * 1e6
    np.testing.assert_allclose(money, np.rint(money), atol=1e-3)
    episodes = run.table("episodes").to_pandas()
    for episode, rows in trades.groupby("episode"):
        signs = np.where(rows["aggressor"] == "buy", 1, -1)
        took = int((signs * np.rint(rows["price"] * rows["quantity"] * 1e6)).sum())
        own = episodes[(episodes["episode"] == episode) & (episodes["population"] == "pool")]
        lots = int(own["inventory.COIN"].iloc[0])
        assert lots == 1_000_000 - int((signs * rows["quantity"]).sum())
        settled = run.table("settlements").to_pandas().set_index("episode").loc[episode, "price"]
        assert own["cash"].iloc[0] == pytest.approx(100e6 + took * 1e-6 + lots * settled, rel=1e-12)


def test_the_page_says_of_a_pool_what_the_attribution_says() -> None:
    scenario = parse(market(NOISE, INFORMED))
    seen, run = MarketInProgress(scenario), execute(scenario)
    seen.prepare()
    seen.advance(seen.total)
    table = by_mark(run, horizon=seen.money().horizon).table()
    lines = seen.money().lines
    for name in ("spread", "adverse_selection", "revaluation"):
        np.testing.assert_allclose(getattr(lines, name), table[name], rtol=1e-9, atol=1e-6)


def test_what_is_written_out_is_read_as_the_same_market() -> None:
    scenario = parse(market(NOISE, INFORMED))
    again = parse(dump_toml(scenario))
    assert again == scenario
    assert [each.name for each in again.populations] == ["noise", "informed", "pool"]
    assert again.pools == ("pool",)


@pytest.mark.parametrize("chunk", [1, 7, 256])
def test_chunks_and_capacities_change_nothing(chunk: int) -> None:
    book = {"name": "book"}
    makers = {"name": "makers", "strategy": "fixed_spread", "venues": ["book"], "count": 2}
    scenario = parse(
        market(NOISE, INFORMED, makers, {"name": "arbitrageur", "strategy": "arbitrageur", "turn": 3},
               venues=[POOL, book], steps=60)
    )  # fmt: skip
    run, other = execute(scenario), execute(scenario, chunk=chunk, orders=8)
    for name in ("trades", "messages", "book", "agents", "episodes"):
        assert run.table(name).equals(other.table(name)), name
    counts = run.trades["taker_population"].value_counts()
    assert counts["arbitrageur"] > 0
