"""The order book of ``bourse`` (Rust), fed from Python one call per message."""

from __future__ import annotations

from time import perf_counter

import bourse

from benchmarks.measure import Skipped, stream

LIMIT, CANCEL = 0, 2


def engine(name: str) -> float:
    """Feed one of the streams to a fresh book and check what it traded.

    Only the feeding is timed. Every order gets a time of its own: the book is keyed by price and time, and loses one of
    two orders that share both. Its order numbers count from 0, the stream's from 1.

    Returns
    -------
    float
        Messages a second.
    """
    messages, trades, volume = stream(name)
    prepared = [(kind, side > 0, price, lots, order - 1) for kind, side, price, lots, order in messages.tolist()]
    book = bourse.core.OrderBook(0, 1)
    place, cancel, set_time = book.place_order, book.cancel_order, book.set_time

    start = perf_counter()
    for time, (kind, is_bid, price, lots, order) in enumerate(prepared):
        if kind == CANCEL:
            cancel(order)
            continue
        set_time(time)
        if kind == LIMIT:
            place(is_bid, lots, 0, price)
        else:
            place(is_bid, lots, 0)
    seconds = perf_counter() - start

    sizes = [trade[3] for trade in book.get_trades()]
    if (len(sizes), sum(sizes)) != (trades, volume):
        raise Skipped(f"wrong: {len(sizes)} trades of {sum(sizes)} lots, not {trades} of {volume}")
    return len(prepared) / seconds
