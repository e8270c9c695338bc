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
from sim.strategy_kit.loading.files import load_file
from tests.markets.run_folders import contents
from tests.places import ROOT

# What none of our own strategies does: orders that expire, other kinds of order, replacing, private values, the tape.
RESTLESS = """
from spreadgame.strategy import (
    BUY, HISTORY, NO_ASK, NO_BID, SELL, Parameter, best_ask, best_bid, cancel_all, cash, fill_or_kill_order, filled,
    inventory, limit_order, mark_price, nearest_tick, normal, own_order, own_orders, post_only_order, private_value,
    recent_trade, replace_order, step, strategy, next_trade_number, uniform,
)


@strategy(
    "restless",
    summary="does a little of everything, for tests",
    parameters={"reach": Parameter(6, "distance of its orders from the mark", unit="ticks", low=1)},
    memory={"seen": int, "drift": float},
    max_messages=8,
    needs=("private_values",),
)
def act(me, market):
    kept, reach = me.memory, me.parameters.reach
    kept.seen = max(kept.seen, next_trade_number(me, market) - HISTORY)
    while kept.seen < next_trade_number(me, market):
        trade = recent_trade(me, market, kept.seen)
        kept.drift += 0.01 * trade.aggressor * trade.quantity
        kept.seen += 1
    side = BUY if uniform(me, market) < 0.5 else SELL
    middle = nearest_tick(me, market, me.venue, mark_price(me, market, me.instrument) + 0.001 * kept.drift)
    away = int(abs(normal(me, market)) * reach)
    lots = 1 + int(3.0 * uniform(me, market)) + (1 if cash(me, market) < 0.0 else 0)
    chance = uniform(me, market)
    if private_value(me, market, side) * side > 0.0 or chance < 0.3:
        limit_order(me, market, me.venue, side, middle - side * away, lots, 1 + int(20.0 * uniform(me, market)))
    elif chance < 0.5:
        post_only_order(me, market, me.venue, side, middle + side * (3 - away), lots, 5)
    elif chance < 0.6:
        fill_or_kill_order(me, market, me.venue, side, middle + side * reach, 2 * lots)
        if filled(me, market) > 0:
            limit_order(me, market, me.venue, -side, middle + side * away, lots)
    elif own_orders(me, market) > 0 and chance < 0.9:
        place = int(uniform(me, market) * own_orders(me, market))
        replace_order(me, market, own_order(me, market, place), middle - away - 1, lots)
    if own_orders(me, market) > 4 or (step(me, market) % 17 == 0 and inventory(me, market) != 0):
        cancel_all(me, market)
    if best_bid(me, market, me.venue) == NO_BID and best_ask(me, market, me.venue) == NO_ASK:
        post_only_order(me, market, me.venue, BUY, middle - reach, 1, 40)
"""


SOLVED: dict[str, dict[str, Any]] = {  # what plays on one venue of its own
    "glosten_milgrom": {}, "glosten_milgrom_grid": {"deviation": 0.2}, "avellaneda_stoikov": {},
    "gueant_lehalle_tapia": {}, "cartea_jaimungal": {}, "undercutter": {}, "mixed_strategy": {"distribution": "table"},
}  # fmt: skip


def rich(steps: int = 100, episodes: int = 2, seed: int = 7, **record: Any) -> dict[str, Any]:
    """A scenario with every strategy, law and mechanism there is, on two instruments and five venues.

    ``restless`` must be known.
    """
    populations = [
        {"name": "makers", "strategy": "fixed_spread", "count": 2, "turn": 0, "venues": ["main"],
         "params": {"half_spread": 0.04, "quantity": 4, "levels": 3, "level_gap": 2, "inventory_skew": 0.002},
         "obligation": {"presence": 0.8, "maximum_spread": 0.06, "minimum_size": 6}},
        {"name": "learners", "strategy": "adaptive", "count": 2, "turn": 0, "venues": ["main"],
         "params": {"quantity": 3, "levels": 2, "imbalance_weight": 0.3, "inventory_limit": 30}},
        {"name": "seers", "strategy": "fixed_spread", "turn": 0, "venues": ["other"],
         "params": {"half_spread": 0.06, "quantity": 9, "reference": "signal"}, "sees": {"delay": 2, "noise": 0.02}},
        {"name": "rivals", "strategy": "fixed_spread", "count": 2, "turn": 1, "venues": ["rival"],
         "params": {"half_spread": 0.03, "quantity": 2, "reference": "average", "inventory_limit": 12}},
        {"name": "shares", "strategy": "fixed_spread", "count": 3, "turn": 1, "venues": ["other"],
         "params": {"half_spread": 0.05, "quantity": 7, "reference": "mid"},
         "obligation": {"presence": 0.5, "maximum_spread": 0.08, "minimum_size": 5}},
        {"name": "flow", "strategy": "poisson_flow", "turn": 2, "venues": ["rival"],
         "params": {"market_rate": 0.4, "limit_rate": 0.02, "cancel_rate": 0.05, "window": 20, "quantity": 2}},
        {"name": "restless", "strategy": "restless", "count": 3, "turn": 2, "venues": ["main"],
         "arrivals": {"law": "bernoulli", "probability": 0.6},
         "private_values": {"distribution": "normal", "deviation": 0.1, "units": 4},
         "endowment": {"cash": 1000.0, "inventory": 5}},
        {"name": "noise", "strategy": "noise", "count": 3, "turn": 2, "venues": ["main"],
         "arrivals": {"law": "bernoulli", "probability": 0.3},
         "params": {"distribution": "lognormal", "quantity": 3.0}},
        {"name": "crowd", "strategy": "noise", "count": 2, "turn": 2, "venues": ["other"],
         "arrivals": {"law": "poisson", "rate": 1.5}, "params": {"distribution": "geometric", "quantity": 4.0}},
        {"name": "informed", "strategy": "informed", "turn": 2, "venues": ["main"],
         "arrivals": {"law": "one_of", "group": "takers", "share": 0.4},
         "params": {"threshold": 0.01, "amount": "all"}, "sees": {"noise": 0.05, "probability": 0.8}},
        {"name": "choosy", "strategy": "reservation_price_taker", "turn": 2, "venues": ["main"],
         "arrivals": {"law": "one_of", "group": "takers"}, "sees": {"noise": 0.1, "redraw": "episode"},
         "reservation": {"distribution": "normal", "mean": 0.05, "deviation": 0.1, "reference": "signal"}},
        {"name": "newsmen", "strategy": "informed", "turn": 2, "venues": ["other"], "sees": {"of": "value"},
         "arrivals": {"law": "on_news", "group": "readers"}, "params": {"amount": "quantity", "quantity": 6}},
        {"name": "readers", "strategy": "reservation_price_taker", "turn": 2, "venues": ["other"],
         "arrivals": {"law": "one_of", "group": "readers"}, "params": {"quantity": 3},
         "reservation": {"distribution": "exponential", "mean": 0.05, "offset": 0.02, "reference": "mid"}},
        {"name": "shaders", "strategy": "zir", "count": 3, "turn": 2, "venues": ["rival"], "sees": {"of": "value"},
         "private_values": {"distribution": "normal", "deviation": 0.3, "units": 5}, "params": {"shading_high": 0.2}},
        {"name": "patient", "strategy": "ladder", "turn": 1, "venues": ["rival"], "sees": {"of": "value"},
         "arrivals": {"law": "bernoulli", "probability": 0.2},
         "params": {"levels": 4, "level_gap": 3, "spread": 0.2, "long_run_mean": 100.0}},
        {"name": "bidders", "strategy": "zero_intelligence", "count": 2, "turn": 2, "venues": ["main"],
         "private_values": {"distribution": "linear", "role": "buyer", "first": 0.5, "last": 0.3},
         "params": {"low": 99.0, "high": 101.0}},
        {"name": "snipers", "strategy": "sniper", "turn": 1, "venues": ["other"], "params": {"quantity": 3}},
        {"name": "bridge", "strategy": "arbitrageur", "turn": 3, "venues": ["main", "rival"]},
        {"name": "linear", "strategy": "kyle_maker", "turn": 0, "venues": ["auction"],
         "params": {"noise_deviation": 20.0}},
        {"name": "insiders", "strategy": "kyle_insider", "count": 2, "turn": 1, "venues": ["auction"],
         "sees": {"of": "value"}, "params": {"noise_deviation": 20.0, "insiders": 2}},
        {"name": "hidden", "strategy": "noise", "count": 2, "turn": 1, "venues": ["auction"],
         "params": {"distribution": "normal", "quantity": 10.0}},
        *({"name": name, "strategy": name, "turn": 1, "venues": ["solved"], "params": params}
          for name, params in SOLVED.items()),
        {"name": "parent", "strategy": "executor", "turn": 2, "venues": ["solved"], "params": {"quantity": 60}},
        {"name": "sweepers", "strategy": "noise", "count": 2, "turn": 2, "venues": ["solved"],
         "params": {"distribution": "geometric", "quantity": 6.0}},
    ]  # fmt: skip
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": seed, "step_seconds": 0.5},
        "money": {"interest": 1e-4, "interest_every": 10},
        "instruments": [
            {"name": "ACME", "public_delay": 5, "price_feedback": 0.02, "lot_size": 2.0,
             "value": {"process": "geometric_brownian", "initial": 100.0, "volatility": 3e-4},
             "dividend": {"mean": 0.05, "deviation": 0.02, "every": 7},
             "shocks": [{"step": 30, "value": -0.5}, {"step": 40, "volatility": 2.0}]},
            {"name": "BOLT", "public_delay": 1, "settlement": "mid",
             "value": {"process": "jump_diffusion", "initial": 50.0, "volatility": 0.01, "jump_probability": 0.1,
                       "jump_size": 0.2}},
        ],
        "venues": [
            {"name": "main", "instrument": "ACME", "taker_fee": 1e-4, "maker_fee": -5e-5},
            {"name": "rival", "instrument": "ACME", "taker_fee": 0.003, "maker_fee": 0.001, "fee_per": "lot",
             "post_only": "reject", "self_trade_prevention": "cancel_incoming"},
            {"name": "other", "instrument": "BOLT", "matching": "pro_rata", "self_trade_prevention": "allow"},
            {"name": "auction", "instrument": "ACME", "auction": {"every": 3, "pricing": "free"}},
            {"name": "solved", "instrument": "ACME", "auction": {"opening": 10, "closing": 10}},
        ],
        "populations": populations,
        "turns": {"simultaneous": [0]},
        "record": {"messages": True, "levels": 3, **record},
    }  # fmt: skip


@pytest.fixture(scope="session")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a strategy of one's own, made known."""
    path = tmp_path_factory.mktemp("strategies") / "restless.py"
    path.write_text(RESTLESS, encoding="utf-8")
    load_file(path)
    return path


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
    assert laws == {"always", "bernoulli", "poisson", "one_of", "on_news"}
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
    assert roles == {each.name for each in scenario.populations}
    assert set(trades["venue"].unique()) == {"main", "rival", "other", "auction", "solved"}


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


@pytest.mark.parametrize(("steps", "sees"), [(45, {}), (100, {"noise": 0.05, "probability": 0.8})])
def test_the_same_bytes_come_out_uncompiled(restless, tmp_path, steps, sees):
    data = rich(steps, 2, book_every=1, agents_every=1, agents="agents")
    for population in data["populations"]:
        if "sees" in population:
            population["sees"] = sees
    scenario = parse(data)
    assert 20 <= scenario.agents() <= 50
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
