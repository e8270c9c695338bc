"""Textbook cases of the order book, worked by hand: each must come out so in both books.

Agents are 0 (A), 1 (B) and 2 (C). A message is ``(kind, agent, side, price, quantity[, lifetime])``,
``("cancel", agent, order)``, ``("replace", agent, order, price, quantity)`` or ``("advance", steps)``; orders are named
by their serial numbers. What rests is written ``price: [(order, quantity), …]``, best price first, first in first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from sim.core import codes
from sim.session.order_book import OrderBook
from sim.venues.settings import ORDER_KINDS
from tests.oracles.reference_book import HIGHEST, LOWEST, ReferenceBook

A, B, C, FEES = 0, 1, 2, 3
BUY, SELL = 1, -1
NAMES = {codes.BAD_PRICE: "bad_price", codes.BAD_QUANTITY: "bad_quantity", codes.GONE: "gone",
         codes.WOULD_TRADE: "would_trade", codes.ACCEPTED: "accepted"}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Messages, and what comes of them."""

    claim: str
    messages: list[tuple]
    trades: list[tuple] = field(default_factory=list)  # price, quantity, maker's order, taker's order
    bids: dict = field(default_factory=dict)
    asks: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)
    rejected: list[tuple] = field(default_factory=list)  # place of the message, why
    answers: dict = field(default_factory=dict)  # place of a cancel, lots
    cash: list[int] | None = None  # money units of A, B, C and of the fees
    marks: list[float] | None = None  # at each trade, in ticks of 0.01


PRO_RATA = {"matching": "pro_rata"}
ASKS_OF_B_AND_C = [("limit", B, SELL, 101, 5), ("limit", C, SELL, 101, 3), ("limit", B, SELL, 102, 10)]
BOOK_OF_A_INSIDE = [("limit", B, SELL, 101, 2), ("limit", A, SELL, 101, 3), ("limit", C, SELL, 101, 4)]
SIZES_50_30_20 = [("limit", B, SELL, 101, 50), ("limit", C, SELL, 101, 30), ("limit", B, SELL, 101, 20)]
THREE_OF_ONE = [("limit", B, SELL, 101, 1), ("limit", C, SELL, 101, 1), ("limit", B, SELL, 101, 1)]

CASES = [
    # --- price-time priority ---
    Case(
        "the best price trades first and at one price the first in",
        [*ASKS_OF_B_AND_C, ("limit", A, BUY, 102, 9)],
        trades=[(101, 5, 1, 4), (101, 3, 2, 4), (102, 1, 3, 4)],
        asks={102: [(3, 9)]},
    ),
    Case(
        "a trade is at the price of the resting order",
        [("limit", A, BUY, 100, 2), ("limit", B, SELL, 90, 1)],
        trades=[(100, 1, 1, 2)],
        bids={100: [(1, 1)]},
        rules={"tick_units": 7},
        cash=[-700, 700, 0, 0],
    ),
    Case(
        "what is left of a limit order rests",
        [*ASKS_OF_B_AND_C, ("limit", A, BUY, 101, 10)],
        trades=[(101, 5, 1, 4), (101, 3, 2, 4)],
        bids={101: [(4, 2)]},
        asks={102: [(3, 10)]},
    ),
    Case(
        "a partly filled order keeps its place",
        [*ASKS_OF_B_AND_C, ("market", A, BUY, 0, 2), ("market", A, BUY, 0, 4)],
        trades=[(101, 2, 1, 4), (101, 3, 1, 5), (101, 1, 2, 5)],
        asks={101: [(2, 2)], 102: [(3, 10)]},
    ),
    Case(
        "what is left of a market order is dropped",
        [*ASKS_OF_B_AND_C, ("market", A, BUY, 0, 30), ("market", A, BUY, 0, 1)],
        trades=[(101, 5, 1, 4), (101, 3, 2, 4), (102, 10, 3, 4)],
    ),
    Case(
        "an immediate-or-cancel order trades up to its limit and leaves",
        [*ASKS_OF_B_AND_C, ("immediate_or_cancel", A, BUY, 101, 9)],
        trades=[(101, 5, 1, 4), (101, 3, 2, 4)],
        asks={102: [(3, 10)]},
    ),
    Case(
        "a fill-or-kill order that cannot be filled does nothing but takes a number",
        [*ASKS_OF_B_AND_C, ("fill_or_kill", A, BUY, 101, 9), ("limit", A, BUY, 90, 1)],
        bids={90: [(5, 1)]},
        asks={101: [(1, 5), (2, 3)], 102: [(3, 10)]},
    ),
    Case(
        "a fill-or-kill order may take several levels",
        [*ASKS_OF_B_AND_C, ("fill_or_kill", A, BUY, 102, 9)],
        trades=[(101, 5, 1, 4), (101, 3, 2, 4), (102, 1, 3, 4)],
        asks={102: [(3, 9)]},
    ),
    Case(
        "sellers meet the highest bid first",
        [("limit", A, BUY, 99, 1), ("limit", B, BUY, 100, 1), ("limit", A, BUY, 100, 1), ("market", C, SELL, 0, 3)],
        trades=[(100, 1, 2, 4), (100, 1, 3, 4), (99, 1, 1, 4)],
    ),
    # --- post-only ---
    Case(
        "a post-only order that would trade moves one tick away",
        [("limit", B, SELL, 101, 5), ("post_only", A, BUY, 105, 1), ("limit", A, BUY, 95, 1),
         ("post_only", C, SELL, 1, 2)],
        bids={100: [(2, 1)], 95: [(3, 1)]},
        asks={101: [(1, 5), (4, 2)]},
        rules={"post_only": "reprice"},
    ),
    Case(
        "or is rejected and takes no number",
        [("limit", B, SELL, 101, 5), ("post_only", A, BUY, 101, 1), ("post_only", A, BUY, 100, 1)],
        bids={100: [(2, 1)]},
        asks={101: [(1, 5)]},
        rules={"post_only": "reject"},
        rejected=[(1, "would_trade")],
    ),
    Case(
        "a post-only order cannot move beyond the last price there is",
        [("limit", B, SELL, LOWEST, 5), ("post_only", A, BUY, 0, 1), ("limit", C, BUY, LOWEST, 5),
         ("limit", C, BUY, HIGHEST, 5), ("post_only", A, SELL, 0, 1)],
        trades=[(LOWEST, 5, 1, 2)],
        bids={HIGHEST: [(3, 5)]},
        rejected=[(1, "bad_price"), (4, "bad_price")],
    ),
    # --- cancel, replace, lifetimes ---
    Case(
        "a cancelled order is gone and its handle with it",
        [*ASKS_OF_B_AND_C, ("cancel", B, 1), ("cancel", B, 1), ("cancel", A, 2), ("market", A, BUY, 0, 1)],
        trades=[(101, 1, 2, 4)],
        asks={101: [(2, 2)], 102: [(3, 10)]},
        rejected=[(4, "gone"), (5, "gone")],
        answers={3: 5, 4: 0, 5: 0},
    ),
    Case(
        "a handle is stale though its slot serves another order",
        [("limit", A, BUY, 100, 1), ("cancel", A, 1), ("limit", A, BUY, 99, 1), ("cancel", A, 1)],
        bids={99: [(2, 1)]},
        rejected=[(3, "gone")],
    ),
    Case(
        "fewer lots at the same price keep the place",
        [*ASKS_OF_B_AND_C, ("replace", B, 1, 101, 2)],
        asks={101: [(1, 2), (2, 3)], 102: [(3, 10)]},
    ),
    Case(
        "the same price and lots change nothing",
        [*ASKS_OF_B_AND_C, ("replace", B, 1, 101, 5)],
        asks={101: [(1, 5), (2, 3)], 102: [(3, 10)]},
    ),
    Case(
        "more lots lose the place and keep the number",
        [*ASKS_OF_B_AND_C, ("replace", B, 1, 101, 6)],
        asks={101: [(2, 3), (1, 6)], 102: [(3, 10)]},
    ),
    Case(
        "another price and back loses the place",
        [*ASKS_OF_B_AND_C, ("replace", B, 1, 103, 5), ("replace", B, 1, 101, 5)],
        asks={101: [(2, 3), (1, 5)], 102: [(3, 10)]},
    ),
    Case(
        "a replaced order may trade as an incoming one",
        [*ASKS_OF_B_AND_C, ("limit", A, BUY, 99, 4), ("replace", A, 4, 101, 9)],
        trades=[(101, 5, 1, 4), (101, 3, 2, 4)],
        bids={101: [(4, 1)]},
        asks={102: [(3, 10)]},
    ),
    Case(
        "a post-only order stays post-only when it is replaced",
        [("limit", B, SELL, 101, 5), ("post_only", A, BUY, 98, 1), ("limit", C, BUY, 100, 1),
         ("replace", A, 2, 104, 2)],
        bids={100: [(3, 1), (2, 2)]},
        asks={101: [(1, 5)]},
        rules={"post_only": "reprice"},
    ),
    Case(
        "and stands as it was when the replacement is rejected",
        [("limit", B, SELL, 101, 5), ("post_only", A, BUY, 98, 1), ("limit", C, BUY, 98, 1), ("replace", A, 2, 104, 2)],
        bids={98: [(2, 1), (3, 1)]},
        asks={101: [(1, 5)]},
        rules={"post_only": "reject"},
        rejected=[(3, "would_trade")],
    ),
    Case(
        "another agent's order cannot be replaced",
        [("limit", B, SELL, 101, 5), ("replace", A, 1, 102, 5)],
        asks={101: [(1, 5)]},
        rejected=[(1, "gone")],
    ),
    Case(
        "an order of lifetime 2 is there after one step and gone after two",
        [("limit", A, BUY, 100, 1, 2), ("advance", 1), ("limit", B, SELL, 100, 1, 2), ("limit", A, BUY, 100, 1, 2),
         ("advance", 1), ("limit", B, SELL, 100, 1), ("cancel", A, 3)],
        trades=[(100, 1, 1, 2), (100, 1, 3, 4)],
        rejected=[(6, "gone")],
    ),
    Case(
        "a lifetime may be longer than the wheel and a replacement does not renew it",
        [("limit", A, BUY, 100, 1, 300), ("limit", A, BUY, 100, 1, 44), ("limit", A, BUY, 100, 1, 301),
         ("advance", 299), ("replace", A, 1, 99, 1), ("advance", 1)],
        bids={100: [(3, 1)]},
    ),
    Case(
        "quantities and prices out of range are rejected",
        [("limit", A, BUY, 100, 0), ("limit", A, BUY, 100, 2**31), ("limit", A, BUY, HIGHEST + 1, 1),
         ("limit", A, BUY, LOWEST - 1, 1), ("market", A, BUY, HIGHEST + 1, 2**31 - 1),
         ("limit", A, BUY, LOWEST, 2**31 - 1), ("replace", A, 2, LOWEST, 2**31), ("replace", A, 2, LOWEST - 1, 5)],
        bids={LOWEST: [(2, 2**31 - 1)]},
        rejected=[(0, "bad_quantity"), (1, "bad_quantity"), (2, "bad_price"), (3, "bad_price"), (6, "bad_quantity"),
                 (7, "bad_price")],
    ),
    # --- self-trade prevention ---
    Case(
        "cancel resting: the own order is cancelled when its turn comes",
        [*BOOK_OF_A_INSIDE, ("limit", A, BUY, 101, 4)],
        trades=[(101, 2, 1, 4), (101, 2, 3, 4)],
        asks={101: [(3, 2)]},
    ),
    Case(
        "cancel resting: an own order that is not reached stays",
        [*BOOK_OF_A_INSIDE, ("limit", A, BUY, 101, 2)],
        trades=[(101, 2, 1, 4)],
        asks={101: [(2, 3), (3, 4)]},
    ),
    Case(
        "cancel incoming: what is left is dropped when an own order is met",
        [*BOOK_OF_A_INSIDE, ("limit", A, BUY, 101, 4)],
        trades=[(101, 2, 1, 4)],
        asks={101: [(2, 3), (3, 4)]},
        rules={"self_trade_prevention": "cancel_incoming"},
    ),
    Case(
        "cancel incoming: a replacement that meets an own order leaves the book",
        [*BOOK_OF_A_INSIDE, ("limit", A, BUY, 90, 4), ("replace", A, 4, 101, 4), ("cancel", A, 4)],
        trades=[(101, 2, 1, 4)],
        asks={101: [(2, 3), (3, 4)]},
        rules={"self_trade_prevention": "cancel_incoming"},
        rejected=[(5, "gone")],
    ),
    Case(
        "allow: an agent trades with itself",
        [*BOOK_OF_A_INSIDE, ("limit", A, BUY, 101, 4)],
        trades=[(101, 2, 1, 4), (101, 2, 2, 4)],
        asks={101: [(2, 1), (3, 4)]},
        rules={"self_trade_prevention": "allow", "tick_units": 1},
        cash=[-202, 202, 0, 0],
    ),
    Case(
        "fill or kill, cancel resting: own orders do not count and a kill spares them",
        [*BOOK_OF_A_INSIDE, ("fill_or_kill", A, BUY, 101, 7), ("fill_or_kill", A, BUY, 101, 6)],
        trades=[(101, 2, 1, 5), (101, 4, 3, 5)],
    ),
    Case(
        "fill or kill, cancel incoming: only what stands before the first own order counts",
        [*BOOK_OF_A_INSIDE, ("fill_or_kill", A, BUY, 101, 3), ("fill_or_kill", A, BUY, 101, 2)],
        trades=[(101, 2, 1, 5)],
        asks={101: [(2, 3), (3, 4)]},
        rules={"self_trade_prevention": "cancel_incoming"},
    ),
    Case(
        "fill or kill, allow: own orders count",
        [*BOOK_OF_A_INSIDE, ("fill_or_kill", A, BUY, 101, 9)],
        trades=[(101, 2, 1, 4), (101, 3, 2, 4), (101, 4, 3, 4)],
        rules={"self_trade_prevention": "allow"},
    ),
    # --- pro rata ---
    Case(
        "pro rata: a level is shared by size",
        [*SIZES_50_30_20, ("limit", A, BUY, 101, 10)],
        trades=[(101, 5, 1, 4), (101, 3, 2, 4), (101, 2, 3, 4)],
        asks={101: [(1, 45), (2, 27), (3, 18)]},
        rules=PRO_RATA,
    ),
    Case(
        # 7 × 50 / 100 = 3.5, 7 × 30 / 100 = 2.1, 7 × 20 / 100 = 1.4: 3, 2, 1 and one lot left, to the first.
        "pro rata: what rounding down leaves goes to the first",
        [*SIZES_50_30_20, ("limit", A, BUY, 101, 7)],
        trades=[(101, 4, 1, 4), (101, 2, 2, 4), (101, 1, 3, 4)],
        asks={101: [(1, 46), (2, 28), (3, 19)]},
        rules=PRO_RATA,
    ),
    Case(
        # Every share is 0; two lots left, and an order takes no more than it has.
        "pro rata: an order takes no more of the leftover than it has open",
        [*THREE_OF_ONE, ("market", A, BUY, 0, 2)],
        trades=[(101, 1, 1, 4), (101, 1, 2, 4)],
        asks={101: [(3, 1)]},
        rules=PRO_RATA,
    ),
    Case(
        "pro rata: the next level is shared when the first is gone",
        [*SIZES_50_30_20, ("limit", C, SELL, 102, 1), ("limit", B, SELL, 102, 3), ("limit", A, BUY, 102, 102)],
        trades=[(101, 50, 1, 6), (101, 30, 2, 6), (101, 20, 3, 6), (102, 1, 4, 6), (102, 1, 5, 6)],
        asks={102: [(5, 2)]},
        rules=PRO_RATA,
    ),
    Case(
        # Without A's 3 the level holds 6: 3 × 2 / 6 = 1, 3 × 4 / 6 = 2.
        "pro rata, cancel resting: own orders leave before the level is shared",
        [*BOOK_OF_A_INSIDE, ("limit", A, BUY, 101, 3)],
        trades=[(101, 1, 1, 4), (101, 2, 3, 4)],
        asks={101: [(1, 1), (3, 2)]},
        rules=PRO_RATA,
    ),
    Case(
        "pro rata, cancel incoming: a level that holds an own order is not touched",
        [("limit", B, SELL, 100, 1), *BOOK_OF_A_INSIDE, ("limit", A, BUY, 101, 3)],
        trades=[(100, 1, 1, 5)],
        asks={101: [(2, 2), (3, 3), (4, 4)]},
        rules={**PRO_RATA, "self_trade_prevention": "cancel_incoming"},
    ),
    Case(
        "pro rata, cancel incoming: fill or kill counts the levels before the own order's",
        [("limit", B, SELL, 100, 1), *BOOK_OF_A_INSIDE, ("fill_or_kill", A, BUY, 101, 2),
         ("fill_or_kill", A, BUY, 101, 1)],
        trades=[(100, 1, 1, 6)],
        asks={101: [(2, 2), (3, 3), (4, 4)]},
        rules={**PRO_RATA, "self_trade_prevention": "cancel_incoming"},
    ),
    Case(
        # 3 × 3 / 9 = 1 for A; 3 × 2 / 9 and 3 × 4 / 9 round to 0 and 1; one lot left, to the first.
        "pro rata, allow: own orders share",
        [*BOOK_OF_A_INSIDE, ("limit", A, BUY, 101, 3)],
        trades=[(101, 1, 1, 4), (101, 1, 2, 4), (101, 1, 3, 4)],
        asks={101: [(1, 1), (2, 2), (3, 3)]},
        rules={**PRO_RATA, "self_trade_prevention": "allow"},
    ),
    # --- the ledger ---
    Case(
        # Of 10 money units the maker is paid a quarter, 2.5, to even: 2; the taker pays three quarters, 7.5: 8.
        "fees are fractions of the money traded, rounded half to even",
        [("limit", B, SELL, 10, 1), ("market", A, BUY, 0, 1)],
        trades=[(10, 1, 1, 2)],
        rules={"tick_units": 1, "maker_fee": -0.25, "taker_fee": 0.75},
        cash=[-10 - 8, 10 + 2, 0, 8 - 2],
    ),
    Case(
        # 3 lots at 0.25 and −0.1 of currency; a unit is 1e-6.
        "or so much a lot",
        [("limit", B, SELL, -100, 3), ("market", A, BUY, 0, 3)],
        trades=[(-100, 3, 1, 2)],
        rules={"tick_units": 10, "maker_fee": -0.1, "taker_fee": 0.25, "fee_per": "lot"},
        cash=[3_000 - 750_000, -3_000 + 300_000, 0, 450_000],
    ),
    Case(
        "the mark of a trade is the mid just before it or the last there was",
        [("limit", B, SELL, 101, 1), ("market", A, BUY, 0, 1), ("limit", B, SELL, 104, 1), ("limit", B, SELL, 107, 1),
         ("limit", C, BUY, 99, 1), ("market", A, BUY, 0, 1), ("cancel", C, 5), ("market", A, BUY, 0, 1)],
        trades=[(101, 1, 1, 2), (104, 1, 3, 6), (107, 1, 4, 7)],
        marks=[0.0, 101.5, 103.0],
    ),
]  # fmt: skip


def _queue(rows) -> dict:
    queue: dict[int, list[tuple[int, int]]] = {}
    for price, quantity, number, _ in rows:
        queue.setdefault(int(price), []).append((int(number), int(quantity)))
    return queue


def _play(case: Case, book):
    """Send a case's messages; returns what was rejected and what cancels answered."""
    handles, rejected, answers = {}, [], {}
    for place, (kind, *message) in enumerate(case.messages):
        if kind == "advance":
            for _ in range(message[0]):
                book.advance()
            continue
        if kind in ORDER_KINDS:
            answer = book.enter(message[0], kind, *message[1:])
        else:
            agent, order, *change = message
            answer = getattr(book, kind)(agent, handles[order], *change)
        why = NAMES.get(book.rejection, book.rejection)
        if why != "accepted":
            rejected.append((place, why))
        elif kind in ORDER_KINDS:
            handles[len(handles) + 1] = answer
        if kind == "cancel":
            answers[place] = answer
    return rejected, answers


@pytest.mark.parametrize("engine", [OrderBook, ReferenceBook])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.claim.replace(" ", "_"))
def test_textbook(case, engine):
    book = engine(agents=3, **case.rules)
    rejected, answers = _play(case, book)
    compiled = engine is OrderBook
    columns = ["price", "quantity", "maker_order", "taker_order"]
    made = book.trades()[columns].tolist() if compiled else [tuple(getattr(t, c) for c in columns) for t in book.made]
    assert made == case.trades
    assert _queue(book.queue(BUY)) == case.bids
    assert _queue(book.queue(SELL)) == case.asks
    assert list(_queue(book.queue(BUY))) == sorted(case.bids, reverse=True)
    assert rejected == case.rejected
    assert answers | case.answers == answers
    cash = book.storage.world.accounts["cash"].tolist() if compiled else book.cash
    assert sum(cash) == 0
    assert case.cash in (None, cash)
    if case.marks is not None:
        marks = book.trades()["mark"] if compiled else [trade.mark for trade in book.made]
        assert list(marks) == pytest.approx([mark * 0.01 for mark in case.marks])
