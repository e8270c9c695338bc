"""Models of feedback, herds and clusters against printed numbers, and against slow enumeration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from sim.models import brock_hommes, cascades, clusters, feedback, franke_westerhoff, opinions
from sim.models.social_learning import (
    ABSTAIN,
    COIN,
    SIGNAL,
    Learning,
    after_action,
    decision,
    expected_value,
    first_log_odds,
    own_log_odds,
    replayed,
)

# --- feedback -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "horizon", "ratio"),
    [
        (0.2, 1, 1.02062), (0.2, 10, 1.22368), (0.2, 100, 1.24739), (0.5, 1, 1.15470), (0.5, 10, 1.86204),
        (0.5, 100, 1.98662), (-0.5, 1, 1.15470), (-0.5, 10, 0.70968), (-0.5, 100, 0.67110),
    ],
)  # fmt: skip
def test_volatility_ratios_are_those_printed(a: float, horizon: int, ratio: float) -> None:
    assert feedback.volatility_ratio(a, horizon) == pytest.approx(ratio, abs=5.1e-6)


@pytest.mark.parametrize(
    ("a", "horizon", "ratio"),
    [
        (0.5, 10, 1.8260), (0.5, 50, 1.9664), (0.5, 100, 1.9833), (0.2, 10, 1.2210), (0.2, 100, 1.2471),
        (-0.5, 10, 0.6992), (-0.5, 100, 0.6700), (0.5, 1, 1.0), (0.0, 7, 1.0),
    ],
)  # fmt: skip
def test_from_rest_the_first_moves_have_less_behind_them(a: float, horizon: int, ratio: float) -> None:
    assert feedback.ratio_from_rest(a, horizon) == pytest.approx(ratio, abs=5.1e-5)


@pytest.mark.parametrize("of", [feedback.volatility_ratio, feedback.ratio_from_rest])
def test_a_move_that_brings_itself_has_no_volatility(of: Callable[[float, int], float]) -> None:
    with pytest.raises(ValueError, match="a must be between -1 and 1"):
        of(1.0, 10)


@pytest.mark.parametrize(("horizon", "factor"), [(1, 1.5), (2, 1.75), (9, 1.99805)])
def test_an_order_is_amplified_by_the_sum_of_powers(horizon: int, factor: float) -> None:
    assert feedback.amplification(0.5, horizon) == pytest.approx(factor, abs=5e-6)
    assert feedback.amplification(-0.5, horizon) == pytest.approx((1 - (-0.5) ** (horizon + 1)) / 1.5)


# --- Brock and Hommes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("intensity", "rests"), [(2.3, 0.0), (2.5, 0.58339), (3.0, 1.29326)])
def test_steady_states_are_those_printed_and_the_map_goes_to_them(intensity: float, rests: float) -> None:
    rules = brock_hommes.Rules(intensity)
    assert brock_hommes.steady_state(rules) == pytest.approx(rests, abs=5.1e-6)
    assert abs(brock_hommes.orbit(rules, 0.1, 3_000)[-1]) == pytest.approx(rests, abs=1e-4)


def test_beyond_the_second_bifurcation_the_map_swings_between_the_printed_ends() -> None:
    late = brock_hommes.orbit(brock_hommes.Rules(3.5), 0.1, 20_000)[-5_000:]
    assert (late.min(), late.max()) == pytest.approx((0.55174, 1.77699), abs=2e-5)


@pytest.mark.parametrize(
    ("cost", "trend", "gross_return", "swings"),
    [(1.0, 1.2, 1.1, 3.331337), (1.0, 1.3, 1.1, 2.210362), (1.0, 1.15, 1.05, 2.853200)],
)
def test_bifurcations_are_those_printed(cost: float, trend: float, gross_return: float, swings: float) -> None:
    first, second = brock_hommes.bifurcations(brock_hommes.Rules(1.0, cost, trend, gross_return))
    assert first == pytest.approx(-math.log(trend / gross_return - 1.0) / cost)
    assert second == pytest.approx(swings, abs=2e-6)


# --- herds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "limit"), [(0.55, 0.43355), (0.6, 0.36842), (0.65, 0.30583), (0.7, 0.24684), (0.8, 0.14286)]
)
def test_wrong_cascades_where_a_coin_decides_are_those_printed(p: float, limit: float) -> None:
    assert cascades.wrong(p, 10_000, coin=True) == pytest.approx(limit, abs=5.1e-6)


@pytest.mark.parametrize(
    ("p", "share"), [(0.55, 0.40064), (0.6, 0.30749), (0.65, 0.22469), (0.7, 0.15515), (0.8, 0.05882)]
)
def test_wrong_cascades_where_signals_decide_are_those_printed(p: float, share: float) -> None:
    assert cascades.wrong(p, 20, coin=False) == pytest.approx(share, abs=6e-6)


def test_beliefs_are_wrong_as_often_as_the_sums_over_all_orders_say() -> None:
    assert [cascades.belief_wrong(n, 0.6) for n in (20, 100)] == pytest.approx([0.186, 0.0219], abs=6e-4)
    for n in (1, 2, 5, 6):
        chance = 0.0
        for right in range(n + 1):
            weight = math.comb(n, right) * 0.6**right * 0.4 ** (n - right)
            chance += weight * (1.0 if 2 * right < n else 0.5 if 2 * right == n else 0.0)
        assert cascades.belief_wrong(n, 0.6) == pytest.approx(chance)


def learning(rule: int, precision: float = 0.7, informed_share: float = 1.0) -> Learning:
    return Learning(0.0, 1.0, 0.5, precision, informed_share, rule)


@pytest.mark.parametrize("rule", [COIN, SIGNAL, ABSTAIN])
def test_learners_who_weigh_every_order_herd_as_often_as_the_closed_form_says(rule: int) -> None:
    """Every sequence of eight signals and coins, with its probability, if the value is high."""
    arrivals, known = 8, learning(rule)
    wrong = 0.0
    coins = itertools.product([1, -1], repeat=arrivals) if rule == COIN else [(1,) * arrivals]
    for coin in coins:
        for signals in itertools.product([1, -1], repeat=arrivals):
            odds, actions, steps = first_log_odds(known), [], []
            for step, (signal, side) in enumerate(zip(signals, coin, strict=True)):
                decided = decision(known, own_log_odds(known, odds, signal), 0.5 - 1e-6, 0.5 + 1e-6)
                if decided == 0:
                    decided = {COIN: side, SIGNAL: signal, ABSTAIN: 0}[rule]
                odds = after_action(known, odds, decided, 0.5 - 1e-6, 0.5 + 1e-6)
                if decided:
                    actions.append(decided)
                    steps.append(step)
            quotes = np.full(len(actions), 0.5)
            _, herd = (
                replayed(known, np.array(actions), np.array(steps), quotes - 1e-6, quotes + 1e-6, arrivals)
                if actions
                else (0.0, 0)
            )
            chance = math.prod(0.7 if signal == 1 else 0.3 for signal in signals) / (2**arrivals if rule == COIN else 1)
            wrong += chance * (herd == -1)
    assert wrong == pytest.approx(cascades.wrong(0.7, arrivals, rule == COIN), rel=1e-9)


def test_an_order_among_noise_tells_what_a_maker_of_glosten_and_milgrom_takes_it_to_tell() -> None:
    known = learning(ABSTAIN, 0.7, 0.5)
    told = after_action(known, 0.0, 1, 0.4, 0.6)
    assert told == pytest.approx(math.log(1.2 / 0.8))
    assert after_action(known, told, -1, 0.5, 0.7) == pytest.approx(0.0)
    assert expected_value(known, told) == pytest.approx(0.6)
    assert after_action(known, told, 0, 0.4, 0.6) == told  # noise may have stayed away


def test_in_a_cascade_an_order_tells_nothing() -> None:
    known = learning(SIGNAL)
    certain = 2.0 * math.log(0.7 / 0.3)
    assert after_action(known, certain, 1, 0.5, 0.5) == certain
    assert after_action(known, certain, -1, 0.5, 0.5) == certain  # which nobody can have sent


# --- opinions and clusters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alpha", "variance"), [(0.5, 0.13125), (2.0, 0.06)])
def test_the_spread_of_opinions_is_that_of_kirmans_chain(alpha: float, variance: float) -> None:
    members = 20
    mutation = 2 * alpha / (members - 1 + 2 * alpha)
    up = np.arange(members + 1)
    more = (members - up) / members * (mutation / 2 + (1 - mutation) * up / (members - 1))
    fewer = up / members * (mutation / 2 + (1 - mutation) * (members - up) / (members - 1))
    weights = np.concatenate([[1.0], np.cumprod(more[:-1] / fewer[1:])])  # detailed balance
    weights /= weights.sum()
    assert (weights * (up / members - 0.5) ** 2).sum() == pytest.approx(variance)
    assert opinions.variance_of_share(members, mutation) == pytest.approx(variance)


def test_all_end_up_as_often_as_the_chain_on_a_small_graph_says() -> None:
    neighbours = {0: [1, 2, 3], 1: [0, 2], 2: [0, 1], 3: [0]}
    states = list(itertools.product([0, 1], repeat=4))
    place = {state: number for number, state in enumerate(states)}
    chain = np.zeros((16, 16))
    for state in states:
        for member, own in neighbours.items():
            for other in own:
                copied = (*state[:member], state[other], *state[member + 1 :])
                chain[place[state], place[copied]] += 0.25 / len(own)
    ends = np.linalg.matrix_power(chain, 4_000)[:, place[(1, 1, 1, 1)]]
    degrees = [len(own) for own in neighbours.values()]
    for state in states:
        assert opinions.all_up(degrees, state) == pytest.approx(ends[place[state]], abs=1e-9)


def test_borels_law_sums_to_one_and_has_its_mean() -> None:
    law = clusters.borel(0.5, 2_000)
    assert law[:3] == pytest.approx([0.60653, 0.18394, 0.08367], abs=6e-6)
    assert law.sum() == pytest.approx(1.0)
    assert (np.arange(1, 2_001) * law).sum() == pytest.approx(2.0)


def test_demand_has_the_moments_of_its_enumeration() -> None:
    sizes, activity = [1, 2, 5], 0.1
    total = np.zeros(2)
    for signs in itertools.product([-1, 0, 1], repeat=3):
        chance = math.prod(1 - 2 * activity if sign == 0 else activity for sign in signs)
        demand = float(np.dot(signs, sizes))
        total += chance * np.array([demand**2, demand**4])
    assert clusters.demand_variance(sizes, activity) == pytest.approx(total[0])
    assert clusters.demand_kurtosis(sizes, activity) == pytest.approx(total[1] / total[0] ** 2 - 3.0)


def test_frozen_shares_make_returns_of_a_linear_gaussian_process() -> None:
    moves = franke_westerhoff.returns(franke_westerhoff.Parameters(frozen=True), 4_000, 20, 1).ravel()
    square = (moves**2).mean()
    assert (moves**4).mean() / square**2 == pytest.approx(3.0, abs=4 * math.sqrt(24 / len(moves)))
