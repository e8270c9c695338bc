"""Storage that runs short grows, full tapes are drained, and a long run takes no more memory than a short one."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core.codes import NEED_NATURE, NEED_ORDERS, NEED_TAPE, NEED_TURNS
from sim.core.storage import Storage
from sim.mesa_model.market import Market, Trader
from sim.runs import simulation as driving
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse
from tests.places import ROOT

LADDERS = {
    "strategy": "fixed_spread",
    "count": 6,
    "params": {"levels": 10, "level_gap": 3, "quantity": 2, "reference": "mid"},
}
FLOW = {
    "strategy": "poisson_flow",
    "params": {"market_rate": 1.0, "limit_rate": 0.1, "cancel_rate": 0.01, "window": 200},
}
SWEEPS = {"strategy": "noise", "turn": 1, "params": {"quantity": 500.0}}


def market(
    *populations: dict[str, Any], steps: int = 400, episodes: int = 1, messages: bool = True, **venue: Any
) -> dict[str, Any]:
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": 9},
        "instruments": [{"name": "ACME", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.02}}],
        "venues": [{"name": "lit", **venue}],
        "populations": [{"name": f"p{i}", **each} for i, each in enumerate(populations)],
        "record": {"messages": messages, "book_every": 1},
    }


@pytest.fixture
def lacks(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """What the kernel asked for."""
    asked: set[int] = set()
    advance = driving.advance

    def noting(address: int, until: int) -> int:
        status = advance(address, until)
        asked.add(int(status))
        return status

    monkeypatch.setattr(driving, "advance", noting)
    return asked


def assert_same(one: Run, other: Run) -> None:
    for name in ("trades", "book", "agents", "episodes", "messages"):
        assert one.table(name).equals(other.table(name)) or one.table(name).combine_chunks().equals(
            other.table(name).combine_chunks()
        ), name


def assert_whole(run: Run) -> None:
    """Every trade and message is in the tables, in order."""
    trades, sent = run.trades, run.messages
    assert len(trades) == run.manifest["trades"]
    assert (~sent["kind"].isin(["expire", "self_trade", "withdraw"])).sum() == run.manifest["messages"]
    assert sorted([*trades["sequence"], *sent["sequence"]]) == list(range(len(trades) + len(sent)))
    assert sent["filled"].sum() == trades["quantity"].sum()


@pytest.mark.parametrize("matching", ["price_time", "pro_rata"])
def test_a_book_of_eight_slots_grows_to_what_ladders_and_flow_need(lacks, matching):
    sweeps = {**SWEEPS, "arrivals": {"law": "bernoulli", "probability": 0.02}}
    data = market(LADDERS, FLOW | {"turn": 1}, sweeps, matching=matching, self_trade_prevention="allow")
    small, large = execute(parse(data), orders=8, tape=1), execute(parse(data), orders=1 << 14, tape=1 << 20)
    assert lacks >= {NEED_ORDERS, NEED_NATURE}
    assert large.book["orders"].max() > 200
    assert_same(small, large)
    assert_whole(small)


def test_the_least_tape_is_drained_in_the_middle_of_steps_and_nothing_is_lost(lacks):
    data = market({**LADDERS, "count": 40}, {**SWEEPS, "count": 10}, steps=300)
    small = execute(parse(data), tape=1, chunk=300)
    assert NEED_TAPE in lacks
    assert len(small.trades) > 4 * 8192
    assert_whole(small)
    assert_same(small, execute(parse(data), tape=1 << 22))


def test_a_tape_grows_for_a_turn_that_may_trade_with_a_large_book(lacks):
    data = market(
        {**LADDERS, "count": 900, "params": {**LADDERS["params"], "quantity": 1}}, {**SWEEPS, "count": 3}, steps=12
    )
    built = execute(parse(data), orders=8, tape=1)
    assert {NEED_TAPE, NEED_ORDERS} <= lacks
    assert_whole(built)
    assert_same(built, execute(parse(data), orders=1 << 15, tape=1 << 20))


def test_one_agent_may_come_five_hundred_times_a_step(lacks):
    crowd = {"strategy": "noise", "turn": 1, "arrivals": {"law": "poisson", "rate": 500.0}}
    run = execute(parse(market(LADDERS, crowd, steps=300)))
    assert NEED_TURNS in lacks
    number = run.messages.query("population == 'p1'").groupby("step").size().reindex(range(300), fill_value=0)
    assert abs(number.mean() - 500) <= 4 * (500 / 300) ** 0.5
    assert number.max() > 540
    assert_whole(run)


_CROWDED = """
from sim.runs.execute import execute
from sim.scenario import parse
laws = {
    "crowd": {"arrivals": {"law": "poisson", "rate": 250.0}},
    "all": {"count": 100},
    "sure": {"count": 100, "arrivals": {"law": "bernoulli", "probability": 1.0}},
    "one": {"count": 9, "arrivals": {"law": "one_of", "group": "g"}},
}
value = {"process": "constant", "initial": 9.0}
run = execute(parse({
    "run": {"steps": 8}, "instruments": [{"name": "ACME", "value": value}], "venues": [{"name": "lit"}],
    "populations": [{"name": name, "strategy": "noise", **law} for name, law in laws.items()],
    "record": {"messages": True},
}))
print(*run.messages["population"].value_counts().reindex(laws))
"""


@pytest.mark.parametrize("compiled", [False, True])
def test_a_crowd_of_poisson_arrivals_leaves_room_for_the_rest_of_its_class(compiled):
    # In a process of its own: memory written beyond its end may end it; uncompiled, that is an exception.
    answer = subprocess.run(
        [sys.executable, "-c", _CROWDED],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "0" if compiled else "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    crowd, *others = map(int, answer.stdout.split())
    assert abs(crowd - 250 * 8) <= 4 * (250 * 8) ** 0.5
    assert others == [800, 800, 8]


class Churner(Trader):
    """Trades ten times a turn with itself."""

    def step(self) -> None:
        for _ in range(10):
            self.limit_order(1, 10_000, 1)
            self.limit_order(-1, 10_000, 1)


class Layer(Trader):
    """Leaves ten orders a turn in the book, everywhere."""

    def step(self) -> None:
        for _ in range(10):
            assert self.limit_order(1, 9_000 - int(1e6 * self.uniform()), 1, lifetime=20)


def test_a_python_agents_trades_are_all_kept_when_the_tape_is_full():
    stepped = Market(
        parse(market({"strategy": "noise"}, steps=2000, self_trade_prevention="allow")), agents={"p0": Churner}
    )
    stepped.run_model()
    run = stepped.result()
    assert run.manifest["trades"] == 20_000
    assert_whole(run)


@pytest.mark.parametrize("messages", [False, True])
def test_a_python_agents_orders_find_room(messages):
    data = market({"strategy": "noise", "count": 5}, steps=200, messages=messages)
    stepped = Market(parse(data), agents={"p0": Layer}, orders=8, tape=1)
    while stepped.running:
        stepped.step()
    run = stepped.result()
    assert run.book["orders"].iloc[-1] == 5 * 10 * 20
    assert run.manifest["messages"] == 5 * 10 * 200
    if messages:
        assert_whole(run)


def test_far_away_prices_and_many_levels_grow_the_tree(lacks):
    sparse = {"market_rate": 1.0, "limit_rate": 1e-5, "cancel_rate": 0.002, "window": 1_000_000}
    data = market({"strategy": "poisson_flow", "params": sparse}, steps=300, self_trade_prevention="allow")
    small = execute(parse(data), orders=8, tape=1)
    assert NEED_ORDERS in lacks
    assert small.book["orders"].max() > 2000
    prices = small.messages.query("kind == 'limit'")["price"]
    assert prices.nunique() > 0.98 * len(prices)
    assert prices.max() - prices.min() > 15_000
    assert_same(small, execute(parse(data), orders=1 << 14))


def test_rows_of_agents_and_books_beyond_their_buffers_are_drained(lacks):
    data = market({"strategy": "noise", "count": 300}, steps=500)
    data["record"] = {"agents_every": 1, "book_every": 1, "agents": "agents"}
    run = execute(parse(data), chunk=500)
    assert NEED_TAPE in lacks
    assert run.table("agents").num_rows == 300 * 500
    assert run.table("book").num_rows == 500
    agents = run.table("agents")
    assert (agents.column("step").to_numpy() == np.repeat(np.arange(500), 300)).all()


# --- many small episodes --------------------------------------------------------------------------------------------


def episodes_of(count: int) -> Run:
    """A maker, a taker, two steps an episode; it ends flat or not, and starts anew."""
    data = market(
        {"strategy": "fixed_spread"}, {"strategy": "noise", "turn": 1}, steps=2, episodes=count, messages=False
    )
    data["record"] = {"trades": False, "agents": "none", "levels": 0}
    return execute(parse(data), tape=1)


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_many_small_episodes_run_in_one_go(count):
    run = episodes_of(count)
    assert run.status == "complete"
    assert run.manifest["trades"] == 2 * count
    ends = run.table("episodes")
    assert ends.num_rows == 2 * count
    number = ends.column("episode").to_numpy()
    assert (number == np.repeat(np.arange(count), 2)).all()
    payoff = ends.column("payoff").to_numpy().reshape(count, 2)
    assert abs(payoff.sum(axis=1)).max() < 1e-9
    lots = ends.column("inventory.ACME").to_numpy().reshape(count, 2)
    assert (lots.sum(axis=1) == 0).all()
    assert abs((lots[:, 0] == 0).mean() - 0.5) <= 4 * (0.25 / count) ** 0.5
    assert abs(lots).max() == 2


# --- memory ---------------------------------------------------------------------------------------------------------

_PEAK = """
import sys
from pathlib import Path
from sim.runs.execute import execute
from sim.scenario import parse
data = {
    "run": {"steps": int(sys.argv[1])},
    "instruments": [{"name": "ACME", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.01},
                     "public_delay": 10}],
    "venues": [{"name": "lit"}],
    "populations": [
        {"name": "makers", "strategy": "fixed_spread", "count": 2, "params": {"inventory_skew": 0.001}},
        {"name": "noise", "strategy": "noise", "count": 50, "turn": 1,
         "arrivals": {"law": "bernoulli", "probability": float(sys.argv[3])}},
    ],
}
run = execute(parse(data), sys.argv[2], chunk=20_000)  # not as many as a tenth of a second allows
# Not getrusage: its peak is no less than that of the process which started this one.
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(run.status, run.manifest["steps"], run.manifest["trades"], *status["VmHWM"].split()[:1])
"""


def peak(steps: int, folder: Path, probability: float) -> int:
    """Peak memory of a run of its own process, KiB."""
    answer = subprocess.run(
        [sys.executable, "-c", _PEAK, str(steps), str(folder), str(probability)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    status, done, trades, kilobytes = answer.stdout.split()
    assert (status, int(done)) == ("complete", steps)
    assert int(trades) > 131_072 or steps == 1000
    return int(kilobytes)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
@pytest.mark.parametrize(
    ("steps", "probability"),
    [(75_000, 0.05), pytest.param(1_000_000, 0.004, marks=pytest.mark.slow)],  # trades fill a row group in either
)
def test_a_run_ten_times_as_long_peaks_within_a_tenth(tmp_path, steps, probability, record_property):
    peak(1000, tmp_path, 0.1)  # compiles, if need be
    short, long = peak(steps, tmp_path, probability), peak(10 * steps, tmp_path, probability)
    record_property("peaks", f"{short} {long}")
    assert long <= 1.1 * short, (short, long)


def test_worlds_that_nobody_needs_any_more_are_freed_though_cycles_hold_them():
    """Python's collector counts objects; a hundred sessions are few, and their arrays may be all memory there is."""

    class Cycle:
        def __init__(self) -> None:
            self.storage, self.itself = Storage(tape=1 << 16), self

    gc.collect()
    gc.disable()  # as it seldom begins by itself
    try:
        kept = [weakref.ref(Cycle().storage) for _ in range(200)]
        alive = sum(each() is not None for each in kept)
    finally:
        gc.enable()
    assert alive < 100
