"""Herds: cascades with and without a price, opinions that are copied, groups that trade as one, news among friends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.reflexivity.herding import measures
from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, folder
from analysis.theory.rows import Row, compare
from analysis.theory.spreads.kyle import auctions_of
from sim.models import cascades, clusters, opinions
from sim.networks.graphs import distances, links_of
from sim.runs.result import Run
from sim.scenario.tables.networks import RandomNetwork

_BHW = "Bikhchandani, Hirshleifer and Welch 1992"
_ORDERS = 100  # after which the belief is looked at
RIGHT = 0.5 + 0.5 * 0.5 * (2 * 0.7 - 1)  # an order of priced_cascade.toml: half are learners', right with 0.7


def _measured(run: Run, name: str, after: int = 0) -> Estimate:
    found = next(each for each in measures(run, after) if each.name == name)
    return Estimate(found.value, found.standard_error or 0.0)


@experiment("Cascades: a herd without a price")
def reflexivity_cascades(markets: Markets) -> list[Row]:
    """How often twenty learners end in a herd on the wrong side, by what who is indifferent does."""
    rows = []
    for precision, rules in ((0.7, ("coin", "signal", "abstain")), (0.65, ("coin", "signal"))):
        for rule in rules:
            changes = {
                "learners.sees.precision": precision,
                "learners.params.precision": precision,
                "learners.params.when_indifferent": rule,
            }
            run = markets.run("reflexivity/cascade", 100_000, 4_000, changes)
            target = cascades.wrong(precision, 20, rule == "coin")
            claim = f"precision {precision:g}, {rule}: share of herds on the wrong side after 20 arrivals"
            rows.append(compare(claim, _BHW, target, _measured(run, "cascade_wrong")))
    return rows


@experiment("Cascades: a price stops the herd")
def reflexivity_priced_cascade(markets: Markets) -> list[Row]:
    """At the prices of makers who learn nobody trades against its signal, and the belief finds the value."""
    run = markets.run("reflexivity/priced_cascade", 20_000, 1_000, {"run.steps": _ORDERS + 30})
    source = "Avery and Zemsky 1998"
    against = _measured(run, "against_signal")
    rows = [compare("share of learners' trades against their signal", source, 0.0, Estimate(against.value, 0.0))]
    target = cascades.belief_wrong(_ORDERS, RIGHT)
    claim = f"share of episodes whose belief is on the wrong side after {_ORDERS} orders"
    return [*rows, compare(claim, source, target, mean(wrong_beliefs(run, _ORDERS)[:, -1]))]


def wrong_beliefs(run: Run, orders: int) -> NDArray[np.float64]:
    """Whether the orders of a binary market, up to each one, were mostly on the wrong side; ½ for as many on either.

    Returns
    -------
    float64 ``(episodes, orders)``; orders that did not come change nothing.
    """
    episode, side, value = arrays(run, "trades", "episode", "aggressor", "value")
    number = np.arange(len(episode)) - np.searchsorted(episode, episode)
    early = number < orders
    right = np.where((side == "buy") == (value > 0.5), 1.0, -1.0)
    path = np.zeros((run.scenario.run.episodes, orders))
    path[episode[early], number[early]] = right[early]
    net = path.cumsum(axis=1)
    return np.where(net == 0, 0.5, (net < 0).astype(float))


@experiment("Opinions: how alike, and who decides")
def reflexivity_opinions(markets: Markets) -> list[Row]:
    """Kirman's spread on a complete network; without mutation who has more friends decides more."""
    rows = []
    for alpha in (0.5, 2.0):
        mutation = 2.0 * alpha / (19.0 + 2.0 * alpha)
        talk = {"imitators.params.mutation": mutation, "imitators.params.quantity": 0, "run.steps": 20_000}
        run = markets.run("reflexivity/opinions", 400, 40, talk)
        target = opinions.variance_of_share(20, mutation)
        claim = f"20 members, α = {alpha:g}: variance of the share that is up"
        rows.append(compare(claim, "Kirman 1993", target, _measured(run, "opinion_variance", after=2_000)))
    lollipop = str(folder().parent / "reflexivity" / "lollipop.csv")
    networks = (
        ("star, the hub up", {"name": "friends", "kind": "star"}, 21, 1, 4_000),
        ("ring of 10, three up", {"name": "friends", "kind": "ring"}, 10, 3, 4_000),
        ("clique of 8 with a tail of 8, the clique up",
         {"name": "friends", "kind": "file", "path": lollipop}, 16, 8, 20_000),
    )  # fmt: skip
    for what, network, members, up, steps in networks:
        changes: dict[str, Any] = {
            "networks": [network],
            "imitators.count": members,
            "imitators.params": {"up": up, "quantity": 0},
            "run.steps": steps,
            "record.agents_every": steps,
        }
        run = markets.run("reflexivity/opinions", 4_000, 250, changes)
        degrees = np.asarray(links_of(run.scenario.networks[0], members, 0).starts)
        target = opinions.all_up(np.diff(degrees), np.arange(members) < up)
        claim = f"{what}: share of episodes that end with all up"
        rows.append(compare(claim, "Clifford and Sudbury 1973", target, _measured(run, "fixation_up")))
    return rows


@experiment("Clusters: groups that trade as one")
def reflexivity_clusters(markets: Markets) -> list[Row]:
    """Component sizes are Borel's; the kurtosis of demand is that of the drawn graph."""
    rows = []
    graphs = 5 if markets.quick else 40
    for degree in (0.5, 0.9):
        network = RandomNetwork(name="links", kind="random", mean_degree=degree)
        sizes = [links_of(network, 100_000, markets.seed + graph).sizes for graph in range(graphs)]
        for size, target in enumerate(clusters.borel(degree, 3), start=1):
            shares = np.array([np.mean(each == size) for each in sizes])
            claim = f"mean degree {degree:g}: share of members in components of {size}"
            rows.append(compare(claim, "Borel 1942; Cont and Bouchaud 2000", float(target), mean(shares)))
    run = markets.run("reflexivity/clusters", 50, 5)
    groups = _component_sizes(run)
    # In whole groups; the maker's flow is what members want.
    demand = auctions_of(run, ("maker",)).flow.ravel()
    found = _kurtosis(demand)
    target = clusters.demand_kurtosis(groups, 0.05)
    claim = "1,000 members: excess kurtosis of demand, given the drawn graph"
    rows.append(compare(claim, "Cont and Bouchaud 2000, without the limit", target, found))
    return rows


def _kurtosis(samples: NDArray[np.float64]) -> Estimate:
    """Excess kurtosis of independent samples whose mean is 0, with an error that allows for any eighth moment."""
    square = float((samples**2).mean())
    value = float((samples**4).mean()) / square**2
    moves = samples**4 / square**2 - value - 2.0 * value * (samples**2 / square - 1.0)
    return Estimate(value - 3.0, float(moves.std(ddof=1)) / math.sqrt(len(samples)))


def _component_sizes(run: Run) -> NDArray[np.int64]:
    """The size of each connected component of the run's first network."""
    links = links_of(run.scenario.networks[0], run.scenario.populations[1].count, run.scenario.run.seed)
    return links.sizes[np.unique(links.leaders)]


@experiment("A rumour: news along a network")
def reflexivity_rumour(markets: Markets) -> list[Row]:
    """Each trader's first trade comes as many steps after the news as its distance from the source says."""
    run = markets.run("reflexivity/rumour", 1, 1)
    step, who, taker = arrays(run, "trades", "step", "taker_population", "taker")
    mine = who == "traders"
    members = np.unique(taker[mine])
    first = np.array([step[mine][taker[mine] == member].min() for member in members])
    far = distances(run.scenario.networks[0], 100, run.scenario.run.seed, (0,))
    gap = first - (50 + 3 * far[members])
    source = "by construction: per_hop times the distance"
    missed = Estimate(float(abs(gap).max()), 0.0)
    found = (
        f"first trades in steps {first.min()} to {first.max()}, {far[members].min()} to {far[members].max()} links away"
    )
    claim = "greatest gap between a first trade and its distance's time"
    rows = [compare(claim, source, 0.0, missed, unit="steps", found=found)]
    reached = Estimate(float(len(members)), 0.0)
    return [*rows, compare("traders whom the news reached", source, float((far >= 0).sum()), reached)]
