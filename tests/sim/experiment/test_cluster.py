"""Means of groups and their errors: by hand, against statsmodels, and how often the interval covers."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.stats.clusters import STRETCHES, clusters_of, group_means
from analysis.stats.estimates import mean


def test_a_mean_and_its_error_by_hand():
    found = group_means([1.0, 2.0, 6.0], np.array([0, 0, 1]), weights=[1.0, 1.0, 2.0])
    assert found.values[0] == (1 + 2 + 12) / 4
    # Clusters sum to 3 - 2·3.75 = -4.5 and 2·(6 - 3.75) = 4.5; over a weight of 4; 2/(2 - 1) for two clusters.
    assert found.errors[0] == pytest.approx((2 * (4.5**2 + 4.5**2)) ** 0.5 / 4)
    assert (found.rows[0], found.weights[0]) == (3, 4)
    assert found.estimate() == (found.values[0], found.errors[0])


def test_clusters_of_one_row_give_the_error_of_independent_samples():
    samples = np.random.default_rng(1).normal(size=50)
    found = group_means(samples, np.arange(50)).estimate()
    assert found == pytest.approx(mean(samples))


def test_errors_are_those_of_a_cluster_robust_regression_on_a_constant():
    random = np.random.default_rng(2)
    clusters, groups = np.repeat(np.arange(40), 25), random.integers(0, 3, 1000)
    values = random.normal(size=1000) + random.normal(size=40)[clusters]
    weights = random.integers(1, 9, 1000).astype(float)
    found = group_means(values, clusters, groups, 3, weights)
    for group in range(3):
        own = groups == group
        model = sm.WLS(values[own], np.ones(own.sum()), weights=weights[own])
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": clusters[own], "use_correction": False})
        count = len(np.unique(clusters[own]))
        assert found.values[group] == pytest.approx(fit.params[0])
        assert found.errors[group] == pytest.approx(fit.bse[0] * (count / (count - 1)) ** 0.5)


def test_groups_that_are_missing_have_no_mean_and_groups_of_one_cluster_no_error():
    found = group_means([1.0, 3.0, 5.0, 5.0], np.array([0, 0, 0, 1]), [1, 1, 3, 3], 5)
    assert np.isnan(found.values[[0, 2, 4]]).all()
    assert np.isnan(found.errors[[0, 2, 4]]).all()
    assert found.rows.tolist() == [0, 2, 0, 2, 0]
    assert (found.values[1], found.errors[1]) == (2.0, np.inf)
    assert (found.values[3], found.errors[3]) == (5.0, 0.0)
    nothing = group_means([], np.zeros(0, np.int64), count=2)
    assert np.isnan(nothing.values).all()
    assert np.isnan(nothing.errors).all()


def test_rows_that_are_nan_are_left_out_and_rows_without_weight_count_for_nothing():
    values, clusters = np.array([1.0, np.nan, 3.0, 8.0]), np.array([0, 0, 1, 2])
    found = group_means(values, clusters, weights=[1.0, 5.0, 1.0, 0.0])
    assert found.values[0] == 2.0
    assert found.rows[0] == 3
    assert found.weights[0] == 2.0


def test_what_differs_by_rounding_alone_has_no_error():
    values = np.array([0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2])
    assert group_means(values, np.arange(4)).errors[0] == 0.0


def test_many_episodes_are_clusters_and_few_are_cut_in_stretches():
    episodes = np.repeat([0, 2, 3, 9], 100)
    assert clusters_of(episodes, 4).tolist() == np.repeat([0, 1, 2, 3], 100).tolist()
    cut = clusters_of(episodes, 8)
    assert np.unique(cut).tolist() == list(range(8))
    assert (np.bincount(cut) == 50).all()
    assert (np.diff(cut) >= 0).all()
    for cluster in range(8):  # none reaches over the end of an episode
        assert len(np.unique(episodes[cut == cluster])) == 1
    assert len(np.unique(clusters_of(np.zeros(5000, int)))) == STRETCHES
    assert len(np.unique(clusters_of(np.zeros(7, int)))) == 7
    assert len(clusters_of([])) == 0


def covered(samples: int, length: int, memory: float, episodes: bool) -> tuple[float, float]:
    """How often mean ± 1.96 errors covers the mean of autoregressive rows, and so with errors of independent ones."""
    random = np.random.default_rng(7)
    noise = random.normal(size=(samples, length))
    rows = np.empty_like(noise)
    rows[:, 0] = noise[:, 0] / (1 - memory**2) ** 0.5
    for i in range(1, length):
        fresh = i % 10 == 0 if episodes else False
        rows[:, i] = noise[:, i] / (1 - memory**2) ** 0.5 if fresh else memory * rows[:, i - 1] + noise[:, i]
    clusters = clusters_of(np.arange(length) // 10 if episodes else np.zeros(length, int), 100)
    hits = np.zeros(2)
    for sample in rows:
        for place, found in enumerate((group_means(sample, clusters).estimate(), mean(sample))):
            hits[place] += abs(found.value) <= 1.959964 * found.standard_error
    return float(hits[0] / samples), float(hits[1] / samples)


@pytest.mark.parametrize(("length", "memory", "episodes"), [(3000, 0.8, True), (6000, 0.5, False)])
def test_the_interval_covers_as_often_as_it_says_where_rows_depend_on_one_another(length, memory, episodes):
    samples = 1200
    clustered, independent = covered(samples, length, memory, episodes)
    assert abs(clustered - 0.95) <= 4 * (0.95 * 0.05 / samples) ** 0.5
    assert independent < 0.85  # so it is the clusters that do it
