"""Kyle (1985): insiders know the value, noise traders hide their orders, and the price is linear in the order flow.

Values and prices are in currency, quantities in lots. An impact is in currency per lot, an intensity in lots per
currency. A profit is in currency, and is expected before the value is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.models.ranges import positive

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Equilibrium:
    """Linear equilibrium with competitive makers; arrays of shape (auctions,), the first auction first."""

    impact: Floats  # λ: price move per lot of order flow
    intensity: Floats  # β dt: lots that each insider buys per currency of value above the last price
    variance: Floats  # Σ: variance of the value given the order flow of this and earlier auctions
    profit: Floats  # profit of all insiders together, which equals the loss of noise traders

    @property
    def total_profit(self) -> float:
        """Profit of all insiders in all auctions."""
        return float(self.profit.sum())


@dataclass(frozen=True)
class StrategicEquilibrium:
    """Linear equilibrium of one auction with one insider and a few makers who know their own price impact."""

    impact: float  # price move per lot of order flow
    intensity: float  # lots that the insider buys per currency of value above the mean
    slope: float  # lots that each maker sells per currency of price above the mean
    profit: float  # profit of all makers together
    variance: float  # variance of the value given the order flow


def solve(value_deviation: float, noise_deviation: float, auctions: int = 1, insiders: int = 1) -> Equilibrium:
    """Equilibrium with competitive makers, in one auction or many, with one insider or several who know the value.

    Kyle (1985), theorems 1 and 2; Holden and Subrahmanyam (1992) for several insiders. An insider's profit from auction
    n + 1 on is α (v - p)² + δ. There are M insiders, D = M + 1 - 2 M α λ, and the noise variance is s² per auction. The
    recursion goes backward from α = 0: Σ before the auction is D times Σ after it, λ² s² D = M (1 - 2 α λ) Σ, and α
    before the auction is (1 - α λ) / (λ D²). In units of s and of √Σ after the auction, the equations do not depend on
    Σ, so no shooting method is needed.

    Parameters
    ----------
    value_deviation : standard deviation of the value before the first auction, in currency.
    noise_deviation : standard deviation of the noise traders' lots over all auctions. Noise is independent between
        auctions, with standard deviation noise_deviation / √auctions in each.
    auctions, insiders : numbers of auctions and of insiders, at least 1.

    Raises
    ------
    ValueError
        If a deviation is not positive, auctions or insiders is below 1, or the remaining variance underflows before the
        last auction (many insiders and many auctions).
    """
    positive(value_deviation=value_deviation, noise_deviation=noise_deviation)
    if auctions < 1 or insiders < 1:
        raise ValueError(f"auctions and insiders must be at least 1, not {auctions} and {insiders}")
    from scipy.optimize import brentq

    impact, shrinkage = np.empty(auctions), np.empty(auctions)
    later = 0.0  # α
    for auction in reversed(range(auctions)):
        most = 1.0 if later <= 0.5 else 0.5 / later  # above this, insiders would trade against their information
        impact[auction] = own = brentq(_excess, 0.0, most, args=(later, insiders), xtol=1e-15)
        shrinkage[auction] = insiders + 1 - 2 * insiders * later * own
        later = (1 - later * own) / (own * shrinkage[auction] ** 1.5)
    noise = noise_deviation / math.sqrt(auctions)
    deviation = value_deviation * np.exp(-np.cumsum(np.log(shrinkage)) / 2)
    if deviation[-1] ** 2 < np.finfo(np.float64).tiny:
        raise ValueError(f"{insiders} insiders reveal the value before the last of {auctions} auctions: choose fewer")
    return Equilibrium(
        impact=impact * deviation / noise,
        intensity=impact * noise / (insiders * deviation),
        variance=deviation**2,
        profit=impact * deviation * noise,
    )


def insider_profit(factor: float, value_deviation: float, noise_deviation: float, insiders: int = 1) -> float:
    """Expected profit, in one auction, of one insider whose intensity is factor times that of equilibrium. Currency.

    The makers keep their impact, and the other insiders keep their intensity (Kyle 1985). The maximum is at factor 1.

    Raises
    ------
    ValueError
        If a deviation is not positive or insiders is below 1.
    """
    positive(value_deviation=value_deviation, noise_deviation=noise_deviation)
    if insiders < 1:
        raise ValueError(f"insiders must be at least 1, not {insiders}")
    return factor * (2 - factor) * value_deviation * noise_deviation / (math.sqrt(insiders) * (insiders + 1))


def strategic(makers: int, value_deviation: float, noise_deviation: float) -> StrategicEquilibrium:
    """Equilibrium of one auction in which a few makers post linear schedules and take their price impact into account.

    After Kyle (1989) and Bondarenko (2001): each of N makers faces the total slope of the other makers. The deviation
    of the price from the mean is (N - 1) / (N - 2) times the expected deviation of the value given the order flow.

    Parameters
    ----------
    makers : number of makers, at least 3. With two makers there is no linear equilibrium.
    value_deviation : standard deviation of the value, in currency.
    noise_deviation : standard deviation of the noise traders' lots.

    Raises
    ------
    ValueError
        If there are fewer than 3 makers or a deviation is not positive.
    """
    positive(value_deviation=value_deviation, noise_deviation=noise_deviation)
    if makers < 3:
        raise ValueError(f"makers must be at least 3, not {makers}: fewer have no linear equilibrium")
    impact = value_deviation / (2 * noise_deviation) * math.sqrt(makers / (makers - 2))
    return StrategicEquilibrium(
        impact=impact,
        intensity=1 / (2 * impact),
        slope=1 / (makers * impact),
        profit=value_deviation * noise_deviation / math.sqrt(makers * (makers - 2)),
        variance=value_deviation**2 * makers / (2 * (makers - 1)),
    )


def maker_profit(slope_factor: float, makers: int, value_deviation: float, noise_deviation: float) -> float:
    """Expected profit of one strategic maker whose slope is slope_factor times that of equilibrium, in currency.

    The other makers keep their slope, the insider keeps its intensity, and the price clears the auction. The maximum is
    at slope_factor 1, where it equals the profit of `strategic` divided by makers.

    Raises
    ------
    ValueError
        If slope_factor is negative, and as `strategic` does.
    """
    equilibrium = strategic(makers, value_deviation, noise_deviation)
    if not 0 <= slope_factor < math.inf:
        raise ValueError(f"slope_factor must not be negative, not {slope_factor}")
    slopes = makers - 1 + slope_factor
    informative = equilibrium.intensity * value_deviation**2  # E[v y], y the order flow
    flow = equilibrium.intensity * informative + noise_deviation**2  # E[y²]
    return slope_factor / slopes * (equilibrium.impact * makers / slopes * flow - informative)


def _excess(impact: float, later: float, insiders: int) -> float:
    """Difference between the two sides of the equation for the impact of an auction, in the units of `solve`."""
    caution = 2 * later * impact
    return impact**2 * (insiders + 1 - insiders * caution) - insiders * (1 - caution)
