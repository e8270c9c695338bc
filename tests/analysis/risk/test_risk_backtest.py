"""Backtests of risk: tabulated statistics, sizes under right forecasts, and real days of two markets."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.risk import risk_backtest as backtest
from analysis.risk.tail_risk import filtered, normal_tail, rolling, student_tail
from sim.runs.execute import execute
from sim.scenario import load
from tests.command_line import take
from tests.places import SCENARIOS

KUPIEC = {
    0: 5.0252,
    1: 1.1765,
    2: 0.1084,
    3: 0.0949,
    4: 0.7691,
    5: 1.9568,
    6: 3.5554,
    7: 5.4970,
    8: 7.7336,
    10: 12.9555,
}


@pytest.mark.parametrize(("count", "statistic"), KUPIEC.items())
def test_kupiec(count, statistic):
    found = backtest.kupiec(count, 250, 0.01)
    assert found.statistic == pytest.approx(statistic, abs=5.1e-5)
    assert (found.p_value < 0.05) == (statistic > 3.841)


@pytest.mark.parametrize(
    ("observations", "probability", "region"),
    [
        (250, 0.01, (1, 6)),
        (510, 0.01, (2, 10)),
        (1000, 0.01, (5, 16)),
        (255, 0.05, (7, 20)),
        (1000, 0.05, (38, 64)),
        (255, 0.01, (1, 6)),
    ],
)
def test_kupiec_region(observations, probability, region):
    assert backtest.kupiec_region(observations, probability) == region


def test_christoffersen():
    assert backtest.christoffersen(960, 18, 18, 3).statistic == pytest.approx(7.052680, abs=5.1e-7)
    assert backtest.christoffersen(228, 7, 7, 7).statistic == pytest.approx(25.403782, abs=5.1e-7)


def test_conditional_coverage_is_the_sum():
    flags = np.zeros(250, bool)
    flags[[5, 6, 40, 41, 90, 200]] = True
    assert backtest.transitions(flags) == (239, 4, 4, 2)
    both = backtest.conditional_coverage(flags, 0.01)
    parts = backtest.kupiec(6, 250, 0.01).statistic + backtest.christoffersen(239, 4, 4, 2).statistic
    assert both.statistic == pytest.approx(parts)
    assert both.p_value == pytest.approx(math.exp(-0.5 * parts))
    assert (both.p_value < 0.05) == (parts > 5.991)


def test_traffic_light():
    lights = [backtest.traffic_light(count) for count in range(14)]
    assert [each.zone for each in lights] == ["green"] * 5 + ["yellow"] * 5 + ["red"] * 4
    assert lights[4].probability == pytest.approx(0.8922, abs=5.1e-5)
    assert lights[9].probability == pytest.approx(0.9997, abs=5.1e-5)
    assert [each.plus_factor for each in lights] == [0] * 5 + [0.4, 0.5, 0.65, 0.75, 0.85] + [1] * 4
    assert math.isnan(backtest.traffic_light(4, 100, 0.01).plus_factor)


def test_tests_reject_right_forecasts_as_often_as_they_should():
    generator, samples, n, p = np.random.default_rng(1), 1_500, 4_000, 0.1
    flags = generator.random((samples, n)) < p
    rejected = np.array(
        [
            (
                backtest.kupiec(int(each.sum()), n, p).p_value < 0.05,
                backtest.christoffersen(*backtest.transitions(each)).p_value < 0.05,
                backtest.conditional_coverage(each, p).p_value < 0.05,
            )
            for each in flags
        ]
    )
    assert np.all(np.abs(rejected.mean(axis=0) - 0.05) < 0.03)  # likelihood ratios are only asymptotically right


@pytest.mark.parametrize("degrees", [math.inf, 5.0])
def test_shortfall_statistic_has_mean_zero_and_the_published_critical_value(degrees):
    level, n = 0.975, 250
    tail = student_tail(level, degrees, unit_variance=True)
    draws = backtest.scaled_draw(np.full(n, 2.0), degrees)(np.random.default_rng(2), 40_000)
    found = backtest.shortfall_statistic(draws, *(np.full(n, 2.0 * each) for each in tail), level)
    assert abs(found.mean()) < 4 * found.std() / math.sqrt(len(found))
    assert np.quantile(found, 0.05) == pytest.approx(-0.70, abs=0.1)  # Acerbi and Szekely 2014: nearly any tail


def test_shortfall_test_keeps_right_forecasts_and_rejects_low_ones():
    level, n, repeats = 0.975, 250, 400
    tail = normal_tail(level)
    generator = np.random.default_rng(3)
    deviations = np.exp(0.3 * generator.standard_normal(n))
    draw = backtest.scaled_draw(deviations)
    forecasts = tail.value_at_risk * deviations, tail.expected_shortfall * deviations
    values = [
        backtest.expected_shortfall_test(each, *forecasts, level, draw, generator, repeats).p_value
        for each in draw(generator, 300)
    ]
    assert np.mean(np.array(values) < 0.1) == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / 300))
    low = backtest.expected_shortfall_test(1.5 * draw(generator, 1)[0], *forecasts, level, draw, generator, repeats)
    assert low.statistic < -0.7
    assert low.p_value < 0.02


def test_nothing_and_no_exceptions():
    assert math.isnan(backtest.kupiec(0, 0, 0.01).statistic)
    assert math.isnan(backtest.christoffersen(0, 0, 0, 0).statistic)
    assert backtest.christoffersen(99, 0, 0, 0) == (0.0, 1.0)
    assert math.isnan(backtest.conditional_coverage([], 0.01).p_value)
    assert backtest.transitions([]) == (0, 0, 0, 0)
    empty = backtest.expected_shortfall_test([], [], [], 0.975, backtest.scaled_draw([]), np.random.default_rng(1), 10)
    assert math.isnan(empty.statistic)
    assert backtest.exceptions([-1.0, -3.0, -5.0], [math.nan, 2.0, 9.0]).tolist() == [True, False]


@pytest.mark.parametrize(
    "call",
    [
        lambda: backtest.kupiec(5, 4, 0.01),
        lambda: backtest.kupiec(1, 4, 0.0),
        lambda: backtest.scaled_draw([1.0], 2.0),
        lambda: backtest.expected_shortfall_test(
            [math.nan], [1.0], [1.0], 0.9, backtest.scaled_draw([1.0]), np.random.default_rng(1)
        ),
    ],
)
def test_what_is_out_of_range_is_refused(call):
    with pytest.raises(ValueError, match="must be"):
        call()


def daily(path: Path, date: str, close: str) -> np.ndarray:
    if not path.is_file():
        pytest.skip(f"no recorded data: {path} does not exist")
    with gzip.open(path) as file:
        prices = pd.read_csv(file)[close].to_numpy(float)
    return np.diff(np.log(prices[np.isfinite(prices)]))


@pytest.mark.parametrize(
    ("name", "close"), [("arch_sp500.csv.gz", "Adj Close"), ("yahoo_BTC-USD_daily.csv.gz", "close")]
)
def test_real_days_have_fatter_tails_than_the_normal_and_clusters(data_folder, name, close):
    returns = daily(data_folder / "daily" / name, "date", close)
    normal = filtered(returns, 0.99)
    student = filtered(returns, 0.99, law="student", degrees=5.0)
    known = slice(100, None)
    counts = []
    for forecast in (normal, student):
        flags = backtest.exceptions(returns[known], forecast.value_at_risk[known])
        counts.append((int(flags.sum()), len(flags)))
    assert backtest.kupiec(*counts[0], 0.01).p_value < 0.01  # RiskMetrics' normal tail is too thin
    assert counts[0][0] > 0.01 * counts[0][1]
    assert counts[1][0] < counts[0][0]
    generator = np.random.default_rng(1)
    forecast = filtered(returns, 0.975)
    test = backtest.expected_shortfall_test(
        returns[known],
        forecast.value_at_risk[known],
        forecast.expected_shortfall[known],
        0.975,
        backtest.scaled_draw(forecast.deviation[known]),
        generator,
        500,
    )
    assert test.statistic < 0
    assert test.p_value < 0.01


def test_slow_forecasts_of_the_index_miss_the_clusters(data_folder):
    returns = daily(data_folder / "daily" / "arch_sp500.csv.gz", "Date", "Adj Close")
    slow = rolling(returns, 0.95, 500, "normal")
    quick = filtered(returns, 0.95)
    ratios = []
    for forecast in (slow, quick):
        flags = backtest.exceptions(returns[500:], forecast.value_at_risk[500:])
        ratios.append(backtest.christoffersen(*backtest.transitions(flags)))
    assert ratios[0].p_value < 1e-4
    assert ratios[1].statistic < 0.3 * ratios[0].statistic


def test_the_command_tests_a_run(tmp_path, capsys):
    run = execute(load(SCENARIOS / "quickstart.toml", ["run.steps=2_000"]), tmp_path / "run")
    assert take("risk_backtest", [str(run.folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
    assert any(row["name"].endswith("kupiec.p_value") for row in rows)
    assert all(0 <= row["value"] <= 1 for row in rows if row["name"].endswith(".p_value") and row["value"] is not None)


def test_a_run_too_short_to_learn_from_is_refused(tmp_path, capsys):
    run = execute(load(SCENARIOS / "quickstart.toml", ["run.steps=40"]), tmp_path / "run")
    assert take("risk_backtest", [str(run.folder)]) == 2
    assert "first 50 changes" in capsys.readouterr().err
