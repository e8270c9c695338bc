"""Frozen agents: they send what a population sent in an earlier run, whatever the market does now.

In the market of that run they make the same trades. They ask for the prices that were asked for, so a venue reprices
their quotes as it did; what an obligation added is among the messages, so none holds for them. (Orders of a
simultaneous class enter in random order, which the log cannot undo: there this holds for members who send one order per
turn.) In another market the difference between
them and the population itself is what the population does in answer to the other market.
"""

import numpy as np

from sim.core.codes import (
    CANCEL,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    POST_ONLY,
    REPLACE,
    SCHEDULE,
)
from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.earlier_run import ANY_TURN, FIELDS, MOST_HELD, needs_of, recorded_by, wrong_with
from sim.strategy_kit.interface import (
    cancel_order,
    demand_schedule,
    episode,
    fill_or_kill_order,
    immediate_or_cancel_order,
    limit_order,
    market_order,
    member_number,
    nearest_tick,
    own_order,
    own_orders,
    post_only_order,
    precomputed,
    precomputed_count,
    replace_order,
    step,
    turn_in_step,
)

_WIDTH = len(FIELDS)
_STEP, _TURN, _KIND, _SIDE, _PRICE, _LOTS, _SLOT, _LIFETIME, _SLOPE = range(_WIDTH)
_HEAD = 2  # numbers of members and of episodes


def _validate(given):
    if bool(given["run"]) != bool(given["population"]):
        return "run and population go together: the folder of an earlier run, and who is played of it"
    return wrong_with(given["run"], given["population"]) if given["run"] else ""


def solve(given, steps):
    """The messages of the earlier run (:mod:`sim.strategy_kit.earlier_run`); nothing where no run is named."""
    return recorded_by(given["run"], given["population"]).numbers if given["run"] else np.zeros(0)


def _most(given):
    return recorded_by(given["run"], given["population"]).most if given["run"] else 1


def _needs(given):
    return needs_of(given["run"], given["population"]) if given.get("run") and given.get("population") else ()


@strategy(
    "recorded",
    summary="sends what a population sent in an earlier run: agents frozen, who answer nothing",
    source="this simulator's definition",
    parameters={
        "run": Parameter("", "folder of the earlier run, with its messages; omitted: nothing is sent", form="path"),
        "population": Parameter("", "who is played of it, member by member", form="text"),
    },
    memory={"begun": int, "next": int, "end": int, "handles": (int, MOST_HELD)},
    max_messages=_most,
    validate=_validate,
    precompute=solve,
    needs_also=_needs,
    repeats=lambda given: bool(given["run"]),
)
def act(me, market):
    """Send what the member of the same number sent in this step: in each turn the messages of one turn."""
    if precomputed_count(me, market) == 0:
        return
    kept = me.memory
    members, episodes = np.int64(precomputed(me, market, 0)), np.int64(precomputed(me, market, 1))
    if kept.begun == 0:
        kept.begun = 1
        number, now = member_number(me, market), episode(me, market)
        if number < members and now < episodes:
            kept.next = np.int64(precomputed(me, market, _HEAD + now * members + number))
            kept.end = np.int64(precomputed(me, market, _HEAD + now * members + number + 1))
    first = _HEAD + members * episodes + 1
    while kept.next < kept.end:
        row = first + kept.next * _WIDTH
        when = np.int64(precomputed(me, market, row + _STEP))
        if when > step(me, market):
            return
        if when < step(me, market):
            _miss(me, market, row)
        elif _of_another_turn(me, market, row):
            return
        else:
            _send(me, market, row)
        kept.next += 1


@njit
def _of_another_turn(me, market, row):
    """Whether a message was sent in another turn of the member in this step than the one it has now."""
    turn = np.int64(precomputed(me, market, row + _TURN))
    return turn != ANY_TURN and turn != turn_in_step(me, market)


@njit
def _miss(me, market, row):
    """A message of a step without a turn is not sent; what refers to its order later finds none."""
    kind = np.int64(precomputed(me, market, row + _KIND))
    slot = np.int64(precomputed(me, market, row + _SLOT))
    if slot >= 0 and kind not in (CANCEL, REPLACE):
        me.memory.handles[slot] = 0


@njit
def _send(me, market, row):
    """Send one message, and keep the handle of an order that a later message is about."""
    kind = np.int64(precomputed(me, market, row + _KIND))
    slot = np.int64(precomputed(me, market, row + _SLOT))
    lots = np.int64(precomputed(me, market, row + _LOTS))
    price = precomputed(me, market, row + _PRICE)
    ticks = nearest_tick(me, market, me.venue, price)
    if kind in (CANCEL, REPLACE):
        handle = me.memory.handles[slot] if slot >= 0 else np.int64(0)
        if handle > 0 and kind == CANCEL:
            cancel_order(me, market, handle)
        elif handle > 0:
            replace_order(me, market, handle, ticks, lots)
        return
    before = own_orders(me, market)
    handle = _enter(me, market, row, kind, ticks, lots, price)
    if slot >= 0:
        if handle == 0 and own_orders(me, market) > before:  # a market order that waits for an auction
            handle = own_order(me, market, own_orders(me, market) - 1)
        me.memory.handles[slot] = handle


@njit
def _enter(me, market, row, kind, ticks, lots, price):
    """Send a new order. Returns its handle, 0 if nothing rests, or if its kind has none."""
    side = np.int64(precomputed(me, market, row + _SIDE))
    lifetime = np.int64(precomputed(me, market, row + _LIFETIME))
    if kind == LIMIT:
        return limit_order(me, market, me.venue, side, ticks, lots, lifetime)
    if kind == POST_ONLY:
        return post_only_order(me, market, me.venue, side, ticks, lots, lifetime)
    if kind == SCHEDULE:
        return demand_schedule(me, market, me.venue, price, precomputed(me, market, row + _SLOPE), lots)
    if kind == MARKET:
        market_order(me, market, me.venue, side, lots)
    elif kind == IMMEDIATE_OR_CANCEL:
        immediate_or_cancel_order(me, market, me.venue, side, ticks, lots)
    elif kind == FILL_OR_KILL:
        fill_or_kill_order(me, market, me.venue, side, ticks, lots)
    return np.int64(0)
