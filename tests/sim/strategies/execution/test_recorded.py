"""Frozen agents: in the market of the recording they change nothing, in another they answer nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core.errors import RunError, ScenarioError, StrategyError
from sim.experiment import Job, run_many
from sim.experiment.jobs import digest_of
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import Scenario, load, parse, with_overrides
from sim.strategy_kit import earlier_run
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.earlier_run import FIELDS, MOST_HELD, recorded_by
from sim.strategy_kit.loading.files import load_files
from tests.command_line import MARKET
from tests.markets.feedback import feedback, strategies
from tests.places import SCENARIOS

LOGGED = {"record.messages": True, "record.trades": True}
POISSON = {  # members act several times in a step, among others'
    "noise.count": 2, "noise.arrivals": {"law": "poisson", "rate": 4.0}, "maker.turn": 1, "maker.count": 2,
    "maker.arrivals": {"law": "poisson", "rate": 3.0},
}  # fmt: skip


def market(**more: Any) -> Scenario:
    return parse(MARKET, overrides=LOGGED | more)


def frozen(scenario: Scenario, run: Run, population: str, **more: Any) -> Scenario:
    """The scenario in which a population sends what it sent in a run."""
    params = {"run": str(run.folder), "population": population}
    changes = {f"populations.{population}.strategy": "recorded", f"populations.{population}.params": params}
    return with_overrides(scenario, changes | more)


def trades(run: Run) -> Any:
    """All of the trades but what makers thought of the value, which nobody sends."""
    return run.table("trades").drop_columns(["belief"])


def shipped(name: str, steps: int, episodes: int) -> Scenario:
    whole = load(SCENARIOS / name)
    given = {key: held for key, held in whole.given.items() if key not in ("game", "counterfactuals")}
    return parse(given, name, SCENARIOS, LOGGED | {"run.steps": steps, "run.episodes": episodes})


@pytest.mark.parametrize(
    "name",
    [
        "quickstart.toml",
        "zero_intelligence.toml",
        "theory/santa_fe.toml",
        "theory/kyle.toml",
        "two_books.toml",
    ],
)
def test_a_population_replaced_by_its_recording_leaves_the_same_trades(name, tmp_path):
    scenario = shipped(name, 150, 2)
    run = execute(scenario, tmp_path)
    assert run.manifest["trades"]
    for population in scenario.populations:
        if len(population.venues) == 1:
            assert trades(execute(frozen(scenario, run, population.name))).equals(trades(run)), population.name


@pytest.mark.parametrize("population", ["maker", "noise"])
def test_members_who_act_several_times_in_a_step_are_parted_as_they_were(population, tmp_path):
    scenario = market(**POISSON)
    run = execute(scenario, tmp_path)
    assert trades(execute(frozen(scenario, run, population))).equals(trades(run))


@pytest.mark.parametrize("population", ["maker", "dealer", "noise"])
def test_schedules_between_ticks_and_orders_to_auctions_come_again_exactly(population, tmp_path):
    load_files([strategies(tmp_path)])
    scenario = parse(feedback(0.5) | {"record": {"messages": True}})
    run = execute(scenario, tmp_path)
    assert trades(execute(frozen(scenario, run, population))).equals(trades(run))


def test_all_populations_replaced_at_once_leave_the_same_trades_and_messages(tmp_path):
    scenario = market(**{"maker.params.levels": 3, "noise.count": 4})
    run = execute(scenario, tmp_path)
    both = frozen(frozen(scenario, run, "maker"), run, "noise")
    assert trades(execute(both)).equals(trades(run))
    assert execute(both).table("messages").equals(run.table("messages"))


MAKERS = ("undercutter", "adaptive", "fixed_spread", "avellaneda_stoikov", "glosten_milgrom_grid", "hot_potato")
OBLIGATION = {"maximum_spread": 0.1, "minimum_size": 3, "presence": 0.9}


def repricing(strategy: str, count: int, matching: str, seed: int, **more: Any) -> Scenario:
    """Makers whose quotes are often in the way of others' limit orders, and are repriced."""
    return parse({
        "run": {"steps": 120, "seed": seed},
        "instruments": [{"name": "ACME", "public_delay": 5,
                         "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.05}}],
        "venues": [{"name": "lit", "tick_size": 0.01, "matching": matching}],
        "populations": [
            {"name": "makers", "strategy": strategy, "count": count, **more},
            {"name": "noise", "strategy": "noise", "turn": 1, "count": 3},
            {"name": "flow", "strategy": "poisson_flow", "turn": 2},
        ],
        "record": {"messages": True},
    })  # fmt: skip


@pytest.mark.parametrize("under", [{}, {"obligation": OBLIGATION}], ids=["free", "obliged"])
@pytest.mark.parametrize("matching", ["price_time", "pro_rata"])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("strategy", MAKERS)
def test_makers_whose_quotes_are_repriced_come_again_exactly(strategy, count, matching, under, tmp_path):
    repriced = 0
    for seed in (1, 2, 3):
        scenario = repricing(strategy, count, matching, seed, **under)
        run = execute(scenario, tmp_path, f"seed{seed}")
        again = execute(frozen(scenario, run, "makers"))
        assert trades(again).equals(trades(run)), seed
        assert again.table("messages").equals(run.table("messages")), seed
        repriced += run.manifest["repriced_quotes"]
    assert repriced or strategy == "hot_potato"


def test_the_log_has_the_price_that_was_asked_for_and_the_one_that_was_given():
    sent = execute(repricing("fixed_spread", 2, "price_time", 1)).messages
    quotes = sent[sent["population"].eq("makers") & sent["kind"].isin(["post_only", "replace"])]
    moved = quotes[quotes["asked"] != quotes["price"]]
    assert 0 < len(moved) < len(quotes)
    assert (moved["side"].map({"buy": 1, "sell": -1}).astype(int) * (moved["asked"] - moved["price"]) > 0).all()
    others = sent[~sent["population"].eq("makers") & sent["kind"].isin(["limit", "market"])]
    assert (others["asked"] == others["price"]).all()
    assert sent[sent["kind"].isin(["cancel", "expire", "withdraw", "self_trade"])]["asked"].isna().all()


def test_an_obligation_holds_for_no_frozen_maker_and_the_scenario_is_told_so(tmp_path):
    scenario = repricing("adaptive", 1, "price_time", 1, obligation=OBLIGATION)
    run = execute(scenario, tmp_path)
    again = frozen(scenario, run, "makers")
    assert [each.place for each in again.warnings()] == ["populations.makers.obligation"]
    assert execute(again).messages["population"].eq("makers").sum() == run.messages["population"].eq("makers").sum()


def test_frozen_agents_answer_nothing(tmp_path):
    scenario = market()
    run = execute(scenario, tmp_path)
    elsewhere = execute(frozen(scenario, run, "noise", **{"maker.params.half_spread": 0.5})).messages
    before = run.messages[run.messages["population"] == "noise"]
    after = elsewhere[elsewhere["population"] == "noise"]
    for column in ("step", "kind", "side", "quantity"):
        assert after[column].tolist() == before[column].tolist()


def test_messages_of_steps_without_a_turn_are_not_sent_later(tmp_path):
    scenario = market()
    run = execute(scenario, tmp_path)
    seldom = {"noise.arrivals": {"law": "bernoulli", "probability": 0.3}}
    sent = execute(frozen(scenario, run, "noise", **seldom)).messages
    kept = sent[sent["population"] == "noise"][["step", "side"]]
    before = run.messages[run.messages["population"] == "noise"][["step", "side"]].set_index("step")["side"]
    assert 0 < len(kept) < 100
    assert (before.loc[kept["step"]].to_numpy() == kept["side"].to_numpy()).all()


def test_without_a_run_it_sends_nothing():
    run = execute(market(**{"noise.strategy": "recorded"}))
    assert run.manifest["trades"] == 0
    assert set(run.messages["population"]) == {"maker"}


def test_a_message_takes_so_many_numbers_whatever_the_run(tmp_path):
    run = execute(market(**{"noise.count": 3, "run.episodes": 2}), tmp_path)
    sent = run.messages[run.messages["population"] == "noise"]
    found = recorded_by(str(run.folder), "noise")
    assert len(found.numbers) == 2 + (3 * 2 + 1) + len(FIELDS) * len(sent)
    assert found.most == 1


def test_places_for_orders_are_used_again_and_too_many_are_refused(monkeypatch, tmp_path):
    scenario = shipped("quickstart.toml", 150, 1)
    run = execute(scenario, tmp_path)
    numbers = recorded_by(str(run.folder), "makers").numbers
    slots = numbers[2 + 2 + 1 :].reshape(-1, len(FIELDS))[:, FIELDS.index("slot")]
    assert (slots >= 0).sum() > 4 * (slots.max() + 1)
    assert slots.max() < MOST_HELD
    monkeypatch.setattr(earlier_run, "MOST_HELD", 1)
    earlier_run._recording.cache_clear()
    with pytest.raises(StrategyError, match=r"population 'makers': a member changes or cancels more than 1 open order"):
        recorded_by(str(run.folder), "makers")
    earlier_run._recording.cache_clear()


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"run": "silent", "population": "noise"}, "an earlier run without messages — set record.messages = true"),
        ({"run": "silent"}, "run and population go together"),
        ({"population": "noise"}, "run and population go together"),
        ({"run": "logged", "population": "nois"}, "the earlier run has no population 'nois' — did you mean 'noise'"),
        ({"run": "logge", "population": "noise"}, "there is no such folder — did you mean 'logged'"),
        ({"run": 3, "population": "noise"}, "3 is not"),
    ],
)
def test_a_run_that_cannot_be_played_is_refused_when_the_file_is_read(params, said, tmp_path):
    execute(parse(MARKET), tmp_path, "silent")
    execute(market(), tmp_path, "logged")
    with pytest.raises(ScenarioError, match=r"populations\.noise\.params") as caught:
        parse(MARKET, folder=tmp_path, overrides={"noise.strategy": "recorded", "noise.params": params})
    assert said in str(caught.value)


def test_a_recording_of_schedules_is_refused_on_a_book(tmp_path):
    load_files([strategies(tmp_path)])
    run = execute(parse(feedback(0.5) | {"record": {"messages": True}}), tmp_path)
    with pytest.raises(
        ScenarioError, match=r"populations\.noise\.venues: is missing: strategy 'recorded' with these p"
    ):
        frozen(market(), run, "noise", **{"noise.params.population": "maker"})
    frozen(market(), run, "noise", **{"noise.params.population": "noise"})


def test_a_population_of_several_venues_is_refused(tmp_path):
    scenario = shipped("two_books.toml", 50, 1)
    run = execute(scenario, tmp_path)
    with pytest.raises(ScenarioError, match="'arbitrageur' trades on 2 venues — a frozen one trades on one"):
        frozen(market(), run, "noise", **{"noise.params.population": "arbitrageur"})


# --- paths and kept results -----------------------------------------------------------------------------------------


def test_the_run_is_looked_for_from_the_scenarios_folder_on(tmp_path):
    run = execute(market(), tmp_path / "runs", "logged")
    params = 'params = { run = "runs/logged", population = "noise" }'
    text = MARKET.replace('strategy = "noise"', f'strategy = "recorded"\n{params}')
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    scenario = load(tmp_path / "mine.toml", LOGGED)
    assert scenario.populations[1].params["run"] == str(run.folder)
    assert trades(execute(scenario)).equals(trades(run))


def test_digests_and_kept_results_depend_on_what_the_run_holds_and_not_on_when_it_was_made(tmp_path):
    once, again, other = (
        execute(market(**{"run.seed": seed}), tmp_path / name, "run") for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    folder = Path(tmp_path / "played")
    digests, payoffs = [], []
    for run in (once, again, other):
        assert run.folder is not None
        folder.unlink(missing_ok=True)
        folder.symlink_to(run.folder)
        scenario = frozen(market(), run, "noise", **{"noise.params.run": str(folder)})
        digests.append(digest_of(scenario))
        payoffs.append(run_many([Job(scenario, [1])], out=tmp_path / "out", over=True).column("maker.payoff")[0])
    assert digests[0] == digests[1] != digests[2]
    assert payoffs[0] == payoffs[1] != payoffs[2]


def test_a_run_that_changes_under_a_job_is_found_by_the_worker(tmp_path):
    run = execute(market(), tmp_path, "run")
    job = Job(frozen(market(), run, "noise"), [1])
    assert job.digest
    (tmp_path / "run").rename(tmp_path / "before")
    execute(market(**{"run.seed": 2}), tmp_path, "run")
    with pytest.raises(RunError, match="an earlier run that it plays is not what it was when the runs were asked for"):
        run_many([job])


# --- the declaration ------------------------------------------------------------------------------------------------


def test_a_free_text_is_not_compiled_and_needs_a_form_that_there_is():
    with pytest.raises(StrategyError, match=r"the form of 'where' is 'place'; that of a text may be text or path"):
        strategy("x", summary="x", parameters={"where": Parameter("", "place", form="place")})(lambda me, market: None)
    with pytest.raises(StrategyError, match="the form of 'lots' is 'path'"):
        strategy("x", summary="x", parameters={"lots": Parameter(1, "lots", form="path")})(lambda me, market: None)
    assert not Parameter("", "folder", form="path").is_compiled
    assert Parameter("", "folder", form="text").check("anything at all") == ""
    assert np.isscalar(Parameter(1.0, "lots").number(2))
