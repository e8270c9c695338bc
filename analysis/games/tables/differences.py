"""Which differences of payoffs matter: all except those that are rounding.

A player compares the payoffs of its strategies while the others play the same. Payoffs are floating-point numbers,
which are exact fractions, and are read as such. Computed payoffs that should be equal may differ by rounding. Sort the
payoffs that a player compares; two neighbours are equal in two cases:

- they differ by at most four units in the last place of the larger one;
- they differ by at most 2^-46 (1.4e-14) of the player's largest payoff, such differences are fewer than half of those
  that are not 0, and every other difference is a million times as large.

If a difference is that small and the other two conditions fail, it may be real or rounding. It is kept, unless there
are no others, and :attr:`Reading.certain` is False: results hold for the payoffs as given, and nothing is proved.
Payoffs that are whole numbers have no rounding.

The *smallest difference that matters* is the smallest one that remains. A profile is an equilibrium of the payoffs only
if its regret is below that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_DIGITS = 2.0**-46  # of the largest payoff: what computing may leave
_PLACES = 4.0  # units in the last place
_APART = 1e-6  # of all other differences: what is rounding is smaller
SPREAD = 1e6  # the largest difference over the smallest, up to which bounds in floating-point numbers prove something
TOLERANCE = 1e-9  # of the largest difference: regrets that count as none are never more


class Reading(NamedTuple):
    """Payoffs of one player without rounding.

    Attributes
    ----------
    payoffs : float64 (plays of the others, strategies); payoffs that differ by rounding are made equal.
    smallest : the smallest difference between two strategies' payoffs; inf if none differ.
    largest : the largest difference; 0 if none differ.
    certain : whether no remaining difference may be rounding.
    """

    payoffs: Floats
    smallest: float
    largest: float
    certain: bool

    @property
    def tolerance(self) -> float:
        """The largest regret, or gap between best replies, that counts as 0, in units of the largest difference.

        It is 1e-9, or a thousandth of the smallest difference that matters, but not below the precision of floats.
        """
        if not self.largest:
            return TOLERANCE
        return min(TOLERANCE, max(1e-3 * self.smallest / self.largest, 4e-15))

    @property
    def narrow(self) -> bool:
        """Whether floating-point bounds can separate the smallest difference, given the largest one."""
        return self.certain and self.largest <= SPREAD * self.smallest


def read(payoffs: Floats) -> Reading:
    """Read the payoffs of one player's strategies, float64 (plays of the others, strategies)."""
    order = np.argsort(payoffs, axis=1, kind="stable")
    sorted_payoffs = np.take_along_axis(payoffs, order, axis=1)
    steps = np.diff(sorted_payoffs, axis=1)
    certain = True
    if np.any(steps > 0.0) and not np.all(payoffs == np.rint(payoffs)):
        sizes = np.maximum(np.abs(sorted_payoffs[:, 1:]), np.abs(sorted_payoffs[:, :-1]))
        same = steps <= _PLACES * np.spacing(sizes)
        doubtful = ~same & (steps <= _DIGITS * float(np.abs(payoffs).max()))
        clear = ~same & ~doubtful
        if doubtful.any():
            apart = bool(steps[doubtful].max() <= _APART * steps[clear].min(initial=np.inf))
            certain = apart and bool(2 * np.count_nonzero(doubtful) < np.count_nonzero(steps))
            if certain or not clear.any():
                same |= doubtful
        starts = np.concatenate([np.ones((len(steps), 1), bool), ~same], axis=1)
        first = np.maximum.accumulate(np.where(starts, np.arange(starts.shape[1]), 0), axis=1)
        sorted_payoffs = np.take_along_axis(sorted_payoffs, first, axis=1)
        steps = np.diff(sorted_payoffs, axis=1)
    found = np.empty_like(payoffs)
    np.put_along_axis(found, order, sorted_payoffs, axis=1)
    whole = sorted_payoffs[:, -1] - sorted_payoffs[:, 0]
    return Reading(found, float(steps[steps > 0.0].min(initial=np.inf)), float(whole.max(initial=0.0)), certain)


def doubt(certain: bool) -> str:
    """The sentence on why nothing is proved: some equilibria are left out, or it is not certain what is rounding."""
    if certain:
        return " Some have regrets above the smallest difference of payoffs for want of digits, and are left out."
    return " Differences of payoffs are so small beside others that they may be rounding: nothing is proved."
