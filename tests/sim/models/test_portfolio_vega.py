"""Quotes by portfolio vega: published digits, one option as the maker that is known, and what must hold at any size."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models import inventory
from sim.models import portfolio_vega as model

DECAY, PENALTY, LIMIT = 20.0, 1e-4, 20.0


def solved(vegas, rates=None, decay=DECAY, penalty=PENALTY, limit=LIMIT):
    """The distance of a quote, by the vega held and what a fill changes it by."""
    u = np.empty(model.MOST_PLACES)
    rates = [0.25] * len(vegas) if rates is None else rates
    places, limit = model.solve(np.array(vegas, float), np.array(rates, float), decay, penalty, limit, u)
    return lambda vega, change: model.distance(u, places, limit, decay, vega, change)


def dense(vegas, vega, change, places=401):
    """The same by the eigenvectors of the whole matrix, on a lattice on which every vega is whole."""
    at = np.linspace(-LIMIT, LIMIT, places)
    gap = at[1] - at[0]
    matrix = np.diag(-DECAY * PENALTY * at**2)
    for v in vegas:
        matrix += 0.25 / math.e * (np.eye(places, k=round(v / gap)) + np.eye(places, k=-round(v / gap)))
    _, vectors = np.linalg.eigh(matrix)
    u = np.log(np.abs(vectors[:, -1])) / DECAY
    place = {round(x, 6): i for i, x in enumerate(at)}
    return 1.0 / DECAY + u[place[round(vega, 6)]] - u[place[round(vega + change, 6)]]


def test_two_options_are_quoted_at_the_distances_that_are_known():
    found = solved([1.0, 2.0])
    for v, sides in ((1.0, (0.051723, 0.065288, 0.038042)), (2.0, (0.056886, 0.083844, 0.029463))):
        flat, bid, ask = sides
        assert found(0.0, v) == pytest.approx(flat, abs=6e-7)
        assert found(0.0, -v) == pytest.approx(flat, abs=6e-7)
        assert found(4.0, v) == pytest.approx(bid, abs=6e-7)
        assert found(4.0, -v) == pytest.approx(ask, abs=6e-7)
    assert solved([1.0])(0.0, 1.0) == pytest.approx(0.053793, abs=6e-7)


@pytest.mark.parametrize(("vega", "limit"), [(1.0, 20), (2.5, 7), (300.0, 10)])
def test_one_option_is_the_maker_of_cartea_and_jaimungal(vega, limit):
    penalty = 1e-3 / vega**2
    found = solved([vega], [0.5], penalty=penalty, limit=limit * vega)
    table = inventory.cartea_jaimungal(0.5, DECAY, penalty * vega**2, 0.0, limit, 100_000)[-1]
    for lots in range(-limit, limit + 1):
        bid, ask = table[lots + limit]
        assert found(lots * vega, vega) == pytest.approx(bid, abs=2e-6)
        assert found(lots * vega, -vega) == pytest.approx(ask, abs=2e-6)


def test_vegas_between_the_places_of_the_grid_are_quoted_as_on_a_lattice_that_holds_them():
    vegas = [0.7, 1.3, 1.9]
    found = solved(vegas)
    for held in (0.0, 3.1, -7.2):
        for v in vegas:
            assert found(held, v) == pytest.approx(dense(vegas, held, v), abs=2e-4)  # of distances about .05


@pytest.mark.parametrize("penalty", [0.0, 1e-8, 1.0, 1e12])
@pytest.mark.parametrize("limit", [0.5, 3.0, 1e9])
def test_distances_are_numbers_whatever_the_penalty_and_the_limit(penalty, limit):
    found = solved([1.0, 1e-6, 0.0, 0.4], penalty=penalty, limit=limit)
    for held in np.linspace(-60.0, 60.0, 25):
        for change in (-1.0, -0.4, 0.0, 1e-6, 1.0):
            assert not math.isnan(found(held, change))


def test_beyond_the_limit_only_what_lessens_the_vega_is_quoted():
    found = solved([1.0], limit=5.0)
    assert found(9.0, 1.0) == math.inf
    assert found(9.0, -1.0) < found(0.0, -1.0) < math.inf
    assert found(-9.0, -1.0) == math.inf


def test_without_a_penalty_the_quotes_are_one_over_the_decay_away_but_near_the_limit():
    found = solved([1.0], penalty=0.0)
    assert found(0.0, 1.0) == pytest.approx(1.0 / DECAY, abs=3e-4)
    assert found(18.0, 1.0) > 1.2 / DECAY
