"""Where players end who improve one at a time: the response graph of a game and its sink components.

An arc leads from a profile to each profile that a single player can reach without a loss; equal payoffs give arcs in
both directions. A sink component is a set of profiles that reach one another and no other profile: a strict pure
equilibrium, or a cycle that play does not leave (Papadimitriou and Piliouras 2019; Biggar and Shames 2023). Every game
has one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from analysis.games.solvers.pure import largest_gains
from analysis.games.tables.roles import RoleSymmetricGame

Integers = NDArray[np.int64]


class Sink(NamedTuple):
    """Profiles that reach one another by responses and nothing else."""

    rows: Integers  # of the game's counts, ascending
    equilibrium: bool  # whether it is a single profile, and so a pure equilibrium


def response_graph(game: RoleSymmetricGame, responses: Literal["better", "best"] = "better") -> nx.DiGraph:
    """The graph of profiles, whose nodes are rows of the game's counts; arcs carry their `gain`.

    Players of a role are alike, so that a profile stands for all who could play it.

    Parameters
    ----------
    responses : "better" for every deviation that does not lose, "best" for those that no other deviation of the same
        player from the same strategy betters.

    Raises
    ------
    ValueError
        If responses is neither.
    """
    moves = game.without_rounding.deviations
    chosen = moves.gains >= 0.0
    if responses == "best":
        places = moves.profiles * game.counts.shape[1] + moves.before
        best = np.full(game.counts.size, -np.inf)
        np.maximum.at(best, places, moves.gains)
        chosen &= moves.gains >= best[places]
    elif responses != "better":
        raise ValueError(f"responses are 'better' or 'best', not {responses!r}")
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(game.counts)))
    graph.add_weighted_edges_from(
        zip(moves.profiles[chosen].tolist(), moves.reached[chosen].tolist(), moves.gains[chosen].tolist(), strict=True),
        weight="gain",
    )
    return graph


def sink_components(game: RoleSymmetricGame, responses: Literal["better", "best"] = "better") -> list[Sink]:
    """The sink components of the :func:`response_graph`, in the order of their first profiles."""
    graph = response_graph(game, responses)
    whole = nx.condensation(graph)
    stable = largest_gains(game.without_rounding) <= 0.0
    sinks = [sorted(whole.nodes[node]["members"]) for node in whole if whole.out_degree(node) == 0]
    return [Sink(np.array(rows), len(rows) == 1 and bool(stable[rows[0]])) for rows in sorted(sinks)]
