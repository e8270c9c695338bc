"""Makers that price the net flow: each unit bought reveals a little of the value, and moves the price by that."""

from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import demand_schedule, inventory, precomputed, public_value, publish_belief
from sim.strategy_kit.kyle_game import GAME, KEPT, equilibrium, follow_price, unsolvable


@strategy(
    "kyle_maker",
    summary="offers an auction a schedule whose price moves in proportion to the net flow it takes",
    source="Kyle 1985; with a slope of its own Kyle 1989 and Bondarenko 2001",
    parameters=GAME
    | {
        "makers": Parameter(1, "makers that share the flow, each with its part of the schedule", low=1, high=1000),
        "impact": Parameter(
            0.0,
            "price change for each lot that this maker sells; 0: the equilibrium's impact times the number of makers",
            unit="currency per lot",
            low=0.0,
            high=1e9,
        ),
        "anchor": Parameter(
            "public",
            "price at which it wants nothing when the auctions begin anew: the public value, so that impact passes, or "
            "the last price, so that impact is permanent",
            choices=("public", "last"),
        ),
        "learns": Parameter(False, "estimate the impact from flows and the values published after them"),
        "prior_auctions": Parameter(
            10.0, "weight of the first impact while it learns, in auctions", above=0.0, high=1e9
        ),
    },
    memory=KEPT | {"begun": int, "cross": float, "square": float, "published": float, "held": int},
    max_messages=1,
    needs=("auction",),
    validate=unsolvable,
    precompute=lambda given, steps: equilibrium(given).impact * given["makers"],
)
def act(me, market):
    """Send one schedule, centred on the price of the last auction."""
    choice = me.parameters
    kept = me.memory
    auction = follow_price(me, market, choice.anchor == 0)
    publish_belief(me, market, kept.price)
    impact = choice.impact if choice.impact > 0.0 else precomputed(me, market, auction)
    if choice.learns:
        impact = _learned(me, market, impact)
    demand_schedule(me, market, me.venue, kept.price, 1.0 / impact)


@njit
def _learned(me, market, first):
    """The impact: a regression of the published value's change on the flow before it, from a first guess."""
    choice = me.parameters
    kept = me.memory
    published, held = public_value(me, market), inventory(me, market)
    if kept.begun == 0:
        kept.begun = 1
        kept.square = choice.prior_auctions * choice.noise_deviation * choice.noise_deviation
        kept.cross = first * kept.square
    else:
        sold = kept.held - held
        kept.cross += (published - kept.published) * sold
        kept.square += float(sold) * sold
    kept.published, kept.held = published, held
    return max(1e-12, kept.cross / kept.square)
