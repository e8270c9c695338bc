"""An interval of a regret from bounds alone: by hand, and covering where the distribution is made to mislead."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from analysis.games.certificates.distribution_free import distribution_free, runs_for
from analysis.games.certificates.resampling import certify

REPETITIONS = 400


def coin(random: np.random.Generator, shape: tuple[int, ...], worth: tuple[float, float], chance: float) -> np.ndarray:
    """The second value with the chance given, else the first."""
    return np.where(random.random(shape) < chance, worth[1], worth[0])


BERNOULLI = ((-1.0, 1.0), 0.6), ((-1.0, 1.0), 0.5), ((-1.0, 1.0), 0.1)
RARE_LOSS = (((0.1, -10.0), 0.02), ((0.1, -10.0), 0.02))  # seldom seen, and dearer than what is seen
RARE_GAIN = (((-0.1, 10.0), 0.02), ((-0.1, 10.0), 0.02))
DEGENERATE = ((0.0, 0.0), 0.5), ((-1.0, -1.0), 0.5)
SURE_GAIN = ((0.5, 0.5), 0.5), ((-1.0, -1.0), 0.5)


def truth(coins) -> float:
    return max(0.0, *(worth[0] + chance * (worth[1] - worth[0]) for worth, chance in coins))


def gains(coins, runs: int, seed: int) -> np.ndarray:
    random = np.random.default_rng((seed, 12))
    return np.array([coin(random, (runs,), worth, chance) for worth, chance in coins])


def spans(coins) -> list[float]:
    return [max(0.5, *worth) - min(0.0, *worth) for worth, _ in coins]


@pytest.mark.parametrize("runs", [1, 2, 5, 30, 1_000])
@pytest.mark.parametrize("coins", [BERNOULLI, RARE_LOSS, RARE_GAIN, DEGENERATE, SURE_GAIN])
def test_the_interval_holds_the_true_regret_at_every_number_of_runs(coins, runs):
    inside = 0
    for seed in range(REPETITIONS):
        found = distribution_free(gains(coins, runs, seed), spans(coins), 0.1, confidence=0.8)
        inside += found.low <= truth(coins) <= found.high
    assert inside >= binom.ppf(0.001, REPETITIONS, 0.8)


def test_a_loss_that_few_runs_meet_beside_other_noise_misleads_the_bootstrap_and_not_the_bounds():
    free, drawn_again = 0, 0
    for seed in range(REPETITIONS):
        seen = gains(RARE_LOSS[:1], 20, seed)  # two of three repetitions meet none
        seen += 0.001 * np.random.default_rng((seed, 14)).random(20)
        free += distribution_free(seen, [11.0], 0.1).low <= truth(RARE_LOSS)
        drawn_again += certify(seen, repeats=200).low <= truth(RARE_LOSS)
    assert free >= binom.ppf(0.001, REPETITIONS, 0.95)
    assert drawn_again < 0.5 * REPETITIONS


def hoeffding(span: float, runs: int, wrong: float) -> float:
    return span * math.sqrt(math.log(1 / wrong) / (2 * runs))


def bernstein(row: np.ndarray, span: float, wrong: float) -> float:
    """As the paper has it, of values from 0 to 1 whose variance is a sum over pairs."""
    unit, n = row / span, len(row)
    variance = ((unit[:, None] - unit) ** 2).sum() / (2 * n * (n - 1))
    return span * (math.sqrt(2 * variance * math.log(2 / wrong) / n) + 7 * math.log(2 / wrong) / (3 * (n - 1)))


def test_each_gain_takes_the_shorter_bound_with_its_part_of_the_probability():
    random = np.random.default_rng(3)
    runs, wrong = 400, 0.05 / (4 * 2)  # two bounds, two directions, two deviations
    steady, wild = 0.2 + 0.01 * random.random(runs), coin(random, (runs,), (-1.0, 1.0), 0.5)
    assert bernstein(steady, 1.0, wrong) < hoeffding(1.0, runs, wrong)
    assert hoeffding(2.0, runs, wrong) < bernstein(wild, 2.0, wrong)
    found = distribution_free([steady, wild], [1.0, 2.0], 0.1)
    widths = bernstein(steady, 1.0, wrong), hoeffding(2.0, runs, wrong)
    means = steady.mean(), wild.mean()
    assert found.width == pytest.approx(max(widths))
    assert found.low == pytest.approx(max(0.0, *(mean - width for mean, width in zip(means, widths, strict=True))))
    assert found.high == pytest.approx(max(mean + width for mean, width in zip(means, widths, strict=True)))


def test_gains_that_vary_little_are_known_better_than_bounds_on_payoffs_alone_say():
    runs, wrong = 2_000, 0.05 / 4
    steady = 0.3 + 0.02 * np.random.default_rng(1).random((1, runs))
    assert distribution_free(steady, 10.0, 0.1).width < 0.2 * hoeffding(10.0, runs, wrong)


@pytest.mark.parametrize(("span", "precision", "deviations", "confidence"), [(2, 0.1, 1, 0.95), (7, 0.3, 9, 0.99)])
def test_the_runs_wanted_are_the_fewest_at_which_hoeffdings_bound_is_as_narrow(span, precision, deviations, confidence):
    runs = runs_for(precision, span, deviations, confidence)
    wrong = (1 - confidence) / (4 * deviations)
    assert hoeffding(span, runs, wrong) <= precision < hoeffding(span, runs - 1, wrong)


def test_after_the_runs_wanted_the_worst_distribution_is_known_as_precisely_as_asked():
    precision = 0.4
    first = distribution_free(gains(BERNOULLI, 10, 1), spans(BERNOULLI), precision)
    assert first.width > precision
    assert first.runs_wanted == runs_for(precision, 2.0, len(BERNOULLI))
    wanted = distribution_free(gains(BERNOULLI, first.runs_wanted, 2), spans(BERNOULLI), precision)
    assert 0.99 * precision < wanted.width <= precision
    assert runs_for(precision / 2, 2.0, 3) == pytest.approx(4 * first.runs_wanted, abs=4)


def test_where_nothing_can_be_done_otherwise_there_is_no_regret():
    assert distribution_free(np.zeros((0, 5)), 1.0, 0.1) == (0.0, 0.0, 0.0, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gains": [[0.0, 0.1], [0.2, -1.5]]}, r"deviation 1 gained from -1.5 to 0.2, .* width 1 .*: widen"),
        ({"gains": [[1.5, 1.4]]}, "deviation 0 .*widen"),
        ({"gains": [[0.6, -0.6]]}, "deviation 0 .*widen"),  # each within, and both together not
        ({"gains": [[np.nan, 0.0]]}, "finite"),
        ({"gains": np.zeros((2, 0))}, "one run"),
        ({"gains": np.zeros((2, 2, 2))}, "shape"),
        ({"spans": 0.0}, "above 0"),
        ({"spans": [1.0, -1.0]}, "above 0"),
        ({"spans": np.inf}, "finite"),
        ({"spans": [1.0, 1.0, 1.0]}, "one a deviation"),
        ({"precision": 0.0}, "precision must be above 0"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_what_gives_no_interval_is_refused(changes, words):
    given = {"gains": np.zeros((2, 3)), "spans": 1.0, "precision": 0.1, **changes}
    with pytest.raises(ValueError, match=words):
        distribution_free(**given)


def test_runs_for_no_deviation_or_no_span_are_refused():
    with pytest.raises(ValueError, match="one deviation at least, not 0"):
        runs_for(0.1, 1.0, 0)
    with pytest.raises(ValueError, match="above 0"):
        runs_for(0.1, 0.0, 1)
