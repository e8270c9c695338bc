"""The network of trade: who traded with whom, and in which direction the money went.

A node is a population, an agent, or a venue that took fees. An edge leads from the loser to the winner, at the prices
of settlement. ``money`` is the net amount in currency; ``lots`` and ``trades`` count the trades between the two.

``spreadgame measure trade_network RUN [--by agent] [--figure FILE]``.
"""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from analysis.money.accounts import Holders, edges_of
from analysis.money.amounts import Amounts
from analysis.money.marks import marks_of
from analysis.output.numbers import clipped, short
from analysis.output.style import GREY, INK, style
from analysis.reading.registry import Option, measure
from analysis.reading.trades import trades_of
from sim.core.errors import RunError
from sim.runs.result import Run

_MOST_NODES = 2000
_MOST_DRAWN, _MOST_NAMED = 40, 12
CENTRALITIES = ("received", "paid", "lots", "partners", "strength", "pagerank", "betweenness")


def trade_network(run: Run, by: str = "population") -> nx.DiGraph:
    """Payments between those who traded, over all episodes.

    Nodes have ``kind`` (population, agent or venue), ``population``, and ``net``: receipts less payments. Edges have
    ``money``, ``lots`` and ``trades``. Trades of a node with itself give no edge.

    Raises
    ------
    RunError
        If the run kept no trades, or there are more than 2,000 agents.
    """
    holders = Holders(run, by, edges_of(run, None)[0])
    count = len(holders.index)
    if count > _MOST_NODES:
        raise RunError(f"a network of {count:,} agents is too large — take populations")
    names = [holder if by == "population" else f"{holder[0]} {holder[1]}" for holder in holders.index]
    money, lots, trades_between = (np.zeros((count, count)) for _ in range(3))
    paid: dict[tuple[int, str], float] = {}
    for instrument in run.scenario.instruments:
        trades = trades_of(run, instrument.name)
        takers, makers = holders.takers(trades), holders.makers(trades)
        place = takers.astype(np.int64) * count + makers
        won = np.bincount(place, Amounts(trades, marks_of(trades), holders).settled(), count**2).reshape(count, count)
        money += (won - won.T) * run.scenario.money.unit
        for total, weights in ((lots, trades.quantities.astype(float)), (trades_between, np.ones(len(trades)))):
            part = np.bincount(place, weights, count**2).reshape(count, count)
            total += part + part.T
        for fees, payers in ((trades.taker_fees, takers), (trades.maker_fees, makers)):
            venues = trades.venues
            place = payers.astype(np.int64) * len(venues) + trades.venue
            for cell, amount in enumerate(np.bincount(place, fees, count * len(venues)).tolist()):
                if amount:
                    key = cell // len(venues), venues[cell % len(venues)]
                    paid[key] = paid.get(key, 0.0) + amount
    graph = nx.DiGraph()
    for name, holder in zip(names, holders.index, strict=True):
        graph.add_node(name, kind=by, population=holder if by == "population" else holder[0], net=0.0)
    for a, b in zip(*np.nonzero(np.triu(trades_between, 1)), strict=True):
        loser, winner = (b, a) if money[a, b] > 0 else (a, b)
        graph.add_edge(names[loser], names[winner], money=abs(float(money[a, b])), lots=float(lots[a, b]),
                       trades=int(trades_between[a, b]))  # fmt: skip
    for (who, venue), amount in paid.items():
        node = f"fees {venue}"
        graph.add_node(node, kind="venue", population="", net=0.0)
        ends = (names[who], node) if amount > 0 else (node, names[who])
        graph.add_edge(*ends, money=abs(amount), lots=0.0, trades=0)
    for loser, winner, amount in graph.edges(data="money"):
        graph.nodes[loser]["net"] -= amount
        graph.nodes[winner]["net"] += amount
    return graph


def centralities(graph: nx.DiGraph) -> pd.DataFrame:
    """How central each trader is: one row per node, venues left out.

    received, paid : currency, along edges. lots, partners : lots traded, of partners. strength : share of all lots
        traded.
    pagerank : long-run share of money that follows payments (Brin and Page 1998). betweenness : share of
    the shortest paths between others, an edge as long as 1 / lots, that lead through it (Freeman 1977; Brandes 2001).
    """
    traders = [name for name, kind in graph.nodes(data="kind") if kind != "venue"]
    flat = graph.subgraph(traders).to_undirected()
    for _, _, data in flat.edges(data=True):
        data["length"] = 1.0 / max(data["lots"], 1.0)
    moved = sum(data["money"] for _, _, data in graph.edges(data=True))
    rank = nx.pagerank(graph, weight="money" if moved > 0 else None) if len(graph) else {}
    between = nx.betweenness_centrality(flat, weight="length")
    lots = dict(flat.degree(weight="lots"))
    whole = sum(lots.values()) or math.nan
    rows = [
        {
            "received": float(graph.in_degree(name, weight="money")),
            "paid": float(graph.out_degree(name, weight="money")),
            "lots": lots[name],
            "partners": flat.degree(name),
            "strength": lots[name] / whole,
            "pagerank": rank[name],
            "betweenness": between[name],
        }
        for name in traders
    ]
    return pd.DataFrame(rows, index=pd.Index(traders, name="trader"), columns=list(CENTRALITIES))


def draw(graph: nx.DiGraph, ax: Axes) -> Axes:
    """Draw payments: arrows lead from loser to winner, their width shows the money, the size of nodes the lots traded.

    If there are more than 40 nodes, only those that traded most are drawn.
    """
    size = {name: sum(data["lots"] for *_, data in graph.to_undirected().edges(name, data=True)) for name in graph}
    shown = sorted(graph, key=lambda name: -size[name])[:_MOST_DRAWN]
    part = graph.subgraph([name for name in graph if name in set(shown)])
    places = nx.circular_layout(part)
    most = max((data["money"] for *_, data in part.edges(data=True)), default=1.0) or 1.0
    largest = max(size.values(), default=1.0) or 1.0
    green, red = sns.color_palette("colorblind")[2], sns.color_palette("colorblind")[3]
    scale = 1.0 if len(part) <= _MOST_NAMED else 0.5
    radius = {name: scale * (9 + 17 * math.sqrt(size[name] / largest)) for name in part}
    named = set(sorted(part, key=lambda name: -abs(part.nodes[name]["net"]))[:_MOST_NAMED])
    for loser, winner, amount in part.edges(data="money"):
        arrow = FancyArrowPatch(
            places[loser], places[winner], connectionstyle="arc3,rad=0.13", arrowstyle="-|>", mutation_scale=14,
            lw=0.6 + 5.0 * amount / most, color=GREY, alpha=0.75, shrinkA=radius[loser], shrinkB=radius[winner],
            zorder=1,
        )  # fmt: skip
        ax.add_patch(arrow)
        if len(part.edges) <= _MOST_NAMED:
            middle = 0.5 * (np.array(places[loser]) + np.array(places[winner]))
            along = np.array(places[winner]) - np.array(places[loser])
            ax.annotate(short(amount), middle + 0.065 * np.array([along[1], -along[0]]), ha="center", va="center",
                        fontsize=9, color=INK, bbox={"fc": "white", "ec": "none", "pad": 1, "alpha": 0.8})  # fmt: skip
    for name in part:
        net = part.nodes[name]["net"]
        colour = ".6" if part.nodes[name]["kind"] == "venue" else green if net >= 0 else red
        ax.plot(*places[name], "o", ms=2 * radius[name], mfc=colour, mec="white", mew=1.5, zorder=2, clip_on=False)
        if name not in named:
            continue
        side = 1.0 if places[name][1] >= -0.05 else -1.0
        ax.annotate(f"{clipped(name)}\n{'+' if net > 0 else '−' if net < 0 else ''}{short(abs(net))}", places[name],
                    (0, side * (radius[name] + 5)), textcoords="offset points", ha="center",
                    va="bottom" if side > 0 else "top", fontsize=9.5, color=INK, zorder=3)  # fmt: skip
    ax.set(xlim=(-1.45, 1.45), ylim=(-1.5, 1.5), xticks=[], yticks=[])
    ax.set_aspect("equal")
    sns.despine(ax=ax, left=True, bottom=True)
    return ax


def figure(graph: nx.DiGraph) -> Figure:
    """A network as a figure."""
    with style():
        drawn = Figure(figsize=(5.8, 5.4), dpi=100, layout="constrained")
        ax = draw(graph, drawn.subplots())
        ax.set_title("Who paid whom, net; arrows lead to who won", loc="left", fontweight="bold", fontsize=11.5)
    return drawn


def _drawn(run: Run, by: str = "population") -> Figure:
    return figure(trade_network(run, by))


@measure(
    "trade_network",
    summary="who traded with whom, and how central each trader is",
    source="Freeman 1977, Sociometry 40, 35 (betweenness); Page, Brin, Motwani and Winograd 1999 (PageRank)",
    unit="received and paid: currency; lots: lots; partners: number; the rest: shares",
    chapter="Who paid whom",
    place=2,
    needs=("trades",),
    options={"by": Option("population", "what a node is", choices=("population", "agent"))},
    without_error={"": "the network is what it is: nothing is estimated"},
    draw=_drawn,
)
def table(run: Run, by: str = "population") -> pd.DataFrame:
    """:func:`centralities` of :func:`trade_network`."""
    return centralities(trade_network(run, by))
