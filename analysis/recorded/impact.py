"""What trading did to the price on a recorded day, and what the models of the spread make of its trades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.impact.price_impact import amihud, following_changes, impact_curve, intervals, kyle_lambda, trade_response
from analysis.impact.spread_models import glosten_harris, huang_stoll, huang_stoll_three_way, madhavan, roll
from analysis.reading.measures import Measurement
from analysis.recorded.board import Board, Word, scaled
from analysis.recorded.day import Day, Floats, stretches
from analysis.stats.clusters import group_means
from analysis.stats.estimates import Estimate

_CENTS, _ROUND = 100.0, 1_000.0  # shares for which what grows with the size is told
_LENGTHS, _MINUTE = (10, 60), 60.0  # seconds
_SIZES = (1, 100, 101, 301, 1_001)  # the least of each class of orders
_IMPACT = (
    "Kyle's lambda regresses the change of the mid over 10 or 60 seconds on the shares that takers bought less "
    "those they sold, hidden executions included; Amihud's ratio is over 60 seconds. What follows is order by "
    "order, hidden executions left out: Hasbrouck's response to an order's sign, with five lags, and by the order's "
    "size the mean move of the mid with its sign, from just before it to just before the next order, and to 60 "
    "seconds later. The exponent is that of size, in a power law through the means of at most ten groups."
)
_MOVED = (
    "An order moves the mid for good by a multiple of what it moves it at once, as quotes and further orders on its "
    "side follow it; Kyle's lambda tells the same by the share. By the next order impact hardly depends on size at "
    "NASDAQ: takers take what is displayed, and large orders come when much is (Farmer et al. 2004, Quantitative "
    "Finance 4, 383); besides, the next order follows a large one within milliseconds. A minute later the few largest "
    "orders there have moved the mid further than small ones, though less than in proportion, with errors to match "
    "their number. Amihud's ratio is a mean of quotients, and minutes in which hardly anybody traded rule AMZN's. The "
    "consolidated tape, IBM's, had no odd lots before December 2013."
)
_MODELS = (
    "Each model sees the prices and signs of successive orders only (Huang and Stoll's three-way model the mids "
    "too, Glosten and Harris' the sizes); hidden executions are left out. Shares of the spread are of each model's "
    "own."
)
_MODELLED = (
    "All stay below the effective spread. Takers strike at quotes that have just come nearer, so that before a "
    "purchase the mid has fallen; regressions of price changes on signs count that against the spread, and "
    "Madhavan's model against the cost of making a market. Roll's model in addition supposes that signs are "
    "independent, and they are not. With runs of orders on one side a reversal is less likely than not, and Huang "
    "and Stoll's three-way split gives adverse selection a share about or below zero, which is why they bunch "
    "successive trades first."
)


def impact(day: Day) -> list[Measurement]:
    """Kyle's lambda, Amihud's ratio, Hasbrouck's response, mean impact by size and its exponent."""
    found = []
    quotes, everything, tape = day.quotes(), day.tape(day.all_orders), day.tape(day.visible)
    for length in _LENGTHS:
        changes, returns, lots, money = intervals(everything, quotes, length)
        lam = kyle_lambda(changes, lots)
        what = f"change of the mid by signed volume, over {length} s"
        found.append(scaled(f"Kyle's lambda {length} s", lam, _CENTS * _ROUND, "¢ a 1,000 shares", what))
    found.append(
        scaled("Amihud 60 s", amihud(returns, money), 1e4 * 1e6, "bp a million USD", "|return| over money traded")
    )
    following = following_changes(tape)
    response = trade_response(following, tape.signs)
    found += [
        scaled("Hasbrouck, at once", response.cumulative[0], _CENTS, "¢", "impact of an order, to the next"),
        scaled("Hasbrouck, for good", response.permanent, _CENTS, "¢", "impact of an order that the past did not tell"),
    ]
    later = day.mids_at(day.visible.times + _MINUTE) - tape.mids
    for when, changes in (("next order", following), ("60 s", later)):
        found += _by_size(day, tape.signs * changes, when)
    return found


def _by_size(day: Day, moved: Floats, when: str) -> list[Measurement]:
    """Mean of what visible orders moved the mid by until then, class by class, and the exponent of size."""
    sizes = day.visible.quantities
    groups = np.searchsorted(_SIZES, sizes, side="right") - 1
    means = group_means(moved, stretches(day.visible.times), groups, len(_SIZES))
    found = []
    for place, least in enumerate(_SIZES):
        most = _SIZES[place + 1] - 1 if place + 1 < len(_SIZES) else 0
        name = f"{least:,}" if most == least else f"{least:,} to {most:,}" if most else f"{least:,} or more"
        found.append(
            scaled(f"{when}: {name}", means.estimate(place), _CENTS, "¢", "mean move of the mid, by order's size")
        )
    exponent = impact_curve(sizes, moved).exponent
    return [*found, scaled(f"{when}: exponent", exponent, 1.0, "", "of size, in a power law through the means")]


def models(day: Day) -> list[Measurement]:
    """What Roll, Madhavan et al., Huang and Stoll, and Glosten and Harris make of the visible orders."""
    prices, signs, sizes, mids = day.visible.prices, day.visible.signs, day.visible.quantities, day.visible.mids
    one, two, three = roll(prices), madhavan(prices, signs), huang_stoll(prices, signs)
    four, five = huang_stoll_three_way(prices, signs, mids), glosten_harris(prices, signs, sizes)
    rows: list[tuple[str, Estimate, float, str, str]] = [
        ("Roll: spread", one.spread, _CENTS, "¢", "from the autocovariance of price changes"),
        ("Madhavan: spread", two.spread, _CENTS, "¢", "twice theta and phi"),
        ("Madhavan: theta", two.theta, _CENTS, "¢", "adverse selection"),
        ("Madhavan: phi", two.phi, _CENTS, "¢", "cost of making a market"),
        ("Madhavan: rho", two.rho, 1.0, "", "autocorrelation of the flow"),
        ("Huang-Stoll: spread", three.spread, _CENTS, "¢", "two-way"),
        ("Huang-Stoll: information", three.information, 1.0, "", "share of adverse selection and inventory"),
        ("Huang-Stoll: alpha", four.adverse_selection, 1.0, "", "share of adverse selection, three-way"),
        ("Huang-Stoll: beta", four.inventory, 1.0, "", "share of inventory, three-way"),
        ("Huang-Stoll: reversal", four.reversal, 1.0, "", "probability that the next order comes from the other side"),
        ("Glosten-Harris: spread", five.spread, _CENTS, "¢", "at the mean size"),
        ("Glosten-Harris: permanent", five.permanent_share, 1.0, "", "share of adverse selection at the mean size"),
    ]
    return [scaled(*row) for row in rows]


def boards(days: Sequence[Day]) -> list[Board]:
    """The tables of several days."""
    moved: dict[str, list[Measurement | Word]] = {day.name: [*impact(day)] for day in days}
    modelled: dict[str, list[Measurement | Word]] = {day.name: [*models(day)] for day in days}
    return [
        Board("What trading did to the price", _IMPACT, moved, reading=_MOVED),
        Board("What models of the spread make of the trades", _MODELS, modelled, reading=_MODELLED),
    ]
