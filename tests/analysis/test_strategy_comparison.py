"""Choosing strategies of a game, and the showdown of all of them on the same random numbers."""

import json

import pytest

from analysis.strategy_comparison import compare_strategies, main
from sim.core.errors import RunError, ScenarioError
from sim.runs.execute import execute
from sim.scenario import load, parse
from sim.scenario.choices import with_choices
from tests.command_line import MARKET, ROOT

GAME = (
    MARKET
    + """
[record]
messages = true
[game]
players = "maker"
[game.strategies]
near = { half_spread = 0.02 }
far = { half_spread = 0.2, quantity = 3 }
other = { strategy = "undercutter", quantity = 2 }
"""
)
SHOWDOWN = ROOT / "scenarios" / "maker_showdown.toml"


def test_a_choice_sets_its_params_or_takes_another_strategy():
    scenario = parse(GAME)
    far, other = with_choices(scenario, {"maker": "far"}), with_choices(scenario, {"maker": "other"})
    assert far.populations[0].strategy == "fixed_spread"
    assert far.populations[0].params["half_spread"] == 0.2
    assert other.populations[0].strategy == "undercutter"
    assert other.populations[0].params["quantity"] == 2
    assert far.game is None  # it is played
    assert scenario.game is not None


@pytest.mark.parametrize(
    ("choices", "said"), [({"makr": "far"}, "did you mean 'maker'"), ({"maker": "fare"}, "did you mean 'far'")]
)
def test_a_choice_that_is_not_offered_is_named(choices, said):
    with pytest.raises(ScenarioError, match=said):
        with_choices(parse(GAME), choices)


def test_all_else_is_the_same_whoever_plays():
    scenario = parse(GAME)
    runs = [execute(with_choices(scenario, {"maker": name})) for name in ("near", "far")]
    sent = [run.messages[run.messages["population"] == "noise"][["step", "agent", "side", "quantity"]] for run in runs]
    assert sent[0].reset_index(drop=True).equals(sent[1].reset_index(drop=True))
    assert runs[0].book["value"].equals(runs[1].book["value"])


def test_alone_the_makers_that_quote_narrowest_earn_least():
    results = compare_strategies(load(SHOWDOWN, {"run.episodes": 40}))
    poorest, narrowest = (
        {each.strategy for each in sorted(results, key=key)[:3]}
        for key in (lambda each: each.payoff.value, lambda each: each.quoted_spread)
    )
    assert poorest == narrowest == {"adaptive", "adaptive_garch", "glosten_milgrom_grid"}


def test_payoffs_come_from_somebody():
    for each in compare_strategies(parse(GAME)):
        assert each.payoff.value == pytest.approx(each.against_customers.value - each.lost_to_informed.value)
    with pytest.raises(RunError, match="no \\[game\\]"):
        compare_strategies(parse(MARKET))


def test_the_command_prints_and_draws(tmp_path, capsys):
    short = ["--set", "run.steps=60", "--set", "run.episodes=2", "--out", str(tmp_path)]
    assert main([str(SHOWDOWN), "--json", *short]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["strategy"] for row in rows][:3] == ["fixed_spread", "adaptive", "adaptive_garch"]
    assert main([str(SHOWDOWN), *short]) == 0
    printed = capsys.readouterr().out
    assert "gueant_lehalle_tapia" in printed
    assert "currency per episode" in printed
    assert (tmp_path / "maker_showdown-showdown.png").stat().st_size > 10_000


def test_a_missing_file_is_one_clear_error(tmp_path, capsys):
    assert main([str(tmp_path / "no.toml")]) == 2
    assert "there is no such file" in capsys.readouterr().err
