"""The stationary bootstrap: block lengths and errors against arch, and against what theory says of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.stats.bootstrap import block_length, bootstrap, multiplicities, replications, stationary_indices


def autoregression(phi: float, n: int, generator: np.random.Generator) -> np.ndarray:
    noise = generator.standard_normal(n + 200)
    for t in range(1, n + 200):
        noise[t] += phi * noise[t - 1]
    return noise[200:]


@pytest.mark.parametrize("n", [20, 100, 999, 5000])
@pytest.mark.parametrize("phi", [-0.5, 0.0, 0.3, 0.8, 0.99])
def test_block_lengths_are_those_of_arch(phi, n):
    arch = pytest.importorskip("arch.bootstrap")
    series = autoregression(phi, n, np.random.default_rng(n))
    theirs = float(arch.optimal_block_length(series)["stationary"].iloc[0])
    assert block_length(series) == pytest.approx(max(theirs, 1.0), rel=1e-9)


def test_block_length_of_an_autoregression_is_near_the_optimum():
    phi, n = 0.5, 20_000
    optimum = (2 * phi / (1 - phi**2)) ** (2 / 3) * n ** (1 / 3)  # G / g of an AR(1)
    assert block_length(autoregression(phi, n, np.random.default_rng(1))) == pytest.approx(optimum, rel=0.25)


def test_blocks_have_geometric_lengths_and_begin_anywhere():
    n, length = 200_000, 8.0
    places = stationary_indices(n, length, np.random.default_rng(2))
    assert places.min() >= 0
    assert places.max() < n
    breaks = int((np.diff(places) % n != 1).sum())
    expected = (n - 1) / length
    assert breaks == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - 1 / length)))
    assert places.mean() == pytest.approx(n / 2, abs=4 * n / math.sqrt(12) / math.sqrt(n / (2 * length)))


def test_error_of_the_mean_of_an_autoregression():
    phi, n = 0.6, 4_000
    found = bootstrap(autoregression(phi, n, np.random.default_rng(3)), np.mean, np.random.default_rng(4), 800)
    assert found.standard_error == pytest.approx(1 / (1 - phi) / math.sqrt(n), rel=0.2)


def test_errors_are_those_of_arch():
    arch = pytest.importorskip("arch.bootstrap")
    series = autoregression(0.4, 500, np.random.default_rng(5))
    ours = replications(series, np.std, np.random.default_rng(6), 2_000, 10.0)
    theirs = arch.StationaryBootstrap(10, series, seed=7).apply(np.std, 2_000)[:, 0]
    each = ours.std() / math.sqrt(2 * 2_000)
    assert abs(ours.std() - theirs.std()) < 4 * math.sqrt(2) * each
    assert abs(ours.mean() - theirs.mean()) < 4 * math.sqrt(2) * ours.std() / math.sqrt(2_000)


def test_rows_stay_together_and_a_seed_repeats():
    pairs = np.arange(60.0).reshape(30, 2)
    drawn = replications(pairs, lambda x: float((x[:, 1] - x[:, 0]).std()), np.random.default_rng(1), 20)
    assert np.all(drawn == 0)
    again = [bootstrap(pairs[:, 0], np.mean, np.random.default_rng(9), 50) for _ in range(2)]
    assert again[0] == again[1]


def test_empty_and_constant_series():
    assert math.isnan(block_length([]))
    assert block_length(np.full(100, 0.1)) == 1.0
    assert block_length([1.0, 2.0]) == 1.0
    nothing = bootstrap([], np.mean, np.random.default_rng(1), 10)
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.standard_error)
    assert list(multiplicities([], np.random.default_rng(1), 3)) == []
    assert bootstrap(np.ones(50), np.mean, np.random.default_rng(1), 10) == (1.0, 0.0)


def test_what_is_out_of_range_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        stationary_indices(10, 0.5, np.random.default_rng(1))
    with pytest.raises(ValueError, match="at least 1"):
        replications([1.0], np.mean, np.random.default_rng(1), 0)
    with pytest.raises(ValueError, match="at least 1"):
        multiplicities([1.0], np.random.default_rng(1), 0)
    with pytest.raises(ValueError, match="at least 1"):
        multiplicities([1.0], np.random.default_rng(1), 5, 0.5)
    with pytest.raises(ValueError, match="episodes has 2 rows and series 1"):
        multiplicities([1.0], np.random.default_rng(1), 5, episodes=[0, 1])
    with pytest.raises(ValueError, match="finite"):
        block_length([1.0, math.nan])


def test_counts_are_those_of_the_indices_drawn():
    series = autoregression(0.5, 400, np.random.default_rng(8))
    counts = np.array(list(multiplicities(series, np.random.default_rng(9), 30)))
    assert counts.shape == (30, 400)
    assert np.all(counts.sum(axis=1) == 400)
    means = replications(series, np.mean, np.random.default_rng(9), 30)
    assert counts @ series / 400 == pytest.approx(means)


def test_many_episodes_are_drawn_whole():
    episodes = np.repeat(np.arange(40), np.arange(1, 41))
    counts = np.array(list(multiplicities(np.ones(len(episodes)), np.random.default_rng(10), 20, episodes=episodes)))
    starts = np.flatnonzero(np.diff(episodes, prepend=-1))
    assert np.all(counts == counts[:, starts][:, episodes])
    assert np.all(counts[:, starts].sum(axis=1) == 40)
    few = next(multiplicities(np.arange(820.0), np.random.default_rng(10), 1, 2.0, np.minimum(episodes, 28)))
    assert few.sum() == 820
