"""Counterfactuals of a scenario: each is checked when the file is read, and no run depends on them."""

from __future__ import annotations

from typing import Any

import pytest

from sim.core.errors import ScenarioError
from sim.experiment.jobs import digest_of
from sim.runs.execute import execute
from sim.scenario import dump_toml, parse, with_counterfactual
from sim.scenario.choices import Players, with_choices
from tests.command_line import MARKET

ASKED = (
    MARKET
    + """
[counterfactuals]
wide = { "populations.maker.params.half_spread" = 0.2 }
alone = { "noise.count" = 0, "run.steps" = 20 }
seldom = { "noise.arrivals" = { law = "bernoulli", probability = 0.1 } }
"""
)


def problems(table: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse(MARKET + "[counterfactuals]\n" + table)
    return [str(each) for each in caught.value.problems]


def test_a_counterfactual_is_the_scenario_with_its_values_set():
    scenario = parse(ASKED, seed=5)
    wide, alone, seldom = (with_counterfactual(scenario, name) for name in ("wide", "alone", "seldom"))
    assert wide.populations[0].params["half_spread"] == 0.2
    assert (alone.run.steps, [each.name for each in alone.populations]) == (20, ["maker"])
    assert seldom.populations[1].arrivals == parse(ASKED, overrides={
        "noise.arrivals": {"law": "bernoulli", "probability": 0.1}
    }).populations[1].arrivals  # fmt: skip
    assert {each.run.seed for each in (wide, alone, seldom)} == {5}
    assert wide.changes == {"populations.maker.params.half_spread": 0.2}
    assert not wide.counterfactuals


def test_no_run_no_digest_and_no_dump_depends_on_counterfactuals():
    plain, asked = parse(MARKET), parse(ASKED)
    assert dump_toml(plain) == dump_toml(asked)
    assert plain == asked
    assert digest_of(plain) == digest_of(asked)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('x = { "populations.noise.cuont" = 1 }', "counterfactuals.x: populations.noise.cuont: there is no key"),
        ('x = { "nois.count" = 1 }', "counterfactuals.x: nois.count: the scenario has no 'nois' — did you mean"),
        ('x = { "noise.count" = -1 }', "counterfactuals.x: populations.noise.count: -1 is below the least allowed"),
        ('x = { "maker.params.half_spred" = 1 }', "counterfactuals.x: populations.maker.params.half_spred: strategy"),
        ("x = {}", "counterfactuals.x: is empty; at least one is needed"),
        ('base = { "noise.count" = 1 }', "counterfactuals.base: 'base' is what the scenario itself is called"),
        ('"a b" = { "noise.count" = 1 }', "'a b' is not a name"),
        ('x = { "run.seed" = 2 }', "counterfactuals.x: run.seed: the scenario and its counterfactuals run on the same"),
        ('x = { "noise.count" = 2, "populations.noise.count" = 2 }', "counterfactuals.x: populations.noise.count: th"),
        ('x = { "counterfactuals.x" = 2 }', "counterfactuals.x: counterfactuals.x: a counterfactual changes"),
        ("x = { populations.noise.count = 2 }", "write the whole path in quotes: 'populations.noise.count'"),
        ("x = 3", "counterfactuals.x: 3 is not a table"),
        ('x = { "noise.count" = 0, "maker.count" = 0 }', "counterfactuals.x: populations: is empty"),
    ],
)  # fmt: skip
def test_a_counterfactual_that_cannot_be_is_refused_with_its_name_and_path(table, said):
    found = problems(table)
    assert any(said in each for each in found), found


def test_mistakes_of_all_counterfactuals_are_said_at_once_and_those_of_the_scenario_before():
    both = problems('x = { "noise.count" = -1 }\ny = { "maker.count" = -1 }')
    assert [each.split(":")[0] for each in both] == ["counterfactuals.x", "counterfactuals.y"]
    with pytest.raises(ScenarioError) as caught:
        parse(ASKED, overrides={"run.steps": 0})
    assert [each.place for each in caught.value.problems] == ["run.steps"]


# --- a population that is left out ---------------------------------------------------------------------------------


def without_noise() -> dict[str, Any]:
    data = parse(MARKET).given
    return {**data, "populations": [each for each in data["populations"] if each["name"] != "noise"]}


def test_a_count_of_nought_in_a_counterfactual_leaves_the_population_out_as_if_its_table_were_not_there():
    absent = with_counterfactual(parse(MARKET + '[counterfactuals]\nalone = { "noise.count" = 0 }\n'), "alone")
    assert absent == parse(without_noise())
    assert execute(absent).book.equals(execute(parse(without_noise())).book)
    assert absent.changes == {"noise.count": 0}


def test_elsewhere_a_population_has_a_member_at_least():
    with pytest.raises(ScenarioError, match=r"populations\.noise\.count: 0 is below the least allowed, 1"):
        parse(ASKED, overrides={"noise.count": 0})


def test_those_that_name_a_population_that_is_left_out_hear_that_it_is_not_there():
    game = '[game]\nplayers = "noise"\n[game.strategies]\none = { quantity = 2 }\ntwo = { quantity = 3 }\n'
    with pytest.raises(ScenarioError, match=r"counterfactuals\.x: game\.players: there is no population 'noise'"):
        parse(MARKET + game + '[counterfactuals]\nx = { "noise.count" = 0 }\n')


def test_strategies_that_are_chosen_in_a_game_are_not_held_to_its_counterfactuals():
    game = (
        '[game]\nplayers = "maker"\n[game.strategies]\none = { half_spread = 0.1 }\ntwo = { strategy = "adaptive" }\n'
    )
    scenario = parse(MARKET + game + '[counterfactuals]\nx = { "maker.params.half_spread" = 0.3 }\n')
    assert with_choices(scenario, {"maker": "two"}).populations[0].strategy == "adaptive"
    assert Players(scenario).playing({"maker": ["two"]}).populations[0].strategy == "adaptive"
