"""Which differences of payoffs matter: all of them, but for what rounding left.

A player compares what his strategies pay against the same play of the others. Payoffs are floating-point numbers, which
are exact fractions, and are read as such. Payoffs that are computed may differ by rounding where they are meant to be
the same. Two neighbours among the payoffs that a player compares are the same

- where they differ by no more than four units in the last place of the larger one;
- where they differ by no more than 2^-46 (1.4e-14) of the player's largest payoff, such differences are fewer than half
  of those that are not 0, and every other difference is a million times as large.

Differences so small of which the latter is not true may be either. They are kept, unless there are no others, and
:attr:`Reading.certain` is False: what is computed holds for the payoffs as given, and nothing is proved. Whole payoffs
have no rounding.

The *smallest difference that matters* is the smallest one that is left. A profile is an equilibrium of the payoffs only
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
    payoffs : float64 (plays of the others, strategies), the same where they differ by rounding.
    smallest : the smallest difference between two strategies' payoffs; inf where none differ.
    largest : the largest one; 0 where none differ.
    certain : whether no difference is left that may be rounding.
    """

    payoffs: Floats
    smallest: float
    largest: float
    certain: bool

    @property
    def tolerance(self) -> float:
        """The most regret, and gap between best replies, that counts as none, in units of the largest difference.

        It is 1e-9, or a thousandth of the smallest difference that matters, but no less than floats can tell.
        """
        if not self.largest:
            return TOLERANCE
        return min(TOLERANCE, max(1e-3 * self.smallest / self.largest, 4e-15))

    @property
    def narrow(self) -> bool:
        """Whether floating-point bounds are sharp enough for the smallest difference beside the largest."""
        return self.certain and self.largest <= SPREAD * self.smallest


def read(payoffs: Floats) -> Reading:
    """Read what one player's strategies get, float64 (plays of the others, strategies)."""
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
