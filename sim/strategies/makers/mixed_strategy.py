"""A maker with a mixed strategy: it draws its half-spread from a distribution that others may know."""

import math
from itertools import accumulate

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import precomputed, precomputed_count, public_value, tick_above, tick_below, uniform
from sim.strategy_kit.quoting import keep_bid_and_ask


def _validate(given):
    half_spreads, weights = given["half_spreads"], given["weights"]
    if given["distribution"] == "uniform" and given["low"] > given["high"]:
        return "low must not be above high"
    if given["distribution"] != "table":
        return ""
    if not half_spreads:
        return "half_spreads must name one half-spread at least"
    if len(half_spreads) != len(weights):
        return f"half_spreads and weights must be as many, not {len(half_spreads)} and {len(weights)}"
    return "" if sum(weights) > 0.0 else "weights must not all be 0"


def _table(given, steps):
    """The half-spreads that have a weight, each with the probability of it and of those before it."""
    if given["distribution"] != "table":
        return ()
    chosen = [
        (weight, half) for weight, half in zip(given["weights"], given["half_spreads"], strict=True) if weight > 0
    ]
    upto = list(accumulate(weight for weight, _ in chosen))
    return [weight / upto[-1] for weight in upto] + [half for _, half in chosen]


@strategy(
    "mixed_strategy",
    summary="draws a new half-spread from a given distribution in each turn or episode",
    source="mixed equilibria of makers who do not see one another; dennert: as in Dennert 1993",
    parameters={
        "distribution": Parameter(
            "uniform",
            "of the half-spread: uniform from low to high; a table of half_spreads and their weights; dennert, the "
            "equilibrium if the informed trade with every maker and noise with the best",
            choices=("uniform", "table", "dennert"),
        ),
        "low": Parameter(0.02, "least half-spread of uniform", unit="currency", low=0.0),
        "high": Parameter(0.1, "greatest half-spread of uniform", unit="currency", low=0.0),
        "half_spreads": Parameter((0.02, 0.05), "half-spreads of table", unit="currency", low=0.0),
        "weights": Parameter(
            (0.5, 0.5), "weight of each half-spread of table; probabilities are shares of their sum", low=0.0
        ),
        "informed_share": Parameter(
            0.3, "probability that an order comes from somebody who knows the value, for dennert", above=0.0, high=1.0
        ),
        "jump": Parameter(0.1, "distance of the value from the public value, for dennert", unit="currency", low=0.0),
        "makers": Parameter(2, "how many makers play, for dennert", low=2, high=1_000_000),
        "drawn": Parameter("turn", "when a half-spread is drawn", choices=("turn", "episode")),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
        "sides": Parameter("both", "quote on both sides or on one", choices=("both", "buy", "sell")),
    },
    memory={"begun": int, "half_spread": float, "bids": (int, 1), "asks": (int, 1)},
    max_messages=2,
    validate=_validate,
    precompute=_table,
)
def act(me, market):
    """Draw a half-spread if a new one is due, and quote it around the public value."""
    choice = me.parameters
    kept = me.memory
    if choice.drawn == 0 or kept.begun == 0:
        kept.begun = 1
        kept.half_spread = _half_spread(me, market, uniform(me, market))
    bid = tick_below(me, market, me.venue, public_value(me, market) - kept.half_spread)
    ask = tick_above(me, market, me.venue, public_value(me, market) + kept.half_spread)
    buying = choice.quantity if choice.sides != 2 else 0
    selling = choice.quantity if choice.sides != 1 else 0
    keep_bid_and_ask(me, market, me.venue, bid, buying, ask, selling)


@njit
def _half_spread(me, market, drawn):
    """The half-spread at a cumulative probability."""
    choice = me.parameters
    if choice.distribution == 0:
        return choice.low + (choice.high - choice.low) * drawn
    if choice.distribution == 1:
        count = precomputed_count(me, market) // 2
        place = 0
        while place < count - 1 and precomputed(me, market, place) <= drawn:
            place += 1
        return precomputed(me, market, count + place)
    # All others quote wider with this probability. Then noise trades here, and covers the loss to the informed.
    alone = math.exp((choice.makers - 1) * math.log(1.0 - drawn))
    share = choice.informed_share
    return choice.jump * share / (share + (1.0 - share) * alone)
