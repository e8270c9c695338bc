"""What the scenarios on options say of themselves holds: means against their standard errors, on common seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import spreadgame as sg
from tests.places import SCENARIOS

Floats = NDArray[np.float64]


def played(name: str, *variants: str, **overrides: Any) -> sg.Run:
    """A run of a scenario, or of one of its counterfactuals, or of several together."""
    path = SCENARIOS / "options" / f"{name}.toml"
    known = sg.load(path).counterfactuals
    changes = {key: value for each in variants if each for key, value in known[each].items()}
    return sg.run(path, overrides=changes | overrides)


def final_prices(run: sg.Run) -> Floats:
    rows = run.settlements
    return rows["price"][(rows["instrument"] == "ACME").to_numpy(bool)].to_numpy(float)


def payoffs(run: sg.Run, population: str) -> Floats:
    rows = run.episodes[(run.episodes["population"] == population).to_numpy(bool)]
    return rows.groupby("episode")["payoff"].sum().to_numpy(float)


def errors_from(sample: Floats, target: float = 0.0) -> float:
    """How many standard errors a mean is above a number."""
    return float((sample.mean() - target) / (sample.std(ddof=1) / math.sqrt(len(sample))))


def test_hedges_of_calls_that_clients_buy_raise_the_price_and_nothing_else_does():
    hedged, unhedged, two_sided = (final_prices(played("squeeze", each)) for each in ("", "unhedged", "two_sided"))
    assert errors_from(hedged, 100.0) > 6.0
    assert errors_from(hedged - unhedged) > 6.0
    assert abs(errors_from(unhedged, 100.0)) < 4.0
    assert abs(errors_from(two_sided, 100.0)) < 4.0


def test_a_dealer_long_of_options_holds_the_price_at_the_strike_and_one_short_drives_it_away():
    near = {
        each: (np.abs(final_prices(played("pinning", each)) - 100.0) < 0.5).astype(float)
        for each in ("", "unhedged", "short")
    }
    assert errors_from(near[""] - near["unhedged"]) > 5.0
    assert errors_from(near["unhedged"] - near["short"]) > 5.0


def test_a_basis_trader_takes_the_basis_away_and_earns_what_the_futures_maker_loses_by_it():
    with_trader, without = played("basis"), played("basis", "without")
    means = []
    for run in (with_trader, without):
        book = run.book
        mids = book.assign(mid=(book["bid"] + book["ask"]) / 2).pivot(
            index=["episode", "step"], columns="venue", values="mid"
        )
        means.append((mids["futures"] - mids["stock"]).groupby("episode").mean().to_numpy(float))
    held, free = means
    assert errors_from(free) > 10.0
    assert abs(held.mean()) < 0.02 < 10.0 * 0.02 < free.mean()
    assert errors_from(payoffs(with_trader, "basis_trader")) > 6.0
    assert errors_from(payoffs(without, "future_maker") - payoffs(with_trader, "future_maker")) > 6.0


@pytest.mark.parametrize(
    ("seeds", "episodes", "errors"), [((1,), 150, 2.5), pytest.param((1, 2, 3), 400, 6.0, marks=pytest.mark.slow)]
)
def test_a_slope_of_the_smile_costs_a_maker_with_one_volatility_more_than_one_that_fits_a_surface(
    seeds, episodes, errors
):
    size = {"run.episodes": episodes}
    lost = {}
    for name, pair in (("fitted", ("", "without_slope")), ("flat", ("flat", "flat_without_slope"))):
        with_slope, without = (
            np.concatenate([payoffs(played("smile", each, **size | {"run.seed": seed}), "maker") for seed in seeds])
            for each in pair
        )
        lost[name] = without - with_slope
    assert errors_from(lost["flat"]) > errors
    assert errors_from(lost["flat"] - lost["fitted"]) > errors


def traded_by_hedge(run: sg.Run, first: int, last: int) -> Floats:
    """Units that the dealer's hedge trades in some steps of each episode."""
    rows = run.trades
    mine = ((rows["taker_population"] == "dealer") & (rows["step"] >= first) & (rows["step"] < last)).to_numpy(bool)
    size = run.scenario.instruments[0].lot_size
    return np.bincount(rows["episode"][mine], rows["quantity"][mine] * size, minlength=run.scenario.run.episodes)


def test_in_the_last_steps_hedges_trade_no_more_on_average_but_much_more_in_some_episodes():
    at_last, at_mean = played("expiry_day"), played("expiry_day", "at_the_mean")
    early, late, averaged = (
        traded_by_hedge(*each) for each in ((at_last, 0, 20), (at_last, 80, 100), (at_mean, 80, 100))
    )
    assert abs(errors_from(late - early)) < 4.0
    assert late.std() > 5.0 * early.std()
    assert (late > 150.0).mean() > 0.12 > 0.06 > (averaged > 150.0).mean()


STRESSES = ("", "jump", "volatile", "one_sided", "thin")


def of_maker(run: sg.Run, column: str) -> Floats:
    """A column of the maker's samples, (episodes, steps)."""
    rows = run.agents[(run.agents["population"] == "maker").to_numpy(bool)]
    return rows[column].to_numpy(float).reshape(run.scenario.run.episodes, -1)


def trades_of_maker(run: sg.Run) -> Floats:
    """How often clients trade with it in each episode."""
    rows = run.trades
    mine = (rows["maker_population"] == "maker").to_numpy(bool)
    return np.bincount(rows["episode"][mine], minlength=run.scenario.run.episodes).astype(float)


@pytest.mark.parametrize("episodes", [50, pytest.param(400, marks=pytest.mark.slow)])
def test_a_maker_with_hedge_and_limits_survives_every_stress_and_still_trades_and_a_bare_one_does_not(episodes):
    size = {"run.episodes": episodes}
    for stress in STRESSES:
        assert of_maker(played("stress", "both", stress, **size), "equity").min() >= 0.0
    bare = played("stress", "one_sided", **size)
    assert (of_maker(bare, "equity").min(axis=1) < 0.0).mean() >= 0.1
    both, hedged = played("stress", "both", **size), played("stress", "hedge", **size)
    assert trades_of_maker(both).mean() >= 0.75 * trades_of_maker(hedged).mean()
    assert errors_from(payoffs(hedged, "maker")) > 6.0
    assert errors_from(payoffs(both, "maker") - 0.75 * payoffs(hedged, "maker")) > 3.0


def test_the_limit_of_stress_is_reached_and_holds_down_what_the_hedged_maker_may_lose():
    size = {"run.episodes": 20}
    for stress in STRESSES:
        assert of_maker(played("stress", "hedge", stress, **size), "stress").max() > 80.0
    both, hedged = (of_maker(played("stress", each, "one_sided", **size), "stress") for each in ("both", "hedge"))
    assert hedged.max() > 2.0 * both.max()
    assert (both > 80.0).mean() < 0.2


def log_ratio_of_deviations(one: Floats, other: Floats) -> tuple[float, float]:
    """Logarithm of the ratio of the deviations of paired numbers, and its standard error by the delta method."""
    squares = [((each - each.mean()) / each.std()) ** 2 for each in (one, other)]
    error = (squares[0] - squares[1]).std(ddof=1) / (2.0 * math.sqrt(len(one)))
    return math.log(one.std() / other.std()), float(error)


def test_capital_shared_by_risk_goes_where_risk_is_less_and_gives_up_risk_as_its_shares_say():
    by_risk, equal = played("capital"), played("capital", "equal")
    for run, share in ((by_risk, 0.8), (equal, 0.5)):
        rows = run.agents[(run.agents["population"] == "fund").to_numpy(bool)]
        first = rows[(rows["step"] == 0).to_numpy(bool)]
        lots = [int(share * 10_000), round((1.0 - share) * 10_000)]
        np.testing.assert_array_equal(first[["inventory.calm", "inventory.wild"]], [lots] * len(first))
    earned = [payoffs(run, "fund") for run in (by_risk, equal)]
    growth = [
        np.log1p(each / 10_000.0) for each in earned
    ]  # gains are held too, so it is wealth's logarithm that adds up
    found, error = log_ratio_of_deviations(*growth)
    assert (
        abs(found - math.log(math.hypot(0.8 * 0.005, 0.2 * 0.02) / math.hypot(0.5 * 0.005, 0.5 * 0.02))) < 4.0 * error
    )
    assert found < -6.0 * error
    assert min(errors_from(each) for each in earned) > 6.0


def test_calls_for_margin_push_the_price_far_beyond_a_shock_that_alone_would_call_few():
    levered, paid, calm = (played("margin_spiral", each) for each in ("", "paid", "no_shock"))
    shock = final_prices(calm) - final_prices(paid)
    beyond = final_prices(paid) - final_prices(levered)
    assert errors_from(shock, 4.5) > 6.0
    assert errors_from(beyond - shock) > 6.0
    assert len(paid.margin_calls) == len(calm.margin_calls) == 0
    called = levered.margin_calls[(levered.margin_calls["event"] == "call").to_numpy(bool)]
    assert {"bold", "middling", "careful"} == set(called["population"])


def test_the_account_default_pays_what_holders_lose_beyond_all_they_had_and_nothing_else():
    run = played("margin_spiral", **{"run.episodes": 40})
    events = run.margin_calls
    defaults = events[(events["event"] == "default").to_numpy(bool)]
    paid = defaults["paid"].to_numpy(float)
    assert (paid > 0.0).sum() > 100
    np.testing.assert_allclose(paid, np.maximum(0.0, -defaults["available"].to_numpy(float)), atol=1e-6)
    assert not (events["paid"][(events["event"] != "default").to_numpy(bool)] != 0.0).any()
    keys = ["episode", "population", "agent"]
    forgiven = run.episodes.set_index(keys)["forgiven"]
    np.testing.assert_allclose(forgiven[forgiven > 0.0].sum(), paid.sum(), rtol=1e-12)
    cash = {each.name: each.endowment.cash for each in run.scenario.populations if each.endowment}
    ruined = run.episodes.set_index(keys).loc[forgiven[forgiven > 0.0].index].reset_index()
    owned = np.array([cash[name] + 100 * 100.0 for name in ruined["population"]])
    np.testing.assert_allclose(ruined["payoff"].to_numpy(float), -owned, atol=1e-6)
