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
