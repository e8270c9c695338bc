"""Derivatives: what they are worth, what is paid on them and when, and that nothing is left over."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.instruments.future import funding_rate
from sim.mesa_model.market import Market
from sim.models import options
from sim.runs.execute import execute
from sim.scenario import parse
from tests.markets.still_markets import MAKER, SLEEPER, WALK, money_of

LOGNORMAL = {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.02}
_CALL, _PUT = 1, -1


def derived(value: dict[str, Any], steps: int, episodes: int = 1, seed: int = 5, **derivatives: Any) -> dict[str, Any]:
    """A market in which nobody acts, with derivatives by name on ACME."""
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": seed},
        "instruments": [
            {"name": "ACME", "value": value},
            *({"name": name, "derivative": {"of": "ACME", **said}} for name, said in derivatives.items()),
        ],
        "venues": [{"name": "lit", "instrument": "ACME"}],
        "populations": [dict(SLEEPER)],
        "record": {"book_every": 1, "agents": "none", "episodes": "none", "trades": False},
    }


def settled(data: dict[str, Any], name: str) -> tuple[float, np.ndarray]:
    """What a derivative was worth at first, and what it came to in each episode."""
    rows = execute(parse(data)).settlements
    own = rows[(rows["instrument"] == name).to_numpy(bool)]
    assert own["initial"].nunique() == 1
    return float(own["initial"].iloc[0]), own["price"].to_numpy(float)


def assert_mean(sample: np.ndarray, mean: float) -> None:
    error = sample.std() / math.sqrt(len(sample))
    assert abs(sample.mean() - mean) <= 4.0 * error, (sample.mean(), error, mean)


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("strike", [95.0, 103.0])
def test_an_option_on_a_lognormal_value_begins_at_black_and_scholes_and_pays_that_on_average(kind, strike):
    data = derived(LOGNORMAL, 12, 20_000, option={"kind": kind, "strike": strike, "expiry": 10})
    first, paid = settled(data, "option")
    side = _CALL if kind == "call" else _PUT
    assert first == pytest.approx(options.price(side, 100.0, strike, 10.0, 0.0, 0.0, 0.02), rel=1e-12)
    assert_mean(paid, first)


def test_an_option_on_a_walk_begins_at_bachelier_and_pays_that_on_average():
    data = derived(WALK, 10, 20_000, option={"kind": "call", "strike": 100.1, "expiry": 10})
    first, paid = settled(data, "option")
    assert first == pytest.approx(options.normal_greeks(_CALL, 100.0, 100.1, 10.0, 0.0, 0.0, 0.1).price, rel=1e-12)
    assert_mean(paid, first)


def test_an_option_settled_at_a_mean_is_worth_less_and_pays_its_first_value_on_average():
    said = {"kind": "call", "strike": 100.0, "expiry": 20, "average": 12}
    data = derived(LOGNORMAL, 20, 20_000, mean=said, last=said | {"average": 1})
    first, paid = settled(data, "mean")
    later, _ = settled(data, "last")
    assert first < 0.9 * later
    assert_mean(paid, first)  # the lognormal mean is an approximation, closer than that error


def test_with_interest_a_value_that_grows_at_its_rate_pays_the_forward_price():
    rate = 0.004
    value = LOGNORMAL | {"drift": math.log1p(rate)}
    data = derived(
        value, 25, 20_000, call={"kind": "call", "strike": 104.0, "expiry": 25}, future={"kind": "future", "expiry": 20}
    ) | {"money": {"interest": rate}}
    first, paid = settled(data, "call")
    assert first == pytest.approx(options.price(_CALL, 100.0, 104.0, 25.0, math.log1p(rate), 0.0, 0.02), rel=1e-12)
    assert_mean(paid / (1 + rate) ** 25, first)
    forward, ended = settled(data, "future")
    assert forward == pytest.approx(100.0 * (1 + rate) ** 20, rel=1e-12)
    assert_mean(ended, forward)


HESTON = {
    "process": "heston", "initial": 100.0, "variance": 4e-4, "mean": 9e-4, "reversion": 0.1, "volatility": 0.005,
    "correlation": -0.6,
}  # fmt: skip


def test_the_variance_of_a_heston_value_is_the_expected_mean_at_which_its_options_are_valued():
    steps = 20
    data = derived(HESTON, steps, 20_000, call={"kind": "call", "strike": 100.0, "expiry": steps})
    book = execute(parse(data)).book
    values = book["value"].to_numpy(float).reshape(-1, steps)
    moves = np.diff(np.log(np.column_stack([np.full(len(values), 100.0), values])))
    expected = 9e-4 + (4e-4 - 9e-4) * (1 - 0.9**steps) / (steps * 0.1)
    assert_mean((moves**2).mean(axis=1), expected)
    first, _ = settled(data, "call")
    assert first == pytest.approx(options.price(_CALL, 100.0, 100.0, steps, 0.0, 0.0, math.sqrt(expected)), rel=1e-12)
    assert np.corrcoef(moves[:, 0], np.abs(moves[:, 1:]).mean(axis=1))[0, 1] < -0.05  # falls make it more volatile


def test_values_that_load_on_a_factor_move_together_and_no_other_draw_changes():
    def moves(of_a: dict[str, float], of_b: dict[str, float]) -> np.ndarray:
        data = derived(WALK | {"factors": of_a}, 50_000)
        data["instruments"].append({"name": "B", "value": WALK | {"volatility": 2.0, "factors": of_b}})
        data["instruments"].append({"name": "C", "value": dict(WALK)})
        data["venues"] += [{"name": name, "instrument": name} for name in "BC"]
        book = execute(parse(data)).book
        own = [book["value"][(book["venue"] == venue).to_numpy(bool)] for venue in ("lit", "B", "C")]
        return np.diff(own)

    alone, together = moves({}, {}), moves({"market": 0.8}, {"market": 0.5, "oil": 0.3})
    found = np.corrcoef(together[0], together[1])[0, 1]
    assert abs(np.corrcoef(alone[0], alone[1])[0, 1]) < 4 / math.sqrt(50_000)
    assert found == pytest.approx(0.8 * 0.5, abs=4 / math.sqrt(50_000))
    np.testing.assert_array_equal(alone[2], together[2])


def test_an_option_is_settled_after_so_many_moves_and_its_book_closes():
    data = derived(WALK, 8, option={"kind": "call", "strike": 100.0, "expiry": 5})
    data["venues"].append({"name": "calls", "instrument": "option"})
    data["populations"] = [
        {**MAKER, "venues": ["calls"], "endowment": {"positions": {"option": 3}}},
        {"name": "takers", "strategy": "noise", "turn": 1, "venues": ["calls"]},
    ]
    data["record"] = {"book_every": 1, "agents_every": 1}
    run = execute(parse(data))
    calls = run.book[(run.book["venue"] == "calls").to_numpy(bool)]
    stock = run.book[(run.book["venue"] == "lit").to_numpy(bool)]["value"].to_numpy(float)
    assert calls["bid"].notna().tolist() == [True] * 5 + [False] * 3
    assert set(run.trades["step"]) == set(range(5))
    maker = run.agents[(run.agents["population"] == "maker").to_numpy(bool)]
    assert (maker["inventory.option"].to_numpy() != 0).tolist() == [True] * 4 + [False] * 4
    rows = run.settlements[(run.settlements["instrument"] == "option").to_numpy(bool)]
    pays = max(0.0, stock[4] - 100.0)
    assert rows["price"].iloc[0] == pytest.approx(pays, abs=1e-6)
    assert calls["value"].to_numpy(float)[4:] == pytest.approx([pays] * 4, abs=1e-6)
    assert run.manifest["rejections"]["takers"] == {"expired": 3}


def test_a_future_costs_nothing_and_its_gains_are_paid_every_step():
    data = derived(WALK, 6, future={"kind": "future", "expiry": 5})
    data["venues"].append({"name": "futures", "instrument": "future"})
    data["populations"] = [
        {**MAKER, "venues": ["futures"], "params": {"half_spread": 0.02, "reference": "signal", "quantity": 5},
         "sees": {"of": "value"}},
        {"name": "takers", "strategy": "noise", "turn": 1, "venues": ["futures"], "params": {"buy_probability": 1.0}},
    ]  # fmt: skip
    data["record"] = {"book_every": 1, "agents_every": 1}
    run = execute(parse(data))
    takers = run.agents[(run.agents["population"] == "takers").to_numpy(bool)]
    marks = run.book[(run.book["venue"] == "futures").to_numpy(bool)]["mark"].to_numpy(float)
    prices = run.trades["price"].to_numpy(float)
    final = float(run.settlements["price"][(run.settlements["instrument"] == "future").to_numpy(bool)].iloc[0])
    worth = [sum(marks[step] - price for price in prices[: step + 1]) for step in range(4)]
    worth += [sum(final - price for price in prices)] * 2
    assert takers["cash"].to_numpy(float) == pytest.approx(worth, abs=1e-4)
    np.testing.assert_allclose(takers["wealth"], takers["cash"], atol=1e-5)  # positions are worth nothing once paid
    assert len(prices) == 5


def test_funding_follows_the_exchanges_formula():
    found = [funding_rate(premium, 0.0001, 0.0005, 0.0075) for premium in (0.001, 0.0002, -0.002, 0.02)]
    assert found == pytest.approx([0.0005, 0.0001, -0.0015, 0.0075], abs=1e-15)


def test_who_is_long_a_dear_perpetual_future_pays_who_is_short():
    value = {"process": "constant", "initial": 100.0}
    data = derived(value, 9, perpetual={"kind": "perpetual", "funding_every": 3})
    data["venues"].append({"name": "swaps", "instrument": "perpetual"})
    quoting = {"half_spread": 0.01}
    data["populations"] = [
        {**MAKER, "venues": ["swaps"], "params": quoting | {"inventory_skew": 0.2}, "endowment": {"inventory": -2}},
        {**SLEEPER, "endowment": {"positions": {"perpetual": 2}}},
    ]
    stepped = Market(parse(data | {"record": {"agents_every": 1}}))
    stepped.run_model()
    premium = 0.4 / 100.0  # the maker's skew moves its quotes up
    paid = 3 * round((premium - 0.0005) * 100.4 * 2 / 1e-6)
    accounts = stepped.world.accounts[:2]
    assert accounts["funding"].tolist() == [paid, -paid]
    assert money_of(stepped, "funding perpetual") == 0
    assert accounts["cash"].sum() == 0  # what the swap came to, and funding, passed between the two


def test_cash_and_lots_of_all_accounts_sum_to_zero_through_expiry_variation_and_funding():
    stepped = Market(parse(_lively(derived(
        LOGNORMAL, 30, 20, put={"kind": "put", "strike": 101.0, "expiry": 13, "average": 4},
        future={"kind": "future", "expiry": 21, "settles_at": "mid"},
        perpetual={"kind": "perpetual", "funding_every": 4, "settles_at": "mid"},
    ))))  # fmt: skip
    stepped.run_model()
    assert int(stepped.world.accounts["cash"].sum()) == 0
    assert not np.asarray(stepped.world.holdings["lots"]).reshape(-1, 4).sum(axis=0).any()
    assert int(stepped.world.clock[0]["trades"]) > 1000


def _lively(data: dict[str, Any]) -> dict[str, Any]:
    """A market with a maker and takers on each instrument."""
    names = [each["name"] for each in data["instruments"]]
    data["venues"] = [{"name": name, "instrument": name, "taker_fee": 0.001} for name in names]
    maker = {"strategy": "fixed_spread", "sees": {"of": "value"},
             "params": {"half_spread": 0.05, "reference": "signal", "quantity": 7}}  # fmt: skip
    data["populations"] = [
        *({**maker, "name": f"maker-{name}", "venues": [name]} for name in names),
        {"name": "takers", "strategy": "noise", "count": 5, "turn": 1, "venues": names, "params": {"quantity": 3.0},
         "endowment": {"cash": 50.0, "positions": {names[0]: 3, names[1]: -2}}},
        {"name": "informed", "strategy": "informed", "turn": 2, "venues": names, "sees": {"of": "value"},
         "params": {"amount": "all"}},
    ]  # fmt: skip
    data["record"] = {"book_every": 1, "agents_every": 1}
    return data


def test_lines_of_the_attribution_are_what_the_ledger_recorded_with_every_kind_of_instrument():
    from analysis.money.attribution import both

    data = _lively(derived(
        LOGNORMAL, 30, 3, call={"kind": "call", "strike": 99.0, "expiry": 13, "average": 4},
        future={"kind": "future", "expiry": 21}, perpetual={"kind": "perpetual", "funding_every": 4},
    ))  # fmt: skip
    data["money"] = {"interest": 0.001}
    run = execute(parse(data))
    for found in both(run, horizon=5) + both(run, mark="last", horizon=5) + both(run, by="agent", horizon=3):
        assert found.gap < 1e-12
        assert np.isfinite(found.recorded).all()
    assert abs(found.units[..., found.lines.index("funding")]).sum() > 0.0


def test_samples_of_agents_tell_the_greeks_of_what_they_hold():
    data = derived(
        LOGNORMAL, 6, call={"kind": "call", "strike": 101.0, "expiry": 5}, future={"kind": "future", "expiry": 6}
    )
    held = {"call": -3, "ACME": 2, "future": 4}
    data["instruments"].append({"name": "OTHER", "value": dict(WALK)})
    data["populations"] = [{**SLEEPER, "count": 2, "endowment": {"positions": held}, "venues": ["lit"]}]
    data["record"] = {"agents": "agents", "agents_every": 1}
    rows = execute(parse(data)).agents
    for step in range(5):
        one = options.greeks(_CALL, 100.0, 101.0, 4.0 - step, 0.0, 0.0, 0.02)  # nobody quotes: the mark stays
        alive = step < 4  # settled at the end of step 4
        found = rows[(rows["step"] == step).to_numpy(bool)]
        assert found["delta.ACME"].tolist() == pytest.approx([2 + 4 - 3 * one.delta * alive] * 2)
        for greek in ("gamma", "vega", "theta", "vanna", "volga"):
            assert found[f"{greek}.ACME"].tolist() == pytest.approx([-3 * getattr(one, greek) * alive] * 2), (
                step,
                greek,
            )
    assert (rows["delta.OTHER"] == 0.0).all()


def test_a_market_without_derivatives_has_no_such_columns():
    data = derived(WALK, 3) | {"record": {"agents_every": 1}}
    assert not [name for name in execute(parse(data)).agents if "delta" in name or name == "funding"]
