"""What our strategies claim: the promises that all of them make, and each one's own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.runs.build import build
from sim.runs.execute import execute
from sim.runs.simulation import Simulation
from sim.runs.strategy_contract import CLAIMS, STEPS, Played, play, uncompiled_differences
from sim.scenario import parse
from sim.strategy_kit import registry

OURS = registry.built_in()
UNCOMPILED = "it does the same uncompiled"
TICK = 0.01
CONSTANT = {"process": "constant", "initial": 100.0}


def scenario(
    *populations: dict[str, Any], steps: int, value: dict[str, Any] = CONSTANT, seed: int = 1, **more: Any
) -> Any:
    """A market of one instrument and one book; ``more`` takes the place of whole tables."""
    instrument = {"name": "X", "value": value} | more.pop("instrument", {})
    return {
        "run": {"steps": steps, "seed": seed},
        "instruments": [instrument],
        "venues": [{"name": "book"}],
        "populations": list(populations),
        "record": {"messages": True, "levels": 0, "agents": "none"},
    } | more


def population(name: str, strategy: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": name, "strategy": strategy or name, **fields}


def within(estimates: NDArray[Any], truth: float, errors: float = 4.0) -> bool:
    """Whether the mean of independent estimates is within so many standard errors of the truth."""
    return bool(abs(estimates.mean() - truth) <= errors * estimates.std(ddof=1) / math.sqrt(len(estimates)))


# --- the promises that every strategy makes -------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim != UNCOMPILED])
@pytest.mark.parametrize("name", OURS)
def test_every_strategy_keeps_its_promises(name: str, claim: str) -> None:
    assert list(CLAIMS[claim](OURS[name])) == []


@pytest.mark.parametrize("steps", [STEPS // 5, pytest.param(STEPS, marks=pytest.mark.slow)])
def test_every_strategy_does_the_same_uncompiled(steps: int) -> None:
    assert list(uncompiled_differences(list(OURS.values()), steps)) == []


@pytest.mark.parametrize("name", OURS)
def test_every_strategy_of_ours_says_where_it_comes_from(name: str) -> None:
    assert OURS[name].source
    assert OURS[name].name == name


# --- noise ----------------------------------------------------------------------------------------------------------


def noise_sizes(**params: Any) -> NDArray[Any]:
    rows = play(scenario(population("noise", params=params), steps=20_000)).table("messages")
    assert len(rows) == 20_000
    return rows["side"] * rows["quantity"]


def test_noise_of_fixed_size_is_of_that_size() -> None:
    assert set(np.abs(noise_sizes(quantity=3.4))) == {3}


@pytest.mark.parametrize("quantity", [1.0, 1.5, 20.0])
def test_noise_of_geometric_size_has_its_mean_and_starts_at_one_lot(quantity: float) -> None:
    sizes = np.abs(noise_sizes(distribution="geometric", quantity=quantity))
    assert sizes.min() == 1
    assert within(sizes, quantity)
    assert within(sizes == 1, 1.0 / quantity)


@pytest.mark.parametrize("dispersion", [0.0, 0.5, 1.0])
def test_noise_of_lognormal_size_has_its_mean_and_dispersion(dispersion: float) -> None:
    # So large that rounding to whole lots does not show.
    sizes = np.abs(noise_sizes(distribution="lognormal", quantity=1e5, dispersion=dispersion))
    assert within(sizes, 1e5)
    assert within((np.log(sizes / 1e5) + 0.5 * dispersion**2) ** 2, dispersion**2)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_noise_buys_as_often_as_it_should(probability: float) -> None:
    assert within(noise_sizes(buy_probability=probability) > 0, probability)


# --- informed -------------------------------------------------------------------------------------------------------

# A value that moves from tick to tick, so that quotes are often wrong by exactly the threshold.
COIN = {"process": "random_walk", "initial": 100.0, "volatility": TICK, "increments": "coin"}
LADDER = population("maker", "fixed_spread", params={"half_spread": 0.05, "levels": 5, "quantity": 3})


def informed_lots(threshold: int, **params: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """One who meets a ladder that stands still: lots bought in each step, value in ticks, what each trade gains."""
    knows = population("informed", turn=1, sees={"of": "value"}, params={"threshold": threshold * TICK, **params})
    data = scenario(LADDER, knows, steps=2_000, value=COIN)
    data["record"] |= {"levels": 1, "book_every": 1}
    run = execute(parse(data))
    value = np.rint(run.book["value"].to_numpy() / TICK).astype(int)
    trades = run.trades
    side = np.where(trades["aggressor"] == "buy", 1, -1)
    lots = np.bincount(trades["step"], side * trades["quantity"], len(value))
    gain = side * (value[trades["step"]] - np.rint(trades["price"] / TICK))
    assert gain.min() > threshold  # never at the threshold itself
    return lots, value, gain


@pytest.mark.parametrize("threshold", [0, 2])
@pytest.mark.parametrize(("amount", "most"), [("one", 1), ("quantity", 5), ("all", 1 << 30)])
def test_informed_takes_what_is_wrong_by_more_than_the_threshold(amount: str, most: int, threshold: int) -> None:
    lots, value, gain = informed_lots(threshold, amount=amount, quantity=5)
    asks = 10_005 + np.arange(5)
    wrong_asks = (value[:, None] - asks > threshold).sum(axis=1)
    wrong_bids = ((20_000 - asks) - value[:, None] > threshold).sum(axis=1)
    assert (wrong_asks > 1).any()
    assert (wrong_bids > 1).any()
    assert (lots == np.minimum(3 * wrong_asks, most) - np.minimum(3 * wrong_bids, most)).all()
    assert gain.min() == threshold + 1  # it takes the first that is worth taking


def test_informed_keeps_within_its_inventory_limit() -> None:
    lots, _, _ = informed_lots(0, amount="all", inventory_limit=7)
    assert np.abs(np.cumsum(lots)).max() == 7


def test_informed_with_a_threshold_beyond_every_book_never_trades() -> None:
    knows = population("informed", turn=1, sees={"of": "value"}, params={"threshold": 1e18})
    assert len(play(scenario(LADDER, knows, steps=5)).table("trades")) == 0


# --- reservation_price_taker ------------------------------------------------------------------------------------------

LAWS = {
    "exponential": ({"mean": 0.1}, lambda s: math.exp(-s / 0.1)),
    "shifted": (
        {"distribution": "exponential", "mean": 0.1, "offset": 0.02},
        lambda s: min(1.0, math.exp((0.02 - s) / 0.1)),
    ),
    "uniform": ({"low": 0.0, "high": 0.25}, lambda s: 1.0 - s / 0.25),
    "normal": ({"mean": 0.05, "deviation": 0.1}, lambda s: 0.5 * math.erfc((s - 0.05) / 0.1 / math.sqrt(2.0))),
    "fixed": ({"distance": 0.05}, lambda s: float(s <= 0.05)),
}


@pytest.mark.parametrize("spread", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("law", LAWS)
def test_reservation_price_taker_accepts_a_spread_as_often_as_its_law_says(law: str, spread: float) -> None:
    given, accepts = LAWS[law]
    maker = population("maker", "fixed_spread", params={"half_spread": spread})
    takers = population("takers", "reservation_price_taker", turn=1, reservation={"distribution": law} | given)
    played = play(scenario(maker, takers, steps=20_000))
    bought = np.bincount(played.table("trades")["step"], minlength=20_000)
    assert within(bought, accepts(spread))
    sides = played.table("trades")["aggressor"]
    assert len(sides) == 0 or within(sides, 0.0)


# --- poisson_flow ---------------------------------------------------------------------------------------------------


def test_poisson_flow_of_limit_orders_and_cancellations_alone_is_a_queue_with_infinitely_many_servers() -> None:
    flow = population(
        "flow", "poisson_flow", params={"market_rate": 0.0, "limit_rate": 0.05, "window": 20, "cancel_rate": 0.05}
    )
    data = scenario(flow, steps=40_500)
    data["record"] |= {"levels": 1, "book_every": 1}
    run = execute(parse(data))
    orders = run.book["orders"].to_numpy()[500:].reshape(40, 1000)  # batches of fifty relaxation times
    assert within(orders.mean(axis=1), 40.0)
    assert within(((orders - 40.0) ** 2).mean(axis=1), 40.0)  # Poisson
    assert len(run.trades) == 0  # a limit order never reaches the other side
    kinds = run.messages["kind"].value_counts()
    assert abs(kinds["limit"] - 2 * 40_500) <= 4.0 * math.sqrt(2 * 40_500)


def test_poisson_flow_trades_at_its_rate_and_keeps_its_window() -> None:
    flow = population(
        "flow", "poisson_flow", params={"market_rate": 0.5, "limit_rate": 0.1, "window": 30, "cancel_rate": 0.02}
    )
    data = scenario(flow, steps=10_000, venues=[{"name": "book", "self_trade_prevention": "allow"}])
    rows = play(data).table("messages")
    market, limit = rows[rows["kind"] == 1], rows[rows["kind"] == 0]
    for some, mean in ((market, 2 * 0.5), (limit, 2 * 0.1 * 30)):
        assert abs(len(some) - mean * 10_000) <= 4.0 * math.sqrt(mean * 10_000)
        assert within(some["side"], 0.0)
    assert market["filled"].mean() > 0.95


# --- fixed_spread ---------------------------------------------------------------------------------------------------


LOTS = 50  # of each quote, more than the noise traders take


class Stand:
    """One maker alone with small noise traders; stepped, and looked at between steps, when it is about to act."""

    def __init__(self, instrument: dict[str, Any] | None = None, **params: Any) -> None:
        maker = population("maker", "fixed_spread", sees={"of": "value"}, params={"quantity": LOTS, **params})
        noise = population("noise", turn=1, count=3, arrivals={"law": "bernoulli", "probability": 0.6})
        value = {"process": "random_walk", "initial": 100.0037, "volatility": 0.037}
        data = scenario(maker, noise, steps=10_000, value=value, instrument=instrument or {})
        self.sink = Played()
        self.simulation = Simulation(build(parse(data)), self.sink)
        self.world = self.simulation.built.storage.world
        self.done = 0

    def step(self) -> None:
        self.done += 1
        self.simulation.advance(self.done)

    def best(self, side: int) -> float | None:
        level = int(self.world.sides[side]["best"])
        return None if level < 0 else float(self.world.levels[level]["price"])

    def middle(self) -> float:
        """The mark, in currency: the last mid, the initial value before there is any."""
        bid, ask = self.best(0), self.best(1)
        if bid is not None and ask is not None:
            return 0.5 * (bid + ask) * TICK
        instrument = self.world.instruments[0]
        return float(instrument["mark"] if instrument["mark"] == instrument["mark"] else instrument["initial"])

    def quotes(self) -> tuple[dict[int, int], dict[int, int]]:
        """The maker's bids and asks: lots by price in ticks, with what the noise traders took of them in this step."""
        found: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for order in self.world.orders[: int(self.simulation.clock["orders_used"])]:
            if order["state"] == 1:
                level = self.world.levels[order["level"]]
                found[int(level["side"])][int(level["price"])] = int(order["remaining"])
        self.sink.parts["trades"].clear()
        self.simulation.drain()
        for trade in self.sink.table("trades"):
            side = found[0 if trade["aggressor"] < 0 else 1]
            side[int(trade["price"])] = side.get(int(trade["price"]), 0) + int(trade["quantity"])
        return found


def rounded_outward(low: float, high: float) -> tuple[int, int]:
    """The ticks at or outside two prices; a price that is a tick but for the last bits is that tick."""
    return math.floor(round(low / TICK, 7)), math.ceil(round(high / TICK, 7))


@pytest.mark.parametrize("reference", ["public_value", "mid", "last", "average", "signal"])
@pytest.mark.parametrize(
    "params",
    [
        {"half_spread": 0.05},
        {"half_spread": 0.0333, "inventory_skew": 0.0047},
        {"half_spread": 0.02, "inventory_limit": 4, "levels": 3, "level_gap": 7},
        {"half_spread": 0.01, "inventory_limit": 120, "levels": 3, "level_gap": 1},
        {"half_spread": 0.02, "sides": "buy", "inventory_skew": 0.01},
        {"half_spread": 0.02, "sides": "sell", "inventory_limit": 30},
    ],
    ids=["plain", "skewed", "limited", "ladder", "buys", "sells"],
)
def test_fixed_spread_quotes_its_distance_rounded_outward(reference: str, params: dict[str, Any]) -> None:
    stand = Stand({"public_delay": 0}, reference=reference, **params)
    average = last = middle = 100.0037
    held = 0
    for step in range(150):
        if step > 0:
            held, middle = int(stand.world.holdings[0]["lots"]), stand.middle()
            average += 0.1 * (middle - average)
            last = float(stand.world.venues[0]["last_price"]) * TICK if stand.simulation.clock["trades"] else middle
        stand.step()
        value = float(stand.world.instruments[0]["value"])
        known = {"public_value": value, "mid": middle, "last": last, "average": average, "signal": value}[reference]
        known -= params.get("inventory_skew", 0.0) * held
        bid, ask = rounded_outward(known - params["half_spread"], known + params["half_spread"])
        limit = params.get("inventory_limit", 0) or 1000
        gap, levels = params.get("level_gap", 1), range(params.get("levels", 1))
        buying = 0 if params.get("sides") == "sell" else limit - held
        selling = 0 if params.get("sides") == "buy" else limit + held
        bids = {bid - gap * level: min(LOTS, buying - LOTS * level) for level in levels if buying > LOTS * level}
        asks = {ask + gap * level: min(LOTS, selling - LOTS * level) for level in levels if selling > LOTS * level}
        assert stand.quotes() == (bids, asks)


@pytest.mark.parametrize("maker", ["fixed_spread", "adaptive"])
def test_makers_keep_within_their_inventory_limit(maker: str) -> None:
    quoting = population("maker", maker, params={"quantity": 2, "levels": 3, "inventory_limit": 5})
    takers = population("noise", turn=1, count=5, params={"quantity": 4.0, "distribution": "geometric"})
    trades = play(scenario(quoting, takers, steps=500)).table("trades")
    held = np.cumsum(-trades["aggressor"] * trades["quantity"])
    assert np.abs(held).max() == 5


def test_fixed_spread_of_nothing_on_a_tick_does_not_lock_its_own_book() -> None:
    played = play(scenario(population("maker", "fixed_spread", params={"half_spread": 0.0}), steps=3))
    assert sorted(played.table("messages")["price"].tolist()) == [10_000, 10_001]


def test_fixed_spread_sees_the_public_value_late_and_its_signal_as_late_as_it_is() -> None:
    maker = population("maker", "fixed_spread", params={"half_spread": 0.1})
    late = population(
        "late", "fixed_spread", sees={"of": "value", "delay": 7}, params={"half_spread": 1.0, "reference": "signal"}
    )
    value = {"process": "random_walk", "initial": 100.0, "volatility": 0.03}
    data = scenario(maker, late, steps=200, value=value, instrument={"public_delay": 4})
    data["record"] |= {"levels": 2, "book_every": 1}
    book = execute(parse(data)).book
    seen = book["value"].to_numpy()
    for column, delay, half in (("bid", 4, 0.1), ("bid_2", 7, 1.0)):
        for step in range(delay, 200):
            assert round(book[column][step] / TICK) == rounded_outward(seen[step - delay] - half, 0.0)[0]


# --- arbitrageur ----------------------------------------------------------------------------------------------------


def two_books(steps: int = 1_500, fee: float = 0.0, **params: Any) -> Any:
    venues = [{"name": name, "taker_fee": fee, "fee_per": "lot"} for name in ("one", "other")]
    who: list[dict[str, Any]] = [population("arbitrageur", turn=2, venues=["one", "other"], params=params)]
    for name in ("one", "other"):
        quoting = {"half_spread": 0.03, "inventory_skew": 0.01, "levels": 4, "quantity": 2}
        who += [
            population(f"maker-{name}", "fixed_spread", venues=[name], params=quoting),
            population(
                f"noise-{name}", "noise", turn=1, venues=[name], params={"quantity": 3.0, "distribution": "geometric"}
            ),
        ]
    data = scenario(*who, steps=steps, venues=venues)
    data["record"] |= {"levels": 1, "book_every": 1, "agents": "agents", "agents_every": 1}
    return execute(parse(data))


@pytest.mark.parametrize(("fee", "least"), [(0.0, 0.0), (0.02, 0.0), (0.0, 0.03), (0.01, 0.015)])
def test_arbitrageur_holds_two_books_within_its_costs_and_never_loses(fee: float, least: float) -> None:
    run = two_books(fee=fee, least_gain=least, rounds=1000)
    one, other = (run.book[run.book["venue"] == name].set_index("step") for name in ("one", "other"))
    for cheap, dear in ((one, other), (other, one)):
        assert ((dear["bid"] - cheap["ask"]).dropna() <= 2 * fee + least + 1e-9).all()
    own = run.agents[run.agents["population"] == "arbitrageur"]
    lots = run.trades[run.trades["taker_population"] == "arbitrageur"].groupby("step")["quantity"].sum() / 2
    assert len(lots) > 100  # there was something to do
    assert (own["inventory.X"] == 0).all()
    gains = own.set_index("step")["cash"].diff().fillna(own["cash"].iloc[0])
    assert gains.min() >= 0.0
    assert (gains[lots.index] > least * lots - 1e-9).all()


def test_arbitrageur_goes_back_no_more_often_than_it_may() -> None:
    run = two_books(rounds=2, quantity=1)
    trades = run.trades[run.trades["taker_population"] == "arbitrageur"]
    assert trades["quantity"].max() == 1
    assert trades.groupby("step").size().max() == 4  # two on each book


# --- adaptive -------------------------------------------------------------------------------------------------------


def mean_spread(share: float, seed: int) -> float:
    data = scenario(
        population("makers", "adaptive", count=2),
        population("informed", turn=1, count=5, sees={"of": "value"},
                   arrivals={"law": "one_of", "group": "flow", "share": share}),
        population("noise", turn=1, count=5, arrivals={"law": "one_of", "group": "flow", "share": 1.0 - share}),
        steps=10_000, seed=seed, value={"process": "random_walk", "initial": 100.0, "volatility": 0.02},
        instrument={"public_delay": 50},
    )  # fmt: skip
    data["record"] = {"levels": 1, "book_every": 10, "agents": "none"}
    book = execute(parse(data)).book
    return float((book["ask"] - book["bid"])[500:].mean())


def test_adaptive_quotes_wider_when_more_of_the_flow_is_informed() -> None:
    wider = np.array([mean_spread(0.5, seed) - mean_spread(0.05, seed) for seed in range(8)])
    assert wider.mean() > 4.0 * wider.std(ddof=1) / math.sqrt(len(wider))
