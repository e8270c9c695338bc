"""Drawdowns, Sharpe ratios, inventories, stress: by hand, and from processes whose answers are known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from analysis.risk import positions
from analysis.stats.estimates import mean
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.scenario import load
from tests.command_line import take
from tests.places import SCENARIOS


def test_drawdown_by_hand():
    found = positions.drawdown([0, 3, 1, 2, 3, 5, 4, 1, 2])
    assert found == (4.0, 5, 7, 3)
    assert positions.drawdown([1, 2, 3]) == (0.0, 0, 0, 0)
    assert math.isnan(positions.drawdown([]).depth)


def test_drawdown_of_brownian_motion():
    generator, steps = np.random.default_rng(1), 10_000
    paths = np.cumsum(generator.standard_normal((1_000, steps)), axis=1) / math.sqrt(steps)
    found = mean([positions.drawdown(each).depth for each in paths])
    expected = math.sqrt(math.pi / 2)  # Magdon-Ismail et al. 2004; a discrete path misses 0.58 / √steps at each end
    assert abs(found.value - expected) < 4 * found.standard_error + 1.2 / math.sqrt(steps)


def test_sharpe_ratio_and_its_errors():
    generator, n, samples = np.random.default_rng(2), 400, 3_000
    normal = 0.5 + generator.standard_normal((samples, n))
    found = [positions.sharpe_ratio(each, normal=True) for each in normal]
    spread = np.std([each.value for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=4 / math.sqrt(2 * samples))
    assert found[0].standard_error == pytest.approx(math.sqrt((1 + found[0].value ** 2 / 2) / n))
    skewed = generator.exponential(1.0, (samples, n))
    found = [positions.sharpe_ratio(each) for each in skewed]
    spread = np.std([each.value for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.06)
    assert np.mean([positions.sharpe_ratio(each, normal=True).standard_error for each in skewed]) > 1.2 * spread


def test_sharpe_ratio_is_that_of_mertens_and_allows_for_dependence():
    x = np.random.default_rng(3).gamma(2.0, size=500)
    s = x.mean() / x.std(ddof=1)
    z = (x - x.mean()) / x.std()
    skew, kurtosis = (z**3).mean(), (z**4).mean()
    expected = math.sqrt((1 + s**2 / 2 - skew * s + (kurtosis - 3) / 4 * s**2) / 500)
    assert positions.sharpe_ratio(x).standard_error == pytest.approx(expected, rel=1e-12)
    repeated = np.repeat(x, 10)
    ratio = positions.sharpe_ratio(repeated, lags=40).standard_error / positions.sharpe_ratio(repeated).standard_error
    assert ratio == pytest.approx(math.sqrt(10), rel=0.15)
    assert positions.sharpe_ratio(x, benchmark=x.mean()).value == pytest.approx(0.0, abs=1e-12)


def test_half_life_of_an_autoregression():
    generator, phi, n = np.random.default_rng(5), 0.9, 20_000
    x = np.zeros(n)
    for t, noise in enumerate(generator.standard_normal(n - 1), 1):
        x[t] = phi * x[t - 1] + noise
    found = positions.half_life(x)
    assert abs(found.value - math.log(0.5) / math.log(phi)) < 4 * found.standard_error
    assert found.standard_error < 0.6
    pairs = np.concatenate([np.column_stack([x[i : i + 99], x[i + 1 : i + 100]]) for i in (0, 5_000)])
    slope = np.polyfit(*pairs.T, 1)[0]
    halves = positions.half_life(np.concatenate([x[:100], x[5_000:5_100]]), np.repeat([0, 1], 100))
    assert halves.value == pytest.approx(math.log(0.5) / math.log(slope))


def test_inventory_by_hand():
    lots = np.array([2, -2, 4, 0, -1, 3] * 20)
    found = positions.inventory(lots, traded=480.0, limit=3)
    assert found.mean.value == pytest.approx(1.0)
    assert found.size == pytest.approx(2.0)
    assert found.directional == pytest.approx(0.5)
    assert found.turnover == pytest.approx(240.0)
    assert found.at_limit == pytest.approx(1 / 3)
    assert math.isnan(positions.inventory(lots, 1.0).at_limit)


def test_stress_by_hand():
    held = [[100.0, -50.0], [0.0, 0.0]]
    assert positions.stress(held, [-0.1, 0.2]).tolist() == [[5.0, -10.0], [0.0, 0.0]]
    assert positions.stress(held, [[-0.1, 0.1]]).tolist() == [[15.0], [0.0]]
    assert positions.stress(np.array([100.0]), [-0.5]).tolist() == [50.0]


def test_empty_and_constant():
    for series in ([], [1.0], np.full(50, 0.1)):
        assert math.isnan(positions.sharpe_ratio(series).value)
        assert math.isnan(positions.half_life(series).value)
    assert math.isnan(positions.inventory([], 0.0).size)
    flat = positions.inventory(np.zeros(10), 0.0)
    assert flat.mean.value == 0.0
    assert math.isnan(flat.turnover)


@pytest.fixture(scope="module")
def two_books(tmp_path_factory):
    overrides = ["run.steps=2_000", "record.book_every=10", "record.agents_every=10"]
    return execute(load(SCENARIOS / "two_books.toml", overrides), tmp_path_factory.mktemp("runs") / "run")


def test_exposures_are_what_wealth_is_beside_cash(two_books):
    for population in two_books.scenario.populations:
        rows = positions.samples_of(two_books, population.name)
        held = (rows["wealth"] - rows["cash"]).to_numpy()
        assert positions.exposures_of(two_books, population.name).sum(axis=1) == pytest.approx(held, abs=1e-6)


def test_lots_traded_are_those_of_the_episodes(two_books):
    volumes = two_books.episodes.groupby("population", observed=True)["volume"].sum()
    for population in two_books.scenario.populations:
        traded = sum(
            positions.traded_of(two_books, population.name, each.name) for each in two_books.scenario.instruments
        )
        assert traded == volumes[population.name]


def test_the_command_measures_a_run(two_books, capsys):
    assert take("positions", [str(two_books.folder), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["bolt_makers.drawdown"]["value"] >= 0
    assert rows["bolt_makers.BOLT.turnover"]["value"] > 0
    assert rows["bolt_makers.loss.-10_percent"]["value"] == pytest.approx(
        -rows["bolt_makers.loss.+10_percent"]["value"]
    )
    assert rows["bolt_makers.worst.-10_percent"]["value"] >= rows["bolt_makers.loss.-10_percent"]["value"]
    assert take("positions", [str(two_books.folder)]) == 0


def test_only_what_a_population_can_trade_is_said_to_be_held(two_books):
    names = {each.name for each in positions.measures(two_books)}
    assert "bolt_makers.BOLT.size" in names
    assert not [name for name in names if name.startswith("bolt_makers.ACME")]


def test_shocks_are_chosen_on_the_command_line(two_books, capsys):
    assert take("positions", [str(two_books.folder), "--shocks", "-0.3,0.5", "--json"]) == 0
    losses = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert losses["main_makers.loss.-30_percent"] == pytest.approx(-0.6 * losses["main_makers.loss.+50_percent"])
    assert "main_makers.loss.-10_percent" not in losses
    for wrong in ("-1.5", "a", "", "nan"):
        assert take("positions", [str(two_books.folder), f"--shocks={wrong}"]) == 2
        assert "--shocks: " in capsys.readouterr().err


def test_episodes_give_sizes_and_turnovers_their_errors():
    overrides = ["run.steps=300", "run.episodes=5", "record.agents_every=1"]
    run = execute(load(SCENARIOS / "quickstart.toml", overrides))
    name = run.scenario.populations[0].name
    rows = {each.name: each for each in positions.measures(run)}
    samples = positions.samples_of(run, name)
    sizes = samples.groupby("episode")["inventory.ACME"].apply(lambda lots: lots.abs().mean()).to_numpy()
    assert rows[f"{name}.size"].value == pytest.approx(sizes.mean())
    assert rows[f"{name}.size"].standard_error == pytest.approx(sizes.std(ddof=1) / math.sqrt(5))
    volumes = run.episodes[run.episodes["population"] == name].groupby("episode")["volume"].sum().to_numpy()
    assert rows[f"{name}.turnover"].value == pytest.approx(volumes.mean() / sizes.mean())
    assert rows[f"{name}.turnover"].standard_error > 0
    assert rows[f"{name}.drawdown"].standard_error > 0


def test_agents_that_were_not_sampled_are_no_measures(tmp_path, capsys):
    run = execute(load(SCENARIOS / "quickstart.toml", ["run.steps=200", "record.agents=none"]), tmp_path / "run")
    for name in ("positions", "value_at_risk", "risk_backtest"):
        assert take(name, [str(run.folder)]) == 2
        assert f"it kept no agents, which {name} needs — set record.agents" in capsys.readouterr().err
    with pytest.raises(RunError, match=r"agents were not sampled — set record\.agents and record\.agents_every"):
        positions.measures(run)
