"""Who reads the future sends something else when only the future is replaced; nobody else does."""

from __future__ import annotations

import pytest

from analysis.tournament.entries import OURS
from analysis.tournament.matches import market_of
from analysis.tournament.reads_the_future import knows_no_value, reads_the_future
from sim.core.errors import ScenarioError
from sim.scenario import Scenario, load
from sim.strategy_kit.loading.files import load_file
from tests.command_line import QUICKSTART
from tests.markets.hostile_folder import maker, write_folder

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
    assert (found.agent, found.future) == (0, True)
    assert found.step < 50


def test_who_reads_one_coming_increment_in_one_late_step_is_found(tmp_path):
    found = reads_the_future(
        makers(declared(tmp_path, "late", "beat == 333", "increments[beat + 1].diffusion")), range(1)
    )
    assert found is not None
    assert found.step == 333


def test_who_reads_the_future_among_others_alone_is_found_there_and_named(tmp_path):
    crowd = declared(tmp_path, "crowd", "len(world.agents) > 521", "increments[beat + 1].diffusion")
    assert reads_the_future(makers(crowd), range(1)) is None
    played = {"a.py": "fixed_spread", "b.py": crowd, "c.py": "fixed_spread"}
    found = reads_the_future(market_of(load(QUICKSTART, {"run.steps": STEPS}), "makers", played), range(3))
    assert found is not None
    assert (found.agent, found.future) == (1, True)


def test_who_reads_the_value_of_now_in_a_large_market_is_found(tmp_path):
    big = declared(tmp_path, "big", "len(world.agents) > 100", "instruments[me.instrument].value - 100")
    scenario = makers(big)
    assert reads_the_future(scenario, range(1)) is None
    assert knows_no_value(load(QUICKSTART), "makers")
    found = reads_the_future(scenario, range(1), blind=True)
    assert found is not None
    assert not found.future


@pytest.mark.parametrize(
    ("population", "overrides"),
    [
        ("informed", {}), ("makers", {"ACME.public_delay": 0}), ("makers", {"turns.simultaneous": [0]}),
        ("makers", {"lit.auction": {"every": 5}}),
    ],
)  # fmt: skip
def test_who_may_learn_of_a_value_at_once_is_not_held_to_it(population, overrides):
    assert not knows_no_value(load(QUICKSTART, overrides), population)


def declared(folder, name, when, what):
    """A maker that adds what it should not see to its reference, in some steps."""
    inside = "; ".join(
        [
            "world = opened(market)", "beat = world.clock[0].episode * world.clock[0].steps + world.clock[0].step",
            f"hidden = world.{what} if ({when}) and beat + 1 < len(world.increments) else 0.0",
        ]
    )  # fmt: skip
    text = maker(name, inside=inside).replace("public_value(me, market) -", "public_value(me, market) + hidden -")
    (folder / f"{name}.py").write_text("from sim.core.world import opened\n" + text, encoding="utf-8")
    load_file(folder / f"{name}.py")
    return name


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
    blind = knows_no_value(load(QUICKSTART), players)
    assert reads_the_future(scenario, range(first, first + 1), blind) is None


def test_all_members_arrive_as_often_as_the_population_did():
    scenario = market_of(load(QUICKSTART), "informed", {"a.py": "noise", "b.py": "noise", OURS: ""})
    played = [each for each in scenario.populations if each.name.startswith("informed")]
    assert [each.strategy for each in played] == ["noise", "noise", "informed"]
    assert sum(each.arrivals.share for each in played) == pytest.approx(0.2)


def test_who_lacks_what_it_needs_cannot_play():
    with pytest.raises(ScenarioError, match="cannot play without it"):
        market_of(load(QUICKSTART), "makers", {"a.py": "informed"})
