"""Who acts in a step, and in which order: each law against its frequencies, each order against chance."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.mesa_model.market import Market
from sim.runs.execute import execute
from sim.scenario import parse
from sim.strategy_kit import registry
from sim.strategy_kit.loading.files import load_file

NOISE = {"strategy": "noise", "params": {"distribution": "lognormal", "quantity": 1e6}}
JUMPY = {"process": "jump_diffusion", "initial": 100.0, "jump_probability": 0.2, "jump_size": 1.0}


def market(*populations: dict[str, Any], steps: int = 20_000, **rest: Any) -> dict[str, Any]:
    """Takers before an empty book: every turn is one message."""
    return {
        "run": {"steps": steps, "seed": 11},
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit"}],
        "populations": [{"name": f"p{i}", **NOISE, **each} for i, each in enumerate(populations)],
        "record": {"messages": True, "agents": "none", "levels": 0},
    } | rest


def turns(data: dict[str, Any]) -> pd.DataFrame:
    """Turns in the order in which they were had: episode, step, population, agent, side, quantity."""
    sent = execute(parse(data)).messages.sort_values("sequence")
    columns = ["episode", "step", "population", "agent", "side", "quantity"]
    return sent[columns].astype({"population": str, "side": str}).reset_index(drop=True)


def counts(frame: pd.DataFrame, steps: int) -> np.ndarray:
    """Turns in each step."""
    return np.bincount(frame["step"], minlength=steps)


def assert_share(found: float, expected: float, trials: int) -> None:
    """A frequency within four standard errors of its probability."""
    assert abs(found - expected) <= 4 * math.sqrt(expected * (1 - expected) / trials), (found, expected)


# --- no law, Bernoulli ----------------------------------------------------------------------------------------------


def test_without_a_law_every_member_acts_once_in_every_step():
    frame = turns(market({"count": 7}, steps=50))
    assert (frame.groupby(["step", "agent"]).size() == 1).all()
    assert len(frame) == 7 * 50


@pytest.mark.parametrize("probability", [0.003, 0.3, 0.97])
def test_bernoulli_members_act_with_their_probability_and_at_most_once_a_step(probability):
    steps, members = 20_000, 5
    frame = turns(market({"count": members, "arrivals": {"law": "bernoulli", "probability": probability}}))
    assert not frame.duplicated(["step", "agent"]).any()
    acted = np.zeros((steps, members))
    acted[frame["step"], frame["agent"]] = 1.0
    for member in range(members):
        assert_share(acted[:, member].mean(), probability, steps)
    deviation = acted - probability
    scale = 4 * probability * (1 - probability) / math.sqrt(steps)  # of a product of two independent deviations
    for one in range(members):
        assert abs((deviation[1:, one] * deviation[:-1, one]).mean()) <= scale  # from step to step
        for other in range(one):
            assert abs((deviation[:, one] * deviation[:, other]).mean()) <= scale  # from member to member


def test_bernoulli_with_probability_0_is_never_and_with_1_is_always():
    frame = turns(market({"count": 3, "arrivals": {"law": "bernoulli", "probability": 0.0}},
                         {"count": 4, "arrivals": {"law": "bernoulli", "probability": 1.0}}, steps=3000))  # fmt: skip
    assert set(frame["population"]) == {"p1"}
    assert (frame.groupby(["step", "agent"]).size() == 1).all()
    assert len(frame) == 4 * 3000


def test_bernoulli_starts_anew_in_every_episode():
    data = market({"count": 2, "arrivals": {"law": "bernoulli", "probability": 0.3}})
    data["run"] |= {"steps": 3, "episodes": 20_000}
    frame = turns(data)
    for step in range(3):
        for agent in range(2):
            share = ((frame["step"] == step) & (frame["agent"] == agent)).sum() / 20_000
            assert_share(share, 0.3, 20_000)


# --- Poisson --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.02, 0.7, 2.5, 30.0])
def test_poisson_counts_have_the_mean_the_variance_and_the_independence_of_the_law(rate):
    steps = 20_000
    number = counts(turns(market({"count": 4, "arrivals": {"law": "poisson", "rate": rate}})), steps)
    assert abs(number.mean() - rate) <= 4 * math.sqrt(rate / steps)
    assert abs(((number - rate) ** 2).mean() - rate) <= 4 * math.sqrt((rate + 2 * rate**2) / steps)
    assert abs(((number[1:] - rate) * (number[:-1] - rate)).mean()) <= 4 * rate / math.sqrt(steps)
    if rate < 3:
        for k in range(4):
            assert_share((number == k).mean(), math.exp(-rate) * rate**k / math.factorial(k), steps)


def test_poisson_draws_members_evenly_and_with_replacement():
    frame = turns(market({"count": 4, "arrivals": {"law": "poisson", "rate": 2.5}}))
    for member in range(4):
        assert_share((frame["agent"] == member).mean(), 0.25, len(frame))
    again = frame.duplicated(["step", "agent"])
    # Of a Poisson number N of members drawn from 4, those seen before are N - 4 (1 - (3/4)^N) in the mean.
    expected = 2.5 - 4 * (1 - math.exp(-2.5 / 4))
    assert abs(again.sum() / 20_000 - expected) <= 4 * math.sqrt(2.5 / 20_000)


def test_a_member_that_comes_again_in_a_step_draws_anew():
    frame = turns(market({"count": 1, "arrivals": {"law": "poisson", "rate": 4.0}}, steps=4000))
    repeated = frame[frame["step"].duplicated(keep=False)]
    assert repeated.duplicated(["step", "quantity"]).mean() < 1e-3
    same = (repeated["side"] == repeated["side"].shift()) & (repeated["step"] == repeated["step"].shift())
    pairs = (repeated["step"] == repeated["step"].shift()).sum()
    assert_share(same.sum() / pairs, 0.5, pairs)


def test_poisson_with_rate_0_is_never():
    frame = turns(market({"arrivals": {"law": "poisson", "rate": 0.0}}, {}, steps=100))
    assert set(frame["population"]) == {"p1"}


THIRD = """
from spreadgame.strategy import BUY, limit_order, strategy, uniform


@strategy("third_draw", summary="bids at its third random number, for tests")
def act(me, market):
    uniform(me, market)
    uniform(me, market)
    limit_order(me, market, me.venue, BUY, -int(uniform(me, market) * 2.0**28), 1)
"""


def test_a_turns_place_has_nothing_to_do_with_what_another_turn_draws(tmp_path):
    (tmp_path / "third.py").write_text(THIRD, encoding="utf-8")
    load_file(tmp_path / "third.py")
    often = {"strategy": "third_draw", "params": {}, "arrivals": {"law": "poisson", "rate": 30.0}}
    stepped = Market(parse(market(often, steps=20)))
    keys: set[int] = set()
    while stepped.running:
        before = int(stepped.world.populations[0]["turns"])
        stepped.step()
        length = int(stepped.world.populations[0]["turns"]) - before
        keys |= {int(key) >> 36 for key in stepped.world.turns["key"][:length]}
    drawn = -np.asarray(stepped.result().messages["price"]) / 0.01
    assert not keys & {round(draw) for draw in drawn}


# --- groups ---------------------------------------------------------------------------------------------------------


def one_of(share: float | None, count: int = 1, group: str = "g") -> dict[str, Any]:
    law: dict[str, Any] = {"law": "one_of", "group": group}
    return {"count": count, "arrivals": law if share is None else law | {"share": share}}


def test_one_of_gives_exactly_one_arrival_a_step_by_the_shares():
    steps = 20_000
    frame = turns(market(one_of(0.5, 3), one_of(None, 2), one_of(0.15), one_of(0.0)))
    assert (counts(frame, steps) == 1).all()
    for name, share in (("p0", 0.5), ("p1", 0.35), ("p2", 0.15)):
        assert_share((frame["population"] == name).mean(), share, steps)
    assert "p3" not in set(frame["population"])
    for name, members in (("p0", 3), ("p1", 2)):
        mine = frame[frame["population"] == name]
        for member in range(members):
            assert_share((mine["agent"] == member).mean(), 1 / members, len(mine))
    stays = (frame["population"] == frame["population"].shift()).to_numpy()[1:]
    assert_share(stays.mean(), 0.5**2 + 0.35**2 + 0.15**2, steps - 1)  # nor does a step know the last one


def test_two_groups_are_independent():
    frame = turns(market(one_of(0.3), one_of(None), one_of(0.6, group="h"), one_of(None, group="h")))
    assert (counts(frame, 20_000) == 2).all()
    names = frame.groupby("step")["population"].agg(set)
    assert_share(sum({"p0", "p2"} == both for both in names) / 20_000, 0.3 * 0.6, 20_000)


def test_on_news_acts_in_the_steps_of_the_jumps_and_its_group_in_the_others():
    data = market(
        {"count": 2, "arrivals": {"law": "on_news", "group": "g"}}, one_of(0.25), one_of(None), one_of(None, group="h"),
        instruments=[{"name": "ACME", "value": JUMPY, "shocks": [{"step": 5, "value": 1.0}]}],
    )  # fmt: skip
    data["record"] |= {"levels": 1, "book_every": 1}
    run = execute(parse(data))
    value = run.book["value"].to_numpy()
    jumps = np.flatnonzero(np.diff(value, prepend=100.0) != 0.0)
    sent = run.messages.astype({"population": str})
    news = sent[sent["population"] == "p0"]
    assert 5 in jumps
    assert news["step"].tolist() == jumps.tolist()
    assert_share(len(jumps) / 20_000, 0.2, 20_000)
    assert_share((news["agent"] == 0).mean(), 0.5, len(news))
    rest = sent[sent["population"].isin(["p1", "p2"])]
    assert sorted([*rest["step"], *jumps]) == list(range(20_000))
    assert_share((rest["population"] == "p1").mean(), 0.25, len(rest))
    assert (sent["population"] == "p3").sum() == 20_000


def test_a_group_of_news_alone_sleeps_when_there_are_none():
    data = market({"arrivals": {"law": "on_news", "group": "g"}}, steps=2000,
                  instruments=[{"name": "ACME", "value": JUMPY}])  # fmt: skip
    frame = turns(data)
    assert 0 < len(frame) < 2000
    assert not frame["step"].duplicated().any()


# --- turns ----------------------------------------------------------------------------------------------------------


def chi_square(observed: pd.Series, cells: int) -> float:
    expected = observed.sum() / cells
    return float(((observed - expected) ** 2).sum() / expected)


def orders(frame: pd.DataFrame) -> pd.Series:
    """How often each order of the turns of a step came."""
    return frame.groupby("step")[["population", "agent"]].apply(
        lambda rows: tuple(rows.itertuples(index=False, name=None))
    ).value_counts()  # fmt: skip


SURE = {"arrivals": {"law": "bernoulli", "probability": 1.0}}


@pytest.mark.parametrize("populations", [[{"count": 3}], [{"count": 2}, {}], [{}, SURE, one_of(None)]])
def test_the_six_orders_of_three_agents_are_equally_likely(populations):
    found = orders(turns(market(*populations, steps=12_000)))
    assert len(found) == len(list(permutations(range(3))))
    assert chi_square(found, 6) < 27.9  # five degrees of freedom: exceeded once in 26,000


def test_the_first_of_forty_is_any_of_them():
    frame = turns(market({"count": 40}, steps=8000))
    first = frame.groupby("step")["agent"].first().value_counts()
    last = frame.groupby("step")["agent"].last().value_counts()
    assert chi_square(first.reindex(range(40), fill_value=0), 40) < 39 + 4.5 * math.sqrt(78)
    assert chi_square(last.reindex(range(40), fill_value=0), 40) < 39 + 4.5 * math.sqrt(78)


def test_one_orders_steps_say_nothing_about_the_next_ones():
    frame = turns(market({"count": 2}))
    first = frame.groupby("step")["agent"].first().to_numpy()
    assert_share((first[1:] == first[:-1]).mean(), 0.5, len(first) - 1)


def test_lower_ranks_act_first_whatever_the_order_in_the_file():
    frame = turns(market({"count": 3, "turn": 2}, {"count": 2, "turn": -3}, {"count": 4, "turn": 0},
                         {"count": 2, "turn": 2, "arrivals": {"law": "poisson", "rate": 3.0}}, steps=500))  # fmt: skip
    rank = frame["population"].map({"p0": 2, "p1": -3, "p2": 0, "p3": 2})
    assert rank.groupby(frame["step"]).is_monotonic_increasing.all()
    mixed = frame[frame["population"].isin(["p0", "p3"])]
    first = mixed.groupby("step")["population"].first()
    assert set(first) == {"p0", "p3"}  # within a rank, populations come mixed


# --- what it costs --------------------------------------------------------------------------------------------------


def test_sleepers_are_never_asked():
    members, steps, episodes = 1_000_000, 400, 3
    data = market(
        {"count": members, "arrivals": {"law": "bernoulli", "probability": 1e-6}},
        {"count": members, "arrivals": {"law": "poisson", "rate": 0.5}},
        one_of(0.5, members), one_of(None, members), {"arrivals": {"law": "bernoulli", "probability": 0.0}},
    )  # fmt: skip
    data["run"] |= {"steps": steps, "episodes": episodes}
    data["record"] |= {"episodes": "none"}
    stepped = Market(parse(data))
    before = np.zeros(5, np.int64)
    for _ in range(episodes):
        for _ in range(steps):
            stepped.step()
        rows = np.asarray(stepped.world.populations)
        acted = rows["turns"] - before
        before = np.array(rows["turns"])
        # A draw for each distance from one arrival to the next; for Poisson one more for each arrival's member.
        assert rows["ordinal"][0] == acted[0] + 1
        assert rows["ordinal"][1] == 2 * acted[1] + 1
        assert rows["ordinal"][2:4].tolist() == [0, 0]  # a group's draws are counted by the step
        assert rows["ordinal"][4] == 0  # never needs no draw
        assert acted[2] + acted[3] == steps


@pytest.fixture(autouse=True)
def _forget() -> Any:
    known = dict(registry._from_files)
    yield
    registry._from_files.clear()
    registry._from_files.update(known)
