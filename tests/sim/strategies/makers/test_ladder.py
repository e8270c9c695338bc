"""The ladder of Wah, Wright and Wellman: where its levels are, which it leaves out, what it does for a thin market."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

TICK, STEPS, MEAN, REVERSION = 0.01, 40, 100.0, 0.1
REVERTING = {"process": "mean_reverting", "mean": MEAN, "reversion": REVERSION, "volatility": 1.0}
CONSTANT = {"process": "constant", "initial": MEAN}


def run_of(
    *others: dict[str, Any], value: dict[str, Any] = REVERTING, steps: int = STEPS, episodes: int = 1, **params: Any
) -> Run:
    """A ladder, after those who act before it."""
    quoting = {"long_run_mean": MEAN, "reversion": REVERSION, "spread": 0.25, "levels": 3, "level_gap": 7, **params}
    ladder = {"name": "ladder", "strategy": "ladder", "turn": 1, "sees": {"of": "value"}, "params": quoting}
    return execute(
        parse(
            {
                "run": {"steps": steps, "episodes": episodes, "seed": 3},
                "instruments": [{"name": "X", "value": value}],
                "venues": [{"name": "book", "tick_size": TICK}],
                "populations": [*others, ladder],
                "record": {"messages": True, "levels": 1, "book_every": 1, "agents": "none"},
            }
        )
    )


def quotes_of(run: Run, step: int) -> dict[str, list[int]]:
    """What the ladder offers in a step: prices in ticks by side, the best first."""
    sent: pd.DataFrame = run.messages
    mine = sent[(sent["population"] == "ladder") & (sent["step"] == step) & (sent["kind"] == "post_only")]
    ticks = np.rint(mine["price"] / TICK).astype(int)
    return {
        "buy": sorted(ticks[mine["side"] == "buy"], reverse=True),
        "sell": sorted(ticks[mine["side"] == "sell"]),
    }


def test_its_best_quotes_are_half_its_spread_from_the_expected_final_value_and_its_levels_a_gap_apart():
    run = run_of()
    for step, value in enumerate(run.book["value"]):
        left = (1.0 - REVERSION) ** (STEPS - 1 - step)
        expected = (1.0 - left) * MEAN + left * value
        bid, ask = math.floor((expected - 0.125) / TICK), math.ceil((expected + 0.125) / TICK)
        assert quotes_of(run, step) == {"buy": [bid, bid - 7, bid - 14], "sell": [ask, ask + 7, ask + 14]}


def test_it_withdraws_its_old_levels_before_it_sets_up_new_ones():
    run = run_of(levels=4)
    assert (run.book["orders"] == 2 * 4).all()
    later = run.messages[run.messages["step"] > 0]
    assert (later.groupby("step")["kind"].value_counts().unstack()["cancel"] == 2 * 4).all()


def test_it_sees_the_value_alone_at_the_end_and_the_mean_alone_long_before():
    run = run_of(steps=400)
    last, middle = quotes_of(run, 399), quotes_of(run, 100)
    value = float(run.book["value"].iloc[-1])
    assert abs(0.5 * (last["buy"][0] + last["sell"][0]) * TICK - value) <= TICK
    assert abs(0.5 * (middle["buy"][0] + middle["sell"][0]) * TICK - MEAN) <= TICK


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_it_leaves_out_the_rungs_that_would_trade_with_what_stands(side: str):
    away = 0.3 if side == "buy" else -0.3  # so that the best quotes of one who is wrong cross some of the levels
    wrong = {"name": "wrong", "strategy": "ladder", "sees": {"of": "value"},
             "params": {"long_run_mean": MEAN + away, "reversion": 1.0, "spread": 0.2, "levels": 1}}  # fmt: skip
    run = run_of(wrong, value=CONSTANT, levels=8)
    assert len(run.trades) == 0
    standing = round((MEAN + away + (-0.1 if side == "buy" else 0.1)) / TICK)
    found = quotes_of(run, 0)
    mine = found["sell" if side == "buy" else "buy"]  # asks that a bid which is too high would meet, or bids
    every = [round(MEAN / TICK) + (13 + 7 * level) * (1 if side == "buy" else -1) for level in range(8)]
    beyond = [price for price in every if (price > standing if side == "buy" else price < standing)]
    assert mine == beyond
    assert 0 < len(beyond) < 8
    assert len(found[side]) == 8


def test_without_levels_it_sends_nothing():
    assert len(run_of(levels=0).messages) == 0


def test_a_spread_of_nothing_leaves_a_tick_between_its_quotes():
    found = quotes_of(run_of(value=CONSTANT, spread=0.0), 0)
    assert found["sell"][0] - found["buy"][0] == 1


def test_more_of_the_gains_from_trade_is_had_where_it_waits_for_traders_who_seldom_meet():
    traders = {"name": "traders", "strategy": "zir", "count": 5, "sees": {"of": "value"},
               "arrivals": {"law": "bernoulli", "probability": 0.01},
               "private_values": {"distribution": "normal", "deviation": 2.0, "units": 3},
               "params": {"reversion": REVERSION, "shading_high": 0.5}}  # fmt: skip
    with_it, without = (
        run_of(traders, steps=60, episodes=300, levels=count).episodes.groupby("episode")["private_value"].sum()
        for count in (10, 0)
    )
    more = (with_it - without).to_numpy()
    assert more.mean() > 4.0 * more.std(ddof=1) / math.sqrt(len(more))
