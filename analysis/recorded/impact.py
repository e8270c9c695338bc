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
    "Kyle's lambda is a regression of the change of the mid over 10 or 60 seconds on signed volume: the shares "
    "that takers bought less those that they sold, hidden executions included. Amihud's ratio is over 60 seconds. "
    "The other rows are order by order, without hidden executions. Hasbrouck's response is to an order's sign, "
    "with five lags. The rows by size show the mean move of the mid with the order's sign: from just before the "
    "order to just before the next order, and to 60 seconds later. The exponent is the power of the size in a "
    "power law through the means of at most ten groups."
)
_MOVED = (
    "The lasting effect of an order on the mid is a multiple of its effect at once, because quotes and further "
    "orders on its side follow it. Kyle's lambda shows the same per share. Up to the next order, impact hardly "
    "depends on size at NASDAQ. There are two reasons: takers take what is displayed, and large orders come when "
    "much is displayed (Farmer et al. 2004, Quantitative Finance 4, 383); and the next order follows a large one "
    "within milliseconds. A minute later, the few largest orders at NASDAQ have moved the mid further than small "
    "ones, though less than in proportion to their size. Their errors are large because there are few of them. "
    "Amihud's ratio is a mean of quotients; minutes with very little trading dominate AMZN's. IBM's trades come "
    "from the consolidated tape, which had no odd lots before December 2013."
)
_MODELS = (
    "Each model sees only the prices and signs of successive orders. Huang and Stoll's three-way model also sees "
    "the mids, Glosten and Harris' model also the sizes. Hidden executions are left out. Shares of the spread "
    "refer to the spread that the model itself estimates."
)
_MODELLED = (
    "All these spreads are below the effective spread. Takers trade with quotes that have just come nearer, so the "
    "mid has fallen just before a purchase. Regressions of price changes on signs subtract this fall from the "
    "spread; Madhavan's model subtracts it from the cost of making a market. Roll's model also assumes that signs "
    "are independent, which they are not. Orders come in runs on one side, so a reversal is less likely than a "
    "repetition. Huang and Stoll's three-way split then gives adverse selection a share near or below zero. This "
    "is why they first bunch successive trades."
)


def impact(day: Day) -> list[Measurement]:
    """Kyle's lambda, Amihud's ratio, Hasbrouck's response, mean impact by size and its exponent."""
    found = []
    quotes, everything, tape = day.quotes(), day.tape(day.all_orders), day.tape(day.visible)
    for length in _LENGTHS:
        changes, returns, lots, money = intervals(everything, quotes, length)
        lam = kyle_lambda(changes, lots)
        what = f"change of the mid by signed volume, over {length} s"
        found.append(scaled(f"Kyle's lambda {length} s", lam, _CENTS * _ROUND, "¢ per 1,000 shares", what))
    found.append(
        scaled("Amihud 60 s", amihud(returns, money), 1e4 * 1e6, "bp per million USD", "|return| over money traded")
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
