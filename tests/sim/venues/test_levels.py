"""The trie of price levels against a sorted list, and the sums that a book's sides keep."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core.compiled import njit
from sim.core.world import NOTHING, attach
from sim.session.order_book import OrderBook
from sim.venues import levels

LOWEST, HIGHEST = levels.LOWEST_PRICE, levels.HIGHEST_PRICE
BIDS, ASKS = 0, 1


@njit
def _put(address, side, price):
    return levels.level_at(attach(address), side, price)


@njit
def _take(address, side, price):
    world = attach(address)
    level = levels.find_level(world, side, price)
    if level != NOTHING:
        levels.remove_level(world, level)
    return level


@njit
def _find(address, side, price):
    return levels.find_level(attach(address), side, price)


@njit
def _walk(address, side, prices):
    """Prices from the best one on; how many there are."""
    world = attach(address)
    level = np.int64(world.sides[side].best)
    found = 0
    while level != NOTHING:
        prices[found] = world.levels[level].price
        found += 1
        level = levels.next_level(world, level)
    return found


class Sides:
    """Both sides of an empty book, with levels that hold no orders, beside two Python sets."""

    def __init__(self, room: int) -> None:
        self.storage = OrderBook(orders=room).storage
        self.storage.grow("nodes", 2 + levels.NODES_PER_LEVEL * room)
        self.storage.grow("children", 64 * (2 + levels.NODES_PER_LEVEL * room))
        self.prices = np.empty(room, np.int64)
        self.sets: tuple[set[int], set[int]] = (set(), set())

    def put(self, side: int, price: int) -> None:
        level = _put(self.storage.address, side, price)
        assert self.storage.world.levels[level]["price"] == price
        assert _find(self.storage.address, side, price) == level
        self.sets[side].add(price)

    def take(self, side: int, price: int) -> None:
        level = _take(self.storage.address, side, price)
        assert (level != NOTHING) == (price in self.sets[side])
        assert _find(self.storage.address, side, price) == NOTHING
        self.sets[side].discard(price)

    def compare(self) -> None:
        nodes = 2
        for side in (BIDS, ASKS):
            found = _walk(self.storage.address, side, self.prices)
            assert self.prices[:found].tolist() == sorted(self.sets[side], reverse=side == BIDS)
            keys = [levels.key_of(side, price) for price in self.sets[side]]
            nodes += sum(len({key >> shift for key in keys}) for shift in (6, 12, 18, 24))
        assert self.storage.world.clock[0]["nodes_live"] == nodes


# Prices that share a leaf, sit at the corners of nodes of every size, or are anywhere.
corners = st.builds(
    lambda depth, count, off: min(max(LOWEST + count * 64**depth + off, LOWEST), HIGHEST),
    st.integers(1, 4), st.integers(0, 200), st.integers(-1, 1),
)  # fmt: skip
prices = st.one_of(st.integers(-40, 40), corners, st.integers(LOWEST, HIGHEST), st.sampled_from([LOWEST, HIGHEST]))
operations = st.lists(st.tuples(st.booleans(), st.sampled_from([BIDS, ASKS]), prices), max_size=60)


@settings(max_examples=300, deadline=None)
@given(operations, st.randoms(use_true_random=False))
def test_levels_are_a_sorted_list_and_every_node_is_given_back(steps, random):
    sides = Sides(room=64)
    for put, side, price in steps:
        gone = random.choice(sorted(sides.sets[side])) if sides.sets[side] and random.random() < 0.7 else price
        if put:
            sides.put(side, price)
        else:
            sides.take(side, gone)
        sides.compare()
    for side in (BIDS, ASKS):
        for price in sorted(sides.sets[side], key=lambda price: random.random()):
            sides.take(side, price)
        assert sides.storage.world.sides[side]["best"] == NOTHING
    assert sides.storage.world.clock[0]["nodes_live"] == 2


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_sparse_levels_stay_in_order_while_they_come_and_go(seed):
    rng = np.random.default_rng(seed)
    sides = Sides(room=6000)
    sides.put(BIDS, LOWEST)
    sides.put(BIDS, HIGHEST)
    sides.put(ASKS, LOWEST)
    sides.put(ASKS, HIGHEST)
    for _ in range(3):
        for price in rng.integers(LOWEST, HIGHEST, 1000).tolist():
            sides.put(int(rng.integers(2)), price)
        for price in rng.integers(-5000, 5000, 1000).tolist():
            sides.put(int(rng.integers(2)), price)
        sides.compare()
        for side in (BIDS, ASKS):
            for price in rng.permutation(sorted(sides.sets[side])).tolist()[: 700 + 300 * (seed % 2)]:
                sides.take(side, price)
        sides.compare()
    for side in (BIDS, ASKS):
        for price in rng.permutation(sorted(sides.sets[side])).tolist():
            sides.take(side, price)
    assert sides.storage.world.clock[0]["nodes_live"] == 2


def test_pools_serve_again_what_was_given_back():
    sides = Sides(room=8)
    rng = np.random.default_rng(0)
    for _ in range(200):
        for price in rng.integers(LOWEST, HIGHEST, 8).tolist():
            sides.put(BIDS, price)
        for price in list(sides.sets[BIDS]):
            sides.take(BIDS, price)
    clock = sides.storage.world.clock[0]
    assert clock["levels_used"] <= 8
    assert clock["nodes_used"] <= 2 + 8 * levels.NODES_PER_LEVEL


def _check_sums(book: OrderBook) -> None:
    world = book.storage.world
    clock = world.clock[0]
    volume_of_level: Counter[int] = Counter()
    for place, side in ((BIDS, 1), (ASKS, -1)):
        queue = book.queue(side)
        record = world.sides[place]
        assert (record["orders"], record["volume"]) == (len(queue), queue[:, 1].sum())
        for price, volume in book.depth(side, len(queue)).tolist():
            at_price = queue[queue[:, 0] == price]
            level = world.levels[_find(book.storage.address, place, price)]
            assert volume == level["volume"] == at_price[:, 1].sum()
            assert level["count"] == len(at_price) > 0
            volume_of_level[place] += volume
        assert volume_of_level[place] == record["volume"]
    assert world.sides["orders"].sum() == clock["resting"] == world.agents["orders"].sum()


@pytest.mark.parametrize("matching", ["price_time", "pro_rata"])
@pytest.mark.parametrize("width", [3, 2**29])
def test_sides_levels_queues_and_agents_agree_on_count_and_volume(matching, width):
    rng = np.random.default_rng(width)
    book = OrderBook(agents=3, matching=matching, orders=8)
    handles = {}
    for message in range(1500):
        agent, side = int(rng.integers(3)), 1 - 2 * int(rng.integers(2))
        price, quantity = int(rng.integers(-width, width)), int(rng.integers(1, 10))
        kind = ("limit", "limit", "post_only", "fill_or_kill", "market")[rng.integers(5)]
        if rng.random() < 0.6 or not handles:
            handles[message] = agent, book.enter(agent, kind, side, price, quantity, int(rng.integers(0, 40)))
        else:
            owner, handle = handles.pop(list(handles)[rng.integers(len(handles))])
            if rng.random() < 0.5:
                book.cancel(owner, handle)
            else:
                handles[message] = owner, book.replace(owner, handle, price, quantity)
        if message % 5 == 0:
            book.advance()
        _check_sums(book)
    book.enter(0, "market", 1, 0, 2**31 - 1)
    book.enter(0, "market", -1, 0, 2**31 - 1)
    clock = book.storage.world.clock[0]
    assert (clock["resting"], clock["nodes_live"]) == (0, 2)
    assert (book.storage.world.wheel == NOTHING).all()
