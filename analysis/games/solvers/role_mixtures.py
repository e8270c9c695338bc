"""Properties of an equilibrium of several roles: its kind, its index, and whether it is regular.

It is singular if payoffs with a rounding error could make slopes vanish; see :mod:`analysis.games.solvers.mixtures`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from analysis.games.solvers.mixtures import SAME, Kind, least_slope, tangent_basis, vanishes
from analysis.games.solvers.polytope import distinct
from analysis.games.tables.role_payoffs import RolePayoffs

Floats = NDArray[np.float64]
_NEAR = 0.3  # singular equilibria of the same supports, nearer ones being of one continuum


@dataclass(frozen=True, eq=False)
class RoleEquilibrium:
    """Mixtures from which nobody gains by deviating while all others draw from those of their roles.

    Attributes
    ----------
    mixtures : by role, the probability of each strategy, float64 (strategies,).
    index : +1 or -1; None where it is not regular: an unused strategy breaks even, or the slopes are singular.
    kind : "strict" if pure and all else pays less; "quasi-strict" if some role mixes and all that is not played pays
        less; "weak" if something not played breaks even.
    """

    mixtures: tuple[Floats, ...]
    index: int | None
    kind: Kind


def classified(payoffs: RolePayoffs, x: Floats) -> RoleEquilibrium:
    """What is to be said of mixtures, (columns,), that are an equilibrium."""
    expected, slopes = payoffs.expected(x[None])[0], payoffs.slopes(x[None])[0]
    bases, tied = [], False
    for mine, tolerance in zip(payoffs.columns, payoffs.tolerances, strict=True):
        inside = x[mine] > 0.0
        tied |= bool(np.any(expected[mine][~inside] > expected[mine][inside].max() - tolerance))
        basis = np.zeros((len(inside), np.count_nonzero(inside) - 1))
        basis[inside] = tangent_basis(basis.shape[1] + 1)
        bases.append(basis)
    directions = block_diag(*bases)
    inner = directions.T @ slopes @ directions
    singular = vanishes(least_slope(inner), payoffs.largest_term(x > 0.0, bases), max(payoffs.rounding))
    kind: Kind = "weak" if tied else "quasi-strict" if len(inner) else "strict"
    index = None if tied or singular else round(float(np.linalg.slogdet(-inner)[0]))
    return RoleEquilibrium(tuple(x[mine] for mine in payoffs.columns), index, kind)


def merged(
    payoffs: RolePayoffs, known: list[RoleEquilibrium], candidates: Floats, near: float = _NEAR
) -> list[RoleEquilibrium]:
    """Known equilibria and new ones, (candidates, columns), each once, in the order of supports.

    Of what is singular they have some points only: none is as near as that to another of the same supports.
    """
    found = [(np.concatenate(each.mixtures), each) for each in known]
    for x in distinct(candidates, SAME):
        away = np.abs(np.array([other for other, _ in found]).reshape(-1, len(x)) - x).max(axis=1)
        if np.any(away < SAME):
            continue
        each = classified(payoffs, x)
        alike = [same.index is None and bool(np.all((other > 0.0) == (x > 0.0))) for other, same in found]
        if each.index is not None or not np.any(away[alike] < near):
            found.append((x, each))
    found.sort(key=lambda pair: (np.count_nonzero(pair[0]), np.flatnonzero(pair[0]).tolist(), (-pair[0]).tolist()))
    return [each for _, each in found]
