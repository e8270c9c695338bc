"""Polynomials on a simplex by their Bernstein coefficients: bounds and halves.

A polynomial of degree d on a simplex of k corners is Σ_c C(c) λ^c b(c) over the counts c of d in k parts, λ being the
shares of the corners. Its values lie between its least and its largest coefficient, and the coefficients on half of
the simplex follow by averaging (de Casteljau; Farin 2002, ch. 17): bounds get sharper with each halving. Nets of
coefficients are float64 (simplices, coefficients, polynomials), in the order of
:func:`analysis.games.tables.counts.ranks`.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.games.tables.counts import count_profiles, one_more, ranks

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


class Net:
    """What all nets of one degree over simplices of so many corners share."""

    def __init__(self, corners: int, degree: int) -> None:
        self.corners = corners
        self.degree = degree
        self.counts: Integers = count_profiles(degree, corners)
        self.at_corners: Integers = ranks(degree * np.eye(corners, dtype=np.int64))
        self._halves: dict[tuple[int, int], csr_array] = {}

    @cached_property
    def more(self) -> Integers:
        """Which coefficient has one more of a corner than one of the next lower degree, (lower ones, corners)."""
        return one_more(self.degree, self.corners)

    @cached_property
    def faces(self) -> tuple[Booleans, Booleans]:
        """Every face, (faces, corners), and which coefficients it has: all that matter on it, (faces, coefficients)."""
        inside = np.array([[bool(face >> i & 1) for i in range(self.corners)] for face in range(1, 2**self.corners)])
        return inside, (self.counts @ ~inside.T).T == 0

    def half(self, nets: Floats, kept: int, moved: int) -> Floats:
        """Nets of the half simplices whose corner `moved` went to the middle of its edge to the corner `kept`.

        The new coefficient at c is the mean of the old ones at c + r (e_kept - e_moved), r binomial of c_moved and 1/2.
        """
        if (kept, moved) not in self._halves:
            self._halves[kept, moved] = self._halving(kept, moved)
        simplices, places, polynomials = nets.shape
        side = np.ascontiguousarray(nets.transpose(1, 0, 2)).reshape(places, -1)
        found: Floats = (self._halves[kept, moved] @ side).reshape(places, simplices, polynomials).transpose(1, 0, 2)
        return found

    def _halving(self, kept: int, moved: int) -> csr_array:
        step = np.zeros(self.corners, np.int64)
        step[kept], step[moved] = 1, -1
        rows, columns, values = [], [], []
        for r in range(self.degree + 1):
            able = np.flatnonzero(self.counts[:, moved] >= r)
            rows.append(able)
            columns.append(ranks(self.counts[able] + r * step))
            values.append(np.array([comb(int(c), r) * 0.5 ** int(c) for c in self.counts[able, moved]]))
        entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        return csr_array(entries, shape=(len(self.counts), len(self.counts)))


@lru_cache(maxsize=64)
def net(corners: int, degree: int) -> Net:
    """The :class:`Net` of simplices of so many corners; made once."""
    return Net(corners, degree)
