"""Solved games as plain data: what ``--json`` prints and what is kept beside the runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.games.dynamics.selection import Selection, selection
from analysis.games.empirical.candidates import Candidate, Verdict
from analysis.games.empirical.comparison import Compared, welfare_gained
from analysis.games.empirical.edges import Edge, edges
from analysis.games.empirical.solution import Solution
from analysis.games.output import selection_text

Floats = NDArray[np.float64]


def solution_as_json(found: Solution, selected: Selection | None = None) -> dict[str, Any]:
    """What is known of a game; numbers that are none are null.

    Returns
    -------
    dict
        ``equilibria``, each as :func:`candidate_as_json` tells it; ``runs``, ``complete``, ``note``, ``epsilon``; the
        ``runs`` of each profile of the ``table``, with what is too rare for them, as ``too_rare``; the references
        ``together``, ``competitive``, ``efficient``; ``price_of_anarchy``; ``replies`` of ranges; and what dynamics,
        learning and noise select, as ``selection``.
    """

    def reference(candidate: Candidate | None) -> dict[str, Any] | None:
        return None if candidate is None else candidate_as_json(candidate)

    return {
        "players": {role.name: role.players for role in found.game.whole},
        "solved_as": {role.name: role.players for role in found.game.roles},
        "equilibria": [candidate_as_json(each, found.epsilon, edges(found.game, each)) for each in found.equilibria],
        "runs": found.runs,
        "complete": found.complete,
        "note": found.note,
        "epsilon": found.epsilon,
        "table": {
            "runs": found.table_runs,
            "too_rare": [{"what": each.what, "expected": each.expected(found.table_runs)} for each in found.unmet],
        },
        "together": reference(found.together),
        "competitive": reference(found.competitive),
        "efficient": reference(found.efficient),
        "price_of_anarchy": None if found.anarchy is None else found.anarchy.as_json(),
        "replies": [
            {
                "equilibrium": each.equilibrium,
                "role": found.game.roles[each.role].name,
                "strategy": each.reply.strategy,
                "gain": each.reply.gain,
                "searched": each.reply.searched,
            }
            for each in found.replies
        ],
        "selection": None if selected is None else selection_text.as_json(selected, list(verdicts_of(found).values())),
    }


def candidate_as_json(candidate: Candidate, epsilon: float | None = None, at: Sequence[Edge] = ()) -> dict[str, Any]:
    """A profile or mixture: what is played, what it pays, what the market is like.

    Parameters
    ----------
    epsilon : None for one of which nothing is claimed; otherwise its regret and all deviations are told too.
    at : where it is at the edge of what was offered.
    """
    row: dict[str, Any] = {
        "strategies": candidate.plays,
        "mixed": candidate.mixed,
        "counts": None if candidate.mixed else counts_of_players(candidate),
        "payoff": {role: value.as_json() for role, value in candidate.payoffs.items()},
        "market": {name: value.as_json() for name, value in candidate.market.items()},
    }
    if epsilon is None:
        return row
    sure, bound = candidate.certificate, candidate.bound
    for name, part in (("regret", "regret"), ("regret_low", "low"), ("regret_high", "high")):
        row[name] = None if sure is None or not math.isfinite(getattr(sure, part)) else getattr(sure, part)
    row["reason"] = candidate.doubt
    row["verdict"] = candidate.verdict(epsilon)
    row["at_edge"] = [each._asdict() for each in at]
    row["runs"] = candidate.runs
    row["distribution_free"] = None if bound is None else bound._asdict()
    row["deviations"] = [
        {
            "role": each.deviation.role,
            "from": each.deviation.before,
            "to": each.deviation.after,
            "gain": each.estimate.as_json(),
            "variance_ratio": each.variance_ratio if np.isfinite(each.variance_ratio) else None,
            "runs_that_differ": each.differing,
        }
        for each in candidate.gains
    ]
    return row


def counts_of_players(candidate: Candidate) -> dict[str, dict[str, int]]:
    """Of a pure profile, how many play what, by role."""
    return {
        role: {name: round(share * candidate.players[role]) for name, share in shares.items()}
        for role, shares in candidate.plays.items()
    }


def mixtures_of(found: Solution, apart: bool = False) -> tuple[list[list[Floats]], list[str]]:
    """The equilibria in which alike players do alike, as mixtures over the strategies of the table, and their numbers.

    Those are left out in which something is played that is not in the table.

    Parameters
    ----------
    apart : give those in which alike players differ too, as counts.
    """
    names, mixtures = [], []
    for number, candidate in enumerate(found.equilibria, 1):
        shares = [candidate.plays[role.name] for role in found.table.roles]
        alike = candidate.mixed or all(len(each) == 1 for each in shares)
        there = all(set(each) <= set(role.strategies) for each, role in zip(shares, found.table.roles, strict=True))
        if there and (alike or apart):
            names.append(str(number))
            if not alike:
                shares = [
                    {name: share * role.players for name, share in each.items()}
                    for each, role in zip(shares, found.table.roles, strict=True)
                ]
            mixtures.append([np.array([each.get(name, 0.0) for name in role.strategies])
                             for each, role in zip(shares, found.table.roles, strict=True)])  # fmt: skip
    return mixtures, names


def verdicts_of(found: Solution, apart: bool = False) -> dict[str, Verdict]:
    """Whether each of :func:`mixtures_of` holds, by its number."""
    return {name: found.equilibria[int(name) - 1].verdict(found.epsilon) for name in mixtures_of(found, apart)[1]}


def selection_of(found: Solution) -> tuple[Selection | None, list[str]]:
    """What dynamics, learning and noise select among :func:`mixtures_of`, and their numbers; None if there are none."""
    mixtures, names = mixtures_of(found)
    return (selection(found.table, mixtures) if mixtures else None), names


def comparison_as_json(found: Sequence[Compared]) -> dict[str, Any]:
    """The games as plain data; ``game`` is the label of each.

    The rest is what :func:`solution_as_json` says of it.
    Where the strategies differ in one number, its mean over the players stands with each equilibrium and reference.
    Where there is welfare, what is more of it than in the first game stands with each equilibrium of the others, as
    ``welfare_more``.
    """

    def told(each: Compared) -> dict[str, Any]:
        row = {"game": each.label, **solution_as_json(each.solution)}
        parameter = each.parameter()
        if parameter is not None:
            rows = [*zip(row["equilibria"], each.solution.equilibria, strict=True)]
            rows += [(row[name], candidate) for name, candidate in each.references.items()]
            for one, candidate in rows:
                one[f"mean_{parameter}"] = each.chosen(candidate, parameter).value
        return row

    games = [told(each) for each in found]
    for each in welfare_gained(found):
        games[each.game]["equilibria"][each.equilibrium]["welfare_more"] = each.as_json()
    return {"games": games}
