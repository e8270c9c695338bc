"""What happens to orders: how many are sent, how many trade, how long they wait, and behind how many lots.

All measures come from the replayed message log (:mod:`analysis.reading.orders`), by venue and by the population of the
sender. A stay is the time of an order at one place in its queue. An order that is replaced and loses its place begins a
new stay, so measures of waiting refer to stays. Lots that a replacement takes off an order do not count as sent. Errors
of shares and means allow for dependence in time (:mod:`analysis.stats.clusters`). Errors of lifetimes are Greenwood's,
which treat stays as independent.

``spreadgame measure order_flow RUN`` prints all of it; the run needs ``record.messages = true``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.orders import IMMEDIATE, RESTING, orders_of
from analysis.reading.queues import ENDS
from analysis.reading.registry import measure
from analysis.reading.trades_and_quotes import by_venue
from analysis.stats.arguments import checked
from analysis.stats.clusters import clusters_of, group_means
from analysis.stats.estimates import NOTHING, Estimate, ratio
from analysis.stats.survival import LOST, Survival, survival_of
from sim.runs.result import Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
SENT = ("limit", "post_only", "market", "immediate_or_cancel", "fill_or_kill", "schedule", "replace", "cancel")
FILLED, TAKEN, REMOVED = 1, 2, 3  # ways in which a stay ends: it is filled, its owner takes it away, a rule does
_WAY = {"alive": LOST, "filled": FILLED, "cancelled": TAKEN, "replaced": TAKEN,
        "expired": REMOVED, "self_trade": REMOVED, "withdrawn": REMOVED}  # fmt: skip
_FATES = ("filled", "cancelled", "replaced", "expired", "alive")


class Tercile(NamedTuple):
    """A third of all stays, sorted by the lots ahead of them at their start."""

    least: int  # lots ahead
    most: int
    traded: Estimate  # share of them that traded


def order_to_trade(sent: pd.DataFrame, trades: pd.DataFrame) -> Estimate:
    """Messages per trade, a ratio of means over episodes or stretches of time; nan without a trade.

    Parameters
    ----------
    sent, trades : messages and trades, a row each, with columns ``sequence`` and ``episode``.
    """
    if not len(trades):
        return NOTHING
    order = np.argsort(np.concatenate([sent["sequence"], trades["sequence"]]), kind="stable")
    clusters = clusters_of(np.concatenate([sent["episode"], trades["episode"]])[order])
    count = int(clusters[-1]) + 1
    is_trade = order >= len(sent)
    return ratio(np.bincount(clusters[~is_trade], minlength=count), np.bincount(clusters[is_trade], minlength=count))


def fill_rates(orders: pd.DataFrame) -> tuple[Estimate, Estimate]:
    """Share of orders that traded, and share of their lots that traded.

    Parameters
    ----------
    orders : rows of :attr:`analysis.reading.orders.Orders.orders`, by number.
    """
    clusters = clusters_of(orders["episode"])
    filled, lots = orders["filled"].to_numpy(float), (orders["filled"] + orders["left"]).to_numpy(float)
    return group_means(filled > 0, clusters).estimate(), group_means(filled / lots, clusters, weights=lots).estimate()


def fates(stays: pd.DataFrame) -> dict[str, Estimate]:
    """Share of stays with each of the ends of :data:`analysis.reading.queues.ENDS`.

    Parameters
    ----------
    stays : rows of :attr:`analysis.reading.orders.Orders.stays`.
    """
    clusters, end = clusters_of(stays["episode"]), stays["end"].cat.codes.to_numpy()
    return {name: group_means(end == code, clusters).estimate() for code, name in enumerate(ENDS)}


def lifetimes(stays: pd.DataFrame, first_trade: bool = False) -> Survival:
    """How long stays last, in steps, until FILLED, TAKEN away by their owner or REMOVED by rule.

    Stays that the end of an episode cuts are censored there.

    Parameters
    ----------
    stays : as for :func:`fates`.
    first_trade : whether the first trade, of any number of lots, counts as the fill.
    """
    way = np.array([_WAY[name] for name in ENDS])[stays["end"].cat.codes]
    steps = stays["lifetime"].to_numpy()
    if first_trade:
        traded = (stays["traded"] > 0).to_numpy()
        steps, way = np.where(traded, stays["wait"].fillna(0), steps), np.where(traded, FILLED, way)
    return survival_of(steps, way, max(_WAY.values()))


def queue_ahead(stays: pd.DataFrame) -> tuple[Estimate, Estimate]:
    """Mean lots and orders ahead of a stay, at its price and its start. Parameters are those of :func:`fates`."""
    clusters = clusters_of(stays["episode"])
    lots, orders = (group_means(stays[name], clusters).estimate() for name in ("lots_ahead", "orders_ahead"))
    return lots, orders


def progress(stays: pd.DataFrame) -> Estimate:
    """Share of the lots ahead at the start of stays that were gone at the first trade, or at the end without a trade.

    Only stays whose first trade or end was seen count; nan if no stay had lots ahead. With time priority all lots ahead
    are gone before a trade. Parameters are those of :func:`fates`.
    """
    known = stays["lots_then"].notna() & (stays["lots_ahead"] > 0)
    seen = stays[known]
    gone = 1 - seen["lots_then"] / seen["lots_ahead"]
    return group_means(gone, clusters_of(seen["episode"]), weights=seen["lots_ahead"]).estimate()


@checked(counts=["ahead", "traded", "episodes"])
def terciles(ahead: ArrayLike, traded: ArrayLike, episodes: ArrayLike) -> list[Tercile | None]:
    """Probability to trade of three groups of stays, those with the fewest lots ahead first; None for an empty group.

    Groups end at the terciles of the lots ahead. A stay with as many lots ahead as a tercile belongs to the group below
    it. A group is empty if both terciles are equal, or a tercile equals the greatest number.

    Parameters
    ----------
    ahead, traded, episodes : of each stay, (stays,): lots ahead, whether it traded, and the episode, in rising order.
    """
    lots = np.asarray(ahead, np.int64)
    if not len(lots):
        return [None] * 3
    edges = np.quantile(lots, (1 / 3, 2 / 3), method="inverted_cdf")
    group = np.searchsorted(edges, lots, side="left")
    found = group_means(np.asarray(traded, float), clusters_of(episodes), group, 3)
    return [
        Tercile(int(lots[group == each].min()), int(lots[group == each].max()), found.estimate(each))
        if found.rows[each]
        else None
        for each in range(3)
    ]


# --- the command ----------------------------------------------------------------------------------------------------


@measure(
    "order_flow",
    summary="what becomes of orders: how many trade, how long they wait and behind how many",
    source="Greenwood 1926 (errors of lifetimes); shares and means are counted",
    chapter="Who makes the market",
    place=2,
    needs=("trades", "messages"),
    without_error={".messages.": "they are counted"},
)
def measures(run: Run) -> list[Measurement]:
    """All measures of each population that sent messages, venue by venue.

    Raises
    ------
    RunError
        If the run kept no messages, or no trades.
    """
    return by_venue(run, _measures)


def _measures(run: Run, venue: str) -> list[Measurement]:
    known = orders_of(run)
    log, orders, stays = (each[each["venue"] == venue] for each in (known.messages, known.orders, known.stays))
    trades = known.trades[known.trades["venue"] == venue]
    found = []
    for population in log["population"].cat.categories:
        sent = log[(log["population"] == population) & log["kind"].isin(SENT)]
        if len(sent):
            own = trades[(trades["maker_population"] == population) | (trades["taker_population"] == population)]
            rows = _sent(sent, own)
            rows += _filled(orders[orders["population"] == population])
            rows += _waited(stays[(stays["population"] == population) & stays["kind"].isin(RESTING)])
            found += [replace(each, name=f"{population}.{each.name}") for each in rows]
    return found


def _sent(sent: pd.DataFrame, trades: pd.DataFrame) -> list[Measurement]:
    counts = sent["kind"].value_counts()
    rows = [
        Measurement(f"messages.{kind}", float(counts[kind]), None, "messages", f"of kind {kind}")
        for kind in SENT
        if counts.get(kind, 0)
    ]
    value = order_to_trade(sent, trades)
    return [*rows, measure_of("order_to_trade", value, "messages", "for each trade it took part in", "no trades")]


def _filled(orders: pd.DataFrame) -> list[Measurement]:
    rows = []
    for name, kinds in (("limit", RESTING), ("immediate", IMMEDIATE)):
        own = orders[orders["kind"].isin(kinds)]
        if len(own):
            traded, lots = fill_rates(own)
            rows += [
                measure_of(f"{name}.traded", traded, "share", f"of {name} orders, that traded at all"),
                measure_of(f"{name}.lots", lots, "share", f"of the lots of {name} orders, that traded"),
            ]
    return rows


def _waited(stays: pd.DataFrame) -> list[Measurement]:
    if not len(stays):
        return []
    ends, last, until_trade = fates(stays), lifetimes(stays), lifetimes(stays, first_trade=True)
    by_rule = group_means(stays["end"].isin(["self_trade", "withdrawn"]), clusters_of(stays["episode"])).estimate()
    few, none = "fewer than half were seen to end", "none was"
    lots, orders = queue_ahead(stays)
    rows = [measure_of(f"end.{name}", ends[name], "share", f"of stays in the book, {name} at last") for name in _FATES]
    rows += [
        measure_of("end.by_rule", by_rule, "share", "of stays, met an own order or withdrawn"),
        measure_of("lifetime", last.median(), "steps", "median of a stay (Kaplan-Meier)", few),
        measure_of("trade.chance", until_trade.share(FILLED), "share", "to trade before it leaves the book"),
        measure_of("trade.time", until_trade.median_of(FILLED), "steps", "median to a trade, of those with one", none),
        measure_of("fill.chance", last.share(FILLED), "share", "to be filled before it leaves otherwise"),
        measure_of("fill.time", last.median_of(FILLED), "steps", "median to the fill, of those filled", none),
        measure_of("cancel.chance", last.share(TAKEN), "share", "to be cancelled or replaced first"),
        measure_of("cancel.time", last.median_of(TAKEN), "steps", "median to that, of those it comes to", none),
        measure_of("queue.lots", lots, "lots", "ahead at its price when it joins"),
        measure_of("queue.orders", orders, "orders", "ahead at its price when it joins"),
        measure_of(
            "queue.progress", progress(stays), "share", "of those lots gone by its first trade or end",
            "nobody waited behind another",
        ),
    ]  # fmt: skip
    thirds = terciles(stays["lots_ahead"], stays["traded"] > 0, stays["episode"])
    for name, each in zip(("front", "middle", "back"), thirds, strict=True):
        value, span = NOTHING, "a third of its own"
        if each is not None:
            value = each.traded
            span = f"{each.least:,}{f' to {each.most:,}' if each.most > each.least else ''} lots ahead"
        rows.append(measure_of(f"queue.{name}", value, "share", f"that traded, of stays with {span}", "equal queues"))
    return rows
