"""A market whose value stays where it is, and the folder of those that theory speaks of."""

from __future__ import annotations

from typing import Any

from tests.places import SCENARIOS

THEORY = SCENARIOS / "theory"


def still(steps: int = 400, episodes: int = 1, **rest: Any) -> dict[str, Any]:
    """Noise traders and a maker around a value that stays."""
    instrument = {"name": "ACME", "value": {"process": "constant", "initial": 100.0}, **rest.pop("instrument", {})}
    maker = {"half_spread": 0.05, "quantity": 20, **rest.pop("maker", {})}
    record = {"agents_every": 1, "book_every": 1, **rest.pop("record", {})}
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": 3},
        "instruments": [instrument],
        "venues": [{"name": "lit", **rest.pop("venue", {})}],
        "populations": [
            {"name": "makers", "strategy": "fixed_spread", "params": maker},
            {"name": "noise", "strategy": "noise", "count": 3, "turn": 1, "params": {"distribution": "geometric"},
             **rest.pop("noise", {})},
        ],
        "record": record,
        **rest,
    }  # fmt: skip
