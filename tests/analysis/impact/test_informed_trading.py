"""PIN and VPIN: likelihoods computed elsewhere, and parameters recovered from days drawn with them."""

import json
import math

import numpy as np
import pytest

from analysis.impact.informed_trading import Rates, imbalances, log_likelihood, pin, vpin
from spreadgame.api import run
from tests.command_line import take
from tests.places import ROOT

BUYS = [350, 250, 500, 552, 163, 345, 847, 923, 123, 349]
SELLS = [382, 500, 463, 550, 200, 323, 456, 342, 578, 455]
TRUE = Rates(0.4, 0.5, 60, 50, 50)


def days(rates, count, seed):
    random = np.random.default_rng(seed)
    news, bad = random.random(count) < rates.event, random.random(count) < rates.bad
    buys = random.poisson(rates.buyers + rates.informed * (news & ~bad))
    return buys, random.poisson(rates.sellers + rates.informed * (news & bad))


@pytest.mark.parametrize(
    ("buys", "sells", "rates", "value"),
    [
        ([55], [100], TRUE, -8.466957),
        ([50], [50], TRUE, -6.264059),
        (BUYS, SELLS, Rates(0.5, 0.5, 300, 300, 300), -557.690134),
        (BUYS, SELLS, Rates(0.5, 0.5, 300, 400, 400), -562.583644),
    ],
)
def test_likelihoods_are_those_computed_elsewhere(buys, sells, rates, value):
    assert log_likelihood(buys, sells, rates) == pytest.approx(value, abs=1e-6)


def test_the_likelihood_is_the_product_of_poissons():
    from scipy.stats import poisson

    by_hand = 0.0
    for b, s in zip(*days(TRUE, 20, 1), strict=True):
        quiet = 0.6 * poisson.pmf(b, 50) * poisson.pmf(s, 50)
        by_hand += math.log(
            quiet + 0.2 * (poisson.pmf(b, 50) * poisson.pmf(s, 110) + poisson.pmf(b, 110) * poisson.pmf(s, 50))
        )
    assert log_likelihood(*days(TRUE, 20, 1), TRUE) == pytest.approx(by_hand)


def test_millions_of_orders_neither_overflow_nor_vanish():
    assert math.isfinite(log_likelihood([10_000_000], [12_000_000], Rates(0.5, 0.5, 2e6, 1e7, 1e7)))


def test_ten_days():
    found = pin(BUYS, SELLS)
    assert found.log_likelihood == pytest.approx(-436.3715, abs=1e-4)
    assert found.pin.value == pytest.approx(0.20445, abs=1e-5)
    assert found.rates == pytest.approx((0.4, 0, 442.17, 263.33, 424.90), abs=0.005)
    assert math.isnan(found.bad.standard_error)  # it lies on its bound
    assert found.event.standard_error == pytest.approx(math.sqrt(0.24 / 10), rel=1e-3)


def test_two_thousand_days():
    buys, sells = days(TRUE, 2000, 2)
    found = pin(buys, sells)
    assert TRUE.pin == pytest.approx(0.19355, abs=5e-6)
    assert abs(found.pin.value - TRUE.pin) < 4 * found.pin.standard_error
    for name, true in TRUE._asdict().items():
        estimate = getattr(found, name)
        assert abs(estimate.value - true) < 4 * estimate.standard_error
    assert found.log_likelihood >= log_likelihood(buys, sells, TRUE)
    assert np.abs(buys - sells).mean() / (buys + sells).mean() == pytest.approx(0.236, abs=0.01)  # which is not PIN


def test_errors_are_how_estimates_scatter():
    found = [pin(*days(TRUE, 120, seed)).pin for seed in range(16)]
    scatter = np.std([each.value for each in found], ddof=1)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(scatter, rel=0.5)


def test_buys_and_sells_are_symmetric():
    one, other = pin(*days(TRUE, 100, 3)), pin(*reversed(days(TRUE, 100, 3)))
    assert other.pin.value == pytest.approx(one.pin.value, rel=1e-4)
    assert other.bad.value == pytest.approx(1 - one.bad.value, abs=1e-4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("counts", [([], []), ([3], [4]), ([0, 0], [0, 0]), ([5, 6, 7], [0, 0, 0]), ([5, 5], [5, 5])])
def test_days_that_say_nothing(counts):
    found = pin(*counts)
    assert math.isnan(found.pin.standard_error)
    if found.reason:
        assert math.isnan(found.pin.value)


def test_buckets_split_trades():
    assert imbalances([1, -1, 1], [4, 2, 6], 4) == pytest.approx([1, 0, 1])
    assert imbalances([1, -1], [10, 3], 5) == pytest.approx([1, 1])
    assert len(imbalances([], [], 5)) == 0
    assert math.isnan(vpin([], [], 5).value)
    with pytest.raises(ValueError, match="above 0"):
        imbalances([1], [1], 0)


def test_vpin_of_independent_orders():
    random = np.random.default_rng(4)
    found = vpin(random.choice([-1, 1], 100_000), np.ones(100_000), 100)
    assert abs(found.value - 0.0795892) < 4 * found.standard_error  # E|X| / 100 of a sum of a hundred signs


def test_the_command(tmp_path, capsys):
    folder = run(ROOT / "scenarios" / "quickstart.toml", overrides={"run.steps": 2000}, out=tmp_path).folder
    assert take("informed_trading", [str(folder), "--json"]) == 0
    rows = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert 0 <= rows["pin"] < 1
    assert 0 < rows["vpin"] < 1
    assert take("informed_trading", [str(tmp_path)]) == 2
