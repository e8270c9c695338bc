"""Call auctions: what they clear at, who trades, what is left, and all that goes on around them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from sim.core import codes
from sim.core.errors import ScenarioError
from sim.core.storage import undrained
from sim.mesa_model.market import Market, Trader
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.runs.tables import TABLES
from sim.scenario import dump_toml, parse
from sim.session.order_book import _queue
from sim.strategy_kit.loading.files import load_file
from sim.venues import clearing
from tests.oracles.reference_auction import HIGHEST, LOWEST, MOST_LOTS, Order, ReferenceAuction
from tests.oracles.reference_book import Order as BookOrder
from tests.oracles.reference_book import ReferenceBook
from tests.places import ROOT

KINDS = {"limit": codes.LIMIT, "market": codes.MARKET, "immediate_or_cancel": codes.IMMEDIATE_OR_CANCEL,
         "fill_or_kill": codes.FILL_OR_KILL, "post_only": codes.POST_ONLY}  # fmt: skip
CROWD = 5
UNIT = 0.001  # of money: ten to a tick, so that every free price can be tried
FEES = {"maker_fee": -1e-4, "taker_fee": 3e-4}
CONSTANT = {"process": "constant", "initial": 100.0}


def scenario(
    *venues: dict[str, Any], steps: int = 10, episodes: int = 1, unit: float = 1e-6, **more: Any
) -> dict[str, Any]:
    """A market of one instrument in which one agent may act, and others have accounts."""
    return {
        "run": {"steps": steps, "episodes": episodes},
        "money": {"unit": unit},
        "instruments": [{"name": "X", "value": CONSTANT, "settlement": "none"}],
        "venues": [{"name": f"venue{i}", **venue} for i, venue in enumerate(venues)],
        "populations": [
            {"name": "conductor", "strategy": "noise", "venues": ["venue0"]},
            {"name": "crowd", "strategy": "noise", "count": CROWD, "venues": ["venue0"],
             "arrivals": {"law": "bernoulli", "probability": 0.0}},
        ],
    } | more  # fmt: skip


class Conductor(Trader):
    """Does in its turn what the test says, through the others of its market."""

    def step(self) -> None:
        session = self.model.session

        def do(row: int, what: str, *arguments: float) -> float:
            return session._pass_on(row, what, arguments)  # past the rule that each sends its own alone

        session.do = do
        try:
            self.model.script()
        finally:
            del session.do


class Stage:
    """A market whose agents do what a test says, a step at a time."""

    def __init__(self, data: dict[str, Any], **capacities: int) -> None:
        self.market = Market(parse(data), agents={"conductor": Conductor}, **({"orders": 8, "tape": 1} | capacities))
        self.world = self.market.world
        self.crowd = list(self.market.population("crowd"))

    def step(self, script: Callable[[], None] = lambda: None) -> np.ndarray:
        """Play a step with the script for its only turn. Returns the trades made."""
        before = int(self.world.clock[0]["trades"])
        self.market.script = script
        self.market.step()
        self.world = self.market.world
        return undrained(self.world.tape, before, int(self.world.clock[0]["trades"]))

    def send(self, agent: int, kind: str, side: int, price: int, lots: int, lifetime: int = 0, venue: int = 0) -> int:
        return self.crowd[agent]._order(KINDS[kind], side, price, lots, venue, lifetime)

    def is_live(self, handle: int) -> bool:
        """Whether anybody of the crowd has such an order: each knows of its own alone."""
        return any(member.is_live(handle) for member in self.crowd)

    def queue(self, side: int, venue: int = 0) -> list[list[int]]:
        """Price, lots, number, and member of the crowd, best first."""
        rows = np.empty((int(self.market.world.clock[0]["resting"]), 4), np.int64)
        found = rows[: _queue(self.market.session.address, 2 * venue + (0 if side > 0 else 1), rows)]
        return [[*row[:3], row[3] - self.crowd[0].row] for row in found.tolist()]

    @property
    def mark(self) -> float:
        """The mid or the last price of an auction; the initial value before there is any."""
        instrument = self.market.world.instruments[0]
        return float(instrument["mark"] if instrument["mark"] == instrument["mark"] else instrument["initial"])

    @property
    def rejected(self) -> int:
        return int(self.market.world.clock[0]["rejected"])

    def holdings(self) -> list[int]:
        first = self.crowd[0].row
        return self.market.world.holdings["lots"][first : first + CROWD].tolist()

    def cash(self) -> list[int]:
        first = self.crowd[0].row
        return self.market.world.accounts["cash"][first : first + CROWD].tolist()


# --- thousands of random auctions against the reference ---------------------------------------------------------------


class Compared:
    """A stage and the reference, sent the same messages and compared after each step."""

    def __init__(self, matching: str, pricing: str, every: int, seed: int, steps: int) -> None:
        self.random = Random(seed)
        venue = {"auction": {"every": every, "pricing": pricing}, "matching": matching, **FEES}
        self.stage = Stage(scenario(venue, steps=steps, unit=UNIT, record={"levels": 0, "agents": "none"}))
        free = pricing == "free"
        self.reference = ReferenceAuction(UNIT if free else 0.01, 10 if free else 1, matching)
        self.price_units = 1 if free else 10
        self.every, self.steps, self.auctions = every, steps, 0
        self.handles: dict[int, int] = {}  # of every order there was
        self.cash, self.lots, self.fees, self.traded, self.volume = ([0] * CROWD for _ in range(5))
        self.venue_cash = 0

    def play(self) -> None:
        for step in range(self.steps):
            if step:
                self.reference.advance()
            trades = self.stage.step(self.send_some)
            if (step + 1) % self.every == 0 or step == self.steps - 1:
                self.compare_clearing(trades)
                self.auctions += 1
            else:
                assert len(trades) == 0
            self.compare_books()
            if step % 50 == 0:
                self.compare_ledger()
        self.compare_ledger()

    # --- what is sent -----------------------------------------------------------------------------------------------

    def send_some(self) -> None:
        draw = self.random
        if draw.random() < 0.6:
            self.reference.mark = 100.0 + draw.choice([0.0, draw.randint(-30, 30) * 0.005, draw.uniform(-0.5, 0.5)])
            self.stage.market.world.instruments["mark"][0] = self.reference.mark
        schedules = draw.random() < 0.6
        width, size = draw.choice([1, 3, 10, 30]), draw.choice([1, 5, 30 if schedules else 1000])
        for _ in range(draw.choice([0, 1, 2, 5, 10, 16])):
            chance = draw.random()
            if chance < 0.7:
                self.send_order(width, size)
            elif chance < 0.85:
                if schedules:
                    self.send_schedule()
            elif chance < 0.92:
                self.cancel_one()
            else:
                self.replace_one(width, size)
        if draw.random() < 0.5:
            self.compare_view()

    def send_order(self, width: int, size: int) -> None:
        draw, agent = self.random, self.random.randrange(CROWD)
        kind = draw.choices([*KINDS], [60, 15, 15, 1, 9])[0]
        side, lots = draw.choice([1, -1]), draw.randint(1, size) if draw.random() < 0.99 else draw.choice([0, -3])
        price, lifetime = 10_000 + draw.randint(-width, width), draw.choice([0, 0, 1, 2, 5])
        number = self.reference.enter(agent, kind, side, price, lots, lifetime)
        self.know(number, self.stage.send(agent, kind, side, price, lots, lifetime))

    def send_schedule(self) -> None:
        draw, agent = self.random, self.random.randrange(CROWD)
        centre = draw.choice([100.0, 100.0 + draw.randint(-20, 20) * 0.01, 100.0 + draw.uniform(-0.3, 0.3)])
        slope = draw.choice([0.0, 40.0, 50.0, 333.3, 1e5, draw.uniform(100.0, 2000.0), -1.0])
        most = draw.choice([0, 0, 1, 7, 40, -1])
        number = self.reference.schedule(agent, centre, slope, most)
        self.know(number, self.stage.crowd[agent].demand_schedule(centre, slope, most))

    def know(self, number: int, handle: int) -> None:
        assert (number > 0) == (handle > 0)
        if number:
            assert number == int(self.stage.market.world.clock[0]["next_number"])
            self.handles[number] = handle

    def any_order(self) -> tuple[int, int]:
        """An order's number, more often than not of one that waits, and an agent, most often its own."""
        draw, waiting = self.random, list(self.reference.waiting.values())
        if not waiting or draw.random() < 0.05:
            return draw.choice(list(self.handles)[-30:]) if self.handles else 0, draw.randrange(CROWD)
        order = draw.choice(waiting)
        return order.number, order.agent if draw.random() < 0.95 else (order.agent + 1) % CROWD

    def cancel_one(self) -> None:
        number, agent = self.any_order()
        lots = self.reference.cancel(agent, number)
        assert self.stage.crowd[agent].cancel_order(self.handles.get(number, 0)) == lots

    def replace_one(self, width: int, size: int) -> None:
        number, agent = self.any_order()
        order = self.reference.waiting.get(number)
        if order is not None and order.side and order.price is None:
            return
        price, lots = 10_000 + self.random.randint(-width, width), self.random.randint(1, size)
        if order is not None and order.side and self.random.random() < 0.4:
            price = order.price or 0
        kept = self.reference.replace(agent, number, price, lots)
        handle = self.stage.crowd[agent].replace_order(self.handles.get(number, 0), price, lots)
        assert handle == (self.handles[number] if kept else 0)

    # --- what is compared -------------------------------------------------------------------------------------------

    def compare_view(self) -> None:
        """What agents are told before the clearing."""
        member, expected = self.stage.crowd[0], self.reference.choose()
        assert member.in_auction()
        assert member.best_bid() is None
        assert member.best_ask() is None
        assert member.indicative_lots() == expected.lots
        price = member.indicative_price()
        if expected.price is None:
            assert price == self.reference.mark
            assert member.imbalance() == expected.imbalance
        else:
            assert any(price == pytest.approx(each * self.reference.size, abs=1e-9) for each in self.reference.also)
            assert abs(member.imbalance()) == abs(expected.imbalance)
            assert len(self.reference.also) > 1 or member.imbalance() == expected.imbalance

    def compare_clearing(self, trades: np.ndarray) -> None:
        mark = self.reference.mark
        cleared = self.reference.clear(int(trades["price"][0]) if len(trades) else None)
        if cleared.price is None:
            assert len(trades) == 0
            return
        assert set(trades["price"].tolist()) == {cleared.price}
        assert set(trades["mark"].tolist()) == {mark}
        assert trades["quantity"].sum() == cleared.lots
        assert trades["quantity"].min() > 0
        assert (trades["maker_order"] < trades["taker_order"]).all()
        assert len(trades) < len(cleared.fills)
        assert self.stage.mark == pytest.approx(cleared.price * self.reference.size, abs=1e-12)
        fills: Counter[int] = Counter()
        first = self.stage.crowd[0].row
        for trade in trades:
            aggressor, lots = int(trade["aggressor"]), int(trade["quantity"])
            money = cleared.price * lots * self.price_units
            for role, side in (("maker", -aggressor), ("taker", aggressor)):
                agent, number = int(trade[role]) - first, int(trade[f"{role}_order"])
                assert cleared.agents[number] == agent
                fee = round(FEES[f"{role}_fee"] * money)
                assert trade[f"{role}_fee"] == fee
                fills[number] += side * lots
                self.cash[agent] -= side * money + fee
                self.lots[agent] += side * lots
                self.fees[agent] += fee
                self.traded[agent] += 1
                self.volume[agent] += lots
                self.venue_cash += fee
        assert fills == cleared.fills

    def compare_books(self) -> None:
        for side in (1, -1):
            assert self.stage.queue(side) == self.reference.queue(side)
        waiting = self.reference.waiting
        assert self.stage.market.world.clock[0]["resting"] == len(waiting)
        for number in list(self.handles)[-40:]:
            assert self.stage.is_live(self.handles[number]) == (number in waiting)

    def compare_ledger(self) -> None:
        first, world = self.stage.crowd[0].row, self.stage.market.world
        accounts = world.accounts[first : first + CROWD]
        for name, mine in (("cash", self.cash), ("fees", self.fees), ("trades", self.traded), ("volume", self.volume)):
            assert accounts[name].tolist() == mine, name
        assert self.stage.holdings() == self.lots
        assert world.accounts["cash"][int(world.venues["fee_account"][0])] == self.venue_cash
        assert world.accounts["cash"].sum() == 0
        assert world.holdings["lots"].sum() == 0
        assert self.stage.rejected == self.reference.rejected


def compare(seeds: range, steps: int) -> tuple[int, Counter[str]]:
    """Play auctions of both matchings and both pricings. Returns how many, and which rules were put to use."""
    auctions, seen = 0, Counter[str]()
    for seed in seeds:
        matching, pricing = ("price_time", "pro_rata")[seed % 2], ("tick", "free")[seed // 2 % 2]
        pair = Compared(matching, pricing, (1, 1, 3)[seed // 4 % 3], seed, steps)
        pair.play()
        auctions += pair.auctions
        seen += pair.reference.seen
    return auctions, seen


def test_random_calls_clear_as_the_reference_does(record_property):
    auctions, seen = compare(range(12), 400)
    record_property("auctions", auctions)
    assert auctions > 3000
    rules = {"several prices trade most", "several prices leave least", "the mark decides", "excess of both signs",
             "shared by size", "expired", "cancel", "replace: to the end", "limit", "market", "immediate_or_cancel",
             "post_only", "schedule", "rejected: fill_or_kill", "rejected: schedule", "rejected: cancel",
             "rejected: replace"}  # fmt: skip
    assert rules <= {rule for rule, times in seen.items() if times > 5}


@pytest.mark.slow
def test_many_more_random_calls_clear_as_the_reference_does():
    assert compare(range(100, 160), 2000)[0] > 80_000


@pytest.mark.parametrize("seed", range(30))
def test_shares_by_size_are_exact_beyond_64_bits(seed):
    draw = Random(seed)
    for _ in range(200):
        parts = [draw.randint(1, draw.choice([10, MOST_LOTS])) for _ in range(draw.choice([1, 3, 1000]))]
        whole = sum(parts)
        take, part = draw.randint(1, whole), draw.choice(parts)
        assert clearing._share(take, part, whole) == take * part // whole


# --- opening and closing auctions of a limit order book ---------------------------------------------------------------


class Day:
    """A book that opens and closes with an auction, and two references that hand its orders to one another."""

    def __init__(self, matching: str, pricing: str, opening: int, closing: int, steps: int, seed: int) -> None:
        self.random, self.steps, self.opening, self.closing = Random(seed), steps, opening, closing
        auctions = {"opening": opening, "closing": closing, "pricing": pricing}
        self.stage = Stage(scenario({"auction": auctions, "matching": matching}, steps=steps, unit=1e-4))
        self.per_tick = 100 if pricing == "free" else 1
        self.auction = ReferenceAuction(0.01 / self.per_tick, self.per_tick, matching)
        self.book = ReferenceBook(CROWD, matching)
        self.book.mark = 100.0
        self.handles: dict[int, int] = {}
        self.collecting = False

    def play(self) -> Counter[str]:
        for step in range(self.steps):
            calling = step < self.opening or step >= self.steps - self.closing
            if step:
                (self.auction if self.collecting else self.book).advance()
            if calling != self.collecting:
                self.hand_over(calling, step)
            made = len(self.book.made)
            trades = self.stage.step(self.send_some)
            ends = step == self.opening - 1 or (calling and step == self.steps - 1)
            if ends:
                cleared = self.auction.clear(int(trades["price"][0]) if len(trades) else None)
                assert set(trades["price"].tolist()) <= {cleared.price}
                assert trades["quantity"].sum() == cleared.lots
            elif calling:
                assert len(trades) == 0
            else:
                first = self.stage.crowd[0].row
                found = [
                    (row["price"], row["quantity"], row["maker"] - first, row["taker"] - first, row["maker_order"],
                     row["taker_order"], pytest.approx(row["mark"]), row["aggressor"])
                    for row in trades
                ]  # fmt: skip
                assert found == [
                    (row.price * self.per_tick, row.quantity, row.maker, row.taker, row.maker_order, row.taker_order,
                     row.mark, row.aggressor)
                    for row in self.book.made[made:]
                ]  # fmt: skip
            reference = self.auction if calling else self.book
            for side in (1, -1):
                assert self.stage.queue(side) == reference.queue(side), step
            live = self.auction.waiting if calling else self.book.resting
            for number in list(self.handles)[-20:]:
                assert self.stage.is_live(self.handles[number]) == (number in live)
        return self.auction.seen + self.book.seen

    def hand_over(self, calling: bool, step: int) -> None:
        """The book's orders go into an auction, or what an auction left goes on in continuous trading."""
        if calling:
            self.auction.mark, self.auction.number, self.auction.step = self.book.mark, self.book.number, step
            queues = [queue for levels in self.book.levels.values() for queue in levels.values()]
            for order in (order for queue in queues for order in queue):
                expires = order.born + order.lifetime if order.lifetime > 0 else 0
                self.auction.waiting[order.number] = Order(
                    order.number, order.agent, order.side, order.price, order.open, expires, False,
                    post_only=order.post_only,
                )  # fmt: skip
            self.book.levels, self.book.resting = {1: {}, -1: {}}, {}
        else:
            self.book.number, self.book.step, self.book.mark = self.auction.number, step, self.auction.mark
            for order in self.auction.waiting.values():
                self.book._rest(
                    BookOrder(order.number, order.agent, order.side, order.price, order.open, 0, order.expires,
                              order.post_only)
                )  # fmt: skip
            self.auction.waiting = {}
        self.collecting = calling

    def send_some(self) -> None:
        draw, member = self.random, self.stage.crowd[0]
        assert member.in_auction() == self.collecting
        if self.collecting:
            assert member.indicative_lots() == self.auction.choose().lots
            assert member.best_bid() is None
        elif self.book.levels[1]:
            assert member.best_bid() == max(self.book.levels[1])
        for _ in range(draw.randint(0, 8)):
            agent, chance = draw.randrange(CROWD), draw.random()
            reference = self.auction if self.collecting else self.book
            price, lots = 10_000 + draw.randint(-8, 8), draw.randint(1, 9)
            if chance < 0.75:
                kind, side = draw.choices([*KINDS], [65, 10, 10, 3, 12])[0], draw.choice([1, -1])
                lifetime = draw.choice([0, 0, 0, 1, 4, 30])
                number = reference.enter(agent, kind, side, price, lots, lifetime)
                handle = self.stage.send(agent, kind, side, price, lots, lifetime)
                assert (handle > 0) == (number > 0)
                if number:
                    self.handles[number] = handle
            elif chance < 0.8:
                number = self.auction.schedule(agent, price / 100, 100.0, lots) if self.collecting else 0
                handle = self.stage.crowd[agent].demand_schedule(price / 100, 100.0, lots)
                assert (handle > 0) == (number > 0)
                if number:
                    self.handles[number] = handle
            else:
                live = self.auction.waiting if self.collecting else self.book.resting
                numbers = [number for number, order in live.items() if order.price is not None]
                if not numbers:
                    continue
                number = draw.choice(numbers)
                owner = self.stage.crowd[live[number].agent]
                if chance < 0.88:
                    assert owner.cancel_order(self.handles[number]) == reference.cancel(live[number].agent, number)
                else:
                    kept = reference.replace(live[number].agent, number, price, lots)
                    assert owner.replace_order(self.handles[number], price, lots) == (
                        self.handles[number] if kept else 0
                    )


@pytest.mark.parametrize("seed", range(8))
def test_a_day_with_an_opening_and_a_closing_call_goes_as_the_references_do(seed):
    matching, pricing = ("price_time", "pro_rata")[seed % 2], ("tick", "free")[seed // 2 % 2]
    opening, closing = Random(seed).choice([(5, 4), (1, 1), (20, 0), (0, 20), (40, 40), (2, 30)])
    seen = Day(matching, pricing, opening, closing, 80, seed).play()
    assert seen["limit"] > 0
    assert seen[f"{matching}: filled whole"] > 0 or opening + closing == 80


def test_a_closing_call_may_follow_an_opening_call_at_once():
    stage = Stage(scenario({"auction": {"opening": 2, "closing": 2}}, steps=4))
    stage.step(lambda: stage.send(0, "limit", 1, 10_003, 5))
    assert len(stage.step(lambda: stage.send(1, "limit", -1, 10_001, 3))) == 1
    assert stage.mark == 100.01  # the least that leaves two buyers waiting, and nearest the mark of 100
    stage.step(lambda: stage.send(2, "limit", -1, 10_001, 7))  # would trade in a book
    assert stage.queue(1) == [[10_003, 2, 1, 0]]
    trades = stage.step()
    assert trades[["price", "quantity", "mark"]].tolist() == [(10_001, 2, 100.01)]
    assert stage.queue(-1) == [[10_001, 5, 3, 2]]


def test_what_a_call_leaves_keeps_its_time_in_continuous_trading():
    stage = Stage(scenario({"auction": {"opening": 2}}, steps=5))

    def early() -> None:
        stage.send(0, "limit", 1, 9_990, 2)
        stage.send(1, "post_only", 1, 9_990, 2)
        stage.send(2, "market", -1, 0, 1)
        stage.send(3, "limit", 1, 9_995, 1, lifetime=3)

    stage.step(early)
    assert len(stage.step()) == 1  # in the second step
    assert stage.queue(1) == [[9_990, 2, 1, 0], [9_990, 2, 2, 1]]
    trades = stage.step(lambda: stage.send(4, "market", -1, 0, 3))
    assert trades[["price", "quantity", "maker_order", "taker_order"]].tolist() == [(9_990, 2, 1, 5), (9_990, 1, 2, 5)]
    assert stage.queue(1) == [[9_990, 1, 2, 1]]


def test_an_order_that_a_call_leaves_still_expires():
    stage = Stage(scenario({"auction": {"opening": 2}}, steps=6))
    stage.step(lambda: stage.send(0, "limit", 1, 9_990, 2, lifetime=3))
    stage.step(lambda: stage.send(1, "limit", 1, 9_980, 2, lifetime=1))  # gone before the next step's trading
    stage.step()
    assert stage.queue(1) == [[9_990, 2, 1, 0]]
    stage.step()
    assert stage.queue(1) == []


# --- single auctions --------------------------------------------------------------------------------------------------

BUY, SELL = 1, -1
Sent = tuple[str, int, int, int]  # kind, side, price, lots


def one_call(*sent: Sent, schedules: Any = (), mark: float = 100.0, **venue: Any) -> tuple[Stage, np.ndarray]:
    """An auction of these orders, each of the next member of the crowd, then of these schedules."""
    stage = Stage(scenario({"auction": {"every": 1, "pricing": venue.pop("pricing", "tick")}, **venue}, steps=2))

    def script() -> None:
        stage.market.world.instruments["mark"][0] = mark
        for number, (kind, side, price, lots) in enumerate(sent):
            assert stage.send(number % CROWD, kind, side, price, lots) > 0
        for number, schedule in enumerate(schedules):
            assert stage.crowd[(len(sent) + number) % CROWD].demand_schedule(*schedule) > 0

    return stage, stage.step(script)


@pytest.mark.parametrize(
    ("sent", "price", "lots"),
    [
        ([], None, 0),
        ([("limit", BUY, 10_000, 3)], None, 0),
        ([("limit", SELL, 10_000, 3)], None, 0),
        ([("market", BUY, 0, 3)], None, 0),
        ([("limit", BUY, 9_999, 3), ("limit", SELL, 10_000, 3)], None, 0),
        ([("limit", BUY, 10_000, 3), ("limit", SELL, 10_000, 3)], 10_000, 3),
        ([("market", BUY, 0, 3), ("market", SELL, 0, 3)], 10_000, 3),  # equal: the mark
        ([("market", BUY, 0, 3), ("market", SELL, 0, 1)], 10_000, 1),  # equal imbalance anywhere: the mark
        ([("market", BUY, 0, 3), ("limit", SELL, 10_007, 1)], 10_007, 1),
        ([("market", BUY, 0, 3), ("limit", SELL, 9_990, 1)], 10_000, 1),
        ([("limit", BUY, 10_009, 3), ("limit", SELL, 10_005, 3)], 10_005, 3),  # the nearest to the mark
        ([("limit", BUY, 9_995, 3), ("limit", SELL, 9_990, 3)], 9_995, 3),
        ([("limit", BUY, 10_005, 3), ("limit", SELL, 9_995, 3)], 10_000, 3),
        # 5 lots trade from 10,001 to 10,006, where less is left over from 10,004 on
        ([("limit", BUY, 10_003, 4), ("limit", BUY, 10_006, 6), ("limit", SELL, 10_001, 5)], 10_004, 5),
        ([("limit", BUY, 10_000, 1), ("limit", BUY, 9_990, 9), ("immediate_or_cancel", SELL, 9_990, 4)], 9_990, 4),
        ([("limit", BUY, HIGHEST, 2), ("limit", SELL, HIGHEST, 2)], HIGHEST, 2),
        ([("limit", BUY, LOWEST, 2), ("limit", SELL, LOWEST, 2)], LOWEST, 2),
        ([("market", BUY, 0, 2), ("limit", SELL, HIGHEST, 5)], HIGHEST, 2),
        ([("limit", BUY, LOWEST, 2), ("market", SELL, 0, 5)], LOWEST, 2),
        ([("limit", BUY, HIGHEST, 2), ("limit", SELL, LOWEST, 2)], 10_000, 2),
        ([("limit", BUY, 10_000, MOST_LOTS), ("market", SELL, 0, MOST_LOTS)], 10_000, MOST_LOTS),
        ([("limit", BUY, 10_000, MOST_LOTS)] * 3 + [("market", SELL, 0, MOST_LOTS)] * 2, 10_000, 2 * MOST_LOTS),
    ],
)
@pytest.mark.parametrize("matching", ["price_time", "pro_rata"])
def test_small_calls_clear_where_the_rules_say(sent, price, lots, matching):
    stage, trades = one_call(*sent, matching=matching)
    assert trades["quantity"].sum() == lots
    assert set(trades["price"].tolist()) == ({price} if lots else set())
    assert stage.mark == (pytest.approx(price * 0.01) if lots else 100.0)
    assert sum(stage.holdings()) == sum(stage.cash()) == 0


@pytest.mark.parametrize(("mark", "price"), [(99.0, 9_998), (100.014, 10_001), (100.9, 10_004), (1e300, 10_004)])
def test_of_prices_that_trade_and_leave_the_same_the_nearest_to_the_mark_is_taken(mark, price):
    _, trades = one_call(("limit", BUY, 10_004, 2), ("limit", SELL, 9_998, 2), mark=mark)
    assert trades["price"].tolist() == [price]


@pytest.mark.parametrize(
    ("schedules", "price", "lots"),
    [
        ([(101.0, 10.0), (99.0, 10.0)], 100.0, 10),  # halfway
        ([(101.0, 30.0), (99.0, 10.0)], 100.5, 15),  # the steeper weighs more: both 15 lots
        ([(101.0, 10.0, 4), (99.0, 10.0)], 99.4, 4),  # one buys no more than 4: where the other sells so many
        ([(101.0, 0.0), (99.0, 0.0)], None, 0),
        ([(101.0, 0.0), (99.0, 10.0)], None, 0),
        ([(100.0, 10.0)], None, 0),
        ([(100.0, 10.0), (100.0, 10.0)], None, 0),
        ([(101.0, 1e15), (99.0, 1e15)], None, MOST_LOTS),
        ([(101.0, 1e300, 5), (99.0, 1e300, 3)], None, 3),
        ([(1e300, 1e300, 5), (-1e300, 1e300, 3)], 100.0, 3),
        ([(1e308, 1e-307), (99.0, 1.0)], 108.5, 10),
    ],
)
@pytest.mark.parametrize("pricing", ["tick", "free"])
def test_schedules_clear_in_between(schedules, price, lots, pricing):
    stage, trades = one_call(schedules=schedules, pricing=pricing)
    assert trades["quantity"].sum() == lots
    if price is not None:
        assert abs(stage.mark - price) <= 0.05 + 1e-9  # half a lot of the flatter one
    assert int(stage.market.world.clock[0]["resting"]) == 0


def test_free_prices_are_whole_units_of_money_and_as_near_the_balance_as_these_allow():
    _, trades = one_call(("limit", BUY, 10_000, 1), schedules=[(101.0, 1e6), (99.0, 1e6)], pricing="free")
    assert set(trades["price"].tolist()) == {100_000_000}
    assert trades["quantity"].sum() == 1_000_000
    _, trades = one_call(schedules=[(100.001, 1e6), (100.0021, 1e6)], pricing="free")
    assert set(trades["price"].tolist()) == {100_001_550}
    assert trades["quantity"].sum() == 550


@pytest.mark.parametrize("schedule", [(np.inf, 1.0), (np.nan, 1.0), (100.0, -1.0), (100.0, np.nan), (100.0, np.inf),
                                      (100.0, 1.0, -1), (100.0, 1.0, MOST_LOTS + 1)])  # fmt: skip
def test_schedules_that_say_nothing_are_refused(schedule):
    stage = Stage(scenario({"auction": {"every": 1}}))
    answers = []
    stage.step(lambda: answers.append(stage.crowd[0].demand_schedule(*schedule)))
    assert answers == [0]
    assert stage.rejected == 1
    assert stage.market.world.clock[0]["resting"] == 0


def test_orders_better_than_the_price_come_first_then_schedules_then_orders_at_it():
    stage, trades = one_call(
        ("limit", BUY, 10_000, 4), ("limit", BUY, 10_001, 4), ("market", BUY, 0, 4), ("limit", SELL, 9_990, 14),
        schedules=[(100.4, 10.0)],
    )  # fmt: skip
    assert set(trades["price"].tolist()) == {10_000}  # the schedule buys 4 there: 16 are wanted
    bought = Counter[int]()
    for trade in trades:
        bought[int(trade["maker_order" if trade["aggressor"] < 0 else "taker_order"])] += int(trade["quantity"])
    assert bought == {3: 4, 2: 4, 5: 4, 1: 2}
    assert stage.queue(1) == [[10_000, 2, 1, 0]]
    assert stage.queue(-1) == []


def test_the_order_that_came_first_is_the_makers_whichever_side_it_is_on():
    fees = {"maker_fee": -0.001, "taker_fee": 0.002}
    for first, second in ((BUY, SELL), (SELL, BUY)):
        stage, trades = one_call(("limit", first, 10_000, 2), ("limit", second, 10_000, 2), **fees)
        (trade,) = trades
        assert (trade["maker_order"], trade["taker_order"], trade["aggressor"]) == (1, 2, second)
        assert (trade["maker_fee"], trade["taker_fee"]) == (-200_000, 400_000)
        assert stage.cash()[:2] == [-first * 200_000_000 + 200_000, first * 200_000_000 - 400_000]


def test_a_replaced_order_never_trades_in_a_call_and_stays_a_maker():
    stage = Stage(scenario({"auction": {"every": 2}}, steps=4))
    handles: list[int] = []

    def first() -> None:
        handles.append(stage.send(0, "post_only", BUY, 9_990, 5))
        handles.append(stage.send(1, "limit", SELL, 10_000, 5))
        assert stage.crowd[0].replace_order(handles[0], 10_010, 3) == handles[0]
        assert stage.crowd[0].replace_order(handles[0], 10_010, 2) == handles[0]
        assert stage.crowd[0].cancel_order(handles[0]) == 2
        assert stage.crowd[0].replace_order(handles[0], 10_010, 2) == 0
        handles[0] = stage.send(0, "limit", BUY, 9_990, 5)

    assert len(stage.step(first)) == 0
    trades = stage.step(lambda: stage.crowd[1].replace_order(handles[1], 9_980, 4))
    assert trades[["quantity", "maker_order", "taker_order"]].tolist() == [(4, 2, 3)]
    assert not stage.is_live(handles[1])
    assert stage.is_live(handles[0])
    assert stage.rejected == 1


def test_fill_or_kill_is_refused_in_a_call_and_a_schedule_outside_of_one():
    stage = Stage(scenario({"auction": {"opening": 1}}, steps=3))
    answers = []

    def both() -> None:
        answers.append(stage.send(0, "fill_or_kill", BUY, 10_000, 1))
        answers.append(stage.crowd[0].demand_schedule(100.0, 1.0))

    stage.step(both)
    assert [answer > 0 for answer in answers] == [False, True]
    stage.step(lambda: stage.send(1, "limit", SELL, 10_000, 1))

    def trades_then_schedule() -> None:
        stage.send(0, "limit", BUY, 10_000, 1)
        assert stage.market.world.clock[0]["filled"] == 1
        assert stage.crowd[0].demand_schedule(100.0, 1.0) == 0
        assert stage.market.world.clock[0]["filled"] == 0  # what the last message traded
        assert stage.market.world.clock[0]["rejection"] == codes.NOT_HERE

    stage.step(trades_then_schedule)
    assert stage.rejected == 2


def test_market_and_immediate_orders_and_schedules_wait_for_one_clearing_only():
    stage = Stage(scenario({"auction": {"every": 3}}, steps=9))
    handles: list[int] = []

    def send() -> None:
        handles.append(stage.send(0, "market", BUY, 0, 1))
        handles.append(stage.send(1, "immediate_or_cancel", BUY, 10_000, 1, lifetime=1))
        handles.append(stage.crowd[2].demand_schedule(90.0, 1.0, 5))
        handles.append(stage.send(3, "limit", BUY, 9_000, 1))
        handles.append(stage.send(4, "limit", BUY, 9_000, 1, lifetime=2))

    stage.step(send)
    stage.step()
    assert [stage.is_live(handle) for handle in handles] == [True] * 5
    stage.step()
    assert [stage.is_live(handle) for handle in handles] == [False, False, False, True, False]
    assert stage.market.best_bid() is None
    assert stage.market.spread() is None


def test_a_call_by_size_with_more_trades_than_the_tape_holds_loses_none():
    stage = Stage(scenario({"auction": {"every": 1}, "matching": "pro_rata"}, steps=2))

    def many() -> None:
        for number in range(5_000):
            stage.send(number % CROWD, "limit", 1 - 2 * (number % 2), 10_000, 1)

    stage.step(many)
    stage.step()
    trades = stage.market.result().trades
    assert len(trades) == trades["quantity"].sum() == 2_500
    assert trades["sequence"].is_monotonic_increasing
    assert set(trades["mark"]) == {100.0}


# --- the mark, venues and episodes ----------------------------------------------------------------------------------


def test_beside_a_continuous_book_its_mid_is_the_mark():
    stage = Stage(scenario({"auction": {"every": 2}}, {}, steps=6))

    def quote(bid: int, ask: int) -> Callable[[], None]:
        def script() -> None:
            stage.send(0, "limit", BUY, bid, 10, lifetime=1, venue=1)
            stage.send(1, "limit", SELL, ask, 10, lifetime=1, venue=1)
            stage.send(2, "limit", BUY, 10_100, 1)
            stage.send(3, "limit", SELL, 9_900, 1)

        return script

    assert len(stage.step(quote(9_990, 10_030))) == 0
    trades = stage.step(quote(10_010, 10_050))
    assert trades[["venue", "price", "quantity", "mark"]].tolist() == [(0, 10_030, 1, 100.3)] * 2
    assert stage.mark == pytest.approx(100.3)
    stage.step(quote(10_020, 10_060))
    assert stage.crowd[0].indicative_price() == pytest.approx(100.4)
    assert stage.crowd[0].best_bid(1) == 10_020
    assert stage.crowd[0].in_auction(0)
    assert not stage.crowd[0].in_auction(1)
    stage.step()  # the quotes are gone: what was the last valid mid
    assert stage.market.result().trades["price"].tolist() == [100.3, 100.3, 100.4]


def test_episodes_begin_afresh():
    stage = Stage(scenario({"auction": {"every": 5}}, steps=4, episodes=3))
    found = []

    def look_and_send() -> None:
        member = stage.crowd[0]
        found.append((member.indicative_price(), member.indicative_lots(), member.imbalance(), stage.mark))
        stage.send(0, "limit", BUY, 10_050, 3)
        stage.send(1, "limit", SELL, 10_040, 1)
        stage.crowd[2].demand_schedule(100.45, 1.0, 5)

    for _ in range(3):
        assert [len(stage.step(look_and_send)), len(stage.step()), len(stage.step())] == [0, 0, 0]
        assert len(stage.step()) == 1  # the episode's last step
    assert found == [(100.0, 0, 0, 100.0)] * 3
    trades = stage.market.result().trades
    assert trades["step"].tolist() == [3] * 3
    assert trades["price"].tolist() == [100.4] * 3


@pytest.mark.parametrize("settlement", ["mid", "value"])
def test_positions_are_settled_at_the_closing_price_where_the_scenario_says_mid(settlement):
    data = scenario({"auction": {"closing": 2}}, steps=3)
    data["instruments"][0]["settlement"] = settlement
    stage = Stage(data)
    stage.step()
    stage.step(lambda: stage.send(0, "limit", BUY, 10_050, 3))
    stage.step(lambda: stage.send(1, "limit", SELL, 10_050, 3))
    stage.market.run_model()
    payoffs = stage.market.result().episodes
    buyer = payoffs[(payoffs["population"] == "crowd") & (payoffs["agent"] == 0)]["payoff"].item()
    assert buyer == pytest.approx(0.0 if settlement == "mid" else -1.5)


# --- tables ---------------------------------------------------------------------------------------------------------


def test_the_tables_say_what_a_call_would_clear_at_and_what_a_schedule_was():
    record = {"messages": True, "book_every": 1, "levels": 2}
    stage = Stage(scenario({"auction": {"opening": 3}}, steps=4, record=record))

    def first() -> None:
        stage.send(0, "limit", BUY, 10_002, 5)
        stage.send(1, "limit", SELL, 9_998, 2)
        stage.send(2, "market", SELL, 0, 1)

    stage.step(first)
    stage.step(lambda: stage.crowd[3].demand_schedule(100.013, 250.0))
    stage.step(lambda: stage.send(4, "market", BUY, 0, 9))
    stage.step()
    table = stage.market.result()
    rows = table.book
    assert rows["indicative"].tolist()[:2] == [100.0, 100.02]
    assert rows["imbalance"].tolist()[:2] == [2, 0]
    assert rows["indicative"].isna().tolist() == [False, False, True, True]
    assert rows["imbalance"].isna().tolist() == [False, False, True, True]
    for column in ("bid", "ask", "bid_2", "ask_2"):
        assert rows[column].isna().tolist()[:2] == [True, True]  # hidden
    assert rows[["bid_volume", "ask_volume", "bid_volume_2", "ask_volume_2"]].iloc[:2].sum().sum() == 0
    assert rows["bid_depth"].tolist()[:2] == [5, 5]
    sent = table.messages.astype({"kind": str})
    schedule = sent[sent["kind"] == "schedule"].iloc[0]
    assert (schedule["slope"], schedule["price"], schedule["quantity"]) == (250.0, 100.01, MOST_LOTS)
    assert schedule["side"] != schedule["side"]  # neither
    assert sent[sent["kind"] != "schedule"]["slope"].isna().all()
    expired = sent[sent["kind"] == "expire"]
    assert (expired["price"].isin([0.0, 100.01])).all()  # a market order has none


def test_prices_of_trades_between_ticks_are_written_as_they_are():
    stage = Stage(scenario({"auction": {"opening": 1, "pricing": "free"}, **FEES}, steps=3))

    def schedules() -> None:
        stage.crowd[0].demand_schedule(100.001, 1e5)
        stage.crowd[1].demand_schedule(100.0062, 1e5)
        stage.send(2, "limit", SELL, 10_003, 4)

    stage.step(schedules)
    stage.step(lambda: stage.send(3, "market", BUY, 0, 3))
    stage.step()
    trades = stage.market.result().trades
    assert trades["price"].tolist() == [100.003596, 100.03]  # of all that trade 260 lots, the nearest to the mark
    assert trades["quantity"].tolist() == [260, 3]
    assert trades["taker_fee"].tolist() == pytest.approx([260 * 100.003596 * 3e-4, 3 * 100.03 * 3e-4])
    assert stage.cash()[3] == -round(3 * 100.03 * 1e6 * 1.0003)
    assert stage.market.result().book["last"].dropna().iloc[-1] == 100.03


# --- scenario errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("venue", "said"),
    [
        ({"mechanism": "limit_order_book", "auction": {"every": 3}}, "only a call auction clears every so many steps"),
        ({"mechanism": "call_auction", "auction": {"opening": 3}}, "a call auction collects orders all the time"),
        ({"mechanism": "call_auction", "auction": {"closing": 3}}, "a call auction collects orders all the time"),
        ({"auction": {"every": 2, "closing": 3}}, "a call auction collects orders all the time"),
        ({"auction": {"opening": 6, "closing": 5}}, "opening and closing are more steps than an episode has, 10"),
        ({"auction": {"every": 0}}, "every"),
        ({"auction": {"opening": -1}}, "opening"),
        ({"auction": {"pricing": "any"}}, "pricing"),
        ({"auction": {"every": 1, "pricing": "free"}, "tick_size": 1e4}, "more than 1,000,000,000 units"),
    ],
)
def test_each_wrong_auction_is_one_clear_error(venue, said):
    with pytest.raises(ScenarioError) as caught:
        parse(scenario(venue))
    assert len(caught.value.problems) == 1
    assert said in str(caught.value)


def test_opening_and_closing_may_fill_an_episode():
    assert parse(scenario({"auction": {"opening": 6, "closing": 4}})).venues[0].auction.every is None
    assert parse(scenario({"mechanism": "call_auction"})).venues[0].auction.every == 1
    assert parse(scenario({"auction": {"every": 4}})).venues[0].mechanism == "call_auction"


# --- compiled strategies: simultaneous classes, the same bytes ------------------------------------------------------

CALLERS = """
from spreadgame.strategy import (
    BUY, NO_ASK, NO_BID, SELL, Parameter, best_ask, best_bid, best_of_others, best_volume, cancel_all, cancel_order,
    fill_or_kill_order, imbalance, immediate_or_cancel_order, in_auction, indicative_lots, indicative_price, is_live,
    last_trade_price, limit_order, market_order, mark_price, nearest_tick, normal, own_order, own_orders,
    post_only_order, replace_order, demand_schedule, step, strategy, uniform,
)


@strategy("caller", summary="does a little of everything in auctions, for tests", max_messages=20)
def caller(me, market):
    venue = me.venue
    calling = in_auction(me, market, venue)
    if calling and (best_bid(me, market, venue) != NO_BID or best_ask(me, market, venue) != NO_ASK):
        raise ValueError
    if calling and (best_of_others(me, market, venue, BUY) != NO_BID or best_volume(me, market, venue, SELL) != 0):
        raise ValueError
    seen = indicative_price(me, market, venue) if calling else last_trade_price(me, market, venue)
    seen = 0.5 * seen + 0.5 * mark_price(me, market, me.instrument)
    if calling and indicative_lots(me, market, venue) > 30:
        seen += 0.001 * imbalance(me, market, venue)
    side = BUY if uniform(me, market) < 0.5 else SELL
    price = nearest_tick(me, market, venue, seen + 0.05 * normal(me, market))
    chance = uniform(me, market)
    lots = 1 + int(5.0 * uniform(me, market))
    if chance < 0.35:
        limit_order(me, market, venue, side, price, lots, 1 + int(9.0 * uniform(me, market)))
    elif chance < 0.45:
        post_only_order(me, market, venue, side, price, lots)
    elif chance < 0.55:
        market_order(me, market, venue, side, lots)
    elif chance < 0.65:
        immediate_or_cancel_order(me, market, venue, side, price, lots)
    elif chance < 0.85:
        demand_schedule(me, market, venue, seen, 100.0 * uniform(me, market), lots - 1)
        demand_schedule(me, market, venue, seen + 0.01 * normal(me, market), 40.0)
    elif chance < 0.9 and own_orders(me, market) > 0:
        replace_order(me, market, own_order(me, market, 0), price, lots)
    elif chance < 0.93:
        fill_or_kill_order(me, market, venue, side, price, lots)
    elif own_orders(me, market) < 15:
        cancel_all(me, market)


@strategy("leaver", summary="cancels all that it sent, schedules without a limit too", max_messages=12)
def leaver(me, market):
    schedule = demand_schedule(me, market, me.venue, 100.0, 5.0)
    limit = limit_order(me, market, me.venue, BUY, 10000, 3)
    market_order(me, market, me.venue, SELL, 2)
    demand_schedule(me, market, me.venue, 101.0, 5.0, 7)
    if not (is_live(me, market, schedule) and is_live(me, market, limit)) or own_orders(me, market) != 4:
        raise ValueError
    if cancel_order(me, market, schedule) == 0 or is_live(me, market, schedule):
        raise ValueError
    demand_schedule(me, market, me.venue, 100.0, 5.0)
    if cancel_all(me, market) != 4:
        raise ValueError


@strategy(
    "trader", summary="one limit order, one schedule, one market order", max_messages=3,
    parameters={"side": Parameter(1, "1 to buy, -1 to sell", low=-1, high=1)},
)
def trader(me, market):
    if own_orders(me, market) > 0:
        raise ValueError
    limit_order(me, market, me.venue, me.parameters.side, 10000 + 3 * me.parameters.side, 2, 4)
    demand_schedule(me, market, me.venue, 100.0 + 0.05 * me.parameters.side, 20.0)
    market_order(me, market, me.venue, me.parameters.side, 1)
"""


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("strategies") / "callers.py"
    path.write_text(CALLERS, encoding="utf-8")
    load_file(path)
    return path


def lively(steps: int = 200, episodes: int = 2) -> dict[str, Any]:
    """Every kind of auction, both matchings, both pricings, and a simultaneous class."""
    venues = [
        {"name": "batch", "auction": {"every": 3}, "taker_fee": 1e-4},
        {"name": "free", "auction": {"every": 1, "pricing": "free"}, "matching": "pro_rata"},
        {"name": "day", "auction": {"opening": steps // 5, "closing": steps // 10}, "maker_fee": -1e-4},
        {"name": "eve", "auction": {"closing": steps // 4, "pricing": "free"}, "matching": "pro_rata"},
    ]
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": 5},
        "instruments": [
            {"name": "X", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.01}},
            {"name": "Y", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.01},
             "settlement": "mid"},
        ],
        "venues": [each | {"instrument": "XYXY"[i]} for i, each in enumerate(venues)],
        "populations": [
            {"name": f"{each['name']}{rank}", "strategy": "caller", "count": 3, "turn": rank, "venues": [each["name"]]}
            for each in venues for rank in (0, 1)
        ],
        "turns": {"simultaneous": [0]},
        "record": {"messages": True, "levels": 2, "book_every": 1},
    }  # fmt: skip


def digests(folder: Path | None) -> dict[str, str]:
    assert folder is not None
    return {
        name: hashlib.sha256((folder / f"{name}.parquet").read_bytes()).hexdigest()
        for name in TABLES
        if (folder / f"{name}.parquet").exists()
    }


@pytest.fixture(scope="module")
def lively_run(callers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = execute(parse(lively()), tmp_path_factory.mktemp("lively"))
    assert run.folder is not None
    return run.folder


def test_the_lively_market_uses_every_message_in_calls(lively_run):
    sent = pq.read_table(lively_run / "messages.parquet").to_pandas().astype({"kind": str, "venue": str})
    kinds = {"limit", "market", "immediate_or_cancel", "post_only", "cancel", "replace", "expire", "withdraw"}
    kinds |= {"schedule"}
    for venue in ("batch", "free"):
        assert set(sent[sent["venue"] == venue]["kind"]) >= kinds
    trades = pq.read_table(lively_run / "trades.parquet").to_pandas().astype({"venue": str})
    for name, rows in trades.groupby("venue"):
        assert len(rows) > 50, name
    ticks = trades[trades["venue"] == "free"]["price"] / 0.01
    assert (abs(ticks - ticks.round()) > 1e-6).any()
    batches = trades[trades["venue"] == "batch"]
    assert (batches.groupby(["episode", "step"])["price"].nunique() == 1).all()
    assert set(batches["step"] % 3) <= {2, 199 % 3}
    books = pq.read_table(lively_run / "book.parquet").to_pandas()
    assert not (books["bid"] >= books["ask"]).any()


@pytest.mark.parametrize("settings", [{"chunk": 1}, {"chunk": 7, "orders": 8, "tape": 1}, {"orders": 1 << 14}])
def test_chunks_and_capacities_do_not_matter_in_calls(lively_run, tmp_path, settings):
    assert digests(execute(parse(lively()), tmp_path, **settings).folder) == digests(lively_run)


_UNCOMPILED = """
import sys
from sim.core.compiled import COMPILED
from sim.runs.execute import execute
from sim.scenario import load
from sim.strategy_kit.loading.files import load_file
assert not COMPILED
load_file(sys.argv[1])
print(execute(load(sys.argv[2]), sys.argv[3], chunk=50, orders=8).status)
"""


def test_calls_do_the_same_uncompiled(callers, tmp_path):
    data = parse(lively(12, 2))
    (tmp_path / "lively.toml").write_text(dump_toml(data), encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-c", _UNCOMPILED, str(callers), str(tmp_path / "lively.toml"), str(tmp_path / "uncompiled")],
        cwd=ROOT, env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.stdout.strip() == "complete", answer.stderr
    assert digests(tmp_path / "uncompiled" / "run") == digests(execute(data, tmp_path, "compiled").folder)


def played(*populations: dict[str, Any], steps: int = 60, simultaneous: bool = True, **settings: Any) -> Run:
    data = scenario({"auction": settings}, steps=steps, record={"messages": True, "book_every": 1})
    data["populations"] = [{"name": f"p{i}", "turn": 1, **each} for i, each in enumerate(populations)]
    data["turns"] = {"simultaneous": [1] if simultaneous else []}
    return execute(parse(data), orders=8, tape=1)


@pytest.mark.parametrize("simultaneous", [True, False])
def test_all_that_was_sent_can_be_cancelled_schedules_too(callers, simultaneous):
    run = played({"strategy": "leaver", "count": 2}, every=2, simultaneous=simultaneous)
    assert run.manifest["rejected"] == 0
    assert len(run.trades) == 0
    assert (run.book["orders"] == 0).all()


def test_members_of_a_simultaneous_class_trade_with_one_another_in_a_call(callers):
    buys, sells = ({"strategy": "trader", "params": {"side": side}} for side in (1, -1))
    run = played(buys, sells, every=1, steps=400)
    sent = run.messages.astype({"population": str, "kind": str}).sort_values("sequence")
    assert run.manifest["rejected"] == 0
    assert run.manifest["repriced_quotes"] == 0
    counts = sent["kind"].value_counts()
    assert counts["limit"] == counts["market"] == counts["schedule"] == 800
    assert (run.trades.groupby("step")["quantity"].sum() == 4).all()  # 2 and 1 and what a schedule wants at 100: 1
    assert set(run.trades["price"]) == {100.0}
    first = sent[sent["kind"] != "withdraw"].groupby("step")["population"].first()
    assert abs((first == "p0").mean() - 0.5) <= 4 * 0.5 / 20  # in random order
    makers = run.trades.astype({"maker_population": str})["maker_population"]
    assert set(makers) == {"p0", "p1"}


def test_in_a_longer_call_the_orders_of_those_who_act_are_withdrawn_first(callers):
    run = played({"strategy": "trader"}, every=4, steps=8)
    kinds = run.messages.sort_values("sequence").astype({"kind": str})
    assert kinds[kinds["step"] == 1]["kind"].tolist()[:3] == ["withdraw"] * 3
    assert sorted(kinds[kinds["step"] == 1]["kind"].tolist()[3:]) == ["limit", "market", "schedule"]
    assert set(run.book["orders"]) <= {1, 2}
