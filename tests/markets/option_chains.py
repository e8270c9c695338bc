"""Snapshots of option quotes around surfaces that are known, and a strict look for arbitrage in what is fitted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.models.options import CALL, PUT, black
from sim.models.svi import Slice, total_variance

SLICES = {0.02: Slice(0.001, 0.02, -0.3, -0.01, 0.06), 0.25: Slice(0.004, 0.09, -0.4, 0.01, 0.25)}  # by years
FORWARD = 1_000.0


def snapshot(path: Path, slices: dict[float, Slice] = SLICES, half: float = 2e-4, strikes: int = 24) -> Path:
    """A snapshot whose quotes lie around the prices of slices, strikes evenly over two and a half deviations."""
    rows = []
    for number, (years, slice) in enumerate(slices.items()):
        wide = 2.5 * math.sqrt(total_variance(slice, 0.0))
        for k in np.linspace(-wide, wide, strikes) + 1e-3 * wide:
            variance = total_variance(slice, k)
            side = CALL if k > 0.0 else PUT
            price = black(side, 1.0, math.exp(k), math.sqrt(variance)).price
            expiry = f"2026-0{number + 1}-28T08:00:00"
            rows.append(
                {
                    "timestamp": "2026-01-01T00:00:00", "currency": "TST",
                    "option_type": "call" if side == CALL else "put",
                    "strike": FORWARD * math.exp(k), "expiry_datetime": expiry,
                    "time_to_maturity": years, "bid_price": max(price - half, 0.0), "ask_price": price + half,
                    "futures_price": FORWARD, "implied_volatility": math.sqrt(variance / years),
                }
            )  # fmt: skip
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def arbitrage(surfaces: list[dict[str, Any]]) -> list[str]:
    """Expiries, as JSON has them, that have a negative density or cross the one before, on |k| ≤ 1.5."""
    found, before = [], {}
    for each in sorted(surfaces, key=lambda each: (each["moment"], each["currency"], each["years"])):
        a, b, rho, m, s = (each["parameters"][name] for name in ("a", "b", "rho", "m", "s"))
        bend = m + s * np.sinh(np.linspace(-9.0, 9.0, 4_001))
        ks = np.sort(np.concatenate([np.linspace(-1.5, 1.5, 12_001), bend[np.abs(bend) <= 1.5]]))
        root = np.hypot(ks - m, s)
        w, first, second = a + b * (rho * (ks - m) + root), b * (rho + (ks - m) / root), b * s * s / root**3
        g = (1.0 - ks * first / (2.0 * w)) ** 2 - first**2 / 4.0 * (1.0 / w + 0.25) + second / 2.0
        key = each["moment"], each["currency"]
        last = before.get(key, lambda at: 0.0 * at)
        if w.min() <= 0.0 or g.min() < 0.0 or (w - last(ks)).min() < 0.0:
            found.append(f"{each['currency']} {each['expiry']}: g {g.min()}, above {(w - last(ks)).min()}")
        before[key] = lambda at, a=a, b=b, rho=rho, m=m, s=s: a + b * (rho * (at - m) + np.hypot(at - m, s))
    return found
