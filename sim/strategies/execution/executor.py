"""Executors: they trade one large order in slices, by a schedule or in proportion to the market's volume."""

import numpy as np

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.models import execution
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    cancel_all,
    episode_steps,
    inventory,
    market_order,
    nearest_lots,
    next_trade_number,
    precomputed,
    precomputed_count,
    recent_trade,
    step,
)
from sim.strategy_kit.trade_tape import first_unseen

TWAP, VWAP, POV, ALMGREN_CHRISS = range(4)
_MOST_STEPS = 100_000  # so that a schedule stays small; a longer one is followed in equal parts


def _length(given, steps):
    """Steps over which the order is traded."""
    return max(1, given["horizon"] or steps - given["start"])


def _market(given, length):
    return execution.AlmgrenChriss(
        float(given["quantity"]),
        float(length),
        min(length, _MOST_STEPS),
        given["volatility"],
        0.0,
        given["temporary_impact"] - 0.5 * given["permanent_impact"],  # as trades of single steps have it
        0.0,  # permanent impact alone favours no schedule
    )


def solve(given, steps):
    """Lots that should be executed by the end of each equal part of the horizon, float64 (parts,)."""
    length = _length(given, steps)
    parts = min(length, _MOST_STEPS)
    ends = np.arange(1, parts + 1) / parts
    if given["schedule"] == "almgren_chriss":
        return given["quantity"] - execution.almgren_chriss(_market(given, length), given["risk_aversion"])[1:]
    if given["schedule"] == "vwap":
        profile = np.concatenate([[0.0], np.cumsum(given["profile"])])
        ends = np.interp(ends, np.linspace(0.0, 1.0, len(profile)), profile / profile[-1])
    return given["quantity"] * ends


def _validate(given):
    if given["schedule"] == "vwap" and not sum(given["profile"]) > 0.0:
        return "profile must name at least one volume above 0"
    if given["schedule"] == "almgren_chriss" and not 2 * given["temporary_impact"] > given["permanent_impact"]:
        return "temporary_impact must exceed half of permanent_impact, or there is no best schedule"
    return ""


@strategy(
    "executor",
    summary="trades one large order with market orders: evenly, along a profile, in proportion to volume, or optimally",
    source="Almgren and Chriss 2000; twap, vwap and pov as brokers offer them",
    parameters={
        "schedule": Parameter(
            "twap",
            "even in time; along a profile of volumes; a share of what trades; Almgren and Chriss's optimum",
            choices=("twap", "vwap", "pov", "almgren_chriss"),
        ),
        "side": Parameter("buy", "of the order", choices=("buy", "sell")),
        "quantity": Parameter(100, "size of the order", unit="lots", low=1, high=MOST_LOTS),
        "start": Parameter(0, "step of the episode at which it begins", unit="steps", low=0),
        "horizon": Parameter(0, "time for the whole order, 0 for the rest of the episode", unit="steps", low=0),
        "participation": Parameter(0.1, "with pov, its share of all that trades on its venue", above=0.0, high=0.9),
        "profile": Parameter((1.0,), "with vwap, volumes expected in equal parts of the horizon", low=0.0, high=1e12),
        "risk_aversion": Parameter(
            1e-6, "with almgren_chriss, cost for variance, lambda", unit="1 / currency", low=0.0, high=1e12
        ),
        "volatility": Parameter(
            0.05, "with almgren_chriss, of a lot's price", unit="currency per square root of a step", low=0.0
        ),
        "temporary_impact": Parameter(
            0.01, "with almgren_chriss, of a lot per step, on the price of a lot", unit="currency", above=0.0
        ),
        "permanent_impact": Parameter(
            0.0, "with almgren_chriss, of a lot, on the price of a lot", unit="currency", low=0.0
        ),
    },
    memory={"begun": int, "first": int, "others": int, "seen": int},
    max_messages=2,
    validate=_validate,
    precompute=solve,
)
def act(me, market):
    """Send the lots that are due and not done. Lots that the book or an auction did not fill are sent again."""
    choice = me.parameters
    if me.memory.begun == 0:
        me.memory.begun = 1
        me.memory.first = inventory(me, market)
    elapsed = step(me, market) - choice.start
    if elapsed < 0:
        me.memory.seen = next_trade_number(me, market)
        return
    if choice.schedule == POV:
        _count_others(me, market)
        due = nearest_lots(choice.participation / (1.0 - choice.participation) * me.memory.others)
    else:
        length = choice.horizon if choice.horizon > 0 else max(np.int64(1), episode_steps(me, market) - choice.start)
        parts = precomputed_count(me, market)
        part = min((min(elapsed, length - 1) + 1) * parts // length, parts) - 1
        due = nearest_lots(precomputed(me, market, max(part, np.int64(0))))
    if choice.schedule == POV and choice.horizon > 0 and elapsed >= choice.horizon:
        return
    side = BUY if choice.side == 0 else SELL
    lots = min(due, choice.quantity) - side * (inventory(me, market) - me.memory.first)
    cancel_all(me, market)  # what waits for an auction to be cleared
    if lots > 0:
        market_order(me, market, me.venue, side, lots)


@njit
def _count_others(me, market):
    """Add the lots that others traded among themselves on its venue since its last turn, as far as the tape reaches."""
    serial = first_unseen(me, market, me.memory.seen)
    until = next_trade_number(me, market)
    while serial < until:
        trade = recent_trade(me, market, serial)
        if trade.venue == me.venue and trade.maker != me.agent and trade.taker != me.agent:
            me.memory.others += trade.quantity
        serial += 1
    me.memory.seen = until
