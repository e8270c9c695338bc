"""What traders of the literature claim: zir, zero_intelligence and sniper, and what their papers found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.runs.execute import execute
from sim.runs.private_values import PrivateValues
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.places import ROOT

THEORY = ROOT / "scenarios" / "theory"
MESSAGES = {"messages": True, "levels": 1, "book_every": 1, "agents": "none"}


def market(*populations: dict[str, Any], steps: int, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "run": {"steps": steps, "seed": 5},
        "instruments": [{"name": "X", "value": value} | more.pop("instrument", {})],
        "venues": [{"name": "book", "tick_size": 0.01}],
        "populations": list(populations),
        "record": MESSAGES,
    } | more


def within(estimates: NDArray[Any], truth: float, errors: float = 4.0) -> bool:
    """Whether the mean of independent estimates is within so many standard errors of the truth."""
    return bool(abs(estimates.mean() - truth) <= errors * estimates.std(ddof=1) / math.sqrt(len(estimates)))


# --- zir ------------------------------------------------------------------------------------------------------------

REVERTING = {"process": "mean_reverting", "mean": 100.0, "reversion": 0.1, "volatility": 1.0}


def zir(name: str = "zir", **fields: Any) -> dict[str, Any]:
    valued = {"distribution": "normal", "deviation": 2.0, "units": 3}
    given = {"sees": {"of": "value"}, "private_values": valued, **fields}
    return {"name": name, "strategy": "zir", **given, "params": {"reversion": 0.1, **fields.get("params", {})}}


def offers_of_one(**params: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """One trader alone: for each of its offers the side, its price, and what a lot was then worth to it."""
    steps, episodes = 50, 40
    data = market(zir(params=params), steps=steps, value=REVERTING, run={"steps": steps, "episodes": episodes})
    scenario = parse(data)
    run = execute(scenario)
    sent = run.messages[run.messages["kind"] == "limit"]
    assert (sent.groupby("episode").size() == steps).all()
    assert (run.book["orders"] == 1).all()  # the old order is withdrawn
    drawn = PrivateValues(scenario)
    private = np.array([[drawn.of(i)["zir"].up[0, 0], drawn.of(i)["zir"].down[0, 0]] for i in range(episodes)])
    side = np.where(sent["side"] == "buy", 1, -1)
    value = run.book.set_index(["episode", "step"])["value"]
    now = value[list(zip(sent["episode"], sent["step"], strict=True))].to_numpy()
    left = 0.9 ** (steps - 1 - sent["step"].to_numpy())
    worth = 100.0 + left * (now - 100.0) + private[sent["episode"], np.where(side > 0, 0, 1)]
    return side, sent["price"].to_numpy(), worth


def test_zir_offers_the_expected_final_value_and_its_private_value_less_its_shading():
    side, price, worth = offers_of_one(shading_low=0.5, shading_high=0.5)
    gain = side * (worth - price) - 0.5
    assert gain.min() > -1e-6
    assert gain.max() < 0.01 + 1e-6  # rounded to its own favour
    assert within(side, 0.0)


@pytest.mark.parametrize(("low", "high"), [(0.0, 3.0), (2.0, 3.0)])
def test_zir_draws_its_shading_evenly(low: float, high: float):
    side, price, worth = offers_of_one(shading_low=low, shading_high=high)
    shading = side * (worth - price)
    assert low - 1e-6 < shading.min() < low + 0.02
    assert high - 0.02 < shading.max() < high + 0.011
    assert within(shading - 0.005, (low + high) / 2)


@pytest.mark.parametrize("threshold", [0.0, 0.4, 1.0])
def test_zir_trades_at_once_where_the_quote_yields_enough_of_its_shading(threshold: float):
    maker = {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.2, "quantity": 100}}
    asks = {"shading_low": 1.0, "shading_high": 1.0, "threshold": threshold}
    value = {"process": "constant", "initial": 100.0}
    scenario = parse(market(maker, zir(turn=1, params=asks), steps=5, value=value, run={"steps": 5, "episodes": 200}))
    sent = execute(scenario).messages
    sent = sent[(sent["population"] == "zir") & (sent["kind"] != "cancel")]
    assert set(sent["kind"]) == {"limit", "immediate_or_cancel"}
    drawn = PrivateValues(scenario)
    for episode, rows in sent.groupby("episode"):
        values = drawn.of(int(episode))["zir"]
        by_lots_held = np.hstack([values.down[0, ::-1], values.up[0]])
        held = 3
        for kind, side, price in rows[["kind", "side", "price"]].itertuples(index=False):
            sign = 1 if side == "buy" else -1
            gain = sign * by_lots_held[held - (sign < 0)] - 0.2
            assert (kind != "limit") == (gain >= threshold - 1e-9)
            if kind != "limit":
                assert price == pytest.approx(100.0 + sign * 0.2)
                held += sign


def test_zir_leaves_a_side_on_which_its_units_are_used_up():
    maker = {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 1.0, "quantity": 100}}
    believes = {"reversion": 1.0, "long_run_mean": 1e4, "shading_high": 0.0}  # that the value will be a hundredfold
    buyer = zir(turn=1, params=believes, endowment={"inventory": 7})
    run = execute(parse(market(maker, buyer, steps=200, value={"process": "constant", "initial": 100.0})))
    before = run.trades[run.trades["step"] < 199]  # in the last step it knows better
    assert before["aggressor"].tolist() == ["buy"] * 3
    sent = run.messages[run.messages["population"] == "zir"]
    assert set(sent[sent["step"].between(before["step"].max() + 1, 198)]["side"]) == {"sell"}


# An equilibrium of each environment: what each strategy is played with, its shading, its threshold; published welfare.
WELFARE = {
    "B4": (0.005, 1e6, 4_000,
           [(0.341, 0, 1000, 0.8), (0.127, 0, 1000, 1.0), (0.361, 500, 1000, 0.4), (0.171, 0, 1500, 0.6)], 39_180),
    "B12": (0.005, 1e6, 12_000, [(0.427, 0, 500, 1.0), (0.573, 0, 1000, 0.8)], 42_635),
    "C12": (0.005, 5e5, 12_000, [(0.256, 0, 500, 1.0), (0.338, 0, 1000, 0.8), (0.406, 0, 1000, 1.0)], 43_001),
    "A60": (0.0005, 1e6, 60_000, [(0.226, 0, 250, 1.0), (0.461, 0, 500, 1.0), (0.313, 0, 1000, 1.0)], 43_343),
}  # fmt: skip


def welfare(environment: str, runs: int, episodes: int) -> NDArray[Any]:
    """Welfare of runs whose 66 agents draw their strategies from the equilibrium: the mean of each run."""
    rate, variance, steps, mix, _ = WELFARE[environment]
    random = np.random.default_rng(1)
    found = []
    for seed in range(runs):
        players = []
        counts = random.multinomial(66, [share for share, *_ in mix])
        for number, (count, (_, low, high, threshold)) in enumerate(zip(counts, mix, strict=True)):
            params = {"long_run_mean": 1e5, "reversion": 0.05, "shading_low": float(low), "shading_high": float(high)}
            player = zir(
                f"zir{number}", count=int(count), arrivals={"law": "bernoulli", "probability": rate},
                params={**params, "threshold": threshold},
                private_values={"distribution": "normal", "deviation": math.sqrt(5e6), "units": 10},
            )  # fmt: skip
            players += [player] if count else []
        value = {"process": "mean_reverting", "mean": 1e5, "reversion": 0.05, "clip_at_zero": True}
        data = market(
            *players, steps=steps, value=value | {"volatility": math.sqrt(variance)},
            venues=[{"name": "book", "tick_size": 1.0}], run={"steps": steps, "episodes": episodes, "seed": seed},
            record={"levels": 0, "trades": False, "agents": "none", "episodes": "populations"},
        )  # fmt: skip
        found.append(gains(execute(parse(data))).mean())
    return np.array(found)


def gains(run: Run) -> NDArray[Any]:
    """Payoff and private value of everybody, by episode."""
    table = run.table("episodes")
    total = table.column("payoff").to_numpy() + table.column("private_value").to_numpy()
    return total.reshape(run.manifest["episodes"], -1).sum(axis=1)


def test_zir_in_equilibrium_has_the_welfare_that_wah_wright_and_wellman_published():
    found = welfare("B4", runs=25, episodes=40)
    error = math.hypot(found.std(ddof=1) / math.sqrt(len(found)), (39_321 - 39_039) / 3.92)
    assert abs(found.mean() - WELFARE["B4"][-1]) <= 4.0 * error


@pytest.mark.slow
@pytest.mark.parametrize("environment", WELFARE)
def test_zir_in_equilibrium_has_the_published_welfare_to_a_hundredth_and_a_half(environment: str, record_property):
    found = welfare(environment, runs=40, episodes=75)
    record_property("welfare", f"{found.mean():.0f} ± {found.std(ddof=1) / math.sqrt(len(found)):.0f}")
    assert found.mean() == pytest.approx(WELFARE[environment][-1], rel=0.015)


def test_the_scenario_of_wah_wright_and_wellman_is_near_what_they_published():
    found = gains(execute(load(THEORY / "wah_wellman.toml")))
    assert within(found, 39_180)


# --- zero_intelligence ----------------------------------------------------------------------------------------------


def auction(episodes: int = 2_000, steps: int = 5_000, constrained: bool = True, **overrides: Any) -> Run:
    given = {"run.episodes": episodes, "run.steps": steps, **overrides}
    given |= {f"{name}.params.constrained": constrained for name in ("buyers", "sellers")}
    return execute(load(THEORY / "gode_sunder.toml", given))


def test_zero_intelligence_keeps_to_its_budget_and_stops_when_it_has_traded():
    run = auction(200, **{"record.messages": True, "record.trades": True, "record.episodes": "agents"})
    sent = run.messages[run.messages["kind"].isin(["limit", "replace"])]
    for population, limits, low in (("buyers", 180.0 - 10.0 * np.arange(12), 0), ("sellers", 20.0, 200)):
        mine = sent[sent["population"] == population]
        limit = limits[mine["agent"]] if population == "buyers" else limits + 10.0 * mine["agent"].to_numpy()
        offers = np.abs(mine["price"] - low).to_numpy()
        assert (offers <= np.abs(limit - low) + 1e-9).all()
    assert run.episodes["volume"].max() == 1
    trades = run.trades
    done = {}
    for name in ("maker", "taker"):
        for who in zip(trades["episode"], trades[f"{name}_population"], trades[name], trades["step"], strict=True):
            done[who[:3]] = who[3]
    last = sent.groupby(["episode", "population", "agent"], observed=True)["step"].max()
    assert all(last[key] <= step for key, step in done.items())


def test_zero_intelligence_draws_its_offers_evenly():
    overrides = {"record.messages": True, "buyers.count": 1, "sellers.count": 1, "sellers.private_values.first": 200.0}
    overrides |= {"sellers.private_values.last": 200.0, "buyers.arrivals.share": 1.0}
    overrides |= {"lot.value.initial": 0.0, "sellers.arrivals.share": 0.0}
    run = auction(3_000, 1, **overrides)  # the buyer alone, one offer an episode
    offers = run.messages["price"].to_numpy()
    assert len(offers) == 3_000
    assert within(offers + 0.0005, 90.0)
    assert within((offers - 90.0) ** 2, 180.0**2 / 12)


def test_zero_intelligence_makes_only_offers_that_improve_on_what_stands():
    run = auction(100, **{"record.messages": True})
    assert set(run.messages["kind"]) == {"limit", "replace", "withdraw"}
    for _, sent in run.messages.groupby("episode"):
        best: dict[str, float] = {}
        for kind, side, price, filled in sent[["kind", "side", "price", "filled"]].itertuples(index=False):
            sign = 1 if side == "buy" else -1
            if kind == "withdraw" or filled:
                best = {}  # a trade empties the book
            else:
                assert side not in best or sign * price > sign * best[side]
                best[side] = price


@pytest.mark.parametrize(("steps", "efficiency"), [(5_000, 0.9673), (1_000, 0.9665), (300, 0.9426)])
def test_constrained_traders_realise_nearly_all_of_the_gains_from_trade(steps: int, efficiency: float):
    run = auction(steps=steps)
    found = gains(run) / 720.0
    error = math.hypot(found.std(ddof=1) / math.sqrt(len(found)), 0.0007 if steps == 300 else 0.00045)
    assert abs(found.mean() - efficiency) <= 4.0 * error
    assert found.max() <= 1.0 + 1e-9
    if steps == 5_000:
        assert found.std() == pytest.approx(0.0285, rel=0.1)
        assert run.table("episodes").column("trades").to_numpy()[::2].mean() == pytest.approx(9.38, abs=0.05)


def test_a_smaller_market_of_constrained_traders_realises_less_of_them():
    limits = {"buyers.count": 6, "sellers.count": 6}
    limits |= {"buyers.private_values.first": 150.0, "buyers.private_values.last": 50.0}
    limits |= {"sellers.private_values.first": 50.0, "sellers.private_values.last": 150.0}
    found = gains(auction(**limits)) / 180.0  # 100 + 60 + 20
    error = math.hypot(found.std(ddof=1) / math.sqrt(len(found)), 0.068 / math.sqrt(4_000))
    assert abs(found.mean() - 0.9491) <= 4.0 * error
    assert np.abs(gains(auction(100, constrained=False, **limits))).max() < 1e-6  # all trade: nothing is gained


def test_unconstrained_traders_all_trade():
    run = auction(500, constrained=False)
    assert gains(run) == pytest.approx(np.full(500, 600.0))  # 5/6 of 720
    assert (run.table("episodes").column("trades").to_numpy() == 12).all()


# --- sniper ---------------------------------------------------------------------------------------------------------

NEWS = {"process": "mean_reverting", "mean": 100.0, "reversion": 0.05, "volatility": 0.03}


@pytest.mark.parametrize("threshold", [0, 2])
@pytest.mark.parametrize("quantity", [0, 1, 5])
def test_sniper_takes_what_is_stale_by_more_than_the_threshold(quantity: int, threshold: int):
    """It meets a ladder around the initial value, of three lots each from 5 to 9 ticks away."""
    params = {"half_spread": 0.05, "levels": 5, "quantity": 3, "reference": "signal"}
    late = {"of": "value", "delay": 1_000}
    maker = {"name": "maker", "strategy": "fixed_spread", "sees": late, "params": params}
    gain = {"threshold": threshold * 0.01, "quantity": quantity}
    sniper = {"name": "sniper", "strategy": "sniper", "turn": 1, "params": gain}
    run = execute(parse(market(maker, sniper, steps=1_000, value=NEWS, instrument={"public_delay": 0})))
    value = run.book["value"].to_numpy() / 0.01
    side = np.where(run.trades["aggressor"] == "buy", 1, -1)
    lots = np.bincount(run.trades["step"], side * run.trades["quantity"], len(value))
    asks = 10_005 + np.arange(5)
    most = quantity or 1_000
    wrong_asks = 3 * (value[:, None] - asks > threshold).sum(axis=1)
    wrong_bids = 3 * ((20_000 - asks) - value[:, None] > threshold).sum(axis=1)
    assert (wrong_asks > 3).any()
    assert (wrong_bids > 3).any()
    assert (lots == np.minimum(wrong_asks, most) - np.minimum(wrong_bids, most)).all()


JUMPS = {
    "fixed": lambda h: max(0.0, 1.0 - h),
    "exponential": lambda h: math.exp(-h),
    "normal": lambda h: 2.0 * (math.exp(-h * h / 2) / math.sqrt(2 * math.pi) - h * 0.5 * math.erfc(h / math.sqrt(2))),
}


@pytest.mark.parametrize("snipers", [1, 3, 9])
@pytest.mark.parametrize("law", JUMPS)
def test_a_race_to_the_stale_quote_pays_as_budish_cramton_and_shim_say(law: str, snipers: int):
    given = {"ACME.value.jump": law, "snipers.count": snipers, "record.episodes": "none"}
    run = execute(load(THEORY / "sniping.toml", given))
    steps, episodes = run.scenario.run.steps, run.scenario.run.episodes
    half, investing, jumping = 0.2, 0.04, 0.01
    # A quote that an investor took in the step before cannot be sniped, nor can any in the first step.
    racing = jumping * JUMPS[law](half) * (1.0 - investing / 2.0) * (steps - 1) / steps
    trades = run.trades
    gain = np.where(trades["aggressor"] == "buy", 1, -1) * (trades["value"] - trades["price"])
    assert (trades["maker_population"] == "maker").all()
    sniping = np.bincount(trades["episode"], gain * (trades["taker_population"] == "snipers"), episodes) / steps
    making = np.bincount(trades["episode"], -gain, episodes) / steps
    assert within(sniping / snipers, racing / (snipers + 1))
    assert within(making, investing * half - racing * snipers / (snipers + 1))


def test_in_equilibrium_nobody_would_rather_be_the_other():
    run = execute(load(THEORY / "sniping.toml", {"run.episodes": 20_000, "record.episodes": "populations"}))
    payoff = run.table("episodes").column("payoff").to_numpy().reshape(-1, 3)
    spared = 1.0 - 0.98 * 0.99  # races without a quote: an investor took it, or it was the first step
    assert within(payoff[:, 0] - payoff[:, 1] / 3, 100 * 0.01 * 0.8 * spared)
