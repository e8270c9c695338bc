"""Stylised facts: against statsmodels, processes whose facts are known, and a recorded day."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis.risk import stylised_facts as facts
from analysis.risk import tails
from sim.runs.execute import execute
from sim.scenario import load
from tests.command_line import take
from tests.places import SCENARIOS


def garch(n: int, generator: np.random.Generator) -> np.ndarray:
    returns, variance = np.zeros(n), 1.0
    for t, noise in enumerate(generator.standard_normal(n)):
        returns[t] = noise * math.sqrt(variance)
        variance = 0.05 + 0.1 * returns[t] ** 2 + 0.85 * variance
    return returns


def test_autocorrelations_and_the_test_of_them_are_those_of_statsmodels():
    tools = pytest.importorskip("statsmodels.tsa.stattools")
    diagnostic = pytest.importorskip("statsmodels.stats.diagnostic")
    x = np.abs(garch(2_000, np.random.default_rng(1)))
    assert facts.autocorrelation(x, np.arange(31)) == pytest.approx(tools.acf(x, nlags=30), abs=1e-12)
    theirs = diagnostic.acorr_ljungbox(x, lags=[20])
    found = facts.ljung_box(x, 20)
    assert found.statistic == pytest.approx(float(theirs["lb_stat"].iloc[0]))
    assert found.p_value == pytest.approx(float(theirs["lb_pvalue"].iloc[0]))


@pytest.mark.parametrize("index", [2.0, 3.0, 5.0])
def test_hill_recovers_the_index_of_a_pareto_tail(index):
    x = np.random.default_rng(2).pareto(index, 50_000) + 1.0
    signs = np.where(np.random.default_rng(3).random(50_000) < 0.5, -1, 1)
    found = tails.hill(signs * x)
    assert abs(found.value - index) < 4 * found.standard_error
    assert found.standard_error == pytest.approx(found.value / 50)


def test_volatility_clusters_are_found_where_they_are():
    generator = np.random.default_rng(4)
    clustered, even = np.abs(garch(4_000, generator)), np.abs(generator.standard_normal(4_000))
    assert facts.ljung_box(clustered, 20).p_value < 1e-6
    assert facts.ljung_box(even, 20).p_value > 0.01


def test_power_law_recovers_a_slowly_decaying_memory():
    n, exponent = 1 << 16, 0.4
    lags = np.minimum(np.arange(n), n - np.arange(n))
    covariance = np.where(lags == 0, 1.0, 0.8 * np.maximum(lags, 1) ** -exponent)  # on a circle
    spectrum = np.maximum(np.fft.fft(covariance).real, 0.0)
    generator = np.random.default_rng(5)
    noise = np.fft.fft(generator.standard_normal(n))
    series = np.fft.ifft(np.sqrt(spectrum) * noise).real
    found = facts.power_law(series, np.arange(1, 51))
    assert found.exponent.value == pytest.approx(exponent, abs=0.1)
    assert found.level == pytest.approx(0.8, abs=0.1)


def test_kurtosis_of_known_laws():
    generator = np.random.default_rng(6)
    normal = tails.excess_kurtosis(generator.standard_normal(100_000))
    assert abs(normal.value) < 4 * normal.standard_error
    uniform = tails.excess_kurtosis(generator.random(100_000))
    assert uniform.value == pytest.approx(-1.2, abs=0.02)
    laplace = generator.laplace(size=400_000)
    for horizon in (1, 4, 16):
        found = tails.excess_kurtosis(facts.aggregated(laplace, horizon))
        assert found.value == pytest.approx(3 / horizon, abs=0.2)


def arch(n: int, generator: np.random.Generator) -> np.ndarray:
    returns, size = np.zeros(n), 0.0
    for t, noise in enumerate(generator.standard_normal(n)):
        size = returns[t] = noise * math.sqrt(0.8 + 0.2 * size**2)
    return returns


LAWS = {  # what draws numbers, their excess kurtosis, and how far the mean error may be from their deviation
    "normal": (lambda n, generator: generator.standard_normal(n), 0.0, 0.1),
    "uniform": (lambda n, generator: generator.random(n), -1.2, 0.1),
    "laplace": (lambda n, generator: generator.laplace(size=n), 3.0, 0.2),
    "arch": (arch, 6 * 0.2**2 / (1 - 3 * 0.2**2), 0.25),
}


@pytest.mark.parametrize("law", LAWS)
def test_the_error_of_a_kurtosis_is_its_deviation_over_samples_whatever_the_tails(law):
    draw, known, tolerance = LAWS[law]
    generator, n = np.random.default_rng(16), 4_000
    found = np.array([tails.excess_kurtosis(draw(n, generator)) for _ in range(100)])
    deviation = found[:, 0].std(ddof=1)
    assert found[:, 1].mean() == pytest.approx(deviation, rel=tolerance)
    covered = np.abs(found[:, 0] - known) < 1.96 * found[:, 1]
    assert covered.mean() > 0.8
    if law == "normal":
        assert found[:, 1].mean() == pytest.approx(math.sqrt(24 / n), rel=0.1)
    if law in ("laplace", "arch"):
        assert deviation > 1.8 * math.sqrt(24 / n)


def test_the_error_of_a_kurtosis_allows_for_memory():
    generator = np.random.default_rng(17)
    spells = [np.repeat(generator.choice([0.5, 2.0], 80), 50) * generator.standard_normal(4_000) for _ in range(60)]
    found = np.array([tails.excess_kurtosis(each) for each in spells])
    mixed = np.array([tails.excess_kurtosis(generator.permutation(each)) for each in spells])
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(ddof=1), rel=0.3)
    assert found[:, 1].mean() > 1.3 * mixed[:, 1].mean()


def test_leverage_is_negative_where_falls_bring_volatility():
    generator, n = np.random.default_rng(7), 20_000
    returns, deviation = np.zeros(n), 1.0
    for t, noise in enumerate(generator.standard_normal(n)):
        returns[t] = deviation * noise
        deviation = 1.0 + (0.5 if noise < 0 else 0.0)
    found = facts.leverage(returns, [1, 5])
    assert found[0] < -0.05
    assert abs(found[1]) < 4 / math.sqrt(n)


def test_correlation_of_pairs():
    generator = np.random.default_rng(8)
    x = generator.standard_normal(10_000)
    y = 0.6 * x + 0.8 * generator.standard_normal(10_000)
    found = facts.correlation(x, y)
    assert abs(found.value - 0.6) < 4 * found.standard_error
    y[::10] = math.nan
    kept = np.isfinite(y)
    assert facts.correlation(x, y).value == pytest.approx(np.corrcoef(x[kept], y[kept])[0, 1])


def test_lags_may_be_negative_and_gaps_are_left_out():
    x, y = np.random.default_rng(9).standard_normal((2, 500))
    assert facts.cross_correlation(x, y, -3) == pytest.approx(facts.cross_correlation(y, x, 3))
    gap = np.concatenate([x, [math.nan], x])
    one, two = facts.autocorrelation(x, 1)[0], facts.autocorrelation(gap, 1)[0]
    assert two == pytest.approx(one, rel=1e-9)


def test_returns_of_prices():
    assert facts.returns_of([1.0, math.e, math.e**3]) == pytest.approx([1.0, 2.0])
    assert facts.returns_of([1.0, -1.0, 2.0]) == pytest.approx([-2.0, 3.0])
    assert len(facts.returns_of([])) == 0


@pytest.mark.parametrize("returns", [[], [0.1], np.zeros(300), np.full(300, 0.1), np.full(300, math.nan)])
def test_nothing_to_measure_is_nan(returns):
    flat = np.zeros(len(returns))
    for each in facts.facts(returns, flat, flat):
        assert each.name == "returns" or math.isnan(each.value), each.name
    facts.figure(returns, flat)


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        tails.hill([1.0, 2.0], 1.0)


def test_a_recorded_day_has_the_facts(data_folder):
    path = data_folder / "lobster" / "AMZN_2012-06-21_34200000_57600000_message_5.csv.gz"
    if not path.is_file():
        pytest.skip(f"no recorded data: {path} does not exist")
    with gzip.open(path) as file:
        rows = pd.read_csv(file, header=None, names=["time", "kind", "order", "size", "price", "side"])
    trades = rows[rows["kind"] == 4]
    seconds = (trades["time"] // 5).astype(int)
    prices = trades.groupby(seconds)["price"].last().reindex(range(6840, 11520)).ffill().bfill().to_numpy(float)
    volumes = trades.groupby(seconds)["size"].sum().reindex(range(6840, 11520), fill_value=0).to_numpy(float)[1:]
    signed = (-trades["side"] * trades["size"]).groupby(seconds).sum()
    signed = signed.reindex(range(6840, 11520), fill_value=0).to_numpy(float)[1:]
    found = {each.name: each for each in facts.facts(facts.returns_of(prices), volumes, signed)}
    assert 2 < found["tail index"].value < 6
    assert found["kurtosis 1"].value > 2 > 0.5 * found["kurtosis 64"].value
    assert abs(found["returns lag 20"].value) < 0.1
    assert found["|returns| lag 50"].value > 2 * found["|returns| lag 50"].standard_error
    assert found["Ljung-Box p"].value < 1e-6
    assert found["volume-volatility"].value > 0.2
    assert found["flow-return"].value > 0.2
    assert found["signed volume lag 1"].value > 0


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    overrides = ["run.steps=600", "run.episodes=3", "record.book_every=2"]
    return execute(load(SCENARIOS / "quickstart.toml", overrides), tmp_path_factory.mktemp("runs") / "run")


def test_a_run_gives_returns_within_episodes_and_all_its_volume(run):
    venue = run.scenario.venues[0].name
    mine = facts.facts_of(run, venue)
    assert len(mine.returns) == len(run.book) - 1
    assert np.isnan(mine.returns).sum() == 2
    first = run.book.groupby("episode")["step"].transform("min")
    opening = set(zip(run.book["episode"][run.book["step"] == first], first[run.book["step"] == first], strict=True))
    last = run.book["step"].max()
    counted = [
        quantity
        for episode, step, quantity in zip(
            run.trades["episode"], run.trades["step"], run.trades["quantity"], strict=True
        )
        if (step > dict(opening)[episode]) and step <= last
    ]
    assert np.nansum(mine.volumes) == sum(counted)
    assert np.all(np.abs(mine.signed[np.isfinite(mine.signed)]) <= mine.volumes[np.isfinite(mine.volumes)])


def test_each_of_two_books_has_its_own_volume():
    both = execute(load(SCENARIOS / "two_books.toml", ["run.steps=600", "run.episodes=2", "record.book_every=1"]))
    last = both.book["step"].max()
    for venue in both.scenario.venues:
        rows = both.trades[(both.trades["venue"] == venue.name) & both.trades["step"].between(1, last)]
        mine, bought = facts.facts_of(both, venue.name), rows["aggressor"] == "buy"
        assert np.nansum(mine.volumes) == rows["quantity"].sum() > 0
        assert np.nansum(mine.signed) == rows["quantity"].where(bought, -rows["quantity"]).sum()


def test_the_command_and_the_table(run, capsys):
    assert take("stylised_facts", [str(run.folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
    assert len(rows) == len(facts.table(run))
    mine = facts.facts_of(run, run.scenario.venues[0].name)
    assert len(facts.figure(mine.returns, mine.volumes).axes) == 4
