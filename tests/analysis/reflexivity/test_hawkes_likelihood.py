"""The likelihood: against its formula, written plainly, against HawkesPyLib, and its gradient against differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from analysis.reflexivity.event_streams import Streams, steps_as_streams
from analysis.reflexivity.hawkes_likelihood import Law, Likelihood
from tests.oracles.hawkes import (
    branched,
    counted,
    counts_log_likelihood,
    log_likelihood,
    rates_of_steps,
)

KERNELS = [(0.3, 0.8), (0.2, 5.0)]
BASELINES = [0.3, 0.7, 0.2]


def streams_of(*parts: tuple[np.ndarray, float]) -> Streams:
    """Streams of known lengths."""
    times = np.concatenate([part for part, _ in parts])
    starts = np.cumsum([0, *(len(part) for part, _ in parts)])
    return Streams(times, np.ones(len(times)), starts, np.array([length for _, length in parts]))


def law(likelihood: Likelihood, baselines: list[float], kernels: list[tuple[float, float]]) -> Law:
    masses, decays = np.array(kernels).T
    return Law(np.array(baselines) * likelihood.gap, masses, decays * likelihood.gap)


def value(likelihood: Likelihood, at: Law) -> float:
    """Its logarithm, in seconds or of counts."""
    return -likelihood.of(likelihood.place_of(at))[0] * likelihood.total + likelihood.in_seconds


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    return counted(0.5, [(0.5, 0.7)], 120, seed=1)


def clocked(counts: np.ndarray, seconds: float = 1.0) -> Streams:
    steps = np.repeat(np.arange(len(counts)), counts)
    return steps_as_streams(np.zeros(len(steps), np.int64), steps, np.array([len(counts)]), seconds)


def test_it_is_the_formula_with_one_baseline_and_with_several() -> None:
    times = branched(0.5, KERNELS, 100.0, seed=3)
    for baselines in (BASELINES, [0.4]):
        likelihood = Likelihood(streams_of((times, 100.0)), len(baselines))
        assert value(likelihood, law(likelihood, baselines, KERNELS)) == pytest.approx(
            log_likelihood(times, 100.0, baselines, KERNELS), abs=1e-8
        )


def test_streams_begin_afresh_and_their_likelihoods_add_up_even_where_one_is_empty() -> None:
    parts = [(branched(0.5, KERNELS, length, seed), length) for seed, length in ((1, 60.0), (2, 40.0), (3, 60.0))]
    empty = (np.zeros(0), 60.0)
    together = Likelihood(streams_of(parts[0], empty, *parts[1:], empty))
    said = sum(log_likelihood(times, length, [0.4], KERNELS) for times, length in parts) - 2 * 60.0 * 0.4
    assert value(together, law(together, [0.4], KERNELS)) == pytest.approx(said, abs=1e-8)


def test_counts_per_step_are_poisson_given_the_past_whatever_a_step_lasts(counts: np.ndarray) -> None:
    baselines, kernels = [0.3, 0.7, 0.2, 0.5], [(0.3, 0.8), (0.2, 0.2)]
    said = counts_log_likelihood(counts, baselines, kernels)
    for seconds in (1.0, 0.25):
        likelihood = Likelihood(clocked(counts, seconds), 4, discrete=True)
        per_second = [each / seconds for each in baselines], [(mass, decay / seconds) for mass, decay in kernels]
        assert value(likelihood, law(likelihood, *per_second)) == pytest.approx(said, abs=1e-8)


def test_the_gradient_is_that_of_differences(counts: np.ndarray) -> None:
    times = branched(0.5, KERNELS, 100.0, seed=3)
    for likelihood in (Likelihood(streams_of((times, 100.0)), 3), Likelihood(clocked(counts), 3, discrete=True)):
        place = likelihood.place_of(law(likelihood, BASELINES, [(0.3, 0.8), (0.2, 0.3)]))
        slopes = approx_fprime(place, lambda where, of=likelihood.of: of(where)[0], 1e-7)
        assert likelihood.of(place)[1] == pytest.approx(slopes, abs=1e-6)


def test_curvatures_of_baselines_are_those_of_differences() -> None:
    likelihood = Likelihood(streams_of((branched(0.5, KERNELS, 100.0, seed=3), 100.0)), 3)
    at = law(likelihood, BASELINES, KERNELS)
    place = likelihood.place_of(at)
    for window, curve in enumerate(likelihood.baseline_curvature(at)):
        ends = [likelihood.of(place + sign * 1e-5 * np.eye(len(place))[window])[1][window] for sign in (1, -1)]
        assert curve == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5)


def test_the_clock_of_the_law_is_the_integral_of_its_rate(counts: np.ndarray) -> None:
    kernels = [(0.3, 0.8), (0.2, 0.2)]
    likelihood = Likelihood(clocked(counts), 3, discrete=True)
    rates = rates_of_steps(counts, BASELINES, kernels)
    risen, over, whole = likelihood.compensator(law(likelihood, BASELINES, kernels))
    steps = np.flatnonzero(counts)
    assert risen == pytest.approx((np.cumsum(rates) - rates)[steps], abs=1e-9)
    assert over == pytest.approx(rates[steps], abs=1e-9)
    assert whole == pytest.approx(rates.sum(), abs=1e-9)


def test_the_clock_goes_on_from_stream_to_stream() -> None:
    parts = [(branched(0.5, KERNELS, length, seed), length) for seed, length in ((1, 60.0), (2, 40.0))]
    alone = []
    for part in parts:
        likelihood = Likelihood(streams_of(part))
        alone.append(likelihood.compensator(law(likelihood, [0.4], KERNELS)))
    likelihood = Likelihood(streams_of(*parts))
    risen, over, whole = likelihood.compensator(law(likelihood, [0.4], KERNELS))
    assert risen == pytest.approx(np.concatenate([alone[0][0], alone[0][2] + alone[1][0]]), abs=1e-9)
    assert not over.any()
    assert whole == pytest.approx(alone[0][2] + alone[1][2])


@pytest.mark.slow  # it takes long to import, as it compiles
def test_it_is_that_of_hawkes_py_lib() -> None:
    """Its sum of exponentials gives all the same mass."""
    theirs = pytest.importorskip("HawkesPyLib.core.logll")
    times = branched(0.5, [(0.6, 1.0)], 400.0, seed=5)
    likelihood = Likelihood(streams_of((times, 400.0)))
    one = theirs.uvhp_expo_logL(np.array([0.4, 0.6, 1 / 1.3]), times, 400.0)
    assert value(likelihood, law(likelihood, [0.4], [(0.6, 1.3)])) == pytest.approx(-one, abs=1e-6)
    three = theirs.uvhp_sum_expo_logL(np.array([0.4, 0.6, 0.1, 1.0, 10.0]), times, 400.0)
    kernels = [(0.2, 10.0), (0.2, 1.0), (0.2, 0.1)]
    assert value(likelihood, law(likelihood, [0.4], kernels)) == pytest.approx(-three, abs=1e-6)
