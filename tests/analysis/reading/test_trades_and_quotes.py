"""A venue's trades by arriving order, and the quotes of its book."""

import numpy as np
import pandas as pd
import pytest

from analysis.reading.trades_and_quotes import consecutive, quotes_of, tape_of
from sim.core.errors import RunError
from spreadgame.api import run
from tests.places import SCENARIOS


@pytest.fixture(scope="module")
def two_books():
    return run(SCENARIOS / "two_books.toml", overrides={"run.steps": 1_000, "run.episodes": 3})


@pytest.fixture(scope="module")
def large_orders():
    changes = {"run.steps": 300, "run.episodes": 3, "noise.params.quantity": 12}
    return run(SCENARIOS / "quickstart.toml", overrides=changes)


def orders_of(run, venue):
    """The same by grouping the table."""
    rows = run.trades[run.trades["venue"] == venue]
    rows = rows.assign(
        money=rows["price"] * rows["quantity"], sign=np.where(rows["aggressor"] == "buy", 1, -1), count=1
    )
    return rows.groupby(["episode", "taker_order"], sort=False).agg(
        step=("step", "first"), money=("money", "sum"), lots=("quantity", "sum"), sign=("sign", "first"),
        mark=("mark", "first"), count=("count", "sum"),
    ).reset_index()  # fmt: skip


def assert_same(tape, orders):
    assert tape.episodes.tolist() == orders["episode"].tolist()
    assert tape.steps.tolist() == orders["step"].tolist()
    assert tape.signs.tolist() == orders["sign"].tolist()
    assert tape.quantities.tolist() == orders["lots"].tolist()
    assert tape.prices == pytest.approx((orders["money"] / orders["lots"]).to_numpy(), rel=1e-14)
    np.testing.assert_array_equal(tape.mids, orders["mark"])


def test_each_venue_has_its_own_orders(two_books):
    for venue in two_books.scenario.venues:
        orders = orders_of(two_books, venue.name)
        assert len(orders) > 100
        assert_same(tape_of(two_books, venue.name), orders)


def test_an_order_that_traded_several_times_is_one_row(large_orders):
    venue = large_orders.scenario.venues[0].name
    orders = orders_of(large_orders, venue)
    assert (orders["count"] > 1).sum() > 20
    tape = tape_of(large_orders, venue)
    assert_same(tape, orders)
    assert tape.signs.dtype == np.int64
    assert all(each.dtype == np.float64 for each in (tape.prices, tape.quantities, tape.mids))


def test_the_table_of_trades_is_not_made(large_orders):
    fresh = run(SCENARIOS / "quickstart.toml", overrides={"run.steps": 50})
    tape_of(fresh, fresh.scenario.venues[0].name)
    assert "trades" not in vars(fresh)


def test_a_venue_that_is_not_there_and_a_run_without_trades_are_refused(two_books):
    with pytest.raises(RunError, match="no venue 'nowhere' — there are"):
        tape_of(two_books, "nowhere")
    bare = run(SCENARIOS / "quickstart.toml", overrides={"run.steps": 50, "record.trades": False})
    with pytest.raises(RunError, match="kept no trades"):
        tape_of(bare, bare.scenario.venues[0].name)


def test_quotes_are_the_samples_of_the_venues_book(two_books):
    name = two_books.scenario.venues[1].name
    quotes, book = quotes_of(two_books, name), two_books.book
    book = book[book["venue"] == name]
    pd.testing.assert_series_equal(
        pd.Series(quotes.mids), ((book["bid"] + book["ask"]) / 2).reset_index(drop=True), check_names=False
    )


def test_rows_follow_one_another_only_within_an_episode():
    assert consecutive(5, 2, [0, 0, 0, 1, 1]).tolist() == [True, False, False]
    assert consecutive(4, 1).tolist() == [True] * 3
    assert consecutive(1, 2, [0]).tolist() == []
