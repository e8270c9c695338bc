"""The compiled book and the plain one, side by side: the same messages must do the same."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sim.core import codes
from sim.core.codes import MONEY_OVERFLOW
from sim.core.errors import RunError
from sim.session.order_book import OrderBook
from sim.venues.settings import FEE_PER, MATCHING, POST_ONLY, SELF_TRADE
from tests.oracles.reference_book import HIGHEST, LOWEST, MOST_LOTS, MoneyOverflowError, ReferenceBook, Trade
from tests.places import ROOT

REJECTIONS = {
    "accepted": codes.ACCEPTED,
    "bad_price": codes.BAD_PRICE,
    "bad_quantity": codes.BAD_QUANTITY,
    "gone": codes.GONE,
    "would_trade": codes.WOULD_TRADE,
}
KINDS = ("limit", "market", "immediate_or_cancel", "fill_or_kill", "post_only")
FEES = ((0.0, 0.0), (0.0002, 0.0005), (-0.0001, 0.0003), (0.5, -0.25), (5e-7, -2.5e-6))
NEVER = (-1, -(2**40), 2**31, 2**32 - 1, 2**62 + 5)  # handles that nobody was given
LIFETIMES = (0, 0, 0, 0, 1, 2, 3, 5, 20, 255, 256, 257, 300, 600)


class Pair:
    """Both books. Every message goes to both, and afterwards all that can be seen of them is compared.

    When money has overflown, which ends a run, nothing is sent any more.
    """

    def __init__(self, orders: int = 8, keep_log: bool = False, **rules_of_venue: object) -> None:
        self.compiled = OrderBook(orders=orders, keep_log=keep_log, **rules_of_venue)
        self.reference = ReferenceBook(**rules_of_venue)
        self.handles: dict[int, int] = {}  # by order number, of every order that ever rested
        self.orders = orders
        self.seen_trades = 0
        self.overflown = False

    def enter(self, agent: int, kind: str, side: int, price: int, quantity: int, lifetime: int = 0) -> None:
        if self.overflown:
            return
        message = agent, kind, side, price, quantity, lifetime
        handle = self._send(self.compiled.enter, *message)
        number = self._answer(lambda: self.reference.enter(*message))
        if self.overflown:
            return
        if number:
            assert handle not in self.handles.values()
            self.handles[number] = handle
        else:
            assert handle == 0
        self._compare()

    def cancel(self, agent: int, number: int) -> None:
        if self.overflown:
            return
        lots = self.compiled.cancel(agent, self.handles.get(number, number))
        assert lots == self.reference.cancel(agent, number)
        self._compare()

    def replace(self, agent: int, number: int, price: int, quantity: int) -> None:
        if self.overflown:
            return
        handle = self._send(self.compiled.replace, agent, self.handles.get(number, number), price, quantity)
        rests = self._answer(lambda: self.reference.replace(agent, number, price, quantity))
        if self.overflown:
            return
        assert handle == (self.handles[number] if rests else 0)
        self._compare()

    def advance(self, steps: int = 1) -> None:
        for _ in range(0 if self.overflown else steps):
            self.compiled.advance()
            self.reference.advance()
            self._compare()

    def _send(self, message, *arguments):
        try:
            return message(*arguments)
        except RunError:  # says that money overflowed; the status, which is compared, has it too
            assert self.compiled.storage.world.clock[0]["status"] == MONEY_OVERFLOW
            return 0

    def _answer(self, message):
        try:
            answer = message()
        except MoneyOverflowError:
            self.overflown = True
        assert (self.compiled.storage.world.clock[0]["status"] == MONEY_OVERFLOW) == self.overflown
        return 0 if self.overflown else answer

    def _new_trades(self) -> list[tuple]:
        world = self.compiled.storage.world
        until = int(world.clock[0]["trades"])
        if until == self.seen_trades:
            return []
        places = np.arange(self.seen_trades, until) & (len(world.tape) - 1)
        self.seen_trades = until
        return world.tape[places][list(Trade._fields)].tolist()

    def _compare(self) -> None:
        compiled, reference = self.compiled, self.reference
        known = self.seen_trades
        assert self._new_trades() == reference.made[known:]
        assert compiled.filled == reference.filled
        assert compiled.rejection == REJECTIONS[reference.rejection]
        for side in (1, -1):
            assert compiled.queue(side).tolist() == reference.queue(side)
        world = compiled.storage.world
        assert world.holdings["lots"].tolist() == reference.lots
        accounts = world.accounts[["cash", "fees", "trades", "volume", "messages"]].tolist()
        assert accounts == list(
            zip(reference.cash, reference.fees, reference.traded, reference.volume, reference.sent, strict=True)
        )
        assert sum(account[0] for account in accounts) == 0
        clock = world.clock[0]
        assert (clock["next_number"], clock["messages"]) == (reference.number, sum(reference.sent))
        assert (clock["rejected"], clock["repriced_quotes"]) == (reference.rejected, reference.moved)
        assert clock["resting"] == len(reference.resting)


# --- thousands of random streams ------------------------------------------------------------------------------------


def _prices(rng: np.random.Generator):
    """A way to draw prices: a narrow band somewhere, a few far clusters, or anywhere."""
    where = rng.integers(10)
    if where < 7:
        edge = where == 0
        base = int(rng.choice([LOWEST, HIGHEST] if edge else [0, 100, -4096, 64**3, LOWEST + 2, HIGHEST - 2]))
        width = 1 if edge else int(rng.choice([1, 2, 3, 8]))
        return lambda: base + int(rng.integers(-width, width + 1))
    if where < 9:
        centres = rng.integers(LOWEST, HIGHEST, 4).tolist()
        return lambda: centres[rng.integers(4)] + int(rng.integers(-2, 3))
    return lambda: int(rng.integers(LOWEST - 2**20, HIGHEST + 2**20))


def _quantities(rng: np.random.Generator, huge: bool):
    most = int(rng.choice([1, 4, 5, 100]))

    def draw() -> int:
        if rng.random() < 0.01:
            return int(rng.choice([0, -1, 2**31, -(2**40)]))
        if huge and rng.random() < 0.2:
            return int(rng.choice([MOST_LOTS, MOST_LOTS - 1, 2**30, 2**24 + 1]))
        return int(rng.integers(1, most + 1))

    return draw


def _random_rules(rng: np.random.Generator) -> dict[str, object]:
    maker_fee, taker_fee = FEES[rng.integers(len(FEES))]
    return {
        "agents": int(rng.integers(1, 5)),
        "matching": str(rng.choice(list(MATCHING))),
        "self_trade_prevention": str(rng.choice(list(SELF_TRADE))),
        "post_only": str(rng.choice(list(POST_ONLY))),
        "maker_fee": maker_fee,
        "taker_fee": taker_fee,
        "fee_per": str(rng.choice(list(FEE_PER))),
        "tick_units": int(rng.choice([1, 3, 10_000])),
    }


def drive(rng: np.random.Generator, length: int) -> Pair:
    """Send a random stream of messages to a pair of random books."""
    settings_of_venue = _random_rules(rng)
    agents = settings_of_venue["agents"]
    pair = Pair(int(rng.choice([8, 9, 16, 100])), bool(rng.integers(2)), **settings_of_venue)
    price = _prices(rng)
    quantity = _quantities(rng, huge=rng.random() < 0.15)
    mix = rng.dirichlet([8, 1, 1, 1, 2, 1, 4, 0.7]).cumsum()
    live = pair.reference.resting
    for _ in range(length):
        what = int(np.searchsorted(mix, rng.random()))
        agent, side = int(rng.integers(agents)), 1 - 2 * int(rng.integers(2))
        if what < len(KINDS):
            lifetime = LIFETIMES[rng.integers(len(LIFETIMES))]
            pair.enter(agent, KINDS[what], side, price(), quantity(), lifetime)
        elif what == 7:
            pair.advance(int(rng.choice([1, 1, 1, 1, 1, 1, 2, 3, 30 if rng.random() < 0.8 else 300])))
        else:
            number = NEVER[rng.integers(len(NEVER))]
            if live and rng.random() < 0.85:
                number = list(live)[rng.integers(len(live))]
                agent = live[number].agent if rng.random() < 0.95 else agent
            elif pair.handles and rng.random() < 0.9:
                number = list(pair.handles)[rng.integers(len(pair.handles))]
            if what == 5:
                pair.cancel(agent, number)
                continue
            order = live.get(number)
            same_price, size = order is not None and rng.random() < 0.4, rng.random()
            new_price = order.price if same_price else price()
            new_quantity = order.open if order and size < 0.25 else quantity()
            if order and size > 0.6:
                new_quantity = max(1, order.open - 1)
            pair.replace(agent, number, new_price, new_quantity)
        if pair.overflown:
            break
    if not pair.overflown:
        assert pair.compiled.trades()[list(Trade._fields)].tolist() == pair.reference.made
    return pair


# What must have happened under both matching rules for the streams to have said anything.
BOTH_RULES = """
limit, market, immediate_or_cancel, fill_or_kill, post_only, cancel, expired, expired late, swept levels
mark is the mid, mark is old, mark is 0
market filled, market dropped, market part dropped
immediate_or_cancel filled, immediate_or_cancel dropped, immediate_or_cancel part dropped
fill_or_kill filled, fill_or_kill dropped
filled whole, filled in part
killed: too little there, killed: own order in the way
self-trade: allowed, self-trade: resting order cancelled, self-trade: incoming order cut
self-trade: incoming order cut after trades
post-only moved, rejected: would_trade, rejected: bad_price at the edge
post-only moved in replace, rejected: would_trade in replace
replace: no change, replace: smaller, replace: moved and stays, replace: moved and leaves
replace: traded and stays, replace: traded and leaves
rejected: bad_price, rejected: bad_quantity, rejected: bad_price in replace, rejected: bad_quantity in replace
rejected: gone as stale, rejected: gone as another's
"""
EXPECTED = {
    f"{matching}: {what.strip()}"
    for matching in MATCHING
    for line in BOTH_RULES.strip().splitlines()
    for what in line.split(",")
} | {"money overflow", "storage grown"}


def _drive_many(seed: int, streams: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    for stream in range(streams):
        rng = np.random.default_rng((seed, stream))
        try:
            pair = drive(rng, int(rng.integers(30, 140)))
        except AssertionError as error:
            error.add_note(f"drive(np.random.default_rng(({seed}, {stream})), …)")
            raise
        seen += pair.reference.seen
        seen["money overflow"] += pair.overflown
        seen["storage grown"] += len(pair.compiled.storage.world.orders) > pair.orders
        seen["messages"] += pair.reference.number + pair.reference.rejected
        seen["trades"] += len(pair.reference.made)
    return seen


@pytest.mark.parametrize("seed", range(6))
def test_500_random_streams_do_the_same_in_both_books_and_meet_every_rule(seed):
    seen = _drive_many(seed, 500)
    assert {what for what in EXPECTED if not seen[what]} == set()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_1500_random_streams_do_the_same_in_both_books(seed):
    _drive_many(seed, 1500)


# --- the same, in streams that shrink -------------------------------------------------------------------------------

narrow, small = st.integers(98, 102), st.integers(1, 5)
anywhere = st.one_of(*[narrow] * 6, st.integers(LOWEST - 1, HIGHEST + 1), st.sampled_from([LOWEST, HIGHEST]))
sizes = st.one_of(*[small] * 6, st.integers(-1, 300), st.sampled_from([MOST_LOTS, 2**31]))
sides = st.sampled_from([1, -1])


class BothBooks(RuleBasedStateMachine):
    """Any sequence of messages at all."""

    @initialize(
        orders=st.integers(8, 12),
        keep_log=st.booleans(),
        agents=st.integers(1, 3),
        matching=st.sampled_from(list(MATCHING)),
        self_trade_prevention=st.sampled_from(list(SELF_TRADE)),
        post_only=st.sampled_from(list(POST_ONLY)),
        fees=st.sampled_from(FEES),
        fee_per=st.sampled_from(list(FEE_PER)),
        tick_units=st.sampled_from([1, 10_000]),
    )
    def open(self, orders, keep_log, agents, fees, **rules_of_venue):
        self.agents = agents
        self.pair = Pair(orders, keep_log, agents=agents, maker_fee=fees[0], taker_fee=fees[1], **rules_of_venue)

    def order(self, data, mine: bool) -> tuple[int, int]:
        """An agent and an order number; the agent's own order, which may be gone, or any number."""
        number = data.draw(st.sampled_from(list(self.pair.handles)))
        order = self.pair.reference.resting.get(number)
        if mine and order:
            return order.agent, number
        return data.draw(st.integers(0, self.agents - 1)), number

    @rule(data=st.data(), kind=st.sampled_from(KINDS), side=sides, price=anywhere, quantity=sizes,
          lifetime=st.sampled_from(LIFETIMES))  # fmt: skip
    def enter(self, data, kind, side, price, quantity, lifetime):
        self.pair.enter(data.draw(st.integers(0, self.agents - 1)), kind, side, price, quantity, lifetime)

    @rule(data=st.data(), side=sides, price=narrow, quantity=st.integers(1, 4))
    def quote(self, data, side, price, quantity):
        self.pair.enter(data.draw(st.integers(0, self.agents - 1)), "limit", side, price, quantity)

    @precondition(lambda self: self.pair.handles)
    @rule(data=st.data(), mine=st.booleans())
    def cancel(self, data, mine):
        self.pair.cancel(*self.order(data, mine))

    @rule(handle=st.one_of(st.sampled_from(NEVER), st.integers(-(2**62), 2**62)))
    def cancel_what_never_was(self, handle):
        if handle not in self.pair.handles.values() and handle not in self.pair.handles:
            self.pair.cancel(0, handle)

    @precondition(lambda self: self.pair.handles)
    @rule(data=st.data(), mine=st.booleans(), price=anywhere, quantity=sizes)
    def replace(self, data, mine, price, quantity):
        self.pair.replace(*self.order(data, mine), price, quantity)

    @precondition(lambda self: self.pair.reference.resting)
    @rule(data=st.data(), change=st.integers(-2, 1))
    def resize(self, data, change):
        order = data.draw(st.sampled_from(list(self.pair.reference.resting.values())))
        self.pair.replace(order.agent, order.number, order.price, order.open + change)

    @rule(steps=st.sampled_from([1, 1, 1, 2, 5, 260]))
    def advance(self, steps):
        self.pair.advance(steps)

    def teardown(self):
        if hasattr(self, "pair"):
            for what in self.pair.reference.seen:
                event(what)


TestAnySequenceOfMessagesDoesTheSameInBothBooks = BothBooks.TestCase
TestAnySequenceOfMessagesDoesTheSameInBothBooks.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


# --- sizes and modes that streams do not reach ----------------------------------------------------------------------


@pytest.mark.parametrize("matching", MATCHING)
def test_one_message_may_trade_with_ten_thousand_orders(matching):
    pair = Pair(orders=8, agents=3, matching=matching)
    for order in range(10_000):
        message = order % 2, "limit", -1, 100 + order % 50, 1 + order % 3
        pair.reference.enter(*message)
        pair.compiled.enter(*message)
    pair.enter(2, "market", 1, 0, 15_001)
    pair.enter(2, "market", 1, 0, MOST_LOTS)
    # In pro rata an order may trade with both messages.
    assert len(pair.reference.made) >= 10_000
    assert pair.compiled.queue(-1).tolist() == []
    assert pair.compiled.trades()[list(Trade._fields)].tolist() == pair.reference.made


def test_no_order_has_the_handle_0_that_says_it_does_not_rest():
    book = OrderBook()
    assert book.enter(0, "limit", 1, 100, 5) != 0


def test_the_answer_of_an_order_that_does_not_rest_cancels_nothing():
    book = OrderBook()
    book.enter(0, "limit", 1, 100, 5)
    answer = book.enter(0, "immediate_or_cancel", 1, 100, 5)
    assert answer == 0
    assert book.cancel(0, answer) == 0


def digest_of_trades() -> str:
    """What a few streams of trades come to, in this process."""
    digest = hashlib.sha256()
    for seed in range(30):
        digest.update(repr(drive(np.random.default_rng((7, seed)), 60).reference.made).encode())
    return digest.hexdigest()


def test_uncompiled_it_does_the_same():
    code = "import tests.sim.venues.test_book as t, sim.core.compiled as c; print(c.COMPILED, t.digest_of_trades())"
    root = ROOT
    answer = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        cwd=root,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == ["False", digest_of_trades()]
