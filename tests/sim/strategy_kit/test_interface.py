"""What comes in from outside is looked at where it comes in: no number crashes, and none moves what it should not."""

from __future__ import annotations

import inspect
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spreadgame as sg
from sim.core import codes
from sim.core.compiled import COMPILED
from sim.core.errors import SpreadgameError
from sim.mesa_model.trader import Trader
from tests.markets.fuzzed_strategy import CALLS, EXTREME, Call, Fuzz, functions, meaningful
from tests.places import ROOT

WORDS = (TypeError, ValueError, SpreadgameError)
INTEGERS = st.one_of(st.sampled_from(EXTREME), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 12))
FLOATS = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 100.0, 1e18, -1e300, math.nan, math.inf, -math.inf]), st.floats())
QUICK = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
CALL = st.builds(
    Call,
    st.integers(0, len(functions()) - 1),
    st.lists(INTEGERS, min_size=8, max_size=8),
    st.lists(FLOATS, min_size=3, max_size=3),
)
EPISODES = st.lists(CALL, min_size=1, max_size=CALLS)


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Fuzz:
    return Fuzz(tmp_path_factory.mktemp("fuzzed"))


@QUICK
@given(kind=st.integers(0, 2), calls=EPISODES)
def test_no_number_that_a_strategy_gives_crashes_or_breaks_the_ledger(fuzz: Fuzz, kind: int, calls: list[Call]) -> None:
    fuzz.play(kind, calls)


@pytest.mark.slow
@settings(QUICK, max_examples=20_000)
@given(kind=st.integers(0, 2), calls=st.lists(CALL, min_size=6, max_size=CALLS))
def test_no_number_of_many_crashes_or_breaks_the_ledger(fuzz: Fuzz, kind: int, calls: list[Call]) -> None:
    fuzz.play(kind, calls)


def test_every_function_that_authors_are_offered_is_fuzzed(fuzz: Fuzz) -> None:
    assert {"limit_order", "best_bid", "own_order", "keep_ladder", "demand_schedule", "recent_trade"} <= set(
        functions()
    )
    for which, name in enumerate(functions()):  # with arguments that mean something, no call is a mistake
        fuzz.play(0, [meaningful(which)])
        assert not fuzz.said or name in ("precomputed", "recent_trade", "trade_price", "neighbour", "opinion_of"), (
            name,
            fuzz.said,
        )


def run_elsewhere(code: str, **environment: str) -> str:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


MANY = """
import numpy as np, sys, tempfile
from pathlib import Path
from tests.markets.fuzzed_strategy import (CALLS, EXTREME, Call, Fuzz, functions)
random = np.random.default_rng(3)
floats = [0.0, 1.0, 100.0, 1e18, -1e300, float("nan"), float("inf")]
fuzz = Fuzz(Path(tempfile.mkdtemp()))
for episode in range({episodes}):
    calls = [
        Call(int(random.integers(len(functions()))), [int(random.choice(EXTREME)) for _ in range(8)],
             [float(random.choice(floats)) for _ in range(3)])
        for _ in range(CALLS)
    ]
    fuzz.play(episode % 3, calls)
print(fuzz.ended)
"""


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled here")
def test_nor_does_one_where_nothing_is_compiled() -> None:
    assert int(run_elsewhere(MANY.replace("{episodes}", "12"), NUMBA_DISABLE_JIT="1")) > 0


@pytest.mark.slow
def test_bounds_that_are_checked_find_nothing_in_the_fuzz_and_in_a_market(tmp_path: Path) -> None:
    market = """
import spreadgame as sg
for path in ("quickstart", "two_books", "zero_intelligence", "maker_showdown"):
    sg.run(f"scenarios/{path}.toml", overrides={"run.steps": 500})
"""
    where = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert int(run_elsewhere(market + MANY.replace("{episodes}", "3000"), **where)) > 0


# --- mistakes of strategies are told with strategy, agent and step --------------------------------------------------

MISTAKES = {
    "market_order(me, market, me.venue, 2, 1)": "it gave side 2 — a side is BUY (1) or SELL (-1)",
    "market_order(me, market, me.venue, 0, 1)": "it gave side 0 — a side is BUY (1) or SELL (-1)",
    "limit_order(me, market, 9, BUY, 100, 1)": "it asked for venue 9 — there are 1, numbered from 0",
    "limit_order(me, market, -1, BUY, 100, 1)": "it asked for venue -1 — there are 1, numbered from 0",
    "best_bid(me, market, 10_000_000)": "it asked for venue 10000000 — there are 1, numbered from 0",
    "mark_price(me, market, 3)": "it asked for instrument 3 — there are 1, numbered from 0",
    "recent_trade(me, market, 5_000)": "it asked for trade 5000 — the last 1,024 can be read, up to number -1",
    "venue_of(me, market, 4)": "it asked for venue of its own, number 4 — there are 1, numbered from 0",
    "precomputed(me, market, 0)": "it asked for precomputed number 0 — there is none",
    "keep_ladder(me, market, me.venue, me.memory.kept, BUY, 9_900, 9, 1, 9, 1)": "it keeps a ladder of 9 levels",
    "me.memory.kept[step(me, market) + 7] = 1": "it raised an exception",
    "1 // me.memory.kept[0]": "it raised an exception",
    "inventory(me, market, 3)": "it asked for instrument 3 — there are 1, numbered from 0",
    "public_value(me, market, 7)": "it asked for instrument 7 — there are 1, numbered from 0",
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strategy that makes the mistake whose number it is given: one, since each takes seconds to compile."""
    path = tmp_path_factory.mktemp("odd") / "odd.py"
    path.write_text(
        "from spreadgame.strategy import *\n"
        '@strategy("odd", summary="errs", memory={"kept": (int, 4)}, max_messages=9,\n'
        '          parameters={"mistake": Parameter(0, "its number", low=0)})\n'
        "def act(me, market):\n    if step(me, market) != 3:\n        return\n"
        + "".join(f"    if me.parameters.mistake == {place}:\n        {line}\n" for place, line in enumerate(MISTAKES))
    )
    return path


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_of_a_strategy_ends_the_run_and_is_named(line: str, odd: Path, tmp_path: Path) -> None:
    with pytest.raises(sg.StrategyError) as caught:
        sg.run(two_sides(tmp_path), overrides={"mine.params.mistake": list(MISTAKES).index(line)}, strategies=odd)
    assert str(caught.value).startswith(f"strategy 'odd' of agent 'mine 0', episode 0, step 3: {MISTAKES[line]}")


def two_sides(folder: Path) -> Path:
    path = folder / "two_sides.toml"
    path.write_text("""
[run]
steps = 30
[[instruments]]
name = "ACME"
value = { process = "constant", initial = 100.0 }
[[venues]]
name = "lit"
[[populations]]
name = "makers"
strategy = "fixed_spread"
params = { half_spread = 0.05, quantity = 10 }
[[populations]]
name = "mine"
strategy = "odd"
turn = 1
""")
    return path


def test_what_a_market_may_refuse_is_refused_and_counted_by_population_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(
        "import math\nfrom spreadgame.strategy import *\n"
        '@strategy("odd", summary="errs", max_messages=5)\n'
        "def act(me, market):\n"
        "    limit_order(me, market, me.venue, BUY, nearest_tick(me, market, me.venue, math.nan), 1)\n"
        "    limit_order(me, market, me.venue, BUY, 9_000, round_lots(math.nan))\n"
        "    limit_order(me, market, me.venue, BUY, 9_000, 1, -2)\n"
        "    cancel_order(me, market, own_order(me, market, 50_000))\n"
        "    demand_schedule(me, market, me.venue, 100.0, 1.0)\n"
    )
    run = sg.run(two_sides(tmp_path), strategies=path)
    each = dict.fromkeys(("price", "quantity", "gone", "not_here", "lifetime"), 30)
    assert run.manifest["rejections"] == {"mine": each}
    assert run.manifest["rejected"] == 150


# --- the book by itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lots", [1.5, 0.5, np.float64(31.5), math.nan, 10.0, None, "3"])
def test_quantities_that_are_no_whole_lots_are_refused_and_move_nothing(lots: Any) -> None:
    book = sg.OrderBook(agents=3)
    book.enter(1, "limit", -1, 100, 30)
    with pytest.raises(TypeError, match="quantity must be a whole number"):
        book.enter(2, "market", 1, 0, lots)
    assert book.depth(-1).tolist() == [[100, 30]]
    assert not book.storage.world.accounts["cash"].any()


@pytest.mark.parametrize("side", [0, 2, 2**63 - 1, -(2**63) + 1, -(2**63)])  # the square of some is 1 in 64 bits
def test_a_side_that_is_none_is_refused(side: int) -> None:
    book = sg.OrderBook(agents=3)
    with pytest.raises(ValueError, match="side must be"):
        book.enter(1, "limit", side, 100, 30)
    assert not len(book.depth(1))
    assert not len(book.depth(-1))


def test_what_left_the_book_is_on_the_tape_in_the_lots_and_in_the_cash() -> None:
    book = sg.OrderBook(agents=3)
    book.enter(1, "limit", -1, 100, 30)
    book.enter(2, "market", 1, 0, np.int32(3))
    assert book.depth(-1).tolist() == [[100, 27]]
    assert book.trades()["quantity"].tolist() == [3]
    assert book.storage.world.holdings["lots"].tolist() == [0, -3, 3, 0]
    assert book.storage.world.accounts["cash"].tolist() == [0, 3_000_000, -3_000_000, 0]


BAD_BOOKS = {
    "matching must be one of price_time, pro_rata, not 'fifo'": {"matching": "fifo"},
    "tick_units must be from 1 to": {"tick_units": -5},
    "agents must be from 1 to": {"agents": 0},
    "maker_fee must be a finite number, not nan": {"maker_fee": math.nan},
    "keep_log must be": {"keep_log": "yes"},
    "orders must be a whole number": {"orders": 3.5},
}


@pytest.mark.parametrize("words", BAD_BOOKS)
def test_a_book_that_cannot_be_is_refused_in_a_line(words: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        sg.OrderBook(**BAD_BOOKS[words])
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


@settings(QUICK, max_examples=300)
@given(data=st.data())
def test_no_argument_crashes_a_book_or_breaks_its_ledger(data: st.DataObject) -> None:
    book = sg.OrderBook(agents=3, orders=4, keep_log=True)
    anything = st.one_of(INTEGERS, FLOATS, st.none(), st.text(max_size=3), st.integers(10**20, 10**30))
    plausible = {
        "agent": st.integers(0, 2), "kind": st.sampled_from(list(codes.KINDS[:5])), "side": st.sampled_from([1, -1]),
        "price": st.integers(95, 105), "quantity": st.integers(1, 9), "lifetime": st.integers(0, 3),
        "handle": st.sampled_from([2**32, 2**32 + 1, 2**33]), "levels": st.integers(0, 5),
    }  # fmt: skip
    for _ in range(8):
        name = data.draw(st.sampled_from(["enter", "enter", "cancel", "replace", "queue", "depth", "advance"]))
        wanted = list(inspect.signature(getattr(book, name)).parameters)
        odd = data.draw(st.sampled_from([*wanted, "", ""]))
        arguments = {each: data.draw(anything if each == odd else plausible[each]) for each in wanted}
        check_words(lambda name=name, arguments=arguments: getattr(book, name)(**arguments))
    check_book(book)


def check_words(call: Callable[[], Any]) -> None:
    """The call does what it says, or is rejected in one line."""
    try:
        call()
    except (*WORDS, AttributeError) as error:
        said = str(error)
    else:
        return
    assert "\n" not in said
    assert len(said) < 200


def check_book(book: sg.OrderBook) -> None:
    trades, world = book.trades(), book.storage.world
    lots = np.zeros(len(world.accounts), np.int64)
    np.add.at(lots, trades["taker"], trades["aggressor"] * trades["quantity"])
    np.add.at(lots, trades["maker"], -trades["aggressor"].astype(np.int64) * trades["quantity"])
    assert world.holdings["lots"].tolist() == lots.tolist()
    assert int(world.accounts["cash"].sum()) == 0
    for side in (1, -1):
        queue, depth = book.queue(side), book.depth(side, 1_000)
        assert queue[:, 1].sum() == depth[:, 1].sum()
        assert (queue[:, 1] > 0).all()


def test_a_book_that_could_not_count_its_money_takes_no_more_messages() -> None:
    book = sg.OrderBook(agents=2, tick_units=10**18)
    book.enter(0, "limit", -1, 1_000, 5)
    for _ in range(2):
        with pytest.raises(sg.RunError, match="too large to count"):
            book.enter(1, "limit", 1, 1_000, 5)
    assert not book.storage.world.holdings["lots"].any()


# --- agents in plain Python -----------------------------------------------------------------------------------------

TRADER_WORDS = {
    "self.market_order(2, 3)": "side must be 1 (buy) or -1 (sell), not 2",
    "self.market_order(0, 3)": "side must be 1 (buy) or -1 (sell), not 0",
    "self.market_order(-7, 3)": "side must be 1 (buy) or -1 (sell), not -7",
    "self.limit_order(1, 9990.5, 1)": "price must be a whole number, not 9990.5 — prices are whole ticks",
    "self.limit_order(1, 9990, 1.0)": "quantity must be a whole number, not 1.0 — quantities are whole lots",
    "self.market_order(1, 1.5)": "quantity must be a whole number, not 1.5 — quantities are whole lots",
    "self.limit_order(1, 10**30, 1)": "price must be",
    "self.limit_order(2**63 - 1, 9990, 1)": "side must be",
    "self.limit_order(1, 9990, 1, venue=7)": "venue must be from 0 to 0, not 7 — or a name: lit",
    "self.limit_order(1, 9990, 1, venue='list')": "venue must be one of lit, not 'list' — did you mean 'lit'?",
    "self.best_bid(9)": "venue must be from 0 to 0, not 9",
    "self.model.best_bid(100_000)": "venue must be from 0 to 0, not 100000",
    "self.model.value(2)": "instrument must be from 0 to 0, not 2",
    "self.cancel_order(None)": "handle must be a whole number, not None",
    "self.limit_order(1, 9990, 1, lifetime=-2)": "lifetime must be from 0 to",
    "self.demand_schedule('high', 1.0)": "price must be a number, not 'high'",
    "self.model.step()": "a step is going on",
}


def act_once(expressions: dict[str, Any], steps: int = 3) -> sg.Market:
    """A market whose informed agents evaluate expressions, each once; what they give is left in the dictionary."""

    class Once(Trader):
        def step(self) -> None:
            for each, answer in expressions.items():
                if answer is None:
                    try:
                        expressions[each] = eval(each, {"self": self})
                    except WORDS as error:
                        expressions[each] = error

    model = sg.Market("scenarios/quickstart.toml", overrides={"run.steps": steps}, agents={"informed": Once})
    while model.running and None in expressions.values():
        model.step()
    return model


def test_what_a_python_agent_asks_for_is_refused_in_words() -> None:
    answers: dict[str, Any] = dict.fromkeys(TRADER_WORDS)
    act_once(answers, steps=200)
    for expression, words in TRADER_WORDS.items():
        assert isinstance(answers[expression], WORDS), expression
        assert str(answers[expression]).startswith(words)
        assert len(str(answers[expression])) < 200


def test_what_an_agent_is_cannot_be_written() -> None:
    answers: dict[str, Any] = dict.fromkeys(
        f"setattr(self, {name!r}, 10**11)" for name in ("row", "instrument", "venue")
    )

    class Once(Trader):
        def step(self) -> None:
            for each in answers:
                try:
                    answers[each] = eval(each, {"self": self})
                except AttributeError as error:
                    answers[each] = error

    model = sg.Market("scenarios/quickstart.toml", overrides={"run.steps": 50}, agents={"informed": Once})
    model.run_model()
    assert all(isinstance(each, AttributeError) for each in answers.values())


def test_a_class_that_does_nothing_or_is_half_made_is_refused() -> None:
    class Idle(Trader):
        def act(self) -> None:
            """Never called."""

    class Half(Trader):
        def __init__(self, model: sg.Market, row: int) -> None:
            self.mine = 1

        def step(self) -> None:
            """Nothing."""

    with pytest.raises(TypeError, match=r"Idle has no step\(\), so its members would do nothing"):
        sg.Market("scenarios/quickstart.toml", agents={"informed": Idle})
    with pytest.raises(TypeError, match=r"Half.__init__ must begin with super\(\).__init__\(model, row\)"):
        sg.Market("scenarios/quickstart.toml", agents={"informed": Half})


def test_a_python_agent_learns_why_it_was_refused() -> None:
    answers: dict[str, Any] = {
        "(self.market_order(1, 0), self.rejection)": None,
        "(self.best_bid(), self.rejection)[1]": None,
    }
    act_once(answers, steps=200)
    assert answers["(self.market_order(1, 0), self.rejection)"] == (0, "quantity")


def test_two_threads_do_not_step_one_market() -> None:
    model = sg.Market("scenarios/quickstart.toml", overrides={"run.steps": 50})
    with model.session._busy, pytest.raises(sg.RunError, match="a step is going on"):
        model.step()
    model.step()
    assert model.now == 1


def test_a_venue_can_be_named() -> None:
    answers: dict[str, Any] = {"self.limit_order(1, 9000, 1, venue='lit') > 0": None, "self.best_bid('lit') > 0": None}
    model = act_once(answers, steps=200)
    assert list(answers.values()) == [True, True]
    assert model.best_bid("lit") == model.best_bid(0)


def test_orders_outside_of_all_turns_are_refused() -> None:
    model = act_once({"self.row": None}, steps=200)
    with pytest.raises(sg.RunError, match="no turn is going on"):
        next(iter(model.population("informed"))).market_order(1, 1)
    with pytest.raises(sg.RunError, match="no turn is going on"):
        next(iter(model.population("makers"))).limit_order(1, 9_000, 1)
    model.run_model()


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled here: what is raised reaches the caller")
def test_what_is_raised_behind_a_door_ends_the_run() -> None:
    class Breaker(Trader):
        def step(self) -> None:
            if self.best_ask() is not None:
                world = self.model.world
                world.levels[int(world.sides[1]["best"])]["volume"] = 0  # a damaged book: sharing by size divides by it
                self.market_order(1, 1)

    overrides = {"run.steps": 50, "venues.lit.matching": "pro_rata"}
    model = sg.Market("scenarios/quickstart.toml", overrides=overrides, agents={"informed": Breaker})
    with pytest.raises(sg.RunError, match="the engine stopped with status 14; this is a bug in Spreadgame"):
        model.run_model()


class Anything(Trader):
    """Calls what it is told."""

    plan: Iterator[tuple[str, dict[str, Any]]]

    def step(self) -> None:
        for name, arguments in self.plan:
            home = self if hasattr(self, name) else self.model
            check_words(lambda home=home, name=name, arguments=arguments: getattr(home, name)(**arguments))


CALLED = ["best_bid", "best_ask", "in_auction", "indicative_price", "indicative_lots", "imbalance", "reservation_price",
          "limit_order", "post_only_order", "market_order", "immediate_or_cancel_order", "fill_or_kill_order",
          "demand_schedule", "cancel_order", "replace_order", "is_live", "spread", "mid", "value"]  # fmt: skip


def fuzz_python_agents(data: st.DataObject) -> None:
    anything = st.one_of(INTEGERS, FLOATS, st.none(), st.text(max_size=3), st.integers(10**20, 10**30))
    plan = []
    for _ in range(10):
        name = data.draw(st.sampled_from(CALLED))
        home = Trader if hasattr(Trader, name) else sg.Market
        wanted = [each for each in inspect.signature(getattr(home, name)).parameters if each != "self"]
        plausible = {
            "side": st.sampled_from([1, -1]), "price": st.integers(9_900, 10_100), "quantity": st.integers(1, 9),
            "venue": st.just("lit"), "slope": FLOATS, "most": INTEGERS,
        }  # fmt: skip
        odd = data.draw(st.sampled_from([*wanted, ""]))
        plan.append(
            (name, {each: data.draw(anything if each == odd else plausible.get(each, INTEGERS)) for each in wanted})
        )
    kind = type("Told", (Anything,), {"plan": iter(plan)})
    overrides = {"run.steps": 3, "noise.count": 5, "informed.count": 1, "informed.arrivals.share": 1.0}
    model = sg.Market("scenarios/quickstart.toml", overrides=overrides, agents={"informed": kind})
    model.run_model()
    world = model.world
    assert int(np.asarray(world.accounts["cash"]).sum()) == 0
    assert int(np.asarray(world.holdings["lots"]).sum()) == 0


@settings(QUICK, max_examples=60)
@given(data=st.data())
def test_no_argument_of_a_python_agent_crashes_or_breaks_the_ledger(data: st.DataObject) -> None:
    fuzz_python_agents(data)


@pytest.mark.slow
@settings(QUICK, max_examples=5_000)
@given(data=st.data())
def test_no_argument_of_many_crashes_or_breaks_the_ledger(data: st.DataObject) -> None:
    fuzz_python_agents(data)


# --- loading, running and opening -----------------------------------------------------------------------------------

QUICKSTART = "scenarios/quickstart.toml"
PYTHON_WORDS = {
    "sg.run_many('mine.toml')": "jobs must be a list of jobs, as jobs_of(load(path), seeds) makes it, not 'mine.toml'",
    "sg.run_many([S])": "jobs must be made by Job or jobs_of",
    "sg.run_many([sg.Job(S, [1])], workers=1.5)": "workers must be a whole number, not 1.5",
    "sg.run_many([sg.Job(S, [1])], workers=0)": "workers must be at least 1, not 0",
    "sg.run_many([sg.Job(S, [1])], strategies=5)": "strategies must be a file, or a list of files, not 5",
    "sg.run_many([sg.Job(S, [1])], out=5)": "out must be a path, not 5",
    "sg.Job('mine.toml', [1])": "scenario must be one that was loaded, load('mine.toml')",
    "sg.Job(S, 5)": "seeds must be a list of whole numbers, not 5",
    "sg.Job(S, [1.5])": "a seed must be a whole number, not 1.5",
    "sg.Job(S, [1], ['a'])": "labels must be a table of names and values",
    "sg.jobs_of(S, 3)": "seeds must be a list of whole numbers, not 3",
    "sg.grid('x')": "values must be lists by path",
    "sg.grid({'a': 5})": "a must be a list of values, not 5",
    "sg.run(5)": "scenario must be a path, not 5",
    "sg.run(PATH, overrides=5)": "overrides must be values by path",
    "sg.run(PATH, overrides='run.steps=5')": "overrides must be values by path",
    "sg.run(PATH, strategies=5)": "strategies must be a path, or a list of paths, not 5",
    "sg.run(PATH, out=5)": "out must be a path, not 5",
    "sg.load(3)": "path must be a path, not 3",
    "sg.load_strategies(5)": "path must be a path, not 5",
    "sg.open_run(3)": "folder must be a path, not 3",
    "sg.open_many(3)": "folder must be a path, not 3",
    "sg.replay(3, 4)": "messages must be a path, not 3",
    "sg.Market(3)": "scenario must be a path, not 3",
    "sg.Market(PATH, agents=3)": "agents must be classes by population",
    "sg.Market(PATH, agents={'informed': 3})": "agents['informed'] must be a class derived from Trader, not 3",
    "sg.Market(PATH, tape=1.5)": "tape must be a whole number, not 1.5",
    "sg.picture(3)": "run must be a run",
    "sg.run(S).table('trads')": (
        "table must be one of trades, book, agents, episodes, settlements, limits, margin_calls, messages, not 'trads'"
    ),
    "sg.run(S).table('trades', ['prise'])": "trades has no column 'prise' — did you mean 'price'?",
}


@pytest.mark.parametrize("expression", PYTHON_WORDS)
def test_what_python_is_asked_for_is_refused_in_a_line(expression: str) -> None:
    known = {"sg": sg, "PATH": QUICKSTART, "S": sg.load(QUICKSTART, overrides={"run.steps": 20})}
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(expression, known)
    assert str(caught.value).startswith(PYTHON_WORDS[expression])
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)
