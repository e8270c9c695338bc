"""Corners of a bounded polytope of any dimension, from the equalities and inequalities that bound it.

Linear programmes find the inequalities that hold with equality everywhere. In the space that the equalities leave,
Qhull (Barber, Dobkin and Huhdanpaa 1996) intersects the half-spaces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import null_space
from scipy.optimize import linprog
from scipy.spatial import HalfspaceIntersection, cKDTree

Floats = NDArray[np.float64]
_EQUAL = 1e-9  # slacks, and lengths of normals, that are none


def corners(sides: ArrayLike, bounds: ArrayLike, equal: ArrayLike, values: ArrayLike) -> Floats:
    """Corners of {x: sides x ≤ bounds, equal x = values}, float64 (corners, variables), each once; none if it is empty.

    Parameters
    ----------
    sides, bounds : (inequalities, variables), (inequalities,).
    equal, values : (equalities, variables), (equalities,), which may be none.

    Raises
    ------
    ValueError
        If the polytope is not bounded.
    """
    normals, limits = np.asarray(sides, np.float64), np.asarray(bounds, np.float64)
    rows, right = np.asarray(equal, np.float64).reshape(-1, normals.shape[1]), np.asarray(values, np.float64)
    nothing = np.zeros((0, normals.shape[1]))
    while True:
        inner = _inner_point(normals, limits, rows, right)
        if inner is None:
            return nothing
        middle, slack = inner
        basis = null_space(rows, rcond=1e-10) if len(rows) else np.eye(normals.shape[1])
        if not basis.shape[1]:
            return middle[None]
        if slack > _EQUAL:
            break
        tight = _always_tight(normals, limits, rows, right)
        if not tight.any():
            raise ValueError("a polytope is too thin to tell its dimension: scale its inequalities")
        rows, right = np.concatenate([rows, normals[tight]]), np.concatenate([right, limits[tight]])
        normals, limits = normals[~tight], limits[~tight]
    flat, room = normals @ basis, limits - normals @ middle
    moving = np.linalg.norm(flat, axis=1) > _EQUAL
    flat, room = flat[moving], room[moving]
    if basis.shape[1] == 1:
        ends = room / flat[:, 0]
        inside = np.array([[ends[flat[:, 0] < 0.0].max()], [ends[flat[:, 0] > 0.0].min()]])
    else:
        inside = HalfspaceIntersection(np.column_stack([flat, -room]), np.zeros(basis.shape[1])).intersections
    return distinct(middle + inside @ basis.T)


def distinct(points: Floats, within: float = 1e-8) -> Floats:
    """Points (points, variables) without those that lie within a distance of an earlier one, in any coordinate."""
    if not len(points):
        return points
    pairs = cKDTree(points).query_pairs(within, p=np.inf, output_type="ndarray")
    again = np.zeros(len(points), bool)
    again[pairs.max(axis=1, initial=0)] = len(pairs) > 0
    kept = points[~again]
    ordered: Floats = kept[np.lexsort(-np.round(kept, 6).T[::-1])]
    return ordered


def _inner_point(normals: Floats, limits: Floats, rows: Floats, right: Floats) -> tuple[Floats, float] | None:
    """A point whose least distance from the sides is largest, and that distance, capped at 1; None if there is none."""
    lengths = np.linalg.norm(normals, axis=1)
    solved = linprog(
        np.append(np.zeros(normals.shape[1]), -1.0),
        A_ub=np.column_stack([normals, lengths]) if len(normals) else None,
        b_ub=limits if len(normals) else None,
        A_eq=np.column_stack([rows, np.zeros(len(rows))]) if len(rows) else None,
        b_eq=right if len(rows) else None,
        bounds=[(None, None)] * normals.shape[1] + [(-_EQUAL, 1.0)],
        method="highs",
    )
    if solved.status == 2:
        return None
    if solved.x is None:
        raise ValueError(f"no inner point of a polytope: {solved.message}")
    return solved.x[:-1], float(solved.x[-1])


def _always_tight(normals: Floats, limits: Floats, rows: Floats, right: Floats) -> NDArray[np.bool_]:
    """Which inequalities hold with equality at every point of the polytope."""
    tight = np.zeros(len(normals), bool)
    for which, normal in enumerate(normals):
        solved = linprog(
            normal, A_ub=normals, b_ub=limits + _EQUAL / 10, A_eq=rows if len(rows) else None,
            b_eq=right if len(rows) else None, bounds=(None, None), method="highs",
        )  # fmt: skip
        tight[which] = solved.x is not None and limits[which] - solved.fun < 10.0 * _EQUAL
    return tight
