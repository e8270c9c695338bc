"""Hawkes arrivals: the law of their counts, given the past, and who excites whom."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.core.errors import ScenarioError
from sim.runs.execute import execute
from sim.scenario import parse

STEPS = 30_000


def market(*populations: dict[str, Any], steps: int = STEPS, episodes: int = 1, seed: int = 11) -> dict[str, Any]:
    """Takers before an empty book: every turn is one message."""
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": seed},
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "lit"}],
        "populations": [{"strategy": "noise", "count": 5} | each for each in populations],
        "record": {"messages": True, "agents": "none", "levels": 0},
    }


def law(rate: float, mass: float = 0.0, decay: float = 1.0, **by: float) -> dict[str, Any]:
    return {"law": "hawkes", "rate": rate, "mass": mass, "decay": decay, "by": by}


def counts(data: dict[str, Any]) -> dict[str, np.ndarray]:
    """Arrivals in each step, by population, all episodes one behind the other."""
    sent = execute(parse(data)).messages
    when = sent["episode"].to_numpy() * data["run"]["steps"] + sent["step"].to_numpy()
    length = data["run"]["steps"] * data["run"]["episodes"]
    names = sent["population"].astype(str).to_numpy()
    return {each["name"]: np.bincount(when[names == each["name"]], minlength=length) for each in data["populations"]}


def rates(data: dict[str, Any], found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The rate of each step, computed from all arrivals before it by the formula, step by step."""
    steps = data["run"]["steps"]
    made = {}
    for each in data["populations"]:
        given = each["arrivals"]
        if given["law"] != "hawkes":
            continue
        masses = {each["name"]: given["mass"]} | given["by"]
        excitation, path = 0.0, []
        for step in range(len(found[each["name"]])):
            if step % steps == 0:
                excitation = 0.0
            path.append(given["rate"] + excitation)
            news = sum(mass * found[name][step] for name, mass in masses.items())
            excitation = math.exp(-given["decay"]) * (excitation + news * (math.exp(given["decay"]) - 1.0))
        made[each["name"]] = np.array(path)
    return made


def test_counts_given_the_past_are_poisson_with_the_rate_of_the_formula() -> None:
    data = market({"name": "p", "arrivals": law(0.5, 0.6, 0.7)}, steps=10_000, episodes=3)
    found = counts(data)
    rate = rates(data, found)["p"]
    surprise = found["p"] - rate
    error = math.sqrt((surprise**2).mean() / len(rate))
    assert abs(surprise.mean()) < 4 * error
    assert abs((surprise * rate).mean() - 0.0) < 4 * (surprise * rate).std() / math.sqrt(len(rate))
    spread = (surprise**2 - rate) / rate  # a Poisson count varies by its mean
    assert abs(spread.mean()) < 4 * spread.std() / math.sqrt(len(rate))
    assert abs(np.corrcoef(surprise[1:], surprise[:-1])[0, 1]) < 4 / math.sqrt(len(rate))


@pytest.mark.parametrize(("rate", "mass", "decay"), [(0.5, 0.7, 1.0), (0.2, 0.9, 2.0), (1.0, 0.3, 1.0)])
def test_as_many_arrive_as_rate_over_one_less_mass(rate: float, mass: float, decay: float) -> None:
    found = counts(market({"name": "p", "arrivals": law(rate, mass, decay)}))["p"]
    blocks = found[: STEPS // 1000 * 1000].reshape(-1, 1000).mean(axis=1)[1:]
    assert abs(blocks.mean() - rate / (1.0 - mass)) < 4 * blocks.std(ddof=1) / math.sqrt(len(blocks))


def test_without_mass_it_is_poisson_arrivals() -> None:
    found = counts(market({"name": "p", "arrivals": law(0.8)}))["p"]
    assert found.var() / found.mean() == pytest.approx(1.0, abs=4 * math.sqrt(2 / STEPS))
    assert found.mean() == pytest.approx(0.8, abs=4 * math.sqrt(0.8 / STEPS))


def test_one_population_excites_another_and_not_the_other_way_round() -> None:
    poisson = {"law": "poisson", "rate": 0.3}
    data = market({"name": "q", "arrivals": poisson}, {"name": "p", "arrivals": law(0.1, 0.2, 1.0, q=0.5)})
    found = counts(data)
    assert found["p"].mean() == pytest.approx((0.1 + 0.5 * 0.3) / 0.8, rel=0.1)
    plain = market({"name": "q", "arrivals": poisson}, {"name": "p", "arrivals": law(0.1, 0.2, 1.0)})
    assert (counts(plain)["q"] == found["q"]).all()
    rate = rates(data, found)["p"]
    assert np.cov(found["p"], rate)[0, 1] / rate.var() == pytest.approx(1.0, abs=0.1)


def test_members_arrive_alike_and_may_arrive_again_in_the_same_step() -> None:
    data = market({"name": "p", "arrivals": law(2.0, 0.5)}, steps=5_000)
    sent = execute(parse(data)).messages
    each = np.bincount(sent["agent"], minlength=5)
    expected = len(sent) / 5
    assert (abs(each - expected) < 4 * math.sqrt(expected)).all()
    assert sent.groupby(["step", "agent"]).size().max() > 1


def test_an_episode_begins_without_a_past() -> None:
    found = counts(market({"name": "p", "arrivals": law(1.0, 0.95, 0.05)}, steps=40, episodes=2_000))["p"]
    first = found.reshape(-1, 40)[:, 0]
    assert abs(first.mean() - 1.0) < 4 * first.std(ddof=1) / math.sqrt(len(first))


def test_a_list_of_turns_that_is_full_loses_nobody() -> None:
    data = market({"name": "p", "count": 2, "arrivals": law(400.0, 0.5)}, steps=50)  # the list begins with 66 turns
    found = counts(data)["p"]
    assert found[20:].mean() == pytest.approx(800.0, rel=0.1)
    assert (counts(data | {"run": data["run"] | {"seed": 12}})["p"] != found).any()


def test_arrivals_that_breed_as_many_as_they_are_cannot_be() -> None:
    with pytest.raises(ScenarioError, match="spectral radius"):
        parse(market({"name": "p", "arrivals": law(1.0, 1.0)}))
