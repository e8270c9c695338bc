"""Survival and incidence: a textbook case by hand, shares where nothing is lost, another implementation, coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.stats.survival import LOST, survival_of

LASTED = [1, 2, 2, 3, 3, 5, 8, 8]
WAYS = [1, 2, LOST, 1, 2, LOST, 1, LOST]


def drawn(seed: int, count: int, ways: int = 3):
    """Geometric durations that end in so many ways, some of them lost."""
    random = np.random.default_rng(seed)
    return random.geometric(0.1, count), random.integers(0, ways + 1, count)


def test_the_curves_are_those_that_can_be_multiplied_by_hand():
    found = survival_of(LASTED, WAYS, 2)
    assert found.times.tolist() == [1, 2, 3, 5, 8]
    assert found.at_risk.tolist() == [8, 7, 5, 3, 2]
    assert found.survival == pytest.approx([7 / 8, 6 / 8, 0.45, 0.45, 0.225])
    assert found.incidence[0] == pytest.approx([1 / 8, 1 / 8, 0.125 + 0.15, 0.275, 0.5])
    assert found.incidence[1] == pytest.approx([0, 1 / 8, 0.275, 0.275, 0.275])
    greenwood = 1 / (8 * 7) + 1 / (7 * 6) + 2 / (5 * 3)
    assert found.survival_standard_error[2] == pytest.approx(0.45 * math.sqrt(greenwood))
    assert found.median().value == 3
    assert found.median_of(1).value == 3
    assert found.median_of(2).value == 3


def test_ways_and_survival_sum_to_one():
    found = survival_of(*drawn(1, 500), 3)
    assert found.incidence.sum(axis=0) + found.survival == pytest.approx(np.ones(len(found.times)))


def test_without_losses_errors_are_those_of_shares():
    lasted, way = drawn(2, 400)
    way = np.maximum(way, 1)
    found = survival_of(lasted, way, 3)
    for each in (1, 2, 3):
        for place, time in enumerate(found.times):
            share = np.mean((way == each) & (lasted <= time))
            assert found.incidence[each - 1, place] == pytest.approx(share)
            assert found.incidence_standard_error(each)[place] == pytest.approx(
                math.sqrt(share * (1 - share) / 400), abs=1e-9
            )
    alive = np.array([np.mean(lasted > time) for time in found.times])
    assert found.survival == pytest.approx(alive, abs=1e-12)
    assert found.survival_standard_error == pytest.approx(np.sqrt(alive * (1 - alive) / 400), abs=1e-12)
    assert found.median().value == np.quantile(lasted, 0.5, method="inverted_cdf")
    assert found.median_of(2).value == np.quantile(lasted[way == 2], 0.5, method="inverted_cdf")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # theirs divides by those left at the last time: none
def test_the_curves_are_those_of_statsmodels():
    theirs = pytest.importorskip("statsmodels.duration.survfunc")
    lasted, way = drawn(3, 500)
    found = survival_of(lasted, way, 3)
    curves = theirs.SurvfuncRight(lasted.astype(float), (way != LOST).astype(int))
    place = np.searchsorted(found.times, curves.surv_times)
    assert found.survival[place] == pytest.approx(curves.surv_prob, abs=1e-12)
    known = np.isfinite(curves.surv_prob_se)
    assert found.survival_standard_error[place][known] == pytest.approx(curves.surv_prob_se[known], abs=1e-12)
    competing = theirs.CumIncidenceRight(lasted.astype(float), way)
    place = np.searchsorted(found.times, competing.times)
    for each in range(3):
        assert found.incidence[each][place] == pytest.approx(competing.cinc[each], abs=1e-12)
        error, known = competing.cinc_se[each], np.isfinite(competing.cinc_se[each])
        assert known.sum() > 20
        assert found.incidence_standard_error(each + 1)[place][known] == pytest.approx(error[known], abs=1e-12)


def test_intervals_cover_the_truth_as_often_as_they_should():
    random, covered, repeats = np.random.default_rng(4), np.zeros(3), 400
    rates, total = np.array([6e-4, 3e-4]), 9e-4  # a step, of the two ways; as many are lost as end in the second
    median = int(math.log(2) / total)
    truth = rates[0] / total * (1 - math.exp(-total * (median + 1)))
    for _ in range(repeats):
        times, lost = random.exponential(1 / rates, (300, 2)), random.exponential(1 / rates[1], 300)
        first = times.min(axis=1)
        way = np.where(lost < first, LOST, 1 + times.argmin(axis=1))
        found = survival_of(np.minimum(first, lost).astype(int), way, 2)
        place = np.searchsorted(found.times, median, side="right") - 1
        covered[0] += abs(found.incidence[0, place] - truth) < 1.96 * found.incidence_standard_error(1)[place]
        covered[1] += abs(found.median().value - median) < 1.96 * found.median().standard_error
        conditional = found.median_of(1)  # those of the first way end by the same law as all
        covered[2] += abs(conditional.value - median) < 1.96 * conditional.standard_error
    assert np.all(np.abs(covered / repeats - 0.95) < 4 * math.sqrt(0.95 * 0.05 / repeats)), covered / repeats


def test_one_curve_has_the_error_of_its_last_time():
    found = survival_of(*drawn(5, 300), 3)
    assert found.share(2).standard_error == pytest.approx(found.incidence_standard_error(2)[-1])
    assert found.share(2).value == found.incidence[1, -1]


@pytest.mark.filterwarnings("error")
def test_what_was_not_seen_is_nan():
    nothing, lost = survival_of([], []), survival_of([3, 5], [LOST, LOST])
    for value in (nothing.median(), nothing.share(1), nothing.median_of(1), lost.median(), lost.median_of(1)):
        assert math.isnan(value.value)
    assert lost.share(1) == (0.0, 0.0)
    whole = survival_of([0, 0], [1, 1])
    assert whole.median() == (0.0, 0.0)
    assert whole.share(1) == (1.0, 0.0)


def test_what_is_no_duration_is_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        survival_of([-1], [1])
    with pytest.raises(ValueError, match="from 0 to 1"):
        survival_of([1], [2])
    with pytest.raises(ValueError, match="ways has 1 rows and durations 2"):
        survival_of([1, 2], [1])
