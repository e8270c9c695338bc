"""Traders who act on what others did, each against its rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.networks.graphs import links_of
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.places import SCENARIOS


def market(
    strategy: str, params: dict[str, Any], network: dict[str, Any], count: int, steps: int = 50, **more: Any
) -> Run:
    return execute(parse({
        "run": {"steps": steps, "seed": 6},
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit"}],
        "networks": [{"name": "friends", **network}],
        "populations": [
            {"name": "maker", "strategy": "fixed_spread", "params": {"quantity": 1_000_000}},
            {"name": "p", "strategy": strategy, "turn": 1, "count": count, "network": "friends", "params": params}
            | more,
        ],
        "record": {"agents_every": 1, "agents": "agents"},
    }))  # fmt: skip


def opinions(run: Run) -> np.ndarray:
    """Of each member at the end of each step, (steps, members)."""
    mine = run.agents[run.agents["population"] == "p"]
    return mine["opinion"].to_numpy().reshape(run.scenario.run.steps, -1)


ONE = {"law": "one_of", "group": "one"}


def test_an_imitator_has_a_neighbours_opinion_of_the_step_before() -> None:
    run = market("imitator", {"up": 4, "quantity": 0}, {"kind": "ring"}, 12, steps=300, arrivals=ONE)
    found = np.vstack([np.arange(12) < 4, opinions(run)])
    changed = found[1:] != found[:-1]
    assert (changed.sum(axis=1) <= 1).all()
    assert changed.any()
    for before, member in zip(found[:-1][changed.any(axis=1)], np.nonzero(changed)[1], strict=True):
        assert before[(member - 1) % 12] != before[(member + 1) % 12]  # else both neighbours would have agreed


def test_mutations_are_coins() -> None:
    found = opinions(market("imitator", {"mutation": 1.0, "quantity": 0}, {"kind": "ring"}, 10, steps=2_000))
    assert abs(found.mean() - 0.5) < 4 * 0.5 / np.sqrt(found.size)
    assert abs(np.corrcoef(found[1:, 0], found[:-1, 0])[0, 1]) < 4 / np.sqrt(2_000)


def test_up_buys_and_down_sells() -> None:
    run = market("imitator", {"up": 3, "quantity": 2}, {"kind": "random", "mean_degree": 0.0}, 10)  # nobody to copy
    trades = run.trades
    assert (trades["quantity"] == 2).all()
    assert set(trades[trades["aggressor"] == "buy"]["taker"]) == {0, 1, 2}
    assert set(trades[trades["aggressor"] == "sell"]["taker"]) == set(range(3, 10))


def test_a_component_acts_through_its_first_member_with_the_lots_of_all() -> None:
    network = {"kind": "random", "mean_degree": 1.5}
    run = market("cluster", {"activity": 0.3, "quantity": 3}, network, 40, steps=400)
    links = links_of(run.scenario.networks[0], 40, 6)
    lots = run.trades.groupby("taker")["quantity"].unique().apply(list).to_dict()
    assert lots == {leader: [3 * links.sizes[leader]] for leader in np.unique(links.leaders)}
    buys = (run.trades["aggressor"] == "buy").mean()
    assert abs(buys - 0.5) < 4 * 0.5 / np.sqrt(len(run.trades))
    assert len(run.trades) / (400 * len(lots)) == pytest.approx(0.6, abs=0.03)


# --- learners -------------------------------------------------------------------------------------------------------


def learners(rule: str, steps: int = 20, episodes: int = 300) -> Run:
    return execute(load(
        SCENARIOS / "reflexivity" / "cascade.toml",
        {"run.episodes": episodes, "run.steps": steps, "learners.params.when_indifferent": rule},
    ))  # fmt: skip


def signals(run: Run) -> np.ndarray:
    from sim.valuation.binary_signals import rights_of

    trades, seed = run.trades, run.scenario.run.seed
    right = rights_of(seed, run.scenario.populations[1], trades["taker"], trades["episode"], trades["step"])
    return np.where(right == (trades["value"] > 0.5), 1, -1)


def test_learners_who_follow_their_signal_when_indifferent_herd_after_two_more_of_one_side() -> None:
    run = learners("signal")
    trades = run.trades.assign(side=np.where(run.trades["aggressor"] == "buy", 1, -1), signal=signals(run))
    for _, rows in trades.groupby("episode"):
        net, herd = 0, 0
        for side, signal in zip(rows["side"], rows["signal"], strict=True):
            assert side == (herd or signal)
            net += signal if herd == 0 else 0
            herd = herd or (net > 1) - (net < -1)


def test_learners_who_toss_a_coin_herd_after_the_first_two_of_one_side() -> None:
    run = learners("coin")
    trades = run.trades.assign(side=np.where(run.trades["aggressor"] == "buy", 1, -1), signal=signals(run))
    against = 0
    for _, rows in trades.groupby("episode"):
        herd, last = 0, 0
        for side, signal in zip(rows["side"], rows["signal"], strict=True):
            if herd:
                assert side == herd
            elif last == 0:
                assert side == signal  # nothing is known but the own signal
            else:
                assert side == signal or signal == -last  # with the last; or indifferent, by a coin
                against += side != signal
            herd, last = (side, side) if herd or side == last else (0, 0 if last else side)
    assert against > 20


def test_who_waits_when_indifferent_is_read_as_well_as_who_trades() -> None:
    told, waited = learners("signal"), learners("abstain")
    count = [len(run.trades) for run in (told, waited)]
    assert count[1] < count[0]
    ends = [run.trades.groupby("episode")["aggressor"].last().astype(str) for run in (told, waited)]
    both = ends[0].index.intersection(ends[1].index)
    assert (ends[0][both] == ends[1][both]).mean() > 0.99  # silence tells as much as a trade
