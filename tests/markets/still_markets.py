"""Markets in which a value moves and hardly anybody acts, and the checks of a sample against its law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.mesa_model.market import Market
from sim.scenario import parse

SLEEPER = {"name": "nobody", "strategy": "noise", "arrivals": {"law": "bernoulli", "probability": 0.0}}
MAKER = {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 1.0, "quantity": 5}}
WALK = {"process": "random_walk", "initial": 100.0, "volatility": 0.1}
STEPS = 100_000


def market(
    value: dict[str, Any], steps: int = STEPS, episodes: int = 1, seed: int = 17, **instrument: Any
) -> dict[str, Any]:
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": seed},
        "instruments": [{"name": "ACME", "value": value, **instrument}],
        "venues": [{"name": "lit"}],
        "populations": [dict(SLEEPER)],
        "record": {"book_every": 1, "agents": "none", "episodes": "none", "trades": False},
    }


def assert_moments(sample: np.ndarray, mean: float, variance: float) -> None:
    """Mean and variance within four standard errors, the error of the variance from the sample's own fourth moment."""
    n = len(sample)
    assert abs(sample.mean() - mean) <= 4 * math.sqrt(variance / n), (sample.mean(), mean)
    squares = (sample - mean) ** 2
    assert abs(squares.mean() - variance) <= 4 * squares.std() / math.sqrt(n), (squares.mean(), variance)


def assert_independent(sample: np.ndarray, lag: int = 1) -> None:
    """No correlation with itself ``lag`` steps later, within four standard errors."""
    deviation = sample - sample.mean()
    found = (deviation[lag:] * deviation[:-lag]).mean() / deviation.var()
    assert abs(found) <= 4 / math.sqrt(len(sample) - lag)


def assert_share(found: float, expected: float, trials: int) -> None:
    assert abs(found - expected) <= 4 * math.sqrt(expected * (1 - expected) / trials), (found, expected)


def with_traders(data: dict[str, Any]) -> dict[str, Any]:
    """A maker around the initial value, and takers who push the mid about."""
    maker = {**MAKER, "params": {**MAKER["params"], "reference": "last", "inventory_skew": 0.05}}
    takers = {"name": "takers", "strategy": "noise", "turn": 1, "count": 2, "params": {"quantity": 3.0}}
    return data | {"populations": [maker, takers]}


def holders(
    value: dict[str, Any], *held: tuple[float, int], steps: int = 10, unit: float = 1e-6, **rest: Any
) -> Market:
    """Populations of one with these endowments of cash and lots, who never act; run to the end."""
    money = {"unit": unit, **rest.pop("money", {})}
    data = market(value, steps, **rest)
    data["money"] = money
    data["venues"][0]["tick_size"] = max(0.01, unit)
    data["populations"] = [
        {**SLEEPER, "name": f"holder{i}", "endowment": {"cash": cash, "inventory": lots}}
        for i, (cash, lots) in enumerate(held)
    ]
    stepped = Market(parse(data))
    stepped.run_model()
    return stepped


def money_of(stepped: Market, name: str) -> int:
    names = stepped.session._built.accounts.names
    return int(stepped.world.accounts[names.index(name)]["cash"])


def lots_of(stepped: Market, name: str) -> int:
    return int(stepped.world.holdings[stepped.session._built.accounts.names.index(name)]["lots"])
