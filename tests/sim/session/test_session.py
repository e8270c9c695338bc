"""A session: stepped as it is run, driven from outside as by an agent, to the same bytes."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spreadgame as sg
from sim.core.compiled import COMPILED
from sim.core.errors import RunError, ScenarioError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import Scenario, load, parse
from sim.session.agent import Agent
from sim.session.session import Session
from tests.command_line import QUICKSTART

TABLES = ("trades", "messages", "book", "agents", "episodes", "settlements")
BUY, SELL = 1, -1
WALK = {"process": "random_walk", "initial": 100.0, "volatility": 0.03}
MAKERS = {"name": "makers", "strategy": "fixed_spread", "count": 2, "params": {"quantity": 3, "levels": 2}}
NOISE = {"name": "noise", "strategy": "noise", "count": 5, "turn": 2}
DESK = {"name": "desk", "strategy": "noise", "turn": 1}


def market(*populations: dict[str, Any], steps: int = 120, episodes: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": 3},
        "instruments": [{"name": "X", "value": WALK}],
        "venues": [{"name": "lit", **more.pop("venue", {})}],
        "populations": list(populations),
        "record": {"messages": True, "book_every": 1, "levels": 3, "agents": "agents", "episodes": "agents"},
    } | more


OBLIGED = {**DESK, "obligation": {"presence": 0.7, "maximum_spread": 0.2, "minimum_size": 4}}
RESERVING = {
    "name": "buyers", "strategy": "reservation_price_taker", "turn": 2, "count": 2,
    "reservation": {"distribution": "uniform", "low": -0.02, "high": 0.1},
}  # fmt: skip
SCENARIOS = {
    "a book": market(MAKERS, DESK, NOISE),
    "episodes": market(MAKERS, DESK, NOISE, steps=30, episodes=5),
    "fees, pro rata": market(MAKERS, DESK, NOISE, venue={"matching": "pro_rata", "taker_fee": 0.001}),
    "batch auctions": market(MAKERS, DESK, NOISE, venue={"auction": {"every": 4, "pricing": "free"}}),
    "opening and closing": market(MAKERS, DESK, NOISE, venue={"auction": {"opening": 20, "closing": 15}}, episodes=2),
    "before the makers": market({**MAKERS, "turn": 5}, DESK, {**NOISE, "turn": 7}),
    "last of all": market(MAKERS, {**DESK, "turn": 9}, NOISE),
    "simultaneous makers": market(MAKERS, DESK, NOISE, turns={"simultaneous": [0]}),
    "among simultaneous makers": market(MAKERS, {**DESK, "turn": 0}, NOISE, turns={"simultaneous": [0]}),
    "in simultaneous auctions": market(
        MAKERS, {**DESK, "turn": 0}, NOISE, turns={"simultaneous": [0]}, venue={"auction": {"every": 3}}
    ),
    "obliged": market(OBLIGED, NOISE),
    "obliged among others": market(MAKERS, {**OBLIGED, "turn": 0}, NOISE, turns={"simultaneous": [0]}),
    "beside reservation prices": market(MAKERS, DESK, RESERVING),
    "with reservation prices": market(MAKERS, DESK | {"reservation": RESERVING["reservation"]}, RESERVING),
}


def chaos(agent: Agent, now: int) -> None:
    """Whatever there is to send, in two of three steps; the same in the same step."""
    random = np.random.default_rng((7, now, agent.number))
    if now % 3 == 1:
        return
    agent.begin_turn()  # what was added to an obliged maker's quotes is gone before it looks
    for _ in range(int(random.integers(0, 4))):
        chance, side, lots = random.random(), int(random.choice([BUY, SELL])), int(random.integers(1, 6))
        best = agent.best_bid() if side == BUY else agent.best_ask()
        price = (10_000 if best is None else best) + int(random.integers(-3, 4))
        own = agent.quotes
        if agent._of.reservation is not None:
            price = round(agent.reservation_price(side) / agent.tick_size)
        if own and chance < 0.2:
            agent.replace_order(own[0]["handle"], price, lots)
        elif own and chance < 0.35:
            agent.cancel_order(own[-1]["handle"])
        elif chance < 0.45:
            agent.market_order(side, lots)
        elif chance < 0.5:
            agent.immediate_or_cancel_order(side, price, lots)
        elif chance < 0.55:
            agent.fill_or_kill_order(side, price, lots)
        elif chance < 0.65:
            agent.demand_schedule(100.0 + 0.05 * float(random.normal()), 40.0, lots)
        elif chance < 0.7:
            agent.limit_order(side, price, 0)  # rejected
        elif chance < 0.85:
            agent.post_only_order(side, price, lots, lifetime=int(random.choice([0, 2])))
        else:
            agent.limit_order(side, price, lots, lifetime=int(random.choice([0, 1, 5])))


def as_python_agent(scenario: Scenario, act: Callable[[Agent, int], None] = chaos) -> Run:
    class Desk(sg.Trader):
        def step(self) -> None:
            act(self, self.model.now)

    made = sg.Market(scenario, agents={"desk": Desk})
    made.run_model()
    return made.result()


def from_outside(scenario: Scenario, act: Callable[[Agent, int], None] = chaos, **more: Any) -> Session:
    session = Session(scenario, outside="desk", **more)
    while session.running:
        session.begin_step()
        act(session.agent("desk"), session.now)
        session.step()
    return session


def assert_same(one: Run, other: Run) -> None:
    for name in TABLES:
        assert one.table(name).combine_chunks().equals(other.table(name).combine_chunks()), name
    assert one.measures == other.measures
    assert one.manifest["rejections"] == other.manifest["rejections"]


# --- orders from outside --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_orders_from_outside_leave_what_the_same_orders_of_an_agent_leave(name: str):
    scenario = parse(SCENARIOS[name])
    outside = from_outside(scenario).result()
    assert (outside.messages["population"] == "desk").sum() > 20
    assert_same(outside, as_python_agent(scenario))


def test_without_a_look_before_them_they_leave_the_same():
    """The first order begins the step by itself."""

    def act(agent: Agent, now: int) -> None:
        if now % 2:
            agent.limit_order(BUY if now % 4 == 1 else SELL, 10_000 + now % 5, 2, lifetime=3)

    scenario = parse(market(MAKERS, DESK, NOISE))
    session = Session(scenario, outside=["desk"])
    while session.running:
        act(session.agent("desk"), session.now)
        session.step()
    assert_same(session.result(), as_python_agent(scenario, act))


def test_no_result_depends_on_how_many_steps_are_made_at_once_or_on_where_storage_begins():
    scenario = parse(market(MAKERS, DESK, NOISE, steps=1000))

    def orders(session: Session, stops: list[int]) -> Run:
        for stop in [*stops, session.total]:
            if stop % 100 == 0 and stop < session.total:
                session.advance(stop)
                for away in range(40):
                    session.agent("desk 0").limit_order(BUY, 9_990 - away, 1, lifetime=60)
            session.advance(stop)
        return session.result()

    hundreds = list(range(0, 1000, 100))
    plain = orders(Session(scenario, outside=["desk"]), hundreds)
    small = Session(scenario, outside=["desk"], orders=1, tape=1)
    assert_same(plain, orders(small, sorted({*hundreds, *range(0, 900, 7)})))


def test_agents_act_in_the_order_of_their_orders_whoever_came_first():
    scenario = parse(market(MAKERS, {**DESK, "count": 3}, NOISE))
    order: list[tuple[int, int]] = []

    def act(agent: Agent, now: int) -> None:
        order.append((now, agent.number))
        chaos(agent, now)

    by_agents = as_python_agent(scenario, act)
    session = Session(scenario, outside=["desk"])
    for now, number in order:
        session.advance(now)
        session.begin_step()
        chaos(session.agent(f"desk {number}"), now)
    session.advance(session.total)
    assert_same(session.result(), by_agents)


def test_an_agent_that_comes_again_in_a_step_has_one_turn_more():
    data = market({**OBLIGED, "count": 2}, NOISE, steps=10)
    session = Session(parse(data), outside=["desk"])
    for name in ("desk 0", "desk 1", "desk 0", "desk 0", "desk 1"):
        assert session.agent(name).limit_order(BUY, 9_000, 1) > 0
    session.step()
    assert session.world.populations[0]["turns"] == 4
    assert session.world.obligations["turns"].tolist() == [2, 2]
    session.step()  # those who are silent are held to it too
    assert session.world.obligations["turns"].tolist() == [3, 3]


def test_those_outside_need_no_arrival_and_leave_the_others_draws_as_they_were():
    scenario = load(QUICKSTART, {"run.steps": 300})
    session = Session(scenario, outside=["informed"])
    filled = []
    while session.running:
        filled.append(session.agent("informed 3").market_order(BUY, 1))
        session.step()
    assert sum(filled) > 120  # the informed would come in about 60 steps
    noise = [
        run.trades.query("taker_population == 'noise'")[["step", "taker", "aggressor"]].astype(str)
        for run in (session.result(), execute(scenario))
    ]
    both = noise[0].merge(noise[1], on="step", suffixes=("", "_run"))
    assert len(both) > 100
    assert (both["taker"] == both["taker_run"]).all()
    assert set(noise[0]["step"]) <= set(noise[1]["step"])


SCRIPTED = """
from spreadgame.strategy import BUY, SELL, limit_order, step, strategy

@strategy("scripted", summary="an order in each step, by its number", max_messages=1)
def scripted(me, market):
    number = step(me, market)
    side = BUY if number % 2 == 0 else SELL
    limit_order(me, market, me.venue, side, 10000 + number * 7919 % 11 - 5, 1 + number % 3, 1 + number % 7)
"""


def test_a_hundred_thousand_steps_with_an_order_between_any_two_leave_the_bytes_of_a_strategy_that_sends_them(tmp_path):
    own = tmp_path / "scripted.py"
    own.write_text(SCRIPTED, encoding="utf-8")
    sg.load_strategies(own)
    scenario = parse(market(MAKERS, {**DESK, "strategy": "scripted"}, NOISE, steps=100_000, record={"levels": 0}))
    session = Session(scenario, outside=["desk"])
    desk = session.agent("desk")
    for number in range(100_000):
        side = BUY if number % 2 == 0 else SELL
        desk.limit_order(side, 10_000 + number * 7919 % 11 - 5, 1 + number % 3, lifetime=1 + number % 7)
        session.step()
    mine, theirs = session.save(tmp_path, "outside"), execute(scenario, tmp_path, "strategy")
    assert mine.status == "complete"
    assert len(mine.trades) > 100_000
    for name in ("trades.parquet", "agents.parquet", "episodes.parquet", "settlements.parquet", "summary.json"):
        assert (mine.folder / name).read_bytes() == (theirs.folder / name).read_bytes(), name


# --- the clock ------------------------------------------------------------------------------------------------------


def test_a_session_that_nobody_drives_is_a_run(tmp_path: Path):
    scenario = load(QUICKSTART, {"run.steps": 700, "run.episodes": 2})
    session = Session(scenario)
    assert (session.now, session.total, session.running) == (0, 1400, True)
    assert session.step()
    assert session.step(3)
    assert session.advance(1100)  # in chunks, through the end of an episode
    assert session.now == 1100
    assert not session.step(1000)
    assert (session.now, session.running, session.step()) == (1400, False, False)
    assert_same(session.result(), execute(scenario))
    saved = session.save(tmp_path, "session")
    assert (saved.folder / "trades.parquet").read_bytes() == (
        execute(scenario, tmp_path, "run").folder / "trades.parquet"
    ).read_bytes()


def test_what_was_done_can_be_looked_at_between_two_steps():
    session = Session(QUICKSTART, seed=4, overrides={"run.steps": 200}, outside=["noise"])
    session.step(100)
    bid, ask = session.best_bid("lit"), session.best_ask()
    assert session.mid() == pytest.approx(0.005 * (bid + ask))
    assert session.spread() == pytest.approx(0.01 * (ask - bid))
    assert session.depth(BUY)[0].tolist()[0] == bid
    assert session.depth(SELL, levels=1)[:, 0].tolist() == [ask]
    assert session.value() == session.result().book["value"].iloc[-1]
    buyer = session.agent("noise 7")
    session.begin_step()
    session.begin_step()  # it is there already
    price = session.best_ask()
    assert buyer.market_order(BUY, 2) == session.filled == 2
    assert (buyer.inventory, buyer.cash) == (2, pytest.approx(-0.02 * price))
    assert session.now == 100
    assert session.result().status == "interrupted"
    assert len(session.result().trades) > 0
    handle = buyer.limit_order(BUY, 9_000, 3)
    assert [quote["handle"] for quote in buyer.quotes] == [handle]
    assert buyer.is_live(handle)
    assert buyer.cancel_order(handle) == 3
    assert buyer.cancel_order(handle) == 0
    assert session.rejection == buyer.rejection == "gone"


def test_agents_in_python_need_no_mesa():
    seen = []

    def act(agent: Agent) -> None:
        seen.append(agent.row)
        agent.limit_order(BUY, 9_999, 1, lifetime=1)

    session = Session(parse(market(MAKERS, DESK, NOISE)), agents={"desk": act})
    session.advance(session.total)
    assert seen == [2] * 120
    assert (session.result().messages["population"] == "desk").sum() > 120


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_goes_on_by_itself_even_from_the_middle_of_a_turn(copied: Callable[[Session], Session]):
    scenario = parse(market(MAKERS, OBLIGED, NOISE))
    session = Session(scenario, outside=["desk"])
    session.step(20)
    session.agent("desk").limit_order(BUY, 9_995, 2)
    other = copied(session)
    for each in (session, other):
        assert each.now == 20
        each.agent("desk").limit_order(SELL, 10_050, 1)
        each.step(30)
        chaos(each.agent("desk"), each.now)
        each.advance(each.total)
    assert_same(session.result(), other.result())


# --- what is refused ------------------------------------------------------------------------------------------------


def test_who_may_not_send_is_told_so():
    session = Session(parse(market(MAKERS, DESK, NOISE, steps=5)), outside="desk")
    with pytest.raises(RunError, match=r"orders of 'noise' are sent in their turn .* or between two steps"):
        session.agent("noise 1").limit_order(BUY, 1, 1)
    session.advance(5)
    with pytest.raises(RunError, match="the run is over after 5 steps: it takes no more orders"):
        session.agent("desk").market_order(BUY, 1)
    with pytest.raises(RunError, match="the run is over"):
        session.begin_step()
    with pytest.raises(RunError, match=r"nobody is driven from outside: name populations, Session\(…, outside="):
        Session(parse(market(MAKERS, NOISE, steps=5))).begin_step()


def test_a_step_that_is_going_on_takes_nothing_from_outside():
    said: list[str] = []

    def act(agent: Agent) -> None:
        for call in (session.step, session.begin_step):
            with pytest.raises(RunError) as error_of:
                call()
            said.append(str(error_of.value))

    session = Session(parse(market(MAKERS, DESK, NOISE, steps=1)), agents={"noise": act}, outside=["desk"])
    session.step()
    assert set(said) == {"a step is going on: call step() of a copy, or when it has ended"}


def test_what_was_refused_for_its_arguments_makes_no_turn():
    session = Session(parse(market(MAKERS, OBLIGED, NOISE)), outside=["desk"])
    desk = session.agent("desk")
    for call in (
        lambda: desk.limit_order(3, 1, 1),
        lambda: desk.limit_order(BUY, 99.5, 1),
        lambda: desk.limit_order(BUY, 1, 1, lifetime=-1),
        lambda: desk.limit_order(BUY, 1, 1, venue="dark"),
        lambda: desk.cancel_order("mine"),
        lambda: desk.replace_order(1, None, 1),
        lambda: desk.demand_schedule("x", 1.0),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()
    assert session.world.populations[1]["turns"] == 0
    session.step()
    assert session.world.populations[1]["turns"] == 1


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"outside": ["dsk"]}, ScenarioError, "outside: there is no population 'dsk'; there are makers, desk, noise"),
        ({"outside": 3}, TypeError, "outside must be a name, or a list of names, not 3"),
        ({"agents": {"x": print}}, ScenarioError, "agents: there is no population 'x'"),
        ({"agents": [print]}, TypeError, "agents must be functions by population"),
        ({"agents": {"desk": 1}}, TypeError, r"agents\['desk'\] must be a function of an agent, not 1"),
        ({"outside": "desk", "agents": {"desk": print}}, ScenarioError, "'desk' is driven from outside and acts in"),
        ({"outside": ["desk", "noise"]}, ScenarioError, "act at one turn, but desk has turn 1, noise has turn 2"),
        ({"agents": {"desk": print}, "log": "x"}, TypeError, "a session with agents=… has no log"),
        ({"orders": 0}, ValueError, "orders must be at least 1, not 0"),
        ({"log": "no/such/folder/log"}, RunError, "no log can be written there"),
    ],
)
def test_a_wrong_argument_is_told_in_words(given: dict[str, Any], kind: type[Exception], message: str):
    with pytest.raises(kind, match=message):
        Session(parse(market(MAKERS, DESK, NOISE)), **given)


def test_a_wrong_step_or_name_is_told_in_words():
    session = Session(parse(market(MAKERS, DESK, NOISE)), outside=["desk"])
    session.step(10)
    with pytest.raises(ValueError, match=re.escape("until must be at least 10, not 9 — a session does not go back")):
        session.advance(9)
    with pytest.raises(ValueError, match="n must be at least 1, not 0"):
        session.step(0)
    with pytest.raises(KeyError, match=r"no agent 'makers'; there are makers \(0 to 1\), desk \(0 to 0\)"):
        session.agent("makers")
    with pytest.raises(KeyError, match="no agent 'desk 1'"):
        session.agent("desk 1")
    with pytest.raises(ValueError, match="who must be from 0 to 7, not 8"):
        session.agent(8)
    assert session.agent("desk").row == session.agent("desk 0").row == session.agent(2).row == 2
    assert repr(session.agent(2)) == "<agent desk 0>"


def test_in_its_turn_an_agent_acts_for_itself_alone():
    said: list[str] = []
    seen: list[Any] = []

    def act(agent: Agent) -> None:
        for other in (session.agent("makers 0"), session.agent("desk 1" if agent.number == 0 else "desk 0")):
            seen.append((other.quotes, other.inventory, other.best_bid()))  # looks are free
            for call in (
                lambda other=other: other.limit_order(BUY, 9_000, 1),
                lambda other=other: other.cancel_order(1),
                lambda other=other: other.replace_order(1, 9_000, 1),
                lambda other=other: other.demand_schedule(100.0, 1.0),
                lambda other=other: other.market_order(SELL, 1),
                other.uniform,
                other.begin_turn,
            ):
                with pytest.raises(RunError) as error_of:
                    call()
                said.append(str(error_of.value))
        assert session.agent(agent.row).limit_order(BUY, 9_001, 1) > 0

    session = Session(parse(market(MAKERS, {**DESK, "count": 2}, NOISE, steps=1)), agents={"desk": act})
    session.step()
    assert len(said) == 28
    assert said[0] in {
        f"it is the turn of 'desk {number}': it may look at 'makers 0', and sends its own alone" for number in (0, 1)
    }
    sent = session.result().messages
    assert (sent["population"] == "desk").sum() == 2
    assert seen[0][0]


class Thief(sg.Trader):
    def step(self) -> None:
        maker = self.model.population("makers")[0]
        maker.cancel_order(maker.quotes[0]["handle"])


def test_a_trader_cannot_cancel_anothers_orders_either():
    model = sg.Market(parse(market(MAKERS, DESK, NOISE)), agents={"desk": Thief})
    with pytest.raises(
        RunError, match="it is the turn of 'desk 0': it may look at 'makers 0', and sends its own alone"
    ):
        model.step()


# --- what ends a session --------------------------------------------------------------------------------------------


HUGE = 2**31 - 1


def test_an_order_whose_money_cannot_be_counted_is_the_one_that_fails(tmp_path: Path):
    session = Session(parse(market(MAKERS, {**DESK, "count": 2}, NOISE)), outside=["desk"], log=tmp_path / "log")
    session.step(2)
    one, other = session.agent("desk 0"), session.agent("desk 1")
    one.limit_order(BUY, 10**8, HUGE)
    with pytest.raises(RunError, match="an amount of money is too large to count — use a larger"):
        other.limit_order(SELL, 10**8, HUGE)
    for call in (session.step, session.begin_step, lambda: one.market_order(BUY, 1)):
        with pytest.raises(RunError, match="the session has failed: episode 0, step 2: an amount of money is too"):
            call()
    run = session.save(tmp_path, "failed")
    assert run.status == session.result().status == "failed"
    assert run.manifest["reason"].startswith("episode 0, step 2: an amount of money is too large to count")
    assert (tmp_path / "log").read_text().count('"does"') == 1  # what failed was not answered
    assert Session.replay(tmp_path / "log").agent("desk 0").quotes[0]["price"] == 10**8


def test_an_agent_in_python_is_told_of_it_by_the_order_too():
    said: list[str] = []

    def act(agent: Agent) -> None:
        if agent.number == 0:
            agent.limit_order(BUY, 10**8, HUGE)
        elif session.best_bid() == 10**8:
            for call in (lambda: agent.limit_order(SELL, 10**8, HUGE), lambda: agent.cancel_order(1)):
                with pytest.raises(RunError) as error_of:
                    call()
                said.append(str(error_of.value))

    session = Session(parse(market({**DESK, "count": 2}, NOISE)), agents={"desk": act})
    with pytest.raises(RunError, match="an amount of money is too large to count"):
        session.step(50)
    assert len(set(said)) == 1
    assert "an amount of money is too large to count" in said[0]
    assert session.result().status == "failed"


FAILING = """
from spreadgame.strategy import BUY, limit_order, step, strategy

@strategy("names_no_venue", summary="names a venue that is not there", max_messages=1)
def act(me, market):
    limit_order(me, market, 77 if step(me, market) == 4 else me.venue, BUY, 9000, 1)
"""


def test_a_session_whose_strategy_failed_is_saved_as_failed_and_goes_no_further(tmp_path: Path):
    (tmp_path / "failing.py").write_text(FAILING, encoding="utf-8")
    sg.load_strategies(tmp_path / "failing.py")
    scenario = parse(market({**MAKERS, "strategy": "names_no_venue", "params": {}}, DESK, NOISE, steps=20))
    session = Session(scenario, outside=["desk"])
    with pytest.raises(sg.StrategyError, match="'names_no_venue' of agent 'makers 0', episode 0, step 4"):
        session.step(10)
    with pytest.raises(RunError, match="the session has failed: strategy 'names_no_venue'"):
        session.agent("desk").limit_order(BUY, 9_000, 1)
    run = session.save(tmp_path, "failed")
    assert (run.status, run.manifest["steps"]) == ("failed", 4)
    assert "it asked for venue 77" in run.manifest["reason"]


# --- what is no number, no name, no path ----------------------------------------------------------------------------


def test_true_is_no_whole_number():
    session = Session(parse(market(MAKERS, DESK, NOISE)), outside=["desk"])
    desk = session.agent("desk")
    for call in (
        lambda: session.step(True),
        lambda: session.agent(True),
        lambda: session.advance(True),
        lambda: desk.limit_order(True, 9_000, 1),
        lambda: desk.limit_order(BUY, 9_000, True),
        lambda: desk.cancel_order(True),
        lambda: sg.Market(parse(market(MAKERS, DESK, NOISE)), rng=True),
    ):
        with pytest.raises(TypeError, match="must be a whole number, not true"):
            call()


@pytest.mark.skipif(not COMPILED, reason="plain Python joins the bits of True")
def test_true_is_no_whole_number_for_an_agent_in_python_either():
    said: list[str] = []

    def act(agent: Agent) -> None:
        handle = agent.limit_order(BUY, 9_000, 1)
        for call in (
            lambda: agent.limit_order(True, 9_000, 1),
            lambda: agent.limit_order(BUY, True, 1),
            lambda: agent.limit_order(BUY, 9_000, True),
            lambda: agent.limit_order(BUY, 9_000, 1, lifetime=True),
            lambda: agent.replace_order(handle, 9_001, True),
            lambda: agent.cancel_order(True),
        ):
            with pytest.raises(TypeError, match="must be a whole number, not true"):
                call()
            said.append("")

    session = Session(parse(market(DESK, NOISE, steps=1)), agents={"desk": act})
    session.step()
    assert len(said) == 6
    assert (session.result().messages["population"] == "desk").sum() == 1


@pytest.mark.parametrize("name", ["", "..", "a/b", "con\n", "-n", None, 5, "\0", "x.partial"])
def test_a_session_is_saved_under_the_names_that_a_run_may_have(name: Any, tmp_path: Path):
    session = Session(parse(market(MAKERS, DESK, NOISE)))
    with pytest.raises(RunError, match="is no name of a run folder — use letters, digits"):
        session.save(tmp_path, name)
    assert list(tmp_path.iterdir()) == []
    assert session.save(tmp_path, "fine").folder == tmp_path / "fine"


@pytest.mark.parametrize(
    ("log", "message"),
    [("", "a folder is there — name another file"), ("/", "a folder is there"), ("\0", "log must be a path, not '")],
)
def test_a_log_that_cannot_be_called_so_is_refused_in_words(log: str, message: str):
    with pytest.raises((RunError, ValueError), match=message):
        Session(parse(market(MAKERS, DESK, NOISE)), log=log)
