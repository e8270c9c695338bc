"""What an agent learns of its neighbours, and of news that travels along a network; opinions in the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core.errors import StrategyError
from sim.networks.graphs import links_of
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse
from sim.strategy_kit.loading.files import load_file

BINARY = {"process": "binary", "low": 0.0, "high": 1.0}
TALKER = """
from spreadgame.strategy import (
    Parameter, component_leader, component_size, member_number, members, neighbour, neighbours, opinion_of,
    publish_opinion, step, strategy
)

@strategy("talker", summary="publishes what it finds", max_messages=0,
          parameters={"what": Parameter(0, "which number", low=-9, high=9)},
          first_opinions=lambda given, count: [float(given["what"])] * count)
def act(me, market):
    what = me.parameters.what
    if what == 0:
        publish_opinion(me, market, float(neighbours(me, market)))
    elif what == 1:
        total = 0.0
        for place in range(neighbours(me, market)):
            total += neighbour(me, market, place)
        publish_opinion(me, market, total)
    elif what == 2:
        publish_opinion(me, market, component_leader(me, market) + 100.0 * component_size(me, market))
    elif what == 3:
        if step(me, market) == 0:
            publish_opinion(me, market, float(member_number(me, market)))
        else:
            publish_opinion(me, market, opinion_of(me, market, members(me, market) - 1 - member_number(me, market)))
    elif what == 4:
        publish_opinion(me, market, float(neighbour(me, market, neighbours(me, market))))
    elif what == 5:
        publish_opinion(me, market, opinion_of(me, market, members(me, market)))
    elif what == 6 and step(me, market) == 0:
        publish_opinion(me, market, 0.25)
"""


@pytest.fixture(scope="module", autouse=True)
def talker(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("own") / "talker.py"
    path.write_text(TALKER, encoding="utf-8")
    load_file(path)


def talked(what: int, network: dict[str, Any] | None = None, **more: Any) -> Run:
    population = {"name": "p", "strategy": "talker", "count": 12, "params": {"what": what}}
    if network:
        population["network"] = "friends"
    tree = {
        "run": {"steps": 2, "seed": 5},
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit"}],
        "networks": [{"name": "friends", **network}] if network else [],
        "populations": [population, {"name": "q", "strategy": "noise"}],
        "record": {"agents_every": 1},
    }
    return execute(parse(tree | more))


def opinions(run: Run, step: int = 0) -> Any:
    rows = run.agents[(run.agents["step"] == step) & (run.agents["population"] == "p")]
    return rows["opinion"].to_numpy()


KINDS: list[dict[str, Any]] = [
    {"kind": "complete"}, {"kind": "ring"}, {"kind": "random", "mean_degree": 1.0}, {"kind": "star"}
]  # fmt: skip


@pytest.mark.parametrize("network", KINDS, ids=lambda each: each["kind"])
def test_an_agent_finds_its_neighbours_and_its_component(network: dict[str, Any]) -> None:
    run = talked(0, network)
    links = links_of(run.scenario.networks[0], 12, 5)
    complete = network["kind"] == "complete"
    lists = (
        [[b for b in range(12) if b != a] for a in range(12)]
        if complete
        else np.split(links.neighbours, links.starts[1:-1])
    )
    assert opinions(run).tolist() == [float(len(own)) for own in lists]
    assert opinions(talked(1, network)).tolist() == [float(sum(own)) for own in lists]
    both = links.leaders + 100.0 * links.sizes
    assert opinions(talked(2, network)).tolist() == both.tolist()


def test_without_a_network_nobody_has_neighbours_and_each_is_a_component_of_its_own() -> None:
    assert opinions(talked(0)).tolist() == [0.0] * 12
    assert opinions(talked(2)).tolist() == [100.0 + member for member in range(12)]


def test_opinions_are_read_by_others_and_kept_in_the_record() -> None:
    run = talked(3)
    assert opinions(run, 0).tolist() == [float(member) for member in range(12)]
    assert set(opinions(run, 1)) <= {float(member) for member in range(12)}
    others = run.agents[run.agents["population"] == "q"]
    assert others["opinion"].isna().all()


def test_populations_are_sampled_with_the_mean_of_known_opinions_and_begin_each_episode_with_the_first() -> None:
    run = talked(6, run={"steps": 2, "episodes": 2, "seed": 5}, record={"agents_every": 1, "agents": "populations"})
    assert opinions(run).tolist() == [0.25, 0.25]
    first = talked(9, run={"steps": 1, "episodes": 3, "seed": 5}, record={"agents_every": 1, "agents": "populations"})
    assert opinions(first).tolist() == [9.0, 9.0, 9.0]


def test_who_publishes_nothing_leaves_no_column() -> None:
    tree = parse({
        "run": {"steps": 2},
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit"}],
        "populations": [{"name": "q", "strategy": "noise"}],
    })  # fmt: skip
    assert "opinion" not in execute(tree).agents.columns


@pytest.mark.parametrize(("what", "said"), [(4, "neighbour 2 — there are 2"), (5, "member 12 — there are 12")])
def test_a_neighbour_or_member_that_does_not_exist_ends_the_run_in_words(what: int, said: str) -> None:
    with pytest.raises(StrategyError, match=said):
        talked(what, {"kind": "ring"})


def test_first_opinions_of_another_number_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(TALKER.replace('"talker"', '"wrong"').replace("* count", "* 3"), encoding="utf-8")
    load_file(path)
    with pytest.raises(StrategyError, match="return one number for each of 12 members"):
        talked(0, populations=[{"name": "p", "strategy": "wrong", "count": 12}])


# --- signals --------------------------------------------------------------------------------------------------------


def signals(sees: dict[str, Any], episodes: int = 4_000, count: int = 1) -> Run:
    """Traders that buy at the high signal and sell at the low one, before a deep maker at one half."""
    return execute(parse({
        "run": {"steps": 1, "episodes": episodes, "seed": 3},
        "instruments": [{"name": "ACME", "value": BINARY}],
        "venues": [{"name": "lit"}],
        "populations": [
            {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.1, "quantity": 1000}},
            {"name": "p", "strategy": "informed", "count": count, "turn": 1, "sees": sees},
        ],
        "record": {"agents": "none", "levels": 0},
    }))  # fmt: skip


def rights(run: Run) -> Any:
    trades = run.trades
    return (trades["aggressor"].astype(str).to_numpy() == "buy") == (trades["value"].to_numpy() > 0.5)


@pytest.mark.parametrize("precision", [0.6, 0.9, 1.0])
def test_a_binary_signal_is_right_with_its_precision(precision: float) -> None:
    right = rights(signals({"precision": precision}))
    assert len(right) == 4_000
    assert abs(right.mean() - precision) <= 4 * max(right.std(), 1e-9) / np.sqrt(len(right))


def test_members_err_apart_unless_a_signal_is_drawn_once_an_episode() -> None:
    run = signals({"precision": 0.7}, episodes=2_000, count=2)
    both = rights(run).reshape(-1, 2).sum(axis=1)
    assert abs((both == 2).mean() - 0.49) < 4 * np.sqrt(0.49 * 0.51 / 2_000)


def test_whoever_asks_later_finds_the_same_signals() -> None:
    from sim.valuation.binary_signals import rights_of

    for redraw in ("step", "episode"):
        run = signals({"precision": 0.7, "redraw": redraw}, episodes=300, count=3)
        trades = run.trades
        found = rights_of(3, run.scenario.populations[1], trades["taker"], trades["episode"], trades["step"])
        assert (found == rights(run)).all()


def test_news_comes_per_hop_steps_later_for_each_hop_and_never_where_no_link_leads() -> None:
    tree = {
        "run": {"steps": 40, "seed": 3},
        "instruments": [
            {"name": "ACME", "value": {"process": "constant", "initial": 100.0}, "shocks": [{"step": 5, "value": 1.0}]}
        ],
        "venues": [{"name": "lit"}],
        "networks": [{"name": "friends", "kind": "lattice", "columns": 5, "periodic": False}],
        "populations": [
            {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.1, "quantity": 1000}},
            {"name": "p", "strategy": "informed", "count": 10, "turn": 1,
             "sees": {"network": "friends", "sources": [0], "per_hop": 4, "delay": 1}},
        ],
    }  # fmt: skip
    trades = execute(parse(tree)).trades
    first = trades.groupby("taker")["step"].min()
    assert first.to_dict() == {row * 5 + column: 5 + 1 + 4 * (row + column) for row in range(2) for column in range(5)}
    alone = tree | {"networks": [{"name": "friends", "kind": "random", "mean_degree": 0.0}]}
    assert set(execute(parse(alone)).trades["taker"]) == {0}
