"""A market with limits, capital, a hedge, calls for margin and a default, as a scenario's data."""

from __future__ import annotations

from typing import Any

EPISODES = 4
CALL = {"kind": "call", "of": "ACME", "strike": 100.0, "expiry": 45}
MARKED = {"reference": "signal", "half_spread": 0.05, "quantity": 20}
LIMITED: dict[str, Any] = {
    "run": {"steps": 60, "episodes": EPISODES, "seed": 5},
    "instruments": [
        {"name": "ACME", "value": {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.03}},
        {"name": "call", "derivative": CALL},
    ],
    "venues": [
        {"name": "stock", "instrument": "ACME", "tick_size": 0.01},
        {"name": "calls", "instrument": "call", "tick_size": 0.01},
    ],
    "margin": {"rule": "scan", "grace": 20, "populations": ["poor", "dealer"]},
    "risk": {"fewest": 10},
    "populations": [
        {"name": "maker", "strategy": "fixed_spread", "venues": ["stock"], "sees": {"of": "value"}, "params": MARKED},
        {"name": "writer", "strategy": "fixed_spread", "venues": ["calls"], "sees": {"of": "value"}, "params": MARKED},
        {"name": "dealer", "strategy": "noise", "count": 2, "turn": 1, "venues": ["calls"],
         "hedge": {"venues": ["stock"], "every": 5}, "params": {"quantity": 3},
         "endowment": {"cash": 900.0, "positions": {"ACME": 2, "call": -3}},
         "risk": {
             "limits": [{"of": "delta", "most": 3.0}, {"of": "stress", "most": 40.0, "action": "reduce"},
                        {"of": "delta", "most": 4.0}, {"of": "margin", "most": 0.5}],
             "capital": {"amount": 500.0},
         }},
        {"name": "poor", "strategy": "holder", "venues": ["calls"],
         "endowment": {"cash": 40.0, "positions": {"call": -4}}},
    ],
    "record": {"agents": "agents", "agents_every": 1, "book_every": 1},
}  # fmt: skip
