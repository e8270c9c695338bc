"""Margin that a clearing house asks for an option that was sold: a share of its underlying's price, and its own price.

The rates are those of a documented exchange of options on coins; each is an argument.
"""

from __future__ import annotations

from sim.core.compiled import njit


@njit
def short_option(
    side: int, spot: float, strike: float, price: float, initial: float, least: float, maintenance: float
) -> tuple[float, float]:
    """Initial and maintenance margin of one option sold. Currency per unit.

    Of a call max(initial − out of the money / spot, least) · spot + price, and maintenance · spot + price. Of a put the
    same, but its maintenance margin is at least a share of its own price, and its initial margin at least that.

    Parameters
    ----------
    side : +1 of a call, −1 of a put.
    spot, strike, price : of the underlying, the option's strike and the option itself; currency.
    initial, least, maintenance : shares of the spot price, not negative.
    """
    scale = abs(spot)
    out = max(side * (strike - spot), 0.0)
    kept = maintenance * (scale if side > 0 else max(scale, price)) + price
    first = max(initial * scale - out, least * scale) + price
    return (first if side > 0 else max(first, kept)), kept
