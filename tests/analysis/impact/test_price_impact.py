"""Impact: slopes, responses and exponents that were put into the data."""

import json
import math

import numpy as np
import pytest

from analysis.impact.price_impact import amihud, following_changes, impact_curve, intervals, kyle_lambda, trade_response
from analysis.reading.trades_and_quotes import Quotes, Tape
from spreadgame.api import run
from tests.command_line import take
from tests.places import ROOT


def close(estimate, value, errors=4):
    return abs(estimate.value - value) < errors * estimate.standard_error


def hasbrouck(count, seed):
    """Trades that follow one another and an impact that decays: the response is known."""
    random = np.random.default_rng(seed)
    r, x = np.zeros(count), np.zeros(count)
    for t in range(1, count):
        x[t] = 0.3 * x[t - 1] - 0.5 * r[t - 1] + random.normal()
        r[t] = 0.05 * x[t] - 0.02 * x[t - 1] - 0.1 * r[t - 1] + random.normal(0, 0.1)
    return r, x


def test_kyles_lambda():
    random = np.random.default_rng(1)
    flow = random.normal(0, 10, 5000)
    assert close(kyle_lambda(0.02 * flow + random.normal(0, 0.5, 5000), flow), 0.02)


def test_response_and_permanent_impact():
    r, x = hasbrouck(20_000, 2)
    found = trade_response(r, x, lags=2, horizon=30)
    whole = 0.05 - 0.02
    permanent = whole / (1.1 * 0.7 + 0.5 * whole)
    assert close(found.cumulative[0], 0.05)
    assert close(found.cumulative[1], 0.05 + 0.05 * (0.3 - 0.5 * 0.05) - 0.02 - 0.1 * 0.05)
    assert close(found.permanent, permanent)
    assert found.cumulative[-1].value == pytest.approx(found.permanent.value, rel=1e-6)
    assert found.cumulative[-1].standard_error == pytest.approx(found.permanent.standard_error, rel=1e-4)


def test_responses_are_those_of_statsmodels():
    api = pytest.importorskip("statsmodels.tsa.api")
    r, x = hasbrouck(2000, 3)
    theirs = api.VAR(np.column_stack([x, r])).fit(3)  # trades first: they move the mid at once
    factor = np.linalg.cholesky(theirs.resid.T @ theirs.resid)
    responses = theirs.ma_rep(10) @ (factor[:, 0] / factor[0, 0])
    found = trade_response(r, x, lags=3, horizon=10)
    assert [each.value for each in found.cumulative] == pytest.approx(np.cumsum(responses[:, 1]), rel=1e-8)


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_the_exponent_of_impact(exponent):
    random = np.random.default_rng(4)
    lots = np.ceil(random.pareto(1.5, 50_000) + 1)
    found = impact_curve(lots, 0.02 * lots**exponent + random.normal(0, 0.03, len(lots)), bins=20)
    assert found.exponent.value == pytest.approx(exponent, abs=4 * found.exponent.standard_error + 0.01)
    assert found.scale.value == pytest.approx(0.02, rel=0.05)
    assert np.all(np.diff(found.sizes) > 0)


def test_few_sizes_are_bins_of_their_own():
    found = impact_curve([1, 2, 1, 2, 4, 4], [1.0, 2.0, 1.2, 2.2, 4.0, 4.1])
    assert list(found.sizes) == pytest.approx([1, 2, 4])
    assert [each.value for each in found.impacts] == pytest.approx([1.1, 2.1, 4.05])


def test_amihud():
    assert amihud([0.1, -0.2, 0.5], [10, 10, 0]).value == pytest.approx(0.015)
    assert math.isnan(amihud([0.1], [0]).value)


def test_intervals_and_changes_stay_within_episodes():
    quotes = Quotes(np.repeat([0, 1], 4), np.tile(np.arange(4), 2), np.arange(8.0) + 9, np.arange(8.0) + 11)
    tape = Tape(
        np.array([0, 0, 1]), np.array([0, 2, 3]), np.array([10.0, 12.0, 17.0]), np.array([1, -1, 1]),
        np.array([1.0, 3.0, 2.0]), np.array([10.0, 11.0, 16.0]),
    )  # fmt: skip
    change, returns, lots, money = intervals(tape, quotes, 2)
    assert list(change) == [2, 2]
    assert list(returns) == pytest.approx([2 / 11, 2 / 15])
    assert list(lots) == [-3, 2]
    assert list(money) == [36, 34]
    assert following_changes(tape) == pytest.approx([1, math.nan, math.nan], nan_ok=True)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("r", "x"), [([], []), ([1.0], [1]), (np.zeros(50), np.ones(50)), (np.ones(50), np.ones(50))])
def test_what_cannot_be_known_is_nan(r, x):
    assert math.isnan(kyle_lambda(r, x).value)
    assert math.isnan(trade_response(r, x).permanent.value)
    assert math.isnan(impact_curve(x, r).exponent.value)


def test_the_command(tmp_path, capsys):
    folder = run(ROOT / "scenarios" / "two_books.toml", overrides={"run.steps": 2000}, out=tmp_path).folder
    assert take("price_impact", [str(folder), "--json"]) == 0
    rows = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["main.hasbrouck.permanent"] > 0
    assert take("price_impact", [str(folder)]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_impacts_that_last_are_worth_fewer_observations():
    random = np.random.default_rng(5)
    lots = np.tile([1.0, 4.0], 20_000)
    noise = np.repeat(random.normal(0, 0.02, 400), 100)  # the same over a hundred trades
    mixed = random.permutation(40_000)
    lasting = impact_curve(lots, 0.02 * lots**0.5 * (1 + 25 * noise))
    apart = impact_curve(lots[mixed], (0.02 * lots**0.5 * (1 + 25 * noise))[mixed])
    assert lasting.impacts[0].standard_error > 5 * apart.impacts[0].standard_error
    assert lasting.scale.standard_error > 5 * apart.scale.standard_error
    assert lasting.exponent == pytest.approx((0.5, 0.0), abs=1e-9)  # all sizes move alike, so that their ratio is known


def test_errors_of_the_exponent_are_the_spread_over_samples():
    random = np.random.default_rng(6)
    found = []
    for _ in range(300):
        lots = random.integers(1, 6, 2_000).astype(float)
        common = np.repeat(random.normal(0, 0.01, 200), 10) * lots
        found.append(impact_curve(lots, 0.05 * lots**0.5 + common + random.normal(0, 0.01, 2_000)))
    for part in ("exponent", "scale"):
        spread = np.std([getattr(each, part).value for each in found])
        assert np.mean([getattr(each, part).standard_error for each in found]) == pytest.approx(spread, rel=0.15)


def test_episodes_are_the_clusters_where_there_are_many():
    random = np.random.default_rng(7)
    episodes = np.repeat(np.arange(500), 8)
    lots = random.integers(1, 4, 4_000)
    moved = 0.1 * lots + np.repeat(random.normal(0, 0.05, 500), 8)
    found = impact_curve(lots, moved, episodes=episodes)
    first = lots == 1
    sums = np.bincount(episodes[first], moved[first] - moved[first].mean(), 500)
    present = len(np.unique(episodes[first]))
    error = np.sqrt((sums**2).sum() * present / (present - 1)) / first.sum()
    assert found.impacts[0].standard_error == pytest.approx(error)


def test_sizes_without_an_impact_are_counted():
    lots = np.repeat([1.0, 2.0, 4.0], 40)
    random = np.random.default_rng(8)
    moved = np.repeat([-1.0, 2.0, 4.0], 40) + random.normal(0, 0.1, 120)
    found = impact_curve(lots, moved)
    assert found.exponent.value == pytest.approx(1.0, abs=0.1)
    assert found.reason.startswith("1 of 3 bins")
    assert impact_curve(lots, np.abs(moved)).reason == ""


def test_a_book_without_two_mids_is_not_said_to_have_no_trades(tmp_path, capsys):
    overrides = {"run.steps": 200, "record.book_every": 1000}
    folder = run(ROOT / "scenarios" / "quickstart.toml", overrides=overrides, out=tmp_path).folder
    assert take("price_impact", [str(folder), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["amihud"]["value"] is None
    assert rows["amihud"]["meaning"].endswith("none: no trades, or no two mids")
