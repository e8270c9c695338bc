"""Makers that pass on what they hold too much of."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse


def market(params: dict[str, Any], makers: int = 4, seller: int = 200) -> Run:
    return execute(parse({
        "run": {"steps": 300, "seed": 6},
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit"}],
        "populations": [
            {"name": "makers", "strategy": "hot_potato", "count": makers, "params": params},
            {"name": "slow", "strategy": "fixed_spread", "params": {"half_spread": 0.5, "quantity": 1_000}},
            {"name": "noise", "strategy": "noise", "turn": 1},
            {"name": "seller", "strategy": "executor", "turn": 2,
             "params": {"side": "sell", "quantity": seller, "start": 50, "horizon": 100}},
        ],
        "record": {"agents_every": 1, "agents": "agents"},
    }))  # fmt: skip


def held(run: Run) -> Any:
    mine = run.agents[run.agents["population"] == "makers"]
    return mine["inventory.ACME"].to_numpy().reshape(300, -1)


def test_nobody_holds_more_than_its_limit_and_an_order_after_its_turn() -> None:
    run = market({"limit": 5, "quantity": 3, "half_spread": 0.05})
    assert abs(held(run)).max() <= 5 + 3
    assert abs(held(run)).max() > 5


def test_makers_trade_among_themselves_what_nobody_wants() -> None:
    tight, wide = (market({"limit": limit, "quantity": 3, "half_spread": 0.05}) for limit in (5, 10_000))
    among = [
        run.trades[(run.trades["maker_population"] == "makers") & (run.trades["taker_population"] == "makers")]
        for run in (tight, wide)
    ]
    assert len(among[1]) == 0
    assert among[0]["quantity"].sum() > 3 * abs(held(tight)[-1].sum() - held(tight)[0].sum())


def test_it_dumps_down_to_its_target() -> None:
    run = market({"limit": 5, "target": 2, "quantity": 3, "half_spread": 0.05}, makers=1)
    dumped = run.trades[run.trades["taker_population"] == "makers"]
    assert len(dumped)
    lots = held(run)[:, 0]
    before = np.concatenate([[0], lots[:-1]])
    for step, quantity in dumped.groupby("step")["quantity"].sum().items():
        assert abs(before[step]) > 5
        assert quantity == abs(before[step]) - 2
