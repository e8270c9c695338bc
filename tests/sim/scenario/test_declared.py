"""What may stand at a path, and the table [dashboard] that names some."""

from __future__ import annotations

from typing import Any

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import dump_toml, load, parse, with_counterfactual, with_overrides
from sim.scenario.choices import Players
from sim.scenario.declared import Declared, declared, declared_in
from sim.scenario.overrides import NotThere
from tests.command_line import MARKET, QUICKSTART

GIVEN = load(QUICKSTART).given


def dashboard(*paths: str, more: str = "") -> str:
    return f"{MARKET}\n{more}\n[dashboard]\ncontrols = {list(paths)}".replace("'", '"')


def test_a_key_of_a_table_is_declared_by_the_vocabulary() -> None:
    found = declared(GIVEN, "informed.arrivals.share")
    assert found == Declared("informed.arrivals.share", 0.2, found.meaning, low=0.0, high=1.0)
    assert found.meaning.startswith("probability that the arrival is theirs")


def test_a_parameter_is_declared_by_its_strategy() -> None:
    found = declared(GIVEN, "makers.params.risk_aversion")
    assert (found.value, found.low, found.unit, found.whole) == (0.1, 0.0, "1 / currency", False)
    assert declared(GIVEN, "makers.params.quantity").whole


def test_a_bound_that_may_not_stand_is_open() -> None:
    found = declared(GIVEN, "lit.tick_size")
    assert (found.low, found.open_low) == (0.0, True)


def test_what_is_left_out_has_its_default() -> None:
    given = parse(MARKET).given
    assert declared(given, "maker.count").value == 1
    assert declared(given, "maker.endowment.cash").value == 0.0
    assert declared(given, "maker.params.half_spread").value > 0


@pytest.mark.parametrize("path", ["populations.makers.count", "populations[0].count", "makers.count"])
def test_a_path_may_be_written_as_for_set(path: str) -> None:
    assert declared(GIVEN, path).value == 2


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("makers.cuont", "did you mean 'count'"),
        ("maker.count", "did you mean 'makers'"),
        ("makers", "this is a table"),
        ("makers.params", "cannot be changed"),
        ("makers.params.risk_aversoin", "did you mean 'risk_aversion'"),
        ("makers.sees.delay", "'sees' is not in the scenario"),
        ("noise.arrivals.share", "leaves this open"),
        ("makers.venues", "cannot be changed"),
        ("ACME.value", "cannot be changed"),
        ("title", "cannot be changed"),
        ("makers.count.more", "has nothing in it"),
        ("populations[7].count", "there is no member"),
        ("a..b", "this does not say path=value"),
    ],
)
def test_a_path_that_leads_to_no_value_says_why(path: str, words: str) -> None:
    with pytest.raises(NotThere) as wrong:
        declared(GIVEN, path)
    assert words in " ".join(wrong.value.args)


def test_what_a_file_sets_leads_to_itself() -> None:
    found = list(declared_in(GIVEN))
    assert [each.path for each in found][:3] == [
        "makers.count",
        "makers.params.quantity",
        "makers.params.risk_aversion",
    ]
    assert all(declared(GIVEN, each.path) == each for each in found)


def test_a_name_that_two_things_have_is_written_with_its_array() -> None:
    text = MARKET.replace('name = "noise"', 'name = "ACME"')
    assert {each.path for each in declared_in(parse(text).given)} == {
        "instruments.ACME.value.initial", "instruments.ACME.value.volatility",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["maker.cuont"], "dashboard.controls[0]: maker.cuont: there is no key 'cuont' — did you mean 'count'?"),
        (["maker.count", "maker.count"], "dashboard.controls[1]: maker.count: this value is listed twice"),
        (["noise.params"], "dashboard.controls[0]: noise.params: this cannot be changed on the page"),
        (["maker.strategy"], "dashboard.controls[0]: maker.strategy: this cannot be changed on the page"),
        (["title"], "dashboard.controls[0]: title: this cannot be changed on the page"),
        (["run.seed"], "dashboard.controls[0]: run.seed: the page has a box for the seed — leave it out"),
        (["record.messages"], "dashboard.controls[0]: record.messages: the page shows nothing of it — leave it out"),
    ],
)
def test_a_control_that_leads_to_no_value_is_a_problem_of_the_file(paths: list[str], words: str) -> None:
    with pytest.raises(ScenarioError) as wrong:
        parse(dashboard(*paths))
    assert words in str(wrong.value)


@pytest.mark.parametrize("text", ["controls = []", "controls = 3", "sliders = []"])
def test_the_table_is_checked_as_others_are(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"dashboard\.(controls|sliders)"):
        parse(f"{MARKET}\n[dashboard]\n{text}")


def test_a_change_may_lead_a_control_nowhere() -> None:
    scenario = parse(dashboard("maker.params.half_spread"))
    changed = with_overrides(scenario, {"maker.strategy": "adaptive"})
    assert changed.dashboard == scenario.dashboard


def test_no_run_depends_on_the_page() -> None:
    scenario, plain = parse(dashboard("maker.count")), parse(MARKET)
    assert scenario == plain
    assert dump_toml(scenario) == dump_toml(plain)


def test_a_counterfactual_may_leave_out_what_the_page_shows() -> None:
    asked: dict[str, Any] = {"without": {"noise.count": 0}}
    text = dashboard("noise.count", more='[counterfactuals]\nwithout = { "noise.count" = 0 }')
    scenario = parse(text)
    assert scenario.counterfactuals == asked
    assert [each.name for each in with_counterfactual(scenario, "without").populations] == ["maker"]


def test_players_are_parted_whatever_the_page_shows() -> None:
    offered = "[game.strategies.wide]\nhalf_spread = 0.3\n[game.strategies.narrow]\nhalf_spread = 0.1"
    game = f'[game]\nplayers = "maker"\n{offered}'
    scenario = parse(
        dashboard("maker.count", more=game).replace('strategy = "fixed_spread"', 'strategy = "fixed_spread"\ncount = 2')
    )
    played = Players(scenario).playing({"maker": ["wide", "narrow"]})
    assert [each.name for each in played.populations] == ["maker:0", "maker:1", "noise"]
