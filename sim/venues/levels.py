"""Price levels of one side of a book, as leaves of a 64-ary trie with five layers: a billion ticks.

The next best level is found in at most five steps. A price is turned into a key such that the best price of a side has
the smallest key, so bids and asks use the same code. Levels and nodes are taken from pools. A side remembers its last
leaf and the branch above it, because the next order is usually near.
"""

from __future__ import annotations

import numpy as np

from sim.core.compiled import inlined, njit, trailing_zeros
from sim.core.marks import market_price
from sim.core.world import NODES_PER_LEVEL, NONE, NOTHING

LOWEST_PRICE, HIGHEST_PRICE = -(1 << 29), (1 << 29) - 1
KEYS = 1 << 30
DEPTH = NODES_PER_LEVEL + 1


@njit
def key_of(side, price):
    """The key of a price on a row of ``sides`` (even: bids, odd: asks)."""
    return price - LOWEST_PRICE if side & 1 else HIGHEST_PRICE - price


@njit
def _take_node(world, parent, place):
    clock = world.clock[0]
    node = clock.free_node
    if node != NOTHING:
        clock.free_node = world.nodes[node].parent
    else:
        node = clock.nodes_used
        clock.nodes_used += 1
    clock.nodes_live += 1
    world.nodes[node].bits = 0
    world.nodes[node].parent = parent
    world.nodes[node].place = place
    return node


@njit
def open_side(world, side):
    """Prepare an empty side: give it a root node."""
    row = world.sides[side]
    row.root = _take_node(world, NOTHING, NONE)
    row.best = NOTHING
    row.leaf = NOTHING
    row.branch = NOTHING


@inlined
def _leaf(world, side, key):
    """The leaf that holds a key. It is made if it does not exist."""
    row = world.sides[side]
    if row.leaf != NOTHING and row.prefix == key >> 6:
        return np.int64(row.leaf)
    node = np.int64(row.root)
    shift = np.int64(6 * (DEPTH - 1))
    if row.branch != NOTHING and row.branch_prefix == key >> 12:
        node = np.int64(row.branch)
        shift = np.int64(6)
    while shift > 0:
        if shift == 6:
            row.branch = node
            row.branch_prefix = key >> 12
        place = (key >> shift) & 63
        bit = np.int64(1) << place
        if world.nodes[node].bits & bit == 0:
            child = _take_node(world, node, place)
            world.nodes[node].bits |= bit
            world.children[64 * node + place] = child
            node = np.int64(child)
        else:
            node = np.int64(world.children[64 * node + place])
        shift -= 6
    row.leaf = node
    row.prefix = key >> 6
    return node


@inlined
def level_at(world, side, price):
    """The level of a price. It is made if it does not exist."""
    key = key_of(side, price)
    node = _leaf(world, side, key)
    place = key & 63
    bit = np.int64(1) << place
    if world.nodes[node].bits & bit != 0:
        return np.int64(world.children[64 * node + place])
    clock = world.clock[0]
    level = clock.free_level
    if level != NOTHING:
        clock.free_level = np.int64(world.levels[level].next)
    else:
        level = clock.levels_used
        clock.levels_used += 1
    record = world.levels[level]
    record.key = key
    record.price = price
    record.volume = 0
    record.count = 0
    record.head = NOTHING
    record.tail = NOTHING
    record.node = node
    record.side = side
    world.nodes[node].bits |= bit
    world.children[64 * node + place] = level
    row = world.sides[side]
    if row.best == NOTHING or key < world.levels[row.best].key:
        row.best = level
    return level


@njit
def find_level(world, side, price):
    """The level of a price, or NOTHING if it does not exist."""
    key = key_of(side, price)
    node = np.int64(world.sides[side].root)
    shift = np.int64(6 * (DEPTH - 1))
    while True:
        place = (key >> shift) & 63
        if world.nodes[node].bits & (np.int64(1) << place) == 0:
            return np.int64(NOTHING)
        node = np.int64(world.children[64 * node + place])
        if shift == 0:
            return node
        shift -= 6


@inlined
def next_level(world, level):
    """The next level behind this one, seen from the best price, or NOTHING."""
    key = world.levels[level].key
    node = np.int64(world.levels[level].node)
    shift = np.int64(0)
    while node != NOTHING:
        # -2 shifted by our place has a one in every place above ours.
        above = world.nodes[node].bits & (np.int64(-2) << ((key >> shift) & 63))
        if above != 0:
            child = np.int64(world.children[64 * node + trailing_zeros(above)])
            while shift > 0:
                child = np.int64(world.children[64 * child + trailing_zeros(world.nodes[child].bits)])
                shift -= 6
            return child
        node = np.int64(world.nodes[node].parent)
        shift += 6
    return np.int64(NOTHING)


@inlined
def remove_level(world, level):
    """Remove an empty level from its side and return it to the pool."""
    clock = world.clock[0]
    record = world.levels[level]
    row = world.sides[record.side]
    if row.best == level:
        following = next_level(world, level)
        if following == NOTHING:
            # The side becomes empty: store the last valid mark now, because later it cannot be computed.
            market_price(world, world.venues[row.venue].instrument)
        row.best = following
    key = record.key
    node = np.int64(record.node)
    shift = np.int64(0)
    while True:
        world.nodes[node].bits &= ~(np.int64(1) << ((key >> shift) & 63))
        parent = np.int64(world.nodes[node].parent)
        if world.nodes[node].bits != 0 or parent == NOTHING:
            break
        if row.leaf == node:
            row.leaf = NOTHING
        elif row.branch == node:
            row.branch = NOTHING
        world.nodes[node].parent = clock.free_node
        clock.free_node = node
        clock.nodes_live -= 1
        node = parent
        shift += 6
    record.next = clock.free_level
    clock.free_level = level
