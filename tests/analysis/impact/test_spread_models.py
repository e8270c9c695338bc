"""Models of the spread: what they must find in markets made to their assumptions, and nothing where there is none."""

import json
import math

import numpy as np
import pytest

from analysis.impact.spread_models import glosten_harris, huang_stoll, huang_stoll_three_way, madhavan, roll
from analysis.stats.regression import least_squares, long_run_variance
from spreadgame.api import run
from tests.command_line import take
from tests.places import ROOT


def close(estimate, value, errors=4):
    return abs(estimate.value - value) < errors * estimate.standard_error


def flow(random, count, rho=0.0):
    """Signs with this autocorrelation."""
    return np.where(np.cumsum(random.random(count) < (1 - rho) / 2) % 2, 1.0, -1.0)


def surprises(signs, rho):
    return np.append(signs[:1], signs[1:] - rho * signs[:-1])


def test_roll_finds_a_bounce():
    random = np.random.default_rng(1)
    found = roll(np.cumsum(random.normal(0, 0.1, 1_000_000)) + 0.05 * flow(random, 1_000_000))
    assert close(found.spread, 0.1)
    assert close(found.autocovariance, -0.0025)
    assert close(found.autocorrelation, -1 / 6)
    assert found.spread.standard_error < 5e-4


def test_roll_leaves_out_adverse_selection():
    random = np.random.default_rng(2)
    signs = flow(random, 1_000_000)
    news = np.cumsum(0.03 * signs + random.normal(0, 0.1, len(signs)))
    assert close(roll(news + 0.02 * signs).spread, 2 * math.sqrt(0.02 * 0.05))  # 0.063246, not 0.1
    pure = roll(news)
    assert close(pure.autocovariance, 0)  # as in Glosten and Milgrom


def test_roll_of_a_trend_has_a_reason():
    found = roll(np.cumsum(np.repeat([1.0, -1.0], 50)))
    assert math.isnan(found.spread.value)
    assert "positive" in found.reason


@pytest.mark.parametrize(("rho", "seed"), [(0.4, 3), (0.0, 4)])
def test_madhavan_recovers_its_parts(rho, seed):
    random = np.random.default_rng(seed)
    signs = flow(random, 1_000_000, rho)
    prices = np.cumsum(0.03 * surprises(signs, rho) + random.normal(0, 0.1, len(signs))) + 0.02 * signs
    found = madhavan(prices, signs)
    for estimate, true in zip(
        (found.theta, found.phi, found.rho, found.spread, found.news_variance),
        (0.03, 0.02, rho, 0.1, 0.01),
        strict=True,
    ):
        assert close(estimate, true)
    assert found.price_variance == pytest.approx(np.var(np.diff(prices)), rel=1e-4)
    if rho:
        assert found.price_variance == pytest.approx(0.012244, rel=0.01)


@pytest.mark.parametrize("episodes", [None, np.arange(20_000) // 4000])
def test_huang_and_stoll_recover_their_shares(episodes):
    random = np.random.default_rng(5)
    half, alpha, beta, rho = 0.05, 0.3, 0.2, -0.5  # so that a reversal has probability 0.75
    signs = flow(random, 20_000, rho)
    value = np.cumsum(np.append(0, half * alpha * surprises(signs, rho)[:-1]) + random.normal(0, 0.02, len(signs)))
    mids = value + half * beta * np.append(0, np.cumsum(signs)[:-1])
    prices = mids + half * signs + random.normal(0, 0.005, len(signs))
    found = huang_stoll_three_way(prices, signs, mids, episodes)
    for estimate, true in zip(
        (found.spread, found.adverse_selection, found.inventory, found.processing, found.reversal),
        (0.1, alpha, beta, 0.5, 0.75),
        strict=True,
    ):
        assert close(estimate, true)


def test_huang_and_stoll_two_ways():
    random = np.random.default_rng(6)
    signs = flow(random, 50_000)
    mids = np.cumsum(np.append(0, 0.03 * signs[:-1]) + random.normal(0, 0.02, len(signs)))
    found = huang_stoll(mids + 0.05 * signs, signs)
    assert close(found.spread, 0.1)
    assert close(found.information, 0.6)
    assert found.processing.value == pytest.approx(1 - found.information.value)
    three = huang_stoll_three_way(mids + 0.05 * signs, signs, mids)
    assert "cannot separate" in three.reason
    assert math.isnan(three.adverse_selection.value)
    assert close(three.processing, 0.4)


def test_glosten_and_harris_recover_what_depends_on_size():
    random = np.random.default_rng(7)
    signs, lots = flow(random, 50_000), random.geometric(0.3, 50_000)
    news = np.cumsum((0.01 + 0.004 * lots) * signs + random.normal(0, 0.05, len(signs)))
    found = glosten_harris(news + (0.02 + 0.001 * lots) * signs, signs, lots)
    mean = lots.mean()
    assert close(found.transitory, 0.02)
    assert close(found.transitory_per_lot, 0.001)
    assert close(found.permanent, 0.01)
    assert close(found.permanent_per_lot, 0.004)
    assert close(found.spread, 2 * (0.03 + 0.005 * mean))
    equal = glosten_harris(news + 0.02 * signs, signs, np.ones(len(signs)))
    assert math.isnan(equal.permanent_per_lot.value)
    assert close(equal.transitory, 0.02)


def test_errors_are_newey_and_wests():
    api = pytest.importorskip("statsmodels.api")
    random = np.random.default_rng(8)
    x = random.normal(size=(500, 3)).cumsum(axis=0) * 0.1 + 100
    y = x @ [1.0, 2.0, 3.0] + random.normal(size=500) * np.abs(x[:, 0])
    theirs = api.OLS(y, api.add_constant(x)).fit(cov_type="HAC", cov_kwds={"maxlags": 5})
    ours = least_squares(y, *x.T)
    assert ours.values == pytest.approx(theirs.params, rel=1e-7)
    errors = [math.sqrt(long_run_variance(each, 5) / 500) for each in ours.influences.T]
    assert errors == pytest.approx(theirs.bse, rel=1e-7)


def test_prices_in_other_units_scale_the_spread_only():
    random = np.random.default_rng(9)
    signs = flow(random, 2000, 0.2)
    prices = np.cumsum(0.03 * signs + random.normal(0, 0.01, 2000)) + 0.02 * signs
    one, other = madhavan(prices, signs), madhavan(5 + 100 * prices, signs)
    assert other.theta.value == pytest.approx(100 * one.theta.value)
    assert other.theta.standard_error == pytest.approx(100 * one.theta.standard_error, rel=1e-4)
    assert other.rho.value == one.rho.value


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("prices", "signs"),
    [([], []), ([1.0], [1]), ([1.0, 2.0], [1, -1]), (np.arange(9.0), np.ones(9)), (np.ones(60), [1, 1, -1] * 20)],
    ids=["none", "one", "two", "one side", "constant"],
)
def test_what_cannot_be_known_is_nan(prices, signs):
    lots = np.ones(len(signs))
    found = [
        roll(prices),
        madhavan(prices, signs),
        huang_stoll(prices, signs),
        huang_stoll_three_way(prices, signs, prices),
        glosten_harris(prices, signs, lots),
    ]
    assert math.isnan(found[2].information.value)
    assert math.isnan(found[3].adverse_selection.value)
    assert all(each.reason for each in found[2:4])
    if len(prices) != 60:
        assert all(math.isnan(each.spread.value) for each in found if each is not found[4])


def test_nothing_is_taken_across_episodes():
    prices, signs, episodes = [1.0, 2.0, 900.0, 901.0], [1, 1, -1, -1], [0, 0, 1, 1]
    assert madhavan(prices, signs, episodes).reason
    random = np.random.default_rng(10)
    signs = flow(random, 4000)
    prices = np.cumsum(random.normal(0, 0.01, 4000)) + 0.05 * signs
    labels = np.arange(4000) // 100
    assert roll(prices + 1000.0 * labels, labels).spread == pytest.approx(roll(prices, labels).spread)


def test_the_command_prints_a_table_and_json(tmp_path, capsys):
    folder = run(ROOT / "scenarios" / "quickstart.toml", overrides={"run.steps": 2000}, out=tmp_path).folder
    assert take("spread_models", [str(folder)]) == 0
    text = capsys.readouterr().out
    assert "mrr.theta" in text
    assert max(map(len, text.splitlines())) <= 80
    assert take("spread_models", [str(folder), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["mrr.spread"]["value"] > 0
    assert rows["glosten_harris.c1"]["value"] is None
    assert take("spread_models", [str(tmp_path / "nowhere")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_is_but_rounding_of_prices_is_nothing():
    random = np.random.default_rng(11)
    signs, lots = flow(random, 5000), random.geometric(0.3, 5000)
    prices = np.where(signs > 0, 100.07, 99.93)  # nobody knows anything: the bounce is all there is
    two, shares, sized = madhavan(prices, signs), huang_stoll(prices, signs), glosten_harris(prices, signs, lots)
    assert two.theta == (0.0, 0.0)
    assert two.news_variance == (0.0, 0.0)
    assert two.phi == (pytest.approx(0.07), 0.0)
    assert shares.information == (0.0, 0.0)
    assert shares.spread == (pytest.approx(0.14), 0.0)
    for none in (sized.permanent, sized.permanent_per_lot, sized.transitory_per_lot, sized.permanent_share):
        assert none == (0.0, 0.0)
    assert roll(prices).spread.standard_error > 1e-4
    tiny = madhavan(prices + 1e-8 * np.cumsum(signs), signs)
    assert tiny.theta.value == pytest.approx(1e-8, rel=0.05)
