"""What one option is worth: Black–Scholes prices and greeks, and the volatility that a price implies.

``spreadgame measure option_prices --spot S --strike K --years T --volatility V`` takes no run: its options say all.
The formulas are those of the engine and of strategies, :mod:`sim.models.options`.
"""

from __future__ import annotations

import math

import pandas as pd

from analysis.output.numbers import number
from analysis.reading.registry import Option, measure
from sim.core.errors import RunError
from sim.models.implied_volatility import implied_volatility
from sim.models.options import CALL, PUT, Greeks, greeks

SIDES = {"call": CALL, "put": PUT}
_NEEDED = ("spot", "strike", "years", "volatility")
_PLACE = "measure option_prices"


@measure(
    "option_prices",
    summary="what one option is worth and how that changes: prices, greeks, implied volatility",
    source="Black and Scholes 1973, J. Political Economy 81, 637; Jäckel 2017, Wilmott (implied volatility)",
    unit="price: currency; vega, volga: per 1 of volatility; theta: per year; rho: per 1 of the rate",
    chapter="Options",
    place=1,
    options={
        "spot": Option(None, "price of the underlying", float, 1e-12, 1e12),
        "strike": Option(None, "price at which it may be bought or sold", float, 1e-12, 1e12),
        "years": Option(None, "until expiry", float, 0, 100),
        "volatility": Option(None, "per √year, .2 is 20 per cent; without it, that of --price", float, 0, 100),
        "rate": Option(0.0, "interest per year, continuous", float, -3, 3),
        "dividend": Option(0.0, "yield per year, continuous", float, -3, 3),
        "kind": Option(None, "of the option whose price is given", choices=tuple(SIDES)),
        "price": Option(None, "whose implied volatility is wanted", float, 0, 1e12),
    },
    without_error={"": "a formula has none"},
    takes_runs=False,
)
def table(
    _: None, spot: float | None = None, strike: float | None = None, years: float | None = None,
    volatility: float | None = None, rate: float = 0.0, dividend: float = 0.0, kind: str | None = None,
    price: float | None = None,
) -> pd.DataFrame:  # fmt: skip
    """A row for the call and one for the put; ``attrs["details"]`` has both, and ``implied_volatility``.

    Raises
    ------
    RunError
        If something that is needed is missing, a price has no implied volatility, or a result is no finite number.
    """
    if (kind is None) != (price is None):
        raise RunError(f"{_PLACE}: --kind and --price belong together — give both, or leave both out")
    given = {"spot": spot, "strike": strike, "years": years, "volatility": volatility}
    missing = [name for name in _NEEDED if given[name] is None and not (name == "volatility" and price is not None)]
    if missing or spot is None or strike is None or years is None:
        raise RunError(f"{_PLACE}: no {', no '.join(missing)} — give {', '.join(f'--{name} N' for name in missing)}")
    implied = None
    if kind is not None and price is not None:
        implied = _implied(kind, price, spot, strike, years, rate, dividend)
    used = volatility if volatility is not None else implied
    if used is None:
        raise RunError(f"{_PLACE}: no volatility — give --volatility N")
    found = {name: _finite(greeks(side, spot, strike, years, rate, dividend, used)) for name, side in SIDES.items()}
    frame = pd.DataFrame({name: each._asdict() for name, each in found.items()}).T.rename_axis("option")
    frame.attrs["details"] = {name: each._asdict() for name, each in found.items()}
    if implied is not None:
        frame.attrs["details"]["implied_volatility"] = implied
        frame.attrs["note"] = f"implied volatility of the {kind} at {price:g}: {number(implied, 10)}"
    return frame


def _implied(kind: str, price: float, spot: float, strike: float, years: float, rate: float, dividend: float) -> float:
    if years == 0.0:
        raise RunError(f"{_PLACE}: years is 0, when a price implies no volatility — give --years above 0")
    found = implied_volatility(SIDES[kind], price, spot, strike, years, rate, dividend)
    if math.isfinite(found):
        return found
    discounted = {"call": spot * math.exp(-dividend * years), "put": strike * math.exp(-rate * years)}
    other = discounted["put" if kind == "call" else "call"]
    low, high = max(discounted[kind] - other, 0.0), discounted[kind]
    what = "less than without any volatility" if price < low else "not less than with the greatest"
    raise RunError(
        f"{_PLACE}: price {price!r} of the {kind} is {what} — give --price from {low:.10g} to below {high:.10g}"
    )


def _finite(found: Greeks) -> Greeks:
    if not all(map(math.isfinite, found)):
        raise RunError(f"{_PLACE}: a greek is beyond all numbers — give numbers that are less extreme")
    return found
