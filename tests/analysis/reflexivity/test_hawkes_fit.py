"""Fits: what was simulated is found, what was recorded is as known, and what looks like feedback is seen through."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from analysis.reflexivity.event_files import file_events
from analysis.reflexivity.event_streams import Streams, one_stream, steps_as_streams
from analysis.reflexivity.hawkes_fit import Fit, fit_all, fit_of, maximum, start
from analysis.reflexivity.hawkes_likelihood import Likelihood
from analysis.reflexivity.variance_to_mean import variance_to_mean
from sim.core.errors import RunError
from tests.oracles.hawkes import branched, counted, jumping, thinned

SETS = [(0.5, 0.7, 1.0), (0.2, 0.9, 2.0), (1.0, 0.3, 1.0)]  # rate, mass and decay
TWO = [(0.3, 0.1), (0.3, 5.0)]  # slow and fast


def near(found: Fit, mass: float, errors: float = 4.0) -> bool:
    return abs(found.branching_ratio.value - mass) < errors * found.branching_ratio.standard_error


def clocked(counts: np.ndarray) -> Streams:
    steps = np.repeat(np.arange(len(counts)), counts)
    return steps_as_streams(np.zeros(len(steps), np.int64), steps, np.array([len(counts)]), 1.0)


def recorded(folder: Path, stock: str) -> Streams:
    (path,) = (folder / "lobster").glob(f"{stock}*_message_*.csv.gz")
    return file_events(path, format="lobster")


# --- what was simulated ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "mass", "decay"), SETS)
def test_the_mass_that_was_simulated_is_found_on_a_clock_and_between_its_ticks(
    rate: float, mass: float, decay: float
) -> None:
    for streams in (
        one_stream(branched(rate, [(mass, decay)], 20_000.0, seed=1, warm_up=200.0)),
        clocked(counted(rate, [(mass, decay)], 20_000, seed=1)),
    ):
        (found,) = fit_all(streams, most=1).fits
        assert found.discrete == streams.is_clock
        assert near(found, mass)
        assert 0.003 < found.branching_ratio.standard_error < 0.03
        assert found.kernels[0].decay == pytest.approx(decay, rel=0.25)
        assert found.baselines == pytest.approx([rate], rel=0.08)
        assert found.residual_p > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "mass", "decay"), SETS)
def test_errors_are_those_of_many_streams(rate: float, mass: float, decay: float) -> None:
    found = [
        fit_all(one_stream(branched(rate, [(mass, decay)], 5_000.0, seed, 200.0)), most=1).best for seed in range(60)
    ]
    values = np.array([each.branching_ratio.value for each in found])
    assert abs(values.mean() - mass) < 4 * values.std() / math.sqrt(len(values))
    errors = np.mean([each.branching_ratio.standard_error for each in found])
    assert errors == pytest.approx(values.std(), rel=4 / math.sqrt(2 * len(values)))


def test_thinning_and_branching_simulate_the_same_process() -> None:
    ours, theirs = branched(0.5, [(0.7, 1.0)], 4_000.0, 2, 100.0), thinned(0.5, [(0.7, 1.0)], 4_000.0, 2)
    fits = [fit_all(one_stream(times), most=1).best for times in (ours, theirs)]
    assert all(near(each, 0.7) for each in fits)


def test_episodes_are_streams_that_begin_afresh() -> None:
    parts = [counted(0.5, [(0.7, 0.2)], 200, seed) for seed in range(60)]
    episodes = np.repeat(np.arange(60), [part.sum() for part in parts])
    steps = np.concatenate([np.repeat(np.arange(200), part) for part in parts])
    found = fit_all(steps_as_streams(episodes, steps, np.full(60, 200), 1.0), most=1).best
    assert near(found, 0.7)
    assert found.residual_p > 1e-3


def test_one_exponential_gives_too_little_where_there_are_two_and_two_are_found() -> None:
    found = fit_all(one_stream(branched(0.5, TWO, 20_000.0, seed=4, warm_up=200.0)), most=2)
    one, two = found.fits
    assert one.branching_ratio.value == pytest.approx(0.35, abs=0.02)
    assert one.residual_p > 0.05  # the test of the residuals does not see it
    assert near(two, 0.6)
    for (mass, decay), kernel in zip(TWO, two.kernels, strict=True):
        assert kernel.mass == pytest.approx(mass, abs=0.05)
        assert kernel.decay == pytest.approx(decay, rel=0.3)
    assert found.best is two
    assert one.aic == pytest.approx(2 * 3 - 2 * one.log_likelihood)
    assert two.aic == pytest.approx(2 * 5 - 2 * two.log_likelihood)


def test_a_rate_that_jumps_by_itself_looks_like_feedback_until_baselines_may_change() -> None:
    found = fit_all(one_stream(jumping([0.5, 1.5] * 10, 1_000.0, seed=4)), windows=20)
    constant, free = found.fits[0], found.fits[3]
    assert (constant.windows, free.windows) == (1, 20)
    assert constant.branching_ratio.value == pytest.approx(0.93, abs=0.02)
    assert constant.residual_p > 0.05
    assert free.branching_ratio.value < 0.05
    assert free.baselines == pytest.approx([0.5, 1.5] * 10, rel=0.2)
    assert found.best.windows == 20
    assert found.best.branching_ratio.value < 0.05


def test_where_the_data_do_not_tell_kernels_apart_there_is_no_error_and_a_reason() -> None:
    found = fit_all(one_stream(jumping([1.0], 2_000.0, seed=3)), most=3).fits[-1]
    assert math.isnan(found.branching_ratio.standard_error)
    assert "flat" in found.reason
    assert found.branching_ratio.value < 0.1


def test_a_rate_that_rises_ends_at_a_bound_and_has_no_error_there() -> None:
    found = fit_all(one_stream(jumping(np.exp(np.linspace(-2.0, 1.5, 40)), 50.0, seed=1)), windows=10, most=1)
    for each in found.fits:
        assert each.branching_ratio.value == pytest.approx(1.0, abs=1e-3)
        assert (each.reason, math.isnan(each.branching_ratio.standard_error)) == ("the masses come to 1", True)
    (_, slow) = fit_all(one_stream(jumping(np.linspace(0.2, 3.0, 40), 50.0, seed=0)), windows=10, most=1).fits
    assert slow.reason == "a kernel is slower than the record can show"
    assert math.isnan(slow.branching_ratio.standard_error)


def test_where_nothing_answers_there_is_no_feedback_and_no_error_of_it() -> None:
    for each in fit_all(one_stream(np.arange(2_000) + 0.1 * np.random.default_rng(1).random(2_000))).fits:
        assert each.branching_ratio.value < 1e-5
        assert (each.reason, math.isnan(each.branching_ratio.standard_error)) == ("no feedback is found", True)


def test_more_exponentials_never_fit_worse() -> None:
    for seed in range(5):
        fits = fit_all(one_stream(branched(0.5, TWO, 1_000.0, seed)), windows=4).fits
        values = [each.log_likelihood for each in fits]
        for first in (0, 3):
            assert values[first + 1] > values[first] - 0.01
            assert values[first + 2] > values[first + 1] - 0.01
        assert all(values[place + 3] > values[place] - 0.01 for place in range(3))


# --- where searches end -----------------------------------------------------------------------------------------------


def test_one_start_may_end_at_a_branching_ratio_of_1_far_below_the_best(data_folder: Path) -> None:
    likelihood = Likelihood(recorded(data_folder, "AAPL"))
    bad = start(likelihood, [0.99], [1e-6])
    ended = minimize(likelihood.of, likelihood.place_of(bad), jac=True, method="L-BFGS-B")
    wrong = fit_of(likelihood, likelihood.law_at(ended.x))
    assert wrong.branching_ratio.value == pytest.approx(1.0, abs=1e-3)
    right = fit_all(likelihood.streams, most=1).best
    assert right.log_likelihood > wrong.log_likelihood + 10_000
    among = [start(likelihood, [0.5], [decay]) for decay in (1e-3, 1.0, 1e3)]
    assert maximum(likelihood, [bad, *among]).masses.sum() == pytest.approx(right.branching_ratio.value, abs=1e-4)


@pytest.mark.parametrize(
    ("stock", "events", "distinct", "one", "two"),
    [("AAPL", 34_990, 24_861, 0.4655, 0.647), ("AMZN", 11_419, 8_183, 0.476, 0.587)],
)
def test_recorded_executions_at_distinct_times_have_the_known_branching_ratios(
    stock: str, events: int, distinct: int, one: float, two: float, data_folder: Path
) -> None:
    streams = recorded(data_folder, stock)
    assert (streams.events, streams.distinct) == (events, distinct)
    found = fit_all(streams, most=2).fits
    assert not any(each.discrete for each in found)
    assert found[0].branching_ratio.value == pytest.approx(one, abs=0.003)
    assert found[1].branching_ratio.value == pytest.approx(two, abs=0.003)
    assert max(each.residual_p for each in found) < 1e-6


@pytest.mark.slow  # it takes long to import, as it compiles
def test_it_agrees_with_hawkes_py_lib() -> None:
    theirs = pytest.importorskip("HawkesPyLib.inference")
    times = branched(0.5, [(0.7, 1.0)], 5_000.0, seed=2)
    streams = Streams(times, np.ones(len(times)), np.array([0, len(times)]), np.array([5_000.0]))
    found = fit_all(streams, most=1).best
    fitted = theirs.ExpHawkesProcessInference(rng=np.random.default_rng(1))
    rate, mass, scale = fitted.estimate(times, 5_000.0, return_params=True)
    assert found.branching_ratio.value == pytest.approx(mass, abs=2e-3)
    assert found.kernels[0].decay == pytest.approx(1 / scale, rel=1e-2)
    assert found.baselines[0] == pytest.approx(rate, rel=1e-2)
    assert found.log_likelihood > fitted.logL - 1e-3


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_on_a_coarse_clock_times_are_counts_and_on_a_fine_one_they_are_not() -> None:
    counts = counted(0.5, [(0.7, 1.0)], 20_000, seed=5)
    stamps = np.repeat(np.arange(len(counts)), counts).astype(float)
    coarse = fit_all(one_stream(stamps), most=1).best
    assert coarse.discrete
    assert near(coarse, 0.7)
    fine = counted(0.01, [(0.7, 0.02)], 200_000, seed=5)
    found = fit_all(one_stream(np.repeat(np.arange(len(fine)), fine).astype(float)), most=1).best
    assert not found.discrete
    assert near(found, 0.7)


def test_times_of_a_coarse_clock_taken_as_real_numbers_give_too_little() -> None:
    likelihood = Likelihood(clocked(counted(0.5, [(0.7, 1.0)], 20_000, seed=5)), discrete=False)
    decays = (0.1, 1.0, 10.0)
    found = maximum(likelihood, [start(likelihood, [0.5], [decay]) for decay in decays])
    assert found.masses.sum() < 0.65


# --- too little -----------------------------------------------------------------------------------------------------


def test_too_few_events_or_too_many_windows_are_refused_in_words() -> None:
    times = np.arange(49) + np.random.default_rng(1).random(49)
    with pytest.raises(RunError, match="49 events: too few — a fit needs 50 or more"):
        fit_all(one_stream(times))
    with pytest.raises(RunError, match="49 distinct times of events: too few"):
        fit_all(one_stream(np.repeat(times, 2)))
    many = np.sort(np.random.default_rng(1).random(199))
    assert len(fit_all(one_stream(many), windows=9).fits) == 6
    with pytest.raises(RunError, match="windows: 10 for 199 events — each needs 20 on average: choose 9 or fewer"):
        fit_all(one_stream(many), windows=10)


# --- the variance of counts -----------------------------------------------------------------------------------------


def test_the_variance_of_counts_gives_the_branching_ratio_in_long_windows() -> None:
    for streams in (
        one_stream(branched(0.5, [(0.7, 1.0)], 100_000.0, seed=6, warm_up=200.0)),
        clocked(counted(0.5, [(0.7, 1.0)], 100_000, seed=6)),
    ):
        found = variance_to_mean(streams, fit_all(streams, most=1).best)
        assert found.windows >= 250
        assert found.window == pytest.approx(333, rel=0.1)
        assert abs(found.branching_ratio.value - 0.7) < 4 * found.branching_ratio.standard_error
        assert found.branching_ratio.standard_error < 0.03


def test_of_too_few_windows_the_variance_gives_nothing_and_says_why() -> None:
    streams = one_stream(branched(0.5, [(0.7, 1.0)], 20_000.0, seed=6))
    found = variance_to_mean(streams, fit_all(streams, most=1).best)
    assert math.isnan(found.branching_ratio.value)
    assert found.windows < 100
    assert "of 100 such" in found.reason


def test_a_rate_that_jumps_by_itself_is_feedback_to_the_variance() -> None:
    found = fit_all(one_stream(jumping([0.5, 1.5] * 10, 1_000.0, seed=4)), windows=20)
    assert variance_to_mean(found.streams, found.best).branching_ratio.value > 0.7
