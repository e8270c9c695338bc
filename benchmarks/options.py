"""``python -m benchmarks.options [--json FILE]``: how fast options are valued, beside vollib, and how fast they trade.

Everything is compiled before the clock starts. Implied volatilities are asked for one by one from Python, as vollib's
are, and from compiled code, as a strategy asks for them. A fit of SVI is that of 20 strikes, from the slice of the
last moment. The market has 40 books of options, which two makers quote in every step; with ``limits`` they hedge their
delta and have limits of vega, delta, gamma and stress. Its figure is messages per second.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.measure import ROUNDS, Skipped, alternate
from sim.core.compiled import njit
from sim.models.implied_volatility import implied_volatility
from sim.models.options import CALL, PUT, black, greeks, price
from sim.models.svi import Slice, total_variance
from sim.models.svi_fit import NO_SLICE, aims, fit, refit
from sim.runs.build import build
from sim.runs.simulation import Simulation
from sim.scenario import parse

_MANY, _FEW, _FITS, _STRIKES = 200_000, 2_000, 500, 20
_RATE, _DIVIDEND = 0.02, 0.01
Floats = NDArray[np.float64]


@njit
def _greeks(spots: Any, strikes: Any, times: Any, volatilities: Any) -> float:
    total = 0.0
    for j in range(len(spots)):
        found = greeks(CALL, spots[j], strikes[j], times[j], _RATE, _DIVIDEND, volatilities[j])
        total += found.price + found.delta + found.gamma + found.vega + found.theta + found.rho
        total += found.vanna + found.volga
    return total


@njit
def _implied(sides: Any, prices: Any, spots: Any, strikes: Any, times: Any) -> float:
    total = 0.0
    for j in range(len(spots)):
        total += implied_volatility(sides[j], prices[j], spots[j], strikes[j], times[j], _RATE, _DIVIDEND)
    return total


@njit
def _refits(count: int, sides: Any, ks: Any, bids: Any, asks: Any, start: Slice) -> Slice:
    wanted, weights = np.empty(len(ks)), np.empty(len(ks))
    for j in range(count):
        move = 1.0 + 1e-4 * (j % 7)  # quotes that are not quite those of the moment before
        aims(sides, ks, bids * move, asks * move, wanted, weights)
        start = refit(ks, wanted, weights, NO_SLICE, start)
    return start


class _Options:
    """Options at random, out of the money, and their prices."""

    def __init__(self, count: int) -> None:
        random = np.random.default_rng(1)
        self.spots = np.full(count, 100.0)
        self.strikes: Floats = 100.0 * np.exp(random.normal(0.0, 0.15, count))
        self.times = random.uniform(0.02, 1.0, count)
        self.volatilities = random.uniform(0.1, 0.6, count)
        self.sides = np.where(self.strikes > 100.0 * np.exp(0.01 * self.times), CALL, PUT)
        terms = zip(self.sides.tolist(), self.strikes, self.times, self.volatilities, strict=True)
        self.prices = np.array([price(side, 100.0, k, t, _RATE, _DIVIDEND, v) for side, k, t, v in terms])

    def rows(self) -> list[tuple[float, float, float, float, int]]:
        """Price, spot, strike, time and side of each, as Python's numbers."""
        columns = (self.prices, self.spots, self.strikes, self.times, self.sides)
        return list(zip(*(column.tolist() for column in columns), strict=True))


def _per_second(count: int, work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return count / (perf_counter() - start)


def _refits_per_second() -> float:
    made = Slice(0.01, 0.12, -0.35, 0.02, 0.15)
    ks = np.linspace(-0.5, 0.4, _STRIKES)
    sides = np.where(ks > 0.0, CALL, PUT)
    paid = np.array(
        [
            black(side, 1.0, math.exp(k), math.sqrt(total_variance(made, k))).price
            for side, k in zip(sides.tolist(), ks, strict=True)
        ]
    )
    paid *= np.exp(np.random.default_rng(2).normal(0.0, 0.005, _STRIKES))
    bids, asks = paid - 4e-4, paid + 4e-4
    wanted, weights = np.empty(_STRIKES), np.empty(_STRIKES)
    aims(sides, ks, bids, asks, wanted, weights)
    start = fit(ks, wanted, weights, NO_SLICE)
    _refits(1, sides, ks, bids, asks, start)
    return _per_second(_FITS, lambda: _refits(_FITS, sides, ks, bids, asks, start))


_LIMITS = [
    {"of": "vega", "most": 1e6, "action": "widen", "by": 0.02},
    {"of": "delta", "most": 500.0},
    {"of": "gamma", "most": 500.0},
    {"of": "stress", "most": 9_000.0, "action": "reduce"},
]  # fmt: skip


def books(limits: bool, steps: int = 2_000) -> dict[str, Any]:
    """A market of 40 books of options that two makers quote, with hedge and limits or without."""
    around: dict[str, Any] = {
        "hedge": {"venues": ["stock"], "rule": "band", "band": 5.0}, "risk": {"limits": _LIMITS}
    }  # fmt: skip
    return {
        "run": {"steps": steps, "seed": 3},
        "instruments": [
            {"name": "ACME", "value": {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.006}}
        ],
        "venues": [{"name": "stock", "instrument": "ACME", "tick_size": 0.01}],
        "chains": [
            {"name": "options", "of": "ACME", "expiries": [steps], "venue": {"tick_size": 0.01},
             "strikes": {"first": 90.5, "last": 109.5, "step": 1.0}}
        ],
        "populations": [
            {"name": "stockmaker", "strategy": "fixed_spread", "venues": ["stock"],
             "params": {"half_spread": 0.02, "quantity": 1_000}},
            {"name": "makers", "strategy": "option_maker", "count": 2, "turn": 1, "venues": ["options"],
             "params": {"half_spread": 0.02, "quantity": 5, "vega_skew": 1e-9}, **(around if limits else {})},
            {"name": "clients", "strategy": "noise", "count": 10, "turn": 2, "venues": ["options"]},
        ],
        "record": {"agents_every": 100, "book_every": 1_000},
    }  # fmt: skip


def _messages_per_second(limits: bool) -> float:
    simulation = Simulation(build(parse(books(limits))))
    seconds = 1.0 / _per_second(1, simulation.run)
    return int(simulation.clock["messages"]) / seconds


def measures() -> dict[str, Callable[[], float]]:
    """What is timed, by name: all are numbers per second."""
    many, few = _Options(_MANY), _Options(_FEW)
    rows = few.rows()
    sets = (many.spots, many.strikes, many.times, many.volatilities)
    prices = (many.sides, many.prices, many.spots, many.strikes, many.times)
    _greeks(*(each[:1] for each in sets))
    _implied(*(each[:1] for each in prices))
    _messages_per_second(True)

    def one_by_one() -> float:
        return _per_second(
            _FEW, lambda: [implied_volatility(side, p, s, k, t, _RATE, _DIVIDEND) for p, s, k, t, side in rows]
        )

    def vollib() -> float:
        try:
            from vollib.black_scholes_merton.implied_volatility import implied_volatility as theirs
        except ImportError:
            raise Skipped("vollib is not installed — pip install -c constraints.txt -e .[dev]") from None
        flags = [(*row[:4], "c" if row[4] == CALL else "p") for row in rows]
        return _per_second(_FEW, lambda: [theirs(p, s, k, t, _RATE, _DIVIDEND, flag) for p, s, k, t, flag in flags])

    return {
        "greeks": lambda: _per_second(_MANY, lambda: _greeks(*sets)),
        "implied_volatility_compiled": lambda: _per_second(_MANY, lambda: _implied(*prices)),
        "implied_volatility": one_by_one,
        "vollib_implied_volatility": vollib,
        "svi_refit": _refits_per_second,
        "market": lambda: _messages_per_second(False),
        "market_with_limits": lambda: _messages_per_second(True),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.options", description="How fast options are valued.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure to this file")
    given = parser.parse_args(arguments)
    console = Console()
    with console.status("compiling"):
        timed = measures()
        results, skipped = alternate(timed)
    shown = Table(title=f"Options valued per second, medians of {ROUNDS}")
    shown.add_column("")
    shown.add_column("per second", justify="right")
    shown.add_column("µs each", justify="right")
    for name, result in results.items():
        shown.add_row(name.replace("_", " "), f"{result.median:,.0f}", f"{1e6 / result.median:,.3f}")
    console.print(shown)
    times = None
    if "vollib_implied_volatility" in results:
        times = results["implied_volatility"].median / results["vollib_implied_volatility"].median
        console.print(f"implied volatility, one by one from Python: {times:.1f} × vollib")
    for name, reason in skipped.items():
        console.print(f"skipped {name}: {reason}", style="yellow", highlight=False, markup=False)
    if given.json:
        made = {name: result.median for name, result in results.items()}
        found = made | {"implied_volatility_ratio": times, "skipped": skipped}
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
