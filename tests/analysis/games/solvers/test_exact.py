"""Corners and signs in whole numbers, held against enumeration in fractions."""

from fractions import Fraction

import numpy as np
import pytest

from analysis.games.solvers.exact import TooMany, best_response_corners, sign_of_determinant, whole_numbers
from tests.oracles import exact_games


def payoffs_of(seed):
    draw = np.random.default_rng(seed)
    shape = int(draw.integers(1, 5)), int(draw.integers(1, 5))
    if seed % 3 == 0:
        return draw.normal(size=shape) * 10.0 ** draw.integers(-9, 10, shape)
    return draw.integers(-1, 2, shape).astype(float) * 10.0 ** draw.integers(0, 3 * (seed % 3), shape)


@pytest.mark.parametrize("seed", range(30))
def test_corners_are_those_of_enumeration_in_fractions(seed):
    payoffs = payoffs_of(seed)
    found = best_response_corners(payoffs)
    expected = exact_games.corners(exact_games.fractions_of(payoffs))
    as_sets = {
        (tuple(x.tolist()), frozenset(np.flatnonzero(played).tolist()), frozenset(np.flatnonzero(best).tolist()))
        for x, played, best in zip(found.mixtures, found.played, found.best, strict=True)
    }
    assert as_sets == {(tuple(map(float, x)), played, best) for x, played, best in expected}
    assert len(found.mixtures) == len(expected)


def test_more_corners_than_allowed_are_refused():
    with pytest.raises(TooMany):
        best_response_corners(np.random.default_rng(0).normal(size=(8, 8)), most=20)


def test_floats_become_whole_numbers_of_the_same_proportions():
    assert whole_numbers(np.array([[0.5, -0.75], [3.0, 0.0]])) == [[2, -3], [12, 0]]
    assert whole_numbers(np.zeros((1, 2))) == [[0, 0]]
    ((large, small),) = whole_numbers(np.array([[1e300, 1e-300]]))
    assert Fraction(large, small) == Fraction(1e300) / Fraction(1e-300)


@pytest.mark.parametrize("seed", range(10))
def test_signs_of_determinants_are_those_of_floats_where_these_are_sure(seed):
    rows = np.random.default_rng(seed).integers(-9, 10, (seed % 5 + 1, seed % 5 + 1))
    assert sign_of_determinant(rows.tolist()) == np.sign(round(np.linalg.det(rows)))


def test_the_sign_of_a_determinant_that_floats_cannot_tell_is_right():
    large = 10**20
    assert sign_of_determinant([[large + 1, large], [large + 2, large + 1]]) == 1
    assert sign_of_determinant([[0, 1], [1, 0]]) == -1
    assert sign_of_determinant([[1, 2], [2, 4]]) == 0
    assert sign_of_determinant([]) == 1
