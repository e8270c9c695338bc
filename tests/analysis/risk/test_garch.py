"""GARCH(1, 1): against arch, against simulated returns, and where there is nothing to fit."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.risk.garch import backcast, garch, variances
from sim.runs.execute import execute
from sim.scenario import parse
from tests.command_line import MARKET, take

WIDENING = np.exp(np.arange(600) / 100) * np.random.default_rng(3).standard_normal(600)


def simulated(n: int, constant: float, news: float, memory: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    r, h = np.empty(n + 500), constant / (1 - news - memory)
    for t in range(len(r)):
        r[t] = np.sqrt(h) * random.standard_normal()
        h = constant + news * r[t] ** 2 + memory * h
    return r[500:]


def test_variances_follow_the_recursion():
    squares = np.array([1.0, 4.0, 0.25])
    found = variances(squares, 0.1, 0.2, 0.7, 2.0)
    h = 0.1 + 0.9 * 2.0
    for place, square in enumerate([*squares, None]):
        assert found[place] == pytest.approx(h)
        if square is not None:
            h = 0.1 + 0.2 * square + 0.7 * h
    assert variances(squares, 0.1, 0.0, 0.5, 2.0) == pytest.approx([1.1, 0.65, 0.425, 0.3125])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_estimates_errors_and_likelihood_are_those_of_arch(seed):
    arch = pytest.importorskip("arch")
    r = 0.01 * simulated(2_000, 0.05, 0.1, 0.85, seed) + 0.0003
    mine = garch(r)
    scaled = 100 * r
    start = backcast((scaled - 100 * mine.mean.value) ** 2)
    theirs = arch.arch_model(scaled, mean="Constant", vol="GARCH", rescale=False).fit(
        disp="off", backcast=start, options={"ftol": 1e-12}, tol=1e-12
    )
    values, errors = theirs.params.to_numpy(), theirs.std_err.to_numpy()
    scales = (100.0, 10_000.0, 1.0, 1.0)
    for estimate, scale, value, error in zip(
        (mine.mean, mine.constant, mine.news, mine.memory), scales, values, errors, strict=True
    ):
        assert estimate.value * scale == pytest.approx(value, rel=5e-3, abs=2e-5)
        assert estimate.standard_error * scale == pytest.approx(error, rel=0.02)
    assert mine.likelihood - len(r) * np.log(100) == pytest.approx(theirs.loglikelihood, abs=1e-3)
    assert np.sqrt(mine.variances[:-1]) * 100 == pytest.approx(np.asarray(theirs.conditional_volatility), rel=2e-3)


def test_the_truth_is_found_within_four_standard_errors_and_the_unit_does_not_matter():
    r = simulated(20_000, 0.05, 0.08, 0.9, 7)
    found = garch(r)
    for estimate, truth in ((found.constant, 0.05), (found.news, 0.08), (found.memory, 0.9), (found.persistence, 0.98)):
        assert abs(estimate.value - truth) < 4 * estimate.standard_error
        assert 0 < estimate.standard_error < 0.05
    small = garch(1e-6 * r)
    assert small.persistence.value == pytest.approx(found.persistence.value, abs=1e-3)
    assert found.half_life.value == pytest.approx(np.log(0.5) / np.log(found.persistence.value))


@pytest.mark.parametrize(("returns", "why"), [([0.1] * 10, "fewer"), ([0.1] * 100, "differ"), ([], "fewer")])
def test_where_there_is_nothing_to_fit_the_reason_is_said(returns, why):
    found = garch(returns)
    assert np.isnan(found.persistence.value)
    assert why in found.reason


def test_the_s_and_p_has_clusters(data_folder):
    from analysis.recorded.markets import recorded

    found = garch(recorded(data_folder).daily["S&P 500"].returns)
    assert 0.97 < found.persistence.value < 1.0
    assert 0.05 < found.news.value < 0.15


def test_the_command_prints_and_gives_json(tmp_path, capsys):
    run = execute(parse(MARKET), tmp_path)
    assert take("garch", [str(run.folder)]) == 0
    assert "garch.persistence" in capsys.readouterr().out
    assert take("garch", [str(run.folder), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"][0]["rows"]) == 4


@pytest.mark.parametrize(
    ("returns", "border"),
    [
        (simulated(1_500, 1.0, 0.3, 0.0, 2), "beta = 0"),
        (np.random.default_rng(2).standard_normal(400), "alpha = 0"),
        (WIDENING, "alpha + beta = 1"),
    ],
    ids=["beta", "alpha", "sum"],
)
def test_at_a_border_the_values_stand_without_errors(returns, border):
    found = garch(returns)
    assert border in found.reason
    for each in (found.mean, found.constant, found.news, found.memory, found.persistence):
        assert np.isfinite(each.value)
        assert np.isnan(each.standard_error)
    assert np.isnan(found.half_life.value)


def test_the_command_names_the_border(tmp_path, capsys, monkeypatch):
    run = execute(parse(MARKET), tmp_path)
    monkeypatch.setattr("analysis.risk.garch.facts_of", lambda *_: SimpleNamespace(returns=WIDENING))
    assert take("garch", [str(run.folder), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["garch.half_life"]["value"] is None
    assert rows["garch.persistence"]["value"] > 0.999
    assert all(row["standard_error"] is None for row in rows.values())
    assert all("at the border alpha + beta = 1" in row["meaning"] for row in rows.values())
