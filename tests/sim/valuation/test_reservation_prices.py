"""What trades are worth to those with reservation prices: against a slow replay of the draws, trade by trade."""

from __future__ import annotations

import math
from functools import reduce
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from sim.core.rng import ACT, mix, name_key, to_uniform
from sim.core.world import HISTORY
from sim.experiment import Job, run_many
from sim.mesa_model.market import Market
from sim.mesa_model.trader import Trader
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import Scenario, parse

LOT_SIZE = 10.0
MOVING = {"process": "random_walk", "initial": 100.0, "volatility": 0.02}


def market(*takers: dict[str, Any], steps: int = 60, episodes: int = 3, **more: Any) -> dict[str, Any]:
    """A maker on each venue, and takers of an instrument ten units of which are a lot."""
    venues = more.pop("venues", [{"name": "lit"}])
    makers = [
        {"name": f"maker-{venue['name']}", "strategy": "fixed_spread", "venues": [venue["name"]],
         "params": {"half_spread": 0.03, "quantity": 4, "reference": "public_value"}}
        for venue in venues
    ]  # fmt: skip
    instruments = [
        {"name": name, "lot_size": LOT_SIZE, "public_delay": 2, "value": MOVING}
        for name in dict.fromkeys(venue.get("instrument", "ACME") for venue in venues)
    ]
    record = {"messages": True, "levels": 0, "agents": "none", "episodes": "agents"}
    data: dict[str, Any] = {
        "run": {"steps": steps, "episodes": episodes, "seed": 11},
        "instruments": instruments,
        "venues": [{"instrument": "ACME", "tick_size": 0.01} | venue for venue in venues],
        "populations": [*makers, *takers],
        "record": record,
    }
    return data | more


def takers(law: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Three of them, each acting about every other step."""
    arrivals = {"law": "bernoulli", "probability": 0.6}
    given = {"turn": 1, "count": 3, "arrivals": arrivals, "params": {"quantity": 3}, "reservation": law}
    return {"name": "takers", "strategy": "reservation_price_taker"} | given | fields


# --- takers of ours -------------------------------------------------------------------------------------------------

LAWS: dict[str, dict[str, Any]] = {
    "fixed": {"distance": 0.05},
    "uniform": {"low": -0.02, "high": 0.1, "reference": "mid"},
    "normal": {"mean": 0.03, "deviation": 0.05, "reference": "signal"},
    "exponential": {"mean": 0.04, "offset": 0.01},
}
AUCTIONS: dict[str, dict[str, Any]] = {
    "continuous": {},
    "pro rata": {"matching": "pro_rata"},
    "batches": {"mechanism": "call_auction", "auction": {"every": 4}},
    "opening and closing": {"auction": {"opening": 7, "closing": 9}},
}


def distance(law: dict[str, Any], draw: float) -> float:
    """The inverse of a law's distribution."""
    match law["distribution"]:
        case "fixed":
            return float(law["distance"])
        case "uniform":
            return float(law["low"] + (law["high"] - law["low"]) * draw)
        case "normal":
            return float(law["mean"] + law["deviation"] * NormalDist().inv_cdf(draw))
        case _:
            return float(law["offset"] - law["mean"] * math.log(draw))


def key(first: int, *parts: int) -> np.uint64:
    """A key of the random streams."""
    return reduce(lambda mixed, part: np.uint64(mix(mixed, np.uint64(part))), parts, np.uint64(first))


def replayed(run: Run, law: dict[str, Any]) -> np.ndarray:
    """What the takers gained, (episodes, members): the draws made again, and the trades read one after another."""
    seed = key(0, run.scenario.run.seed)
    stream = key(seed, name_key("population", "takers"))
    sent = run.messages[(run.messages["population"] == "takers") & (run.messages["kind"] == "immediate_or_cancel")]
    drawn = {}
    for row in sent.itertuples():
        turn = key(stream, row.agent, key(seed, row.episode, row.step), ACT)
        fixed = law["distribution"] == "fixed"
        drawn[row.order] = distance(law, 0.5 if fixed else to_uniform(key(turn, 1)))  # draw 0 is the side's
    gained = np.zeros((run.scenario.run.episodes, 3))
    for row in run.trades.itertuples():
        for who, member, order in (
            (row.taker_population, row.taker, row.taker_order),
            (row.maker_population, row.maker, row.maker_order),
        ):
            if who == "takers":
                gained[row.episode, member] += drawn[order] * row.quantity * LOT_SIZE
    return gained


@pytest.mark.parametrize("auction", AUCTIONS)
@pytest.mark.parametrize("law", LAWS)
def test_each_trade_is_credited_at_the_reservation_price_that_its_order_was_sent_with(law: str, auction: str):
    given = {"distribution": law, **LAWS[law]}
    sees = {"of": "value", "delay": 1, "noise": 0.01}
    data = market(takers(given, sees=sees), venues=[{"name": "lit"} | AUCTIONS[auction]])
    run = execute(parse(data))
    expected = replayed(run, given)
    found = run.episodes.query("population == 'takers'")["private_value"].to_numpy().reshape(expected.shape)
    assert (expected != 0).all()
    assert found == pytest.approx(expected)
    assert (run.episodes.query("population != 'takers'")["private_value"] == 0).all()


def test_orders_of_a_simultaneous_turn_are_worth_to_each_what_he_drew():
    law = {"distribution": "exponential", **LAWS["exponential"]}
    data = market(takers(law), venues=[{"name": "lit"} | AUCTIONS["batches"]], turns={"simultaneous": [1]}, episodes=4)
    run = execute(parse(data))
    expected = replayed(run, law)
    assert run.episodes.query("population == 'takers'")["private_value"].to_numpy() == pytest.approx(expected.ravel())
    assert (expected != 0).all()


def test_where_the_value_is_public_nobody_trades_to_his_own_loss():
    still = [{"name": "ACME", "lot_size": LOT_SIZE, "value": {"process": "constant", "initial": 100.0}}]
    law = {"distribution": "normal", "mean": 0.03, "deviation": 0.05}
    for auction in AUCTIONS.values():
        run = execute(parse(market(takers(law), instruments=still, venues=[{"name": "lit"} | auction])))
        mine = run.episodes.query("population == 'takers'")
        assert (mine["payoff"] + mine["private_value"] > 0).all()
        assert (mine["payoff"] < 0).any()


@pytest.mark.parametrize("half_spread", [0.01, 0.04])
def test_takers_gain_what_the_part_of_demand_above_the_ask_says(half_spread: float):
    """Of exponential distances, the part beyond ``h`` has the mean ``(mean + h) * exp(-h / mean)``."""
    scale, steps = 0.04, 20_000
    law = {"distribution": "exponential", "mean": scale}
    data = market(takers(law, count=1, arrivals=None, params={"quantity": 1}), steps=1, episodes=steps)
    data["populations"][0]["params"]["half_spread"] = half_spread
    data["record"] |= {"messages": False}
    gained = execute(parse(data)).episodes.query("population == 'takers'")["private_value"].to_numpy() / LOT_SIZE
    error = gained.std(ddof=1) / math.sqrt(steps)
    assert abs(gained.mean() - (scale + half_spread) * math.exp(-half_spread / scale)) < 4 * error


# --- agents in plain Python -----------------------------------------------------------------------------------------


def played(scenario: Scenario, agent: type[Trader]) -> tuple[Run, dict[int, float]]:
    """A run whose takers act in Python, and how far beyond the anchor they were with each order, by its number."""
    drawn: dict[int, float] = {}

    class Noting(agent):  # type: ignore[misc, valid-type]
        def note(self, distance: float) -> None:
            drawn[int(self.model.world.clock[0]["next_number"])] = distance

    model = Market(scenario, agents={"takers": Noting})
    model.run_model()
    return model.result(), drawn


class Agent(Trader):
    """Draws a distance, and turns it into a price."""

    def drawn(self, side: int) -> tuple[int, float]:
        limit = self.reservation_price(side)
        return math.floor(limit / self.tick_size), side * (limit - self.public_value)


class Several(Agent):
    """Serves three customers a turn, each with a reservation price of his own."""

    def step(self) -> None:
        for _ in range(3):
            side = 1 if self.uniform() < 0.5 else -1
            price, distance = self.drawn(side)
            if self.immediate_or_cancel_order(side, price, 2) or self.in_auction():
                self.note(distance)  # type: ignore[attr-defined]


class Waiting(Agent):
    """Leaves limit orders to an auction that go on to the next, and now and then changes or cancels one."""

    def step(self) -> None:
        old = [quote for quote in self.quotes if self.uniform() < 0.3]
        for quote in old[:1]:
            self.replace_order(quote["handle"], quote["price"] - quote["side"], 1)
        for quote in old[1:]:
            self.cancel_order(quote["handle"])
        for _ in range(2):
            side = 1 if self.uniform() < 0.5 else -1
            price, distance = self.drawn(side)
            self.limit_order(side, price, 2, lifetime=6)
            self.note(distance)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("agent", "auction"), [(Several, "continuous"), (Several, "batches"), (Waiting, "batches")]
)  # fmt: skip
def test_each_of_an_agents_orders_keeps_its_own_reservation_price(agent: type[Trader], auction: str):
    law = {"distribution": "normal", "mean": 0.03, "deviation": 0.05}
    scenario = parse(market(takers(law), venues=[{"name": "lit"} | AUCTIONS[auction]]))
    run, drawn = played(scenario, agent)
    gained = np.zeros((scenario.run.episodes, 3))
    for row in run.trades.itertuples():
        if row.taker_population == "takers":
            gained[row.episode, row.taker] += drawn[row.taker_order] * row.quantity * LOT_SIZE
        if row.maker_population == "takers":
            gained[row.episode, row.maker] += drawn[row.maker_order] * row.quantity * LOT_SIZE
    assert (gained != 0).all()
    found = run.episodes.query("population == 'takers'")["private_value"].to_numpy()
    assert found == pytest.approx(gained.ravel())


class Resting(Agent):
    """Keeps an order on each side, and draws a new price for each only when it has none there."""

    def step(self) -> None:
        for side in {1, -1} - {quote["side"] for quote in self.quotes}:
            price, distance = self.drawn(side)
            if self.post_only_order(side, price - 4 * side, 1):
                self.note(distance)  # type: ignore[attr-defined]


def test_an_order_that_rests_is_credited_when_it_trades_at_the_last_draw_for_its_side():
    law = {"distribution": "uniform", "low": 0.0, "high": 0.05}
    noise = {"name": "noise", "strategy": "noise", "turn": 2, "params": {"quantity": 1}}
    run, drawn = played(parse(market(takers(law), noise)), Resting)
    gained = np.zeros((run.scenario.run.episodes, 3))
    for row in run.trades.itertuples():
        if row.maker_population == "takers":
            gained[row.episode, row.maker] += drawn[row.maker_order] * row.quantity * LOT_SIZE
    assert gained.sum() > 0
    found = run.episodes.query("population == 'takers'")["private_value"].to_numpy()
    assert found == pytest.approx(gained.ravel())


class Elsewhere(Agent):
    """Draws a price for its first venue, and buys on both."""

    def step(self) -> None:
        _, self.distance = self.drawn(1)
        for venue in self.venues:
            self.market_order(1, 1, venue=venue)


def test_trades_of_another_instrument_are_not_at_the_reservation_price():
    law = {"distribution": "fixed", "distance": 0.05}
    agent = takers(law, strategy="arbitrageur", params={}, venues=["lit", "other"], count=1, arrivals=None)
    venues = [{"name": "lit"}, {"name": "other", "instrument": "BOLT"}]
    run, _ = played(parse(market(agent, venues=venues, steps=10, episodes=1)), Elsewhere)
    mine = run.episodes.query("population == 'takers'")
    assert mine["volume"].tolist() == [2 * 10]
    assert mine["private_value"].to_numpy() == pytest.approx(10 * 0.05 * LOT_SIZE)


class Insatiable(Agent):
    """Trades more in a turn than the tape holds."""

    def step(self) -> None:
        self.drawn(1)
        for _ in range(len(self.model.world.tape) + 1):
            self.market_order(1, 1)


def test_what_cannot_be_told_any_more_is_left_out():
    law = {"distribution": "fixed", "distance": 0.05}
    data = market(takers(law, count=1, arrivals=None), steps=1, episodes=1)
    data["populations"][0]["params"]["quantity"] = 1_000_000
    run, _ = played(parse(data), Insatiable)
    assert run.episodes["volume"].min() > 2 * HISTORY
    assert run.episodes["private_value"].isna().tolist() == [False, True]  # the maker gains nothing anyway
    assert "private_value" not in run.summary["measure"].tolist()


# --- where it is told -----------------------------------------------------------------------------------------------


def test_tables_summary_and_totals_say_the_same():
    law = {"distribution": "exponential", "mean": 0.04}
    scenario = parse(market(takers(law)))
    run = execute(scenario)
    episodes = run.episodes.query("population == 'takers'")
    mean = episodes["private_value"].sum() / scenario.run.episodes
    said = run.summary.query("measure == 'private_value'")
    assert said["name"].tolist() == ["takers"]
    assert said["value"].to_numpy() == pytest.approx(mean)
    results = run_many([Job(scenario, [scenario.run.seed])])
    assert results.column("takers.private_value") == pytest.approx(mean)
    assert "maker-lit.private_value" not in results.table.column_names


def test_a_population_says_whether_it_values_lots_privately():
    law = {"distribution": "fixed", "distance": 0.05}
    valued = {"distribution": "normal", "deviation": 1.0, "units": 2}
    some = takers(law, name="zir", strategy="zir", sees={"of": "value"}, params={}, private_values=valued)
    del some["reservation"]
    scenario = parse(market(takers(law), some))
    assert {each.name: each.values_privately for each in scenario.populations} == {
        "maker-lit": False, "takers": True, "zir": True
    }  # fmt: skip
