"""One order: sent once in an episode, in its step."""

from __future__ import annotations

import pytest

from sim.runs.execute import execute
from sim.scenario import parse
from tests.command_line import MARKET


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_one_market_order_is_sent_in_each_episode_at_its_step(side):
    params = {"side": side, "quantity": 7, "at": 13}
    run = execute(parse(MARKET, overrides={"noise.strategy": "one_order", "noise.params": params,
                                           "run.episodes": 3, "record.messages": True}))  # fmt: skip
    sent = run.messages[run.messages["population"] == "noise"].astype({"kind": str, "side": str})
    assert sent[["episode", "step", "kind", "side", "quantity"]].to_numpy().tolist() == [
        [episode, 13, "market", side, 7] for episode in range(3)
    ]
