"""Two fixed streams of messages through the book, one Python call a message."""

from __future__ import annotations

import numpy as np
import pytest

from sim.session.order_book import OrderBook
from tests.oracles.reference_book import ReferenceBook, Trade

AGENTS = 8
KINDS = ("limit", "market")
CANCEL = 2


def replay(messages, book):
    """Send the messages; agents take turns, and may trade with themselves. Returns the book."""
    handles = {}
    for kind, side, price, quantity, order in messages:
        agent = order % AGENTS
        if kind == CANCEL:
            assert book.cancel(agent, handles.pop(order)) > 0
        else:
            handles[order] = book.enter(agent, KINDS[kind], side, price, quantity)
    return book


@pytest.fixture(scope="module", params=["thin", "deep"])
def stream(request, data_folder):
    with np.load(data_folder / "streams" / f"{request.param}.npz") as file:
        return file["messages"].tolist(), int(file["trades"]), int(file["volume"])


@pytest.mark.parametrize("orders", [8, 4096])
def test_a_stream_gives_the_trades_and_volume_it_states_whatever_the_capacity(stream, orders):
    messages, trades, volume = stream
    book = replay(messages, OrderBook(AGENTS, self_trade_prevention="allow", orders=orders))
    made = book.trades()
    assert (len(made), int(made["quantity"].sum())) == (trades, volume)
    venue, accounts = book.storage.world.venues[0], book.storage.world.accounts
    assert (venue["trades"], venue["volume"]) == (trades, volume)
    assert (accounts["trades"].sum(), accounts["volume"].sum()) == (2 * trades, 2 * volume)
    assert accounts["cash"].sum() == book.storage.world.holdings["lots"].sum() == 0
    assert made["sequence"].tolist() == list(range(trades))


@pytest.mark.parametrize("matching", ["price_time", "pro_rata"])
def test_a_streams_beginning_makes_the_trades_of_the_reference_book(stream, matching):
    messages, _, _ = stream
    settings = {"agents": AGENTS, "self_trade_prevention": "allow", "matching": matching, "taker_fee": 0.0003}
    compiled, reference = OrderBook(**settings, orders=8), ReferenceBook(**settings)
    handles = {}
    for kind, side, price, quantity, order in messages[:20_000]:
        agent = order % AGENTS
        if kind == CANCEL:
            # Pro rata leaves other orders standing than the stream knows: some of these are gone.
            handle, number = handles.pop(order)
            assert compiled.cancel(agent, handle) == reference.cancel(agent, number)
        else:
            message = agent, KINDS[kind], side, price, quantity
            handles[order] = compiled.enter(*message), reference.enter(*message)
    assert compiled.trades()[list(Trade._fields)].tolist() == reference.made
    for side in (1, -1):
        assert compiled.queue(side).tolist() == reference.queue(side)
    assert compiled.storage.world.accounts["cash"].tolist() == reference.cash
