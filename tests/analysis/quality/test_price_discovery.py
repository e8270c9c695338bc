"""Shares in price discovery, in markets where it is known who leads."""

import json
import math

import numpy as np
import pytest

from analysis.quality.price_discovery import price_discovery
from spreadgame.api import run
from tests.command_line import take
from tests.places import ROOT


def market(seed, lags, bounces, count=100_000, sigma=0.1):
    """A random walk that each venue shows so many steps late, with a bounce of its own."""
    random = np.random.default_rng(seed)
    value = np.cumsum(random.normal(0, sigma, count + max(lags)))
    late = [value[max(lags) - lag : len(value) - lag] for lag in lags]
    return np.column_stack(
        [each + bounce * random.choice([-1, 1], count) for each, bounce in zip(late, bounces, strict=True)]
    )


def close(estimate, value, slack=0.0):
    return abs(estimate.value - value) < 4 * estimate.standard_error + slack


def test_a_leader_and_its_follower():
    leader, follower = price_discovery(market(1, [0, 1], [0.02, 0.02]))
    assert close(leader.component, 0.990)
    assert close(leader.lower, 0.982)
    assert close(leader.upper, 1.000)
    assert close(follower.upper, 0.018)


def test_the_same_information_and_the_same_noise():
    for venue in price_discovery(market(2, [0, 0], [0.05, 0.05])):
        assert close(venue.component, 0.5)
        assert close(venue.midpoint, 0.5)
        assert close(venue.lower, 0.09)
        assert close(venue.upper, 0.90)


def test_the_quieter_market_has_the_larger_share():
    quiet, _ = price_discovery(market(3, [0, 0], [0.02, 0.10]))
    assert close(quiet.component, 0.956)
    assert quiet.component.value == pytest.approx(0.1**2 / (0.1**2 + 0.02**2), abs=4 * quiet.component.standard_error)


def test_three_venues():
    found = price_discovery(market(4, [0, 1, 1], [0.02, 0.02, 0.02], 50_000), lags=3)
    assert sum(each.component.value for each in found) == pytest.approx(1)
    assert found[0].lower.value > 0.9
    assert all(0 <= each.lower.value <= each.midpoint.value <= each.upper.value <= 1 for each in found)


def test_the_order_of_the_columns_does_not_matter():
    mids = market(5, [0, 1], [0.02, 0.05], 20_000)
    for one, other in zip(price_discovery(mids), price_discovery(mids[:, ::-1])[::-1], strict=True):
        assert other.component == pytest.approx(one.component, rel=1e-4)
        assert other.lower == pytest.approx(one.lower, rel=1e-4)


def test_adjustment_is_that_of_statsmodels():
    api = pytest.importorskip("statsmodels.api")
    mids, lags = market(6, [0, 1], [0.03, 0.03], 3000), 2
    change = np.diff(mids, axis=0)
    gap = (mids[:, 0] - mids[:, 1])[lags:-1]
    x = api.add_constant(np.column_stack([gap, change[1:-1], change[:-2]]))
    fits = [api.OLS(change[lags:, venue], x).fit() for venue in (0, 1)]
    one, two = (fit.params[1] for fit in fits)
    omega = np.cov(np.column_stack([fit.resid for fit in fits]).T, ddof=0)
    psi = np.array([two, -one]) / (two - one)
    first = (psi @ np.linalg.cholesky(omega)) ** 2 / (psi @ omega @ psi)
    leader, follower = price_discovery(mids, lags)
    assert leader.component.value == pytest.approx(psi[0], rel=1e-7)
    assert leader.upper.value == pytest.approx(first[0], rel=1e-7)
    assert follower.lower.value == pytest.approx(first[1], rel=1e-6)


def test_errors_are_how_shares_scatter():
    found = [price_discovery(market(seed, [0, 0], [0.05, 0.05], 2000), 2)[0].component for seed in range(100)]
    scatter = np.std([each.value for each in found], ddof=1)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(scatter, rel=0.3)


def test_jumps_between_episodes_do_not_count():
    mids = market(7, [0, 1], [0.02, 0.02], 20_000)
    labels = np.arange(len(mids)) // 1000
    shifted = price_discovery(mids + 100.0 * labels[:, None], 3, labels)
    for one, other in zip(price_discovery(mids, 3, labels), shifted, strict=True):
        assert other.component.value == pytest.approx(one.component.value, rel=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "mids", [np.empty((0, 2)), np.ones((500, 2)), np.full((500, 2), math.nan), market(8, [0], [0], 500) * [[1, 1]]]
)
def test_mids_that_say_nothing(mids):
    for venue in price_discovery(mids):
        assert math.isnan(venue.component.value)
        assert venue.reason


def test_one_venue_is_refused():
    with pytest.raises(ValueError, match="venues"):
        price_discovery(np.ones((5, 1)))


def test_the_command(tmp_path, capsys):
    folder = run(ROOT / "scenarios" / "two_books.toml", overrides={"run.steps": 3000}, out=tmp_path).folder
    assert take("price_discovery", [str(folder), "--json"]) == 0
    rows = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["main.component_share"] + rows["rival.component_share"] == pytest.approx(1)
    single = run(ROOT / "scenarios" / "quickstart.toml", overrides={"run.steps": 50}, out=tmp_path).folder
    assert take("price_discovery", [str(single)]) == 2
    assert "price discovery compares them" in capsys.readouterr().err
