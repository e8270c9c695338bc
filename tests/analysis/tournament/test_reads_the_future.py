"""Who reads the future sends something else when only the future is replaced; nobody else does."""

from __future__ import annotations

import pytest

from analysis.tournament.entries import OURS
from analysis.tournament.matches import market_of
from analysis.tournament.reads_the_future import reads_the_future
from sim.core.errors import ScenarioError
from sim.scenario import Scenario, load
from sim.strategy_kit.loading.files import load_file
from tests.command_line import QUICKSTART
from tests.markets.hostile_folder import write_folder

STEPS = 400


@pytest.fixture(scope="module", autouse=True)
def oracle(tmp_path_factory) -> None:
    load_file(write_folder(tmp_path_factory.mktemp("folder"), "oracle.py") / "oracle.py")


def makers(strategy: str, **overrides: object) -> Scenario:
    changes = {"run.steps": STEPS, **{name.replace("__", "."): value for name, value in overrides.items()}}
    return market_of(load(QUICKSTART, changes), "makers", {"file.py" if strategy else OURS: strategy})


def test_who_trades_on_coming_increments_is_found_at_once():
    found = reads_the_future(makers("oracle"), range(1))
    assert found is not None
    step, begin = found
    assert begin - 5 <= step < begin < 50


def test_who_reads_coming_values_of_a_file_is_found(tmp_path):
    values = tmp_path / "values.csv"
    near = (0.2 + 0.05 * (place // 9 % 9) for place in range(STEPS))  # five in a row are sometimes more than 2
    values.write_text("\n".join(["value", *map(str, near)]))
    value = {"process": "file", "path": str(values)}
    assert reads_the_future(makers("oracle", ACME__value=value), range(1)) is not None


def test_who_reads_the_future_of_a_later_episode_is_found():
    found = reads_the_future(makers("oracle", run__episodes=3, run__steps=40), range(1))
    assert found is not None


@pytest.mark.parametrize("players", ["makers", "informed", "noise"])
def test_who_knows_the_value_now_does_not_read_the_future(players):
    scenario = market_of(load(QUICKSTART, {"run.steps": STEPS}), players, {OURS: ""})
    first = {"makers": 0, "noise": 2, "informed": 502}[players]
    assert reads_the_future(scenario, range(first, first + 1)) is None


def test_all_members_arrive_as_often_as_the_population_did():
    scenario = market_of(load(QUICKSTART), "informed", {"a.py": "noise", "b.py": "noise", OURS: ""})
    played = [each for each in scenario.populations if each.name.startswith("informed")]
    assert [each.strategy for each in played] == ["noise", "noise", "informed"]
    assert sum(each.arrivals.share for each in played) == pytest.approx(0.2)


def test_who_lacks_what_it_needs_cannot_play():
    with pytest.raises(ScenarioError, match="cannot play without it"):
        market_of(load(QUICKSTART), "makers", {"a.py": "informed"})
