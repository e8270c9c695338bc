"""The same seed gives the same bytes however a run is driven, and a population's draws are its own."""

from __future__ import annotations

import copy
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.mesa_model.market import Market
from sim.runs.execute import execute
from sim.runs.result import ROW_GROUP
from sim.runs.tables import TABLES
from sim.scenario import Scenario, dump_toml, parse
from sim.strategy_kit import registry
from tests.markets.rich_market import rich
from tests.markets.run_folders import contents
from tests.places import ROOT


def digest(folder: Path, name: str = "trades") -> str:
    return hashlib.sha256((folder / f"{name}.parquet").read_bytes()).hexdigest()


def digests(folder: Path) -> dict[str, object]:
    """Of every file; of the manifest all that it says but of time."""
    return {name: hashlib.sha256(found).hexdigest() if isinstance(found, bytes) else found
            for name, found in contents(folder).items()}  # fmt: skip


def folder_of(scenario: Scenario, out: Path, **settings: Any) -> Path:
    """Run into a folder; returns it."""
    run = execute(scenario, out, **settings)
    assert run.status == "complete"
    assert run.folder is not None
    return run.folder


def plain(table: pa.Table) -> pa.Table:
    """The same rows, however they were chunked and encoded."""
    return pa.table({
        name: column.combine_chunks().dictionary_decode() if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }).combine_chunks()  # fmt: skip


# --- the same bytes -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference(restless: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(parse(rich(400, 3)), tmp_path_factory.mktemp("reference"), chunk=10**6)


def test_the_rich_scenario_leaves_no_strategy_law_or_mechanism_out(reference):
    scenario = parse(rich())
    assert {each.strategy for each in scenario.populations} >= set(registry.built_in())
    laws = {each.arrivals.law if each.arrivals else "always" for each in scenario.populations}
    assert laws == {"always", "bernoulli", "poisson", "one_of", "on_news", "hawkes"}
    kinds = pq.read_table(reference / "messages.parquet").column("kind").to_pandas()
    used = {
        "limit",
        "market",
        "immediate_or_cancel",
        "fill_or_kill",
        "post_only",
        "cancel",
        "replace",
        "expire",
        "withdraw",
        "schedule",
    }
    assert set(kinds.unique()) >= used
    trades = pq.read_table(reference / "trades.parquet").to_pandas()
    roles = {name for role in ("maker_population", "taker_population") for name in trades[role].unique()}
    assert roles == {each.name for each in scenario.populations} - {"frozen"}  # of no earlier run
    assert set(trades["venue"].unique()) == {each.name for each in scenario.venues}


@pytest.mark.parametrize("chunk", [1, 7, 256, None])
def test_chunks_of_any_size_give_the_same_bytes(reference, tmp_path, chunk):
    assert digests(folder_of(parse(rich(400, 3)), tmp_path, chunk=chunk)) == digests(reference)


@pytest.mark.parametrize("capacities", [{"orders": 8, "tape": 1}, {"orders": 8, "tape": 1 << 20}, {"orders": 1 << 16}])
def test_any_starting_capacity_gives_the_same_bytes(reference, tmp_path, capacities):
    assert digests(folder_of(parse(rich(400, 3)), tmp_path, **capacities)) == digests(reference)


def test_smallest_capacities_and_short_chunks_give_the_same_bytes(reference, tmp_path):
    assert digests(folder_of(parse(rich(400, 3)), tmp_path, chunk=11, orders=8, tape=1)) == digests(reference)


def test_a_run_twice_in_one_process_gives_the_same_bytes(reference, tmp_path):
    assert digests(folder_of(parse(rich(400, 3)), tmp_path)) == digests(reference)


@pytest.mark.parametrize("capacities", [{}, {"orders": 8, "tape": 1}])
def test_a_market_stepped_one_by_one_gives_the_same_tables(reference, capacities):
    market = Market(parse(rich(400, 3)), **capacities)
    while market.running:
        market.step()
    result = market.result()
    for name in TABLES:
        assert plain(result.table(name)).equals(plain(pq.read_table(reference / f"{name}.parquet"))), name


def test_looking_at_a_market_between_steps_changes_nothing(reference):
    market = Market(parse(rich(400, 3)))
    for _ in range(200):
        market.step()
        market.population("makers").get("profit")
        market.result()
        [agent.quotes for agent in market.population("restless")]
    market.run_model()
    assert plain(market.result().table("trades")).equals(plain(pq.read_table(reference / "trades.parquet")))


def test_tables_in_memory_are_those_of_the_folder(reference):
    run = execute(parse(rich(400, 3)))
    for name in TABLES:
        assert plain(run.table(name)).equals(plain(pq.read_table(reference / f"{name}.parquet"))), name


_UNCOMPILED = """
import sys
from pathlib import Path
from sim.core.compiled import COMPILED
from sim.runs.execute import execute
from sim.scenario import load
from sim.strategy_kit.loading.files import load_file
assert not COMPILED
load_file(sys.argv[1])
print(execute(load(sys.argv[2]), sys.argv[3], chunk=50, orders=8).status)
"""


@pytest.mark.parametrize(
    ("steps", "sees"), [pytest.param(60, {}, marks=pytest.mark.slow), (45, {"noise": 0.05, "probability": 0.8})]
)
def test_the_same_bytes_come_out_uncompiled(restless, tmp_path, steps, sees):
    data = rich(steps, 2, book_every=1, agents_every=1, agents="agents")
    for population in data["populations"]:
        if "sees" in population and "network" not in population["sees"]:
            population["sees"] = sees
    scenario = parse(data)
    assert 20 <= scenario.agents() <= 90
    (tmp_path / "rich.toml").write_text(dump_toml(scenario), encoding="utf-8")
    compiled = folder_of(scenario, tmp_path, name="compiled")
    answer = subprocess.run(
        [sys.executable, "-c", _UNCOMPILED, str(restless), str(tmp_path / "rich.toml"), str(tmp_path / "uncompiled")],
        cwd=ROOT, env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.stdout.strip() == "complete", answer.stderr
    assert digests(tmp_path / "uncompiled" / "run") == digests(compiled)
    assert pq.read_metadata(compiled / "trades.parquet").num_rows > 5 * steps


def test_seeds_differ_and_zero_is_a_seed(reference, restless, tmp_path):
    seeds = [0, 1, 2, 2**63 - 1]
    found = {digest(folder_of(parse(rich(100, seed=seed)), tmp_path, name=f"seed{seed}")) for seed in seeds}
    assert len(found) == len(seeds)
    again = digest(folder_of(parse(rich(100, seed=0)), tmp_path, name="zero"))
    assert again == digest(tmp_path / "seed0")


LONG = {
    "run": {"steps": 60_000},
    "instruments": [{"name": "ACME", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.01}}],
    "venues": [{"name": "lit"}],
    "populations": [
        {"name": "maker", "strategy": "fixed_spread", "params": {"reference": "mid", "quantity": 9}},
        {"name": "noise", "strategy": "noise", "count": 5, "turn": 1},
    ],
    "record": {"book_every": 1, "agents_every": 1},
}


def test_long_tables_have_row_groups_of_one_length_whatever_the_flushes(tmp_path):
    first = folder_of(parse(LONG), tmp_path, name="first", chunk=911)
    other = folder_of(parse(LONG), tmp_path, name="other", chunk=40_000, tape=1 << 19)
    for name in ("trades", "book", "agents", "episodes"):
        file = pq.ParquetFile(first / f"{name}.parquet")
        lengths = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
        assert all(length == ROW_GROUP == 131_072 for length in lengths[:-1])
        assert lengths[-1] <= ROW_GROUP
        assert digest(first, name) == digest(other, name)
    assert pq.read_metadata(first / "trades.parquet").num_row_groups == 3
    assert pq.read_metadata(first / "agents.parquet").num_row_groups == 3


def test_no_parquet_file_knows_the_time_or_a_path(reference):
    for name in TABLES:
        metadata = pq.read_metadata(reference / f"{name}.parquet").metadata
        assert not any(str(reference.parent).encode() in value for value in metadata.values())


# --- common random numbers ------------------------------------------------------------------------------------------


def crowd() -> dict[str, Any]:
    """Makers, and four populations of takers whose every turn is one message."""
    noise = {"strategy": "noise", "turn": 1, "params": {"distribution": "geometric", "quantity": 3.0}}
    return {
        "run": {"steps": 600, "episodes": 3, "seed": 5},
        "instruments": [{"name": "ACME", "public_delay": 0,
                         "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.02}}],
        "venues": [{"name": "lit"}],
        "populations": [
            {"name": "makers", "strategy": "fixed_spread", "count": 2, "params": {"half_spread": 0.03, "quantity": 2}},
            {"name": "some", "count": 6, "arrivals": {"law": "bernoulli", "probability": 0.4}, **noise},
            {"name": "many", "count": 4, "arrivals": {"law": "poisson", "rate": 3.0}, **noise},
            {"name": "one", "count": 3, "arrivals": {"law": "one_of", "group": "g", "share": 0.5}, **noise},
            {"name": "two", "count": 3, "arrivals": {"law": "one_of", "group": "g"}, **noise},
            {"name": "all", "count": 2, **noise},
        ],
        "record": {"messages": True, "book_every": 1},
    }  # fmt: skip


TAKERS = ("some", "many", "one", "two", "all")
DRAWS = ["episode", "step", "population", "agent", "kind", "side", "quantity"]


def changed(number: int, **fields: Any) -> dict[str, Any]:
    data = crowd()
    data["populations"][number] |= fields
    return data


def messages_of(data: dict[str, Any], names: tuple[str, ...] = TAKERS) -> pd.DataFrame:
    """What these populations sent, in the order in which it happened."""
    sent = execute(parse(data)).messages
    sent = sent[sent["population"].isin(names)].astype({"population": str, "kind": str, "side": str})
    return sent.sort_values("sequence")[DRAWS].reset_index(drop=True)


def added() -> dict[str, Any]:
    data = crowd()
    data["populations"].insert(0, {"name": "new", "strategy": "noise", "count": 5, "turn": 1})
    data["populations"].append({"name": "news", "strategy": "noise", "count": 2, "turn": 1,
                                "arrivals": {"law": "poisson", "rate": 2.0}})  # fmt: skip
    data["venues"].append({"name": "dark"})
    for population in data["populations"]:
        population["venues"] = ["dark" if population["name"] == "news" else "lit"]
    return data


CHANGES = {
    "another strategy": changed(0, strategy="adaptive", params={"quantity": 7}),
    "other parameters": changed(0, params={"half_spread": 0.5, "levels": 3}),
    "another count": changed(0, count=9),
    "another turn": changed(0, turn=1),
    "reservations": changed(
        0, strategy="reservation_price_taker", params={}, reservation={"distribution": "fixed", "distance": 0.1}
    ),
    "two more populations and a venue": added(),
    "other names for the instrument and the venue": {
        **crowd(),
        "instruments": [{**crowd()["instruments"][0], "name": "BOLT"}],
        "venues": [{"name": "pit"}],
    },
    "a constant value": {
        **crowd(),
        "instruments": [{"name": "ACME", "value": {"process": "constant", "initial": 9.0}}],
    },
}


@pytest.fixture(scope="module")
def before() -> pd.DataFrame:
    return messages_of(crowd())


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_elsewhere_leaves_arrivals_sides_sizes_and_relative_order_as_they_were(before, change):
    # The rows are in the order of the turns, so equal frames are equal orders within each step too.
    pd.testing.assert_frame_equal(messages_of(CHANGES[change]), before)


@pytest.mark.parametrize("number", range(1, 6))
def test_a_change_of_one_takers_strategy_or_count_leaves_the_others_as_they_were(before, number):
    rest = tuple(name for name in TAKERS if name != TAKERS[number - 1])
    mine = before[before["population"].isin(rest)].reset_index(drop=True)
    other = {"strategy": "poisson_flow", "params": {"market_rate": 2.0}}
    pd.testing.assert_frame_equal(messages_of(changed(number, **other), rest), mine)
    pd.testing.assert_frame_equal(messages_of(changed(number, count=11), rest), mine)


def test_more_members_leave_the_first_ones_draws_as_they_were_where_each_acts_by_itself(before):
    more = messages_of(changed(5, count=9), ("all",))
    mine = before[before["population"] == "all"].reset_index(drop=True)
    pd.testing.assert_frame_equal(more[more["agent"] < 2].reset_index(drop=True), mine)


def test_a_populations_draws_hang_on_its_name(before):
    data = changed(1, name="others")
    others = messages_of(data, ("others",)).replace({"population": {"others": "some"}})
    assert not others.equals(before[before["population"] == "some"].reset_index(drop=True))


def test_the_order_of_two_agents_of_a_step_is_random_and_its_own(before):
    pair = before[(before["population"] == "all")]
    first = pair.groupby(["episode", "step"])["agent"].first()
    share = (first == 0).mean()
    assert abs(share - 0.5) < 4 * (0.25 / len(first)) ** 0.5


def values_of(steps: int, episodes: int) -> pd.DataFrame:
    data = crowd()
    data["run"] = {"steps": steps, "episodes": episodes, "seed": 5}
    return execute(parse(data)).book[["episode", "step", "value"]]


def test_an_episode_does_not_depend_on_how_many_follow(before):
    data = crowd()
    data["run"]["episodes"] = 5
    longer = messages_of(data)
    pd.testing.assert_frame_equal(longer[longer["episode"] < 3].reset_index(drop=True), before)
    few, many = values_of(100, 2), values_of(100, 6)
    pd.testing.assert_frame_equal(many[many["episode"] < 2], few)


def test_an_episodes_arrivals_and_draws_do_not_depend_on_how_long_episodes_are(before):
    data = crowd()
    data["run"]["steps"] = 1000
    longer = messages_of(data)
    pd.testing.assert_frame_equal(longer[longer["step"] < 600].reset_index(drop=True), before)


def test_value_increments_go_by_the_step_of_the_whole_run():
    def increments(steps: int, episodes: int) -> Any:
        frame = values_of(steps, episodes)
        value = frame["value"].to_numpy().reshape(episodes, steps)
        return pd.Series([*value[:, 0] - 100.0], index=range(0, steps * episodes, steps)), value

    starts, values = increments(60, 4)
    others, _ = increments(30, 8)
    assert others[::2].round(12).equals(starts.round(12))
    long = values_of(240, 1)["value"].to_numpy()
    for episode in range(4):
        inside = values[episode] - (
            long[60 * episode : 60 * episode + 60] - (long[60 * episode - 1] if episode else 100.0)
        )
        assert abs(inside - 100.0).max() < 1e-9


def test_seeds_give_other_arrivals_and_other_orders(before):
    data = copy.deepcopy(crowd())
    data["run"]["seed"] = 6
    assert not messages_of(data).equals(before)
