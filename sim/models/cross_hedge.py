"""A hedge by another instrument: the ratio of least variance, and what it leaves (Ederington 1979).

Both prices move by independent steps with a correlation ρ. Of values that load on one factor by b₁ and b₂ it is b₁ b₂.
"""

from __future__ import annotations


def _check(correlation: float, hedged: float, hedging: float) -> None:
    if not -1.0 <= correlation <= 1.0:
        raise ValueError(f"correlation must be from -1 to 1, not {correlation}")
    if not (hedged > 0.0 and hedging > 0.0):
        raise ValueError(f"hedged and hedging must be above 0, not {hedged} and {hedging}")


def least_variance_ratio(correlation: float, hedged: float, hedging: float, late: float = 0.0) -> float:
    """Units of the hedge for each unit that is hedged: ρ σ_s / σ_f, times what is left of a horizon.

    Parameters
    ----------
    hedged, hedging : standard deviations of a step, currency.
    late : delay of the hedge's price as a share of the horizon from which the ratio is estimated.

    Raises
    ------
    ValueError
        If the correlation is not from -1 to 1, or a deviation is not positive.
    """
    _check(correlation, hedged, hedging)
    return correlation * hedged / hedging * max(0.0, 1.0 - late)


def variance_left(correlation: float, hedged: float, hedging: float, ratio: float) -> float:
    """Variance with a hedge of that many units against each, as a share of that without: 1 − ρ² at the best ratio.

    Raises
    ------
    ValueError
        As :func:`least_variance_ratio`.
    """
    _check(correlation, hedged, hedging)
    relative = ratio * hedging / hedged
    return 1.0 - 2.0 * correlation * relative + relative**2
