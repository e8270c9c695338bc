"""The executor: it holds what its schedule says at every step, and takes the share of volume it is told to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.core.errors import SpreadgameError
from sim.models import execution
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

STEPS = 200


def worked(depth: int = 10_000, **params: Any) -> Run:
    """One executor beside noise traders, in front of makers with so many lots."""
    return execute(
        parse(
            {
                "run": {"steps": STEPS, "seed": 1, "episodes": 2},
                "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
                "venues": [{"name": "lit", "tick_size": 0.01}],
                "record": {"agents_every": 1, "agents": "agents"},
                "populations": [
                    {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.05, "quantity": depth}},
                    {"name": "noise", "strategy": "noise", "count": 4, "turn": 1, "params": {"quantity": 5.0}},
                    {"name": "large", "strategy": "executor", "turn": 2, "params": params},
                ],
            }
        )
    )


def held(run: Run) -> np.ndarray:
    """Lots at the end of each step, one row per episode."""
    rows = run.agents[run.agents["population"] == "large"]
    return rows["inventory.ACME"].to_numpy().reshape(2, -1)


def test_twap_is_a_straight_line():
    paths = held(worked(quantity=1_000))
    assert np.all(paths == 5 * np.arange(1, STEPS + 1))


def test_start_and_horizon():
    path = held(worked(quantity=30, side="sell", start=50, horizon=60))[0]
    assert np.all(path[:50] == 0)
    assert np.all(path[109:] == -30)
    assert path[79] == -15
    assert np.abs(np.diff(path)).max() == 1


def test_vwap_follows_its_profile():
    path = held(worked(schedule="vwap", quantity=1_000, profile=[3.0, 1.0, 1.0, 5.0]))[0]
    assert path[[49, 99, 149, 199]].tolist() == [300, 400, 500, 1_000]


def test_almgren_and_chriss_optimum():
    given = {"risk_aversion": 1e-3, "volatility": 0.05, "temporary_impact": 0.01, "permanent_impact": 0.001}
    path = held(worked(schedule="almgren_chriss", quantity=1_000, **given))[1]
    market = execution.AlmgrenChriss(1_000.0, float(STEPS), STEPS, 0.05, 0.0, 0.01, 0.001)
    assert np.abs(1_000 - path - execution.almgren_chriss(market, 1e-3)[1:]).max() <= 0.5 + 1e-9
    assert path[99] > 600


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_pov_takes_its_share_of_volume(share):
    run = worked(schedule="pov", quantity=1_000_000, participation=share)
    own = run.trades["taker_population"] == "large"
    for episode in range(2):
        mine = run.trades[run.trades["episode"] == episode]
        taken = mine["quantity"][own[mine.index]].sum()
        assert taken / mine["quantity"].sum() == pytest.approx(share, abs=0.5 / mine["quantity"].sum() + 1e-9)
    assert np.all(np.diff(held(run), axis=1) >= 0)


def test_what_a_thin_book_cannot_fill_is_sent_again():
    run = worked(depth=30, quantity=1_000, horizon=10)
    path = held(run)[0]
    assert path[9] < 1_000
    assert path[-1] == 1_000
    assert np.diff(path).max() <= 30


@pytest.mark.parametrize(
    "params",
    [
        {"schedule": "vwap", "profile": [0.0, 0.0]},
        {"schedule": "vwap", "profile": []},
        {"schedule": "almgren_chriss", "temporary_impact": 0.1, "permanent_impact": 0.2},
        {"schedule": "pov", "participation": 1.0},
    ],
)
def test_what_has_no_schedule_is_refused(params):
    with pytest.raises(SpreadgameError):
        worked(**params)
