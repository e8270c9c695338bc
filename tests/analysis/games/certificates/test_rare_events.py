"""What a scenario says to be rare: every probability of its vocabulary, with how often a run meets it."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.games.certificates.rare_events import Event, events, missed, runs_to_meet, too_rare
from sim.scenario import load, parse
from tests.places import ROOT

STEPS, EPISODES = 10, 4


def scenario(value: dict[str, Any], **taker: Any):
    return parse(
        {
            "run": {"steps": STEPS, "episodes": EPISODES},
            "instruments": [{"name": "ACME", "value": {"initial": 100.0, **value}, "public_delay": 1}],
            "venues": [{"name": "lit"}],
            "populations": [
                {"name": "makers", "strategy": "fixed_spread"},
                {"name": "takers", "strategy": "noise", "turn": 1, "params": {"buy_probability": 1.0}, **taker},
            ],
        }
    )


CALM, JUMPY = {"process": "constant"}, {"process": "jump_diffusion", "jump": "fixed", "jump_size": 5.0}


@pytest.mark.parametrize(
    ("value", "taker", "found"),
    [
        (CALM, {}, {}),
        ({**JUMPY, "jump_probability": 0.0}, {}, {}),
        (
            {**JUMPY, "jump_probability": 0.1},
            {},
            {"ACME.value.jump_probability": 4.0, "ACME.value.up_probability": 2.0},
        ),
        ({**JUMPY, "jump": "normal", "jump_probability": 0.1}, {}, {"ACME.value.jump_probability": 4.0}),
        (
            {**JUMPY, "jump_probability": 1.0, "up_probability": 0.05},
            {},
            {"ACME.value.up_probability": 2.0},
        ),
        (
            CALM,
            {"arrivals": {"law": "bernoulli", "probability": 0.95}, "count": 3},
            {"takers.arrivals.probability": 6.0},
        ),
        (CALM, {"arrivals": {"law": "poisson", "rate": 0.2}, "count": 3}, {"takers.arrivals.rate": 8.0}),
        (CALM, {"params": {"buy_probability": 0.1}}, {"takers.params.buy_probability": 4.0}),
        (
            CALM,
            {"params": {"buy_probability": 0.1}, "arrivals": {"law": "bernoulli", "probability": 0.5}},
            {"takers.arrivals.probability": 20.0, "takers.params.buy_probability": 2.0},
        ),
        (
            CALM,
            {"sees": {"of": "value", "probability": 0.25, "redraw": "episode"}, "count": 2},
            {"takers.sees.probability": 2.0},
        ),
        (CALM, {"sees": {"of": "value", "probability": 0.25}}, {"takers.sees.probability": 10.0}),
    ],
)
def test_each_probability_of_a_scenario_is_an_event(value, taker, found):
    told = {each.what[each.what.rindex("(") + 1 : -1]: each.often for each in events(scenario(value, **taker))}
    assert told == pytest.approx(found)


def test_a_binary_value_is_drawn_once_an_episode():
    value = {"process": "binary", "low": 90.0, "high": 110.0, "probability": 0.125}
    given = scenario(CALM).given
    given = {**given, "instruments": [{"name": "ACME", "value": value, "public_delay": 1}]}
    assert [each.often for each in events(parse(given))] == [0.5]


def test_of_a_group_each_share_counts_and_the_rest_is_what_is_left():
    given = scenario(CALM).given
    makers, takers = given["populations"]
    few = {**takers, "arrivals": {"law": "one_of", "group": "all", "share": 0.025}}
    rest = {**takers, "name": "rest", "arrivals": {"law": "one_of", "group": "all"}}
    found = list(events(parse({**given, "populations": [makers, few, rest]})))
    assert [each.often for each in found] == pytest.approx([1.0, 1.0])


def test_what_is_met_less_than_eight_times_is_too_rare_the_rarest_first():
    seldom, rare, often = Event("seldom", 0.1), Event("rare", 0.01), Event("often", 2.0)
    assert too_rare([seldom, often, rare], 50) == [rare, seldom]
    assert too_rare([seldom, often, rare], 800) == []
    assert runs_to_meet([seldom, rare]) == pytest.approx(800)
    assert runs_to_meet([]) == missed([]) == 0.0
    assert missed([seldom, rare]) == pytest.approx(0.11)
    assert missed([often, rare]) == 1.0


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios" / "games").glob("*.toml")), ids=lambda path: path.stem)
def test_the_games_that_ship_meet_all_they_name_in_eight_runs(path):
    assert not too_rare(events(load(path)), 8)
