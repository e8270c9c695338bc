"""Value at risk and expected shortfall: tabulated tails, samples of known laws, forecasts that look back only."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import integrate, stats

from analysis.risk import tail_risk as risk
from analysis.risk import value_at_risk
from analysis.stats.bootstrap import multiplicities
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load
from tests.command_line import take
from tests.places import SCENARIOS


@pytest.mark.parametrize(
    ("level", "value_at_risk", "shortfall"),
    [(0.95, 1.644854, 2.062713), (0.975, 1.959964, 2.337803), (0.99, 2.326348, 2.665214)],
)
def test_normal_tails(level, value_at_risk, shortfall):
    assert risk.normal_tail(level) == pytest.approx((value_at_risk, shortfall), abs=5.1e-7)


@pytest.mark.parametrize(
    ("degrees", "level", "unit", "value_at_risk", "shortfall"),
    [
        (4, 0.99, False, 3.74695, 5.22058),
        (4, 0.99, True, 2.64949, 3.69151),
        (3, 0.99, False, 4.54070, 7.00308),
        (5, 0.975, False, 2.57058, 3.52158),
    ],
)
def test_student_tails(degrees, level, unit, value_at_risk, shortfall):
    assert risk.student_tail(level, degrees, unit) == pytest.approx((value_at_risk, shortfall), abs=5.1e-6)


def test_many_degrees_are_normal():
    assert risk.student_tail(0.99, math.inf) == risk.normal_tail(0.99)
    assert risk.student_tail(0.99, 1e9) == pytest.approx(risk.normal_tail(0.99), rel=1e-6)


def test_cornish_fisher_shortfall_integrates_its_quantile():
    def quantile(u):
        return risk.cornish_fisher_tail(u, -0.5, 1.0).value_at_risk

    integral = integrate.quad(quantile, 0.975, 1.0 - 1e-12)[0] / 0.025
    assert risk.cornish_fisher_tail(0.975, -0.5, 1.0).expected_shortfall == pytest.approx(integral, rel=1e-6)
    assert risk.cornish_fisher_tail(0.99, 0.0, 0.0) == pytest.approx(risk.normal_tail(0.99))
    assert quantile(0.975) > risk.cornish_fisher_tail(0.975, 0.5, 1.0).value_at_risk


def test_historical_weights_the_border_in_part():
    losses = np.arange(1.0, 11.0)  # 1 to 10
    assert risk.historical(-losses, 0.8) == pytest.approx((8.0, 9.5))
    assert risk.historical(-losses, 0.75) == pytest.approx((8.0, (10 + 9 + 0.5 * 8) / 2.5))
    assert risk.historical(-losses, 0.99) == pytest.approx((10.0, 10.0))


def test_samples_recover_the_law_they_are_drawn_from():
    generator = np.random.default_rng(1)
    n, level = 200_000, 0.975
    normal = 0.3 + 2.0 * generator.standard_normal(n)
    true = risk.normal_tail(level).of(0.3, 2.0)
    error = 2.0 * math.sqrt(level * (1 - level) / n) / stats.norm.pdf(stats.norm.ppf(level))
    tail = -normal[-normal > true.value_at_risk]
    shortfall_error = 1.3 * tail.std() / math.sqrt((1 - level) * n)
    for method in (risk.historical, risk.normal, risk.cornish_fisher):
        found = method(normal, level)
        assert abs(found.value_at_risk - true.value_at_risk) < 4 * error
        assert abs(found.expected_shortfall - true.expected_shortfall) < 4 * shortfall_error
    student = 0.01 * generator.standard_t(4, 20_000)
    degrees, location, scale = risk.fit_student(student)
    theirs = stats.t.fit(student)
    assert (degrees, location, scale) == pytest.approx(theirs, rel=2e-3, abs=1e-6)
    assert abs(degrees - 4) < 0.5
    fitted, given = risk.student(student, 0.99), risk.student(student, 0.99, 4.0)
    assert given == pytest.approx(risk.student_tail(0.99, 4).of(0.0, 0.01), rel=0.05)
    assert fitted == pytest.approx(given, rel=0.1)


def test_weighted_deviations_are_the_sums_they_stand_for():
    x = np.random.default_rng(2).standard_normal(50)
    found = risk.ewma_deviations(x, 0.9)
    assert math.isnan(found[0])
    weights = 0.9 ** np.arange(20)
    assert found[20] == pytest.approx(math.sqrt((weights * x[19::-1] ** 2).sum() / weights.sum()), rel=1e-12)
    changed = x.copy()
    changed[30:] = 99.0
    assert np.array_equal(risk.ewma_deviations(changed, 0.9)[:31], found[:31], equal_nan=True)


@pytest.mark.parametrize("law", ["normal", "student", "historical"])
def test_forecasts_look_back_only(law):
    x = np.random.default_rng(3).standard_normal(300)
    whole, part = risk.filtered(x, 0.95, law=law), risk.filtered(x[:200], 0.95, law=law)
    assert np.array_equal(whole.value_at_risk[:200], part.value_at_risk, equal_nan=True)
    assert np.nanmean(whole.value_at_risk[50:]) == pytest.approx(1.64, rel=0.2)
    assert np.all(whole.expected_shortfall[50:] >= whole.value_at_risk[50:])


@pytest.mark.parametrize("method", ["historical", "normal", "student", "cornish_fisher"])
def test_rolling_forecasts_use_the_window_before(method):
    x = np.random.default_rng(4).standard_normal(60)
    found = risk.rolling(x, 0.9, 50, method)
    assert np.isnan(found.value_at_risk[:50]).all()
    assert found.value_at_risk[55] == getattr(risk, method)(x[5:55], 0.9).value_at_risk


def test_empty_and_constant_returns():
    for method in (risk.historical, risk.normal, risk.student, risk.cornish_fisher):
        assert all(map(math.isnan, method([], 0.95)))
        assert method(np.full(100, 0.25), 0.95) == pytest.approx((-0.25, -0.25))
    assert len(risk.ewma_deviations([])) == 1
    assert len(risk.filtered([], 0.95).value_at_risk) == 0
    assert risk.filtered(np.zeros(5), 0.95).value_at_risk[1:] == pytest.approx(0.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: risk.normal_tail(1.0),
        lambda: risk.student_tail(0.9, 1.0),
        lambda: risk.student_tail(0.9, 2.0, unit_variance=True),
        lambda: risk.historical([1.0], 0.0),
        lambda: risk.ewma_deviations([1.0], 1.0),
        lambda: risk.filtered([1.0], 0.9, law="cauchy"),
        lambda: risk.rolling([1.0], 0.9, 1, "normal"),
        lambda: risk.rolling([1.0], 0.9, 5, "cauchy"),
    ],
)
def test_what_is_out_of_range_is_refused(call):
    with pytest.raises(ValueError, match="must be"):
        call()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Run:
    scenario = load(SCENARIOS / "quickstart.toml", ["run.steps=2_000"])
    return execute(scenario, tmp_path_factory.mktemp("runs") / "run")


def test_the_command_measures_a_run(folder, capsys):
    assert take("value_at_risk", [str(folder.folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
    assert {row["unit"] for row in rows} == {"currency"}
    without = ("student", "ewma")
    for row in rows:
        drawn = row["value"] is not None and not any(word in row["name"] for word in without)
        assert (row["standard_error"] is not None) == drawn
    assert take("value_at_risk", ["nowhere"]) == 2


def test_errors_are_those_of_the_public_functions_of_each_resampled_series():
    gains = np.random.default_rng(5).standard_t(4, 600) + 0.1
    episodes = np.repeat(np.arange(40), 15)
    for own in (episodes, np.zeros(600, np.int64)):
        found = value_at_risk._errors(gains, own, (0.9, 0.99), 25)
        drawn = []
        for counts in multiplicities(gains, np.random.default_rng(0), 25, episodes=own):
            again = np.repeat(gains, counts)
            methods = (risk.historical, risk.normal, risk.cornish_fisher)
            drawn.append([[method(again, level) for method in methods] for level in (0.9, 0.99)])
        assert found == pytest.approx(np.std(drawn, axis=0, ddof=1), rel=1e-9)


def test_changes_that_are_all_equal_are_known_exactly():
    assert np.all(value_at_risk._errors(np.full(300, 0.1), np.zeros(300, np.int64), (0.95,), 10) == 0.0)


def test_every_method_is_a_row_and_the_values_are_those_of_the_functions(folder):
    name = folder.scenario.populations[0].name
    rows = {each.name: each for each in value_at_risk.measures(folder)}
    gains = value_at_risk.gains_of(folder, name)
    for method, label in (
        (risk.historical, "historical"),
        (risk.normal, "normal"),
        (risk.student, "student"),
        (risk.cornish_fisher, "cornish_fisher"),
    ):
        for level in (0.95, 0.99):
            found = [rows[f"{name}.{label}.{short}.{100 * level:g}"].value for short in risk.TailRisk._fields]
            assert found == pytest.approx(method(gains, level), nan_ok=True)
    forecast = risk.filtered(np.append(gains, 0.0), 0.95)
    assert rows[f"{name}.ewma.value_at_risk.95"].value == pytest.approx(forecast.value_at_risk[-1])
    assert rows[f"{name}.ewma.expected_shortfall.95"].value == pytest.approx(forecast.expected_shortfall[-1])


def test_no_risk_is_minus_nothing():
    for method in (risk.historical, risk.normal, risk.student, risk.cornish_fisher):
        assert all(math.copysign(1.0, each) == 1.0 for each in method(np.zeros(60), 0.95))
    assert math.copysign(1.0, risk.historical([0.0] * 50 + [1.0] * 50, 0.95).value_at_risk) == 1.0


def test_changes_that_are_mostly_nothing_have_no_student_t():
    x = np.zeros(500)
    x[::9] = np.random.default_rng(6).standard_normal(56)
    with pytest.raises(ValueError, match="no maximum"):
        risk.fit_student(x)
    assert all(map(math.isnan, risk.student(x, 0.95)))
    with pytest.raises(ValueError, match="must be"):
        risk.student(x, 0.95, 0.5)


def test_agents_sampled_once_an_episode_have_no_changes(tmp_path, capsys):
    overrides = ["run.steps=200", "record.agents_every=200"]
    run = execute(load(SCENARIOS / "quickstart.toml", overrides), tmp_path / "run")
    assert take("value_at_risk", [str(run.folder)]) == 2
    assert "no episode has two samples of agents" in capsys.readouterr().err
