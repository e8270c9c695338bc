"""The graph of a population's network, drawn by NetworkX, as arrays that agents look up.

A graph follows from the table, the number of members, the run's seed and the network's name. Kinds without chance are
the same for every seed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from sim.core.errors import RunError, ScenarioError
from sim.core.rng import name_key
from sim.networks.edge_list import read_edges

_DRAWN = ("small_world", "scale_free", "random", "blocks")  # by chance
_KEPT = 8  # graphs that a process remembers


class Links(NamedTuple):
    """A population's graph.

    Attributes
    ----------
    starts : where each member's neighbours begin in ``neighbours``, and the end; int64, shape ``(members + 1,)``.
    neighbours : numbers of members, ascending for each; int32, shape ``(2 * links,)``. Empty for a complete graph,
        whose lists are not written out.
    leaders : the lowest number in each member's connected component; int64, shape ``(members,)``.
    sizes : members of that component; int64, shape ``(members,)``.
    """

    starts: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    leaders: NDArray[np.int64]
    sizes: NDArray[np.int64]


def is_drawn(network: Any) -> bool:
    """Whether another seed gives another graph."""
    return network.kind in _DRAWN


def links_of(network: Any, members: int, seed: int) -> Links:
    """The graph of a population of so many members.

    Parameters
    ----------
    network : its table, as in :mod:`sim.scenario.tables.networks`.
    seed : of the run.
    """
    if network.kind == "file":  # whose content may change
        return _made(network, members, seed)
    return _remembered(network, members, seed if is_drawn(network) else 0)


@lru_cache(_KEPT)
def _remembered(network: Any, members: int, seed: int) -> Links:
    return _made(network, members, seed)


def _made(network: Any, members: int, seed: int) -> Links:
    if network.kind == "complete":
        everybody = np.zeros(members, np.int64)
        return Links(np.zeros(members + 1, np.int64), np.zeros(0, np.int32), everybody, everybody + members)
    graph = _adjacency(network, members, seed)
    _, labels = connected_components(graph, directed=False)
    _, firsts, places, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    return Links(
        graph.indptr.astype(np.int64), graph.indices.astype(np.int32), firsts[places].astype(np.int64), counts[places]
    )


def distances(network: Any, members: int, seed: int, sources: tuple[int, ...]) -> NDArray[np.int64]:
    """Links between each member and the nearest of some members, -1 where none leads there; int64 ``(members,)``."""
    if network.kind == "complete":
        found = np.ones(members, np.int64)
        found[list(sources)] = 0
        return found
    links = links_of(network, members, seed)
    ones = np.ones(len(links.neighbours))
    graph = csr_array((ones, links.neighbours, links.starts), shape=(members, members))
    far = dijkstra(graph, directed=False, indices=list(sources), unweighted=True, min_only=True)
    return np.where(np.isfinite(far), far, -1.0).astype(np.int64)


def _adjacency(network: Any, members: int, seed: int) -> csr_array:
    """Ones where two members are linked, sorted by member."""
    edges = _from_file(network, members) if network.kind == "file" else _drawn(network, members, seed)
    both = np.concatenate([edges, edges[:, ::-1]]) if len(edges) else np.zeros((0, 2), np.int64)
    graph = coo_array((np.ones(len(both), np.int8), (both[:, 0], both[:, 1])), shape=(members, members)).tocsr()
    graph.sum_duplicates()
    graph.sort_indices()
    return graph


def _from_file(network: Any, members: int) -> NDArray[np.int64]:
    """The links of a file, which may have changed since the scenario was checked; int64 ``(links, 2)``."""
    place = f"networks.{network.name}.path"
    try:
        edges = read_edges(network.path)
    except ScenarioError as error:
        said = error.problems[0]
        raise RunError(f"{place}: {said.message} — it was another file when the scenario was checked") from error
    if edges.max() >= members:
        raise RunError(
            f"{place}: {network.path!r} links member {edges.max():,}, and there are {members:,}, numbered from 0"
        )
    return edges


def _drawn(network: Any, members: int, seed: int) -> NDArray[np.int64]:
    """The links of a graph that NetworkX makes; int64 ``(links, 2)``."""
    import networkx as nx  # slow to import, and most markets have no network

    random = np.random.default_rng(np.random.SeedSequence([seed, int(name_key("network", network.name))]))
    match network.kind:
        case "ring":
            graph = nx.circulant_graph(members, range(1, network.degree // 2 + 1))
        case "lattice":
            columns = network.columns or _squarest(members)
            grid = nx.grid_2d_graph(members // columns, columns, periodic=network.periodic)
            graph = nx.relabel_nodes(grid, {(row, column): row * columns + column for row, column in grid})
        case "small_world":
            graph = nx.watts_strogatz_graph(members, network.degree, network.rewiring, seed=random)
        case "scale_free":
            graph = nx.barabasi_albert_graph(members, network.links, seed=random)
        case "random":
            chance = network.mean_degree / max(members - 1, 1)
            graph = nx.fast_gnp_random_graph(members, min(chance, 1.0), seed=random)
        case "blocks":
            sizes, groups = [members // network.groups] * network.groups, range(network.groups)
            chances = [[network.within if a == b else network.between for b in groups] for a in groups]
            graph = nx.stochastic_block_model(sizes, chances, seed=random)
        case _:
            graph = nx.star_graph(members - 1)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))  # a torus of one row joins members with themselves
    return np.array(list(graph.edges), np.int64).reshape(-1, 2)


def _squarest(members: int) -> int:
    """The length of a row of the rectangle of so many members that is nearest to a square."""
    return next(members // rows for rows in range(math.isqrt(members), 0, -1) if members % rows == 0)
