"""Keeping one order where an agent wants it, whatever the venue says to a change."""

from __future__ import annotations

import pytest

from sim.runs.execute import execute
from sim.scenario import parse


@pytest.mark.parametrize("post_only", ["reject", "reprice"])
def test_a_change_that_is_rejected_leaves_no_order_behind_that_its_agent_has_forgotten(post_only: str) -> None:
    run = execute(parse({
        "run": {"steps": 500, "seed": 3},
        "instruments": [
            {"name": "ACME", "public_delay": 0,
             "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.05}},
        ],
        "venues": [{"name": "lit", "post_only": post_only}],
        "populations": [
            {"name": "makers", "strategy": "fixed_spread", "count": 3,
             "params": {"half_spread": 0.01, "inventory_skew": 0.01}},
            {"name": "noise", "strategy": "noise", "count": 3, "turn": 1},
        ],
        "record": {"book_every": 1},
    }))  # fmt: skip
    rejected = run.manifest["rejections"].get("makers", {})
    assert (rejected.get("would_trade", 0) > 0) == (post_only == "reject")
    assert run.book["orders"].max() <= 6
