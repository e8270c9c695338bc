"""The normal law: its density, what lies below a number, and two tails that keep their digits however far out."""

from __future__ import annotations

import math

from sim.core.compiled import njit

_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
FAR = 5.0  # from where on a continued fraction is more exact than a difference
_TERMS = 18  # of the fraction, which at FAR is exact to the last bit


@njit
def density(z: float) -> float:
    """The standard normal density."""
    return _DENSITY * math.exp(-0.5 * z * z)


@njit
def below(z: float) -> float:
    """Probability that a standard normal number is below z."""
    return 0.5 * math.erfc(-_ROOT_HALF * z)


@njit
def tails(h: float) -> tuple[float, float, float]:
    """Density at h ≥ 0, probability above h, and mean excess E max(Z − h, 0).

    The excess is density − h · probability, a difference that loses h⁴ units of the last digit; far out both follow
    from a continued fraction instead.
    """
    height = density(h)
    if h < FAR:
        above = below(-h)
        return height, above, height - h * above
    fraction = _fraction(h)
    above = height / (h + fraction)
    return height, above, above * fraction


@njit
def mills(h: float) -> float:
    """Probability above h over the density there, for h ≥ :data:`FAR`; it does not underflow."""
    return 1.0 / (h + _fraction(h))


@njit
def _fraction(h: float) -> float:
    """Laplace's continued fraction 1/(h + 2/(h + 3/(h + …))) (Abramowitz and Stegun 26.2.14)."""
    found = 0.0
    for term in range(_TERMS, 0, -1):
        found = term / (h + found)
    return found
